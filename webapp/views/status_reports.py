"""The status reports of a recall: each with its figures, beside those of the one before."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.cases.overview import case_facts, recall_named
from engine.cases.reporting import reports, schedule
from webapp.permissions import allow
from webapp.reading import read

bp = Blueprint("status_reports", __name__, url_prefix="/recalls/<number>/status-reports")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show every report with its figures, and when the next one is due."""
    db = read()
    case = recall_named(db, number)
    return render_template(
        "status_reports/index.html",
        facts=case_facts(db, case),
        reported=reports.of_case(db, case),
        next_due=schedule.next_due(db, case) if case.state == "open" else None,
        tab="status_reports",
    )
