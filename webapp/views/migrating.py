"""Signing a case that is brought over from another system: the record, then the signature."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import migrating
from engine.cases.overview import case_facts, case_named
from engine.clock import now
from engine.errors import EngineError, Problem
from webapp import signing
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin
from webapp.words import N_

bp = Blueprint("migrating", __name__, url_prefix="/nonconformances/<number>/migration")

CONSEQUENCE = N_(
    "What was decided in the other system counts here, and every step from now on is done and "
    "signed as usual."
)


@bp.post("")
@allow("case.accept_migration")
def review(number: str) -> ResponseReturnValue:
    """Draw up the record of the migration."""
    with begin() as db:
        opened = migrating.open_signing(
            db, number, by=person(), session_id=str(session_id()), at=now()
        )
    return redirect(url_for(".sign_page", number=number, nonce=opened.nonce), 303)


@bp.get("/sign/<nonce>")
@allow("case.accept_migration")
def sign_page(number: str, nonce: str) -> ResponseReturnValue:
    """Show what was written down of the other system's case, to be signed."""
    try:
        return _sign_page(number, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, error)


def _sign_page(number: str, nonce: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "cases/migration_sign.html",
        facts=case_facts(db, case_named(db, number)),
        sign=signing.sign_page(db, nonce, consequence=CONSEQUENCE),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(number: str, error: EngineError) -> ResponseReturnValue:
    again = url_for(".review", number=number)
    return signing.out_of_date(error, again=again, back=url_for("case.overview", number=number))


@bp.post("/sign/<nonce>")
@allow("case.accept_migration")
def sign(number: str, nonce: str) -> ResponseReturnValue:
    """Sign the migration as a whole."""
    try:
        problems = signing.attempt(
            nonce,
            lambda db: migrating.sign(db, number, signing.typed(nonce), by=person(), at=now()),
        )
        if problems:
            return _sign_page(number, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, error)
    flash(gettext("%(number)s is brought over.", number=number))
    return redirect(url_for("case.overview", number=number), 303)
