"""Recording a reply: kept as it came, posted as a difference, told to the notice, looked into."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from engine.bpmn import runtime
from engine.bpmn.errors import NobodyWaits
from engine.cases import balance
from engine.cases.children import can_open, open_child
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import destroying, succession
from engine.cases.replies import posting, standing
from engine.cases.replies.differing import Finding, findings, newly_destroyed
from engine.cases.replies.given import Given
from engine.cases.replies.listed import listed
from engine.cases.replies.models import Reply, ReplyFinding, ReplyLine
from engine.cases.replies.standing import Outcomes, Target
from engine.commands import earlier_result, remember, take_turn
from engine.errors import Invalid, Problem
from engine.evidence import documents, ledger
from engine.evidence.canonical import sha256
from engine.people import Person
from engine.words import N_

BEFORE_IT_WAS_SENT = N_("The notice was sent on %(sent)s; no reply came before. Check the time")
BEFORE_THE_RECALL = N_("This recall was opened on %(opened)s; no reply came before. Check the time")
COMMAND = "record_reply"
PROCESS = "reply_difference"


def record(
    db: Session,
    notice: Notice,
    given: Given,
    *,
    by: Person | None,
    at: datetime,
    key: str,
    is_looked_into: bool = False,
) -> Reply:
    """Record what a consignee replied, by link (`by` None) or as somebody wrote it down.

    A reply is a fact: what exceeds or contradicts is recorded, and a person gets a task. What it
    says of a thing takes the place of what the same consignee said of it before; both are kept.
    A repeated `key` returns the first result. `is_looked_into` where a person has just done so: it
    opens no task. Locks the case, then the notice; flushes. Raises `Invalid` where it is said to
    have come before the notice went out.
    """
    take_turn(db, key)
    asked = {"notice": notice.number, **given.as_json()}
    if (done := earlier_result(db, key, name=COMMAND, request=asked)) is not None:
        return db.get_one(Reply, done["reply_id"])

    told = db.get_one(Case, notice.case_id)
    if problems := too_early(told, notice, given.received_at):
        raise Invalid(problems)
    notice = succession.notice_now(db, notice)
    own = db.get_one(Case, notice.case_id)
    case = succession.goes_on(db, own)  # what is said counts where the recall goes on
    is_open = balance.lock(db, case)
    db.refresh(notice, with_for_update=True)
    before = standing.said_of(db, notice.id)
    reply = _keep(db, own, notice, given, by=by, at=at)
    found = _post(db, case, notice, reply, given, before, is_open=is_open, by=by, at=at)
    kept = _keep_findings(db, reply, found)
    if given.customer is None:
        _answered(db, notice, reply, by=by, at=at)
    if kept and is_open and not is_looked_into:
        _have_looked_into(db, case, reply, kept, by=by, at=at)
    _enter(db, own, notice, reply, given, kept, by=by, at=at)
    result = {"reply_id": reply.id}
    by_id = by.id if by else None
    remember(db, key, name=COMMAND, request=asked, result=result, by_id=by_id, at=at)
    return reply


def too_early(case: Case, notice: Notice, received_at: datetime) -> list[Problem]:
    """Return what is wrong where a reply is said to have come before there was what it answers."""
    if notice.first_sent_at is not None and received_at < notice.first_sent_at:
        facts = (("sent", notice.first_sent_at),)
        return [Problem("received_at", BEFORE_IT_WAS_SENT, facts)]
    if received_at < case.opened_at:
        return [Problem("received_at", BEFORE_THE_RECALL, (("opened", case.opened_at),))]
    return []


def replies_of(db: Session, notice_id: int) -> list[Reply]:
    """Return every reply to a notice, the oldest first."""
    rows = select(Reply).where(Reply.notice_id == notice_id).order_by(Reply.version)
    return list(db.scalars(rows))


def lines_of(db: Session, reply_id: int) -> list[ReplyLine]:
    """Return the lines of a reply in its order."""
    rows = select(ReplyLine).where(ReplyLine.reply_id == reply_id).order_by(ReplyLine.id)
    return list(db.scalars(rows))


def latest(db: Session, notice_id: int, customer_link_id: int | None) -> Reply | None:
    """Return the newest reply of a consignee, or of one customer of a distributor."""
    speaker = Reply.customer_link_id.is_not_distinct_from(customer_link_id)
    rows = select(Reply).where(Reply.notice_id == notice_id, speaker)
    return db.scalars(rows.order_by(Reply.version.desc())).first()


def _keep(
    db: Session, case: Case, notice: Notice, given: Given, *, by: Person | None, at: datetime
) -> Reply:
    newest = select(func.coalesce(func.max(Reply.version), 0))
    version = db.execute(newest.where(Reply.notice_id == notice.id)).scalar_one() + 1
    earlier = latest(db, notice.id, given.customer_link_id)
    files = [
        documents.attach_stored(db, stream=case.stream, file=file, by=by, at=at).id
        for file in given.files
    ]
    reply = Reply(
        notice_id=notice.id,
        link_id=given.link_id,
        number=f"{notice.number}/R-{version}",
        version=version,
        channel=given.channel,
        customer_link_id=given.customer_link_id,
        customer=given.customer,
        name=given.name,
        role=given.role,
        contact=given.contact,
        language=given.language,
        text_id=given.text_id,
        instructions=[vars(one) for one in given.instructions],
        is_none=given.is_none,
        replacement=given.replacement,
        patients_informed_count=given.patients_informed_count,
        customer_count=given.customer_count,
        customer_informed_count=given.customer_informed_count,
        customer_answered_count=given.customer_answered_count,
        note=given.note,
        warnings=list(given.warnings),
        document_ids=files,
        received_at=given.received_at,
        recorded_at=at,
        by_id=by.id if by else None,
        supersedes_id=earlier.id if earlier else None,
        sha256=sha256(given.as_json()),
    )
    db.add(reply)
    db.flush()
    if given.lines:
        db.execute(
            insert(ReplyLine),
            [
                {
                    "reply_id": reply.id,
                    "unit_id": line.unit_id,
                    "lot_id": line.lot_id,
                    "said": line.said,
                    "quantity": line.quantity,
                    "outcome": line.outcome,
                    "passed_on_to": given.passed_on_to if line.outcome == "passed_on" else None,
                }
                for line in given.lines
            ],
        )
    return reply


def _post(
    db: Session,
    case: Case,
    notice: Notice,
    reply: Reply,
    given: Given,
    before: Mapping[int | None, Mapping[Target, Outcomes]],
    *,
    is_open: bool,
    by: Person | None,
    at: datetime,
) -> list[Finding]:
    """Post what this reply changes, and return what is to be looked into."""
    said = _by_target(given)
    own_before = before.get(given.customer_link_id, {})
    now = {**before, given.customer_link_id: {**own_before, **said}}
    wanted = standing.accounts_of(now, said)
    lying = posting.lying_of(db, case, notice.party_id, said)
    found = list(
        findings(said, own_before, listed(db, notice), lying, wanted, party_id=notice.party_id)
    )
    if destroying.is_too_early(db, case, notice.country):
        found += newly_destroyed(said, own_before)
    if not is_open:
        return [Finding("case_over", Target(None, None, reply.number), after={}), *found]
    with_them = posting.with_them(lying, notice.party_id)
    counts = standing.accounts_of(standing.counted(db, notice.id, now), said)
    posting.post(db, case, counts, with_them, evidence=f"reply {reply.number}", by=by, at=at)
    return found


def _by_target(given: Given) -> dict[Target, Outcomes]:
    said: dict[Target, dict[str, Decimal]] = {}
    for line in given.lines:
        of_target = said.setdefault(Target(*line.target), {})
        of_target[line.outcome] = of_target.get(line.outcome, Decimal(0)) + line.quantity
    return dict(said.items())


def _keep_findings(db: Session, reply: Reply, found: Iterable[Finding]) -> list[ReplyFinding]:
    kept = [
        ReplyFinding(
            reply_id=reply.id,
            kind=one.kind,
            unit_id=one.target.unit_id,
            lot_id=one.target.lot_id,
            said=one.target.said,
            before=_written(one.before),
            after=_written(one.after),
        )
        for one in found
    ]
    db.add_all(kept)
    db.flush()
    return kept


def _have_looked_into(
    db: Session,
    case: Case,
    reply: Reply,
    kept: list[ReplyFinding],
    *,
    by: Person | None,
    at: datetime,
) -> None:
    """Open the task; a reply is recorded also where nobody has released its process yet."""
    if not can_open(db, case, PROCESS):
        return
    child = open_child(db, case, PROCESS, by=by, at=at, variables={"reply_id": reply.id})
    for one in kept:
        one.instance_id = child.id
    db.flush()


def _written(outcomes: Outcomes | None) -> str | None:
    """Return outcomes as they are kept: `quarantined 4, used 1`."""
    if not outcomes:
        return None
    return ", ".join(f"{name} {much.normalize():f}" for name, much in sorted(outcomes.items()))


def _answered(
    db: Session, notice: Notice, reply: Reply, *, by: Person | None, at: datetime
) -> None:
    """Mark the notice as answered and tell its diagram, where one still waits."""
    if notice.state != "closed":
        notice.state = "answered"
    if notice.answered_at is None:
        notice.answered_at = reply.received_at
    db.flush()
    told = {"reply_id": reply.id}
    try:
        runtime.deliver_message(db, "reply_received", notice.number, variables=told, by=by, at=at)
    except NobodyWaits:
        return  # it was answered before, or is with a person: what is new stands in the reply


def _enter(
    db: Session,
    case: Case,
    notice: Notice,
    reply: Reply,
    given: Given,
    kept: list[ReplyFinding],
    *,
    by: Person | None,
    at: datetime,
) -> None:
    counts: dict[str, Any] = {}
    for line in given.lines:
        counts[line.outcome] = counts.get(line.outcome, Decimal(0)) + line.quantity
    body = {
        "reply": reply.number,
        "notice": notice.number,
        "channel": reply.channel,
        "name": reply.name,
        "role": reply.role,
        "customer": reply.customer,
        "received_at": reply.received_at.isoformat(),
        "outcomes": {name: f"{much:f}" for name, much in sorted(counts.items())},
        "findings": sorted({one.kind for one in kept}),
        "documents": reply.document_ids,
        "sha256": reply.sha256,
    }
    ledger.append(db, case.stream, "reply_recorded", body, by=by, at=at)
