"""Correcting when a case was first known of: the time, the person and why, then what is signed."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.overview import case_facts, case_named
from engine.cases.reported import aware, listing
from engine.cases.reported.aware import Correcting, Known
from engine.cases.tasks import refuse_ended
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem, Refused
from engine.evidence.failures import SigningLocked
from webapp import signing
from webapp.permissions import allow
from webapp.reading import read
from webapp.recording import Entered
from webapp.session import person, session_id
from webapp.times import as_typed, same_minute
from webapp.transactions import begin, request_key

FIELDS = ("aware_at", "aware_by", "reason", "is_long_ago")
bp = Blueprint("awareness", __name__, url_prefix="/nonconformances/<number>/awareness")


@bp.get("")
@allow("case.correct_awareness")
def ask(number: str) -> ResponseReturnValue:
    """Ask when the case was really first known of, by whom, and what was wrong."""
    refuse_ended(case_named(read(), number))
    return _page(number, [])


def _page(number: str, problems: list[Problem]) -> str:
    db = read()
    case = case_named(db, number)
    stands = aware.known(db, case)
    typed = {name: request.form.get(name, "") for name in FIELDS}
    if request.method == "GET" and stands is not None:
        typed |= {"aware_at": as_typed(stands.at), "aware_by": stands.by}
    return render_template(
        "cases/awareness.html",
        facts=case_facts(db, case),
        known=stands,
        doubt=aware.doubt(db, case),
        fed_by=listing.newest(db, listing.Wanted(case_id=case.id)),
        typed=typed,
        problems=problems,
    )


@bp.post("")
@allow("case.correct_awareness")
def review(number: str) -> ResponseReturnValue:
    """Draw up the record that corrects it."""
    try:
        with begin() as db:
            asked = _typed(number, aware.known(db, case_named(db, number)))
            opened = aware.open_signing(
                db, asked, by=person(), session_id=str(session_id()), at=now()
            )
    except SigningLocked:
        raise
    except Invalid as wrong:
        return _page(number, wrong.problems), 422
    except Refused as refused:
        return _page(number, [refused.problem("")]), 422
    assert asked.aware_at is not None  # what is drawn up says when  # noqa: S101
    said = asked.aware_at.isoformat()
    confirmed = "on" if asked.is_long_ago else None
    to_sign = url_for(
        ".sign", number=number, nonce=opened.nonce, aware_at=said, is_long_ago=confirmed
    )
    return redirect(to_sign, 303)


def _typed(number: str, stands: Known | None) -> Correcting:
    entered = Entered()
    aware_at = entered.moment("aware_at")
    entered.check()
    return Correcting(
        number, same_minute(aware_at, stands.at if stands else None),
        entered.text("aware_by"), entered.text("reason"),
        is_long_ago=bool(entered.text("is_long_ago")),
    )  # fmt: skip


@bp.get("/sign/<nonce>")
@allow("case.correct_awareness")
def sign(number: str, nonce: str) -> ResponseReturnValue:
    """Show what corrects it, to be signed."""
    try:
        return _sign_page(number, nonce, request.args, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, error)


def _sign_page(number: str, nonce: str, sent: Mapping[str, str], problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "cases/awareness_sign.html",
        facts=case_facts(db, case_named(db, number)),
        handed_on={name: sent.get(name, "") for name in ("aware_at", "is_long_ago")},
        sign=signing.sign_page(db, nonce),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(number: str, error: EngineError) -> ResponseReturnValue:
    kept = {name: request.form.get(name, "") for name in FIELDS}
    again = url_for(".review", number=number)
    return signing.out_of_date(error, again=again, back=url_for(".ask", number=number), values=kept)


@bp.post("/sign/<nonce>")
@allow("case.correct_awareness")
def correct_now(number: str, nonce: str) -> ResponseReturnValue:
    """Correct it under the signature."""
    form, key = request.form, request_key()
    asked = Correcting(
        number, _sent(form.get("aware_at", "")), form.get("aware_by", ""), form.get("reason", ""),
        is_long_ago=bool(form.get("is_long_ago")),
    )  # fmt: skip
    try:
        problems = signing.attempt(
            nonce,
            lambda db: aware.correct(
                db, asked, signing.typed(nonce), by=person(), at=now(), key=key
            ),
        )
        if problems:
            return _sign_page(number, nonce, form, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, error)
    flash(gettext("It is corrected when %(number)s was first known of.", number=number))
    return redirect(url_for("case.overview", number=number), 303)


def _sent(text: str) -> datetime | None:
    """Return the moment that the page to sign handed on; what it did not is none at all."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
