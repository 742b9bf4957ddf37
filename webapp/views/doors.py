"""Doors: which systems must acknowledge every hold, and which have not."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.errors import Invalid, Problem
from engine.serials.exchange import doors
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.doors import door_lines
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin

bp = Blueprint("doors", __name__, url_prefix="/interfaces/doors")


@bp.get("")
@allow("interface.read")
def index() -> ResponseReturnValue:
    """List the doors with what each still has to acknowledge."""
    return _page([])


def _page(problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "interfaces/doors.html",
        lines=door_lines(db),
        sites=[(str(one.id), one.name) for one in doors.sites(db)],
        entered=request.form,
        problems=problems,
    )


@bp.post("")
@allow("door.manage")
def register() -> ResponseReturnValue:
    """Register a door that must acknowledge every hold from now on."""
    site = request.form.get("site", "")
    try:
        with begin() as db:
            door = doors.register(
                db,
                request.form.get("name", ""),
                site_id=whole(site) or 0,
                by=person(),
                at=now(),
            )
            name = door.name
    except Invalid as wrong:
        return _page(wrong.problems), 422
    flash(gettext("%(name)s must acknowledge every hold from now on.", name=name))
    return redirect(url_for(".index"), 303)


@bp.post("/<int:door_id>/retire")
@allow("door.manage")
def retire(door_id: int) -> ResponseReturnValue:
    """Expect nothing of a door any more."""
    with begin() as db:
        doors.retire(db, door_id, by=person(), at=now())
    flash(gettext("Nothing is expected of this door any more."))
    return redirect(url_for(".index"), 303)
