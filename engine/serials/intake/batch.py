"""Batches: a file is loaded whole or kept as quarantined rows; a loaded one can be taken back."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Unpack

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials import correct, parties, receive, ship
from engine.serials.dictionary import entity
from engine.serials.errors import BatchInUse, NotImported
from engine.serials.events import data_stream
from engine.serials.intake import checking, reading
from engine.serials.intake.reading import Row, RowProblem
from engine.serials.models import (
    EventLink,
    ImportBatch,
    ImportFile,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    StagingRow,
    StockPosting,
    TraceNode,
    Unit,
    UnitRoot,
)
from engine.serials.record import How, StockPart
from engine.serials.sets import id_set

KINDS = {
    "parties": "party",
    "locations": "location",
    "parts": "part",
    "lots": "lot",
    "units": "unit",
    "stock": "stock",
    "shipments": "shipment",
}


@dataclass(frozen=True)
class IntakeResult:
    """What came of a file: its problems, or how many rows are new and how many were there."""

    kind: str
    sha256: str
    line_count: int
    new_count: int
    known_count: int
    problems: tuple[RowProblem, ...]
    batch_id: int | None = None  # None: a dry run

    @property
    def is_loaded(self) -> bool:
        """Say whether the rows are in the store now."""
        return self.batch_id is not None and not self.problems

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return {"lines": self.line_count, "new": self.new_count, "known": self.known_count}


def load_csv(
    db: Session,
    kind: str,
    content: bytes,
    *,
    file_name: str = "",
    dry_run: bool = False,
    **how: Unpack[How],
) -> IntakeResult:
    """Take in a CSV file of one of `KINDS`; with any problem nothing of it is loaded.

    The rows then stay as a quarantined batch: correct them (`correct_row`) and `rerun`. A dry run
    only says what would happen. Columns are those of the data dictionary.
    """
    described = entity(KINDS[kind])
    rows, problems = reading.read(described, content)
    if not problems:
        reading.standardise(described, rows)
        checking.check(db, described.name, rows)
    sha256 = hashlib.sha256(content).hexdigest()
    result = _result(kind, sha256, rows, problems)
    if dry_run:
        return result

    _keep_file(db, sha256, content)
    batch = ImportBatch(
        kind=kind,
        file_name=file_name,
        file_sha256=sha256,
        source=how.get("source", "holdfast"),
        state="quarantined",
        line_count=len(rows),
        problem_count=len(result.problems),
        by_id=how["by"].id if how["by"] else None,
        at=how["at"],
    )
    db.add(batch)
    db.flush()
    return _finish(db, batch, rows, result, how)


def correct_row(db: Session, batch_id: int, line: int, values: dict[str, str]) -> None:
    """Correct cells of a quarantined row; the file itself stays as it came. Flushes."""
    row = db.get_one(StagingRow, (batch_id, line))
    row.values = {**row.values, **values}
    db.flush()


def rerun(db: Session, batch_id: int, **how: Unpack[How]) -> IntakeResult:
    """Check a quarantined batch again with its corrections, and load it when all is well."""
    batch = db.get_one(ImportBatch, batch_id)
    if batch.state != "quarantined":
        raise NotImported

    described = entity(KINDS[batch.kind])
    staged = db.scalars(
        select(StagingRow).where(StagingRow.batch_id == batch_id).order_by(StagingRow.line)
    ).all()
    rows = [Row(one.line, {**one.raw, **_texts(one.values)}) for one in staged]
    reading.standardise(described, rows)
    checking.check(db, described.name, rows)
    for one in staged:
        db.delete(one)
    db.flush()
    result = _result(batch.kind, batch.file_sha256, rows, [])
    batch.problem_count = len(result.problems)
    return _finish(db, batch, rows, result, how)


def roll_back(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Take a loaded batch back while nothing later refers to it; give the `reason`.

    Its events stay and are corrected as "did not occur"; the rows they described go. Raises
    `BatchInUse`, naming the first line in use, and changes nothing.
    """
    batch = db.get_one(ImportBatch, batch_id)
    if batch.state != "loaded":
        raise NotImported

    rows = db.scalars(
        select(StagingRow)
        .where(StagingRow.batch_id == batch_id, StagingRow.is_new)
        .order_by(StagingRow.line.desc())
    ).all()
    if batch.kind in ("units", "stock", "shipments"):
        _withdraw_events(db, batch, rows, how)
    with_lines = [(row.line, row.entity_id) for row in rows if row.entity_id is not None]
    _delete_rows(db, batch.kind, with_lines)
    batch.state, batch.rolled_back_at = "rolled_back", how["at"]
    batch.rolled_back_by_id = how["by"].id if how["by"] else None
    db.flush()
    _note(db, "import_rolled_back", batch, how, reason=how.get("reason"))
    return batch


def _result(
    kind: str, sha256: str, rows: Sequence[Row], problems: Sequence[RowProblem]
) -> IntakeResult:
    known = sum("existing_id" in row.values for row in rows)
    every = [*problems, *(problem for row in rows for problem in row.problems)]
    return IntakeResult(
        kind,
        sha256,
        len(rows),
        len(rows) - known,
        known,
        tuple(sorted(every, key=lambda p: p.line)),
    )


def _finish(
    db: Session, batch: ImportBatch, rows: Sequence[Row], result: IntakeResult, how: How
) -> IntakeResult:
    if not result.problems:
        _LOADERS[batch.kind](db, [r for r in rows if "existing_id" not in r.values], how)
        batch.state = "loaded"
    kind = KINDS[batch.kind]
    names = {one.name for one in entity(kind).fields}
    db.add_all(
        StagingRow(
            batch_id=batch.id,
            line=row.line,
            raw=row.raw,
            values={k: _plain(v) for k, v in row.values.items() if k in names or "event" in k},
            problems=[[p.column, p.code, p.sentence] for p in row.problems],
            entity=kind,
            entity_id=row.values.get("new_id") or row.values.get("existing_id"),
            is_new="new_id" in row.values,
        )
        for row in rows
    )
    db.flush()
    _note(db, "import_loaded" if not result.problems else "import_quarantined", batch, how)
    return IntakeResult(
        result.kind,
        result.sha256,
        result.line_count,
        result.new_count,
        result.known_count,
        result.problems,
        batch.id,
    )


def _keep_file(db: Session, sha256: str, content: bytes) -> None:
    if db.get(ImportFile, sha256) is None:
        db.add(ImportFile(sha256=sha256, content=content))
        db.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _note(
    db: Session, action: str, batch: ImportBatch, how: How, *, reason: str | None = None
) -> None:
    ledger.append(
        db,
        how.get("stream") or data_stream(db),
        action,
        {
            "batch": batch.id,
            "kind": batch.kind,
            "file": batch.file_name,
            "sha256": batch.file_sha256,
            "lines": batch.line_count,
            "problems": batch.problem_count,
            "reason": reason,
        },
        by=how["by"],
        at=how["at"],
    )


def _load_parties(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        row.values["new_id"] = parties.add_party(db, **_fields("party", row)).id


def _load_locations(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = row.values
        place = parties.add_location(
            db, said["party_id"], said["code"], said["name"], kind=said["kind"]
        )
        said["new_id"] = place.id


def _load_parts(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = _fields("part", row)
        said["uom"] = said["uom"] or "pcs"
        del said["manufacturer"]
        part = parties.add_part(db, row.values["manufacturer_id"], **said)
        row.values["new_id"] = part.id


def _load_lots(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = row.values
        lot = parties.ensure_lot(
            db,
            said["part_id"],
            said["lot_no"],
            manufacturer_id=said["manufacturer_id"],
            made_on=said["made_on"],
            expires_on=said["expires_on"],
        )
        said["new_id"] = lot.id


def _fields(kind: str, row: Row) -> dict[str, Any]:
    return {one.name: row.values[one.name] for one in entity(kind).fields}


def _then(how: How, day: date | None) -> How:
    """Say that it happened on a day (its end, so that a shipment follows a receipt), if known."""
    return {**how, "event_at": datetime.combine(day, time(12), UTC)} if day else how


def _load_units(db: Session, rows: Sequence[Row], how: How) -> None:
    """Receive units that came alike together: one event for each lot, place and state."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        said = row.values
        key = (
            said["part_id"],
            said.get("lot_id"),
            said["location_id"],
            said["usability"],
            said["received_on"],
        )
        groups[key].append(row)
    for (part_id, lot_id, location_id, usability, received_on), alike in groups.items():
        recorded = receive.receive_units(
            db,
            part_id,
            [row.values["serial"] for row in alike],
            location_id=location_id,
            lot_id=lot_id,
            usability=usability or "unreleased",
            **_then(how, received_on),
        )
        for row, unit_id in zip(alike, recorded.unit_ids, strict=True):
            row.values |= {"new_id": unit_id, "event_id": recorded.event.id}


def _load_stock(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = row.values
        recorded = receive.receive_lot(
            db,
            said["lot_id"],
            said["quantity"],
            location_id=said["location_id"],
            usability=said["usability"] or "unreleased",
            **_then(how, said["received_on"]),
        )
        said |= {"new_id": recorded.event.id, "event_id": recorded.event.id}


def _load_shipments(db: Session, rows: Sequence[Row], how: How) -> None:
    """Record shipments as reported facts: one per document, place and day."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        said = row.values
        groups[said["document_no"], said["to_id"], said["shipped_on"]].append(row)
    for (document_no, to_id, shipped_on), lines in groups.items():
        recorded = ship.report_shipment(
            db,
            to_location_id=to_id,
            units=[row.values["unit_id"] for row in lines if "unit_id" in row.values],
            stock_parts=[
                StockPart(row.values["stock_id"], row.values["quantity"])
                for row in lines
                if "stock_id" in row.values
            ],
            document_no=document_no,
            **_then(how, shipped_on),
        )
        for row in lines:
            row.values |= {"new_id": recorded.event.id, "event_id": recorded.event.id}


_LOADERS = {
    "parties": _load_parties,
    "locations": _load_locations,
    "parts": _load_parts,
    "lots": _load_lots,
    "units": _load_units,
    "stock": _load_stock,
    "shipments": _load_shipments,
}


def _withdraw_events(db: Session, batch: ImportBatch, rows: Sequence[StagingRow], how: How) -> None:
    by_event: dict[int, int] = {}
    for row in rows:
        by_event.setdefault(row.values["event_id"], row.line)
    _refuse_used(db, batch, rows)
    reason = how.get("reason") or f"import {batch.id} taken back"
    because: How = {**how, "reason": reason}
    for event_id in by_event:
        correct.withdraw(db, event_id, **because)


def _refuse_used(db: Session, batch: ImportBatch, rows: Sequence[StagingRow]) -> None:
    own = {row.values["event_id"] for row in rows}
    units = set(
        db.scalars(select(EventLink.unit_id).where(EventLink.event_id.in_(id_set(db, own))))
    )
    later = db.execute(
        select(EventLink.unit_id).where(
            EventLink.unit_id.in_(id_set(db, units)), EventLink.event_id > max(own)
        )
    ).first()
    if later is not None:
        line = next((r.line for r in rows if r.entity_id == later[0]), rows[-1].line)
        raise BatchInUse(line=line)

    for posting in db.scalars(
        select(StockPosting).where(StockPosting.event_id.in_(id_set(db, own)))
    ):
        left = db.scalar(
            select(LotStock.quantity).filter_by(
                lot_id=posting.lot_id,
                location_id=posting.location_id,
                custody=posting.custody,
                usability=posting.usability,
                tranche_id=posting.tranche_id,
            )
        )
        if left is None or (posting.quantity > 0 and left < posting.quantity):
            line = next(r.line for r in rows if r.values["event_id"] == posting.event_id)
            raise BatchInUse(line=line)


def _delete_rows(db: Session, kind: str, rows: Sequence[tuple[int, int]]) -> None:
    models: dict[str, tuple[Any, ...]] = {
        "parties": (Party.id,),
        "locations": (Location.id,),
        "parts": (Part.id,),
        "lots": (Lot.id, TraceNode.id),
        "units": (UnitRoot.unit_id, Unit.id),
    }
    for line, entity_id in rows:
        for column in models.get(kind, ()):
            try:
                with db.begin_nested():
                    db.execute(delete(column.class_).where(column == entity_id))
            except IntegrityError as error:
                raise BatchInUse(line=line) from error
