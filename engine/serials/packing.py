"""Packing into cases and pallets, and taking out again; what is inside goes where they go."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Unpack

from biip import ParseError
from biip.sscc import Sscc
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.serials import ship, stock
from engine.serials.errors import (
    ContainerKindDiffers,
    ContainerUnknown,
    NotAnSscc,
    NothingPacked,
    NotInContainer,
    PackedApart,
    PackedInside,
)
from engine.serials.events import Links, record_events, write_event
from engine.serials.holds.tranches import split_keeping_holds
from engine.serials.models import Container, Event, LotStock, Packed, Unit
from engine.serials.packed import INTO_OUTER, Inside, contents_of, packed_of
from engine.serials.record import Effect, How, Recorded, StockPart
from engine.serials.sets import id_set
from engine.serials.stock import Taken
from engine.serials.units import refuse_installed, units_by_id
from engine.serials.walk import reach

LABELLED = 20  # digits on a label: the application identifier 00, then the SSCC


@dataclass(frozen=True)
class Load:
    """What goes into a container: units, quantities of lots, other containers."""

    units: Sequence[int] = ()
    stock_parts: Sequence[StockPart] = ()
    containers: Sequence[int] = ()

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing in it."""
        return not (self.units or self.stock_parts or self.containers)


def sscc_of(text: str) -> str:
    """Return the 18 digits of an SSCC; raises `NotAnSscc` for another length or check digit."""
    digits = "".join(text.split()).removeprefix("(00)")
    if len(digits) == LABELLED and digits.startswith("00"):
        digits = digits[2:]
    try:
        return Sscc.parse(digits).value
    except ParseError as problem:
        raise NotAnSscc(text=text.strip()) from problem


def pack(
    db: Session, sscc: str, kind: str, load: Load, *, location_id: int | None = None,
    **how: Unpack[How],
) -> Recorded:  # fmt: skip
    """Put goods in a case or on a pallet, now made or with room left; `facts` gives its id.

    A quantity of a lot is told apart, so that what lies in the case is known. Raises `NotAnSscc`,
    `NothingPacked`, `PackedInside`, `PackedApart`, `InstalledInside`, `NotEnough`.
    """
    if load.is_empty:
        raise NothingPacked
    container = _container(db, sscc_of(sscc), kind)
    units = units_by_id(db, load.units, lock=True)
    refuse_installed(db, units)
    taken = stock.take(db, load.stock_parts)
    _refuse_packed(db, units, taken, load.containers)
    inner = contents_of(db, load.containers)
    _refuse_apart(db, [*units.values()], taken, inner, container)
    links = Links().add(units, Effect()).add(inner.units, Effect(), "carried")
    links.about({part.spot.lot_id for part in taken} | set(inner.lots))
    said = _named(container_sscc := sscc_of(sscc), how)
    payload = {"sscc": container_sscc, "kind": kind}
    event = write_event(db, "packed", links, location_id=location_id, payload=payload, **said)
    if container is None:
        container = Container(sscc=container_sscc, kind=kind, event_id=event.id)
        db.add(container)
        db.flush()
    _refuse_inside_itself(db, container, load.containers)
    common = {"container_id": container.id, "from_event_id": event.id}
    db.add_all(Packed(unit_id=key, **common) for key in units)
    db.add_all(Packed(inner_id=key, **common) for key in load.containers)
    for part in taken:
        tranche = _tranche(db, event, part)
        db.add(Packed(lot_id=part.spot.lot_id, tranche_id=tranche, **common))
    db.flush()
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units), facts={"container_id": container.id})


def unpack(
    db: Session,
    container_id: int,
    *,
    units: Sequence[int] | None = None,
    tranches: Sequence[int] | None = None,
    containers: Sequence[int] | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Take goods out of a container: those named, or all of it when none are.

    Raises `ContainerUnknown`, `NotInContainer`.
    """
    container = container_by_id(db, container_id)
    rows = list(
        db.scalars(
            select(Packed).where(Packed.container_id == container_id, Packed.to_event_id.is_(None))
        )
    )
    is_all = units is None and tranches is None and containers is None
    wanted = {
        *(("unit", key) for key in units or ()),
        *(("tranche", key) for key in tranches or ()),
        *(("inner", key) for key in containers or ()),
    }
    there = {_key(row): row for row in rows}
    if not rows or wanted - set(there):
        raise NotInContainer(sscc=container.sscc)

    out = rows if is_all else [there[key] for key in sorted(wanted)]
    links = Links().add([row.unit_id for row in out if row.unit_id], Effect())
    links.about({row.lot_id for row in out if row.lot_id})
    event = write_event(
        db, "unpacked", links, payload={"sscc": container.sscc}, **_named(container.sscc, how)
    )
    for row in out:
        row.to_event_id = event.id
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(links.units))


def ship_containers(
    db: Session,
    container_ids: Collection[int],
    *,
    to_location_id: int,
    document_no: str | None = None,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    **how: Unpack[How],
) -> Recorded:
    """Ship cases and pallets with all that is in them, and loose goods beside them.

    Refused like any shipment: one held unit keeps its pallet here. Raises `ContainerUnknown`,
    `NothingPacked` for an empty one, `OnHold`, `PackedApart`.
    """
    sscc = [container_by_id(db, one).sscc for one in container_ids]
    inside = contents_of(db, container_ids)
    if not (inside.units or inside.stock):
        raise NothingPacked
    parts = [StockPart(row.id, row.quantity) for row in inside.stock]
    said: How = {**how, "facts": {**how.get("facts", {}), "sscc": sscc}}
    return ship.ship(
        db, to_location_id=to_location_id, units=[*inside.units, *units],
        stock_parts=[*parts, *stock_parts], containers=list(container_ids),
        document_no=document_no, **said,
    )  # fmt: skip


def container_by_id(db: Session, container_id: int) -> Container:
    """Return a container; raises `ContainerUnknown`."""
    container = db.get(Container, container_id)
    if container is None:
        raise ContainerUnknown(container=container_id)
    return container


def container_of(db: Session, sscc: str) -> Container:
    """Return the container of an SSCC; raises `ContainerUnknown`, `NotAnSscc`."""
    number = sscc_of(sscc)
    container = db.scalar(select(Container).where(Container.sscc == number))
    if container is None:
        raise ContainerUnknown(container=number)
    return container


def _key(row: Packed) -> tuple[str, int]:
    for kind in ("unit", "tranche", "inner"):
        if (key := getattr(row, f"{kind}_id")) is not None:
            return kind, key
    raise AssertionError(row.id)


def _container(db: Session, sscc: str, kind: str) -> Container | None:
    container = db.scalar(select(Container).where(Container.sscc == sscc).with_for_update())
    if container is not None and container.kind != kind:
        raise ContainerKindDiffers(sscc=sscc)
    return container


def _named(sscc: str, how: How) -> How:
    return {**how, "facts": {**how.get("facts", {}), "sscc": [sscc]}}


def _refuse_packed(
    db: Session, units: Iterable[int], taken: Sequence[Taken], containers: Iterable[int]
) -> None:
    tranches = {part.spot.tranche_id for part in taken} - {0}
    for row, sscc in packed_of(db, units=units, tranches=tranches, inner=containers):
        raise PackedInside(what=_called(db, row), sscc=sscc)


def _called(db: Session, row: Packed) -> str:
    if row.unit_id is not None:
        return db.get_one(Unit, row.unit_id).serial
    if row.inner_id is not None:
        return db.get_one(Container, row.inner_id).sscc
    return str(row.tranche_id)


def _refuse_apart(
    db: Session,
    units: Sequence[Unit],
    taken: Sequence[Taken],
    inner: Inside,
    container: Container | None,
) -> None:
    """Raise `PackedApart` unless everything lies in one place and custody."""
    already = contents_of(db, [container.id]) if container else Inside()
    there = _places(db, {*inner.units, *already.units}) | {
        (row.location_id, row.custody) for row in (*inner.stock, *already.stock)
    }
    there |= {(unit.location_id, unit.custody) for unit in units}
    there |= {(part.spot.location_id, part.spot.custody) for part in taken}
    if len(there) > 1:
        raise PackedApart


def _places(db: Session, unit_ids: Collection[int]) -> set[tuple[int | None, str]]:
    rows = db.execute(
        select(Unit.location_id, Unit.custody).where(Unit.id.in_(id_set(db, unit_ids))).distinct()
    )
    return {(place, custody) for place, custody in rows}


def _refuse_inside_itself(db: Session, container: Container, containers: Collection[int]) -> None:
    around = reach(db, [container.id], INTO_OUTER)
    for one in containers:
        if one in around:
            raise PackedInside(what=container.sscc, sscc=container_by_id(db, one).sscc)


def _tranche(db: Session, event: Event, part: Taken) -> int:
    """Tell a packed quantity apart, unless all of its tranche is packed."""
    whole: ColumnElement[bool] = LotStock.tranche_id == part.spot.tranche_id
    if part.spot.tranche_id:
        lying = db.scalars(select(LotStock.quantity).where(whole, LotStock.quantity != 0)).all()
        if lying == [part.quantity]:
            return part.spot.tranche_id
    return split_keeping_holds(db, part, event)
