"""Look-up of units and lots."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.permissions import allow
from webapp.queries.stock import lot_view, unit_view
from webapp.transactions import read

bp = Blueprint("units", __name__, url_prefix="/units-and-lots")


@bp.get("")
@allow("unit.read")
def index() -> ResponseReturnValue:
    """Show where to type or scan."""
    return render_template("units/index.html")


@bp.get("/units/<int:unit_id>")
@allow("unit.read")
def unit(unit_id: int) -> ResponseReturnValue:
    """Show one unit."""
    return render_template("units/unit.html", view=unit_view(read(), unit_id))


@bp.get("/lots/<int:lot_id>")
@allow("lot.read")
def lot(lot_id: int) -> ResponseReturnValue:
    """Show one lot."""
    return render_template("units/lot.html", view=lot_view(read(), lot_id))
