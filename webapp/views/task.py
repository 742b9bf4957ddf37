"""One task: its form, its draft, check answers, sign, and the receipt."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import commands
from engine.cases.overview import case_named
from engine.cases.pages import TaskPage
from engine.cases.scope import scope_of
from engine.clock import now
from engine.errors import Conflict, EngineError, Invalid, Problem
from engine.people.permissions import may
from webapp import ceremony, signing
from webapp.errors import page as error_page, status_of
from webapp.permissions import allow
from webapp.queries import beside
from webapp.queries.beforehand import beforehand, checked
from webapp.queries.task import (
    barred_names,
    count_differences,
    place,
    shown_form,
    task_and_case,
    task_page,
    typed_answers,
)
from webapp.reading import read
from webapp.sentences import in_words
from webapp.session import person
from webapp.times import saved_words
from webapp.transactions import begin, request_key
from webapp.uploads import posted_with_files

bp = Blueprint("task", __name__, url_prefix="/tasks/<uuid:task_id>")


@bp.get("")
@allow("task.read")
def page(task_id: UUID) -> ResponseReturnValue:
    """Show the form of a task beside the facts of its case."""
    shown = task_page(read(), task_id, person(), at=now())
    return _form_page(shown, shown.draft.raw if shown.draft else {}, [])


def _form_page(shown: TaskPage, raw: dict[str, Any], problems: list[Problem]) -> str:
    db = read()
    task, case = task_and_case(db, shown.row.id)
    form = shown_form(db, task)
    before = beforehand(db, case, task, form, person(), at=now())
    panels = beside.panels(db, case, form, person(), instance_id=task.instance_id)
    return render_template(
        "tasks/task.html",
        page=shown,
        before=before,
        form=form,
        context=ceremony.context_of(db, case, task),
        raw=raw if raw or shown.draft else before.start,
        problems=problems,
        can_do=_can_do(shown),
        kept=typed_answers(form, raw) if shown.done_at and raw else [],
        panels=panels,
        checked=checked(task, panels),
    )


def _can_do(shown: TaskPage) -> bool:
    """Tell whether the form is theirs to fill in: their role, nobody else's, not set apart."""
    row = shown.row
    is_free = row.is_mine or row.claimed_by is None
    is_theirs = (
        may(person(), "case.migrate") if shown.case.migrating_to else row.role in person().roles
    )
    return is_theirs and is_free and not row.refused and not shown.done_at


@bp.post("")
@allow("task.complete")
def answer(task_id: UUID) -> ResponseReturnValue:
    """Take the answers on: to the check page, to the sign page, or back with every problem."""
    db = read()
    task, _ = task_and_case(db, task_id)
    form = shown_form(db, task)
    posted, refused = posted_with_files(place(task_id))
    rearranged = form.rearranged(posted)
    raw = rearranged if rearranged is not None else form.raw(posted)
    with begin() as db:
        commands.save_draft(db, place(task_id), raw, by=person(), at=now())
    if refused:
        return _form_page(task_page(read(), task_id, person(), at=now()), raw, refused), 422
    if rearranged is not None:
        return redirect(url_for(".page", task_id=task_id) + "#form", 303)
    if request.form.get("then") == "leave":
        flash(gettext("Your draft is saved."))
        return redirect(url_for("tasks.index"), 303)
    return _to_next_page(task_id, raw)


def _to_next_page(task_id: UUID, raw: dict[str, Any]) -> ResponseReturnValue:
    """Go on to the page to check the answers on, or to sign them on."""
    try:
        nonce = ceremony.open_page(task_id, raw)
    except Invalid as wrong:
        return _form_page(task_page(read(), task_id, person(), at=now()), raw, wrong.problems), 422
    except Conflict as conflict:
        return _was_faster(task_id, raw, conflict)
    if nonce is None:
        return redirect(url_for(".check", task_id=task_id), 303)
    return redirect(url_for(".sign_page", task_id=task_id, nonce=nonce), 303)


def _was_faster(task_id: UUID, raw: Mapping[str, Any], conflict: Conflict) -> ResponseReturnValue:
    """Say what changed under the person's hands, with what they had typed to read and copy."""
    db = read()
    task, _ = task_and_case(db, task_id)
    kept = typed_answers(shown_form(db, task), raw)
    again = url_for(".page", task_id=task_id)
    return error_page(status_of(conflict), in_words(conflict), kept=kept, again=again)


@bp.post("/draft")
@allow("task.complete")
def draft(task_id: UUID) -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    db = read()
    task, _ = task_and_case(db, task_id)
    raw = shown_form(db, task).raw(request.form)
    with begin() as db:
        kept = commands.save_draft(db, place(task_id), raw, by=person(), at=now())
    return jsonify(words=saved_words(kept.saved_at))


@bp.get("/check")
@allow("task.complete")
def check(task_id: UUID) -> ResponseReturnValue:
    """Show the answers once more before they are sent."""
    db = read()
    shown = task_page(db, task_id, person(), at=now())
    if shown.done_at or shown.draft is None:
        return redirect(url_for(".page", task_id=task_id))
    task, case = task_and_case(db, task_id)
    try:
        answers = ceremony.accepted(db, task_id, shown.draft.raw)
    except Invalid as wrong:
        return _form_page(shown, shown.draft.raw, wrong.problems), 422
    return render_template(
        "tasks/check.html",
        page=shown,
        form=shown_form(db, task),
        context=ceremony.context_of(db, case, task),
        answers=answers,
        checked=ceremony.fingerprint(shown.draft.raw),
        differences=count_differences(db, case, shown_form(db, task), answers),
    )


@bp.post("/complete")
@allow("task.complete")
def complete(task_id: UUID) -> ResponseReturnValue:
    """Record the answers that were checked."""
    kept = commands.find_draft(read(), place(task_id), by=person())
    if kept is None:  # sent twice: the first one recorded it
        return redirect(url_for(".receipt", task_id=task_id), 303)
    try:
        with begin() as db:
            commands.complete_task(
                db,
                task_id,
                kept.answers,
                by=person(),
                at=now(),
                key=request_key(),
                shown_sha256=request.form.get("checked", ""),
            )
    except commands.AnswersChanged as changed:
        return ceremony.check_again(changed, url_for(".check", task_id=task_id))
    except Invalid as wrong:
        shown = task_page(read(), task_id, person(), at=now())
        return _form_page(shown, kept.answers, wrong.problems), 422
    except Conflict as conflict:
        return _was_faster(task_id, kept.answers, conflict)
    return redirect(url_for(".receipt", task_id=task_id), 303)


@bp.post("/sign")
@allow("task.complete")
def draw_up(task_id: UUID) -> ResponseReturnValue:
    """Draw up the record anew from the draft, and open its sign page."""
    kept = commands.find_draft(read(), place(task_id), by=person())
    if kept is None:
        return redirect(url_for(".page", task_id=task_id), 303)
    return _to_next_page(task_id, kept.answers)


@bp.get("/sign/<nonce>")
@allow("task.complete")
def sign_page(task_id: UUID, nonce: str) -> ResponseReturnValue:
    """Show exactly what is signed, with what it means and the fields to sign it."""
    try:
        return _sign_page(task_id, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(task_id, error)


def _sign_page(task_id: UUID, nonce: str, problems: list[Problem]) -> str:
    db = read()
    task, _case = task_and_case(db, task_id)
    return render_template(
        "tasks/sign.html",
        page=task_page(db, task_id, person(), at=now()),
        sign=signing.sign_page(db, nonce),
        barred=barred_names(db, task),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(task_id: UUID, error: EngineError) -> ResponseReturnValue:
    if task_page(read(), task_id, person(), at=now()).done_at:
        return redirect(url_for(".receipt", task_id=task_id), 303)
    again, back = url_for(".draw_up", task_id=task_id), url_for(".page", task_id=task_id)
    return signing.out_of_date(error, again=again, back=back)


@bp.post("/sign/<nonce>")
@allow("task.complete")
def sign(task_id: UUID, nonce: str) -> ResponseReturnValue:
    """Sign the answers and let the diagram go on, in one transaction."""
    kept = commands.find_draft(read(), place(task_id), by=person())
    if kept is None:  # sent twice: the first one signed it; or the page is another person's
        return _out_of_date(task_id, signing.SignPageGone())
    raw, key = kept.answers, request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: commands.complete_task(
                db, task_id, raw, by=person(), at=now(), key=key, signing=signing.typed(nonce)
            ),
        )
        if problems:
            return _sign_page(task_id, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(task_id, error)
    except Invalid as wrong:
        return _form_page(task_page(read(), task_id, person(), at=now()), raw, wrong.problems), 422
    except Conflict as conflict:
        return _was_faster(task_id, raw, conflict)
    return redirect(url_for(".receipt", task_id=task_id), 303)


@bp.get("/receipt")
@allow("task.read")
def receipt(task_id: UUID) -> ResponseReturnValue:
    """Show what was recorded and signed, and what comes next."""
    shown = task_page(read(), task_id, person(), at=now())
    if not shown.done_at:
        return redirect(url_for(".page", task_id=task_id))
    return render_template(
        "tasks/receipt.html",
        page=shown,
        receipt=ceremony.receipt(read(), task_id, at=now()),
        scope=scope_of(read(), case_named(read(), shown.case.number)),
    )
