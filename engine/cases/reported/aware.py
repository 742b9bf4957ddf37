"""Putting right when a case was first known of, under a signature: the wrong row stays as history.

An event or a recall that ended in another may have brought a wrong awareness. No correction of the
event and no lost link changes it, so a person does, and says why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases import facts
from engine.cases.models import Case, Fact
from engine.cases.recalls import succession
from engine.cases.records.sections import Section, head, minute, table
from engine.cases.reported import feeding, finding, listing
from engine.cases.reported.models import ReportedEvent
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import LINE, WRITE_REASON, problems_of
from engine.errors import Invalid, Problem, Refused
from engine.evidence import ceremony, ledger
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.facts import NAMES
from engine.people import Person, authorize
from engine.words import N_, say

ACTION, ENTRY = "case.correct_awareness", "awareness_corrected"
TITLE = N_("Correct when the case was first known of")
REASON, AWARE_BY = N_("Reason"), NAMES["awareness_by"]
WHEN_MISSING = N_("Enter when anyone here first knew of it")
WHO_MISSING = N_("Enter who first knew of it")
IN_FUTURE = N_("This is still to come. Enter when it was")
NOT_CHANGED = N_("Nothing is changed. Correct the time or the person, or leave it as it is")
AFTER_IT_WAS_OPENED = N_(
    "The case was opened on %(known)s, so somebody knew of it by then. Enter that time or an "
    "earlier one"
)
AN_EVENT_SAYS = N_(
    "%(event)s feeds this case and was known on %(known)s. Take its link away or correct it first, "
    "or enter that time or an earlier one"
)
LONG_BEFORE = N_(
    "This is more than a year before the case was opened on %(known)s. Check the year: a due time "
    "that this makes earlier never moves back. If it is right, confirm it below"
)
A_YEAR = timedelta(days=366)
COLUMNS = (N_("What"), N_("As it stood"), N_("As corrected"))
UNLINKED, CHANGED = "unlinked", "changed"
EARLIER = N_(
    "The corrected time is earlier. A due time that runs from it becomes earlier too and may be "
    "over at once; key figures count from it."
)
LATER = N_(
    "The corrected time is later. No due time that stands moves later by this: each stays until it "
    "is met. What is reckoned from now on, and the key figures, count from the corrected time."
)
SAME_TIME = N_("The time stays as it is: no due time and no key figure changes.")
KEPT = N_("What stood before stays in the history with who recorded it, and signatures stay.")


class NothingKnown(Refused):
    """Nothing says yet when %(number)s was first known of. Link the event that does."""


@dataclass(frozen=True)
class Correcting:
    """What is asked: of which case, when somebody really knew of it first, who, and why."""

    number: str
    aware_at: datetime | None
    aware_by: str
    reason: str
    is_long_ago: bool = False  # somebody checked that it was more than a year before the case


@dataclass(frozen=True)
class Doubt:
    """Why an awareness may be wrong: the event it came from is gone from the case, or says else."""

    event: str
    why: str  # UNLINKED or CHANGED
    says: datetime  # what the event says now


@dataclass(frozen=True)
class Known:
    """When a case was first known of, and by whom."""

    at: datetime
    by: str


def known(db: Session, case: Case) -> Known | None:
    """Return when a case was first known of, as it stands."""
    found, named = (facts.latest(db, case, name) for name in ("awareness", "awareness_by"))
    if found is None:
        return None
    return Known(datetime.fromisoformat(found.value), named.value if named else "")


def doubt(db: Session, case: Case) -> Doubt | None:
    """Return what speaks against the awareness of a case, None where nothing does.

    One that came from a recall that ended in this one is as good as what it rested on there.
    """
    stood = facts.latest(db, case, "awareness")
    event = _event_behind(db, case, stood) if stood is not None else None
    if stood is None or event is None:
        return None
    if event.number not in feeding.numbers_of(db, case.id):
        return Doubt(event.number, UNLINKED, event.aware_at)
    if event.aware_at > datetime.fromisoformat(stood.value):
        return Doubt(event.number, CHANGED, event.aware_at)
    return None


def _event_behind(db: Session, case: Case, stood: Fact) -> ReportedEvent | None:
    source = (stood.evidence or "").partition(",")[0]
    if finding.is_an_event(db, source):
        return finding.named(db, source)
    before = next((one for _, one in succession.ended_in(db, case) if one.number == source), None)
    theirs = facts.latest(db, before, "awareness") if before is not None else None
    return _event_behind(db, before, theirs) if before is not None and theirs is not None else None


def open_signing(
    db: Session, asked: Correcting, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze what is corrected for the sign page; flushes. Raises why it cannot be."""
    case, stood, aware_at = _checked(db, asked, by, at=at)
    return ceremony.open_pending(
        db,
        record=_record_of(db, case, stood, aware_at, asked),
        meaning="correct",
        by=by,
        session_id=session_id,
        at=at,
    )


def correct(
    db: Session, asked: Correcting, signing: Signing, *, by: Person, at: datetime, key: str
) -> Case:
    """Put right when a case was first known of; a repeated `key` changes nothing.

    Due times that stand are never put back by it. Raises `CaseEnded`, `NothingKnown`, and
    `Invalid` where the case or an event that feeds it was known earlier.
    """
    request = {**vars(asked), "aware_at": asked.aware_at and asked.aware_at.isoformat(),
               "by": by.id}  # fmt: skip
    case = lock_case(db, asked.number)
    if commands.earlier_result(db, key, name=ENTRY, request=request) is not None:
        return case

    case, stood, aware_at = _checked(db, asked, by, at=at)
    reason, who = asked.reason.strip(), asked.aware_by.strip()
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=_record_of(db, case, stood, aware_at, asked).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=reason,
    )
    evidence = f"signature {signature.id}"
    named = facts.latest(db, case, "awareness_by")
    facts.record(db, case, "awareness", aware_at.isoformat(), by=by, at=at, evidence=evidence,
                 corrects=stood, reason=reason)  # fmt: skip
    facts.record(db, case, "awareness_by", who, by=by, at=at, evidence=evidence, corrects=named,
                 reason=reason)  # fmt: skip
    body = {
        "awareness": aware_at.isoformat(),
        "who": who,
        "was": stood.value,
        "reason": reason,
        "signature": signature.id,
    }
    ledger.append(db, case.stream, ENTRY, body, by=by, at=at)
    case.version += 1
    commands.remember(
        db, key, name=ENTRY, request=request, result={"number": case.number}, by_id=by.id, at=at
    )
    return case


def _checked(
    db: Session, asked: Correcting, by: Person, *, at: datetime
) -> tuple[Case, Fact, datetime]:
    authorize(by, ACTION)
    case = lock_case(db, asked.number)
    refuse_ended(case)
    stood = facts.latest(db, case, "awareness")
    if stood is None:
        raise NothingKnown(number=case.number)
    problems = [
        *_wrong_time(db, case, asked.aware_at, at=at),
        *_perhaps_a_slip(case, asked),
        *problems_of(asked.aware_by, "aware_by", AWARE_BY, missing=WHO_MISSING, most=LINE,
                     lines=False),
        *problems_of(asked.reason, "reason", REASON, missing=WRITE_REASON),
    ]  # fmt: skip
    named = facts.latest(db, case, "awareness_by")
    said = (asked.aware_at, asked.aware_by.strip())
    if said == (datetime.fromisoformat(stood.value), named.value if named else ""):
        problems.append(Problem("aware_at", NOT_CHANGED))
    if problems or asked.aware_at is None:
        raise Invalid(problems)
    return case, stood, asked.aware_at


def _wrong_time(
    db: Session, case: Case, aware_at: datetime | None, *, at: datetime
) -> list[Problem]:
    if aware_at is None:
        return [Problem("aware_at", WHEN_MISSING)]
    if aware_at > at:
        return [Problem("aware_at", IN_FUTURE)]
    first = min(_fed_by(db, case), key=lambda one: one.aware_at, default=None)
    if first is not None and aware_at > first.aware_at:
        told = (("event", first.number), ("known", first.aware_at))
        return [Problem("aware_at", AN_EVENT_SAYS, told)]
    if aware_at > case.opened_at:
        return [Problem("aware_at", AFTER_IT_WAS_OPENED, (("known", case.opened_at),))]
    return []


def _perhaps_a_slip(case: Case, asked: Correcting) -> list[Problem]:
    if asked.aware_at is None or asked.is_long_ago or case.opened_at - asked.aware_at <= A_YEAR:
        return []
    return [Problem("is_long_ago", LONG_BEFORE, (("known", case.opened_at),))]


def _fed_by(db: Session, case: Case) -> list[ReportedEvent]:
    """Return the events that feed a case, as they say it now."""
    fed_by = listing.Wanted(case_id=case.id).conditions()
    return list(db.scalars(select(ReportedEvent).where(*fed_by).order_by(ReportedEvent.number)))


def _record_of(
    db: Session, case: Case, stood: Fact, aware_at: datetime, asked: Correcting
) -> RecordToSign:
    """Draw up what is signed: what stood, what is true, what else says so, and what follows."""
    language = case.language
    was = datetime.fromisoformat(stood.value)
    named = facts.latest(db, case, "awareness_by")
    follows = SAME_TIME if aware_at == was else EARLIER if aware_at < was else LATER
    rows: list[list[Any]] = [
        [say(NAMES["awareness"], language), minute(was), minute(aware_at)],
        [say(AWARE_BY, language), named.value if named else "–", asked.aware_by.strip()],
        [say(N_("Where it comes from"), language), _source(stood, language), say(TITLE, language)],
    ]
    content = {
        **head(db, case, title=TITLE, number=case.number),
        "sections": [
            {"heading": say(REASON, language), "text": asked.reason.strip()},
            table(N_("When the case was first known of"), COLUMNS, rows, language),
            *_what_else_says_so(db, case, language),
            {
                "heading": say(N_("What becomes of it"), language),
                "text": "\n\n".join(say(one, language) for one in (follows, KEPT)),
            },
        ],
    }  # fmt: skip
    return RecordToSign(
        stream=case.stream,
        record_type=ENTRY,
        record_id=case.number,
        record_version=case.version,
        content=content,
        language=language,
        process=case.process,
        role="qa_manager",
    )


def _source(stood: Fact, language: str) -> str:
    """Return in words what a fact rests on: the report, an event, a recall, or a correction."""
    source, _, version = (stood.evidence or "").partition(", version ")
    if version:
        facts_of = {"event": source, "version": version}
        return say(N_("%(event)s, version %(version)s"), language) % facts_of
    if source == "report":
        return say(N_("The report of the case"), language)
    return say(TITLE, language) if source.startswith("signature ") else source or "–"


def _what_else_says_so(db: Session, case: Case, language: str) -> list[Section]:
    rows = [
        [one.number, one.version, minute(one.aware_at), one.aware_by] for one in _fed_by(db, case)
    ]
    if not rows:
        return []
    columns = [N_("Reported event"), N_("Version"), NAMES["awareness"], AWARE_BY]
    return [table(N_("Events that feed the case"), columns, rows, language)]
