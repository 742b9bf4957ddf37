"""People: who works here, what roles they hold, who confirmed them, and the access review."""

from dataclasses import dataclass, fields
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine.clock import now
from engine.errors import EngineError, Invalid, NotAllowed, Problem
from engine.evidence import failures
from engine.people import PersonAccount, accounts, grants, qualifications, reviews
from engine.people.models import RoleGrant
from engine.people.queries import account_of
from engine.people.robots import DrillRobot
from engine.people.roles import roles
from engine.people.systems import is_service
from engine.people.token_models import ServiceAccount
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin
from webapp.words import N_, role as role_words

bp = Blueprint("people", __name__, url_prefix="/people")


@dataclass(frozen=True)
class GrantLine:
    """A role as the pages show it: held by whom, given and confirmed by whom."""

    grant: RoleGrant
    name: str
    granted_by: str
    confirmed_by: str

    @property
    def waits(self) -> bool:
        """Tell whether quality has yet to confirm it."""
        return self.grant.is_signing and self.grant.confirmed_at is None


def _lines(found: list[RoleGrant]) -> list[GrantLine]:
    names = {
        row[0]: row[1]
        for row in read().execute(select(PersonAccount.id, PersonAccount.printed_name))
    }
    return [
        GrantLine(
            grant,
            names[grant.person_id],
            names.get(grant.granted_by_id or 0, ""),
            names.get(grant.confirmed_by_id or 0, ""),
        )
        for grant in found
    ]


@bp.get("")
@allow("people.read")
def index() -> ResponseReturnValue:
    """List the people with their roles, and the roles that wait for quality."""
    db, at = read(), now()
    held: dict[int, list[RoleGrant]] = {}
    for grant in grants.current_grants(db, at=at):
        held.setdefault(grant.person_id, []).append(grant)
    everyone = db.scalars(
        select(PersonAccount)
        .where(
            PersonAccount.id.not_in(select(ServiceAccount.person_id)),
            PersonAccount.id.not_in(select(DrillRobot.person_id)),
        )
        .order_by(PersonAccount.printed_name)
    ).all()
    return render_template(
        "people/index.html",
        everyone=everyone,
        held=held,
        locked=failures.locked_people(db),
        waiting=_lines(list(grants.to_confirm(db, at=at))),
        review=reviews.running_review(db),
        roles=roles(),
    )


@bp.get("/new")
@allow("people.manage")
def new() -> ResponseReturnValue:
    """Show the form for a new person."""
    return render_template("people/new.html", entered={}, problems=[])


@bp.post("/new")
@allow("people.manage")
def open_account() -> ResponseReturnValue:
    """Open an account and set its first password, which the person must change."""
    entered = request.form.to_dict()
    known = {field.name for field in fields(accounts.NewPerson)}
    try:
        with begin() as db:
            wanted = {name: value for name, value in entered.items() if name in known}
            account = accounts.open_account(db, accounts.NewPerson(**wanted), by=person(), at=now())
            accounts.set_password(
                db, account.id, entered.get("password", ""), by=person(), at=now()
            )
    except EngineError as wrong:
        problems = _problems(wrong, "password")
        return render_template("people/new.html", entered=entered, problems=problems), 422

    flash(gettext("The account is open. Grant roles and have someone verify the person."))
    return redirect(url_for(".one", person_id=account.id), 303)


def _problems(error: EngineError, place: str) -> list[Problem]:
    if isinstance(error, Invalid):
        return error.problems
    return [error.problem(place)]


@bp.get("/<int:person_id>")
@allow("people.read")
def one(person_id: int) -> ResponseReturnValue:
    """Show one person: account, roles, qualifications; a system has a page of its own."""
    if is_service(read(), person_id):
        return redirect(url_for("tokens.service", person_id=person_id))
    return _person_page(person_id, [])


def _person_page(person_id: int, problems: list[Problem]) -> str:
    db, at = read(), now()
    account = account_of(db, person_id)
    held = list(grants.current_grants(db, at=at, person_id=person_id))
    mine = {grant.role for grant in held}
    return render_template(
        "people/one.html",
        account=account,
        grants=_lines(held),
        free=[(code, role_words(code)) for code in roles() if code not in mine],
        qualifications=qualifications.qualifications_of(db, person_id),
        signing_is_locked=failures.is_locked(db, person_id),
        entered=request.form,
        problems=problems,
    )


class NotYourOwnSigning(NotAllowed):
    """Your own signing is unlocked by someone else in quality. Ask a colleague."""


@bp.post("/<int:person_id>/unlock-signing")
@allow("people.confirm")
def unlock_signing(person_id: int) -> ResponseReturnValue:
    """Let a person sign again after someone looked into the wrong tries."""
    if person_id == person().id:
        raise NotYourOwnSigning
    reason = request.form.get("looked_into", "").strip()
    if not reason:
        wrong = [Problem("looked_into", N_("Write what you found out about the wrong tries."))]
        return _person_page(person_id, wrong), 422
    with begin() as db:
        failures.unlock(db, person_id, reason=reason, by=person(), at=now())
    return _act(person_id, gettext("Signing is unlocked."))


def _act(person_id: int, done: str) -> ResponseReturnValue:
    flash(done)
    return redirect(url_for(".one", person_id=person_id), 303)


@bp.post("/<int:person_id>/roles")
@allow("people.manage")
def grant(person_id: int) -> ResponseReturnValue:
    """Grant a role."""
    try:
        with begin() as db:
            grants.grant_role(db, person_id, request.form.get("role", ""), by=person(), at=now())
    except EngineError as wrong:
        return _person_page(person_id, _problems(wrong, "role")), 422
    return _act(person_id, gettext("The role is granted."))


@bp.post("/grants/<int:grant_id>/confirm")
@allow("people.confirm")
def confirm(grant_id: int) -> ResponseReturnValue:
    """Confirm for quality that this person decides in this role."""
    with begin() as db:
        confirmed = grants.confirm_role(db, grant_id, by=person(), at=now())
    return _act(confirmed.person_id, gettext("The role is confirmed and counts from now on."))


@bp.post("/<int:person_id>/grants/<int:grant_id>/revoke")
@allow("people.read")  # the command asks for people.manage or people.confirm
def revoke(person_id: int, grant_id: int) -> ResponseReturnValue:
    """Take a role away, with a reason."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _person_page(person_id, [Problem(f"reason-{grant_id}", "Enter the reason.")]), 422
    with begin() as db:
        grants.revoke_role(db, grant_id, reason=reason, by=person(), at=now())
    return _act(person_id, gettext("The role is revoked."))


@bp.post("/<int:person_id>/identity")
@allow("people.read")  # the command asks for people.manage or people.confirm
def verify(person_id: int) -> ResponseReturnValue:
    """Record that someone saw proof of who this is."""
    evidence = request.form.get("evidence", "").strip()
    if not evidence:
        wrong = Problem("evidence", "Enter what kind of document you saw, not its number.")
        return _person_page(person_id, [wrong]), 422
    with begin() as db:
        accounts.verify_identity(db, person_id, evidence=evidence, by=person(), at=now())
    return _act(person_id, gettext("The identity is recorded."))


@bp.post("/<int:person_id>/password")
@allow("people.manage")
def give_password(person_id: int) -> ResponseReturnValue:
    """Give a new password for the person to change."""
    try:
        with begin() as db:
            accounts.set_password(
                db, person_id, request.form.get("password", ""), by=person(), at=now()
            )
    except EngineError as wrong:
        return _person_page(person_id, _problems(wrong, "password")), 422
    return _act(person_id, gettext("The password is set. The person chooses their own next."))


@bp.post("/<int:person_id>/state")
@allow("people.manage")
def change_state(person_id: int) -> ResponseReturnValue:
    """Disable or enable an account, with a reason."""
    reason = request.form.get("why", "").strip()
    if not reason:
        return _person_page(person_id, [Problem("why", "Enter the reason.")]), 422
    change = accounts.disable if request.form.get("state") == "disabled" else accounts.enable
    with begin() as db:
        change(db, person_id, reason=reason, by=person(), at=now())
    return _act(person_id, gettext("The account is changed."))


@bp.post("/<int:person_id>/qualifications")
@allow("qualification.record")
def qualify(person_id: int) -> ResponseReturnValue:
    """Record a qualification with its evidence."""
    try:
        valid_from, expires_at = (_day(name) for name in ("valid_from", "expires_on"))
        with begin() as db:
            qualifications.record_qualification(
                db,
                person_id,
                request.form.get("code", "").strip(),
                evidence=request.form.get("proof", "").strip(),
                valid_from=valid_from or now(),
                expires_at=expires_at,
                by=person(),
                at=now(),
            )
    except EngineError as wrong:
        return _person_page(person_id, _problems(wrong, "code")), 422
    return _act(person_id, gettext("The qualification is recorded."))


def _day(name: str) -> datetime | None:
    text = request.form.get(name, "")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=now().tzinfo)
    except ValueError:
        raise Invalid([Problem(name, "Enter a day.")]) from None


@bp.get("/review")
@allow("people.read")
def review() -> ResponseReturnValue:
    """Show the access review that is open, or how to open one."""
    db = read()
    running = reviews.running_review(db)
    return render_template(
        "people/review.html",
        review=running,
        lines=_review_lines(running.id) if running else [],
        problems=[],
    )


def _review_lines(review_id: int) -> list[dict[str, object]]:
    db = read()
    found = []
    for line in reviews.lines(db, review_id):
        held = db.get_one(RoleGrant, line.grant_id)
        account = account_of(db, line.person_id)
        found.append({"line": line, "role": held.role, "account": account})
    return found


@bp.post("/review")
@allow("access.review")
def open_review() -> ResponseReturnValue:
    """Open an access review."""
    with begin() as db:
        reviews.open_review(db, by=person(), at=now())
    return redirect(url_for(".review"), 303)


@bp.post("/review/<int:line_id>")
@allow("access.review")
def decide(line_id: int) -> ResponseReturnValue:
    """Keep a role or take it away."""
    with begin() as db:
        reviews.decide(
            db,
            line_id,
            keep=request.form.get("decision") != "removed",
            reason=request.form.get("reason", ""),
            by=person(),
            at=now(),
        )
    return redirect(url_for(".review"), 303)


@bp.post("/review/<int:review_id>/finish")
@allow("access.review")
def finish_review(review_id: int) -> ResponseReturnValue:
    """Finish the access review; every line must be decided."""
    with begin() as db:
        reviews.finish_review(db, review_id, by=person(), at=now())
    flash(gettext("The access review is finished and on record."))
    return redirect(url_for(".index"), 303)
