"""Drawing what is traced tonight, in an order that a seed fixes.

Numbers are drawn by SHA-256 from the seed and looked up by their id, so that a store of ten million
units is sampled without being read. Anyone can draw again with the seed and where the store ended.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.serials.models import Lot, Part, Unit

TRIES = 20  # draws for each that is wanted; a store that has so few is taken as it is


@dataclass(frozen=True)
class Drawn:
    """One trace to be made: which way, from what."""

    direction: str
    what: str
    id: int

    def __str__(self) -> str:
        """Return it as the fingerprint of a sample reads it."""
        return f"{self.direction} {self.what} {self.id}"


def _units(last: int) -> Select[int]:
    return select(Unit.id).where(Unit.id <= last, Unit.custody != "never_existed")


def _lots(last: int) -> Select[int]:
    return select(Lot.id).where(Lot.id <= last)


def _device_lots(last: int) -> Select[int]:
    devices = select(Part.id).where(Part.kind == "device")
    return _lots(last).where(Lot.part_id.in_(devices), ~Lot.is_unknown)


# the strata, each a quarter; what one lacks the others make up for
STRATA: tuple[tuple[str, str, Callable[[int], Select[int]]], ...] = (
    ("forward", "lot", _lots),
    ("backward", "unit", _units),
    ("forward", "unit", _units),
    ("backward", "lot", _device_lots),
)


def seed_sha256(seed: str) -> str:
    """Return what is committed before anything is drawn."""
    return hashlib.sha256(seed.encode()).hexdigest()


def sample_sha256(drawn: list[Drawn]) -> str:
    """Return the fingerprint of a sample, in its order."""
    return hashlib.sha256("\n".join(map(str, drawn)).encode()).hexdigest()


def last_ids(db: Session) -> tuple[int, int]:
    """Return the last unit and the last lot there are."""
    return db.scalar(select(func.max(Unit.id))) or 0, db.scalar(select(func.max(Lot.id))) or 0


def draw(db: Session, seed: str, wanted: int, *, last_unit: int, last_lot: int) -> list[Drawn]:
    """Return up to `wanted` traces, drawn by the seed from units and lots up to the last ones."""
    each = -(-wanted // len(STRATA))
    rows: list[list[Drawn]] = []
    for direction, what, frame in STRATA:
        last = last_unit if what == "unit" else last_lot
        ids = _drawn(db, f"{seed}\n{direction} {what}", wanted, frame(last), last)
        rows.append([Drawn(direction, what, id_) for id_ in ids])
    chosen = [one for row in rows for one in row[:each]]
    rest = [one for row in rows for one in row[each:]]
    return (chosen + rest)[:wanted]


def _drawn(db: Session, seed: str, wanted: int, frame: Select[int], last: int) -> list[int]:
    key = frame.selected_columns[0]
    first = list(db.scalars(frame.order_by(key).limit(TRIES * wanted + 1)))
    if len(first) <= TRIES * wanted:  # few enough to put in order: each has the same chance
        return sorted(first, key=lambda id_: _number(seed, id_))[:wanted]

    found: dict[int, None] = {}
    for there in _draws(seed, last, TRIES * wanted):
        id_ = db.scalar(frame.where(key >= there).order_by(key).limit(1))
        if id_ is not None:
            found[id_] = None
        if len(found) == wanted:
            break
    return list(found)


def _draws(seed: str, last: int, most: int) -> Iterator[int]:
    for count in range(most):
        yield 1 + _number(seed, count) % last


def _number(seed: str, of: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\n{of}".encode()).digest())
