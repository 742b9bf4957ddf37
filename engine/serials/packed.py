"""What lies in which case and pallet, and what happens to it when goods go without them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.serials.errors import StillPacked
from engine.serials.flags import raise_flag
from engine.serials.models import Container, Event, Lot, LotStock, Packed, Unit
from engine.serials.sets import id_set
from engine.serials.walk import Way, reach

INTO_OUTER = Way("packed", "inner_id", "container_id", "AND n.to_event_id IS NULL")
INTO_INNER = Way(
    "packed", "container_id", "inner_id", "AND n.to_event_id IS NULL AND n.inner_id IS NOT NULL"
)


@dataclass(frozen=True)
class Inside:
    """What is in containers, to any depth."""

    units: tuple[int, ...] = ()
    stock: tuple[LotStock, ...] = ()
    containers: tuple[int, ...] = ()

    @property
    def lots(self) -> set[int]:
        """Return the lots of which a quantity is in there."""
        return {row.lot_id for row in self.stock}


def contents_of(db: Session, container_ids: Collection[int]) -> Inside:
    """Return everything in these containers and in those inside them."""
    everyone = reach(db, container_ids, INTO_INNER)
    rows = db.scalars(
        select(Packed).where(
            Packed.container_id.in_(id_set(db, everyone)), Packed.to_event_id.is_(None)
        )
    ).all()
    tranches = {row.tranche_id for row in rows if row.tranche_id is not None}
    lying = db.scalars(
        select(LotStock)
        .where(LotStock.tranche_id.in_(id_set(db, tranches)), LotStock.quantity > 0)
        .order_by(LotStock.id)
    )
    return Inside(
        tuple(sorted(row.unit_id for row in rows if row.unit_id is not None)),
        tuple(lying) if tranches else (),
        tuple(sorted(everyone - set(container_ids))),
    )


def packed_of(
    db: Session,
    *,
    units: Iterable[int] = (),
    tranches: Iterable[int] = (),
    inner: Iterable[int] = (),
) -> list[tuple[Packed, str]]:
    """Return where units, tranches and containers are packed now, with the SSCC."""
    rows = db.execute(
        select(Packed, Container.sscc)
        .join(Container, Container.id == Packed.container_id)
        .where(
            Packed.to_event_id.is_(None),
            or_(
                Packed.unit_id.in_(id_set(db, units)),
                Packed.tranche_id.in_(id_set(db, tranches)),
                Packed.inner_id.in_(id_set(db, inner)),
            ),
        )
        .order_by(Packed.id)
    )
    return [(row, sscc) for row, sscc in rows]


def refuse_torn(db: Session, units: Collection[int], tranches: Collection[int]) -> None:
    """Raise `StillPacked` when something would go without the case or pallet it is in."""
    for row, sscc in _torn(db, units, tranches):
        raise StillPacked(what=_name(db, row), sscc=sscc)


def let_out(
    db: Session,
    event: Event,
    units: Collection[int],
    tranches: Collection[int] = (),
    *,
    is_flagged: bool = False,
) -> None:
    """End the packing of what went without its case or pallet; flagged where only reported."""
    for row, sscc in _torn(db, units, tranches):
        row.to_event_id = event.id
        if is_flagged:
            _flag_elsewhere(db, event, row, sscc)
    db.flush()


def let_out_alone(
    db: Session,
    event: Event,
    units: Collection[int],
    tranches: Collection[int],
    containers: Collection[int],
) -> None:
    """End the packing of what left alone out of a case that holds nothing else; flagged.

    `containers` are the cases and pallets that were named: what is in them left with them. Of a
    case that nobody named nobody knows whether it went along.
    """
    named = reach(db, containers, INTO_INNER)
    found = packed_of(db, units=units, tranches={*tranches} - {0})
    loose = [(row, sscc) for row, sscc in found if row.container_id not in named]
    outer = _outermost_of(db, loose)
    counts = {key: _count(contents_of(db, [key])) for key in set(outer.values())}
    for row, sscc in loose:
        if counts[outer[row.container_id]] == 1:
            row.to_event_id = event.id
            _flag_elsewhere(db, event, row, sscc)
    db.flush()


def _count(inside: Inside) -> int:
    return len(inside.units) + len(inside.stock)


def _flag_elsewhere(db: Session, event: Event, row: Packed, sscc: str) -> None:
    raise_flag(
        db, event, "packed_elsewhere", at=event.recorded_at,
        unit_id=row.unit_id, lot_id=row.lot_id, facts={"sscc": sscc},
    )  # fmt: skip


def _torn(
    db: Session, units: Collection[int], tranches: Collection[int]
) -> Sequence[tuple[Packed, str]]:
    """Return what is packed in something that does not go whole with it."""
    goes = {*units}, {*tranches} - {0}
    whole: dict[int, bool] = {}
    torn = []
    found = packed_of(db, units=goes[0], tranches=goes[1])
    outer = _outermost_of(db, found)
    for row, sscc in found:
        key = outer[row.container_id]
        if key not in whole:
            inside = contents_of(db, [key])
            whole[key] = (
                set(inside.units) <= goes[0] and {one.tranche_id for one in inside.stock} <= goes[1]
            )
        if not whole[key]:
            torn.append((row, sscc))
    return torn


def _outermost_of(db: Session, rows: Iterable[tuple[Packed, str]]) -> dict[int, int]:
    """Return what is around each of the cases that rows name, each asked once."""
    return {key: outermost(db, key) for key in {row.container_id for row, _ in rows}}


def outermost(db: Session, container_id: int) -> int:
    """Return the container around a container that is in no other."""
    around = reach(db, [container_id], INTO_OUTER)
    inside = set(
        db.scalars(
            select(Packed.inner_id).where(
                Packed.inner_id.in_(id_set(db, around)), Packed.to_event_id.is_(None)
            )
        )
    )
    return (around - inside).pop()


def _name(db: Session, row: Packed) -> str:
    if row.unit_id is not None:
        return db.get_one(Unit, row.unit_id).serial
    return db.get_one(Lot, row.lot_id).lot_no
