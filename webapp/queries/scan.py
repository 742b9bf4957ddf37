"""What each scan comes to, said in one large word: may it pass, and if not, what stops it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import find, gate
from engine.serials.errors import PlaceUnknown
from engine.serials.identifiers import Parsed, parse
from engine.serials.models import Container, Location, Packed, Part, Party, ScanLine, Unit
from engine.serials.models.axes import GONE
from engine.serials.named import Match, units_by_id
from engine.serials.sets import id_set, text_set
from engine.serials.targets import HoldTarget

DOORS = ("ship", "issue", "install", "transfer")
TONES = {
    "clear": "green",
    "held": "red",
    "scrapped": "red",
    "gone": "red",
    "expired": "red",
    "nonconforming": "red",
    "unknown": "amber",
    "several": "amber",
    "unreleased": "amber",
    "place": "accent",
    "part": "accent",
    "container": "accent",
}


@dataclass(frozen=True)
class State:
    """Where a unit is and what it is good for."""

    custody: str
    usability: str
    location: str | None
    party: str | None


@dataclass(frozen=True)
class Seen:
    """One scan: what it says, what it is here, and what stops it (`word`, a key of TONES)."""

    text: str
    said: Parsed
    word: str
    match: Match | None = None
    others: tuple[Match, ...] = ()
    state: State | None = None
    verdict: gate.Verdict | None = None
    problem: Problem | None = None
    place: tuple[str, str, str] | None = None  # code, name, whose
    contents: tuple[Match, ...] = ()
    new_part_id: int | None = None  # the label is of this part, and its serial is new here
    line: ScanLine | None = None

    @property
    def tone(self) -> str:
        """Return the colour that goes with the word."""
        return TONES[self.word]

    @property
    def new_unit(self) -> bool:
        """Say whether it can be received: a label of a part of ours with a serial not known yet."""
        return self.word == "unknown" and self.new_part_id is not None

    @property
    def is_problem(self) -> bool:
        """Say whether nothing can be done with it before someone has looked."""
        return self.match is None or self.match.kind == "part"


@dataclass(frozen=True)
class Tally:
    """A batch: its lines, its problems, and how many there are of each part and lot."""

    lines: tuple[Seen, ...]
    counts: tuple[tuple[str, str | None, int], ...] = ()  # part, lot, how many
    same: Mapping[int, Sequence[str]] = field(default_factory=dict)  # unit → its several texts

    @property
    def problems(self) -> list[Seen]:
        """Return the lines that nothing can be done with yet."""
        return [one for one in self.lines if one.is_problem]

    @property
    def stopped(self) -> list[Seen]:
        """Return the lines that may not pass."""
        return [one for one in self.lines if not one.is_problem and one.tone == "red"]

    @property
    def unit_ids(self) -> list[int]:
        """Return the units, each once."""
        ids = (one.match.id for one in self.lines if one.match and one.match.kind == "unit")
        return list(dict.fromkeys(ids))


def see(db: Session, texts: Sequence[str], *, door: str, on: date) -> list[Seen]:
    """Return what each scan comes to; the same few queries for one and for thousands."""
    found = find.resolve_many(db, texts)
    said = [parse(text) for text in texts]
    targets = {one.matches[0]: target for one in found if (target := _target(one)) is not None}
    verdicts = dict(zip(targets, gate.check(db, list(targets.values()), door=door), strict=True))
    states = _states(db, [one.id for one in targets if one.kind == "unit"])
    places = _places(db, said)
    boxes = _contents(db, {one.sscc for one in said if one.sscc})
    known = _Known(verdicts, states, places, boxes, _parts(db, said), on)
    return [_seen(one, parsed, known) for one, parsed in zip(found, said, strict=True)]


def tally(db: Session, lines: Sequence[ScanLine], *, door: str, on: date) -> Tally:
    """Return a batch with everything resolved anew: a hold placed since then is told."""
    found = see(db, [line.text for line in lines], door=door, on=on)
    rows = tuple(
        Seen(**{**vars(one), "line": line}) for one, line in zip(found, lines, strict=True)
    )
    texts: dict[int, list[str]] = {}
    counted: Counter[tuple[str, str | None]] = Counter()
    for one in rows:
        if one.match is None or one.match.kind == "part":
            continue
        if one.match.kind == "unit":
            texts.setdefault(one.match.id, []).append(one.text)
            if len(texts[one.match.id]) > 1:
                continue
        counted[one.match.part_no, one.match.lot_no] += 1
    counts = tuple((*key, count) for key, count in sorted(counted.items(), key=str))
    same = {key: found for key, found in texts.items() if len(found) > 1}
    return Tally(rows, counts, same)


def _target(found: find.Found) -> HoldTarget | None:
    if len(found.matches) != 1:
        return None
    match = found.matches[0]
    makers = {"unit": HoldTarget.unit, "lot": HoldTarget.lot}
    return makers[match.kind](match.id) if match.kind in makers else None


class _Known(NamedTuple):
    verdicts: Mapping[Match, gate.Verdict]
    states: Mapping[int, State]
    places: Mapping[str, tuple[str, str, str]]
    boxes: Mapping[str, tuple[Match, ...]]
    parts: Mapping[str, int]
    on: date


def _seen(found: find.Found, said: Parsed, known: _Known) -> Seen:
    if place := known.places.get(said.gln or "") or known.places.get(said.location or ""):
        return Seen(found.text, said, "place", place=place)
    if said.sscc in known.boxes:
        return Seen(found.text, said, "container", contents=known.boxes[said.sscc or ""])
    if not found.matches:
        is_new = said.serial and found.problem and found.problem.sentence == find.NOT_RECORDED
        part_id = known.parts.get(said.di or "") if is_new else None
        return Seen(found.text, said, "unknown", problem=found.problem, new_part_id=part_id)
    if len(found.matches) > 1:
        return Seen(found.text, said, "several", others=found.matches, problem=found.problem)
    [match] = found.matches
    state = known.states.get(match.id) if match.kind == "unit" else None
    verdict = known.verdicts.get(match)
    word = _word(match, state, verdict, known.on)
    return Seen(
        found.text,
        said,
        word,
        match=match,
        state=state,
        verdict=verdict,
        problem=found.problem or (verdict.problem if verdict else None),
    )


def _word(match: Match, state: State | None, verdict: gate.Verdict | None, on: date) -> str:
    if match.kind == "part" or verdict is None:
        return "part"
    if not verdict.allowed:
        return "held" if verdict.holds else "scrapped"
    if state and state.custody in GONE:
        return "gone"
    if match.expires_on and match.expires_on < on:
        return "expired"
    if state and state.usability in ("nonconforming", "unreleased", "scrapped"):
        return state.usability
    return "clear"


def _parts(db: Session, said: Sequence[Parsed]) -> dict[str, int]:
    """Return the serialised parts of the device identifiers that were scanned."""
    wanted = {one.di for one in said if one.di and one.serial}
    rows = db.execute(
        select(Part.di, Part.id).where(Part.di.in_(text_set(db, wanted)), Part.control == "serial")
    )
    return {di or "": part_id for di, part_id in rows}


def place_scanned(db: Session, text: str) -> Location:
    """Return the place whose label was scanned or whose code was typed; `PlaceUnknown`."""
    said = parse(text)
    known = _places(db, [said]).get(said.gln or said.location or "")
    code = known[0] if known else said.text
    place = db.scalar(select(Location).where(Location.code == code))
    if place is None:
        raise PlaceUnknown(location=code)
    return place


def _states(db: Session, unit_ids: Sequence[int]) -> dict[int, State]:
    rows = db.execute(
        select(Unit.id, Unit.custody, Unit.usability, Location.name, Party.name)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
    )
    return {row[0]: State(row[1], row[2], row[3], row[4]) for row in rows}


def _places(db: Session, said: Sequence[Parsed]) -> dict[str, tuple[str, str, str]]:
    """Return places by their code, and the first place of a party by its GLN."""
    site = db.info.get("site_url")
    codes = {one.location for one in said if one.location and one.site == site}
    glns = {one.gln for one in said if one.gln}
    if not codes and not glns:
        return {}
    rows = db.execute(
        select(Location.code, Location.name, Party.name, Party.gln)
        .join(Party, Party.id == Location.party_id)
        .where(Location.code.in_(text_set(db, codes)) | Party.gln.in_(text_set(db, glns)))
        .order_by(Location.id.desc())
    ).all()
    by_code = {row[0]: (row[0], row[1], row[2]) for row in rows}
    return {**{row[3]: by_code[row[0]] for row in rows if row[3]}, **by_code}


def _contents(db: Session, codes: set[str]) -> dict[str, tuple[Match, ...]]:
    """Return the units that lie in each container now."""
    if not codes:
        return {}
    found: dict[str, list[int]] = {
        sscc: []
        for sscc in db.scalars(
            select(Container.sscc).where(Container.sscc.in_(text_set(db, codes)))
        )
    }
    rows = db.execute(
        select(Container.sscc, Packed.unit_id)
        .join(Packed, Packed.container_id == Container.id)
        .where(
            Container.sscc.in_(text_set(db, codes)),
            Packed.to_event_id.is_(None),
        )
    )
    for sscc, unit_id in rows:
        if unit_id is not None:
            found[sscc].append(unit_id)
    units = units_by_id(db, [one for ids in found.values() for one in ids])
    return {sscc: tuple(units[one] for one in ids if one in units) for sscc, ids in found.items()}
