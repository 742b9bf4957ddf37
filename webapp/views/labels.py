"""Labels with their QR code: of a unit, a lot, a place, or of everything in a batch of scans."""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.clock import now
from engine.evidence import render
from engine.serials import scans
from webapp.config import holdfast
from webapp.downloads import download
from webapp.permissions import PUBLIC, allow
from webapp.qr import qr
from webapp.queries.label import CODES, Label, NothingToLabel, of_lots, of_place, of_units
from webapp.queries.scan import tally
from webapp.reading import read
from webapp.session import person

bp = Blueprint("labels", __name__)

MOST = 200  # of one label, on one sheet


@bp.get("/labels/units/<int:unit_id>")
@allow("label.print")
def unit(unit_id: int) -> ResponseReturnValue:
    """Show the label of a unit, as often as it is wanted."""
    labels = _some(of_units(read(), [unit_id], code=_code()))
    return _shown(labels, back=url_for("units.unit", unit_id=unit_id))


@bp.get("/labels/lots/<int:lot_id>")
@allow("label.print")
def lot(lot_id: int) -> ResponseReturnValue:
    """Show the label of a lot, as often as it is wanted."""
    labels = _some(of_lots(read(), [lot_id], code=_code()))
    return _shown(labels, back=url_for("units.lot", lot_id=lot_id))


@bp.get("/labels/places/<int:location_id>")
@allow("label.print")
def place(location_id: int) -> ResponseReturnValue:
    """Show the label of a place, as often as it is wanted."""
    label = of_place(read(), location_id)
    return _shown([label] * _copies(), back=url_for("units.index", place=label.title))


@bp.get("/labels/batch")
@allow("label.print")
def batch() -> ResponseReturnValue:
    """Show the labels of every unit and lot in this person's batch of scans."""
    db = read()
    found = tally(db, scans.scans_of(db, person()), door="ship", on=now().date())
    lots = [one.match.id for one in found.lines if one.match and one.match.kind == "lot"]
    labels = of_units(db, found.unit_ids, code=_code())
    labels += of_lots(db, list(dict.fromkeys(lots)), code=_code())
    return _shown(labels[:MOST], back=url_for("scan.batch"))


@bp.get("/01/<path:rest>")
@bp.get("/id/<path:rest>")
@allow(PUBLIC)
def resolve(rest: str) -> ResponseReturnValue:
    """Lead who scans a label of ours with any reader to what it names, once they are signed in."""
    site = holdfast().settings.base_url
    return redirect(url_for("scan.one", q=site + request.full_path.rstrip("?")), 303)


def _some(labels: list[Label]) -> list[Label]:
    if not labels:
        raise NothingToLabel
    return labels * _copies()


def _shown(labels: Sequence[Label], *, back: str) -> ResponseReturnValue:
    if request.args.get("format") == "pdf" and labels:
        html = render_template(
            "labels/sheet.html", labels=labels, picture=lambda n: f"asset:{n}.svg"
        )
        pictures = {f"asset:{n}.svg": str(qr(one.code)).encode() for n, one in enumerate(labels)}
        pdf = render.render_sheet(html, pictures)
        return download(pdf, name="labels.pdf", media_type="application/pdf")
    return render_template(
        "labels/labels.html",
        labels=labels,
        code=_code(),
        copies=_copies(),
        picture=qr,
        back=back,
        pdf_address=url_for(
            str(request.endpoint),
            **(request.view_args or {}),
            format="pdf",
            code=_code(),
            copies=_copies(),
        ),
        most=MOST,
    )


def _code() -> str:
    asked = request.args.get("code", "")
    return asked if asked in CODES else CODES[0]


def _copies() -> int:
    return min(max(1, request.args.get("copies", 1, type=int)), MOST)
