"""What a run found as rows of a file, with the columns a person may see."""

from collections.abc import Iterator, Mapping
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.exports import Column
from engine.people.person import Person
from engine.serials import trace
from engine.serials.dictionary import seen
from engine.serials.models import Lot, TraceRun, Unit
from engine.serials.sets import id_set
from engine.serials.trace import KeptStock, KeptUnit
from webapp import words
from webapp.words import N_

AT_ONCE = 1_000
# name, label, type, and the field of the dictionary that has to be seen
COLUMNS = (
    ("part_no", N_("Part number"), "text", ("part", "part_no")),
    ("part_name", N_("Part name"), "text", ("part", "name")),
    ("serial", N_("Serial number"), "text", ("unit", "serial")),
    ("lot_no", N_("Lot number"), "text", ("unit", "lot_no")),
    ("quantity", N_("Quantity"), "quantity", ("stock", "quantity")),
    ("inside", N_("Inside"), "text", ("unit", "serial")),
    ("how", N_("How it came in"), "text", None),
    ("is_certain", N_("Certain"), "boolean", None),
    ("custody", N_("Custody"), "text", ("unit", "custody")),
    ("usability", N_("Usability"), "text", ("unit", "usability")),
    ("location", N_("Place"), "text", ("unit", "location")),
    ("party", N_("Organisation"), "text", ("party", "name")),
    ("country", N_("Country"), "text", ("party", "country")),
)


def as_rows(
    db: Session, run: TraceRun, person: Person
) -> tuple[list[Column], Iterator[list[object]]]:
    """Return the columns, in the reader's words, and every affected unit and quantity as a row."""
    shown = [one for one in COLUMNS if one[3] is None or _is_seen(one[3], person)]
    columns = [Column(name, words.said(label), kind) for name, label, kind, _ in shown]
    names = [one[0] for one in shown]
    return columns, ([facts[name] for name in names] for facts in facts_of(db, run.id))


def _is_seen(field: tuple[str, str], person: Person) -> bool:
    entity, name = field
    return name in {one.name for one in seen(entity, person)}


def facts_of(db: Session, run_id: int) -> Iterator[Mapping[str, object]]:
    """Give every affected unit, then every quantity of a lot, some at a time."""
    units = trace.every_unit(db, run_id)
    while some := list(islice(units, AT_ONCE)):
        lots = _lots(db, [one.unit_id for one in some])
        for one in some:
            yield _of_unit(one, lots.get(one.unit_id))
    for stock in trace.every_stock(db, run_id):
        yield _of_stock(stock)


def _lots(db: Session, unit_ids: list[int]) -> dict[int, str]:
    rows = db.execute(
        select(Unit.id, Lot.lot_no)
        .join(Lot, Lot.id == Unit.lot_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
    )
    return {row.id: row.lot_no for row in rows}


def _of_unit(unit: KeptUnit, lot_no: str | None) -> dict[str, object]:
    return {
        "part_no": unit.part_no,
        "part_name": unit.part_name,
        "serial": unit.serial,
        "lot_no": lot_no,
        "quantity": 1,
        "inside": None if unit.is_root else unit.root_serial,
        "how": words.way_in(unit.how),
        "is_certain": unit.is_certain,
        **_where(unit),
    }


def _of_stock(stock: KeptStock) -> dict[str, object]:
    return {
        "part_no": stock.part_no,
        "part_name": stock.part_name,
        "serial": None,
        "lot_no": stock.lot_no,
        "quantity": stock.quantity,
        "inside": None,
        "how": None,
        "is_certain": stock.is_certain,
        **_where(stock),
    }


def _where(row: KeptUnit | KeptStock) -> dict[str, object]:
    return {
        "custody": words.custody(row.custody),
        "usability": words.usability(row.usability),
        "location": row.location,
        "party": row.party,
        "country": row.country,
    }
