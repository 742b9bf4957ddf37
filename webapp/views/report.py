"""Reporting a nonconformance: the start form."""

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import commands
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from forms import library
from webapp import ceremony
from webapp.permissions import allow
from webapp.session import person
from webapp.transactions import begin, read, request_key
from webapp.uploads import posted_with_files
from webapp.views.task import saved_words

bp = Blueprint("report", __name__, url_prefix="/report")

PROCESS, ELEMENT, PLACE = "nonconformance", "report", "start:nonconformance"


@bp.get("")
@allow("case.report")
def new() -> ResponseReturnValue:
    """Show the form with what this person has typed so far."""
    kept = commands.find_draft(read(), PLACE, by=person())
    return _page(kept.answers if kept else {}, [])


def _page(raw: dict[str, Any], problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "cases/report.html",
        form=library.form(PROCESS, ELEMENT),
        context=ceremony.context_of(db, None, None),
        raw=raw,
        problems=problems,
        draft=commands.find_draft(db, PLACE, by=person()),
    )


@bp.post("")
@allow("case.report")
def send() -> ResponseReturnValue:
    """Open the case, or show every problem; a row more or less only shows the form again."""
    form = library.form(PROCESS, ELEMENT)
    try:
        posted = posted_with_files("data:uploads")
        raw = form.rearranged(posted)
        if raw is None and request.form.get("then") != "leave":
            return _open(form.raw(posted))
    except Invalid as wrong:
        return _page(form.raw(posted), wrong.problems), 422
    except EngineError as refused:
        problem = Problem("", refused.message, tuple(refused.facts.items()))
        return _page(form.raw(request.form), [problem]), 422

    with begin() as db:
        kept = raw if raw is not None else form.raw(posted)
        commands.save_draft(db, PLACE, kept, by=person(), at=now())
    if raw is not None:
        return redirect(url_for(".new") + "#form", 303)
    flash(gettext("Your draft is saved."))
    return redirect(url_for("tasks.index"), 303)


def _open(raw: dict[str, Any]) -> ResponseReturnValue:
    with begin() as db:
        opened = commands.report(db, raw, by=person(), at=now(), key=request_key())
    flash(gettext("%(number)s is open. Thank you for reporting.", number=opened.number))
    return redirect(url_for("case.overview", number=opened.number), 303)


@bp.post("/draft")
@allow("case.report")
def draft() -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    raw = library.form(PROCESS, ELEMENT).raw(request.form)
    with begin() as db:
        kept = commands.save_draft(db, PLACE, raw, by=person(), at=now())
    return jsonify(words=saved_words(kept.saved_at))
