"""Access reviews: somebody from quality looks at every role that is held, and keeps or removes it.

21 CFR 11.300(b) wants credentials checked periodically; the review is that check, on record.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotAllowed, NotFound, Refused
from engine.people.grants import current_grants, revoke_role
from engine.people.models import (
    AccessReview,
    AccessReviewLine,
    PersonAccount,
    RoleGrant,
    SignInAttempt,
)
from engine.people.permissions import authorize
from engine.people.person import Person
from engine.people.record import record

EVERY = timedelta(days=182)
UNUSED_AFTER = timedelta(days=90)


class ReviewUnknown(NotFound):
    """There is no such line in this access review. Open the review again."""


class ReviewRunning(Refused):
    """An access review is already open. Finish it first."""


class ReviewOver(Refused):
    """This access review is finished. Revoke the role on the person's page instead."""


class NotYourOwnRole(NotAllowed):
    """You cannot review your own role. Ask a colleague from quality."""


class RemovedWithoutReason(Refused):
    """Enter why the role is removed."""


class LinesOpen(Refused):
    """%(open_count)s roles have not been looked at yet. Keep or remove each of them."""


def open_review(db: Session, *, by: Person, at: datetime) -> AccessReview:
    """Open a review with one line for every role held now; flushes."""
    authorize(by, "access.review")
    if running_review(db) is not None:
        raise ReviewRunning

    review = AccessReview(opened_at=at, opened_by_id=by.id)
    db.add(review)
    db.flush()
    grants = current_grants(db, at=at)
    db.add_all(
        AccessReviewLine(review_id=review.id, grant_id=grant.id, person_id=grant.person_id)
        for grant in grants
    )
    db.flush()
    body = {"review": review.id, "grants": [grant.id for grant in grants]}
    record(db, "access_review_opened", body, by=by, at=at)
    return review


def decide(
    db: Session, line_id: int, *, keep: bool, reason: str = "", by: Person, at: datetime
) -> AccessReviewLine:
    """Keep a role or remove it, which revokes it at once; never one's own. Flushes."""
    authorize(by, "access.review")
    line = db.get(AccessReviewLine, line_id, with_for_update=True)
    if line is None:
        raise ReviewUnknown
    if db.get_one(AccessReview, line.review_id).done_at is not None:
        raise ReviewOver
    if line.person_id == by.id:
        raise NotYourOwnRole
    if not keep and not reason.strip():
        raise RemovedWithoutReason

    line.decision = "kept" if keep else "removed"
    line.decided_at, line.decided_by_id, line.reason = at, by.id, reason.strip()
    db.flush()
    grant = db.get_one(RoleGrant, line.grant_id)
    if not keep and grant.revoked_at is None:
        revoke_role(db, grant.id, reason=f"access review: {line.reason}", by=by, at=at)
    body = {
        "review": line.review_id,
        "grant": line.grant_id,
        "person": line.person_id,
        "decision": line.decision,
        "reason": line.reason,
    }
    record(db, "access_reviewed", body, by=by, at=at)
    return line


def finish_review(db: Session, review_id: int, *, by: Person, at: datetime) -> AccessReview:
    """Close a review in which every role was looked at, and set when the next is due. Flushes."""
    authorize(by, "access.review")
    review = db.get(AccessReview, review_id, with_for_update=True)
    if review is None:
        raise ReviewUnknown
    if review.done_at is not None:
        raise ReviewOver
    open_count = sum(line.decision is None for line in lines(db, review_id))
    if open_count:
        raise LinesOpen(open_count=open_count)

    review.done_at, review.done_by_id, review.next_due_at = at, by.id, at + EVERY
    db.flush()
    body = {"review": review.id, "next_due_at": review.next_due_at.isoformat()}
    record(db, "access_review_finished", body, by=by, at=at)
    return review


def running_review(db: Session) -> AccessReview | None:
    """Return the review that is not finished, if any."""
    rows = select(AccessReview).where(AccessReview.done_at.is_(None)).limit(1)
    return db.scalars(rows).first()


def lines(db: Session, review_id: int) -> Sequence[AccessReviewLine]:
    """Return the lines of a review, by person."""
    rows = select(AccessReviewLine).where(AccessReviewLine.review_id == review_id)
    return db.scalars(rows.order_by(AccessReviewLine.person_id, AccessReviewLine.id)).all()


def next_review_due_at(db: Session) -> datetime | None:
    """Return when the next review is due; before the first, half a year after the founding."""
    done = (
        select(AccessReview.next_due_at)
        .where(AccessReview.done_at.is_not(None))
        .order_by(AccessReview.done_at.desc())
    )
    if (due_at := db.scalars(done.limit(1)).first()) is not None:
        return due_at

    founded_at = db.scalars(select(PersonAccount.opened_at).order_by(PersonAccount.id)).first()
    return founded_at + EVERY if founded_at else None


def unused_accounts(
    db: Session, *, at: datetime, after: timedelta = UNUSED_AFTER
) -> Sequence[PersonAccount]:
    """Return the active accounts that nobody signed in to for `after`, by name."""
    used = select(SignInAttempt.person_id).where(
        SignInAttempt.succeeded.is_(True),
        SignInAttempt.at > at - after,
        SignInAttempt.person_id.is_not(None),
    )
    rows = select(PersonAccount).where(
        PersonAccount.disabled_at.is_(None),
        PersonAccount.opened_at <= at - after,
        PersonAccount.id.not_in(used),
    )
    return db.scalars(rows.order_by(PersonAccount.printed_name)).all()
