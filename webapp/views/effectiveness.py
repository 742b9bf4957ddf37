"""The effectiveness of a recall: who is asked, how they were drawn, what they said."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.cases.checks import board
from engine.cases.overview import case_facts, case_named
from webapp.permissions import allow
from webapp.reading import read

bp = Blueprint("effectiveness", __name__, url_prefix="/recalls/<number>/effectiveness")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show every plan of checks with its draw and its results."""
    db = read()
    case = case_named(db, number)
    page = max(1, request.args.get("page", 1, type=int))
    return render_template(
        "effectiveness/index.html",
        facts=case_facts(db, case),
        boards=board.boards(db, case, page=page),
        page=page,
        page_size=board.PAGE_SIZE,
        tab="effectiveness",
    )
