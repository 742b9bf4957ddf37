"""Ending one recall in another, signed: merged for one cause, or superseded by a wider one.

Nothing is taken back: letters, replies, attempts, reports and signatures stay where they were made,
and what is open goes on in the recall that is named. It holds everything before the other lets go.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands, jobs
from engine.bpmn.models import Instance
from engine.cases import scopes
from engine.cases.models import Case
from engine.cases.overview import roots_of
from engine.cases.recalls import succession, taking_over, uniting
from engine.cases.recalls.joining_record import record_of
from engine.cases.recalls.succession import MERGED
from engine.cases.recalls.taking_over import Signed
from engine.cases.scopes.standing import standing_or_refuse
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case
from engine.cases.typed import WRITE_REASON, problems_of
from engine.errors import Conflict, Invalid, NotAllowed, Problem, Refused
from engine.evidence import ceremony
from engine.evidence.signatures import PendingSign
from engine.jobs import MANY
from engine.people import Person, authorize
from engine.people.queries import person_of
from engine.serials.models import TraceRun
from engine.words import N_

ACTION, VERB = "recall.join", "join_recalls"
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
    """%(into)s leaves out some of %(number)s: units %(units)s, lots %(lots)s. Widen it or merge."""


class BeingJoined(Conflict):
    """%(number)s is signed to end in %(into)s, and is being ended. Wait until that is done."""


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
) -> jobs.Job | None:
    """End one recall in another under a signature; a repeated `key` changes nothing.

    Where both have more than `MANY` units a job does it, and that is returned. Of two people who
    end one recall at once the second is told that it has ended.
    """
    request = {**vars(asked), "by": by.id}
    earlier = commands.earlier_result(db, key, name=ACTION, request=request)
    if earlier is not None:
        return db.get(jobs.Job, earlier["job"]) if earlier.get("job") else None

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
    job = None
    if _units(db, other, case) > MANY:
        body = {**request, "signature": signature.id}
        job = jobs.ask(db, f"{_key(other)}{key}", name=VERB, body=body, at=at, total_count=3)
    else:
        signed = Signed(asked.kind, asked.reason.strip(), signature.id)
        taking_over.carry_out(db, other, case, signed, by=by, at=at)
    result = {"into": case.number, "job": job.id if job else None}
    commands.remember(db, key, name=ACTION, request=request, result=result, by_id=by.id, at=at)
    return job


def _units(db: Session, *cases: Case) -> int:
    versions = [standing_or_refuse(db, case) for case in cases]
    return sum(db.get_one(TraceRun, one.run_id).root_count for one in versions)


# --- where much is affected: nobody waits at the page -------------------------------------------


def carry_out(db: Session, job: jobs.Job) -> dict[str, Any] | jobs.More:
    """End one large recall in another as it was signed; what stands in the way is the result.

    What both concern is traced in a transaction of its own: that changes nothing, and nobody else
    waits for it. All the rest is one.
    """
    body = job.body
    if job.done_count == 0:  # so that the pages say that it has begun
        return jobs.More(1, body, 3)
    asked = Joining(body["number"], body["into"], body["kind"], body["reason"])
    by = person_of(db, body["by"], at=job.asked_at)
    try:
        with db.begin_nested():
            other, case = _checked(db, asked, by, job_id=job.id)
            if job.done_count == 1:
                found = uniting.trace_either(db, case, other, by=by, at=job.asked_at).id
                return jobs.More(2, {**body, "run": found})
            signed = Signed(asked.kind, asked.reason.strip(), body["signature"])
            taking_over.carry_out(
                db, other, case, signed, traced=db.get_one(TraceRun, body["run"]), by=by,
                at=job.asked_at,
            )  # fmt: skip
    except (Conflict, Refused, NotAllowed) as refused:
        return jobs.refusal(refused)
    return {"into": asked.into}


def under_way(db: Session, number: str) -> jobs.Job | None:
    """Return the job that ends a recall in another, or another in it, while it is not done."""
    either = (job for job in jobs.of(db, VERB) if number in (job.body["number"], job.body["into"]))
    return next(either, None)


def why_not_joined(db: Session, case: Case) -> Problem | None:
    """Return why an open recall did not end in another though that was signed, where it is so."""
    return jobs.last_refusal(db, _key(case)) if case.state == "open" else None


def _key(other: Case) -> str:
    return f"{VERB}:{other.number}:"


# --- what cannot be --------------------------------------------------------------------------


def _checked(
    db: Session, asked: Joining, by: Person, *, job_id: int | None = None
) -> tuple[Case, Case]:
    """Lock both, the older first, and return who ends and who goes on. Raises why it cannot be."""
    authorize(by, ACTION)
    if problems := problems_of(asked.reason, "reason", N_("Reason"), missing=WRITE_REASON):
        raise Invalid(problems)
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
        _refuse(db, one, job_id)
    if other.is_drill != case.is_drill:
        raise NotTogether
    _refuse_unfinished(db, other)
    if asked.kind != MERGED:
        units, lots = uniting.not_in(db, case, other)
        if units or lots:
            raise NotWider(into=case.number, number=other.number, units=f"{units:,}", lots=lots)
    return other, case


def _refuse(db: Session, one: Case, job_id: int | None) -> None:
    if one.process != "recall":
        raise NoRecall(number=one.number)
    succession.refuse_elsewhere(db, one)
    if scopes.standing(db, one) is None:
        raise NotContainedYet(number=one.number)
    if (job := under_way(db, one.number)) is not None and job.id != job_id:
        raise BeingJoined(number=job.body["number"], into=job.body["into"])


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
