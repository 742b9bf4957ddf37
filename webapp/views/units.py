"""Look-up of units and lots."""

from collections.abc import Sequence

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.serials.queries import Moment, lot_page, unit_page
from webapp.permissions import allow
from webapp.queries.stock import actors, units_of_lot, went_into
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
    db = read()
    view = unit_page(db, unit_id)
    return render_template("units/unit.html", view=view, people=_actors(view.timeline))


@bp.get("/lots/<int:lot_id>")
@allow("lot.read")
def lot(lot_id: int) -> ResponseReturnValue:
    """Show one lot."""
    db = read()
    view = lot_page(db, lot_id)
    return render_template(
        "units/lot.html",
        view=view,
        people=_actors(view.timeline),
        went_into=went_into(db, lot_id),
        units=units_of_lot(db, lot_id),
    )


def _actors(timeline: Sequence[Moment]) -> dict[int, str]:
    return actors(read(), (moment.actor_id for moment in timeline))
