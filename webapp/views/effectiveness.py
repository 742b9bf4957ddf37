"""The effectiveness of a recall: who is asked, how they were drawn, what they said."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.cases.checks import board
from engine.cases.overview import case_facts, recall_named
from webapp.permissions import allow
from webapp.reading import read
from webapp.views.tasks import page_addresses, page_number

bp = Blueprint("effectiveness", __name__, url_prefix="/recalls/<number>/effectiveness")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show every plan of checks with its draw and its results."""
    db = read()
    case = recall_named(db, number)
    return render_template(
        "effectiveness/index.html",
        facts=case_facts(db, case),
        boards=board.boards(db, case, page=page_number()),
        page_address=page_addresses(number=number),
        tab="effectiveness",
    )
