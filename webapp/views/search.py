"""One box for everything: a case number, a serial, a lot, a UDI, the beginning of one, words."""

import re

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.cases.reported import finding
from engine.clock import now
from engine.serials.named import Match
from webapp.permissions import allow
from webapp.queries.search import LONGEST, PIECES, Looked, look_up
from webapp.reading import read

bp = Blueprint("search", __name__)
EVENT = re.compile(r"RE-\d{4}-\d+", re.ASCII)


@bp.get("/search")
@allow("unit.read")
def index() -> ResponseReturnValue:
    """Open what was named in full; else list what begins so, or say what was not found."""
    typed = request.args.get("q", "")
    looked = look_up(read(), typed, at=now())
    address = address_of_event(looked.text) or address_of_one(looked)
    if address and not is_live():
        return redirect(address)
    return render_template(
        "search.html",
        looked=looked,
        search_text=looked.text,
        address_of=address_of,
        longest=LONGEST,
        most=PIECES,
    )


def address_of_event(text: str) -> str | None:
    """Return the page of a reported event that is named by its number."""
    number = text.upper()
    if EVENT.fullmatch(number) and finding.is_an_event(read(), number):
        return url_for("reported_events.one", number=number)
    return None


def is_live() -> bool:
    """Say whether a page that is open asks for its part again, while a person types."""
    return request.headers.get("HX-Request") == "true"


def address_of_one(looked: Looked) -> str | None:
    """Return where to go when the text names one thing in full."""
    numbered = [row for row in looked.cases if row.number == looked.text.upper()]
    if len(numbered) == 1:
        return url_for("case.overview", number=numbered[0].number)
    if looked.found is not None and looked.found.problem is not None:
        return None  # the label and what is recorded differ: that is read first
    goods = [match for match in looked.exact if match.kind in ("unit", "lot")]
    if len(goods) == 1:
        return address_of(goods[0])
    if len(looked.exact) == 1 and looked.count == 1:
        return address_of(looked.exact[0])
    return None


def address_of(match: Match) -> str:
    """Return the page of a unit or lot, or the list of what there is of a part."""
    if match.kind == "unit":
        return url_for("units.unit", unit_id=match.id)
    if match.kind == "lot":
        return url_for("units.lot", lot_id=match.id)
    return url_for("units.index", kind="all", part=match.part_no)
