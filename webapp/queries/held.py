"""What the standing holds hold, narrowed by place, age, owner and case, with counts that add up."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.cases.pages import HoldLine, Page
from engine.serials import holds
from engine.serials.models import Hold
from engine.serials.register import Held, register
from webapp.queries.hold_targets import Named, targets_of
from webapp.queries.stock import actors

PAGE_SIZE = 50
SYSTEM = 0  # the owner of what no person placed
NOWHERE = 0  # the place of what is held before it arrives
AGES = {  # code: from how many days, to below how many
    "day": (0, 1),
    "week": (1, 7),
    "month": (7, 30),
    "older": (30, None),
}


@dataclass(frozen=True)
class Asked:
    """What the register is narrowed to; every part that is given must fit."""

    case_number: str = ""
    place: int | None = None
    owner: int | None = None
    age: str = ""

    def fits(self, held: Held, at: datetime) -> bool:
        """Say whether a line of the register is asked for."""
        return (
            self.case_number in ("", held.case_number)
            and self.place in (None, held.location_id or NOWHERE)
            and self.owner in (None, held.placed_by_id or SYSTEM)
            and self.age in ("", age_of(held, at))
        )


@dataclass(frozen=True)
class Choice:
    """One value a filter may take, and how many lines it would show with the other filters."""

    value: int | str
    words: str
    count: int


@dataclass(frozen=True)
class Standing:
    """One page of what is held, the sums of all of it, and what each filter offers."""

    lines: tuple[HoldLine, ...]
    page: Page
    hold_count: int
    place_count: int
    sums: tuple[tuple[str, Decimal], ...]  # unit of measure, quantity
    places: tuple[Choice, ...]
    owners: tuple[Choice, ...]
    ages: tuple[Choice, ...]


def age_of(held: Held, at: datetime) -> str:
    """Return the code of the age a hold has reached."""
    days = held.age(at) / timedelta(days=1)
    return next(code for code, (_, below) in AGES.items() if below is None or days < below)


def standing(
    db: Session, asked: Asked, *, at: datetime, oldest_first: bool = True, page: int = 1
) -> Standing:
    """Return one page of the register; the sums are of every line that fits, not of the page."""
    everything = register(db)
    found = [held for held in everything if asked.fits(held, at)]
    if not oldest_first:
        found.reverse()
    names = actors(db, (held.placed_by_id for held in everything))
    sums: dict[str, Decimal] = {}
    for held in found:
        if held.uom:
            sums[held.uom] = sums.get(held.uom, Decimal(0)) + held.quantity
    shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return Standing(
        lines=tuple(_lines(db, shown, names)),
        page=Page(number=page, size=PAGE_SIZE, total_count=len(found)),
        hold_count=len({held.hold_id for held in found}),
        place_count=len({held.location_id for held in found if held.location_id}),
        sums=tuple(sorted(sums.items())),
        places=_choices(
            (held for held in everything if replace(asked, place=None).fits(held, at)),
            lambda held: (held.location_id or NOWHERE, _place(held)),
        ),
        owners=_choices(
            (held for held in everything if replace(asked, owner=None).fits(held, at)),
            lambda held: (held.placed_by_id or SYSTEM, names.get(held.placed_by_id or 0, "")),
        ),
        ages=_choices(
            (held for held in everything if replace(asked, age="").fits(held, at)),
            lambda held: (age_of(held, at), ""),
        ),
    )


def _choices(
    lines: Iterable[Held], named: Callable[[Held], tuple[int | str, str]]
) -> tuple[Choice, ...]:
    counts: dict[tuple[int | str, str], int] = {}
    for held in lines:
        counts[named(held)] = counts.get(named(held), 0) + 1
    order = sorted(counts.items(), key=lambda row: (row[0][1].casefold(), str(row[0][0])))
    return tuple(Choice(value, words, count) for (value, words), count in order)


def _lines(db: Session, shown: Sequence[Held], names: dict[int, str]) -> list[HoldLine]:
    ids = {held.hold_id for held in shown}
    targets, known = targets_of(db, ids, standing=True), holds.known_at(db, ids)
    expected = holds.expected(db)
    lines = []
    for held in shown:
        named, doors = targets.get(held.hold_id, Named()), known.get(held.hold_id, {})
        lines.append(
            HoldLine(
                id=held.hold_id,
                case_number=held.case_number,
                target=", ".join(named.names),
                target_kind=held.target_kind,
                target_count=named.count,
                reason=held.reason,
                basis=held.basis,
                location=_place(held),
                custody=held.custody if held.quantity else None,
                quantity=held.quantity,
                uom=held.uom,
                placed_by=names.get(held.placed_by_id or 0),
                placed_at=held.placed_at,
                acknowledged=tuple(doors.items()),
                unaware=tuple(door for door in expected if door not in doors),
            )
        )
    return lines


def _place(held: Held) -> str:
    if held.location and held.party and held.location.startswith(held.party):
        return held.location  # a consignee's store is named after it
    return " · ".join(part for part in (held.location, held.party) if part)


def released_holds(
    db: Session, *, case_number: str = "", oldest_first: bool = True, page: int = 1
) -> tuple[list[HoldLine], Page]:
    """Return one page of the holds that were released."""
    wanted: list[ColumnElement[bool]] = [Hold.released_at.is_not(None)]
    if case_number:
        wanted.append(Hold.case_number == case_number)
    order = Hold.id if oldest_first else Hold.id.desc()
    rows = db.scalars(
        select(Hold).where(*wanted).order_by(order).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    ).all()
    targets = targets_of(db, [hold.id for hold in rows], standing=False)
    names = actors(db, (who for hold in rows for who in (hold.placed_by_id, hold.released_by_id)))
    lines = []
    for hold in rows:
        named = targets.get(hold.id, Named())
        lines.append(
            HoldLine(
                id=hold.id,
                case_number=hold.case_number,
                target=", ".join(named.names),
                target_kind=hold.target_kind,
                target_count=named.count,
                reason=hold.reason,
                basis=hold.basis,
                location="",
                quantity=None,
                placed_by=names.get(hold.placed_by_id or 0),
                placed_at=hold.placed_at,
                released_by=names.get(hold.released_by_id or 0),
                released_at=hold.released_at,
            )
        )
    total = db.scalar(select(func.count()).select_from(Hold).where(*wanted)) or 0
    return lines, Page(number=page, size=PAGE_SIZE, total_count=total)
