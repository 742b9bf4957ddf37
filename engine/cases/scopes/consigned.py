"""Whom a scope reaches: everybody who was ever shipped any of it, or holds any."""

# ruff: noqa: S608  the parts of a statement come from here, values are bound

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.standing import standing_or_refuse
from engine.db import SCALE
from engine.serials.models import CUSTODY, Party, RecallContact
from engine.serials.sets import id_set, is_sqlite
from engine.serials.trace.counting import STANDS
from engine.serials.trace.search import Search

AT_CONSIGNEE = CUSTODY.code("at_consignee")


@dataclass(frozen=True)
class Receiver:
    """Somebody whom a scope reaches."""

    party_id: int
    name: str
    country: str | None
    language: str | None
    kind: str


@dataclass(frozen=True)
class Consigned(Receiver):
    """What one consignee was ever sent of a scope, or has: pieces, and a quantity of lots."""

    unit_count: int
    quantity: Decimal


@dataclass(frozen=True)
class ConsignedUnit:
    """One unit that a consignee was sent or has."""

    unit_id: int
    serial: str
    part_no: str
    part_name: str
    di: str | None
    lot_no: str | None
    is_there: bool  # by what is recorded it lies with them now


@dataclass(frozen=True)
class ConsignedStock:
    """How much of a lot a consignee was sent, and how much lies there by what is recorded."""

    lot_id: int
    lot_no: str
    part_no: str
    part_name: str
    di: str | None
    uom: str
    sent: Decimal
    there: Decimal


def by_consignee(
    db: Session, case: Case, *, version: ScopeVersion | None = None
) -> list[Consigned]:
    """Return everybody whom the standing scope (or `version`) reaches, by name.

    As of now: a shipment that is recorded late reaches somebody too. Raises `NoScope`.
    """
    run_id = (version or standing_or_refuse(db, case)).run_id
    given = {"run": run_id}
    units = {row.party_id: row.n for row in db.execute(_units_by_party(is_sqlite(db)), given)}
    lots = {row.party_id: row.n for row in db.execute(_lots_by_party(is_sqlite(db)), given)}
    parties = parties_of(db, {*units, *lots})
    return [
        Consigned(
            **vars(party),
            unit_count=units.get(party.party_id, 0),
            quantity=as_quantity(lots.get(party.party_id, 0)),
        )
        for party in parties
    ]


def parties_of(db: Session, ids: Iterable[int]) -> list[Receiver]:
    """Return who these are, by name; never ourselves."""
    listed = set(ids)
    found = select(Party).where(Party.id.in_(id_set(db, listed)), Party.kind != "site")
    spoken = _languages(db, listed)
    return [
        Receiver(
            party.id, party.name, party.country, party.language or spoken.get(party.id), party.kind
        )
        for party in sorted(db.scalars(found), key=lambda one: (one.name, one.id))
    ]


def units_of(
    db: Session,
    case: Case,
    party_id: int,
    *,
    after: int = 0,
    limit: int = 1_000,
    version: ScopeVersion | None = None,
    but: ScopeVersion | None = None,
) -> list[ConsignedUnit]:
    """Return a page of a consignee's units, by id, beginning after one; fewer are the last page.

    `but` leaves out what that scope has too: what is new to them, or cleared for them.
    """
    run_id = (version or standing_or_refuse(db, case)).run_id
    given = {
        "run": run_id, "but": but.run_id if but else 0, "party": party_id, "after": after,
        "most": limit,
    }  # fmt: skip
    return [
        ConsignedUnit(row.id, row.serial, row.part_no, row.name, row.di, row.lot_no, row.there > 0)
        for row in db.execute(_units_of(is_sqlite(db)), given)
    ]


def stock_of(
    db: Session,
    case: Case,
    party_id: int,
    *,
    version: ScopeVersion | None = None,
    but: ScopeVersion | None = None,
) -> list[ConsignedStock]:
    """Return the lots that a consignee was sent or has quantities of, by number; `but` as above."""
    run_id = (version or standing_or_refuse(db, case)).run_id
    given = {"run": run_id, "but": but.run_id if but else 0, "party": party_id}
    rows = db.execute(_stock_of(), given)
    return [
        ConsignedStock(
            row.id, row.lot_no, row.part_no, row.name, row.di, row.uom,
            sent=as_quantity(row.sent), there=as_quantity(row.there),
        )
        for row in rows
    ]  # fmt: skip


def as_quantity(millionths: int) -> Decimal:
    """Return a quantity that SQL added up."""
    return (Decimal(int(millionths)) / SCALE).normalize() + 0


def _languages(db: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return the language of each party's first recall contact."""
    rows = db.execute(
        select(RecallContact.party_id, RecallContact.language)
        .where(RecallContact.party_id.in_(id_set(db, ids)), RecallContact.ended_at.is_(None))
        .order_by(RecallContact.id.desc())
    )
    return {row.party_id: row.language for row in rows}


# --- the statements --------------------------------------------------------------------------


@cache
def _units_by_party(sqlite: bool) -> TextClause:  # noqa: FBT001 - one of two kinds of database
    each = units_with_parties(sqlite, "w.run_id = :run")
    return text(
        "SELECT party_id, count(*) AS n FROM"
        f" (SELECT DISTINCT party_id, unit_id FROM ({each}) o) a GROUP BY party_id"
    )


def units_with_parties(sqlite: bool, runs: str) -> str:  # noqa: FBT001 - as above
    """Return, as SQL, the units of runs with everybody who was sent or has each of them."""
    search = Search(sqlite)
    only = f"{runs} AND w.unit_id = w.root_id"
    sent = _of(
        search,
        "{party} AS party_id, w.unit_id, w.run_id",
        "shipment_line x CROSS JOIN shipment s",
        f"x.unit_id = w.unit_id AND s.id = x.shipment_id AND {STANDS}",
        only,
        party="s.consignee_id",
    )
    there = _of(
        search,
        "{party} AS party_id, w.unit_id, w.run_id",
        "unit n CROSS JOIN location p",
        f"n.id = w.unit_id AND n.custody = {AT_CONSIGNEE} AND p.id = n.location_id",
        only,
        party="p.party_id",
    )
    return f"{sent} UNION ALL {there}"


def _of(search: Search, shown: str, tables: str, where: str, only: str, **picks: str) -> str:
    joined = " AND " if search.is_sqlite else " WHERE "
    return search.step(shown, "trace_run_unit w", tables, where, **picks) + joined + only


@cache
def _lots_by_party(sqlite: bool) -> TextClause:  # noqa: FBT001 - as above
    each = lots_with_parties(sqlite, "w.run_id = :run")
    return text(
        f"SELECT party_id, CAST(sum(quantity) AS bigint) AS n FROM ({each}) b GROUP BY party_id"
    )


def lots_with_parties(sqlite: bool, runs: str) -> str:  # noqa: FBT001 - as above
    """Return, as SQL, how much of each lot of runs everybody was sent, or has if that is more."""
    more = "max(sum(sent), sum(there))" if sqlite else "greatest(sum(sent), sum(there))"
    return (
        f"SELECT run_id, party_id, lot_id, {more} AS quantity FROM"
        " (SELECT w.run_id, s.consignee_id AS party_id, x.lot_id, x.quantity AS sent, 0 AS there"
        " FROM trace_run_node w JOIN shipment_line x ON x.lot_id = w.node_id"
        f" JOIN shipment s ON s.id = x.shipment_id AND {STANDS} WHERE {runs}"
        " UNION ALL SELECT w.run_id, p.party_id, n.lot_id, 0, n.quantity"
        " FROM trace_run_node w JOIN lot_stock n ON n.lot_id = w.node_id"
        f" AND n.custody = {AT_CONSIGNEE} AND n.quantity > 0"
        f" JOIN location p ON p.id = n.location_id WHERE {runs}) a"
        " GROUP BY run_id, party_id, lot_id"
    )


@cache
def _units_of(sqlite: bool) -> TextClause:  # noqa: FBT001 - as above
    """Begin at the party: what it was sent, what lies there; then whether the run has it."""
    unfenced = (
        "SELECT x.unit_id, 0 AS there FROM shipment s JOIN shipment_line x ON x.shipment_id = s.id"
        f" WHERE s.consignee_id = :party AND x.unit_id > :after AND {STANDS}"
        " UNION ALL SELECT n.id, 1 FROM location p JOIN unit n ON n.location_id = p.id"
        f" WHERE p.party_id = :party AND n.id > :after AND n.custody = {AT_CONSIGNEE}"
    )
    fence = "" if sqlite else " OFFSET 0"
    return text(
        "SELECT u.id, u.serial, p.part_no, p.name, p.di, l.lot_no, a.there FROM"
        f" (SELECT unit_id, max(there) AS there FROM ({unfenced}{fence}) o"
        " WHERE EXISTS (SELECT 1 FROM trace_run_unit w WHERE w.run_id = :run"
        " AND w.unit_id = o.unit_id AND w.unit_id = w.root_id)"
        " AND NOT EXISTS (SELECT 1 FROM trace_run_unit b WHERE b.run_id = :but"
        " AND b.unit_id = o.unit_id AND b.unit_id = b.root_id)"
        " GROUP BY unit_id ORDER BY unit_id LIMIT :most) a"
        " JOIN unit u ON u.id = a.unit_id JOIN part p ON p.id = u.part_id"
        " LEFT JOIN lot l ON l.id = u.lot_id ORDER BY u.id"
    )


@cache
def _stock_of() -> TextClause:
    return text(
        "SELECT l.id, l.lot_no, p.part_no, p.name, p.di, p.uom, a.sent, a.there FROM"
        " (SELECT lot_id, sum(sent) AS sent, sum(there) AS there FROM"
        " (SELECT x.lot_id, x.quantity AS sent, 0 AS there FROM shipment s"
        " JOIN shipment_line x ON x.shipment_id = s.id"
        f" WHERE s.consignee_id = :party AND x.lot_id IS NOT NULL AND {STANDS}"
        " UNION ALL SELECT n.lot_id, 0, n.quantity FROM location p"
        " JOIN lot_stock n ON n.location_id = p.id"
        f" WHERE p.party_id = :party AND n.custody = {AT_CONSIGNEE} AND n.quantity > 0) o"
        " WHERE EXISTS (SELECT 1 FROM trace_run_node w WHERE w.run_id = :run"
        " AND w.node_id = o.lot_id)"
        " AND NOT EXISTS (SELECT 1 FROM trace_run_node b WHERE b.run_id = :but"
        " AND b.node_id = o.lot_id) GROUP BY lot_id) a"
        " JOIN lot l ON l.id = a.lot_id JOIN part p ON p.id = l.part_id ORDER BY l.lot_no, l.id"
    )
