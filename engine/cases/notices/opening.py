"""Opening a recall's notices: rows at once for everybody, then their diagrams part by part.

Ten thousand diagrams take half a minute, and nobody else could write meanwhile: the rows and the
count that the recall waits for come with its own step, the diagrams with a job.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.bpmn import runtime
from engine.bpmn.models import ChildGroup, Instance
from engine.bpmn.step import Step
from engine.cases import scopes
from engine.cases.carrying_out import case_of
from engine.cases.models import Case
from engine.cases.notices import sending, taking_up, texts
from engine.cases.notices.laws import jurisdiction_of, language_for
from engine.cases.notices.models import Notice
from engine.cases.scopes import Consigned
from engine.evidence import ledger
from engine.people import Person

VERB = "open_notices"
PROCESS = "consignee_notice"
MESSAGE = "notices_done"
AT_ONCE = 100  # diagrams started in one transaction
FOLLOW_UP = "P3D"  # after this without a reply somebody tries another channel


def open_all(step: Step) -> ChildGroup:
    """Open one notice for each consignee of the standing scope; `notices_done` comes at the end.

    Those opened already keep theirs. The diagrams start with a job; so do the texts that are
    needed, one for each jurisdiction and language.
    """
    db, case = step.db, case_of(step)
    new = _add(db, case, scopes.by_consignee(db, case), at=step.at)
    return _begin(db, case, step.instance, new, by=step.by, at=step.at)


def open_further(
    db: Session, case: Case, party_ids: Sequence[int], *, by: Person | None, at: datetime
) -> list[int]:
    """Open notices for consignees that a wider scope reaches; return the new ones' ids.

    The recall waits for them as long as it waits for notices at all; closing the case does always.
    """
    wanted = set(party_ids)
    consigned = [one for one in scopes.by_consignee(db, case) if one.party_id in wanted]
    new = _add(db, case, consigned, at=at)
    if not new:
        return []
    _begin(db, case, db.get_one(Instance, case.instance_id), new, by=by, at=at)
    return new


def _add(db: Session, case: Case, consigned: Sequence[Consigned], *, at: datetime) -> list[int]:
    """Add the notices of those who have none yet, in one statement; return their ids in order."""
    known = set(db.scalars(select(Notice.party_id).where(Notice.case_id == case.id)))
    new = [one for one in consigned if one.party_id not in known]
    if not new:
        return []
    newest = db.scalar(select(func.max(Notice.id))) or 0
    rows = [
        {
            "case_id": case.id,
            "party_id": one.party_id,
            "number": f"{case.number}/N-{number:04d}",
            "country": one.country,
            "jurisdiction": jurisdiction_of(one.country),
            "language": language_for(one.country, one.language),
            "state": "open",
            "is_distributor": one.kind == "distributor",
            "opened_at": at,
        }
        for number, one in enumerate(new, len(known) + 1)
    ]
    db.execute(insert(Notice), rows)
    added = select(Notice.id).where(Notice.case_id == case.id, Notice.id > newest)
    ids = list(db.scalars(added.order_by(Notice.id)))
    taking_up.take_up(db, case, ids)
    return ids


def _begin(
    db: Session,
    case: Case,
    parent: Instance,
    new: Sequence[int],
    *,
    by: Person | None,
    at: datetime,
) -> ChildGroup:
    """Have the diagrams of new notices started and their texts written; enters the ledger."""
    group = _group(db, parent, len(new))
    texts.open_needed(db, case, by=by, at=at)
    if new:
        ids = {"case_id": case.id, "group_id": group.id, "after": min(new) - 1, "last": max(new)}
        key = f"{VERB}:{group.id}"
        jobs.ask(db, key, name=VERB, body=ids, at=at, total_count=len(new))
    body = {"count": len(new), "group": group.id}
    ledger.append(db, case.stream, "notices_opened", body, by=by, at=at)
    return group


def _group(db: Session, parent: Instance, count: int) -> ChildGroup:
    group = ChildGroup(
        instance_id=parent.id,
        process=PROCESS,
        message=MESSAGE,
        total_count=count,
        open_count=count,
    )
    db.add(group)
    db.flush()
    return group


def open_notices(db: Session, job: jobs.Job) -> dict[str, int] | jobs.More:
    """Start the next diagrams; the letters that are due already go out after the last."""
    body = job.body
    case = db.get_one(Case, body["case_id"])
    group = db.get_one(ChildGroup, body["group_id"])
    parent = db.get_one(Instance, group.instance_id)
    waiting = db.execute(
        select(Notice.id, Notice.number, Notice.state)
        .where(
            Notice.case_id == case.id,
            Notice.id > body["after"],
            Notice.id <= body["last"],
            Notice.instance_id.is_(None),
        )
        .order_by(Notice.id)
        .limit(AT_ONCE)
    ).all()
    at = clock.now()
    started = []
    for notice_id, number, _ in waiting:
        key = number.rpartition("/")[2]
        instance = runtime.start(
            db,
            PROCESS,
            business_key=number,
            variables={"notice_id": notice_id, "follow_up_after": FOLLOW_UP},
            by=None,
            at=at,
            parent=runtime.Parent(parent, group, key),
        )
        started.append({"id": notice_id, "instance_id": instance.id})
    if started:
        db.execute(update(Notice), started)
        taking_up.tell_diagrams(db, [(number, state) for _, number, state in waiting], at=at)
        after = started[-1]["id"]
        return jobs.More(job.done_count + len(started), {**body, "after": after})

    sending.send_due(db, case, by=None, at=at)
    return {"count": job.done_count}
