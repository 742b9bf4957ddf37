"""The reported events that feed one case."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.overview import case_facts, case_named
from engine.cases.reported import aware, feeding, listing
from engine.clock import now
from engine.errors import Invalid, Problem
from webapp.permissions import allow
from webapp.reading import read
from webapp.recording import Entered
from webapp.session import person
from webapp.transactions import begin, request_key
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("case_events", __name__, url_prefix="/nonconformances/<number>/reported-events")


@bp.get("")
@allow("reported_event.read")
def index(number: str) -> ResponseReturnValue:
    """Show the events that feed a case."""
    return _index(number, [])


def _index(number: str, problems: list[Problem]) -> str:
    db = read()
    case = case_named(db, number)
    wanted = listing.Wanted(case_id=case.id)
    return render_template(
        "reported_events/of_case.html",
        facts=case_facts(db, case),
        is_drill=case.is_drill,
        known=aware.known(db, case),
        doubt=aware.doubt(db, case),
        listed=up_to_last(
            lambda page: listing.events(db, wanted, page=page), lambda found: found.page
        ),
        page_address=page_addresses(number=number),
        problems=problems,
        entered=request.form,
        tab="reported_events",
    )


@bp.post("")
@allow("reported_event.record")
def link(number: str) -> ResponseReturnValue:
    """Have events feed this case: all that are named, or none."""
    key, numbers = request_key(), Entered().words("events")
    try:
        with begin() as db:
            feeding.link(db, number, numbers, by=person(), at=now(), key=key)
    except Invalid as wrong:
        return _index(number, wrong.problems), 422
    flash(gettext("The events feed the case."))
    return redirect(url_for(".index", number=number), 303)
