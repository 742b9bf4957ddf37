"""Field service: a device at its consignee, what was found, and the parts replaced."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.serials import scanned, use
from engine.serials.models import Unit
from engine.serials.record import LotInput
from webapp.permissions import allow
from webapp.queries.recording import parts_inside
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out, how_of, too_early
from webapp.words import N_

bp = Blueprint("service", __name__, url_prefix="/record/service")

ONE_DEVICE = N_("Scan the one device that was serviced")
ONLY_UNITS = N_("Only parts with a serial number are taken out. Describe others in words")


@bp.get("")
@allow("service.record")
def visit() -> ResponseReturnValue:
    """Ask which device, what was found and what was replaced."""
    return _service_page([], "")


def _service_page(problems: list[Problem], sentence: str) -> str:
    entered = request.form if request.method == "POST" else request.args
    return render_template(
        "record/service.html", problems=problems, sentence=sentence, entered=entered,
        outcomes=use.OUTCOMES, inside=parts_inside(read(), entered.get("device", "")),
    )  # fmt: skip


@bp.post("")
@allow("service.record")
def save() -> ResponseReturnValue:
    """Record the visit with its parts as one event."""
    return carry_out("record_service", _serve, _service_page)


def _serve(db: Session) -> Done:
    form = Entered()
    device = _goods(db, form, "device")
    removed = _goods(db, form, "removed", required=False)
    fitted = _goods(db, form, "fitted", required=False)
    found, done = form.text("found", required=True), form.text("done", required=True)
    outcome = form.one_of("outcome", use.OUTCOMES)
    how = how_of(form)
    how["facts"] = {"operator": form.words("operator"), "program": form.words("program")}
    if len(device.units) != 1 or device.lots:
        form.problems.append(Problem("device", ONE_DEVICE))
    if removed.lots:
        form.problems.append(Problem("removed", ONLY_UNITS))
    form.check()
    unit = db.get_one(Unit, device.units[0])
    lots = [LotInput(lot_id, quantity) for lot_id, quantity in fitted.lots]
    recorded = use.service(
        db, unit.id, use.Visit(found, done, outcome),
        use.Exchange(removed.units, [(key, None) for key in fitted.units], lots), **how,
    )  # fmt: skip
    address = url_for("units.unit", unit_id=unit.id)
    return Done(
        recorded.event.id,
        address,
        gettext("The service is recorded."),
        [*recorded.warnings, *too_early(db, recorded.event.id)],
    )


def _goods(db: Session, form: Entered, name: str, *, required: bool = True) -> scanned.Goods:
    try:
        return scanned.understand(db, form.text(name, required=required), at=name)
    except Invalid as wrong:
        form.problems += wrong.problems
        return scanned.Goods()
