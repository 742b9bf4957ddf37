"""A whole number."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.decimals import decimal_of
from forms.field import Json
from forms.kind import Kind, Option
from forms.kinds.quantity import bounded
from forms.words import N_


def is_whole(value: object) -> bool:
    """Say whether an option is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


class Integer(Kind):
    """A whole number within limits."""

    options: ClassVar[Mapping[str, Option]] = {"min": (is_whole, 0), "max": (is_whole, 1_000_000)}
    sentence_if_missing = N_("Enter a number for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a whole number within the limits."""
        number = decimal_of(raw)
        if number is None or number != number.to_integral_value():
            raise self.wrong(N_("Write “%(label)s” as a whole number."))
        bounded(self, number, "")
        return int(number)

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the number as text."""
        return "" if raw is None or isinstance(raw, list | dict) else str(raw)

    def json_schema(self) -> dict[str, Any]:
        """Describe a whole number."""
        low, high = self.option("min"), self.option("max")
        return {"type": "integer", "minimum": low, "maximum": high}
