"""Which recall goes on in which other, and which notice in which: read by whatever is asked late.

Letters are out for months. A link, a reply or a parcel of a recall that ended in another belongs to
the one that goes on.
"""

from collections.abc import Iterable

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls.models import Succession
from engine.cases.tasks import refuse_ended
from engine.errors import Conflict

MERGED, SUPERSEDED = "merged", "superseded"


class GoesOnElsewhere(Conflict):
    """%(number)s goes on as %(into)s. Do it there."""


def of(db: Session, case: Case) -> Succession | None:
    """Return how a recall ended in another, None where it did not."""
    return db.get(Succession, case.id)


def ended_in(db: Session, case: Case) -> list[tuple[Succession, Case]]:
    """Return the recalls that ended in this one, the oldest first."""
    rows = db.execute(
        select(Succession, Case)
        .join(Case, Case.id == Succession.case_id)
        .where(Succession.into_id == case.id)
        .order_by(Succession.at, Succession.case_id)
    )
    return [(row[0], row[1]) for row in rows]


def goes_on(db: Session, case: Case) -> Case:
    """Return the recall that a case goes on in: itself where it did not end in another."""
    while (found := of(db, case)) is not None:
        case = db.get_one(Case, found.into_id)
    return case


def earlier(db: Session, case_id: int) -> list[int]:
    """Return the ids of every recall that ended in this one, near or far."""
    found: list[int] = []
    looked_at = [case_id]
    while looked_at:
        before = select(Succession.case_id).where(Succession.into_id.in_(looked_at))
        looked_at = list(db.scalars(before.order_by(Succession.case_id)))
        found += looked_at
    return found


def open_others(case: Case) -> Select[Case]:
    """Choose the open recalls that a case may go on in: a drill only in a drill, never itself."""
    return select(Case).where(
        Case.process == "recall",
        Case.state == "open",
        Case.is_drill == case.is_drill,
        Case.id != case.id,
    )


def refuse_elsewhere(db: Session, case: Case) -> None:
    """Raise `GoesOnElsewhere` where a recall ended in another, `CaseEnded` where it ended."""
    now = goes_on(db, case)
    if now.id != case.id:
        raise GoesOnElsewhere(number=case.number, into=now.number)
    refuse_ended(case)


# --- notices ---------------------------------------------------------------------------------


def notice_now(db: Session, notice: Notice) -> Notice:
    """Return the notice that a notice goes on in: itself where its recall goes on itself."""
    while notice.continued_by_id is not None:
        notice = db.get_one(Notice, notice.continued_by_id)
    return notice


def notices_before(db: Session, notice_ids: Iterable[int]) -> list[Notice]:
    """Return the notices of earlier recalls that go on in these, the oldest first."""
    found: list[Notice] = []
    looked_at = list(notice_ids)
    while looked_at:
        before = select(Notice).where(Notice.continued_by_id.in_(looked_at))
        some = db.scalars(before.order_by(Notice.id)).all()
        found += some
        looked_at = [one.id for one in some]
    return sorted(found, key=lambda one: one.id)


def join_notices(db: Session, case: Case) -> None:
    """Have each notice of a recall that ended in `case` go on in the same consignee's notice there.

    Where `case` has opened none for a consignee yet, the earlier one stays the one that answers.
    """
    theirs = aliased(Notice)
    same = (theirs.case_id == case.id) & (theirs.party_id == Notice.party_id)
    before = select(Succession.case_id).where(Succession.into_id == case.id)
    db.execute(
        update(Notice)
        .where(
            Notice.case_id.in_(before),
            Notice.continued_by_id.is_(None),
            exists(select(theirs.id).where(same)),
        )
        .values(continued_by_id=select(func.min(theirs.id)).where(same).scalar_subquery())
        .execution_options(synchronize_session="fetch")
    )
