"""Carrying out that one recall ends in another: what is taken over, and how the other ends."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from engine.cases import balance, facts, scopes, telling
from engine.cases.models import Case
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter
from engine.cases.overview import roots_of
from engine.cases.recalls import ending_record, gates, jurisdictions, succession, uniting
from engine.cases.recalls.models import Gate, Succession
from engine.cases.recalls.succession import MERGED
from engine.cases.reported import feeding
from engine.cases.reported.models import CaseEvent
from engine.cases.scopes import Difference, telling as changes
from engine.evidence import checkpoints, ledger
from engine.people import Person
from engine.serials import holds
from engine.serials.models import TraceRun

VERB = "end_diagrams"
AT_ONCE = 100  # diagrams ended in one transaction
ENTRIES = {MERGED: "case_merged", succession.SUPERSEDED: "case_superseded"}


@dataclass(frozen=True)
class Signed:
    """What was signed: the recall ends as this, for this reason."""

    kind: str  # MERGED or SUPERSEDED
    reason: str
    signature_id: int


def carry_out(
    db: Session,
    other: Case,
    case: Case,
    signed: Signed,
    *,
    traced: TraceRun | None = None,
    by: Person,
    at: datetime,
) -> None:
    """End one recall in another: both are locked, and may be joined. Flushes.

    `traced` is the trace of what either concerns where it was made beforehand.
    """
    ends = Succession(
        case_id=other.id, into_id=case.id, kind=signed.kind, reason=signed.reason, by_id=by.id,
        at=at, signature_id=signed.signature_id,
    )  # fmt: skip
    db.add(ends)
    db.flush()
    difference = None
    if signed.kind == MERGED:
        difference = uniting.unite(
            db, case, other, traced=traced, signature_id=signed.signature_id, by=by, at=at
        )
    uniting.carry(db, case, other, by=by, at=at)
    _take_over(db, case, other, by=by, at=at)
    succession.join_notices(db, case)
    if difference is not None:
        changes.tell(db, case, difference, by=by, at=at, but=_told_by(db, other, difference))
    else:
        jurisdictions.ensure(db, case, by=by, at=at)
    ending_record.seal(db, other, case, ends, by=by, at=at)
    uniting.hand_over(db, case, other, by=by, at=at)
    _end(db, other, case, signed, by=by, at=at)
    body = {
        "number": other.number,
        "kind": signed.kind,
        "reason": signed.reason,
        "signature": signed.signature_id,
    }
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


def _end(db: Session, other: Case, case: Case, signed: Signed, *, by: Person, at: datetime) -> None:
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
        "reason": signed.reason,
        "signature": signed.signature_id,
        "balance": {name: str(one) for name, one in balance.totals(db, other.id).items()},
        "holdings_sha256": balance.holdings_sha256(db, other.id),
    }
    telling.case_ended(db, other, at=at)
    ledger.append(db, other.stream, ENTRIES[signed.kind], body, by=by, at=at)
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
