"""The gap radar: where the record is broken, and what a recall could not exclude because of it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import jobs
from engine.clock import now
from engine.serials import gaps
from webapp.permissions import allow
from webapp.queries.gaps import radar
from webapp.reading import read
from webapp.transactions import begin, request_key

bp = Blueprint("gaps", __name__, url_prefix="/gaps")


@bp.get("")
@allow("trace.read")
def index() -> ResponseReturnValue:
    """Show the newest reading of every kind of gap, and how it changed."""
    return render_template("gaps/index.html", view=radar(read()))


@bp.post("")
@allow("trace.run")
def look() -> ResponseReturnValue:
    """Have the store looked through again in the background."""
    at = now()
    with begin() as db:
        jobs.ask(db, f"{gaps.VERB}:{request_key()}", name=gaps.VERB, body={}, at=at)
    flash(gettext("The store is being looked through. Load this page again in a moment."))
    return redirect(url_for(".index"), 303)
