"""Counting what a trace finds without keeping it: one statement, whatever comes out."""

# ruff: noqa: S608  names and steps come from here, values are bound

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.orm import Session

from engine.db import SCALE
from engine.serials.models import Location, Part, Party
from engine.serials.sets import id_set, id_value, is_sqlite
from engine.serials.trace.counts import Counts, Placed, Sent
from engine.serials.trace.search import Search
from engine.serials.trace.seeds import Seeds

NO_ID = "CAST(NULL AS bigint)"
# a shipment that was corrected counts as its correction says, which has a shipment of its own
STANDS = "NOT EXISTS (SELECT 1 FROM event c WHERE c.corrects_id = s.event_id)"


def counted(db: Session, seeds: Seeds) -> Counts:
    """Count what is or ever contained these, by place and by consignee; keeps nothing.

    The work follows the size of the answer, not of the tables.
    """
    rows = db.execute(
        _statement(is_sqlite(db)),
        {"nodes": id_value(db, seeds.nodes), "units": id_value(db, seeds.units)},
    )
    return as_counts(db, rows)


@cache
def _statement(sqlite: bool) -> TextClause:  # noqa: FBT001 - one of two kinds of database
    search = Search(sqlite)
    placed = search.step(
        "{part} AS part_id, {custody} AS custody, {place} AS location_id,"
        " w.certain, w.present, w.id",
        "standing w",
        "unit n",
        "n.id = w.id",
        part="n.part_id",
        custody="n.custody",
        place="n.location_id",
    )
    return text(
        f"WITH RECURSIVE {search.nodes()}, {search.units()}, {search.standing()}"
        f" {figures(search, placed, 'standing', 'w.certain, w.present')}"
        f" UNION ALL {_stock(search)}"
    )


def figures(search: Search, placed: str, standing: str, flags: str) -> str:
    """Return the counting of units by place (of the rows `placed`) and by consignee."""
    sent = search.step(
        f"{{consignee}} AS consignee_id, {flags}, w.id",
        f"{standing} w",
        "shipment_line n CROSS JOIN shipment s",
        f"n.unit_id = w.id AND s.id = n.shipment_id AND {STANDS}",
        consignee="s.consignee_id",
    )
    lots = search.step(
        "{consignee} AS consignee_id, w.certain, {qty} AS quantity",
        "node w",
        "shipment_line n CROSS JOIN shipment s",
        f"n.lot_id = w.id AND s.id = n.shipment_id AND {STANDS}",
        consignee="s.consignee_id",
        qty="n.quantity",
    )
    return (
        f"SELECT 'unit' AS kind, part_id, custody, location_id, {NO_ID} AS consignee_id,"
        " certain, present, count(*) AS n"
        f" FROM ({placed}) p GROUP BY part_id, custody, location_id, certain, present"
        f" UNION ALL SELECT 'unit_sent', {NO_ID}, NULL, {NO_ID}, consignee_id, certain, present,"
        f" count(DISTINCT id) FROM ({sent}) t GROUP BY consignee_id, certain, present"
        f" UNION ALL SELECT 'lot_sent', {NO_ID}, NULL, {NO_ID}, consignee_id, certain, 1,"
        f" CAST(sum(quantity) AS bigint) FROM ({lots}) q GROUP BY consignee_id, certain"
    )


def _stock(search: Search) -> str:
    lying = search.step(
        "{part} AS part_id, {custody} AS custody, {place} AS location_id, w.certain,"
        " {qty} AS quantity",
        "node w",
        "lot_stock n CROSS JOIN lot l",
        "n.lot_id = w.id AND n.quantity <> 0 AND l.id = n.lot_id",
        part="l.part_id",
        custody="n.custody",
        place="n.location_id",
        qty="n.quantity",
    )
    return (
        f"SELECT 'lot', part_id, custody, location_id, {NO_ID}, certain, 1,"
        f" CAST(sum(quantity) AS bigint) FROM ({lying}) k"
        " GROUP BY part_id, custody, location_id, certain"
        f" UNION ALL SELECT 'node', {NO_ID}, NULL, {NO_ID}, {NO_ID}, 1, 1, count(*) FROM node"
    )


def as_counts(db: Session, rows: Iterable[Row[Any]]) -> Counts:
    """Return the figures with the names of parts, places and parties as they are called today."""
    found = list(rows)
    part_ids = {row.part_id for row in found if row.part_id is not None}
    places = _places(db, {row.location_id for row in found if row.location_id is not None})
    numbers = {
        one.id: one.part_no
        for one in db.execute(
            select(Part.id, Part.part_no).where(Part.id.in_(id_set(db, part_ids)))
        )
    }
    names = _parties(db, {row.consignee_id for row in found if row.consignee_id is not None})
    placed: list[Placed] = []
    sent: list[Sent] = []
    node_count = 0
    for row in found:
        quantity = Decimal(row.n) / SCALE if row.kind.startswith("lot") else Decimal(0)
        how: dict[str, Any] = {
            "is_certain": bool(row.certain),
            "is_former": not row.present,
            "unit_count": row.n if row.kind.startswith("unit") else 0,
            "quantity": quantity.normalize() + 0,
        }
        if row.kind == "node":
            node_count = row.n
        elif row.kind.endswith("sent"):
            sent.append(Sent(row.consignee_id, **how, **names[row.consignee_id]))
        else:
            where = {**places.get(row.location_id, {}), "part_no": numbers[row.part_id]}
            placed.append(Placed(row.part_id, row.custody, row.location_id, **how, **where))
    return Counts(
        tuple(sorted(placed, key=_place_order)), tuple(sorted(sent, key=_sent_order)), node_count
    )


def _place_order(row: Placed) -> tuple[Any, ...]:
    return (
        row.part_id, row.custody, row.location_id or 0, not row.is_certain, row.is_former,
        row.unit_count == 0,
    )  # fmt: skip


def _sent_order(row: Sent) -> tuple[Any, ...]:
    return (row.consignee_id, not row.is_certain, row.is_former, row.unit_count == 0)


def _places(db: Session, ids: set[int]) -> dict[int | None, dict[str, Any]]:
    rows = db.execute(
        select(Location.id, Location.name, Party.id, Party.name, Party.country)
        .join(Party, Party.id == Location.party_id)
        .where(Location.id.in_(id_set(db, ids)))
    )
    return {
        row[0]: {"location": row[1], "party_id": row[2], "party": row[3], "country": row[4]}
        for row in rows
    }


def _parties(db: Session, ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = db.execute(
        select(Party.id, Party.name, Party.country).where(Party.id.in_(id_set(db, ids)))
    )
    return {row[0]: {"consignee": row[1], "country": row[2]} for row in rows}
