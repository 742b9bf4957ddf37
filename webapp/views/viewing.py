"""The administrator's look at the pages as a role sees them: in and out, nothing in between."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.people import viewing
from webapp.permissions import SIGNED_IN, allow
from webapp.session import person, session_id
from webapp.transactions import begin

bp = Blueprint("viewing", __name__, url_prefix="/view-as")


@bp.post("")
@allow("role.view")
def enter() -> ResponseReturnValue:
    """See the pages as a role does, from now on."""
    with begin() as db:
        viewing.enter(db, session_id(), request.form.get("role", ""), by=person(), at=now())
    return redirect(url_for("tasks.index"), 303)


@bp.post("/leave")
@allow(SIGNED_IN)
def leave() -> ResponseReturnValue:
    """See the pages with one's own roles again."""
    with begin() as db:
        viewing.leave(db, session_id(), by=person(), at=now())
    flash(gettext("You see Holdfast with your own roles again."))
    return redirect(url_for("people.index"), 303)
