"""My tasks: the list, claiming, and giving back."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast, get_args
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import tasks as commands
from engine.cases.inbox import my_tasks
from engine.cases.pages import Page, TaskFilter, TaskSort
from engine.clock import now
from engine.errors import NotAllowed, Problem
from engine.people import person_of
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.task import successors, task_page
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin
from webapp.words import N_

bp = Blueprint("tasks", __name__)

Listed = TypeVar("Listed")
Row = TypeVar("Row")

FAR_BEYOND = 1_000_000_000  # no list has so many pages, and every database can count to there


@bp.get("/")
@allow("task.read")
def index() -> ResponseReturnValue:
    """List my tasks, soonest deadline first; the address carries filter, order and page."""
    show = request.args.get("show", "mine")
    sort = request.args.get("sort", "deadline")
    show = show if show in get_args(TaskFilter) else "mine"
    sort = sort if sort in get_args(TaskSort) else "deadline"
    listed = up_to_last(
        lambda number: my_tasks(
            read(),
            person(),
            at=now(),
            show=cast("TaskFilter", show),
            sort=cast("TaskSort", sort),
            page=number,
        ),
        lambda found: found.page,
    )
    return render_template(
        "tasks/index.html",
        listed=listed,
        show=show,
        sort=sort,
        address=addresses(sort=sort),
        page_address=page_addresses(show=show, sort=sort),
    )


def page_number() -> int:
    """Return the page asked for, the first when the address is nonsense."""
    return min(max(1, request.args.get("page", 1, type=int)), FAR_BEYOND)


def up_to_last(ask: Callable[[int], Listed], page_of: Callable[[Listed], Page]) -> Listed:
    """Return the page asked for, the last one when there are not so many."""
    listed = ask(page_number())
    page = page_of(listed)
    return listed if page.number <= page.page_count else ask(page.page_count)


def page_of_all(rows: Sequence[Row], size: int) -> tuple[Page, Sequence[Row]]:
    """Return the page asked for of a list that is there as a whole, and its rows."""

    def cut(number: int) -> tuple[Page, Sequence[Row]]:
        page = Page(number, size, len(rows))
        return page, rows[max(0, page.first - 1) : page.last]

    return up_to_last(cut, lambda found: found[0])


def addresses(**kept: str | None) -> Callable[..., str]:
    """Return what makes an address of this page with other filters."""
    return lambda **changed: url_for(str(request.endpoint), **{**kept, **changed})


def page_addresses(**kept: str | None) -> Callable[[int], str]:
    """Return what makes the address of another page of this list."""
    return lambda number: url_for(str(request.endpoint), **cast("Any", kept), page=number)


@bp.post("/tasks/<uuid:task_id>/claim")
@allow("task.claim")
def claim(task_id: UUID) -> ResponseReturnValue:
    """Take a task."""
    with begin() as db:
        commands.claim(db, task_id, by=person(), at=now())
    return redirect(url_for("task.page", task_id=task_id), 303)


@bp.post("/tasks/<uuid:task_id>/give-back")
@allow("task.claim")
def give_back(task_id: UUID) -> ResponseReturnValue:
    """Let a colleague have a task again."""
    with begin() as db:
        commands.give_back(db, task_id, by=person(), at=now())
    flash(gettext("The task is free again."))
    return redirect(url_for("tasks.index"), 303)


@bp.get("/tasks/<uuid:task_id>/hand-over")
@allow("task.reassign")
def successor(task_id: UUID) -> ResponseReturnValue:
    """Ask who is to do a task, among those who may."""
    return _hand_over_page(task_id, [])


def _hand_over_page(task_id: UUID, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "tasks/hand_over.html",
        page=task_page(db, task_id, person(), at=now()),
        people=successors(db, task_id, at=now()),
        entered=request.form,
        problems=problems,
    )


@bp.post("/tasks/<uuid:task_id>/hand-over")
@allow("task.reassign")
def hand_over(task_id: UUID) -> ResponseReturnValue:
    """Give a task to a named person, whoever had it."""
    to_id = whole(request.form.get("to"))
    reason = request.form.get("reason", "").strip()
    wrong = [] if to_id else [Problem("to", N_("Choose who is to do it."))]
    wrong += [] if reason else [Problem("reason", N_("Write the reason first."))]
    if to_id is None or wrong:
        return _hand_over_page(task_id, wrong), 422
    try:
        with begin() as db:
            to = person_of(db, to_id, at=now())
            commands.hand_over(db, task_id, to=to, reason=reason, by=person(), at=now())
    except NotAllowed as refused:
        problem = refused.problem("to")
        return _hand_over_page(task_id, [problem]), 422
    flash(gettext("The task is with %(name)s now.", name=to.printed_name))
    return redirect(url_for("task.page", task_id=task_id), 303)
