"""Accounts from opening to disabling: one per human being, identified before they sign."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from engine.errors import Invalid, NotAllowed, Problem, Refused
from engine.people import grants, sessions
from engine.people.models import PersonAccount
from engine.people.passwords import check_new_password, check_password, hashing
from engine.people.permissions import authorize, may
from engine.people.person import Person
from engine.people.queries import account_named, account_of
from engine.people.record import record
from engine.people.robots import refuse_robot
from engine.people.systems import refuse_service

LANGUAGES = ("en", "zh")
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")


@dataclass(frozen=True)
class NewPerson:
    """What an administrator writes down about a person."""

    user_name: str
    printed_name: str
    title: str = ""
    email: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    site: str = ""


class NotByYourself(NotAllowed):
    """You cannot do this for yourself. Ask a colleague who may."""


class WrongPassword(NotAllowed):
    """Your present password is wrong. Check it and try again."""


class SamePassword(Refused):
    """Choose a password that differs from the present one."""


class VerifiedByAnother(NotAllowed):
    """You set this person's password, so someone else must verify who they are."""


class AlreadyDisabled(Refused):
    """This account is already disabled."""


class NotDisabled(Refused):
    """This account is in use."""


def open_account(db: Session, new: NewPerson, *, by: Person | None, at: datetime) -> PersonAccount:
    """Open an account without password or roles; flushes. `by` None is the founding only."""
    _manage(by)
    folded = new.user_name.strip().lower()
    problems = _problems(new, folded)
    if account_named(db, folded) is not None:
        problems.append(Problem("user_name", "Someone has this user name. Choose another one."))
    if problems:
        raise Invalid(problems)

    account = PersonAccount(
        **{**asdict(new), "user_name": folded},
        opened_at=at,
        opened_by_id=by.id if by else None,
    )
    db.add(account)
    db.flush()
    body = {"person": account.id, "user_name": folded, "printed_name": account.printed_name}
    record(db, "account_opened", body, by=by, at=at)
    return account


def correct_account(
    db: Session, person_id: int, new: NewPerson, *, reason: str, by: Person, at: datetime
) -> PersonAccount:
    """Correct what is written down about a person; the user name never changes. Flushes."""
    _manage(by)
    account = account_of(db, person_id)
    problems = _problems(new, account.user_name)
    if problems:
        raise Invalid(problems)

    changed = {}
    for name in ("printed_name", "title", "email", "language", "time_zone", "site"):
        before, after = getattr(account, name), getattr(new, name)
        if before != after:
            changed[name] = [before, after]
            setattr(account, name, after)
    db.flush()
    body = {"person": person_id, "changed": changed, "reason": reason}
    record(db, "account_corrected", body, by=by, at=at)
    return account


def choose_language_and_zone(
    db: Session, *, language: str, time_zone: str, by: Person, at: datetime
) -> PersonAccount:
    """Let a person set how the pages speak to them; flushes."""
    account = account_of(db, by.id)
    problems = _place_problems(language, time_zone)
    if problems:
        raise Invalid(problems)

    account.language, account.time_zone = language, time_zone
    db.flush()
    body = {"person": by.id, "language": language, "time_zone": time_zone}
    record(db, "profile_changed", body, by=by, at=at)
    return account


def verify_identity(
    db: Session, person_id: int, *, evidence: str, by: Person | None, at: datetime
) -> PersonAccount:
    """Record that someone looked at a document that proves who this is (21 CFR 11.100(b)).

    Never the person, nor whoever gave them their password: one alone must not be able to sign
    as another (11.200(a)(3)). `evidence` names the kind of document, not its number. Flushes.
    """
    account = account_of(db, person_id)
    refuse_service(db, person_id)
    if by is not None:
        if not (may(by, "people.manage") or may(by, "people.confirm")):
            raise NotAllowed
        if by.id == person_id:
            raise NotByYourself
        if by.id == account.password_given_by_id:
            raise VerifiedByAnother

    account.identity_verified_at, account.identity_evidence = at, evidence
    account.identity_verified_by_id = by.id if by else None
    db.flush()
    record(db, "identity_verified", {"person": person_id, "evidence": evidence}, by=by, at=at)
    return account


def set_password(
    db: Session, person_id: int, password: str, *, by: Person | None, at: datetime
) -> PersonAccount:
    """Give a person a first or new password to change; ends their sessions. Flushes.

    It opens no signature: they must choose their own, and their identity is verified anew by
    somebody else than the giver.
    """
    _manage(by)
    if by is not None and by.id == person_id:
        raise NotByYourself
    account = account_of(db, person_id)
    refuse_service(db, person_id)
    _keep_password(db, account, password, by_id=by.id if by else None, at=at)
    account.password_given_by_id = account.password_set_by_id
    account.identity_verified_at = account.identity_verified_by_id = None
    account.identity_evidence = None
    ended = sessions.end_sessions(db, person_id, why="password", at=at)
    db.flush()
    record(db, "password_given", {"person": person_id, "sessions_ended": ended}, by=by, at=at)
    return account


def change_password(
    db: Session, *, current: str, new: str, by: Person, session_id: int | None, at: datetime
) -> PersonAccount:
    """Let a person choose their own password; every other session of theirs ends. Flushes.

    Raises `WrongPassword`, which nobody counts here: at the edge use `own_password`.
    """
    account = account_of(db, by.id)
    if not check_password(db, by.id, current, at=at):
        raise WrongPassword
    if current == new:
        raise SamePassword

    _keep_password(db, account, new, by_id=by.id, at=at)
    ended = sessions.end_sessions(db, by.id, why="password", at=at, but=session_id)
    db.flush()
    record(db, "password_changed", {"person": by.id, "sessions_ended": ended}, by=by, at=at)
    return account


def disable(db: Session, person_id: int, *, reason: str, by: Person, at: datetime) -> PersonAccount:
    """Shut an account: its sessions end, its roles and delegations count no more. Flushes."""
    _manage(by)
    if by.id == person_id:
        raise NotByYourself
    account = db.get_one(PersonAccount, account_of(db, person_id).id, with_for_update=True)
    if not account.is_active:
        raise AlreadyDisabled
    grants.keep_an_administrator(db, person_id, at=at)

    account.disabled_at, account.disabled_by_id = at, by.id
    ended = sessions.end_sessions(db, person_id, why="disabled", at=at)
    db.flush()
    body = {"person": person_id, "reason": reason, "sessions_ended": ended}
    record(db, "account_disabled", body, by=by, at=at)
    return account


def enable(db: Session, person_id: int, *, reason: str, by: Person, at: datetime) -> PersonAccount:
    """Open a disabled account again; the password must be given anew. Flushes."""
    _manage(by)
    account = db.get_one(PersonAccount, account_of(db, person_id).id, with_for_update=True)
    if account.is_active:
        raise NotDisabled
    refuse_robot(db, person_id)

    account.disabled_at = account.disabled_by_id = None
    account.password_hash = account.password_set_at = account.password_set_by_id = None
    db.flush()
    record(db, "account_enabled", {"person": person_id, "reason": reason}, by=by, at=at)
    return account


def _manage(by: Person | None) -> None:
    if by is not None:
        authorize(by, "people.manage")


def _keep_password(
    db: Session, account: PersonAccount, password: str, *, by_id: int | None, at: datetime
) -> None:
    context = (account.user_name, account.printed_name, account.email, account.site)
    check_new_password(password, context=context)
    account.password_hash = hashing(db).hash(password)
    account.password_set_at, account.password_set_by_id = at, by_id


def _problems(new: NewPerson, user_name: str) -> list[Problem]:
    problems = []
    if not USER_NAME.fullmatch(user_name):
        problems.append(
            Problem("user_name", "Enter 2 to 60 letters, digits, dots, dashes or underscores.")
        )
    if not new.printed_name.strip():
        problems.append(Problem("printed_name", "Enter the name as it is to be printed."))
    if new.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", new.email):
        problems.append(Problem("email", "Enter an e-mail address, or leave it empty."))
    return problems + _place_problems(new.language, new.time_zone)


def _place_problems(language: str, time_zone: str) -> list[Problem]:
    problems = []
    if language not in LANGUAGES:
        problems.append(Problem("language", "Choose English or Chinese."))
    if time_zone not in available_timezones():
        problems.append(Problem("time_zone", "Choose a time zone from the list."))
    return problems
