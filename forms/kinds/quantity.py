"""How much or how many, with its unit of measure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from forms.context import Context
from forms.decimals import decimal_of, places_of, text_of
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, is_count, is_list_of_words
from forms.words import N_, say

NOT_A_NUMBER = N_("Write “%(label)s” as a number, with a point before decimals.")
UOMS: Mapping[str, str] = {
    "each": N_("pieces"),
    "pcs": N_("pieces"),
    "box": N_("boxes"),
    "g": "g",
    "kg": "kg",
    "ml": "ml",
    "l": "l",
    "m": "m",
    "m2": "m²",
}
ONE: Mapping[str, str] = {"each": N_("piece"), "pcs": N_("piece"), "box": N_("box")}


def is_decimal(value: object) -> bool:
    """Say whether an option is a number written as text or as a whole number."""
    return decimal_of(value) is not None


def say_uom(uom: str, language: str, quantity: str | None = None) -> str:
    """Say a unit of measure in words, of one piece where `quantity` is one."""
    if quantity is not None and decimal_of(quantity) == 1:
        return say(ONE.get(uom, UOMS.get(uom, uom)), language)
    return say(UOMS.get(uom, uom), language)


def bounded(kind: Kind, number: Decimal, at: str) -> None:
    """Refuse a number outside the options `min` and `max`."""
    low, high = decimal_of(kind.option("min")), decimal_of(kind.option("max"))
    facts = {"min": text_of(low or Decimal(0)), "max": text_of(high or Decimal(0))}
    if low is not None and number < low:
        raise kind.wrong(N_("“%(label)s” must be %(min)s or more."), at, min=facts["min"])
    if high is not None and number > high:
        raise kind.wrong(N_("“%(label)s” must be %(max)s or less."), at, max=facts["max"])


class Quantity(Kind):
    """A number with its unit of measure, kept as text."""

    is_group = True
    anchors_itself = False
    options: ClassVar[Mapping[str, Option]] = {
        "uoms": (is_list_of_words, ["each"]),
        "min": (is_decimal, "0"),
        "max": (is_decimal, None),
        "decimals": (is_count, 0),
    }
    sentence_if_missing = N_("Enter a number for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a number within the limits; a single unit of measure need not be named."""
        parts = raw if isinstance(raw, dict) else {"quantity": raw}
        if not set(parts) <= {"quantity", "uom"}:
            raise self.wrong(NOT_A_NUMBER, "quantity")
        number = decimal_of(parts.get("quantity"))
        if number is None:
            raise self.wrong(NOT_A_NUMBER, "quantity")
        if places_of(number) > (places := self.option("decimals")):
            raise self.wrong(
                N_("Write “%(label)s” with at most %(places)s decimals."), "quantity", places=places
            )
        bounded(self, number, "quantity")
        return {"quantity": text_of(number), "uom": self._uom(parts.get("uom"))}

    def _uom(self, raw: Json) -> str:
        uoms: list[str] = self.option("uoms")
        if not raw and len(uoms) == 1:
            return uoms[0]
        if raw not in uoms:
            raise self.wrong(N_("Choose the unit of measure of “%(label)s”."), "uom")
        return str(raw)

    def is_blank(self, raw: Json) -> bool:
        """Say that nothing was answered while only the unit of measure is chosen."""
        return super().is_blank(raw.get("quantity") if isinstance(raw, dict) else raw)

    def read(self, posted: Posted, name: str) -> Json:
        """Take the number and its unit of measure."""
        return {
            "quantity": posted_text(posted, f"{name}-quantity") or "",
            "uom": posted_text(posted, f"{name}-uom") or "",
        }

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the number and the units of measure to choose from."""
        parts = raw if isinstance(raw, dict) else {"quantity": raw}
        return {
            "quantity": "" if parts.get("quantity") is None else str(parts["quantity"]),
            "uom": str(parts.get("uom") or self.option("uoms")[0]),
            "uoms": [(uom, say_uom(uom, context.language)) for uom in self.option("uoms")],
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write the number with its unit of measure."""
        return Shown((f"{value['quantity']} {say_uom(value['uom'], language, value['quantity'])}",))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the number as text."""
        return value["quantity"]

    def compared(self, value: Json) -> Any:
        """Compare as a number."""
        return Decimal(value["quantity"])

    def lint(self) -> Sequence[str]:
        """Refuse a unit of measure nobody has words for."""
        return [f"there is no unit of measure {u}" for u in self.option("uoms") if u not in UOMS]

    def json_schema(self) -> dict[str, Any]:
        """Describe a number as text and its unit of measure."""
        uom = {"type": "string", "enum": self.option("uoms")}
        return {"type": "object", "properties": {"quantity": {"type": "string"}, "uom": uom}}
