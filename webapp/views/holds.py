"""Holds: the register, and the tags that hang on the goods."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.permissions import allow
from webapp.qr import qr
from webapp.queries.stock import released_holds, standing_holds, tag_lines
from webapp.transactions import read
from webapp.views.tasks import addresses, page_addresses, up_to_last

bp = Blueprint("holds", __name__, url_prefix="/holds")


@bp.get("")
@allow("hold.read")
def index() -> ResponseReturnValue:
    """List the holds, the oldest first."""
    state = "released" if request.args.get("state") == "released" else "standing"
    sort = "newest" if request.args.get("sort") == "newest" else "oldest"
    number = request.args.get("case", "").strip().upper()
    holds = standing_holds if state == "standing" else released_holds
    lines, page = up_to_last(
        lambda asked: holds(read(), case_number=number, oldest_first=sort == "oldest", page=asked),
        lambda found: found[1],
    )
    kept = {"state": state, "sort": sort, "case": number or None}
    return render_template(
        "holds/index.html",
        lines=lines,
        page=page,
        state=state,
        sort=sort,
        number=number,
        address=addresses(**kept),
        page_address=page_addresses(**kept),
    )


@bp.get("/tags/<case_number>")
@allow("tag.print")
def tags(case_number: str) -> ResponseReturnValue:
    """Show the tags of a case, one to a sheet when printed."""
    return render_template(
        "holds/tags.html",
        lines=tag_lines(read(), case_number),
        number=case_number,
        code=lambda line: qr(url_for("search.index", q=line.name, _external=True)),
    )
