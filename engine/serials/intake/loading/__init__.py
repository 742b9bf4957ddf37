"""From staged rows to the store, in one transaction: what each kind of file becomes."""

from collections.abc import Callable, Mapping

from sqlalchemy import delete, exists, literal, select, text
from sqlalchemy.orm import Session

from engine.serials.intake.layouts import KINDS
from engine.serials.intake.loading.buying import load_orders, load_receipts
from engine.serials.intake.loading.contacts import load_contacts
from engine.serials.intake.loading.facts import (
    load_inputs,
    load_installs,
    load_names,
)
from engine.serials.intake.loading.master import (
    load_cases,
    load_locations,
    load_lots,
    load_parties,
    load_parts,
)
from engine.serials.intake.loading.partners import load_epcis
from engine.serials.intake.loading.shipments import load_shipments
from engine.serials.intake.loading.staged import Loading
from engine.serials.intake.loading.stock import load_stock
from engine.serials.intake.loading.tests import load_tests
from engine.serials.intake.loading.units import load_units
from engine.serials.models import ImportLine, ImportRow

__all__ = ["Loading", "load_rows"]

LOADERS: Mapping[str, Callable[[Loading], None]] = {
    "parties": load_parties,
    "contacts": load_contacts,
    "locations": load_locations,
    "parts": load_parts,
    "lots": load_lots,
    "units": load_units,
    "orders": load_orders,
    "receipts": load_receipts,
    "stock": load_stock,
    "inputs": load_inputs,
    "installs": load_installs,
    "tests": load_tests,
    "shipments": load_shipments,
    "names": load_names,
    "epcis": load_epcis,
    "cases": load_cases,
}

# a row that stands there twice, word for word, became what the first of them became
TWICE = text(
    """
    INSERT INTO import_line (batch_id, line, entity, entity_id, is_new, event_id)
    SELECT r.batch_id, r.line, made.entity, made.entity_id, :no, NULL
    FROM import_row AS r
    JOIN import_line AS made ON made.batch_id = r.batch_id AND made.line = r.group_no
    WHERE r.batch_id = :batch AND r.state = 'same' AND r.other_id IS NULL
    """
)


def load_rows(db: Session, loading: Loading) -> None:
    """Load every sound row of a batch, keep what each became, and let the staged rows go."""
    LOADERS[loading.batch.kind](loading)
    batch_id, entity = loading.batch.id, KINDS[loading.batch.kind]
    there = select(
        ImportRow.batch_id, ImportRow.line, literal(entity), ImportRow.other_id, literal(False)
    ).where(
        ImportRow.batch_id == batch_id,
        ImportRow.state.in_(("same", "fill")),
        ImportRow.other_id.is_not(None),
        ~exists().where(
            ImportLine.batch_id == ImportRow.batch_id, ImportLine.line == ImportRow.line
        ),
    )
    columns = ("batch_id", "line", "entity", "entity_id", "is_new")
    db.execute(ImportLine.__table__.insert().from_select(columns, there))  # type: ignore[attr-defined]  # a declared table is a Table
    db.execute(TWICE, {"batch": batch_id, "no": False})
    done = ImportRow.state.in_(("new", "same", "fill"))
    db.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id, done))
