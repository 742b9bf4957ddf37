"""Ending one recall in another: which, as what and why, then the record to sign."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.overview import case_facts, recall_named
from engine.cases.recalls import joining, succession
from engine.cases.recalls.joining import Joining
from engine.cases.recalls.joining_record import TITLES
from engine.cases.recalls.succession import MERGED, SUPERSEDED
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem, Refused
from engine.evidence.failures import SigningLocked
from webapp import signing
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint("joining", __name__, url_prefix="/recalls/<number>/join")

CONSEQUENCE = N_(
    "With your signature this recall ends and goes on in the other; nobody else is asked first."
)


@bp.get("")
@allow("recall.join")
def ask(number: str) -> ResponseReturnValue:
    """Ask in which recall this one goes on, and why."""
    return _page(number, [])


def _page(number: str, problems: list[Problem]) -> str:
    db = read()
    case = recall_named(db, number)
    return render_template(
        "recalls/join.html",
        facts=case_facts(db, case),
        others=_others(db, case),
        titles=TITLES,
        entered=request.form,
        problems=problems,
    )


def _others(db: Session, case: Case) -> list[tuple[str, str]]:
    """Return the open recalls that this one may end in, the newest first."""
    found = succession.open_others(case).order_by(Case.opened_at.desc(), Case.id.desc())
    return [(one.number, f"{one.number} · {one.title}") for one in db.scalars(found)]


def _asked(number: str) -> Joining:
    form = request.form
    kind = SUPERSEDED if form.get("kind") == SUPERSEDED else MERGED
    return Joining(number, form.get("into", ""), kind, form.get("reason", ""))


@bp.post("")
@allow("recall.join")
def review(number: str) -> ResponseReturnValue:
    """Draw up the record that ends this recall in the other."""
    asked = _asked(number)
    try:
        with begin() as db:
            opened = joining.open_signing(
                db, asked, by=person(), session_id=str(session_id()), at=now()
            )
    except SigningLocked:
        raise
    except Invalid as wrong:
        return _page(number, wrong.problems), 422
    except Refused as refused:
        return _page(number, [refused.problem("into")]), 422
    address = url_for(".sign", number=number, nonce=opened.nonce, into=asked.into, kind=asked.kind)
    return redirect(address, 303)


@bp.get("/sign/<nonce>")
@allow("recall.join")
def sign(number: str, nonce: str) -> ResponseReturnValue:
    """Show what ends this recall, to be signed."""
    try:
        return _sign_page(number, nonce, request.args, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, error, Joining(number, *_named(request.args), ""))


def _named(values: Mapping[str, str]) -> tuple[str, str]:
    return values.get("into", ""), values.get("kind", MERGED)


def _sign_page(number: str, nonce: str, values: Mapping[str, str], problems: list[Problem]) -> str:
    db = read()
    into, kind = _named(values)
    return render_template(
        "recalls/join_sign.html",
        facts=case_facts(db, recall_named(db, number)),
        into=into,
        kind=kind,
        titles=TITLES,
        sign=signing.sign_page(db, nonce, consequence=CONSEQUENCE),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(number: str, error: EngineError, asked: Joining) -> ResponseReturnValue:
    return signing.out_of_date(
        error,
        again=url_for(".review", number=number),
        back=url_for(".ask", number=number),
        values={"into": asked.into, "kind": asked.kind, "reason": asked.reason},
    )


@bp.post("/sign/<nonce>")
@allow("recall.join")
def join_now(number: str, nonce: str) -> ResponseReturnValue:
    """End this recall in the other under the signature."""
    asked, key = _asked(number), request_key()
    started: list[bool] = []

    def join(db: Session) -> None:
        job = joining.join(db, asked, signing.typed(nonce), by=person(), at=now(), key=key)
        started.append(job is not None)

    try:
        problems = signing.attempt(nonce, join)
        if problems:
            return _sign_page(number, nonce, request.form, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, error, asked)
    if started[-1]:
        words = gettext("Signed. %(number)s ends in %(into)s.", number=number, into=asked.into)
    else:
        words = gettext("%(number)s goes on as %(into)s.", number=number, into=asked.into)
    flash(words)
    return redirect(url_for("recall.overview", number=asked.into), 303)
