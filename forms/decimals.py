"""Numbers with decimals as people type them; they are kept as text and never as floats."""

import re
import unicodedata
from decimal import Decimal

from forms.field import Json

_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,6})?")


def decimal_of(raw: Json) -> Decimal | None:
    """Return the number, or None when `raw` is not one (full-width digits are digits)."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Decimal(raw) if abs(raw) < 10**15 else None
    if not isinstance(raw, str) or len(raw) > 40:
        return None
    text = unicodedata.normalize("NFKC", raw).strip()
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def text_of(number: Decimal) -> str:
    """Write a number without needless zeros and never with an exponent."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def places_of(number: Decimal) -> int:
    """Count the decimals that say something."""
    return len(text_of(number).partition(".")[2])
