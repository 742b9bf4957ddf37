"""My own account: how pages speak to me, who stands in for me, where I am signed in."""

from datetime import datetime, time
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from engine.people import PersonAccount, accounts, delegations, sessions
from engine.people.own_password import choose_password
from engine.people.queries import account_of, may_sign, own_roles
from engine.people.throttle import TriedTooOften
from engine.people.token_models import ServiceAccount
from webapp.config import LANGUAGES, holdfast
from webapp.i18n import keep
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.reading import read, reading
from webapp.session import must_change_password, person, session_id
from webapp.transactions import begin
from webapp.words import role as role_words

bp = Blueprint("profile", __name__, url_prefix="/profile")


@bp.get("")
@allow("profile")
def index() -> ResponseReturnValue:
    """Show my profile."""
    return _page([])


@bp.post("")
@allow("profile")
def save() -> ResponseReturnValue:
    """Keep my language, zone and shortcuts."""
    language = request.form.get("language", "")
    zone = request.form.get("time_zone", "")
    try:
        with begin() as db:
            accounts.choose_language_and_zone(
                db, language=language, time_zone=zone, by=person(), at=now()
            )
    except Invalid as wrong:
        return _page(wrong.problems), 422

    flash(gettext("Your profile is saved."))
    response = redirect(url_for(".index"), 303)
    keep(response, "language", language)  # type: ignore[arg-type]  # a view's answer is a response by now
    keep(response, "shortcuts", "on" if request.form.get("shortcuts") else "off")  # type: ignore[arg-type]  # a view's answer is a response by now
    return response


def _page(problems: list[Problem], *, entered: dict[str, str] | None = None) -> str:
    db, me, at = read(), person(), now()
    return render_template(
        "profile/index.html",
        account=account_of(db, me.id),
        zones=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        tongues=list(LANGUAGES.items()),
        lent=_lent(me.id, at),
        own=[(role, role_words(role)) for role in sorted(own_roles(db, me.id, at=at))],
        colleagues=_colleagues(me.id),
        signing=may_sign(db, me.id, at=at),
        problems=problems,
        entered=entered or {},
    )


def _lent(person_id: int, at: datetime) -> list[dict[str, object]]:
    db = read()
    return [
        {
            "id": one.id,
            "role": one.role,
            "from": account_of(db, one.principal_id).printed_name,
            "to": account_of(db, one.delegate_id).printed_name,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "reason": one.reason,
        }
        for one in delegations.delegations(db, at=at, person_id=person_id)
    ]


def _colleagues(person_id: int) -> list[tuple[int, str]]:
    rows = read().execute(
        select(PersonAccount.id, PersonAccount.printed_name)
        .where(
            PersonAccount.disabled_at.is_(None),
            PersonAccount.id != person_id,
            PersonAccount.id.not_in(select(ServiceAccount.person_id)),
        )
        .order_by(PersonAccount.printed_name)
    )
    return [(row.id, row.printed_name) for row in rows]


@bp.post("/delegations")
@allow("delegation.manage")
def delegate() -> ResponseReturnValue:
    """Lend one of my roles to a colleague for a period of whole days in my zone."""
    entered = request.form.to_dict()
    try:
        starts_at, ends_at = _period(entered)
        with begin() as db:
            delegations.delegate(
                db,
                principal_id=person().id,
                delegate_id=whole(entered.get("delegate")) or 0,
                role=entered.get("role", ""),
                starts_at=starts_at,
                ends_at=ends_at,
                reason=entered.get("reason", ""),
                by=person(),
                at=now(),
            )
    except Invalid as wrong:
        return _page(wrong.problems, entered=entered), 422
    except EngineError as refused:
        problem = refused.problem("delegate")
        return _page([problem], entered=entered), 422

    flash(gettext("The role is delegated."))
    return redirect(url_for(".index"), 303)


def _period(entered: dict[str, str]) -> tuple[datetime, datetime]:
    """Read two days as the start of the first and the end of the last in the person's zone."""
    zone = ZoneInfo(person().time_zone)
    days, problems = {}, []
    for name, sentence in (
        ("starts_on", "Enter the first day."),
        ("ends_on", "Enter the last day."),
    ):
        try:
            days[name] = datetime.fromisoformat(entered.get(name, "")).date()
        except ValueError:
            problems.append(Problem(name.replace("_on", "_at"), sentence))
    if problems:
        raise Invalid(problems)

    at = now()
    starts_at = datetime.combine(days["starts_on"], time.min, zone)
    # "from today" is from now: a start in the past is refused
    if days["starts_on"] == at.astimezone(zone).date():
        starts_at = at
    return starts_at, datetime.combine(days["ends_on"], time(23, 59, 59), zone)


@bp.post("/delegations/<int:delegation_id>/end")
@allow("delegation.manage")
def end_delegation(delegation_id: int) -> ResponseReturnValue:
    """End a delegation now."""
    with begin() as db:
        delegations.end_delegation(db, delegation_id, by=person(), at=now())
    flash(gettext("The delegation has ended."))
    return redirect(url_for(".index"), 303)


@bp.get("/sessions", endpoint="sessions")
@allow("profile")
def sessions_page() -> ResponseReturnValue:
    """List where I am signed in."""
    return render_template(
        "profile/sessions.html",
        rows=sessions.open_sessions(read(), person().id, at=now()),
        this=session_id(),
    )


@bp.post("/sessions/<int:ended_id>/end")
@allow("profile")
def end_session(ended_id: int) -> ResponseReturnValue:
    """Sign out another browser of mine."""
    with begin() as db:
        sessions.sign_out(db, ended_id, by=person(), at=now())
    flash(gettext("That device is signed out."))
    return redirect(url_for(".sessions"), 303)


@bp.get("/password")
@allow("profile")
def password() -> ResponseReturnValue:
    """Show the page to choose a password."""
    return render_template("profile/password.html", problems=[], is_first=must_change_password())


@bp.post("/password")
@allow("profile")
def change_password() -> ResponseReturnValue:
    """Choose a new password; my other browsers are signed out."""
    try:
        if request.form.get("new") != request.form.get("again"):
            raise Invalid([Problem("again", "The two new passwords differ. Type them again.")])
        reading.session.remove()  # its snapshot is older than what is about to be written
        choose_password(
            holdfast().database,
            current=request.form.get("current", ""),
            new=request.form.get("new", ""),
            by=person(),
            session_id=session_id(),
            at=now(),
        )
    except EngineError as wrong:
        page = render_template(
            "profile/password.html", problems=_password_problems(wrong), is_first=False
        )
        return page, 429 if isinstance(wrong, TriedTooOften) else 422

    flash(gettext("Your password is changed. Your other devices are signed out."))
    return redirect(url_for(".index"), 303)


def _password_problems(error: EngineError) -> list[Problem]:
    if isinstance(error, Invalid):
        return error.problems
    at = "current" if isinstance(error, (accounts.WrongPassword, TriedTooOften)) else "new"
    return [error.problem(at)]
