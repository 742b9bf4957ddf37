"""Reading and locking units, and what lies inside and around them."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.errors import InstalledInside, NotUsable, UnitUnknown
from engine.serials.models import Install, Unit, UnitLabel
from engine.serials.sets import id_set, text_set
from engine.serials.vocabulary import USABILITY, Word
from engine.serials.walk import INSIDE, reach


def units_by_id(
    db: Session, unit_ids: Iterable[int], *, lock: bool = False, keep: bool = False
) -> dict[int, Unit]:
    """Return units by id; raises `UnitUnknown` for one that is not there.

    With `keep` they may change meanwhile, but no import that is taken back takes them away.
    """
    wanted = sorted(set(unit_ids))
    if not wanted:
        return {}

    query = select(Unit).where(Unit.id.in_(id_set(db, wanted))).order_by(Unit.id)
    if lock:
        lock_first(db, units=wanted)
        # what a colleague changed while we waited for the lock is what counts
        query = query.with_for_update().execution_options(populate_existing=True)
    elif keep:
        query = query.with_for_update(read=True, key_share=True)
    found = {unit.id: unit for unit in db.scalars(query)}
    for unit_id in wanted:
        if unit_id not in found:
            raise UnitUnknown(unit=unit_id)
    return found


def lock_first(db: Session, *, units: Sequence[int] = (), lots: Collection[int] = ()) -> None:
    """Lock what is locked before goods are, wherever both are: the cases that follow them.

    `db.info["locked_first"]` are functions that lock it: the store has not heard of cases.
    """
    for lock in db.info.get("locked_first", ()):
        lock(db, units=units, lots=lots)


def contents(db: Session, unit_ids: Iterable[int]) -> set[int]:
    """Return the units now installed in these, to any depth, without these themselves."""
    asked = set(unit_ids)
    return reach(db, asked, INSIDE) - asked


def open_hosts(db: Session, unit_ids: Iterable[int]) -> dict[int, int]:
    """Return the unit that each of these is directly installed in now."""
    rows = db.execute(
        select(Install.child_id, Install.host_id).where(
            Install.child_id.in_(id_set(db, unit_ids)), Install.to_event_id.is_(None)
        )
    )
    return {child: host for child, host in rows}  # noqa: C416  rows are not pairs to mypy


def refuse_installed(db: Session, units: dict[int, Unit]) -> None:
    """Raise `InstalledInside` when one of these is inside another unit that is not among them."""
    for child_id, host_id in open_hosts(db, units).items():
        if host_id not in units:
            host = db.get_one(Unit, host_id)
            raise InstalledInside(child=units[child_id].serial, host=host.serial)


def refuse_unusable(units: Iterable[Unit], allowed: Sequence[str]) -> None:
    """Raise `NotUsable` when a unit's usability is not one of `allowed`."""
    for unit in units:
        if unit.usability not in allowed:
            word = Word((USABILITY[unit.usability],))
            raise NotUsable(unit=unit.serial, usability=word)


def taken_serials(db: Session, part_id: int, serials: Sequence[str]) -> set[str]:
    """Return which of these serials a unit of the part bears, or ever bore."""
    listed = text_set(db, serials)
    own = select(Unit.serial).where(Unit.part_id == part_id, Unit.serial.in_(listed))
    return set(db.scalars(own)) | labelled_serials(db, part_id, serials)


def labelled_serials(db: Session, part_id: int, serials: Sequence[str]) -> set[str]:
    """Return which of these serials a unit of the part was labelled with after it was made."""
    return {
        serial
        for serial in db.scalars(
            select(UnitLabel.serial).where(
                UnitLabel.part_id == part_id,
                UnitLabel.serial.in_(text_set(db, serials)),
                UnitLabel.never_event_id.is_(None),
            )
        )
        if serial is not None
    }
