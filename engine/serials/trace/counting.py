"""Counting what a trace finds without keeping it: one statement, whatever comes out."""

# ruff: noqa: S608  names and steps come from here, values are bound

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from engine.serials.models import CUSTODY
from engine.serials.sets import id_value, is_sqlite
from engine.serials.trace.counts import Counts, Placed, Sent
from engine.serials.trace.search import Search
from engine.serials.trace.seeds import Seeds

NONE = Decimal(0)
WORDS = {number: word for word, number in CUSTODY.codes}
NO_ID = "CAST(NULL AS bigint)"
NO_CODE = "CAST(NULL AS smallint)"
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
    return as_counts(rows)


@cache
def _statement(sqlite: bool) -> TextClause:  # noqa: FBT001 - one of two kinds of database
    search = Search(sqlite)
    each = search.step(
        "{part} AS part_id, {custody} AS custody, {place} AS location_id,"
        " 2 * w.certain + w.present AS flags, {sent_in} AS sent_in",
        "standing w",
        "unit n",
        "n.id = w.id",
        part="n.part_id",
        custody="n.custody",
        place="n.location_id",
        sent_in=sent_in("n.id"),
    )
    return text(
        f"WITH RECURSIVE {search.nodes()}, {search.units()}, {search.standing()}, {alike(each)}"
        + called(search, f"{figures(search)} UNION ALL {_stock(search)}")
    )


def sent_in(unit_id: str) -> str:
    """Return, as SQL, the one shipment a unit was in; 0 for none, less for several: its number.

    Units of one shipment are then counted together, and only the few that left more than once
    are looked at one by one.
    """
    return (
        "(SELECT CASE count(*) WHEN 0 THEN 0 WHEN 1 THEN min(x.shipment_id)"
        f" ELSE -max(x.unit_id) END FROM shipment_line x WHERE x.unit_id = {unit_id})"
    )


def alike(each: str) -> str:
    """Return the units of `each`, counted by where they are and what they left in."""
    # what differs most comes first, and little comes at all: most of the time goes into this sort
    keys = "sent_in, location_id, part_id, custody, flags"
    return (
        f"alike({keys}, n) AS MATERIALIZED"
        f" (SELECT {keys}, count(*) FROM ({each}) e GROUP BY {keys})"
    )


def called(search: Search, figures: str) -> str:
    """Return the figures with the names of parts, places and parties as they are called today."""
    looked_up = {
        "l": "SELECT x.name, x.party_id FROM location x WHERE x.id = f.location_id",
        "y": (
            "SELECT x.id, x.name, x.country FROM party x"
            " WHERE x.id = coalesce(f.consignee_id, l.party_id)"
        ),
    }
    # parts are few: looked up one by one PostgreSQL would read all of them for every row
    joins = "LEFT JOIN part p ON p.id = f.part_id "
    if search.is_sqlite:
        joins += (
            "LEFT JOIN location l ON l.id = f.location_id"
            " LEFT JOIN party y ON y.id = coalesce(f.consignee_id, l.party_id)"
        )
    else:
        joins += " ".join(
            f"LEFT JOIN LATERAL ({look} OFFSET 0) {name} ON true"
            for name, look in looked_up.items()
        )
    return (
        " SELECT f.*, p.part_no, l.name AS location, y.id AS party_id, y.name AS party, y.country"
        f" FROM ({figures}) f {joins}"
    )


def figures(search: Search) -> str:
    """Return the counting of units `alike` by place and by consignee, and of lots sent."""
    once = search.step(
        "{consignee} AS consignee_id, w.flags, w.n",
        "alike w",
        "shipment s",
        f"s.id = w.sent_in AND {STANDS}",
        consignee="s.consignee_id",
    )
    often = search.step(
        "DISTINCT {consignee} AS consignee, w.flags, w.sent_in",
        "alike w",
        "shipment_line n CROSS JOIN shipment s",
        "w.n = 1 AND w.sent_in < 0 AND n.unit_id = -w.sent_in"
        f" AND s.id = n.shipment_id AND {STANDS}",
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
        " flags / 2 AS certain, flags % 2 AS present, CAST(sum(n) AS bigint) AS n"
        " FROM alike GROUP BY location_id, part_id, custody, flags"
        f" UNION ALL SELECT 'unit_sent', {NO_ID}, {NO_CODE}, {NO_ID}, consignee_id, flags / 2,"
        f" flags % 2, CAST(sum(n) AS bigint) FROM ({once} UNION ALL"
        f" SELECT consignee, flags, 1 FROM ({often}) o) t GROUP BY consignee_id, flags"
        f" UNION ALL SELECT 'lot_sent', {NO_ID}, {NO_CODE}, {NO_ID}, consignee_id, certain, 1,"
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
        f" UNION ALL SELECT 'node', {NO_ID}, {NO_CODE}, {NO_ID}, {NO_ID}, 1, 1, count(*) FROM node"
    )


def as_counts(rows: Iterable[Row[Any]]) -> Counts:
    """Return the rows of `called` as figures."""
    placed: list[Placed] = []
    sent: list[Sent] = []
    node_count = 0
    for row in rows:
        kind, part_id, kept, place_id, consignee_id, certain, present, n, *names = tuple(row)
        if kind == "node":
            node_count = n
            continue
        is_lot = kind.startswith("lot")
        much = Decimal(n).scaleb(-6).normalize() + 0 if is_lot else NONE  # kept as millionths
        part_no, location, party_id, party, country = names
        flags, units = (bool(certain), not present), 0 if is_lot else n
        if kind.endswith("sent"):
            sent.append(Sent(consignee_id, *flags, units, much, party, country))
        else:
            placed.append(
                Placed(
                    part_id, WORDS[kept], place_id, *flags, units, much, part_no, location,
                    party_id, party, country,
                )
            )  # fmt: skip
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
