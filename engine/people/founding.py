"""The first two people: an administrator who grants and someone from quality who confirms."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Refused
from engine.people.accounts import NewPerson, open_account, set_password, verify_identity
from engine.people.grants import confirm_role, grant_role
from engine.people.models import PersonAccount
from engine.people.roles import MANAGES, QUALITY


@dataclass(frozen=True)
class Founder:
    """A first person with the password they are given, which they change at first sign-in."""

    who: NewPerson
    password: str
    identity_evidence: str


class AlreadyFounded(Refused):
    """There are people here already. Ask an administrator for an account."""


def found(
    db: Session, *, administrator: Founder, quality: Founder, at: datetime
) -> tuple[PersonAccount, PersonAccount]:
    """Open the first two accounts, by nobody; refused once anybody is here. Flushes.

    From then on two people are needed for every role that decides.
    """
    if db.scalars(select(PersonAccount.id).limit(1)).first() is not None:
        raise AlreadyFounded

    manages = _open(db, administrator, at=at)
    confirms = _open(db, quality, at=at)
    grant_role(db, manages.id, MANAGES, by=None, at=at)
    grant = grant_role(db, confirms.id, QUALITY[0], by=None, at=at)
    confirm_role(db, grant.id, by=None, at=at)
    return manages, confirms


def _open(db: Session, founder: Founder, *, at: datetime) -> PersonAccount:
    account = open_account(db, founder.who, by=None, at=at)
    set_password(db, account.id, founder.password, by=None, at=at)
    return verify_identity(db, account.id, evidence=founder.identity_evidence, by=None, at=at)
