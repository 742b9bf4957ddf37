"""A role lent for a period: the delegate acts in their own name, with their own qualification."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotAllowed, NotFound, Problem, Refused
from engine.people.models import Delegation, PersonAccount
from engine.people.permissions import authorize, may
from engine.people.person import Person
from engine.people.queries import account_of, own_roles
from engine.people.record import record
from engine.people.roles import MANAGES, READS, role_of
from engine.people.systems import refuse_service

LONGEST = timedelta(days=90)


class DelegationUnknown(NotFound):
    """There is no such delegation. Look at the list again."""


class NotYoursToDelegate(NotAllowed):
    """Only the holder of a role, or quality in their absence, can delegate it."""


class RoleNotHeld(Refused):
    """%(name)s does not hold the role %(role)s in their own right, so it cannot be delegated."""


class RoleCannotBeDelegated(Refused):
    """The roles administrator and auditor are never delegated. Grant the role instead."""


class DelegateCannotAct(Refused):
    """%(name)s cannot take this on: auditors and administrators decide nothing."""


class DelegateNotIdentified(Refused):
    """Verify who %(name)s is first: the delegate signs in their own name."""


class DelegateHoldsTheRole(Refused):
    """%(name)s already acts in this role in that period."""


class DelegationOver(Refused):
    """This delegation is already over."""


def delegate(
    db: Session,
    *,
    principal_id: int,
    delegate_id: int,
    role: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Person,
    at: datetime,
) -> Delegation:
    """Lend the principal's own role to the delegate for a period; flushes.

    By the principal, or by quality in their absence, but never to oneself. A role held only by
    delegation cannot be passed on.
    """
    authorize(by, "delegation.manage")
    if by.id != principal_id and (not may(by, "people.confirm") or by.id == delegate_id):
        raise NotYoursToDelegate
    problems = _problems(principal_id, delegate_id, starts_at, ends_at, reason, at=at)
    if problems:
        raise Invalid(problems)
    if role_of(role).code in (MANAGES, READS):
        raise RoleCannotBeDelegated
    refuse_service(db, delegate_id)
    _check_principal(account_of(db, principal_id), role, own_roles(db, principal_id, at=at))
    _check_delegate(db, account_of(db, delegate_id), role, starts_at, ends_at, at=at)

    delegation = Delegation(
        principal_id=principal_id,
        delegate_id=delegate_id,
        role=role,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        delegated_at=at,
        delegated_by_id=by.id,
    )
    db.add(delegation)
    db.flush()
    body = {
        "delegation": delegation.id,
        "principal": principal_id,
        "delegate": delegate_id,
        "role": role,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "reason": delegation.reason,
    }
    record(db, "role_delegated", body, by=by, at=at)
    return delegation


def end_delegation(db: Session, delegation_id: int, *, by: Person, at: datetime) -> Delegation:
    """End a delegation now: the principal, the delegate or quality may. Flushes."""
    delegation = db.get(Delegation, delegation_id, with_for_update=True)
    if delegation is None:
        raise DelegationUnknown
    own = by.id in (delegation.principal_id, delegation.delegate_id)
    if not (own or may(by, "people.confirm")):
        raise NotYoursToDelegate
    if delegation.revoked_at is not None or delegation.ends_at <= at:
        raise DelegationOver

    delegation.revoked_at, delegation.revoked_by_id = at, by.id
    db.flush()
    body = {
        "delegation": delegation.id,
        "principal": delegation.principal_id,
        "delegate": delegation.delegate_id,
        "role": delegation.role,
    }
    record(db, "delegation_ended", body, by=by, at=at)
    return delegation


def delegations(db: Session, *, at: datetime, person_id: int | None = None) -> Sequence[Delegation]:
    """Return the delegations that run or are still to come, of one person either way or of all."""
    rows = select(Delegation).where(Delegation.revoked_at.is_(None), Delegation.ends_at > at)
    if person_id is not None:
        either = or_(Delegation.principal_id == person_id, Delegation.delegate_id == person_id)
        rows = rows.where(either)
    return db.scalars(rows.order_by(Delegation.starts_at, Delegation.id)).all()


def _problems(
    principal_id: int,
    delegate_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    *,
    at: datetime,
) -> list[Problem]:
    problems = []
    if principal_id == delegate_id:
        problems.append(Problem("delegate", "Choose someone else."))
    if ends_at <= max(starts_at, at):
        problems.append(Problem("ends_at", "Enter an end that lies after the start and after now."))
    elif ends_at - starts_at > LONGEST:
        problems.append(
            Problem(
                "ends_at",
                "Enter a period of at most %(days)s days. For longer, grant the role.",
                (("days", LONGEST.days),),
            )
        )
    # nobody's past signatures become somebody else's after the fact
    if starts_at < at - timedelta(minutes=5):
        problems.append(Problem("starts_at", "Enter a start that is not in the past."))
    if not reason.strip():
        problems.append(Problem("reason", "Enter why the role is delegated."))
    return problems


def _check_principal(principal: PersonAccount, role: str, own: frozenset[str]) -> None:
    if not principal.is_active or role not in own:
        raise RoleNotHeld(name=principal.printed_name, role=role)


def _check_delegate(
    db: Session,
    chosen: PersonAccount,
    role: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    at: datetime,
) -> None:
    own = own_roles(db, chosen.id, at=at)
    if not chosen.is_active or own & {MANAGES, READS}:
        raise DelegateCannotAct(name=chosen.printed_name)
    if chosen.identity_verified_at is None:
        raise DelegateNotIdentified(name=chosen.printed_name)
    overlapping = select(Delegation.id).where(
        Delegation.delegate_id == chosen.id,
        Delegation.role == role,
        Delegation.revoked_at.is_(None),
        Delegation.starts_at < ends_at,
        Delegation.ends_at > starts_at,
    )
    if role in own or db.scalars(overlapping.limit(1)).first() is not None:
        raise DelegateHoldsTheRole(name=chosen.printed_name)
