"""Rules that facts may break: flagged when goods were on hold, expired or not released."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.active import holdings_of_lots, holdings_of_units
from engine.serials.errors import Expired, NotAGs1Serial
from engine.serials.flags import raise_flag
from engine.serials.identifiers import gs1, standard
from engine.serials.models import Event, Lot, Part, Unit
from engine.serials.record import LotInput
from engine.serials.sets import id_set


def flag_held(
    db: Session,
    event: Event,
    rule: str,
    *,
    units: Collection[int] = (),
    lots: Collection[int] = (),
) -> None:
    """Flag what was on hold, with the cases that hold it."""
    for unit_id, holds in holdings_of_units(db, units).items():
        if holds:
            cases = sorted({one.case_number for one in holds})
            raise_flag(
                db, event, rule, unit_id=unit_id, facts={"cases": cases}, at=event.recorded_at
            )
    for lot_id, holds in (holdings_of_lots(db, lots) if lots else {}).items():
        if holds:
            cases = sorted({one.case_number for one in holds})
            raise_flag(db, event, rule, lot_id=lot_id, facts={"cases": cases}, at=event.recorded_at)


def flag_unusable(db: Session, event: Event, units: Iterable[Unit]) -> None:
    """Flag units that were used or shipped while not released, nonconforming or scrapped."""
    for unit in units:
        if unit.usability != "conforming":
            facts = {"usability": unit.usability}
            raise_flag(db, event, "not_usable", unit_id=unit.id, facts=facts, at=event.recorded_at)


def flag_lots(db: Session, event: Event, inputs: Sequence[LotInput]) -> None:
    """Flag lots that went into something while on hold or after they expired."""
    ids = {one.lot_id for one in inputs}
    flag_held(db, event, "held_used", lots=ids)
    flag_expired(db, event, "expired_used", ids)


def flag_expired(db: Session, event: Event, rule: str, lot_ids: Iterable[int]) -> None:
    """Flag lots that had expired when it happened."""
    for lot in expired(db, lot_ids, event.event_at):
        _flag_expired(db, event, rule, lot)


def flag_expired_units(db: Session, event: Event, rule: str, units: Iterable[Unit]) -> None:
    """Flag units whose lot had expired when it happened."""
    of_lot = {unit.id: unit.lot_id for unit in units if unit.lot_id is not None}
    late = {lot.id: lot for lot in expired(db, of_lot.values(), event.event_at)}
    for unit_id, lot_id in sorted(of_lot.items()):
        if lot_id in late:
            _flag_expired(db, event, rule, late[lot_id], unit_id=unit_id)


def _flag_expired(
    db: Session, event: Event, rule: str, lot: Lot, *, unit_id: int | None = None
) -> None:
    facts = {"expired_on": lot.expires_on.isoformat() if lot.expires_on else ""}
    raise_flag(db, event, rule, unit_id=unit_id, lot_id=lot.id, facts=facts, at=event.recorded_at)


def refuse_expired(db: Session, lot_ids: Iterable[int], at: datetime) -> None:
    """Raise `Expired` for a lot whose last day of use is past."""
    for lot in expired(db, lot_ids, at):
        raise Expired(lot=lot.lot_no, date=lot.expires_on)


def expired(db: Session, lot_ids: Iterable[int], at: datetime) -> list[Lot]:
    """Return the lots whose last day of use is past."""
    on: date = at.date()
    return list(
        db.scalars(
            select(Lot).where(Lot.id.in_(id_set(db, lot_ids)), Lot.expires_on < on).order_by(Lot.id)
        )
    )


def refuse_unprintable(db: Session, part_id: int, serials: Iterable[str]) -> None:
    """Raise `NotAGs1Serial` for a serial number that no label of its part can carry.

    GS1 General Specifications 3.5.2: AI (21) is 1 to 20 characters of set 82.
    """
    if (part := db.get(Part, part_id)) is None or part.issuer != "gs1":
        return
    for serial in serials:
        if not gs1.is_allowed("21", standard(serial)):
            raise NotAGs1Serial(serial=serial)
