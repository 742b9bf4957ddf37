"""Whether an event is reportable in one jurisdiction: guided by questions, decided and signed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine import commands
from engine.cases import typed
from engine.cases.reported import feeding, places
from engine.cases.reported.errors import DecidedSince
from engine.cases.reported.finding import lock, named
from engine.cases.reported.given import LABELS
from engine.cases.reported.models import (
    OUTCOMES,
    EventReportability,
    EventSecondLook,
    ReportedEvent,
)
from engine.cases.reported.recording import said
from engine.cases.reported.understanding import understood_of
from engine.cases.signing import Signing
from engine.cases.tasks import printed_name
from engine.errors import Invalid, Problem
from engine.evidence import ceremony, ledger
from engine.evidence.canonical import moment
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Jurisdiction
from engine.regulators.reportability import GIVEN, Clause, Report, Reporting, reporting
from engine.words import N_, say
from forms.kinds.country import countries

ACTION = "reported_event.decide"
ANSWER_MISSING = N_("Answer this question; “not known” is an answer")
DECISION_MISSING = N_("Choose whether it is reported here")
REPORT_MISSING = N_("Choose which report it is")
REASON, REPORTED_UNDER = N_("Reason"), N_("Number of the report")
LONGEST_NUMBER = 100
REASON_MISSING = N_("Write the reason, for a no as well")
SAID = {"yes": N_("Yes"), "no": N_("No"), "unknown": N_("Not known")}
NOT_REPORTED = N_("Not reportable")
TITLE = N_("Reportability of an event")
UNVERIFIED = N_("unverified")
CHECKED = N_("compared with the text")

_later = aliased(EventReportability)
REPLACED = select(_later.id).where(_later.supersedes_id == EventReportability.id).exists()


@dataclass(frozen=True)
class Decision:
    """What somebody decides on one event in one jurisdiction; `replaces` is what they looked at."""

    number: str
    jurisdiction: str
    is_reportable: bool | None = None
    report: str | None = None
    reason: str = ""
    reported_under: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    replaces: int | None = None


@dataclass(frozen=True)
class Asked:
    """One event in one jurisdiction, locked: what it says, what is asked, what stands."""

    event: ReportedEvent
    here: Jurisdiction
    law: Reporting
    where: str
    standing: EventReportability | None


def look(db: Session, number: str, code: str) -> Asked:
    """Return an event and what one jurisdiction asks of it. Raises `EventUnknown`."""
    event, here = named(db, number), law.named(code)
    where = places.where_for(event, here.code)
    return Asked(event, here, reporting(here.code), where, standing(db, number).get(here.code))


def standing(db: Session, number: str) -> dict[str, EventReportability]:
    """Return the decisions on an event that no later one supersedes, by jurisdiction."""
    return standing_of(db, [number]).get(number, {})


def standing_of(db: Session, numbers: Sequence[str]) -> dict[str, dict[str, EventReportability]]:
    """Return the standing decisions on several events, by number and jurisdiction."""
    rows = select(EventReportability).where(EventReportability.number.in_(numbers), ~REPLACED)
    found: dict[str, dict[str, EventReportability]] = {}
    for one in db.scalars(rows.order_by(EventReportability.id)):
        found.setdefault(one.number, {})[one.jurisdiction] = one
    return found


def decisions_of(db: Session, number: str) -> list[EventReportability]:
    """Return every decision on an event, the newest first."""
    rows = select(EventReportability).where(EventReportability.number == number)
    return list(db.scalars(rows.order_by(EventReportability.id.desc())))


def looks_of(db: Session, decisions: Iterable[EventReportability]) -> dict[int, EventSecondLook]:
    """Return the second looks that decisions need, given or not, by the id of the decision."""
    ids = [one.id for one in decisions]
    rows = select(EventSecondLook).where(EventSecondLook.decision_id.in_(ids))
    return {one.decision_id: one for one in db.scalars(rows)}


def counts(
    event: ReportedEvent, decision: EventReportability | None, look: EventSecondLook | None
) -> bool:
    """Say whether a decision holds: signed on what the event says now, confirmed where it must."""
    if decision is None or decision.version < event.judged_version:
        return False
    return look is None or look.is_confirmed is True


# --- signing ---------------------------------------------------------------------------------


def open_signing(
    db: Session, decision: Decision, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Draw up what is signed; flushes. Raises `Invalid`, and `DecidedSince`."""
    authorize(by, ACTION)
    asked = _refuse(db, decision)
    record = record_of(db, decision, asked)
    return ceremony.open_pending(
        db, record=record, meaning="attest", by=by, session_id=session_id, at=at
    )


def sign_and_decide(
    db: Session, decision: Decision, signing: Signing, *, by: Person, at: datetime, key: str
) -> EventReportability:
    """Decide under a signature; what stood before is superseded. A repeated `key` gives the first.

    Locks the open cases that the event feeds, then the event. Raises `Invalid`, `DecidedSince`, and
    what the ceremony raises: a correction meanwhile is a changed record.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    request = {**_as_json(decision), "by": by.id}
    earlier = commands.earlier_result(db, key, name="decide_reportability", request=request)
    if earlier is not None:
        return db.get_one(EventReportability, earlier["decision"])

    cases = feeding.lock_open_cases(db, decision.number)
    lock(db, decision.number)
    asked = _refuse(db, decision)
    places.ask_in(db, decision.number, asked.here.code, at=at)
    signature = ceremony.sign(
        db, signing.nonce, user_name=signing.user_name, password=signing.password,
        record_sha256=record_of(db, decision, asked).sha256, by=by,
        session_id=signing.session_id, at=at, reason=decision.reason.strip(),
    )  # fmt: skip
    row = _keep(db, decision, asked, signature.id, by=by, at=at)
    told = {
        "event": row.number,
        "version": row.version,
        "jurisdiction": row.jurisdiction,
        "is_reportable": row.is_reportable,
        "report": row.report,
        "suggested": row.suggested,
        "reported_under": row.reported_under,
        "supersedes": row.supersedes_id,
        "reason": row.reason,
        "signature": row.signature_id,
        "needs_second_look": not row.is_reportable and _is_against(asked, decision),
    }
    for case in cases:
        ledger.append(db, case.stream, "reported_event_decided", told, by=by, at=at)
        case.version += 1
    ledger.append(db, asked.event.stream, "reported_event_decided", told, by=by, at=at)
    result = {"decision": row.id}
    commands.remember(db, key, name="decide_reportability", request=request, result=result,
                      by_id=by.id, at=at)  # fmt: skip
    return row


def _keep(
    db: Session,
    decision: Decision,
    asked: Asked,
    signature_id: int,
    *,
    by: Person,
    at: datetime,
) -> EventReportability:
    suggested = asked.law.suggested(decision.answers, asked.where)
    row = EventReportability(
        number=decision.number, version=asked.event.version, jurisdiction=asked.here.code,
        is_reportable=bool(decision.is_reportable), report=decision.report,
        answers=dict(decision.answers), suggested=suggested.code if suggested else None,
        reason=decision.reason.strip(), reported_under=decision.reported_under, by_id=by.id, at=at,
        signature_id=signature_id, supersedes_id=asked.standing.id if asked.standing else None,
    )  # fmt: skip
    db.add(row)
    db.flush()
    if not row.is_reportable and _is_against(asked, decision):
        db.add(EventSecondLook(decision_id=row.id))
        db.flush()
    return row


def _is_against(asked: Asked, decision: Decision) -> bool:
    return asked.law.is_against(decision.answers, asked.where)


def decision_of(row: EventReportability) -> Decision:
    """Return a decision as it was given."""
    return Decision(
        row.number, row.jurisdiction, row.is_reportable, row.report, row.reason,
        row.reported_under, row.answers, row.supersedes_id,
    )  # fmt: skip


def _as_json(decision: Decision) -> dict[str, Any]:
    return {**vars(decision), "answers": dict(decision.answers)}


def _refuse(db: Session, decision: Decision) -> Asked:
    asked = look(db, decision.number, decision.jurisdiction)
    last = asked.standing
    if (last.id if last else None) != decision.replaces:
        who = printed_name(db, last.by_id) if last else ""
        raise DecidedSince(by=who, number=decision.number)
    problems = [
        Problem(f"answer.{one.code}", ANSWER_MISSING)
        for one in asked.law.questions
        if decision.answers.get(one.code) not in GIVEN
    ]
    if decision.is_reportable is None:
        problems.append(Problem("decision", DECISION_MISSING))
    offered = {one.code for one in asked.law.offered(asked.where)}
    if decision.is_reportable and decision.report not in offered:
        problems.append(Problem("decision", REPORT_MISSING))
    problems += typed.problems_of(decision.reason, "reason", REASON, missing=REASON_MISSING)
    if decision.reported_under:
        problems += typed.problems_of(
            decision.reported_under,
            "reported_under",
            REPORTED_UNDER,
            missing="",
            most=LONGEST_NUMBER,
            lines=False,
        )
    if problems:
        raise Invalid(problems)
    return asked


# --- what is signed --------------------------------------------------------------------------


def record_of(db: Session, decision: Decision, asked: Asked) -> RecordToSign:
    """Draw up what is signed: the event as it stands, the questions, the decision, the reason."""
    content = content_of(db, decision, asked, asked.standing, title=TITLE)
    before = asked.standing.id if asked.standing else 0
    return RecordToSign(
        stream=asked.event.stream,
        record_type="event_reportability",
        record_id=f"{asked.event.number}/{asked.here.code}/{before}",
        record_version=asked.event.version,
        content=content,
        language=content["language"],
        role="regulatory_affairs",
    )


def content_of(
    db: Session,
    decision: Decision,
    asked: Asked,
    before: EventReportability | None,
    *,
    title: str,
) -> dict[str, Any]:
    """Return what is read before it is signed; `before` is the decision that this one replaces."""
    event, language = asked.event, str(db.info.get("language") or "en")
    return {
        "title": say(title, language),
        "number": f"{event.number} · {asked.here.said(language)}",
        "language": language,
        "company": db.info.get("company"),
        "mark": (db.info.get("mark") or "").lower() or None,
        "created_at": moment(event.recorded_at),
        "sections": [
            _event_section(db, event, language),
            _answers_section(decision, asked, language),
            _decision_section(decision, asked, before, language),
            {"heading": say(REASON, language), "text": decision.reason.strip()},
        ],
    }


def _event_section(db: Session, event: ReportedEvent, language: str) -> dict[str, Any]:
    shown = {
        **said(event),
        **dict.fromkeys(("is_external", "unit_id", "lot_id", "part_id", "warnings")),
        "outcome": say(OUTCOMES[event.outcome], language),
        "country": countries(language).get(event.country or ""),
        "aware_at": f"{event.aware_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    }
    rows = [[say(LABELS[name], language), str(value)] for name, value in shown.items() if value]
    understood = understood_of(db, [event])[event.id] or say(N_("Not known"), language)
    rows.append([say(N_("Understood as"), language), understood])
    heading = say(N_("Event %(number)s, version %(version)s"), language,
                  number=event.number, version=event.version)  # fmt: skip
    return {"heading": heading, "rows": rows}


def _answers_section(decision: Decision, asked: Asked, language: str) -> dict[str, Any]:
    rows = [
        [
            one.said(language),
            say(SAID[decision.answers[one.code]], language),
            _source(one.clause, language),
        ]
        for one in asked.law.questions
    ]
    columns = [say(one, language) for one in (N_("Question"), N_("Answer"), N_("Source"))]
    return {
        "heading": say(N_("What the law asks"), language),
        "table": {"columns": columns, "rows": rows},
    }


def _source(clause: Clause, language: str) -> str:
    return f"{clause.source} · {say(CHECKED if clause.is_checked else UNVERIFIED, language)}"


def _decision_section(
    decision: Decision, asked: Asked, before: EventReportability | None, language: str
) -> dict[str, Any]:
    chosen = asked.law.report(decision.report) if decision.report else None
    was = asked.law.report(before.report) if before and before.report else None
    rows = [
        [N_("Jurisdiction"), asked.here.said(language)],
        [N_("The answers ask for"), _named(asked.law.suggested(decision.answers, asked.where),
                                            language)],
        [N_("Decided"), _named(chosen, language)],
        [N_("Source"), _source(chosen.clause, language) if chosen else "–"],
        [N_("Reported under"), decision.reported_under or "–"],
        [N_("In place of"), f"{_named(was, language)}, {moment(before.at)}" if before else "–"],
    ]  # fmt: skip
    return {
        "heading": say(N_("Decision"), language),
        "rows": [[say(label, language), shown] for label, shown in rows],
    }


def _named(report: Report | None, language: str) -> str:
    return report.said(language) if report else say(NOT_REPORTED, language)
