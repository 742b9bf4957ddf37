"""What a column of an export holds, and its values as plain as every format needs them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "quantity": (Decimal, int),
    "date": (date,),
    "datetime": (datetime,),
    "boolean": (bool,),
}


@dataclass(frozen=True)
class Column:
    """One column: the name programs know it by, the label people read, and its type (`TYPES`)."""

    name: str
    label: str
    type: str = "text"

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(self.type)

    def checked(self, value: object) -> object:
        """Return a value of this column's type; a mistake in the code raises `TypeError`.

        A text in a column of numbers would pass by the guard against formulas.
        """
        if value is None:
            return None
        is_number = self.type in ("integer", "quantity")
        wrong = not isinstance(value, TYPES[self.type])
        if wrong or (is_number and isinstance(value, bool)):
            message = f"{self.name}: {type(value).__name__} in a column of {self.type}"
            raise TypeError(message)
        if self.type == "date" and isinstance(value, datetime):
            message = f"{self.name}: a moment in a column of dates"
            raise TypeError(message)
        return value


def plain(value: object) -> str:
    """Return a value as text that every program reads alike: ISO 8601, UTC, no exponent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)
