"""The register of recalls, and the signal that begins one."""

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import commands
from engine.cases.asking import form_at
from engine.cases.register import Wanted, cases
from engine.clock import now
from engine.commands import Command
from engine.errors import Invalid, Problem
from forms.errors import FormNotFound
from forms.form import Form
from webapp import ceremony
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin, request_key
from webapp.uploads import posted_with_files
from webapp.views.report import NotReleasedYet
from webapp.views.task import saved_words
from webapp.views.tasks import addresses, page_addresses, up_to_last

bp = Blueprint("recalls", __name__, url_prefix="/recalls")
STATES = ("open", "closed", "void")
PROCESS, ELEMENT, PLACE = "recall", "report", "start:recall"


@bp.get("")
@allow("case.read")
def index() -> ResponseReturnValue:
    """List the recalls, newest first, narrowed by state and words; drills are marked."""
    state, text = request.args.get("state", "open"), request.args.get("text", "")
    wanted = Wanted(process=PROCESS, state=state if state in STATES else None, text=text)
    kept = {"state": state, "text": text or None}
    return render_template(
        "recalls/index.html",
        listed=up_to_last(
            lambda number: cases(read(), wanted, at=now(), page=number), lambda found: found.page
        ),
        state=state,
        text=text,
        address=addresses(**kept),
        page_address=page_addresses(**kept),
    )


def _form() -> Form:
    try:
        return form_at(read(), PROCESS, ELEMENT, instance_id=None)
    except FormNotFound as missing:
        raise NotReleasedYet from missing


@bp.get("/signal")
@allow("recall.report")
def signal() -> ResponseReturnValue:
    """Show the form of a signal with what this person has typed so far, or what led here."""
    kept = commands.find_draft(read(), PLACE, by=person())
    return _page(kept.answers if kept else _begun(), [])


def _begun() -> dict[str, Any]:
    """Return the start of a signal that another page led to: a scope, a nonconformance."""
    given = {
        name: request.args.get(name, "").replace("\x00", "").strip()[:2_000]
        for name in ("scope", "nonconformance")
    }
    begun: dict[str, Any] = {}
    if given["scope"]:
        begun["scope"] = {"text": given["scope"]}
    if given["nonconformance"]:
        begun |= {"source": "nonconformance", "nonconformance_number": given["nonconformance"]}
    return begun


def _page(raw: dict[str, Any], problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "recalls/signal.html",
        form=_form(),
        context=ceremony.context_of(db, None, None),
        raw=raw,
        problems=problems,
        draft=commands.find_draft(db, PLACE, by=person()),
    )


@bp.post("/signal")
@allow("recall.report")
def send() -> ResponseReturnValue:
    """Keep what was typed; go on to check it, or show every problem."""
    posted, refused = posted_with_files(PLACE)
    raw = _form().raw(posted)
    with begin() as db:
        commands.save_draft(db, PLACE, raw, by=person(), at=now())
    if refused:
        return _page(raw, refused), 422
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


@bp.get("/signal/check")
@allow("recall.report")
def check() -> ResponseReturnValue:
    """Show what was understood, before anything is opened."""
    db = read()
    kept = commands.find_draft(db, PLACE, by=person())
    if kept is None:
        return redirect(url_for(".signal"))
    try:
        answers = _accepted(kept.answers)
    except Invalid as wrong:
        return _page(kept.answers, wrong.problems), 422
    context = ceremony.context_of(db, None, None)
    scope = answers["scope"]
    return render_template(
        "recalls/signal_check.html",
        form=_form(),
        context=context,
        answers=answers,
        scope=scope,
        understood=context.read_scope(scope["text"], scope["answers"]),
        checked=ceremony.fingerprint(kept.answers),
    )


@bp.post("/signal/save")
@allow("recall.report")
def save() -> ResponseReturnValue:
    """Open the recall from what was checked; sent twice it is one."""
    key = request_key()
    kept = commands.find_draft(read(), PLACE, by=person())
    if kept is None:
        return _already_saved(key)
    try:
        with begin() as db:
            opened = commands.report(
                db, kept.answers, by=person(), at=now(), key=key, process=PROCESS,
                shown_sha256=request.form.get("checked", ""),
            )  # fmt: skip
    except commands.AnswersChanged as changed:
        return ceremony.check_again(changed, url_for(".check"))
    except Invalid as wrong:
        return _page(kept.answers, wrong.problems), 422
    flash(gettext("%(number)s is open. It is triaged within the hour.", number=opened.number))
    return redirect(url_for("recall.overview", number=opened.number), 303)


def _already_saved(key: str) -> ResponseReturnValue:
    done = read().get(Command, key)
    if done is None or done.name != "report" or done.by_id != person().id:
        return redirect(url_for(".signal"), 303)
    return redirect(url_for("recall.overview", number=done.result["number"]), 303)


@bp.post("/signal/draft")
@allow("recall.report")
def draft() -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    raw = _form().raw(request.form)
    with begin() as db:
        kept = commands.save_draft(db, PLACE, raw, by=person(), at=now())
    return jsonify(words=saved_words(kept.saved_at))
