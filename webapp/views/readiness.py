"""Readiness: how well the record can be traced, whom a notice would reach, the last drill."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.drills.models import RHYTHMS
from engine.clock import now
from engine.errors import Invalid, Problem
from engine.serials.night import running
from webapp.permissions import allow
from webapp.queries.readiness import consignees, one_night, readiness
from webapp.reading import read
from webapp.sentences import translated
from webapp.session import person
from webapp.transactions import begin, request_key

bp = Blueprint("readiness", __name__, url_prefix="/readiness")
ONLY = ("broken", "differs", "not_compared")


@bp.get("")
@allow("trace.read")
def index() -> ResponseReturnValue:
    """Show the figures and the last nights."""
    return render_template(
        "readiness/index.html",
        view=readiness(read(), at=now()),
        least=running.LEAST,
        rhythms={code: translated(words) for code, words in RHYTHMS.items()},
    )


@bp.post("")
@allow("night.run")
def trace_now() -> ResponseReturnValue:
    """Have lots and units traced at random in the background, now."""
    with begin() as db:
        running.ask(db, f"now:{request_key()}", at=now())
    flash(gettext("Lots and units are being traced. Load this page again in a moment."))
    return redirect(url_for(".index"), 303)


@bp.get("/consignees")
@allow("trace.read")
def reached() -> ResponseReturnValue:
    """Show which consignees have a recall contact that somebody verified lately."""
    return render_template("readiness/consignees.html", rows=consignees(read(), at=now()))


@bp.get("/<int:night_id>")
@allow("trace.read")
def night(night_id: int) -> ResponseReturnValue:
    """Show the traces of one night, and where they broke off."""
    return _night(night_id, [])


def _night(night_id: int, problems: list[Problem]) -> str:
    asked = request.args.get("which", "")
    only = asked if asked in ONLY else ""
    return render_template(
        "readiness/night.html",
        view=one_night(read(), night_id, only=only),
        only=only,
        least=running.LEAST,
        problems=problems,
    )


@bp.post("/<int:night_id>/take")
@allow("night.settle")
def take(night_id: int) -> ResponseReturnValue:
    """Look into a night that did not hold oneself."""
    with begin() as db:
        running.take(db, night_id, by=person(), at=now())
    flash(gettext("This is yours now."))
    return redirect(url_for(".night", night_id=night_id), 303)


@bp.post("/<int:night_id>/settle")
@allow("night.settle")
def settle(night_id: int) -> ResponseReturnValue:
    """Say what was behind a night that did not hold."""
    try:
        with begin() as db:
            reason = request.form.get("reason", "")
            running.settle(db, night_id, reason=reason, by=person(), at=now())
    except Invalid as wrong:
        return _night(night_id, wrong.problems), 422
    flash(gettext("It is written down what was behind it."))
    return redirect(url_for(".night", night_id=night_id), 303)
