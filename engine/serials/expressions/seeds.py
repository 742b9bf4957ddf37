"""From an expression to what a trace starts from, in set-based SQL.

A term is three conditions: on lots, on runs, on units. `any` joins them, `except` takes away, `all`
keeps what fits every part of it; there a named thing stands for everything that contains it, for
“lot R-7 and made in March” means the devices with R-7 that were made in March.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, False_, and_, false, not_, or_, select, union
from sqlalchemy.orm import Session, aliased

from engine.serials.expressions import looking
from engine.serials.expressions.ranges import plain_range
from engine.serials.expressions.understood import Term
from engine.serials.models import (
    Edge,
    Event,
    Lot,
    LotStock,
    Packed,
    Segment,
    Shipment,
    ShipmentLine,
    Unit,
    UnitInput,
)
from engine.serials.naming import Concerned, been_at, concerned, made_in
from engine.serials.sets import id_set
from engine.serials.trace import Seeds
from engine.serials.walk import EVER_AROUND, EVER_IN, INTO, reach

Condition: TypeAlias = ColumnElement[bool]
NAMED = frozenset(
    {
        "lot",
        "unit",
        "segment",
        "lot_prefix",
        "serial_prefix",
        "lot_range",
        "serial_range",
        "work_order",
        "container",
    }
)


class Where(NamedTuple):
    """Which lots, runs and units a term means."""

    lots: Condition
    segments: Condition
    units: Condition


EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
NOTHING = Where(false(), false(), false())


class ExpressionUnknown(ValueError):
    """A mistake in the code: an expression with a term that nobody knows."""


def seeds_of(db: Session, expression: Mapping[str, Any]) -> Seeds:
    """Return the lots, runs and units an expression means now.

    What is taken out stays out as far as that is possible: a lot that lies somewhere, or went into
    something, cannot come in without the unit that is taken out, so it comes in whole.
    """
    # each term by itself: joined with OR no database would use the index of either
    wanted = [_where(db, term) for term in _together(expression.get("any", ()))]
    lots = _each(db, Lot.id, [one.lots for one in wanted])
    segments = _each(db, Segment.id, [one.segments for one in wanted])
    units = _each(db, Unit.id, [one.units for one in wanted])
    excepted = _together(expression.get("except", ()))
    if not excepted:
        return Seeds(lots=lots, segments=segments, units=units)

    taken = _any([_members(db, term) for term in excepted])
    lots -= _each(db, Lot.id, [and_(Lot.id.in_(id_set(db, lots)), taken.lots)])
    segments -= _each(db, Segment.id, [and_(Segment.id.in_(id_set(db, segments)), taken.segments)])
    units -= _each(db, Unit.id, [and_(Unit.id.in_(id_set(db, units)), taken.units)])
    broken_lots, broken_segments = _broken(db, lots, segments, taken.units)
    members = and_(_in_nodes(db, broken_lots, broken_segments), not_(taken.units))
    return Seeds(
        lots=lots - broken_lots,
        segments=segments - broken_segments,
        units=units | _each(db, Unit.id, [members]),
    )


def _together(terms: Iterable[Term]) -> list[Term]:
    """Put lots, and units, that are named one by one into one term each: thousands are pasted."""
    rest: list[Term] = []
    ids: dict[str, list[int]] = {"lot": [], "unit": []}
    for term in terms:
        kind = next(iter(term))
        if kind in ids:
            ids[kind].append(term[kind]["id"])
        else:
            rest.append(term)
    return [*({kind: {"ids": some}} for kind, some in ids.items() if some), *rest]


def _each(db: Session, column: Any, conditions: Iterable[Condition]) -> frozenset[int]:
    """Return the ids that fit any of the conditions, one query for each."""
    found: frozenset[int] = frozenset()
    for condition in conditions:
        if not isinstance(condition, False_):
            found |= frozenset(db.scalars(select(column).where(condition)))
    return found


def taken_out(db: Session, expression: Mapping[str, Any]) -> Condition | None:
    """Return the condition of the units that an expression takes out; None where it takes none.

    Those that a trace reaches all the same contain something suspect; a person is told so.
    """
    terms = expression.get("except", ())
    return _any([_members(db, term) for term in terms]).units if terms else None


def _broken(
    db: Session, lots: frozenset[int], segments: frozenset[int], taken: Condition
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the lots and runs that come in as their units, because one of these is taken out."""
    nodes = id_set(db, lots | segments)
    tied = union(
        select(Edge.inp).where(Edge.inp.in_(nodes)),
        select(LotStock.lot_id).where(LotStock.lot_id.in_(nodes), LotStock.quantity != 0),
        select(UnitInput.lot_id).where(UnitInput.lot_id.in_(nodes)),
    )
    kept = frozenset(db.scalars(tied))
    of_lots = select(Unit.lot_id).where(Unit.lot_id.in_(id_set(db, lots - kept)), taken)
    of_runs = select(Unit.seg_id).where(Unit.seg_id.in_(id_set(db, segments - kept)), taken)
    return _known(db.scalars(of_lots)), _known(db.scalars(of_runs))


def _known(ids: Iterable[int | None]) -> frozenset[int]:
    return frozenset(one for one in ids if one is not None)


def _in_nodes(db: Session, lots: frozenset[int], segments: frozenset[int]) -> Condition:
    return or_(Unit.lot_id.in_(id_set(db, lots)), Unit.seg_id.in_(id_set(db, segments)))


def _any(wheres: list[Where]) -> Where:
    if not wheres:
        return NOTHING
    return Where(
        or_(false(), *(one.lots for one in wheres)),
        or_(false(), *(one.segments for one in wheres)),
        or_(false(), *(one.units for one in wheres)),
    )


def _all(wheres: list[Where]) -> Where:
    return Where(
        and_(*(one.lots for one in wheres)),
        and_(*(one.segments for one in wheres)),
        and_(*(one.units for one in wheres)),
    )


def _where(db: Session, term: Term) -> Where:
    """Return what a term names, and nothing that only belongs to it."""
    kind, told = _kind_of(term)
    if kind == "any":
        return _any([_where(db, one) for one in _together(told)])
    if kind == "all":
        return _narrowed(db, told)
    return _TERMS[kind](db, told)


def _narrowed(db: Session, terms: list[Term]) -> Where:
    """Return what fits every term; units only where no run or lot of them says it already."""
    found = _all([_reached(db, term) for term in terms])
    segments = select(Segment.id).where(found.segments)
    lots = select(Lot.id).where(found.lots)
    units = and_(
        found.units,
        or_(Unit.seg_id.is_(None), Unit.seg_id.not_in(segments)),
        or_(Unit.lot_id.is_(None), Unit.lot_id.not_in(lots)),
    )
    return found._replace(units=units)


def _reached(db: Session, term: Term) -> Where:
    """Return everything that is or contains what a term names; a description reaches no further."""
    kind, told = _kind_of(term)
    if kind == "any":
        return _any([_reached(db, one) for one in _together(told)])
    members = _members(db, term)
    if kind not in NAMED:
        return members
    where = _where(db, term)
    start = set(db.scalars(select(Lot.id).where(where.lots)))
    start |= set(db.scalars(select(Segment.id).where(where.segments)))
    nodes = frozenset(reach(db, start, INTO))
    listed = id_set(db, nodes)
    used = select(UnitInput.unit_id).where(UnitInput.lot_id.in_(listed))
    units = set(db.scalars(select(Unit.id).where(or_(where.units, Unit.id.in_(used)))))
    around = reach(db, units, EVER_AROUND)
    return Where(
        Lot.id.in_(listed),
        Segment.id.in_(listed),
        or_(Unit.id.in_(id_set(db, around)), Unit.seg_id.in_(listed), Unit.lot_id.in_(listed)),
    )


def _members(db: Session, term: Term) -> Where:
    """Return a term with the units of its runs and lots."""
    kind, told = _kind_of(term)
    if kind == "any":
        return _any([_members(db, one) for one in _together(told)])
    if kind == "all":
        return _all([_members(db, one) for one in told])
    if kind == "part":
        return _part(db, told)
    where = _where(db, term)
    units = or_(
        where.units,
        Unit.seg_id.in_(select(Segment.id).where(where.segments)),
        Unit.lot_id.in_(select(Lot.id).where(where.lots)),
    )
    return where._replace(units=units)


def _kind_of(term: Term) -> tuple[str, Any]:
    if len(term) != 1:
        raise ExpressionUnknown(term)
    kind, told = next(iter(term.items()))
    if kind not in _TERMS and kind not in ("any", "all"):
        raise ExpressionUnknown(kind)
    return kind, told


# --- one function for each term -----------------------------------------------------------------


def _lot(db: Session, told: Mapping[str, Any]) -> Where:
    return NOTHING._replace(lots=Lot.id.in_(id_set(db, told.get("ids") or [told["id"]])))


def _unit(db: Session, told: Mapping[str, Any]) -> Where:
    return NOTHING._replace(units=Unit.id.in_(id_set(db, told.get("ids") or [told["id"]])))


def _segment(db: Session, told: Mapping[str, Any]) -> Where:
    return NOTHING._replace(segments=Segment.id == told["id"])


def _part(db: Session, told: Mapping[str, Any]) -> Where:
    part = told["id"]
    return Where(Lot.part_id == part, Segment.part_id == part, Unit.part_id == part)


def _lots_named(db: Session, told: Mapping[str, Any]) -> Where:
    found = looking.lots_of(told.get("begins"), _range(told))
    where = and_(Lot.id.in_(found), ~Lot.is_unknown)
    return NOTHING._replace(lots=_of_part(where, Lot.part_id, told))


def _units_named(db: Session, told: Mapping[str, Any]) -> Where:
    where = Unit.id.in_(looking.units_of(told.get("begins"), _range(told)))
    return NOTHING._replace(units=_of_part(where, Unit.part_id, told))


def _of_part(where: Condition, column: Any, told: Mapping[str, Any]) -> Condition:
    return and_(where, column == told["part"]["id"]) if "part" in told else where


def _range(told: Mapping[str, Any]) -> Any:
    return plain_range(told["from"], told["to"]) if "from" in told else None


def _work_order(db: Session, told: Mapping[str, Any]) -> Where:
    said = _concerned(db, concerned(db, "work_order", told["number"]))
    return said._replace(segments=or_(said.segments, Segment.work_order == told["number"]))


def _fact(db: Session, told: Mapping[str, Any]) -> Where:
    return _concerned(
        db,
        concerned(
            db,
            told["name"],
            told.get("value") or told["begins"],
            is_beginning="begins" in told,
            from_at=_moment(told.get("from")),
            to_at=_moment(told.get("to")),
        ),
    )


def _made(db: Session, told: Mapping[str, Any]) -> Where:
    first, last = _moment(told.get("from")), _moment(told.get("to"))
    return _concerned(db, made_in(db, first or EARLIEST, last or LATEST))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _site(db: Session, told: Mapping[str, Any]) -> Where:
    return NOTHING._replace(segments=Segment.site_id.in_(id_set(db, told["ids"])))


def _location(db: Session, told: Mapping[str, Any]) -> Where:
    places = id_set(db, told["ids"])
    lying = select(LotStock.lot_id).where(LotStock.location_id.in_(places), LotStock.quantity != 0)
    return Where(Lot.id.in_(lying), false(), Unit.location_id.in_(places))


def _was_at(db: Session, told: Mapping[str, Any]) -> Where:
    found = been_at(db, told["ids"])
    return _any([_concerned(db, found), _location(db, told), _site(db, told)])


def _shipped(db: Session, told: Mapping[str, Any]) -> Where:
    later = aliased(Event)
    lines = (
        select(ShipmentLine.unit_id, ShipmentLine.lot_id)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        # what was corrected counts as its correction says, which has a shipment of its own
        .outerjoin(later, later.corrects_id == ShipmentLine.event_id)
        .where(Shipment.location_id.in_(id_set(db, told["ids"])), later.id.is_(None))
        .subquery()
    )
    lots = select(lines.c.lot_id).where(lines.c.lot_id.is_not(None))
    units = select(lines.c.unit_id).where(lines.c.unit_id.is_not(None))
    return Where(Lot.id.in_(lots), false(), Unit.id.in_(units))


def _container(db: Session, told: Mapping[str, Any]) -> Where:
    containers = id_set(db, reach(db, [told["id"]], EVER_IN))
    inside = Packed.container_id.in_(containers)
    lots = select(Packed.lot_id).where(inside, Packed.lot_id.is_not(None))
    units = select(Packed.unit_id).where(inside, Packed.unit_id.is_not(None))
    return Where(Lot.id.in_(lots), false(), Unit.id.in_(units))


def _concerned(db: Session, found: Concerned) -> Where:
    return Where(
        Lot.id.in_(id_set(db, found.lots)),
        Segment.id.in_(id_set(db, found.segments)),
        Unit.id.in_(id_set(db, found.units)),
    )


_TERMS: dict[str, Callable[[Session, Mapping[str, Any]], Where]] = {
    "lot": _lot,
    "unit": _unit,
    "segment": _segment,
    "part": _part,
    "lot_prefix": _lots_named,
    "lot_range": _lots_named,
    "serial_prefix": _units_named,
    "serial_range": _units_named,
    "work_order": _work_order,
    "fact": _fact,
    "made": _made,
    "site": _site,
    "location": _location,
    "was_at": _was_at,
    "shipped": _shipped,
    "container": _container,
}
