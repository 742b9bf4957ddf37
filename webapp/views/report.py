"""Reporting a nonconformance: the start form, a look at what it opens, and saving it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.asking import form_at
from engine.cases.overview import case_named
from engine.cases.scope import scope_of
from engine.clock import now
from engine.commands import Command
from engine.errors import Invalid, NotFound, Problem
from engine.people import Person
from engine.serials.errors import EventUnknown
from forms.errors import FormNotFound
from forms.form import Form
from webapp import ceremony
from webapp.config import LARGEST_ID
from webapp.permissions import allow
from webapp.queries.failure import failure_of
from webapp.queries.report import understood
from webapp.reading import read
from webapp.session import person
from webapp.times import number
from webapp.transactions import begin, request_key
from webapp.uploads import posted_with_files
from webapp.views.task import saved_words

bp = Blueprint("report", __name__, url_prefix="/report")

PROCESS, ELEMENT, PLACE = "nonconformance", "report", "start:nonconformance"


class NotReleasedYet(NotFound):
    """Nothing can be reported before the process is released. Ask quality to sign its release."""


def _form() -> Form:
    """Return the form that the version in force asks."""
    try:
        return form_at(read(), PROCESS, ELEMENT, instance_id=None)
    except FormNotFound as missing:
        raise NotReleasedYet from missing


@bp.get("")
@allow("case.report")
def new() -> ResponseReturnValue:
    """Show the form with what this person has typed so far, or with what led here."""
    kept = commands.find_draft(read(), PLACE, by=person())
    about = request.args.get("event", type=int)
    if about is not None and about > LARGEST_ID:
        raise EventUnknown
    if about is not None and (failed := failure_of(read(), about)):
        return _page(failed, [])
    return _page(kept.answers if kept else _begun(), [])


def _begun() -> dict[str, Any]:
    """Return the start of a report: about what was shown, or what the search could not find."""
    scanned, sought = (
        request.args.get(name, "").replace("\x00", "").strip()[:200]
        for name in ("scanned", "unidentified")
    )
    field = next((one.id for one in _form().fields if one.kind == "suspects"), "")
    if not field or not (scanned or sought):
        return {}
    rows = [{"description": sought, "quantity": ""}] if sought else []
    return {field: {"scanned": scanned, "unidentified": rows}}


def start_with(
    db: Session, scanned: Sequence[str], unidentified: Sequence[str], *, by: Person, at: datetime
) -> None:
    """Add goods to this person's draft of a report; what they typed before stays."""
    field = next((one.id for one in _form().fields if one.kind == "suspects"), "")
    kept = commands.find_draft(db, PLACE, by=by)
    raw = dict(kept.answers) if kept else {}
    before = raw.get(field) or {}
    lines = [one for one in str(before.get("scanned", "")).splitlines() if one]
    rows = [row for row in before.get("unidentified", []) if row.get("description")]
    raw[field] = {
        "scanned": "\n".join(dict.fromkeys([*lines, *scanned])),
        "unidentified": [*rows, *({"description": one, "quantity": ""} for one in unidentified)],
    }
    commands.save_draft(db, PLACE, raw, by=by, at=at)


def _page(raw: dict[str, Any], problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "cases/report.html",
        form=_form(),
        context=ceremony.context_of(db, None, None),
        raw=raw,
        problems=problems,
        draft=commands.find_draft(db, PLACE, by=person()),
    )


@bp.post("")
@allow("case.report")
def send() -> ResponseReturnValue:
    """Keep what was typed; go on to check it, or show every problem."""
    form = _form()
    posted, refused = posted_with_files(PLACE)
    rearranged = form.rearranged(posted)
    raw = rearranged if rearranged is not None else form.raw(posted)
    with begin() as db:
        commands.save_draft(db, PLACE, raw, by=person(), at=now())
    if refused:
        return _page(raw, refused), 422
    if rearranged is not None:
        return redirect(url_for(".new") + "#form", 303)
    if request.form.get("then") == "leave":
        flash(gettext("Your draft is saved."))
        return redirect(url_for("tasks.index"), 303)
    try:
        _accepted(raw)
    except Invalid as wrong:
        return _page(raw, wrong.problems), 422
    return redirect(url_for(".check"), 303)


def _accepted(raw: dict[str, Any]) -> dict[str, Any]:
    found = commands.checked(
        read(), PROCESS, ELEMENT, raw, case=None, by=person(), at=now(), instance_id=None
    )
    return found.answers


@bp.get("/check")
@allow("case.report")
def check() -> ResponseReturnValue:
    """Show what was understood, what has left already, and cases that may be the same."""
    db = read()
    kept = commands.find_draft(db, PLACE, by=person())
    if kept is None:
        return redirect(url_for(".new"))
    try:
        answers = _accepted(kept.answers)
    except Invalid as wrong:
        return _page(kept.answers, wrong.problems), 422
    form = _form()
    return render_template(
        "cases/report_check.html",
        form=form,
        context=ceremony.context_of(db, None, None),
        answers=answers,
        understood=understood(db, form, answers),
        checked=ceremony.fingerprint(kept.answers),
    )


@bp.post("/save")
@allow("case.report")
def save() -> ResponseReturnValue:
    """Open the case from what was checked; sent twice it is one case."""
    key = request_key()
    kept = commands.find_draft(read(), PLACE, by=person())
    if kept is None:
        return _already_saved(key)
    try:
        with begin() as db:
            shown = request.form.get("checked", "")
            opened = commands.report(
                db, kept.answers, by=person(), at=now(), key=key, shown_sha256=shown
            )
            scope = scope_of(db, case_named(db, opened.number))
    except commands.AnswersChanged as changed:
        return ceremony.check_again(changed, url_for(".check"))
    except Invalid as wrong:
        return _page(kept.answers, wrong.problems), 422
    flash(gettext("%(number)s is open. Thank you for reporting.", number=opened.number))
    if scope.affected:
        facts = {"affected": number(scope.affected), "held": number(scope.held)}
        flash(gettext("%(affected)s are affected, %(held)s of them on hold.", **facts))
    return redirect(url_for("case.overview", number=opened.number), 303)


def _already_saved(key: str) -> ResponseReturnValue:
    done = read().get(Command, key)
    if done is None or done.name != "report" or done.by_id != person().id:
        return redirect(url_for(".new"), 303)
    return redirect(url_for("case.overview", number=done.result["number"]), 303)


@bp.post("/draft")
@allow("case.report")
def draft() -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    raw = _form().raw(request.form)
    with begin() as db:
        kept = commands.save_draft(db, PLACE, raw, by=person(), at=now())
    return jsonify(words=saved_words(kept.saved_at))
