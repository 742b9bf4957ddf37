"""Approvals: decisions on other people's work that wait for me, and those I signed lately."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.cases import approvals
from engine.cases.inbox import my_tasks
from engine.clock import now
from engine.people import may_sign
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person
from webapp.times import language
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("approvals", __name__, url_prefix="/approvals")


@bp.get("")
@allow("approvals.read")
def index() -> ResponseReturnValue:
    """List what waits for my decision, soonest deadline first."""
    db, me, at = read(), person(), now()
    listed = up_to_last(
        lambda number: my_tasks(db, me, at=at, show="decision", page=number),
        lambda found: found.page,
    )
    return render_template(
        "approvals/index.html",
        listed=listed,
        waiting=approvals.proposals(db, listed.rows, me, language=language(), at=at),
        signed=approvals.signed_lately(db, me, at=at),
        verdict=may_sign(db, me.id, at=at),
        page_address=page_addresses(),
    )
