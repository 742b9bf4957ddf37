"""An amount of money."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from babel.core import Locale
from babel.numbers import format_currency, get_currency_precision

from forms.context import Context
from forms.decimals import decimal_of, places_of, text_of
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, is_list_of_words
from forms.kinds.quantity import NOT_A_NUMBER, bounded, is_decimal
from forms.words import N_, language_of


def in_currency(value: Mapping[str, Json], language: str) -> str:
    """Write an amount with the code of its currency: $ names several."""
    amount, currency = Decimal(value["amount"]), value["currency"]
    words = format_currency(amount, currency, "#,##0.00 ¤¤", locale=language_of(language))
    return words.replace("\xa0", " ")


class Money(Kind):
    """An amount in one of a few currencies, kept as text."""

    is_group = True
    anchors_itself = False
    options: ClassVar[Mapping[str, Option]] = {
        "currencies": (is_list_of_words, ["USD", "EUR", "CNY"]),
        "min": (is_decimal, "0"),
        "max": (is_decimal, None),
    }
    sentence_if_missing = N_("Enter an amount for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take an amount with the decimals its currency has."""
        if not isinstance(raw, dict) or not set(raw) <= {"amount", "currency"}:
            raise self.wrong(NOT_A_NUMBER, "amount")
        currencies: list[str] = self.option("currencies")
        currency = raw.get("currency") or (currencies[0] if len(currencies) == 1 else None)
        if currency not in currencies:
            raise self.wrong(N_("Choose the currency of “%(label)s”."), "currency")
        amount = decimal_of(raw.get("amount"))
        if amount is None:
            raise self.wrong(NOT_A_NUMBER, "amount")
        places = get_currency_precision(str(currency))
        if places_of(amount) > places:
            sentence = N_("Write “%(label)s” with at most %(places)s decimals.")
            raise self.wrong(sentence, "amount", places=places)
        bounded(self, amount, "amount")
        return {"amount": text_of(amount), "currency": currency}

    def is_blank(self, raw: Json) -> bool:
        """Say that nothing was answered while only the currency is chosen."""
        return super().is_blank(raw.get("amount") if isinstance(raw, dict) else raw)

    def read(self, posted: Posted, name: str) -> Json:
        """Take the amount and its currency."""
        return {
            "amount": posted_text(posted, f"{name}-amount") or "",
            "currency": posted_text(posted, f"{name}-currency") or "",
        }

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the amount and the currencies to choose from."""
        parts = raw if isinstance(raw, dict) else {}
        currencies = self.option("currencies")
        return {
            "amount": str(parts.get("amount") or ""),
            "currency": str(parts.get("currency") or currencies[0]),
            "currencies": currencies,
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write the amount in its currency."""
        return Shown((in_currency(value, language),))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the amount as text."""
        return value["amount"]

    def compared(self, value: Json) -> Any:
        """Compare as a number."""
        return Decimal(value["amount"])

    def lint(self) -> Sequence[str]:
        """Refuse a currency that does not exist."""
        known = Locale("en").currencies
        return [f"there is no currency {c}" for c in self.option("currencies") if c not in known]

    def json_schema(self) -> dict[str, Any]:
        """Describe an amount as text and its currency."""
        currency = {"type": "string", "enum": self.option("currencies")}
        return {
            "type": "object",
            "properties": {"amount": {"type": "string"}, "currency": currency},
        }
