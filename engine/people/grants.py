"""Roles given and taken: the administrator grants, quality confirms the ones that decide."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from engine.errors import NotAllowed, NotFound, Refused
from engine.people import sessions
from engine.people.models import PersonAccount, RoleGrant
from engine.people.permissions import authorize, may
from engine.people.person import Person
from engine.people.queries import account_of, effective
from engine.people.record import record
from engine.people.roles import MANAGES, QUALITY, Role, role_of
from engine.people.systems import refuse_service


class GrantUnknown(NotFound):
    """There is no such role grant. Look at the person's roles again."""


class NotToYourself(NotAllowed):
    """You cannot grant or confirm your own role. Ask a colleague who may."""


class ConfirmedByAnother(NotAllowed):
    """You granted this role. Someone else from quality must confirm it."""


class IdentityNotVerified(Refused):
    """Verify who this person is before you grant a role that signs decisions."""


class AccountDisabled(Refused):
    """This account is disabled. Enable it first."""


class RoleAlreadyHeld(Refused):
    """This person already holds this role."""


class RolesDoNotMix(Refused):
    """%(role)s cannot be held together with %(other)s."""


class NothingToConfirm(Refused):
    """This role needs no confirmation, or it has been confirmed or revoked already."""


class AlreadyRevoked(Refused):
    """This role has already been revoked."""


class LastAdministrator(Refused):
    """This is the last administrator. Name another one first."""


def grant_role(
    db: Session,
    person_id: int,
    role: str,
    *,
    by: Person | None,
    at: datetime,
    ends_at: datetime | None = None,
) -> RoleGrant:
    """Grant a role; one that decides by signing counts only once quality confirmed it. Flushes.

    `by` None is the founding only. `ends_at` limits an outside auditor.
    """
    if by is not None:
        authorize(by, "people.manage")
        if by.id == person_id:
            raise NotToYourself
    chosen = role_of(role)
    if chosen.is_signing or role == MANAGES:
        refuse_service(db, person_id)
    _check(db, account_of(db, person_id), chosen, at=at)

    grant = RoleGrant(
        person_id=person_id,
        role=role,
        is_signing=chosen.is_signing,
        granted_at=at,
        granted_by_id=by.id if by else None,
        ends_at=ends_at,
    )
    db.add(grant)
    db.flush()
    body = {"grant": grant.id, "person": person_id, "role": role, "ends_at": _iso(ends_at)}
    record(db, "role_granted", body, by=by, at=at)
    return grant


def confirm_role(db: Session, grant_id: int, *, by: Person | None, at: datetime) -> RoleGrant:
    """Confirm for quality that this person decides in this role; from now on it counts. Flushes.

    Not the person, and not the one who granted it. Nobody (`by` None) confirms only the founding
    grant of quality itself, while no one else could.
    """
    grant = _locked(db, grant_id)
    if not grant.is_signing or grant.confirmed_at is not None or grant.revoked_at is not None:
        raise NothingToConfirm
    if by is None:
        _check_founding(db, grant, at=at)
    else:
        authorize(by, "people.confirm")
        if by.id == grant.person_id:
            raise NotToYourself
        if by.id == grant.granted_by_id:
            raise ConfirmedByAnother

    grant.confirmed_at, grant.confirmed_by_id = at, by.id if by else None
    db.flush()
    body = {"grant": grant.id, "person": grant.person_id, "role": grant.role}
    record(db, "role_confirmed", body, by=by, at=at)
    return grant


def revoke_role(db: Session, grant_id: int, *, reason: str, by: Person, at: datetime) -> RoleGrant:
    """Take a role away, from now; the person's sessions end. Flushes."""
    if not (may(by, "people.manage") or may(by, "people.confirm")):
        raise NotAllowed
    grant = _locked(db, grant_id)
    if grant.revoked_at is not None:
        raise AlreadyRevoked
    if grant.role == MANAGES:
        keep_an_administrator(db, grant.person_id, at=at)

    grant.revoked_at, grant.revoked_by_id, grant.reason = at, by.id, reason
    ended = sessions.end_sessions(db, grant.person_id, why="role_revoked", at=at)
    db.flush()
    body = {"grant": grant.id, "person": grant.person_id, "role": grant.role, "reason": reason}
    record(db, "role_revoked", {**body, "sessions_ended": ended}, by=by, at=at)
    return grant


def keep_an_administrator(db: Session, person_id: int, *, at: datetime) -> None:
    """Raise `LastAdministrator` when only this person could still manage people."""
    rows = db.scalars(
        select(RoleGrant.person_id)
        .join(PersonAccount, PersonAccount.id == RoleGrant.person_id)
        .where(RoleGrant.role == MANAGES, effective(at), PersonAccount.disabled_at.is_(None))
        .with_for_update()  # two administrators must not dismiss each other at once
    )
    if set(rows) == {person_id}:
        raise LastAdministrator


def current_grants(
    db: Session, *, at: datetime, person_id: int | None = None
) -> Sequence[RoleGrant]:
    """Return the grants that stand at `at`, waiting for confirmation or not, by person."""
    rows = select(RoleGrant).where(RoleGrant.revoked_at.is_(None), _unended(at))
    if person_id is not None:
        rows = rows.where(RoleGrant.person_id == person_id)
    return db.scalars(rows.order_by(RoleGrant.person_id, RoleGrant.id)).all()


def to_confirm(db: Session, *, at: datetime) -> Sequence[RoleGrant]:
    """Return the grants that wait for quality, oldest first."""
    rows = select(RoleGrant).where(
        RoleGrant.is_signing.is_(True),
        RoleGrant.confirmed_at.is_(None),
        RoleGrant.revoked_at.is_(None),
        _unended(at),
    )
    return db.scalars(rows.order_by(RoleGrant.id)).all()


def _unended(at: datetime) -> ColumnElement[bool]:
    return or_(RoleGrant.ends_at.is_(None), RoleGrant.ends_at > at)


def _check(db: Session, account: PersonAccount, role: Role, *, at: datetime) -> None:
    """Raise what speaks against giving `role` to this account; closes a grant that ended."""
    if not account.is_active:
        raise AccountDisabled
    if role.is_signing and account.identity_verified_at is None:
        raise IdentityNotVerified

    standing = db.scalars(
        select(RoleGrant).where(RoleGrant.person_id == account.id, RoleGrant.revoked_at.is_(None))
    ).all()
    for grant in standing:
        if grant.ends_at is not None and grant.ends_at <= at:
            if grant.role == role.code:
                grant.revoked_at, grant.reason = grant.ends_at, "its time was over"
        elif grant.role == role.code:
            raise RoleAlreadyHeld
        else:
            _check_mix(role, role_of(grant.role))
    db.flush()


def _check_mix(role: Role, other: Role) -> None:
    # the administrator manages and decides nothing; the auditor reads and does nothing else
    pair = (role, other)
    manages_and_decides = any(r.code == MANAGES for r in pair) and any(r.is_signing for r in pair)
    if manages_and_decides or role.is_alone or other.is_alone:
        raise RolesDoNotMix(role=role.code, other=other.code)


def _check_founding(db: Session, grant: RoleGrant, *, at: datetime) -> None:
    someone = select(RoleGrant.id).where(RoleGrant.role.in_(QUALITY), effective(at)).limit(1)
    if grant.role not in QUALITY or db.scalars(someone).first() is not None:
        raise NotAllowed


def _locked(db: Session, grant_id: int) -> RoleGrant:
    grant = db.get(RoleGrant, grant_id, with_for_update=True)
    if grant is None:
        raise GrantUnknown
    return grant


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
