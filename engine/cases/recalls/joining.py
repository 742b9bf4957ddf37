"""Ending one recall in another, signed: merged for one cause, or superseded by a wider one.

Nothing is taken back: letters, replies, attempts, reports and signatures stay where they were made,
and what is open goes on in the recall that is named. It holds everything before the other lets go.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock, commands, jobs
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from engine.cases import balance, facts, scopes, telling
from engine.cases.models import Case
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter
from engine.cases.overview import roots_of
from engine.cases.recalls import gates, jurisdictions, succession, uniting
from engine.cases.recalls.joining_record import record_of
from engine.cases.recalls.models import Gate, Succession
from engine.cases.recalls.succession import MERGED
from engine.cases.reported import feeding
from engine.cases.reported.models import CaseEvent
from engine.cases.scopes import Difference, telling as changes
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case
from engine.cases.typed import WRITE_REASON
from engine.errors import Invalid, Problem, Refused
from engine.evidence import ceremony, checkpoints, ledger
from engine.evidence.signatures import PendingSign
from engine.people import Person, authorize
from engine.serials import holds
from engine.words import N_

ACTION, VERB = "recall.join", "end_diagrams"
AT_ONCE = 100  # diagrams ended in one transaction
ENTRIES = {MERGED: "case_merged", succession.SUPERSEDED: "case_superseded"}
# what only a person can finish: product in work, or a decision about it that is being made
FINISHED_FIRST = (
    "disposition_line",
    "scope_change",
    "hold_breach",
    "recount",
    "reply_difference",
    "signature_renewal",
)


class NotTogether(Refused):
    """A drill and a real recall are never one. Choose one of the same kind."""


class SameRecall(Refused):
    """A recall cannot go on in itself. Name another one."""


class NoRecall(Refused):
    """%(number)s is no recall. Name an open recall."""


class NotContainedYet(Refused):
    """%(number)s has no frozen scope yet. Contain it first, or dismiss its signal at triage."""


class WorkUnfinished(Refused):
    """%(processes)s is still open in %(number)s. Finish it first."""


class NotWider(Refused):
    """%(into)s leaves out %(units)s units and %(lots)s lots of %(number)s. Widen it, or merge."""


@dataclass(frozen=True)
class Joining:
    """What is asked: which recall ends in which, as what, and why."""

    number: str
    into: str
    kind: str  # MERGED or SUPERSEDED
    reason: str


def open_signing(
    db: Session, asked: Joining, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze what is joined for the sign page; flushes. Raises why it cannot be."""
    other, case = _checked(db, asked, by)
    record = record_of(db, other, case, asked.kind, asked.reason)
    return ceremony.open_pending(
        db, record=record, meaning="approve", by=by, session_id=session_id, at=at
    )


def join(
    db: Session, asked: Joining, signing: Signing, *, by: Person, at: datetime, key: str
) -> Case:
    """End one recall in another under a signature; a repeated `key` changes nothing.

    Of two people who end one recall at once the second is told that it has ended.
    """
    request = {**vars(asked), "by": by.id}
    if commands.earlier_result(db, key, name=ACTION, request=request) is not None:
        return lock_case(db, asked.into)

    other, case = _checked(db, asked, by)
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record_of(db, other, case, asked.kind, asked.reason).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=asked.reason.strip(),
    )
    _carry_out(db, other, case, asked, signature.id, by=by, at=at)
    commands.remember(
        db, key, name=ACTION, request=request, result={"into": case.number}, by_id=by.id, at=at
    )
    return case


# --- what cannot be --------------------------------------------------------------------------


def _checked(db: Session, asked: Joining, by: Person) -> tuple[Case, Case]:
    """Lock both, the older first, and return who ends and who goes on. Raises why it cannot be."""
    authorize(by, ACTION)
    if not asked.reason.strip():
        raise Invalid([Problem("reason", WRITE_REASON)])
    if asked.number == asked.into:
        raise SameRecall
    # everybody who locks two cases locks the older first
    ids = dict(
        db.execute(
            select(Case.number, Case.id).where(Case.number.in_((asked.number, asked.into)))
        ).all()
    )
    if asked.into not in ids:
        raise Invalid([Problem("into", N_("Choose a recall"))])
    locked = {
        number: lock_case(db, number)
        for number in sorted((asked.number, asked.into), key=lambda one: ids.get(one, 0))
    }
    other, case = locked[asked.number], locked[asked.into]
    for one in (other, case):
        if one.process != "recall":
            raise NoRecall(number=one.number)
        succession.refuse_elsewhere(db, one)
        if scopes.standing(db, one) is None:
            raise NotContainedYet(number=one.number)
    if other.is_drill != case.is_drill:
        raise NotTogether
    _refuse_unfinished(db, other)
    if asked.kind != MERGED:
        units, lots = uniting.not_in(db, case, other)
        if units or lots:
            raise NotWider(into=case.number, number=other.number, units=f"{units:,}", lots=lots)
    return other, case


def _refuse_unfinished(db: Session, case: Case) -> None:
    running = db.scalars(
        select(Instance.process)
        .where(
            Instance.root_id.in_(roots_of(case)),
            Instance.ended_at.is_(None),
            Instance.process.in_(FINISHED_FIRST),
        )
        .distinct()
        .order_by(Instance.process)
    ).all()
    if running:
        names = ", ".join(one.replace("_", " ") for one in running).capitalize()
        raise WorkUnfinished(processes=names, number=case.number)


# --- carrying it out -------------------------------------------------------------------------


def _carry_out(
    db: Session,
    other: Case,
    case: Case,
    asked: Joining,
    signature_id: int,
    *,
    by: Person,
    at: datetime,
) -> None:
    reason = asked.reason.strip()
    db.add(
        Succession(
            case_id=other.id, into_id=case.id, kind=asked.kind, reason=reason, by_id=by.id, at=at,
            signature_id=signature_id,
        )
    )  # fmt: skip
    db.flush()
    difference = None
    if asked.kind == MERGED:
        difference = uniting.unite(db, case, other, signature_id=signature_id, by=by, at=at)
    uniting.carry(db, case, other, by=by, at=at)
    _take_over(db, case, other, by=by, at=at)
    succession.join_notices(db, case)
    if difference is not None:
        changes.tell(db, case, difference, by=by, at=at, but=_told_by(db, other, difference))
    else:
        jurisdictions.ensure(db, case, by=by, at=at)
    uniting.hand_over(db, case, other, by=by, at=at)
    _end(db, other, case, asked.kind, reason, signature_id, by=by, at=at)
    body = {"number": other.number, "kind": asked.kind, "reason": reason, "signature": signature_id}
    ledger.append(db, case.stream, "recall_taken_up", body, by=by, at=at)
    case.version += 1
    checkpoints.checkpoint(db, at=at)


def _take_over(db: Session, case: Case, other: Case, *, by: Person, at: datetime) -> None:
    """Take over what holds something back or starts a clock; flushes.

    A gate that an authority keeps closed stays closed. What it opened for the other it opened for
    that: here it is asked again.
    """
    there = {(gate.jurisdiction, gate.what) for gate in gates.gates_of(db, case)}
    db.add_all(
        Gate(case_id=case.id, jurisdiction=gate.jurisdiction, what=gate.what, rule=gate.rule,
             closed_at=at)
        for gate in gates.gates_of(db, other)
        if gate.state == "closed" and (gate.jurisdiction, gate.what) not in there
    )  # fmt: skip
    for fact in facts.standing(db, other):
        known = facts.latest(db, case, "initiation", jurisdiction=fact.jurisdiction)
        if fact.name == "initiation" and known is None:
            facts.record(
                db, case, "initiation", fact.value, by=by, at=at,
                evidence=f"{other.number}: {fact.evidence}", jurisdiction=fact.jurisdiction,
            )  # fmt: skip
    feeds = select(CaseEvent.number).where(CaseEvent.ended_at.is_(None))
    known_events = set(db.scalars(feeds.where(CaseEvent.case_id == case.id)))
    theirs = set(db.scalars(feeds.where(CaseEvent.case_id == other.id)))
    feeding.feed(db, case, list(theirs - known_events), by=by, at=at)
    aware = facts.latest(db, other, "awareness")
    if aware is not None:
        _know_earlier(db, case, other, datetime.fromisoformat(aware.value), by=by, at=at)


def _know_earlier(
    db: Session, case: Case, other: Case, aware_at: datetime, *, by: Person, at: datetime
) -> None:
    """Take over when the other was first known of, where it is the earlier: clocks run from it."""
    found = facts.latest(db, other, "awareness_by")
    who = found.value if found else other.number
    if facts.know_earlier(db, case, aware_at, who, reason=other.number, by=by, at=at):
        body = {"awareness": aware_at.isoformat(), "who": who, "event": other.number}
        ledger.append(db, case.stream, "awareness_moved", body, by=by, at=at)


def _told_by(db: Session, other: Case, difference: Difference) -> set[int]:
    """Return the consignees that `other` has told of all that is new for them here."""
    told = select(Notice.party_id).where(
        Notice.case_id == other.id, Notice.first_sent_at.is_not(None)
    )
    knows = {one.party_id: one for one in scopes.by_consignee(db, other)}
    more = {
        one.party_id
        for one in scopes.differences_by_consignee(db, difference.before, difference.version)
        if (had := knows.get(one.party_id)) is not None
        and (one.added_units > had.unit_count or one.added_quantity > had.quantity)
    }
    return set(db.scalars(told)) - more


def _end(
    db: Session,
    other: Case,
    case: Case,
    kind: str,
    reason: str,
    signature_id: int,
    *,
    by: Person,
    at: datetime,
) -> None:
    """End the recall whose units are another's now: its holds go, its letters stop."""
    balance.refuse_unless_complete(db, other)
    goes_on = f"goes on as {case.number}"
    holds.release_case(db, other.number, reason=goes_on, by=by, at=at)
    of_it = select(Notice.id).where(Notice.case_id == other.id)
    db.execute(
        update(NoticeLetter)
        .where(NoticeLetter.notice_id.in_(of_it), NoticeLetter.state.in_(("waiting", "failed")))
        .values(state="void", failure=None)
        .execution_options(synchronize_session=False)
    )
    db.execute(
        update(LetterRun)
        .where(LetterRun.case_id == other.id, LetterRun.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    other.state, other.ended_at, other.version = "closed", at, other.version + 1
    body = {
        "into": case.number,
        "reason": reason,
        "signature": signature_id,
        "balance": {name: str(one) for name, one in balance.totals(db, other.id).items()},
        "holdings_sha256": balance.holdings_sha256(db, other.id),
    }
    telling.case_ended(db, other, at=at)
    ledger.append(db, other.stream, ENTRIES[kind], body, by=by, at=at)
    job = {"case_id": other.id, "reason": goes_on}
    jobs.ask(db, f"{VERB}:{other.number}", name=VERB, body=job, at=at)


def end_diagrams(db: Session, job: jobs.Job) -> dict[str, int] | jobs.More:
    """End the diagrams of a recall that goes on elsewhere, some at a time: the root last.

    Ten thousand notices take minutes, and nobody else could write meanwhile. Their tasks are
    refused from the moment the recall ended.
    """
    other = db.get_one(Case, job.body["case_id"])
    running = select(Instance.id).where(
        Instance.root_id.in_(roots_of(other)), Instance.ended_at.is_(None)
    )
    children = running.where(Instance.parent_id.is_not(None)).order_by(Instance.id.desc())
    some = db.scalars(children.limit(AT_ONCE)).all()
    last = [] if some else db.scalars(running.order_by(Instance.id)).all()
    for instance_id in (*some, *last):
        if db.get_one(Instance, instance_id).ended_at is None:
            runtime.cancel(db, instance_id, reason=job.body["reason"], by=None, at=clock.now())
    if some:
        return jobs.More(job.done_count + len(some), job.body)
    return {"count": job.done_count}
