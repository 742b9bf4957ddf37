"""What people are trained and assessed for: recorded by quality, expiring, withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotAllowed, NotFound, Problem, Refused
from engine.people.models import PersonAccount, Qualification
from engine.people.permissions import authorize
from engine.people.person import Person
from engine.people.queries import account_of
from engine.people.record import record
from engine.words import N_

NOTICE = timedelta(days=60)
# those that a diagram asks for, in words; a code that nobody put into words is read as it is
QUALIFICATIONS: Mapping[str, str] = MappingProxyType(
    {"health_hazard_evaluation": N_("Evaluation of health risk")}
)


class QualificationUnknown(NotFound):
    """There is no such qualification. Look at the person's qualifications again."""


class NotYourOwn(NotAllowed):
    """You cannot record your own qualification. Ask a colleague from quality."""


class AlreadyWithdrawn(Refused):
    """This qualification has already been withdrawn."""


def record_qualification(
    db: Session,
    person_id: int,
    code: str,
    *,
    evidence: str,
    valid_from: datetime,
    expires_at: datetime | None = None,
    by: Person | None,
    at: datetime,
) -> Qualification:
    """Record that a person is qualified, proved by `evidence`; a renewal is a new one. Flushes."""
    if by is not None:
        authorize(by, "qualification.record")
        if by.id == person_id:
            raise NotYourOwn
    problems = []
    if not code.strip():
        problems.append(Problem("code", "Enter what the person is qualified for."))
    if not evidence.strip():
        problems.append(Problem("evidence", "Enter the number of the training record."))
    if expires_at is not None and expires_at <= valid_from:
        problems.append(Problem("expires_at", "Enter an expiry after the first valid day."))
    if problems:
        raise Invalid(problems)

    qualification = Qualification(
        person_id=account_of(db, person_id).id,
        code=code.strip(),
        evidence=evidence.strip(),
        valid_from=valid_from,
        expires_at=expires_at,
        recorded_at=at,
        recorded_by_id=by.id if by else None,
    )
    db.add(qualification)
    db.flush()
    body = {
        "qualification": qualification.id,
        "person": person_id,
        "code": qualification.code,
        "evidence": qualification.evidence,
        "valid_from": valid_from.isoformat(),
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
    record(db, "qualification_recorded", body, by=by, at=at)
    return qualification


def withdraw_qualification(
    db: Session, qualification_id: int, *, reason: str, by: Person, at: datetime
) -> Qualification:
    """End a qualification before its time; what was signed under it stays. Flushes."""
    authorize(by, "qualification.record")
    qualification = db.get(Qualification, qualification_id, with_for_update=True)
    if qualification is None:
        raise QualificationUnknown
    if qualification.withdrawn_at is not None:
        raise AlreadyWithdrawn

    qualification.withdrawn_at, qualification.withdrawn_by_id = at, by.id
    db.flush()
    body = {
        "qualification": qualification.id,
        "person": qualification.person_id,
        "code": qualification.code,
        "reason": reason,
    }
    record(db, "qualification_withdrawn", body, by=by, at=at)
    return qualification


def qualifications_of(db: Session, person_id: int) -> Sequence[Qualification]:
    """Return everything ever recorded for the person, by code, the latest first."""
    rows = select(Qualification).where(Qualification.person_id == person_id)
    return db.scalars(rows.order_by(Qualification.code, Qualification.valid_from.desc())).all()


def expiring(db: Session, *, at: datetime, within: timedelta = NOTICE) -> Sequence[Qualification]:
    """Return what expires soon and was not renewed, of people who still work here."""
    renewal = select(Qualification.person_id, Qualification.code).where(
        or_(Qualification.expires_at.is_(None), Qualification.expires_at > at + within),
        Qualification.withdrawn_at.is_(None),
    )
    renewed = {(person_id, code) for person_id, code in db.execute(renewal)}
    rows = (
        select(Qualification)
        .join(PersonAccount, PersonAccount.id == Qualification.person_id)
        .where(
            Qualification.expires_at > at,
            Qualification.expires_at <= at + within,
            Qualification.withdrawn_at.is_(None),
            PersonAccount.disabled_at.is_(None),
        )
        .order_by(Qualification.expires_at, Qualification.id)
    )
    return [q for q in db.scalars(rows) if (q.person_id, q.code) not in renewed]
