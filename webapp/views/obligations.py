"""What every recall owes to authorities: what is late first, and how many in each jurisdiction."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.cases.obligations import listing
from engine.clock import now
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries import obligations
from webapp.reading import read

bp = Blueprint("obligations", __name__, url_prefix="/obligations")


@bp.get("")
@allow("case.read")
def index() -> ResponseReturnValue:
    """List what is owed over all recalls, and count it by recall and jurisdiction."""
    db, at = read(), now()
    asked = request.args.get("show", "")
    show = asked if asked in listing.SHOWN else "open"
    lines, page = listing.of_all(db, show, at=at, page=max(1, whole(request.args.get("page")) or 1))
    cells = listing.matrix(db, at=at)
    codes = sorted({code for row in cells.values() for code in row})
    return render_template(
        "obligations/index.html",
        show=show,
        page=page,
        page_address=lambda number: url_for(".index", show=show, page=number),
        lines=[(line.case, obligations.shown(line.row, at=at)) for line in lines],
        cells=cells,
        codes=codes,
        columns=[obligations.jurisdiction(code) for code in codes],
        jurisdiction=obligations.jurisdiction,
    )
