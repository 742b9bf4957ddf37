"""The one byte form of a record that is hashed and signed: frozen, so that a hash holds for ever.

Rules (version 1, never to change): JSON in UTF-8 without spaces; texts and keys in Unicode NFC;
keys sorted by code point; whole numbers only; no byte outside the JSON strings escaped unless JSON
demands it. A decimal, a moment, a date and a UUID are texts. A float is refused: two machines may
print it differently.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


class NotCanonical(TypeError):
    """A value has no canonical form (a float, a naive time, two keys that read the same)."""


def canonical(value: object) -> bytes:
    """Return the canonical bytes of a JSON-shaped `value`; raises `NotCanonical`."""
    return canonical_text(value).encode()


def canonical_text(value: object) -> str:
    """Return the canonical form as text, as the database keeps it."""
    return json.dumps(
        _plain(value), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def sha256(value: object) -> str:
    """Return the SHA-256 (hex) of the canonical form of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def moment(at: datetime) -> str:
    """Return a moment as canonical text: UTC, microseconds, `Z`."""
    if at.tzinfo is None:
        message = f"{at!r} has no time zone"
        raise NotCanonical(message)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: object) -> Any:  # noqa: PLR0911 (one line per kind of value reads best)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return _plain_keys(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID):
        return str(value)
    message = f"{type(value).__name__} {value!r} has no canonical form"
    raise NotCanonical(message)


def _plain_keys(value: Mapping[Any, object]) -> dict[str, Any]:
    plain = {}
    for key, one in value.items():
        if not isinstance(key, str):
            message = f"the key {key!r} is not a text"
            raise NotCanonical(message)
        plain[unicodedata.normalize("NFC", key)] = _plain(one)
    if len(plain) != len(value):
        message = "two keys read the same"
        raise NotCanonical(message)
    return plain
