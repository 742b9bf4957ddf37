"""Hours that a step took, and what else it cost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from babel.numbers import get_currency_precision

from forms.context import Context
from forms.decimals import decimal_of, places_of, text_of
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, Wrong
from forms.kinds.money import in_currency
from forms.spending import CATEGORIES, CURRENCIES
from forms.words import N_, say

MOST_HOURS = 10_000
MOST = Decimal(10) ** 11
PARTS = ("hours", "amount", "currency", "category")


def is_category(value: object) -> bool:
    """Say whether an option is one of the categories of cost."""
    return value in CATEGORIES


class Effort(Kind):
    """Hours, counted for the category that the form names, and an amount with one of its own."""

    is_group = True
    anchors_itself = False
    options: ClassVar[Mapping[str, Option]] = {"category": (is_category, "investigation")}
    sentence_if_missing = N_("Enter the hours, or an amount, for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take hours, an amount with its currency and category, or both."""
        if not isinstance(raw, dict) or not set(raw) <= set(PARTS):
            raise self.wrong(N_("Write “%(label)s” as hours and an amount."), "hours")
        problems: list[Wrong] = []
        kept: dict[str, Json] = {}
        for part in (self._hours, self._amount):
            try:
                kept |= part(raw)
            except Wrong as wrong:
                problems.append(wrong)
        if problems:
            raise Wrong([problem for wrong in problems for problem in wrong.problems])
        return kept

    def _hours(self, raw: dict[str, Any]) -> dict[str, Json]:
        if self.is_empty(raw.get("hours")):
            return {}
        hours = decimal_of(raw["hours"])
        if hours is None or not 0 < hours <= MOST_HOURS or places_of(hours) > 2:
            raise self.wrong(
                N_("Write the hours as a number above 0, at most %(most)s, such as 1.25."),
                "hours",
                most=str(MOST_HOURS),
            )
        return {"hours": text_of(hours)}

    def _amount(self, raw: dict[str, Any]) -> dict[str, Json]:
        if self.is_empty(raw.get("amount")):
            return {}
        currency, category = raw.get("currency"), raw.get("category")
        if currency not in CURRENCIES:
            raise self.wrong(N_("Choose the currency of “%(label)s”."), "currency")
        if category not in CATEGORIES:
            raise self.wrong(N_("Choose what the amount was spent on."), "category")
        amount = decimal_of(raw["amount"])
        places = get_currency_precision(str(currency))
        if amount is None or not 0 < amount < MOST or places_of(amount) > places:
            raise self.wrong(
                N_("Write the amount as a number above 0 with at most %(places)s decimals."),
                "amount",
                places=places,
            )
        return {"amount": text_of(amount), "currency": currency, "category": category}

    def is_empty(self, part: Json) -> bool:
        """Say that nothing was typed into a part."""
        return super().is_blank(part)

    def is_blank(self, raw: Json) -> bool:
        """Say that nothing was answered while only the lists stand on something."""
        if not isinstance(raw, dict):
            return super().is_blank(raw)
        others = set(raw) - set(PARTS)
        return all(super(Effort, self).is_blank(raw.get(n)) for n in ("hours", "amount", *others))

    def read(self, posted: Posted, name: str) -> Json:
        """Take the four parts."""
        return {part: posted_text(posted, f"{name}-{part}") or "" for part in PARTS}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return what was typed, and the lists to choose from."""
        parts = raw if isinstance(raw, dict) else {}
        return {
            **{part: "" if parts.get(part) is None else str(parts[part]) for part in PARTS},
            "currencies": CURRENCIES,
            "categories": [
                (code, say(one.label, context.language)) for code, one in CATEGORIES.items()
            ],
            "counted": say(CATEGORIES[self.option("category")].label, context.language),
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write the hours and the amount, each with what it counts for."""
        lines = []
        if "hours" in value:
            words = say(CATEGORIES[self.option("category")].label, language)
            lines.append(f"{value['hours']} h · {words}")
        if "amount" in value:
            words = say(CATEGORIES[value["category"]].label, language)
            lines.append(f"{in_currency(value, language)} · {words}")
        return Shown(tuple(lines))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the hours as text, 0 where only an amount was given."""
        return value.get("hours", "0")

    def json_schema(self) -> dict[str, Any]:
        """Describe hours as text, and an amount with its currency and category."""
        return {
            "type": "object",
            "properties": {
                "hours": {"type": "string"},
                "amount": {"type": "string"},
                "currency": {"type": "string", "enum": list(CURRENCIES)},
                "category": {"type": "string", "enum": list(CATEGORIES)},
            },
        }
