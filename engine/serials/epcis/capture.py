"""Capturing a document: kept as it came, then taken over event by event in a job."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.errors import EngineError, Invalid, NotFound, Problem
from engine.evidence.store import DocumentStore
from engine.people.permissions import authorize
from engine.people.person import Person
from engine.people.queries import person_of
from engine.serials.epcis import documents, names
from engine.serials.epcis.documents import Json
from engine.serials.epcis.taking import declare_error, take_over
from engine.serials.epcis.taking.case import Asks, Taken, names_in
from engine.serials.models import EpcisCapture, EpcisEvent, EpcisName, EpcisRecord, Event

VERB = "capture_epcis"


class CaptureUnknown(NotFound):
    """There is no such capture job. Check the address that the capture gave."""


class _Stopped(Exception):
    """One event could not be captured, so none is."""


def begin_capture(
    db: Session, content: bytes, *, error_behaviour: str, by: Person, at: datetime
) -> EpcisCapture:
    """Keep a document and ask for its capture. Flushes.

    Raises `Invalid` when it is no EPCIS 2.0 document. With `proceed` single events may be wrong:
    they are told by the job.
    """
    document = json.loads(content)
    wrong = documents.problems_of(document)
    if not wrong:
        wrong = _misdated(document, at=at)
    if wrong and (error_behaviour == "rollback" or documents.problems_around(document)):
        raise Invalid(wrong)

    store: DocumentStore = db.info["documents"]
    capture = EpcisCapture(
        uuid=uuid4(),
        person_id=by.id,
        received_at=at,
        error_behaviour=error_behaviour,
        sha256=store.put(content),
        errors=[],
    )
    db.add(capture)
    db.flush()
    total = len(documents.events_of(document))
    jobs.ask(
        db,
        f"epcis:{capture.uuid}",
        name=VERB,
        body={"capture_id": capture.id},
        at=at,
        total_count=max(1, total),
    )
    return capture


def _misdated(document: Mapping[str, Any], *, at: datetime) -> list[Problem]:
    found = (
        (number, documents.misdated_in(body, at=at))
        for number, body in enumerate(documents.events_of(document))
    )
    wrong = [
        Problem(f"epcisBody.eventList.{number}.{one.at}", one.sentence, one.facts)
        for number, one in found
        if one is not None
    ]
    return wrong[: documents.TOLD]


def capture_by_uuid(db: Session, uuid: UUID) -> EpcisCapture:
    """Return a capture; raises `CaptureUnknown`."""
    found = db.scalar(select(EpcisCapture).where(EpcisCapture.uuid == uuid))
    if found is None:
        raise CaptureUnknown
    return found


def capture_epcis(db: Session, job: jobs.Job) -> dict[str, Any]:
    """Take over the events of a captured document: the job's verb."""
    capture = db.get_one(EpcisCapture, job.body["capture_id"])
    if capture.finished_at is None:
        run(db, capture, at=job.asked_at)
    return {"captured": capture.captured_count, "errors": len(capture.errors)}


def run(db: Session, capture: EpcisCapture, *, at: datetime) -> None:
    """Take over every event; with `rollback` one that fails takes all others back."""
    store: DocumentStore = db.info["documents"]
    document = json.loads(store.open(capture.sha256))
    by = person_of(db, capture.person_id or 0, at=at)  # whoever sent it to the interface
    errors: list[Json] = []
    captured = known = 0
    try:
        with db.begin_nested():
            for number, body in enumerate(documents.events_of(document)):
                try:
                    _refuse_wrong(document, body, at=at)
                    context = documents.context_of(document, body)
                    source = f"epcis:{by.user_name}"
                    with db.begin_nested():
                        new = capture_event(
                            db, capture, body, context=context, asks=partial(authorize, by),
                            by=by, at=at, source=source,
                        )  # fmt: skip
                    captured, known = captured + (new is not None), known + (new is None)
                except (ValueError, EngineError) as failed:
                    errors.append({"event": number, "eventID": _id(body), "detail": str(failed)})
                    if capture.error_behaviour == "rollback":
                        raise _Stopped from failed
    except _Stopped:
        captured = known = 0
    capture.errors = errors
    capture.captured_count, capture.known_count = captured, known
    capture.success = not errors
    capture.finished_at = at
    db.flush()


def _refuse_wrong(document: Mapping[str, Any], body: Any, *, at: datetime) -> None:
    if not isinstance(body, dict):
        raise ValueError(body)  # noqa: TRY004  told like any other event that is wrong
    alone = {"@context": documents.context_of(document, body), **body}
    if wrong := documents.problems_of(alone):
        raise ValueError(str(wrong[0]))
    if late := documents.misdated_in(body, at=at):
        raise ValueError(str(late))


def _id(body: Any) -> str | None:
    return body.get("eventID") if isinstance(body, dict) else None


def capture_event(
    db: Session,
    capture: EpcisCapture,
    body: Json,
    *,
    context: list[Any],
    asks: Asks,
    by: Person | None,
    at: datetime,
    source: str,
) -> EpcisEvent | None:
    """Capture one event, or return None when it has been; flushes.

    `source` begins with `epcis:` and says who sent it. The event is one that the schema allows.
    Raises `NotAllowed` where `asks` does: one permission for a command, whichever way it comes.
    """
    epcis_id = documents.id_of(body)
    declares = "errorDeclaration" in body
    known = select(EpcisEvent).where(
        EpcisEvent.epcis_id == epcis_id, EpcisEvent.taken_back_at.is_(None)
    )
    earlier = {one.is_declaration: one for one in db.scalars(known)}
    if declares in earlier:
        return None

    event_at = datetime.fromisoformat(str(body["eventTime"]))
    if _ours(db, epcis_id):
        taken = Taken()
        taken.flag("told_by_us")
    elif declares:
        made = _made_of(db, earlier.get(False))
        taken = declare_error(db, made, body, asks=asks, by=by, at=at, source=source)
    else:
        taken = take_over(db, body, event_at=event_at, asks=asks, by=by, at=at, source=source)
    row = EpcisEvent(
        capture_id=capture.id,
        epcis_id=epcis_id,
        is_declaration=declares,
        type=str(body["type"]),
        event_at=event_at,
        recorded_at=at,
        body=body,
        context=context,
        event_id=taken.event.id if taken.event else None,
        flags=taken.flags,
    )
    db.add(row)
    db.flush()
    db.add_all(EpcisRecord(epcis_event_id=row.id, event_id=one.id) for one in taken.made)
    named = {(role, names.canonical(uri)) for role, uri in names_in(body)}
    db.add_all(
        EpcisName(epcis_event_id=row.id, role=role, value=value) for role, value in sorted(named)
    )
    db.flush()
    return row


def _made_of(db: Session, earlier: EpcisEvent | None) -> list[int]:
    """Return what was recorded of an event that was captured earlier, in order."""
    if earlier is None:
        return []
    of_it = EpcisRecord.epcis_event_id == earlier.id
    return list(
        db.scalars(select(EpcisRecord.event_id).where(of_it).order_by(EpcisRecord.event_id))
    )


def _ours(db: Session, epcis_id: str) -> bool:
    """Say whether this is an event of ours that comes back to us."""
    try:
        uuid = UUID(epcis_id.removeprefix("urn:uuid:"))
    except ValueError:
        return False
    return db.scalar(select(Event.id).where(Event.uuid == uuid)) is not None


def flags_of(db: Session, capture: EpcisCapture) -> Sequence[tuple[str, list[Any]]]:
    """Return what of each captured event did not fit, by its id."""
    rows = db.execute(
        select(EpcisEvent.epcis_id, EpcisEvent.flags)
        .where(EpcisEvent.capture_id == capture.id)
        .order_by(EpcisEvent.id)
    )
    return [(row[0], row[1]) for row in rows if row[1]]
