"""The sealed record of a decision on an event: what was signed, what else stands, the rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.records.sections import Record, Section, minute, table
from engine.cases.reported import drawing, feeding
from engine.cases.reported.decisions import (
    SAID,
    Asked,
    counts,
    decision_of,
    decisions_of,
    looks_of,
    standing,
)
from engine.cases.reported.finding import versions_of
from engine.cases.reported.given import LABELS
from engine.cases.reported.models import EventReportability, EventSecondLook, ReportedEvent
from engine.cases.tasks import printed_name
from engine.evidence import sealing
from engine.evidence.documents import Document, StoredFile, attach_stored
from engine.evidence.signatures import Signature
from engine.exports.column import Column
from engine.exports.delimited import csv_of
from engine.people import Person
from engine.regulators import jurisdictions as law
from engine.regulators.reportability import UNKNOWN, reporting
from engine.words import N_, say

LAYOUT = "reported_event/reportability_record"
NOT_DECIDED = N_("Not decided: it runs as if reportable")
STANDS = (N_("Jurisdiction"), N_("Decided"), N_("Decided by"), N_("Decided at"))
FEEDS = (N_("Case"), N_("Title"), N_("Linked at"), N_("Taken away at"))
NOTHING = N_("The event feeds no case.")


def ask(
    db: Session,
    asked: Asked,
    row: EventReportability,
    look: EventSecondLook | None,
    *,
    by: Person,
    at: datetime,
) -> Document:
    """Ask for a decision to be sealed with its signatures and the rows behind it. Flushes.

    A no that a second person looked at is sealed with both signatures, also where it was refused.
    """
    event = asked.event
    ids = [row.signature_id, *([look.signature_id] if look else [])]
    signed = db.scalars(select(Signature).where(Signature.id.in_(ids)).order_by(Signature.id))
    return sealing.request_sealed(
        db,
        stream=event.stream,
        layout=LAYOUT,
        record=_record(db, asked, row, look),
        signatures=list(signed),
        by=by,
        at=at,
        key=f"{event.stream}:{row.id}",
        attachments=_rows(db, event, by=by, at=at),
    )


def _record(
    db: Session, asked: Asked, row: EventReportability, look: EventSecondLook | None
) -> Record:
    before = db.get(EventReportability, row.supersedes_id or 0)
    content = drawing.content_of(db, decision_of(row), asked, before, title=drawing.TITLE)
    language = content["language"]
    seconds = drawing.second_look(
        db, row, is_confirmed=bool(look.is_confirmed), reason=look.reason or "", language=language
    ) if look else []  # fmt: skip
    return {
        **content,
        "number": f"{asked.event.number}-{asked.here.code}",
        "sections": [
            *content["sections"],
            *seconds,
            _standing(db, asked.event, language),
            _feeds(db, asked.event, language),
        ],
    }


def _standing(db: Session, event: ReportedEvent, language: str) -> Section:
    """Return what stands on the event in every jurisdiction that anybody decided in."""
    found = standing(db, event.number)
    looks = looks_of(db, found.values())
    rows = [
        [
            law.named(code).said(language),
            drawing.decided(one, language)
            if counts(event, one, looks.get(one.id))
            else say(NOT_DECIDED, language),
            printed_name(db, one.by_id),
            minute(one.at),
        ]
        for code, one in sorted(found.items())
    ]
    return table(N_("What stands on this event"), STANDS, rows, language)


def _feeds(db: Session, event: ReportedEvent, language: str) -> Section:
    rows = [
        [case.number, case.title, minute(link.at), minute(link.ended_at)]
        for link, case in feeding.links_of(db, event.number)
    ]
    if not rows:
        return {"heading": say(N_("Cases"), language), "text": say(NOTHING, language)}
    return table(N_("Cases"), FEEDS, rows, language)


# --- the rows --------------------------------------------------------------------------------


def _rows(db: Session, event: ReportedEvent, *, by: Person, at: datetime) -> list[Document]:
    """Write every version, decision and answer of the event beside the record, as CSV."""
    files = {
        "versions": (("version", *LABELS, "recorded_by", "recorded_at", "reason"),
                     _versions(db, event)),
        "decisions": (
            ("decision", "version", "jurisdiction", "is_reportable", "report", "suggested",
             "reported_under", "reason", "by", "at", "supersedes", "second_look", "second_by",
             "second_at", "second_reason"),
            _decisions(db, event),
        ),
        "answers": (("decision", "jurisdiction", "question", "answer", "source"),
                    _answers(db, event)),
    }  # fmt: skip
    return [
        _attach(db, event, name, columns, rows, by=by, at=at)
        for name, (columns, rows) in files.items()
    ]


def _versions(db: Session, event: ReportedEvent) -> list[list[str]]:
    return [
        [
            str(one.version),
            *(_plain(getattr(one, name)) for name in LABELS),
            printed_name(db, one.recorded_by_id),
            _plain(one.recorded_at),
            one.reason or "",
        ]
        for one in reversed(versions_of(db, event.number))
    ]


def _decisions(db: Session, event: ReportedEvent) -> list[list[str]]:
    found = list(reversed(decisions_of(db, event.number)))
    looks = looks_of(db, found)
    return [_decision(db, one, looks.get(one.id)) for one in found]


def _decision(db: Session, one: EventReportability, look: EventSecondLook | None) -> list[str]:
    said = (one.id, one.version, one.jurisdiction, one.is_reportable, one.report, one.suggested,
            one.reported_under, one.reason, printed_name(db, one.by_id), one.at,
            one.supersedes_id)  # fmt: skip
    by = printed_name(db, look.by_id) if look and look.by_id else ""
    second = (look.is_confirmed, by, look.at, look.reason) if look else ("", "", "", "")
    return [_plain(value) for value in (*said, *second)]


def _answers(db: Session, event: ReportedEvent) -> list[list[str]]:
    return [
        [
            str(one.id), one.jurisdiction, asked.said("en"),
            SAID[one.answers.get(asked.code, UNKNOWN)], asked.clause.source,
        ]
        for one in reversed(decisions_of(db, event.number))
        for asked in reporting(one.jurisdiction).questions
    ]  # fmt: skip


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _attach(
    db: Session,
    event: ReportedEvent,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    by: Person,
    at: datetime,
) -> Document:
    content = b"".join(csv_of([Column(one, one) for one in columns], rows, bom=True))
    sha256 = db.info["documents"].put(content)
    file = StoredFile(f"{event.number} {name}.csv", "text/csv", sha256, len(content))
    return attach_stored(db, stream=event.stream, file=file, by=by, at=at)
