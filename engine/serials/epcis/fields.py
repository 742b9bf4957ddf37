"""Fields of an event that are no part of the standard's core: extensions, and `ilmd`.

GS1 EPCIS 2.0, section 8.2.7.1: `EQ_fieldname`, `GT_`, `GE_`, `LT_`, `LE_` and `EXISTS_fieldname`,
with `INNER_` for what lies deeper and `ILMD_` for the master data of what came to be. A field is
named as in the event (`example:colour`) or by its whole name
(`https://example.com/ns#colour`).
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
}
_NAMED = re.compile(
    r"(?P<how>EQ|GT|GE|LT|LE|EXISTS)_(?P<inner>INNER_)?(?P<ilmd>ILMD_)?"
    r"(?P<name>(?!sensor)[A-Za-z][\w.+-]*:\S+)"
)


class Extension(NamedTuple):
    """One condition on a field: how it compares, where it lies, its name, the values it may be."""

    how: str
    name: str
    values: tuple[str, ...]
    is_inner: bool = False
    in_ilmd: bool = False


def extension_of(name: str, value: str) -> Extension | None:
    """Read a parameter that names a field, or return None; raises `ValueError` for its value."""
    if name == "EXISTS_ilmd":
        _flag(value)
        return Extension("EXISTS", "ilmd", ())
    found = _NAMED.fullmatch(name)
    if found is None:
        return None
    if found["how"] == "EXISTS":
        _flag(value)
        values: tuple[str, ...] = ()
    else:
        values = tuple(one for one in value.split("|") if one)
        if not values or (found["how"] != "EQ" and len(values) != 1):
            raise ValueError(value)
    return Extension(found["how"], found["name"], values, bool(found["inner"]), bool(found["ilmd"]))


def has(body: Mapping[str, Any], context: Sequence[Any], wanted: Extension) -> bool:
    """Say whether an event has a field that meets a condition."""
    within = body.get("ilmd", {}) if wanted.in_ilmd else body
    if not isinstance(within, dict):
        return False
    spaces = {
        prefix: space
        for one in context
        if isinstance(one, dict)
        for prefix, space in one.items()
        if isinstance(space, str)
    }
    for said in _found(within, wanted, spaces, is_top=True):
        if wanted.how == "EXISTS":
            return True
        if any(
            _compares(wanted.how, one, value) for one in _plain(said) for value in wanted.values
        ):
            return True
    return False


def _flag(value: str) -> None:
    """Refuse a value but "true": that a field exists is asked with it, or with none."""
    if value not in ("", "true"):
        raise ValueError(value)


def _found(
    fields: Mapping[str, Any], wanted: Extension, spaces: Mapping[str, str], *, is_top: bool
) -> Iterator[Any]:
    """Yield the values of the field: of the top level, or with `is_inner` of those beneath."""
    for name, said in fields.items():
        if is_top != wanted.is_inner and _is_named(name, wanted.name, spaces):
            yield said
        is_extension = ":" in name or not is_top
        if wanted.is_inner and is_extension:
            for one in said if isinstance(said, list) else [said]:
                if isinstance(one, dict):
                    yield from _found(one, wanted, spaces, is_top=False)


def _is_named(name: str, wanted: str, spaces: Mapping[str, str]) -> bool:
    if name == wanted:
        return True
    prefix, colon, rest = name.partition(":")
    return bool(colon) and prefix in spaces and spaces[prefix] + rest == wanted


def _plain(said: Any) -> Iterator[str]:
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, bool):
            yield "true" if one else "false"
        elif isinstance(one, (str, int, float)):
            yield str(one)


def _compares(how: str, said: str, wanted: str) -> bool:
    """Compare numbers as numbers, and other texts (days and times too) as they are written."""
    try:
        left, right = Decimal(said), Decimal(wanted)
    except InvalidOperation:
        return COMPARE[how](said, wanted)
    return COMPARE[how](left, right)
