"""EPCIS for people: what partners sent and what did not fit, and our own records as documents."""

import json

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from engine.cases.overview import case_named
from engine.clock import now
from engine.serials.epcis import documents, events
from engine.serials.epcis.events import Told
from engine.serials.queries import Pages, lot_page, unit_page
from webapp.config import holdfast
from webapp.downloads import download
from webapp.permissions import allow
from webapp.queries.epcis import capture_page, captures
from webapp.reading import read
from webapp.views.tasks import page_addresses, up_to_last

bp = Blueprint("epcis_pages", __name__, url_prefix="/epcis")


@bp.get("")
@allow("epcis.read")
def index() -> ResponseReturnValue:
    """List the documents that partners sent, the newest first."""
    lines, page = up_to_last(lambda asked: captures(read(), asked), lambda found: found[1])
    return render_template("epcis/index.html", lines=lines, page=page, address=page_addresses())


@bp.get("/captures/<int:capture_id>")
@allow("epcis.read")
def capture(capture_id: int) -> ResponseReturnValue:
    """Show how one document went, event by event."""
    line, told, page = up_to_last(
        lambda asked: capture_page(read(), capture_id, asked), lambda found: found[2]
    )
    return render_template(
        "epcis/capture.html",
        line=line,
        told=told,
        page=page,
        address=lambda number: url_for(".capture", capture_id=capture_id, page=number),
    )


@bp.get("/units/<int:unit_id>")
@allow("epcis.read")
def unit(unit_id: int) -> ResponseReturnValue:
    """Send everything that is told of a unit as an EPCIS document."""
    view = unit_page(read(), unit_id, Pages())
    return _document(events.about(read(), unit_ids=[unit_id]), f"epcis-{view.serial}")


@bp.get("/lots/<int:lot_id>")
@allow("epcis.read")
def lot(lot_id: int) -> ResponseReturnValue:
    """Send everything that is told of a lot as an EPCIS document."""
    view = lot_page(read(), lot_id, Pages())
    return _document(events.about(read(), node_ids=[lot_id]), f"epcis-{view.lot_no}")


@bp.get("/cases/<number>")
@allow("epcis.read")
def case(number: str) -> ResponseReturnValue:
    """Send what a case holds and has let go as an EPCIS document: recalled, set and unset."""
    found = case_named(read(), number)
    return _document(events.of_case(read(), found.number), f"epcis-{found.number}")


def _document(told: list[Told], name: str) -> ResponseReturnValue:
    rows = [(one.body, one.context) for one in told]
    document = documents.document_of(rows, site=holdfast().settings.base_url, at=now())
    content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return download(content, name=f"{name}.jsonld", media_type="application/ld+json")
