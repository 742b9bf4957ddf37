"""The hold canary: what the door answered to each try, and what was behind one it let through."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.errors import Invalid, Problem
from engine.serials.exchange import canary
from webapp.config import holdfast
from webapp.permissions import allow
from webapp.queries.canary import tries, unsettled
from webapp.reading import read, reading
from webapp.session import person
from webapp.transactions import begin
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("canary", __name__, url_prefix="/interfaces/canary")


@bp.get("")
@allow("interface.read")
def index() -> ResponseReturnValue:
    """Show the last tries."""
    return _page([])


def _page(problems: list[Problem]) -> str:
    db, at = read(), now()
    lines, page = up_to_last(lambda asked: tries(db, page=asked), lambda found: found[1])
    return render_template(
        "interfaces/canary.html",
        lines=lines,
        page=page,
        page_address=page_addresses(),
        unsettled=unsettled(db),
        is_silent=canary.is_silent(db, at=at),
        every=int(canary.EVERY.total_seconds() // 60),
        problems=problems,
    )


@bp.post("")
@allow("canary.run")
def try_now() -> ResponseReturnValue:
    """Try the door now."""
    from webapp.canary import run  # noqa: PLC0415  it makes an application, of which this is a part

    reading.session.remove()  # the snapshot of this request is older than what is written next
    tried = run(holdfast(), at=now())
    flash(
        gettext("The door refused it, as it must.")
        if tried.outcome == "refused"
        else gettext("The door did not refuse it. Look at the answer.")
    )
    return redirect(url_for(".index"), 303)


@bp.post("/<int:run_id>/take")
@allow("canary.settle")
def take(run_id: int) -> ResponseReturnValue:
    """Look into a try that was not refused oneself."""
    with begin() as db:
        canary.take(db, run_id, by=person(), at=now())
    flash(gettext("This is yours now."))
    return redirect(url_for(".index"), 303)


@bp.post("/<int:run_id>/settle")
@allow("canary.settle")
def settle(run_id: int) -> ResponseReturnValue:
    """Say what was behind a try that was not refused."""
    try:
        with begin() as db:
            reason = request.form.get("reason", "")
            canary.settle(db, run_id, reason=reason, by=person(), at=now())
    except Invalid as wrong:
        return _page(wrong.problems), 422
    flash(gettext("It is written down what was behind it."))
    return redirect(url_for(".index"), 303)
