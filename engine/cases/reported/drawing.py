"""What is read and signed of a decision on an event: the event, the answers, the decision."""

from datetime import UTC
from typing import Any

from sqlalchemy.orm import Session

from engine.cases.records.sections import Section, table
from engine.cases.reported.decisions import SAID, Asked, Decision
from engine.cases.reported.given import LABELS
from engine.cases.reported.models import OUTCOMES, EventReportability, ReportedEvent
from engine.cases.reported.recording import said
from engine.cases.reported.understanding import understood_of
from engine.cases.tasks import printed_name
from engine.evidence.canonical import moment
from engine.evidence.signatures import RecordToSign
from engine.regulators.reportability import Clause, Report, reporting
from engine.words import N_, say
from forms.kinds.country import countries

TITLE = N_("Reportability of an event")
REASON = N_("Reason")
NOT_REPORTED = N_("Not reportable")
UNVERIFIED = N_("unverified")
CHECKED = N_("compared with the text")
CONFIRMED, REFUSED = N_("Yes, nothing is reported"), N_("No, it is decided again")
COMPARED = N_("What you compared, and why")


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
    columns = (N_("Question"), N_("Answer"), N_("Source"))
    return table(N_("What the law asks"), columns, rows, language)


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


def second_look(
    db: Session, row: EventReportability, *, is_confirmed: bool, reason: str, language: str
) -> list[Section]:
    """Return what a second person says of a no, beside who decided it."""
    rows = [
        [N_("Decided by"), f"{printed_name(db, row.by_id)}, {moment(row.at)}"],
        [
            N_("Is it right that nothing is reported?"),
            say(CONFIRMED if is_confirmed else REFUSED, language),
        ],
    ]
    return [
        {
            "heading": say(N_("Second look"), language),
            "rows": [[say(label, language), shown] for label, shown in rows],
        },
        {"heading": say(COMPARED, language), "text": reason.strip()},
    ]


def decided(row: EventReportability, language: str) -> str:
    """Return what was decided, in words."""
    return _named(reporting(row.jurisdiction).report(row.report) if row.report else None, language)
