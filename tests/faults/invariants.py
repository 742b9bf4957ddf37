"""What must hold of a company after any kill, and a summary to hold beside the unkilled run."""

from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine.bpmn.models import ChildGroup, ChildReport, Incident, Instance, Task, Timer
from engine.cases import balance, verifying
from engine.cases.models import Answer, Case, Line, Posting
from engine.db import Base
from engine.evidence.documents import Document
from engine.evidence.ledger import LedgerEntry
from engine.evidence.signatures import PendingSign, Signature
from engine.jobs import Job
from engine.outbox import Outgoing
from engine.serials.models import Event, Hold, HoldTargetRow, Unit
from webapp.compose import Holdfast

AFTER_WORK = {"follow_up_due"}  # days after its letter went out: recovery sends it later


def check_everything(holdfast: Holdfast, *, is_sealed: bool) -> dict[str, Any]:
    """Assert every rule that needs no comparison; return what the unkilled run must match."""
    with holdfast.database.read() as db:
        _check_answers(db)
        _check_signatures(db)
        _check_chains(db)
        _check_nothing_left(db, is_sealed=is_sealed)
        _check_documents(holdfast, db)
        _check_children(db)
        summary = _summary(db)
        sent = [(one.key, one.sent_sha256) for one in db.scalars(select(Outgoing))]
    _check_letters(holdfast, sent)
    return summary


def _check_answers(db: Session) -> None:
    answered = Counter(db.scalars(select(Answer.task_id)))
    assert set(answered.values()) <= {1}, f"answered twice: {answered}"
    done = set(db.scalars(select(Task.id).where(Task.done_at.is_not(None))))
    starts = db.scalar(select(func.count()).select_from(Case))
    assert done <= set(answered), "a task is done without an answer"
    assert len(answered) == len(done) + (starts or 0), "an answer whose task is not done"


def _check_signatures(db: Session) -> None:
    used = set(db.scalars(select(PendingSign.nonce).where(PendingSign.used_at.is_not(None))))
    nonces = Counter(db.scalars(select(Signature.nonce)))
    assert set(nonces.values()) <= {1}
    assert set(nonces) == used, "a nonce is used without its signature, or signed and still open"


def _check_chains(db: Session) -> None:
    streams = set(db.scalars(select(LedgerEntry.stream)))
    for stream in sorted(streams):
        result = verifying.verify_case(db, stream)
        assert result.holds, f"{stream}: {result.causes}"


def _check_nothing_left(db: Session, *, is_sealed: bool) -> None:
    waiting = db.scalars(select(Outgoing.key).where(Outgoing.sent_at.is_(None))).all()
    assert not waiting, f"not sent: {waiting}"
    jobs = db.scalars(select(Job).where(Job.done_at.is_(None))).all()
    assert not (is_sealed and jobs), f"not done: {[(job.key, job.failure) for job in jobs]}"
    wanted = select(Document.key).where(Document.state == "sealing")
    asked = {f"seal_document:{key}" for key in db.scalars(wanted)}
    assert asked == {job.key for job in jobs if job.name == "seal_document"}
    incidents = db.scalars(select(Incident.error)).all()
    assert not incidents, f"incidents: {incidents}"


def _check_documents(holdfast: Holdfast, db: Session) -> None:
    keys = Counter(db.scalars(select(Document.key).where(Document.key.is_not(None))))
    assert set(keys.values()) <= {1}
    entered = Counter(
        entry.body["document_id"]
        for entry in db.scalars(select(LedgerEntry).where(LedgerEntry.action == "document_sealed"))
    )
    sealed = db.scalars(select(Document.id).where(Document.state == "sealed"))
    assert entered == Counter(sealed), f"sealed more or less than once: {entered}"
    for sha256 in db.scalars(select(Document.sha256).where(Document.sha256.is_not(None))):
        assert holdfast.documents.open(sha256)


def _check_children(db: Session) -> None:
    for group in db.scalars(select(ChildGroup)):
        reports = db.scalars(select(ChildReport).where(ChildReport.group_id == group.id)).all()
        taken = [one for one in reports if one.taken_up_at is not None]
        assert group.open_count == group.total_count - len(taken), f"{group.process}: miscounted"
    over = select(Instance.id).where(Instance.ended_at.is_not(None))
    open_there = select(Task.element_id).where(
        Task.instance_id.in_(over), Task.done_at.is_(None), Task.cancelled_at.is_(None)
    )
    assert not db.scalars(open_there).all(), "an ended diagram still waits for somebody"


def _check_letters(holdfast: Holdfast, sent: list[tuple[str, str | None]]) -> None:
    """Every message said arrived at least once: one Message-ID, the same bytes each time."""
    received: dict[str, set[bytes]] = {}
    for path in _letters(holdfast):
        letter = path.read_bytes()
        name = str(message_from_bytes(letter, policy=policy.default)["Message-ID"])
        received.setdefault(name, set()).add(letter)
    assert len(received) == len(sent), f"{len(received)} of {len(sent)} messages arrived"
    torn = [name for name, versions in received.items() if len(versions) > 1]
    assert not torn, f"repeats differ: {torn}"
    kept = {holdfast.documents.open(sha256 or "") for _, sha256 in sent}
    assert kept == {letter for (letter,) in received.values()}, "kept is not what was sent"


def _letters(holdfast: Holdfast) -> list[Path]:
    folder = holdfast.settings.folder
    if holdfast.settings.mail_folder is not None:
        return list(holdfast.settings.mail_folder.glob("*.eml"))
    received = folder.parent / "received"
    # what was sent before the copy was made came from the folder it is a copy of
    return [*(received / "folder").glob("*.eml"), *(received / folder.name).glob("*.eml")]


# --- what is held beside the unkilled run ----------------------------------------------------


def _summary(db: Session) -> dict[str, Any]:
    """Say all that happened in words that every run shares (library ids differ)."""
    is_released = HoldTargetRow.release_event_id.is_not(None)  # a kill may leave a gap in the ids
    return {
        "rows": _row_counts(db),
        "cases": _rows(db, select(Case.number, Case.state, Case.version)),
        "balance": {
            case.number: {name: str(q) for name, q in balance.totals(db, case.id).items()}
            for case in db.scalars(select(Case))
        },
        "postings": _rows(
            db, select(Posting.from_account, Posting.to_account, Posting.unit_id, Posting.lot_id,
                       Posting.quantity, Posting.evidence)),
        "holds": _rows(
            db, select(Hold.case_number, HoldTargetRow.kind, HoldTargetRow.target_id,
                       is_released).join(HoldTargetRow)),
        "units": _rows(db, select(Unit.serial, Unit.custody, Unit.usability)),
        "events": _rows(db, select(Event.type)),
        "lines": _rows(db, select(Line.number, Line.type, Line.state)),
        "instances": _rows(
            db, select(Instance.process, Instance.business_key, Instance.status, Instance.version)),
        "tasks": _rows(
            db, select(Task.process, Task.element_id, Task.done_at, Task.done_by_id,
                       Task.cancelled_at)),
        "timers": _timers(db),
        "answers": _rows(db, select(Answer.process, Answer.element_id, Answer.version)),
        "signatures": _rows(db, select(Signature.meaning, Signature.person_id)),
        "ledger": _rows(db, select(LedgerEntry.stream, LedgerEntry.seq, LedgerEntry.action)),
        "documents": _rows(db, select(Document.kind, Document.state)),
        "mail": _rows(db, select(Outgoing.layout, Outgoing.receiver)),
    }  # fmt: skip


def _timers(db: Session) -> list[str]:
    """Say when each is due; of one that counts from what the workers did, only that it waits."""
    rows = db.execute(select(Timer.element_id, Timer.due_at))
    return sorted(f"{name} {'' if name in AFTER_WORK else due}".strip() for name, due in rows)


def _row_counts(db: Session) -> dict[str, int]:
    names = [table.name for table in Base.metadata.sorted_tables]
    counts = (f"SELECT '{name}', count(*) FROM {name}" for name in names)
    rows = db.execute(text(" UNION ALL ".join(counts))).all()
    return {row[0]: row[1] for row in rows}


def _rows(db: Session, statement: Any) -> list[str]:
    return sorted(" ".join(map(str, row)) for row in db.execute(statement))
