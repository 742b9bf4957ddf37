"""Half a million dirty rows of a legacy system go through on both databases, all accounted for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bench.intake import lay_company, take_in, write_export
from engine.db import Database
from engine.evidence.store import DocumentStore
from engine.serials import intake
from engine.serials.events import recording_sha256
from engine.serials.models import (
    Event,
    EventLink,
    ImportBatch,
    ImportLine,
    ImportRow,
    Unit,
    UnitRoot,
)

pytestmark = pytest.mark.stress

ROWS = 500_000
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def info(tmp_path: Path) -> dict[str, Any]:
    return {"documents": DocumentStore(tmp_path / "documents")}


def test_a_legacy_export_of_half_a_million_rows_goes_through(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "legacy.csv"
    made = write_export(path, ROWS)
    with database.begin() as db:
        lay_company(db, ROWS)

    take_in(database, path)

    waiting = made["bad"] + made["conflict"]
    with database.read() as db:
        batch = db.scalars(select(ImportBatch)).one()
        assert batch.state == "loaded"
        assert batch.line_count == made["rows"]
        assert batch.problem_count == waiting
        became = set(db.scalars(select(ImportLine.line)))
        still = set(db.scalars(select(ImportRow.line)))
        assert not became & still
        assert became | still == set(range(2, made["rows"] + 2))  # no line of the file is lost
        states = ("new", "fill", "loaded", "same", "quarantined", "left_out")
        assert sum(batch.counts.get(state, 0) for state in states) == made["rows"]
        assert batch.counts["same"] == made["same"]
        assert made["rows"] == made["good"] + waiting
        units = made["good"] - made["same"]
        for model in (Unit, UnitRoot, EventLink):
            assert db.scalar(select(func.count()).select_from(model)) == units
        assert db.scalar(select(func.count()).select_from(ImportLine)) == made["good"]
        assert db.scalar(select(func.count(func.distinct(ImportLine.entity_id)))) == units
        rules = {code for _, code, _ in batch.counts["rules"]}
        assert rules == {
            "required", "odd_character", "unknown_reference", "not_a_choice", "not_a_date",
            "twice_in_file",
        }  # fmt: skip
        recording = db.scalars(select(Event.recording).distinct()).one()
        assert len(recording_sha256(db, recording)) == 64

    with database.begin() as db:
        intake.roll_back(db, batch.id, reason="wrong file", by=None, at=AT)
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Unit)) == 0
