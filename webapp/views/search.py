"""One box for everything: a case number, a serial, a lot, a UDI, words of a title."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.cases.register import Wanted, cases
from engine.clock import now
from engine.serials import find
from webapp.permissions import allow
from webapp.transactions import read

bp = Blueprint("search", __name__)


@bp.get("/search")
@allow("unit.read")
def index() -> ResponseReturnValue:
    """Open what was found when it is one thing, else list it."""
    text = request.args.get("q", "").strip()[:500]
    if not text:
        return redirect(url_for("units.index"))

    db = read()
    listed = cases(db, Wanted(text=text), at=now())
    found = find.look_up(db, text)
    matches = [match for match in found.matches if match.kind in ("unit", "lot")]
    numbered = [row for row in listed.rows if row.number == text.upper()]
    if len(numbered) == 1:
        return redirect(url_for("case.overview", number=numbered[0].number))
    if len(matches) == 1 and not listed.rows:
        return redirect(address_of(matches[0]))
    return render_template(
        "search.html",
        search_text=text,
        rows=listed.rows,
        matches=matches,
        problem=None if listed.rows and is_nothing(found) else found.problem,
        address_of=address_of,
    )


def is_nothing(found: find.Found) -> bool:
    """Tell whether no unit or lot has this name, as for a word of a title."""
    return found.problem is not None and found.problem.sentence == find.NOT_RECORDED


def address_of(match: find.Match) -> str:
    """Return the page of a unit or lot."""
    if match.kind == "unit":
        return url_for("units.unit", unit_id=match.id)
    return url_for("units.lot", lot_id=match.id)
