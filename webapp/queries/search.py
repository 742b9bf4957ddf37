"""What one text in the search box came to, and what to tell a person when it came to nothing."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases.pages import CaseRow
from engine.cases.register import Wanted, cases, newest_number
from engine.serials import find
from engine.serials.beginning import Beginning, beginning_with
from engine.serials.identifiers import Parsed, is_wrong_gtin, parse, several
from engine.serials.named import Match
from engine.serials.near import near, visible

LONGEST = 250  # characters of one scan; the longest label of GS1 carries fewer
MOST = 20_000  # characters that are read at all
PIECES = 100  # scans of one paste that are looked up
SHOWN = 10
_BETWEEN = re.compile(r"[\s,;，；、]+")
_CASE = re.compile(r"([A-Z]{2}-\d{4}-)\d+")


@dataclass(frozen=True)
class Looked:
    """What a text was taken for, what was found, and what helps where nothing was."""

    text: str
    is_too_long: bool = False
    pieces: tuple[find.Found, ...] = ()  # of several scans pasted at once
    left_out: int = 0  # pieces beyond PIECES
    said: Parsed = field(default_factory=lambda: Parsed(""))
    exact: tuple[Match, ...] = ()
    beginning: Beginning = field(default_factory=Beginning)
    cases: tuple[CaseRow, ...] = ()
    case_count: int = 0
    found: find.Found | None = None
    near: tuple[Match, ...] = ()
    missing_case: tuple[str, str | None] | None = None  # asked for, the newest of its series

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was typed."""
        return not (self.text or self.is_too_long)

    @property
    def is_found(self) -> bool:
        """Say whether anything is listed."""
        return bool(self.exact or self.beginning.count or self.cases)

    @property
    def count(self) -> int:
        """Return how many are listed."""
        return len(self.exact) + self.beginning.count + len(self.cases)

    @property
    def is_wrong_gtin(self) -> bool:
        """Say whether it is as long as a GTIN, and its check digit does not fit."""
        return is_wrong_gtin(self.text)

    @property
    def unusual(self) -> str:
        """Return the characters that labels seldom carry, as they were typed."""
        return " ".join(dict.fromkeys(one for one in self.text if not one.isascii()))[:60]

    @property
    def is_case_only(self) -> bool:
        """Say whether what is near differs in capitals only."""
        return any(one.label.lower() == self.text.lower() for one in self.near)

    @property
    def is_shared(self) -> bool:
        """Say whether one number names several lots, or several units."""
        labels = [(one.kind, one.label) for one in self.exact]
        return len(set(labels)) < len(labels)


def readable(text: str) -> str:
    """Return what was typed without controls no database keeps; GS1's separator stays."""
    return "".join(
        one for one in text if one in "\x1d\t\r\n" or unicodedata.category(one) not in ("Cc", "Cs")
    )


def look_up(db: Session, typed: str, *, at: datetime) -> Looked:
    """Return what a text comes to: one thing, several scans, or a sentence about it."""
    if len(typed) > MOST:
        return Looked(typed[:LONGEST], is_too_long=True)
    pieces = several(readable(typed))
    if not pieces or not visible(pieces[0]).strip():
        return Looked("")
    if len(pieces) > 1:
        return _several(db, typed, pieces)
    text = pieces[0]
    if len(text) > LONGEST:
        return _apart(db, text) or Looked(text[:LONGEST], is_too_long=True)

    found, said = find.look_up(db, text), parse(text)
    exact = tuple(found.matches)
    if not exact and not said.is_label and (apart := _apart(db, text)):
        return apart
    listed = cases(db, Wanted(text=text), at=at)
    beginning = Beginning() if said.is_label else _beyond(beginning_with(db, text), exact)
    looked = Looked(
        text, said=said, found=found, exact=exact, beginning=beginning,
        cases=listed.rows[:SHOWN], case_count=listed.page.total_count,
    )  # fmt: skip
    return looked if looked.is_found else _missed(db, looked)


def _several(db: Session, typed: str, pieces: list[str]) -> Looked:
    found = find.resolve_many(db, pieces[:PIECES])
    return Looked(typed.strip(), pieces=tuple(found), left_out=max(0, len(pieces) - PIECES))


def _apart(db: Session, text: str) -> Looked | None:
    """Return the words of a text as scans of their own, when one of them is recorded."""
    words = [word for word in _BETWEEN.split(text) if word]
    if len(words) < 2:
        return None
    looked = _several(db, text, words)
    return looked if any(one.matches for one in looked.pieces) else None


def _beyond(beginning: Beginning, exact: tuple[Match, ...]) -> Beginning:
    """Leave out what is listed already because its whole name was typed."""
    shown = {(one.kind, one.id) for one in exact}

    def rest(matches: tuple[Match, ...]) -> tuple[Match, ...]:
        return tuple(one for one in matches if (one.kind, one.id) not in shown)

    return Beginning(
        rest(beginning.units),
        rest(beginning.lots),
        rest(beginning.parts),
        beginning.places,
        beginning.more,
    )


def _missed(db: Session, looked: Looked) -> Looked:
    said, number = looked.said, looked.text.upper()
    asked = [one for one in (said.serial, said.lot_no) if one] if said.is_label else [looked.text]
    suggested = tuple(dict.fromkeys(match for one in asked for match in near(db, one)))
    if said.is_label:  # the label names a serial or lot of another part: show whose it is
        others = find.resolve_many(db, asked)
        suggested = tuple(dict.fromkeys([m for one in others for m in one.matches] + [*suggested]))
    series = _CASE.fullmatch(number)
    missing = (number, newest_number(db, series[1])) if series else None
    return Looked(
        looked.text, said=said, found=looked.found, near=suggested[:SHOWN], missing_case=missing
    )
