"""One task: its form, its draft, check answers, sign, and the receipt."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import commands
from engine.cases.pages import TaskPage
from engine.clock import now
from engine.errors import Conflict, EngineError, Invalid, Problem
from engine.evidence.signatures import (
    SecondComponentNeeded,
    SigningLocked,
    WrongCredentials,
    sentence,
)
from forms import library
from webapp import ceremony
from webapp.permissions import allow
from webapp.queries.task import place, task_and_case, task_page
from webapp.session import person
from webapp.times import write
from webapp.transactions import begin, read, request_key
from webapp.uploads import posted_with_files

bp = Blueprint("task", __name__, url_prefix="/tasks/<uuid:task_id>")


@bp.get("")
@allow("task.read")
def page(task_id: UUID) -> ResponseReturnValue:
    """Show the form of a task beside the facts of its case."""
    shown = task_page(read(), task_id, person(), at=now())
    return _form_page(shown, shown.draft.raw if shown.draft else {}, [])


def _form_page(shown: TaskPage, raw: dict[str, Any], problems: list[Problem]) -> str:
    row, db = shown.row, read()
    form = library.form(row.process, row.element_id)
    task, case = task_and_case(db, row.id)
    return render_template(
        "tasks/task.html",
        page=shown,
        form=form,
        context=ceremony.context_of(db, case, task),
        raw=raw,
        problems=problems,
        can_do=_can_do(shown),
    )


def _can_do(shown: TaskPage) -> bool:
    """Tell whether the form is theirs to fill in: their role, nobody else's, not set apart."""
    row = shown.row
    is_free = row.is_mine or row.claimed_by is None
    return row.role in person().roles and is_free and not row.refused and not shown.done_at


@bp.post("")
@allow("task.complete")
def answer(task_id: UUID) -> ResponseReturnValue:
    """Take the answers on: to the check page, to the sign page, or back with every problem."""
    task, case = task_and_case(read(), task_id)
    form = library.form(task.process, task.element_id)
    try:
        posted = posted_with_files(case.stream)
    except EngineError as refused:
        shown = task_page(read(), task_id, person(), at=now())
        problem = Problem("", refused.message, tuple(refused.facts.items()))
        return _form_page(shown, form.raw(request.form), [problem]), 422

    rearranged = form.rearranged(posted)
    raw = rearranged if rearranged is not None else form.raw(posted)
    with begin() as db:
        commands.save_draft(db, place(task_id), raw, by=person(), at=now())
    if rearranged is not None:
        return redirect(url_for(".page", task_id=task_id) + "#form", 303)
    if request.form.get("then") == "leave":
        flash(gettext("Your draft is saved."))
        return redirect(url_for("tasks.index"), 303)

    try:
        return redirect(_next_page(task_id, raw), 303)
    except Invalid as wrong:
        shown = task_page(read(), task_id, person(), at=now())
        return _form_page(shown, raw, wrong.problems), 422


def _next_page(task_id: UUID, raw: dict[str, Any]) -> str:
    """Return the address of the page to check the answers on, or to sign them on."""
    nonce = ceremony.open_page(task_id, raw)
    if nonce is None:
        return url_for(".check", task_id=task_id)
    return url_for(".sign_page", task_id=task_id, nonce=nonce)


@bp.post("/draft")
@allow("task.complete")
def draft(task_id: UUID) -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    task, _ = task_and_case(read(), task_id)
    raw = library.form(task.process, task.element_id).raw(request.form)
    with begin() as db:
        kept = commands.save_draft(db, place(task_id), raw, by=person(), at=now())
    return jsonify(words=saved_words(kept.saved_at))


def saved_words(moment: Any) -> str:
    """Say when a draft was saved, in the person's zone."""
    return gettext("Saved %(time)s", time=write(moment, "clock"))


@bp.get("/check")
@allow("task.complete")
def check(task_id: UUID) -> ResponseReturnValue:
    """Show the answers once more before they are sent."""
    shown = task_page(read(), task_id, person(), at=now())
    if shown.done_at or shown.draft is None:
        return redirect(url_for(".page", task_id=task_id))
    return render_template("tasks/check.html", page=shown, **_checked(shown))


def _checked(shown: TaskPage) -> dict[str, Any]:
    """Return the answers of the draft as they would be kept, with what shows them."""
    db, row = read(), shown.row
    task, case = task_and_case(db, row.id)
    raw = shown.draft.raw if shown.draft else {}
    return {
        "form": library.form(row.process, row.element_id),
        "context": ceremony.context_of(db, case, task),
        "answers": ceremony.accepted(db, row.id, raw),
    }


@bp.post("/complete")
@allow("task.complete")
def complete(task_id: UUID) -> ResponseReturnValue:
    """Record the answers that were checked."""
    kept = commands.find_draft(read(), place(task_id), by=person())
    raw = kept.answers if kept else {}
    try:
        with begin() as db:
            commands.complete_task(
                db, task_id, raw, by=person(), at=now(), key=request_key()
            )
    except Invalid as wrong:
        shown = task_page(read(), task_id, person(), at=now())
        return _form_page(shown, raw, wrong.problems), 422
    return redirect(url_for(".receipt", task_id=task_id), 303)


@bp.get("/sign/<nonce>")
@allow("task.complete")
def sign_page(task_id: UUID, nonce: str) -> ResponseReturnValue:
    """Show exactly what is signed, with what it means and the fields to sign it."""
    return _sign_page(task_id, nonce, [])


def _sign_page(task_id: UUID, nonce: str, problems: list[Problem]) -> str:
    db = read()
    shown = task_page(db, task_id, person(), at=now())
    pending = ceremony.pending(db, nonce)
    if shown.done_at is not None:
        raise Conflict
    return render_template(
        "tasks/sign.html",
        page=shown,
        pending=pending,
        **_checked(shown),
        sentence=sentence(pending.meaning, str(pending.record.get("language") or "en")),
        needs_user_name=ceremony.needs_user_name(db),
        problems=problems,
    )


@bp.post("/sign/<nonce>")
@allow("task.complete")
def sign(task_id: UUID, nonce: str) -> ResponseReturnValue:
    """Sign the answers and let the diagram go on, in one transaction."""
    kept = commands.find_draft(read(), place(task_id), by=person())
    try:
        with begin() as db:
            commands.complete_task(
                db,
                task_id,
                kept.answers if kept else {},
                by=person(),
                at=now(),
                key=request_key(),
                signing=ceremony.signing(nonce),
            )
    except WrongCredentials as wrong:
        ceremony.note_failure(nonce)
        return _sign_page(task_id, nonce, [Problem("password", wrong.message)]), 422
    except SecondComponentNeeded as wrong:
        return _sign_page(task_id, nonce, [Problem("user_name", wrong.message)]), 422
    except SigningLocked as locked:
        return _sign_page(task_id, nonce, [Problem("", locked.message)]), 422
    return redirect(url_for(".receipt", task_id=task_id), 303)


@bp.get("/receipt")
@allow("task.read")
def receipt(task_id: UUID) -> ResponseReturnValue:
    """Show what was recorded and signed, and what comes next."""
    shown = task_page(read(), task_id, person(), at=now())
    if not shown.done_at:
        return redirect(url_for(".page", task_id=task_id))
    return render_template(
        "tasks/receipt.html", page=shown, receipt=ceremony.receipt(read(), task_id, at=now())
    )
