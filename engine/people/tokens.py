"""Tokens of the interface: made once and shown once, narrowed by scopes, ended by time or hand."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine.db import Database
from engine.errors import Invalid, NotAllowed, NotFound, Problem, Refused
from engine.people.accounts import NotByYourself
from engine.people.models import PersonAccount
from engine.people.permissions import authorize, may
from engine.people.person import Person
from engine.people.queries import account_of, person_of
from engine.people.record import record
from engine.people.scopes import scopes
from engine.people.systems import is_service
from engine.people.throttle import refuse_waiting, reserve
from engine.people.token_models import ApiToken
from engine.words import N_

BEGINNING = "hf_"
PREFIX_LENGTH = len(BEGINNING) + 6
LONGEST = timedelta(days=366)
USED_EVERY = timedelta(minutes=1)  # a request writes its use at most once a minute

_OF_TOKEN = (
    select(ApiToken, PersonAccount)
    .join(PersonAccount, PersonAccount.id == ApiToken.person_id)
    .where(ApiToken.token_sha256 == bindparam("token"))
)


class TokenUnknown(NotFound):
    """There is no such token, or it has been revoked already."""


class TokenNotAccepted(NotAllowed):
    """This token is not known, has ended or was revoked. Ask whoever made it for a new one."""


class NoRolesForTokens(Refused):
    """This account is disabled: it takes no token."""


@dataclass(frozen=True)
class Bearer:
    """Whoever sent a live token, with what it may be used for."""

    token_id: int
    person: Person
    scopes: frozenset[str]
    last_used_at: datetime | None
    must_change_password: bool


@dataclass(frozen=True)
class Made:
    """A new token: `token` is shown once and nowhere stored."""

    row: ApiToken
    token: str


def make_token(
    db: Session,
    person_id: int,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime,
    by: Person,
    at: datetime,
) -> Made:
    """Make a token of one's own, or as administrator one of a service account; flushes.

    Nobody makes a token of another human being. Raises `Invalid` with every problem.
    """
    _may_handle(db, person_id, by)
    if not account_of(db, person_id).is_active:
        raise NoRolesForTokens
    if problems := _problems(name, scopes, expires_at, at):
        raise Invalid(problems)

    token = BEGINNING + secrets.token_urlsafe(32)  # 256 random bits
    row = ApiToken(
        person_id=person_id,
        name=name.strip(),
        prefix=token[:PREFIX_LENGTH],
        token_sha256=_sha256(token),
        scopes=sorted(set(scopes)),
        created_at=at,
        created_by_id=by.id,
        expires_at=expires_at,
    )
    db.add(row)
    db.flush()
    body = {
        "token": row.id,
        "person": person_id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "expires_at": expires_at.isoformat(),
    }
    record(db, "token_made", body, by=by, at=at)
    return Made(row, token)


def revoke_token(db: Session, token_id: int, *, by: Person, at: datetime) -> ApiToken:
    """End a token now: one's own, or as administrator anyone's. Flushes; raises `TokenUnknown`."""
    row = db.get(ApiToken, token_id, with_for_update=True)
    if row is None or row.revoked_at is not None:
        raise TokenUnknown
    if row.person_id != by.id and not may(by, "token.manage"):
        raise TokenUnknown

    row.revoked_at, row.revoked_by_id = at, by.id
    db.flush()
    body = {"token": row.id, "person": row.person_id, "prefix": row.prefix}
    record(db, "token_revoked", body, by=by, at=at)
    return row


def tokens_of(db: Session, person_id: int) -> Sequence[ApiToken]:
    """Return every token of a person or service account, the newest first."""
    return db.scalars(
        select(ApiToken).where(ApiToken.person_id == person_id).order_by(ApiToken.id.desc())
    ).all()


def bearer_of(db: Session, token: str, *, at: datetime) -> Bearer | None:
    """Return who sent this token, None when it is unknown, ended, revoked or its account shut."""
    found = db.execute(_OF_TOKEN, {"token": _sha256(token)}).one_or_none()
    if found is None:
        return None
    row, account = found
    if row.revoked_at is not None or at >= row.expires_at or not account.is_active:
        return None
    return Bearer(
        token_id=row.id,
        person=person_of(db, account.id, at=at),
        scopes=frozenset(row.scopes),
        last_used_at=row.last_used_at,
        must_change_password=account.must_change_password and not is_service(db, account.id),
    )


def refuse_token(database: Database, *, address: str, at: datetime) -> NoReturn:
    """Count a wrong token of an address, for many of them wait; right ones pass all the same.

    Raises `TokenNotAccepted`, or `TriedTooOften`.
    """
    with database.begin() as db:
        wait = reserve(db, [f"token:{address}"], at=at)
    refuse_waiting(wait)
    raise TokenNotAccepted


def note_use(database: Database, bearer: Bearer, *, address: str, at: datetime) -> None:
    """Note that a token was used, once a minute: a request does not queue for writing."""
    if bearer.last_used_at is not None and at - bearer.last_used_at < USED_EVERY:
        return

    with database.begin() as db:
        db.execute(
            update(ApiToken)
            .where(ApiToken.id == bearer.token_id)
            .values(last_used_at=at, last_used_from=address)
        )


def _may_handle(db: Session, person_id: int, by: Person) -> None:
    if is_service(db, person_id):
        authorize(by, "token.manage")
    elif person_id != by.id:
        raise NotByYourself if may(by, "token.manage") else NotAllowed


def _problems(
    name: str, wanted: Sequence[str], expires_at: datetime, at: datetime
) -> list[Problem]:
    problems = []
    if not 1 <= len(name.strip()) <= 80:
        problems.append(Problem("name", N_("Enter what the token is for, in up to 80 letters.")))
    if not wanted or not set(wanted) <= set(scopes()):
        problems.append(Problem("scopes", N_("Choose at least one thing it may be used for.")))
    if not at < expires_at <= at + LONGEST:
        problems.append(Problem("expires_on", N_("Enter a day from tomorrow to a year from now.")))
    return problems


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
