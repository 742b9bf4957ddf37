"""A trace kept as it was answered, with its fingerprint."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials.models import (
    TraceRun,
)
from engine.serials.trace.found import Affected, AffectedStock, AffectedUnit


def keep_run(
    db: Session,
    affected: Affected,
    *,
    seeds: Mapping[str, list[int]],
    by: Person | None,
    at: datetime,
) -> TraceRun:
    """Store a trace as it was answered, with its fingerprint; flushes."""
    result = {
        "units": [_run_row(unit) for unit in affected.units],
        "stock": [_run_row(row) for row in affected.stock],
    }
    said = json.dumps(result, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    run = TraceRun(
        direction="forward",
        seeds=dict(seeds),
        result=result,
        result_sha256=hashlib.sha256(said.encode()).hexdigest(),
        unit_count=len(affected.units),
        last_event_id=affected.last_event_id,
        by_id=by.id if by else None,
        at=at,
    )
    db.add(run)
    db.flush()
    return run


def _run_row(row: AffectedUnit | AffectedStock) -> dict[str, Any]:
    facts = asdict(row)
    return {k: _plain(v) for k, v in facts.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value
