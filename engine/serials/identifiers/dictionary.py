"""The GS1 Barcode Syntax Dictionary as a table: what each application identifier may hold.

`gs1-syntax-dictionary.txt` is GS1's own file (Apache-2.0), unchanged; its head explains it.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("gs1-syntax-dictionary.txt")
_LINE = re.compile(
    r"(?P<ai>\d{2,4}(?:-\d{2,4})?)\s+(?P<flags>[*?\"$%&'()+,./:;<=>@-]*)\s+(?P<rest>.+)"
)
_COMPONENT = re.compile(r"\[?(?P<kind>[NXYZ])(?P<open>\.\.)?(?P<length>\d+)\]?(?P<tests>(?:,\w+)*)")


@dataclass(frozen=True)
class Component:
    """One part of a value: digits (N), CSET 82 (X), CSET 39 (Y) or base64url (Z)."""

    kind: str
    least: int
    most: int
    is_optional: bool
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Identifier:
    """One application identifier; `needs` are groups of which every one must be met."""

    ai: str
    title: str
    is_fixed: bool  # of a length that needs no separator after it
    is_attribute: bool  # may stand in the query of a Digital Link
    components: tuple[Component, ...]
    needs: tuple[tuple[tuple[str, ...], ...], ...]
    excludes: tuple[str, ...]
    qualifiers: tuple[tuple[str, ...], ...] | None  # of a Digital Link; None: not a key

    @property
    def length(self) -> int:
        """Return how long a value may be at most."""
        return sum(one.most for one in self.components)


@cache
def table() -> dict[str, Identifier]:
    """Return every application identifier by its digits."""
    found = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if match := _LINE.fullmatch(line):
            first, _, last = match["ai"].partition("-")
            for number in range(int(first), int(last or first) + 1):
                ai = str(number).zfill(len(first))
                found[ai] = _identifier(ai, match["flags"], match["rest"])
    return found


def identifier_at(text: str) -> Identifier | None:
    """Return the application identifier that a text begins with; none begins with another."""
    return next((known for n in (2, 3, 4) if (known := table().get(text[:n]))), None)


def fits(pattern: str, ai: str) -> bool:
    """Say whether an identifier is one of a pattern: `31nn` is any of 3100 to 3199."""
    return len(pattern) == len(ai) and all(
        want in ("n", have) for want, have in zip(pattern, ai, strict=True)
    )


def _identifier(ai: str, flags: str, rest: str) -> Identifier:
    said, _, title = rest.partition("#")
    words = said.split()
    components = [word for word in words if _COMPONENT.fullmatch(word)]
    rules = [word.partition("=") for word in words if word not in components]
    keys = [value for name, _, value in rules if name == "dlpkey"]
    return Identifier(
        ai=ai,
        title=title.strip(),
        is_fixed="*" in flags,
        is_attribute="?" in flags,
        components=tuple(_component(word) for word in components),
        needs=tuple(
            tuple(tuple(group.split("+")) for group in value.split(","))
            for name, _, value in rules
            if name == "req"
        ),
        excludes=tuple(
            pattern for name, _, value in rules if name == "ex" for pattern in value.split(",")
        ),
        qualifiers=tuple(
            tuple(one for one in group.split(",") if one) for group in keys[0].split("|")
        )
        if keys
        else None,
    )


def _component(word: str) -> Component:
    match = _COMPONENT.fullmatch(word)
    if match is None:
        raise ValueError(word)
    length = int(match["length"])
    return Component(
        kind=match["kind"],
        least=1 if match["open"] else length,
        most=length,
        is_optional=word.startswith("["),
        tests=tuple(test for test in match["tests"].split(",") if test),
    )
