"""Voiding a case and reopening one: the reason, then the record to sign."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import ending
from engine.cases.ending import REOPEN, VOID, Ending
from engine.cases.overview import case_facts, case_named
from engine.clock import now
from engine.errors import EngineError, Problem, Refused
from engine.evidence.failures import SigningLocked
from webapp import signing
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin, request_key

bp = Blueprint("ending", __name__, url_prefix="/nonconformances/<number>")


@bp.get("/void")
@allow("case.void")
def void(number: str) -> ResponseReturnValue:
    """Ask why the case is void."""
    return _reason_page(number, VOID, [])


@bp.get("/reopen")
@allow("case.reopen")
def reopen(number: str) -> ResponseReturnValue:
    """Ask why the case is opened again."""
    return _reason_page(number, REOPEN, [])


def _reason_page(number: str, act: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "cases/ending.html",
        facts=case_facts(db, case_named(db, number)),
        act=act,
        entered=request.form,
        problems=problems,
    )


@bp.post("/void")
@allow("case.void")
def void_review(number: str) -> ResponseReturnValue:
    """Draw up the record that voids the case."""
    return _draw_up(number, VOID)


@bp.post("/reopen")
@allow("case.reopen")
def reopen_review(number: str) -> ResponseReturnValue:
    """Draw up the record that reopens the case."""
    return _draw_up(number, REOPEN)


def _draw_up(number: str, act: str) -> ResponseReturnValue:
    asked = Ending(number, act, request.form.get("reason", ""))
    try:
        with begin() as db:
            opened = ending.open_signing(
                db, asked, by=person(), session_id=str(session_id()), at=now()
            )
    except SigningLocked:
        raise
    except Refused as refused:
        return _reason_page(number, act, [refused.problem("")]), 422
    except EngineError as wrong:
        problems = getattr(wrong, "problems", None)
        if problems is None:
            raise
        return _reason_page(number, act, problems), 422
    return redirect(url_for(f".{act}_sign", number=number, nonce=opened.nonce), 303)


@bp.get("/void/sign/<nonce>")
@allow("case.void")
def void_sign(number: str, nonce: str) -> ResponseReturnValue:
    """Show what voids the case, to be signed."""
    return _open_sign_page(number, VOID, nonce)


@bp.get("/reopen/sign/<nonce>")
@allow("case.reopen")
def reopen_sign(number: str, nonce: str) -> ResponseReturnValue:
    """Show what reopens the case, to be signed."""
    return _open_sign_page(number, REOPEN, nonce)


def _open_sign_page(number: str, act: str, nonce: str) -> ResponseReturnValue:
    try:
        return _sign_page(number, act, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, act, error, "")


def _sign_page(number: str, act: str, nonce: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "cases/ending_sign.html",
        facts=case_facts(db, case_named(db, number)),
        act=act,
        sign=signing.sign_page(db, nonce),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(number: str, act: str, error: EngineError, reason: str) -> ResponseReturnValue:
    again = url_for(f".{act}_review", number=number)
    back = url_for(f".{act}", number=number)
    return signing.out_of_date(error, again=again, back=back, values={"reason": reason})


@bp.post("/void/sign/<nonce>")
@allow("case.void")
def void_now(number: str, nonce: str) -> ResponseReturnValue:
    """Void the case under the signature."""
    return _end(number, VOID, nonce, gettext("%(number)s is void.", number=number))


@bp.post("/reopen/sign/<nonce>")
@allow("case.reopen")
def reopen_now(number: str, nonce: str) -> ResponseReturnValue:
    """Reopen the case under the signature."""
    return _end(number, REOPEN, nonce, gettext("%(number)s is open again.", number=number))


def _end(number: str, act: str, nonce: str, done: str) -> ResponseReturnValue:
    asked = Ending(number, act, request.form.get("reason", ""))
    key = request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: ending.end(db, asked, signing.typed(nonce), by=person(), at=now(), key=key),
        )
        if problems:
            return _sign_page(number, act, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, act, error, asked.reason)
    flash(done)
    return redirect(url_for("case.overview", number=number), 303)
