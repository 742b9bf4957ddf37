"""Protected serials: a file that touches one of them needs a second person, with a reason."""

from collections.abc import Sequence
from typing import Unpack

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.errors import (
    AlreadyProtected,
    HistoryNeedsSecond,
    NothingToApprove,
    NotProtected,
    SamePerson,
    SecondPersonNeeded,
    WhyMissing,
)
from engine.serials.events import data_stream
from engine.serials.intake.layouts import DOCUMENTS, TWO_PEOPLE
from engine.serials.intake.referring.partners import unrecorded
from engine.serials.models import (
    HoldTargetRow,
    ImportApproval,
    ImportBatch,
    ImportRow,
    Part,
    PrioritySerial,
    Unit,
)
from engine.serials.record import How


def protect(
    db: Session, part_id: int, serials: Sequence[str], **how: Unpack[How]
) -> list[PrioritySerial]:
    """Put serial numbers of a part on the list, known here or not; give the `reason`. Flushes."""
    reason = (how.get("reason") or "").strip()
    if not reason:
        raise WhyMissing
    there = set(
        db.scalars(
            select(PrioritySerial.serial).where(
                PrioritySerial.part_id == part_id,
                PrioritySerial.serial.in_(serials),
                PrioritySerial.removed_at.is_(None),
            )
        )
    )
    if there:
        raise AlreadyProtected(serial=", ".join(sorted(there)))
    rows = [
        PrioritySerial(
            part_id=part_id,
            serial=serial,
            reason=reason,
            by_id=how["by"].id if how["by"] else None,
            at=how["at"],
        )
        for serial in dict.fromkeys(serials)
    ]
    db.add_all(rows)
    db.flush()
    _tell(db, "serials_protected", part_id, list(serials), reason, how)
    return rows


def unprotect(db: Session, protected_id: int, **how: Unpack[How]) -> None:
    """Take a serial off the list; give the `reason`. Flushes."""
    reason = (how.get("reason") or "").strip()
    if not reason:
        raise WhyMissing
    row = db.get(PrioritySerial, protected_id, with_for_update=True, populate_existing=True)
    if row is None or row.removed_at is not None:
        raise NotProtected
    row.removed_at, row.removed_why = how["at"], reason
    row.removed_by_id = how["by"].id if how["by"] else None
    db.flush()
    _tell(db, "serial_no_longer_protected", row.part_id, [row.serial], reason, how)


def _tell(
    db: Session, action: str, part_id: int, serials: list[str], reason: str, how: How
) -> None:
    part = db.get_one(Part, part_id).part_no
    body = {"part": part, "serials": serials, "reason": reason}
    ledger.append(db, data_stream(db), action, body, by=how["by"], at=how["at"])


def touched(db: Session, batch_id: int) -> list[tuple[int, str, str]]:
    """Return the lines of a checked batch that touch protected serials: line, serial, why.

    Protected is what stands on the list, and every unit that is on hold for a case.
    """
    listed = select(ImportRow.line, PrioritySerial.serial, PrioritySerial.reason).where(
        ImportRow.batch_id == batch_id, _loads(), PrioritySerial.removed_at.is_(None)
    )
    own = and_(PrioritySerial.part_id == ImportRow.part_id, PrioritySerial.serial == ImportRow.key)
    of_unit = and_(PrioritySerial.part_id == Unit.part_id, PrioritySerial.serial == Unit.serial)
    named = or_(Unit.id == ImportRow.unit_id, Unit.id == ImportRow.other_id)
    held = (
        select(ImportRow.line, Unit.serial, func.min("on hold"))
        .join(Unit, Unit.id == ImportRow.unit_id)
        .join(
            HoldTargetRow,
            and_(
                HoldTargetRow.kind == "unit",
                HoldTargetRow.target_id == Unit.id,
                HoldTargetRow.release_event_id.is_(None),
            ),
        )
        .where(ImportRow.batch_id == batch_id, _loads())
        .group_by(ImportRow.line, Unit.serial)
    )
    kind = db.get_one(ImportBatch, batch_id).kind
    found: dict[int, tuple[int, str, str]] = {}
    queries = []
    if kind in ("units", "receipts"):
        queries.append(listed.join(PrioritySerial, own))
    elif kind in ("shipments", "installs", "inputs", "tests", "epcis"):
        queries.append(listed.join(Unit, named).join(PrioritySerial, of_unit))
        queries.append(held)
    for query in queries:
        for line, serial, why in db.execute(query):
            found.setdefault(line, (line, serial, why))
    if kind in DOCUMENTS and (waited_for := _not_recorded(db)):
        for line, serial, why in unrecorded(db, batch_id, waited_for):
            found.setdefault(line, (line, serial, why))
    return [found[line] for line in sorted(found)]


def _not_recorded(db: Session) -> dict[tuple[int, str], str]:
    """Return why each serial is listed that nobody has recorded yet, by its part."""
    rows = (
        select(PrioritySerial.part_id, PrioritySerial.serial, PrioritySerial.reason)
        .outerjoin(
            Unit, and_(Unit.part_id == PrioritySerial.part_id, Unit.serial == PrioritySerial.serial)
        )
        .where(PrioritySerial.removed_at.is_(None), Unit.id.is_(None))
    )
    return {(row[0], row[1]): row[2] for row in db.execute(rows)}


def _loads() -> ColumnElement[bool]:
    return ImportRow.state.in_(("new", "fill"))


def approve(
    db: Session, batch: ImportBatch, was_shown: str, *, by: Person, reason: str, how: How
) -> ImportApproval:
    """Give a second person's leave to load what was shown; flushes.

    Raises `SamePerson` for who sent it, `NothingToApprove`, `WhyMissing`.
    """
    if not reason.strip():
        raise WhyMissing
    if by.id == batch.by_id:
        raise SamePerson
    serials = sorted({serial for _, serial, _ in touched(db, batch.id)})
    if not serials and batch.kind not in TWO_PEOPLE:
        raise NothingToApprove
    row = ImportApproval(
        batch_id=batch.id, shown=was_shown, reason=reason.strip(), by_id=by.id, at=how["at"]
    )
    db.add(row)
    db.flush()
    body = {
        "batch": batch.id,
        "sha256": batch.file_sha256,
        "shown": was_shown,
        "serials": serials,
        "reason": row.reason,
    }
    ledger.append(db, data_stream(db), "import_approved", body, by=by, at=how["at"])
    return row


def approvals(db: Session, batch_id: int) -> list[ImportApproval]:
    """Return who approved a batch, the newest first."""
    rows = select(ImportApproval).filter_by(batch_id=batch_id).order_by(ImportApproval.id.desc())
    return list(db.scalars(rows))


def refuse_unapproved(
    db: Session, batch: ImportBatch, was_shown: str, *, by: Person | None
) -> None:
    """Raise `SecondPersonNeeded` unless somebody else approved just this."""
    lines = touched(db, batch.id)
    if not lines and batch.kind not in TWO_PEOPLE:
        return
    approved = any(
        one.shown == was_shown and one.by_id != (by.id if by else None)
        for one in approvals(db, batch.id)
    )
    if not approved and not lines:
        raise HistoryNeedsSecond
    if not approved:
        raise SecondPersonNeeded(count=len({serial for _, serial, _ in lines}))


def listed(db: Session) -> list[tuple[PrioritySerial, str]]:
    """Return the serials on the list with their part number."""
    rows = (
        select(PrioritySerial, Part.part_no)
        .join(Part, Part.id == PrioritySerial.part_id)
        .where(PrioritySerial.removed_at.is_(None))
        .order_by(Part.part_no, PrioritySerial.serial)
    )
    return [(row[0], row[1]) for row in db.execute(rows)]
