"""The register of nonconformances."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.cases.register import Wanted, cases
from engine.clock import now
from webapp.permissions import allow
from webapp.reading import read
from webapp.views.tasks import addresses, page_addresses, up_to_last

bp = Blueprint("cases", __name__, url_prefix="/nonconformances")

STATES = ("open", "closed", "void")
SEVERITIES = ("critical", "major", "minor")


@bp.get("")
@allow("case.read")
def index() -> ResponseReturnValue:
    """List the cases, newest first, narrowed by state, severity and words."""
    state = request.args.get("state", "open")
    severity = request.args.get("severity", "")
    text = request.args.get("text", "")
    wanted = Wanted(
        process="nonconformance",
        state=state if state in STATES else None,
        severity=severity if severity in SEVERITIES else None,
        text=text,
    )
    kept = {"state": state, "severity": severity or None, "text": text or None}
    return render_template(
        "cases/index.html",
        listed=up_to_last(
            lambda number: cases(read(), wanted, at=now(), page=number), lambda found: found.page
        ),
        state=state,
        severity=severity,
        text=text,
        address=addresses(**kept),
        page_address=page_addresses(**kept),
    )
