"""What the other rooms ask about people: who is this, who holds a role, who is qualified."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.people.models import Delegation, PersonAccount, Qualification, RoleGrant
from engine.people.person import Person
from engine.people.token_models import ServiceAccount


class PersonUnknown(NotFound):
    """There is no such person. Check the name and try again."""


@dataclass(frozen=True)
class SigningVerdict:
    """Whether a person may sign, and if not, the sentence that says why; true when allowed."""

    allowed: bool
    sentence: str = ""

    def __bool__(self) -> bool:
        return self.allowed


def effective(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition under which a role grant counts at `at`."""
    return and_(
        RoleGrant.granted_at <= at,
        or_(RoleGrant.revoked_at.is_(None), RoleGrant.revoked_at > at),
        or_(RoleGrant.ends_at.is_(None), RoleGrant.ends_at > at),
        or_(RoleGrant.is_signing.is_(False), RoleGrant.confirmed_at <= at),
    )


def delegated(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition under which a delegation counts at `at`."""
    return and_(
        Delegation.starts_at <= at,
        Delegation.ends_at > at,
        or_(Delegation.revoked_at.is_(None), Delegation.revoked_at > at),
    )


def account_of(db: Session, person_id: int) -> PersonAccount:
    """Return the account; raises `PersonUnknown`."""
    account = db.get(PersonAccount, person_id)
    if account is None:
        raise PersonUnknown
    return account


def account_named(db: Session, user_name: str) -> PersonAccount | None:
    """Return the account with this user name, typed in any case."""
    folded = user_name.strip().lower()
    return db.scalars(select(PersonAccount).where(PersonAccount.user_name == folded)).one_or_none()


# every request and every step asks these three: built once, for building costs more than asking
_AT: BindParameter[datetime] = bindparam("at")
_OWN = select(RoleGrant.role).where(RoleGrant.person_id == bindparam("person"), effective(_AT))
_LENT = (
    select(Delegation.role, Delegation.principal_id)
    .join(
        RoleGrant,
        and_(
            RoleGrant.person_id == Delegation.principal_id,
            RoleGrant.role == Delegation.role,
            effective(_AT),
        ),
    )
    .join(PersonAccount, PersonAccount.id == Delegation.principal_id)
    .where(
        Delegation.delegate_id == bindparam("person"),
        delegated(_AT),
        PersonAccount.disabled_at.is_(None),
    )
    .order_by(Delegation.role, Delegation.principal_id)
    .distinct()
)
_HOLDERS = (
    select(PersonAccount)
    .where(
        or_(
            PersonAccount.id.in_(
                select(RoleGrant.person_id).where(
                    RoleGrant.role == bindparam("role"), effective(_AT)
                )
            ),
            PersonAccount.id.in_(
                select(Delegation.delegate_id)
                .join(RoleGrant, RoleGrant.person_id == Delegation.principal_id)
                .where(
                    Delegation.role == bindparam("role"),
                    delegated(_AT),
                    RoleGrant.role == bindparam("role"),
                    effective(_AT),
                    Delegation.principal_id.in_(
                        select(PersonAccount.id).where(PersonAccount.disabled_at.is_(None))
                    ),
                )
            ),
        ),
        PersonAccount.disabled_at.is_(None),
        PersonAccount.id.not_in(select(ServiceAccount.person_id)),  # a system takes no task
    )
    .order_by(PersonAccount.printed_name, PersonAccount.id)
)


def own_roles(db: Session, person_id: int, *, at: datetime) -> frozenset[str]:
    """Return the roles the person holds in their own right."""
    return frozenset(db.scalars(_OWN, {"person": person_id, "at": at}))


def delegated_roles(db: Session, person_id: int, *, at: datetime) -> tuple[tuple[str, int], ...]:
    """Return (role, principal) for every delegation that counts: the principal must hold it."""
    rows = db.execute(_LENT, {"person": person_id, "at": at})
    return tuple((role, principal_id) for role, principal_id in rows)


def person_of(db: Session, user_id: int, *, at: datetime) -> Person:
    """Return the person as commands see them at `at`; a disabled one holds no roles."""
    account = account_of(db, user_id)
    own = own_roles(db, user_id, at=at) if account.is_active else frozenset[str]()
    lent = delegated_roles(db, user_id, at=at) if account.is_active else ()
    # a role held in one's own right is never used on someone's behalf
    lent = tuple((role, principal) for role, principal in lent if role not in own)
    return Person(
        id=account.id,
        user_name=account.user_name,
        printed_name=account.printed_name,
        roles=own | {role for role, _ in lent},
        language=account.language,
        time_zone=account.time_zone,
        on_behalf_of=lent,
    )


def people_with_role(db: Session, role: str, *, at: datetime) -> list[PersonAccount]:
    """Return the active people who may act in `role` at `at`, own and delegated, by name."""
    return list(db.scalars(_HOLDERS, {"role": role, "at": at}))


def holds_qualification(db: Session, person_id: int, code: str, *, at: datetime) -> bool:
    """Say whether the person's own qualification `code` is valid at `at`; never delegated."""
    rows = select(Qualification.id).where(
        Qualification.person_id == person_id,
        Qualification.code == code,
        Qualification.valid_from <= at,
        or_(Qualification.expires_at.is_(None), Qualification.expires_at > at),
        or_(Qualification.withdrawn_at.is_(None), Qualification.withdrawn_at > at),
    )
    return db.scalars(rows.limit(1)).first() is not None


def may_sign(db: Session, person_id: int, *, at: datetime) -> SigningVerdict:
    """Say whether the person may sign at all: active, identified, and alone with the password."""
    account = account_of(db, person_id)
    if not account.is_active:
        return SigningVerdict(False, "Your account is disabled.")
    # 21 CFR 11.100(b): identity is verified before the first signature
    if account.identity_verified_at is None or account.identity_verified_at > at:
        return SigningVerdict(
            False, "Your identity has not been verified. Ask an administrator to verify it."
        )
    # 21 CFR 11.200(a)(2): used only by its genuine owner
    if account.must_change_password:
        return SigningVerdict(
            False, "Someone else set your password. Choose your own before you sign."
        )
    return SigningVerdict(True)


def standing(person: Person, role: str) -> frozenset[int]:
    """Return every person whose deeds bar this one in `role`: themselves and their principals.

    Separation of duties compares this set with the doer and principal of the earlier step.
    """
    return frozenset({person.id, *(who for lent, who in person.on_behalf_of if lent == role)})


def acting_for(person: Person, role: str) -> int | None:
    """Return the principal on whose behalf the person acts in `role`, None in their own right."""
    return next((who for lent, who in person.on_behalf_of if lent == role), None)
