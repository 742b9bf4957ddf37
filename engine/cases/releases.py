"""Putting a version of a process in force: two people sign exactly the closure they reviewed."""

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from engine.bpmn import library
from engine.bpmn.models import Definition
from engine.cases.signing import Signing
from engine.evidence import ceremony, ledger
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize

ROOT = Path(__file__).resolve().parents[2]  # holds workflows/, forms/ and the layouts
CAPACITIES = {"process_owner": "approve", "quality": "release"}  # what each signature means


def install(
    db: Session, process: str, *, by: Person | None, at: datetime, root: Path = ROOT
) -> Definition:
    """Install the process as it lies in the files, as a draft that no case uses yet. Flushes."""
    if by is not None:
        authorize(by, "process.install")
    draft = library.install(db, process, root=root, by=by, at=at)
    body = {"process": process, "version": draft.version, "sha256": draft.sha256}
    ledger.append(db, "process", "process_installed", body, by=by, at=at)
    return draft


def record_of(definition: Definition, capacity: str, *, language: str = "en") -> RecordToSign:
    """Draw up what a person signs to release a version: every file of its closure by its hash."""
    return RecordToSign(
        stream="process",
        record_type="process_release",
        record_id=str(definition.id),
        record_version=1,
        content={
            "title": definition.name,
            "number": f"{definition.key} {definition.version}",
            "language": language,
            "capacity": capacity,
            "sha256": definition.sha256,
            "files": sorted(definition.files),
        },
        process=definition.key,
        process_version=definition.sha256,
        role=capacity,
    )


def open_signing(
    db: Session, definition_id: int, capacity: str, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze the version for the sign page and hand out the nonce; flushes."""
    authorize(by, "process.release")
    record = record_of(library.definition(db, definition_id), capacity)
    return ceremony.open_pending(
        db, record=record, meaning=CAPACITIES[capacity], by=by, session_id=session_id, at=at
    )


def sign(
    db: Session, definition_id: int, capacity: str, signing: Signing, *, by: Person, at: datetime
) -> Definition:
    """Sign one of the two releases; with the second new cases start on this version."""
    authorize(by, "process.release")
    definition = library.definition(db, definition_id)
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record_of(definition, capacity).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
    )
    released = library.sign_release(
        db, definition_id, capacity=capacity, signature_id=signature.id, by=by, at=at
    )
    body = {"process": released.key, "capacity": capacity, "state": released.state}
    ledger.append(db, "process", "process_release_signed", body, by=by, at=at)
    return released
