"""Tokens of the interface: my own, and those of the systems that the administrator lets in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine.clock import now
from engine.commands import earlier_result, remember
from engine.errors import EngineError, Invalid
from engine.people import PersonAccount, grants, service_accounts, tokens
from engine.people.calls import calls
from engine.people.roles import MANAGES, roles
from engine.people.scopes import scopes
from engine.people.token_models import ApiToken, ServiceAccount
from webapp.i18n import language
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin, request_key
from webapp.words import role as role_words

bp = Blueprint("tokens", __name__)
USUALLY = timedelta(days=90)


@dataclass(frozen=True)
class TokenLine:
    """A token as the pages show it."""

    row: ApiToken
    made_by: str
    state: str  # live, ended, revoked


@bp.get("/tokens")
@allow("token.own")
def own() -> ResponseReturnValue:
    """List my tokens, with the form for a new one."""
    return _own_page()


@bp.post("/tokens")
@allow("token.own")
def make_own() -> ResponseReturnValue:
    """Make a token of my own and show it once."""
    return _make(person().id)


@bp.post("/tokens/<int:token_id>/revoke")
@allow("token.own")
def revoke(token_id: int) -> ResponseReturnValue:
    """End a token now."""
    with begin() as db:
        row = tokens.revoke_token(db, token_id, by=person(), at=now())
    flash(gettext("The token is revoked: nobody gets in with it any more."))
    if row.person_id == person().id:
        return redirect(url_for(".own"), 303)
    return redirect(url_for(".service", person_id=row.person_id), 303)


@bp.get("/service-accounts")
@allow("token.read")
def services() -> ResponseReturnValue:
    """List the systems that may get in."""
    db = read()
    live: dict[int, int] = {}
    for one in service_accounts.service_accounts(db):
        lines = _lines(one.account.id)
        live[one.account.id] = sum(line.state == "live" for line in lines)
    return render_template(
        "tokens/services.html", rows=service_accounts.service_accounts(db), live=live
    )


@bp.get("/service-accounts/new")
@allow("token.manage")
def new_service() -> ResponseReturnValue:
    """Show the form for a new system."""
    return render_template("tokens/new.html", entered={}, problems=[], people=_people())


@bp.post("/service-accounts/new")
@allow("token.manage")
def open_service() -> ResponseReturnValue:
    """Open an account for a system."""
    entered = request.form.to_dict()
    try:
        with begin() as db:
            made = service_accounts.open_service_account(
                db,
                entered.get("user_name", ""),
                entered.get("printed_name", ""),
                purpose=entered.get("purpose", ""),
                responsible_id=_number(entered.get("responsible")),
                by=person(),
                at=now(),
            )
    except Invalid as wrong:
        page = render_template(
            "tokens/new.html", entered=entered, problems=wrong.problems, people=_people()
        )
        return page, 422

    flash(gettext("The service account is open. Give it the roles it needs, then make a token."))
    return redirect(url_for(".service", person_id=made.person_id), 303)


@bp.get("/service-accounts/<int:person_id>")
@allow("token.read")
def service(person_id: int) -> ResponseReturnValue:
    """Show one system: its roles, its tokens, what it asked last."""
    return _service_page(person_id)


@bp.post("/service-accounts/<int:person_id>/tokens")
@allow("token.manage")
def make(person_id: int) -> ResponseReturnValue:
    """Make a token of a system and show it once."""
    service_accounts.service_of(read(), person_id)
    return _make(person_id)


@bp.post("/service-accounts/<int:person_id>/roles")
@allow("token.manage")
def grant(person_id: int) -> ResponseReturnValue:
    """Give a system a role."""
    service_accounts.service_of(read(), person_id)
    try:
        with begin() as db:
            grants.grant_role(db, person_id, request.form.get("role", ""), by=person(), at=now())
    except EngineError as refused:
        problem = refused.problem("role")
        return _service_page(person_id, problems=[problem]), 422

    flash(gettext("The role is granted."))
    return redirect(url_for(".service", person_id=person_id), 303)


# --- both kinds ------------------------------------------------------------------------------


def _make(person_id: int) -> ResponseReturnValue:
    entered = {**request.form.to_dict(), "scopes": request.form.getlist("scopes")}
    key, asked = request_key(), {"person": person_id, "form": entered.get("name")}
    try:
        with begin() as db:
            if earlier_result(db, key, name="make_token", request=asked) is not None:
                return _already_shown(person_id)
            made = tokens.make_token(
                db,
                person_id,
                name=str(entered.get("name", "")),
                scopes=entered["scopes"],
                expires_at=_end_of(str(entered.get("expires_on", ""))),
                by=person(),
                at=now(),
            )
            remember(
                db, key, name="make_token", request=asked, result={"token": made.row.id},
                by_id=person().id, at=now(),
            )  # fmt: skip
    except Invalid as wrong:
        return _page_of(person_id, problems=wrong.problems, entered=entered), 422
    return _page_of(person_id, made=made)


def _already_shown(person_id: int) -> ResponseReturnValue:
    flash(gettext("This token was made and shown already. Revoke it if you did not keep it."))
    mine = person_id == person().id
    return redirect(url_for(".own") if mine else url_for(".service", person_id=person_id), 303)


def _page_of(person_id: int, **more: object) -> str:
    return _own_page(**more) if person_id == person().id else _service_page(person_id, **more)


def _own_page(**more: object) -> str:
    return render_template("tokens/own.html", **{**_shown(person().id), **more})


def _service_page(person_id: int, **more: object) -> str:
    db, at = read(), now()
    held = list(grants.current_grants(db, at=at, person_id=person_id))
    mine = {grant.role for grant in held}
    free = [
        (code, role_words(code))
        for code, role in roles().items()
        if code not in mine and not role.is_signing and code != MANAGES
    ]
    shown = {
        "one": service_accounts.service_of(db, person_id),
        "held": held,
        "free": free,
        "calls": calls(db, person_id=person_id, limit=20),
    }
    return render_template("tokens/service.html", **{**shown, **_shown(person_id), **more})


def _shown(person_id: int) -> Mapping[str, object]:
    local = now().astimezone(ZoneInfo(person().time_zone))
    return {
        "lines": _lines(person_id),
        "all_scopes": [(code, scope.says(language())) for code, scope in scopes().items()],
        "usual_end": (local + USUALLY).date().isoformat(),
        "made": None,
        "problems": [],
        "entered": {},
    }


def _lines(person_id: int) -> list[TokenLine]:
    db, at = read(), now()
    rows = tokens.tokens_of(db, person_id)
    makers = {row.created_by_id for row in rows}
    names = {
        row[0]: row[1]
        for row in db.execute(
            select(PersonAccount.id, PersonAccount.printed_name).where(PersonAccount.id.in_(makers))
        )
    }
    return [TokenLine(row, names[row.created_by_id], _state(row, at)) for row in rows]


def _state(row: ApiToken, at: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "live" if at < row.expires_at else "ended"


def _people() -> list[tuple[int, str]]:
    rows = read().execute(
        select(PersonAccount.id, PersonAccount.printed_name)
        .where(
            PersonAccount.disabled_at.is_(None),
            PersonAccount.id.not_in(select(ServiceAccount.person_id)),
        )
        .order_by(PersonAccount.printed_name)
    )
    return [(row.id, row.printed_name) for row in rows]


def _end_of(day: str) -> datetime:
    """Return the end of a day in the person's zone; a day that is none is long over."""
    zone = ZoneInfo(person().time_zone)
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time(23, 59, 59), zone)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=zone)


def _number(text: str | None) -> int:
    return whole(text) or 0
