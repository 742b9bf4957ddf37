"""What was made of what: nothing that went in is lost for the trace."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select

from engine.errors import EngineError
from engine.serials import install, lots
from engine.serials.build import build_lot, build_units, take_inputs, use_in_units
from engine.serials.epcis.names import read
from engine.serials.epcis.taking.case import Case, finish, payload_of, serial_of
from engine.serials.epcis.taking.lots import inputs_named, lot_named, lot_of_unit, stock_named
from engine.serials.epcis.taking.seeing import observe
from engine.serials.events import Links, write_event
from engine.serials.models import Location, LotStock, Unit
from engine.serials.record import Effect, LotInput, Recorded
from engine.serials.rules import flag_lots
from engine.serials.sets import id_set
from engine.serials.units import open_hosts, units_by_id

Become = Callable[..., Recorded]


BECOMES: Mapping[str, Become] = {
    "lot_split": lots.split_lot,
    "lot_merged": lots.merge_lots,
    "relabelled": lots.relabel_lot,
}


def take_transformation(case: Case) -> None:
    """Record what was made of what: nothing that went in is lost for the trace.

    Where the place is not known, it is where the inputs were. Units that were recorded before get
    their input lots; which unit each part went into is often not said: see `_fit_in_each`.
    """
    known, both = _outputs(case)
    children = [one for one in dict.fromkeys(case.units("inputEPCList")) if one not in both]
    wanted = [uri for uri in case.uris("outputEPCList") if uri in case.known.parts]
    new = [uri for uri in dict.fromkeys(wanted) if uri not in case.known.units]
    lots = [
        (uri, quantity)
        for uri, quantity in case.quantities("outputQuantityList")
        if uri in case.known.parts and read(uri).kind == "lot"
    ]
    if not lots:
        known, both = [*known, *both], []  # they took up what else went in
    place_id = _somewhere(case)
    if place_id is None or not (new or known or lots):
        observe(case)
        return
    if children and len(new) + len(known) != 1:
        case.taken.flag("inputs_not_placed", count=len(children))
    if not (new or known or children) and _become(case, both, lots):
        return
    case.asks("goods.build")
    inputs = inputs_named(case, place_id)
    children = taken_out(case, children, known)
    hosts = list(known)
    for part_id in dict.fromkeys(case.known.parts[uri] for uri in new):
        ones = [uri for uri in new if case.known.parts[uri] == part_id]
        recorded = build_units(
            case.db,
            part_id,
            [serial_of(uri) for uri in ones],
            location_id=place_id,
            inputs=inputs,
            lot_id=lot_of_unit(case, part_id, ones[0]),
            usability="unknown",
            reported=True,
            **case.how,
        )
        case.record(recorded.event)
        hosts += recorded.unit_ids
        inputs = _used_up(inputs)
    if known and inputs:
        _use_in(case, known, inputs, place_id)
        inputs = _used_up(inputs)
    if not hosts:
        inputs = [*inputs, *_nodes_of(case, children)]
    made = _make_lots(case, lots, inputs, place_id)
    if both and made:
        _use_in(case, both, [LotInput(one) for one in made], place_id)
    _fit_in_each(case, children, hosts)
    if case.taken.event is None:
        observe(case)


def _outputs(case: Case) -> tuple[list[int], list[int]]:
    """Return the known units that came out, and those that went in and came out again."""
    went_in, came_out = case.units("inputEPCList"), dict.fromkeys(case.units("outputEPCList"))
    return (
        [one for one in came_out if one not in went_in],
        [one for one in came_out if one in went_in],
    )


def _become(case: Case, units: Sequence[int], made: Sequence[tuple[str, Decimal | None]]) -> bool:
    """Record a split, a merge or a relabelling as one, when it is no more than that."""
    said = case.quantities("inputQuantityList")
    total = sum((quantity or Decimal(0) for _, quantity in said), Decimal(0))
    parts = {case.known.parts.get(uri) for uri, _ in said}
    if len(made) != 1 or not all(uri in case.known.lots for uri, _ in said):
        return False
    [(uri, quantity)] = made
    is_new = uri not in case.known.lots and parts == {case.known.parts[uri]}
    if not is_new or total != (quantity or Decimal(0)):
        return False
    kind = case.body.get("holdfast:type") or ("lot_split" if len(said) == 1 else "lot_merged")
    case.asks("goods.relabel" if kind == "relabelled" else "lot.change")
    try:
        with case.db.begin_nested():
            become: Become = BECOMES.get(str(kind), lots.split_lot)
            recorded = become(
                case.db,
                read(uri).lot_no or "",
                units=units,
                stock_parts=stock_named(case, "inputQuantityList"),
                reported=True,
                **case.how,
            )
    except EngineError:
        return False  # a released unit keeps its lot: told as a lot made of lots
    case.record(recorded.event)
    return True


def _make_lots(
    case: Case,
    said: Sequence[tuple[str, Decimal | None]],
    inputs: Sequence[LotInput],
    place_id: int,
) -> list[int]:
    """Record quantities of lots that were made; return the lots."""
    made = []
    for uri, quantity in said:
        lot = lot_named(case, uri)
        recorded = build_lot(
            case.db,
            lot.id,
            quantity or Decimal(0),
            location_id=place_id,
            inputs=inputs,
            usability="unknown",
            reported=True,
            **case.how,
        )
        case.record(recorded.event)
        inputs = _used_up(inputs)
        made.append(lot.id)
    return made


def _use_in(case: Case, units: Sequence[int], inputs: Sequence[LotInput], place_id: int) -> None:
    """Record lots that went into units which were recorded before."""
    links = Links().add(units_by_id(case.db, units, lock=True), Effect())
    links.about([one.lot_id for one in inputs], "input")
    event = write_event(
        case.db, "input_added", links, location_id=place_id, payload=payload_of(case), **case.how
    )
    use_in_units(case.db, event, units, _used_up(inputs))
    take_inputs(case.db, event, inputs, location_id=place_id, reported=True)
    flag_lots(case.db, event, inputs)
    finish(case, event, links)


def _used_up(inputs: Iterable[LotInput]) -> list[LotInput]:
    """Return the same lots without their quantity, which is taken from stock once."""
    return [LotInput(one.lot_id) for one in inputs]


def taken_out(case: Case, children: Sequence[int], hosts: Sequence[int]) -> list[int]:
    """Return the parts that are free to go in; what is in something else comes out of it first."""
    there = open_hosts(case.db, children)
    elsewhere = [one for one, host in there.items() if host not in hosts]
    if elsewhere:
        case.taken.flag("was_inside_another", count=len(elsewhere))
        case.record(install.remove_units(case.db, elsewhere, **case.how).event)
    return [one for one in children if one not in there or one in elsewhere]


def _fit_in_each(case: Case, children: Sequence[int], hosts: Sequence[int]) -> None:
    """Put parts into what was made; where it is not said which, into each in turn.

    A part can be in one unit only. So that a trace of it finds every unit that may hold it, it is
    recorded as having been in all of them, and as being in the last: flagged as not said.
    """
    for number, host in enumerate(hosts if children else ()):
        if number:
            case.record(install.remove_units(case.db, children, **case.how).event)
        fittings = [install.Fitting(one, host) for one in children]
        case.record(install.install_units(case.db, fittings, reported=True, **case.how).event)


def _nodes_of(case: Case, units: Sequence[int]) -> list[LotInput]:
    """Return the lots and runs of units that went into a lot, which holds no units."""
    rows = case.db.execute(
        select(Unit.lot_id, Unit.seg_id).where(Unit.id.in_(id_set(case.db, units)))
    )
    return [LotInput(one) for one in sorted({node for row in rows for node in row if node})]


def _somewhere(case: Case) -> int | None:
    """Return where it happened: as said, else where what went in was, else any place: flagged."""
    if case.place is not None:
        return case.place.id
    case.taken.flag("place_unknown")
    units = id_set(case.db, case.units("inputEPCList", "outputEPCList"))
    stock_of = id_set(case.db, case.known.lots.values())
    asked = (
        select(Unit.location_id).where(Unit.id.in_(units), Unit.location_id.is_not(None)),
        select(LotStock.location_id).where(LotStock.lot_id.in_(stock_of)),
        select(Location.id).order_by(Location.id),
    )
    found = (case.db.scalar(one.limit(1)) for one in asked)
    return next((one for one in found if one is not None), None)
