"""How many lines of a checked file would fill a field, and in how many one differs."""

from collections import Counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.intake.chunk import SPLIT
from engine.serials.intake.mappings import Reading
from engine.serials.models import (
    ImportBatch,
    ImportProblem,
    ImportRow,
    Location,
    Lot,
    Part,
    Party,
    Unit,
)

READ = 5_000  # rows at once
MODELS: dict[str, type[Party | Location | Part | Lot | Unit]] = {
    "parties": Party,
    "locations": Location,
    "parts": Part,
    "lots": Lot,
    "units": Unit,
}
# columns that name another record: what it is kept as, and what the record is called by
NAMES: dict[str, tuple[str, Any]] = {
    "party": ("party_id", Party.code),
    "lot_no": ("lot_id", Lot.lot_no),
    "location": ("location_id", Location.code),
}


def count_fields(db: Session, batch: ImportBatch) -> dict[str, list[int]]:
    """Return for each field in how many lines it would be filled, and in how many it differs.

    One row is in memory at a time.
    """
    filled, differing = Counter[str](), Counter[str]()
    names = Reading.of(batch.mapping).names
    model = MODELS.get(batch.kind)
    kept = {name: column for name in names if (column := _kept(model, name)) is not None}
    if model is not None:
        rows = (
            select(ImportRow.cells, *kept.values())
            .join(model, model.id == ImportRow.other_id)
            .where(ImportRow.batch_id == batch.id, ImportRow.state == "fill")
        )
        for cells, *recorded in db.execute(rows.execution_options(yield_per=READ)):
            said = dict(zip(names, cells.split(SPLIT), strict=True))
            empty = (name for name, now in zip(kept, recorded, strict=True) if now in (None, ""))
            filled.update(name for name in empty if said[name])
    differs = select(ImportProblem.facts).where(
        ImportProblem.batch_id == batch.id, ImportProblem.code == "differs"
    )
    for facts in db.scalars(differs.execution_options(yield_per=READ)):
        differing.update(str(facts["fields"]).split(", "))
    return {name: [filled[name], differing[name]] for name in sorted({*filled, *differing})}


def _kept(model: Any, field: str) -> Any | None:
    """Return the column that a field of a file is kept in, None where the table has none."""
    name = NAMES[field][0] if field in NAMES else field
    return getattr(model, name, None) if field != "is_released" else None
