"""What one recall owes: what is due and why, what starts a clock, and what was submitted."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.obligations import acting
from engine.cases.obligations.acting import Submission
from engine.cases.obligations.models import CHANNELS, STATES
from engine.cases.overview import case_facts, recall_named
from engine.clock import now
from engine.errors import Invalid, Problem
from webapp.permissions import allow
from webapp.queries import obligations
from webapp.reading import read
from webapp.session import person
from webapp.times import typed_moment
from webapp.transactions import begin, request_key

bp = Blueprint("owed", __name__, url_prefix="/recalls/<number>/obligations")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show what the recall owes in each jurisdiction."""
    return _index(number, [])


def _index(number: str, problems: list[Problem]) -> str:
    db = read()
    case = recall_named(db, number)
    return render_template(
        "obligations/case.html",
        facts=case_facts(db, case),
        boards=obligations.board(db, case, at=now()),
        states=STATES,
        channels=CHANNELS,
        problems=problems,
        entered=request.form,
        tab="obligations",
    )


def _do(number: str, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    try:
        with begin() as db:
            act(db)
    except Invalid as wrong:
        return _index(number, wrong.problems), 422
    flash(done)
    return redirect(url_for(".index", number=number), 303)


@bp.post("/facts")
@allow("recall.authority")
def tell(number: str) -> ResponseReturnValue:
    """Record a fact that starts a clock."""
    key, form = request_key(), request.form
    return _do(
        number,
        lambda db: acting.tell(
            db, number, form.get("jurisdiction", ""), form.get("name", ""),
            typed_moment(form.get("moment", "")), evidence=form.get("evidence", ""),
            by=person(), at=now(), key=key,
        ),
        gettext("It is recorded. What it makes due is below."),
    )  # fmt: skip


@bp.post("/<int:obligation_id>/submitted")
@allow("recall.authority")
def submitted(number: str, obligation_id: int) -> ResponseReturnValue:
    """Record that something owed was submitted."""
    key, form = request_key(), request.form
    sent = Submission(
        typed_moment(form.get("sent_at", "")), form.get("channel", ""), form.get("receipt", "")
    )
    return _do(
        number,
        lambda db: acting.meet(db, number, obligation_id, sent, by=person(), at=now(), key=key),
        gettext("The submission is recorded."),
    )
