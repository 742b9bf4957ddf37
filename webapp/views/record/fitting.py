"""Parts with serial numbers that go into a device in house, come out of it, or are replaced."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.recalls import destroying
from engine.cases.recalls.doings import EXAMINING
from engine.errors import Problem
from engine.serials.errors import NotInside
from engine.serials.install import Fitting, install_units, remove_units
from engine.serials.models import Unit
from engine.serials.record import How
from engine.serials.units import open_hosts
from webapp.permissions import allow
from webapp.queries.recording import parts_inside
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out, how_of
from webapp.views.record.shared import bp, form_page, scanned_goods
from webapp.words import N_

WAYS = ("install", "remove", "replace")
ONE_DEVICE = N_("Scan the one device the parts belong to")
ONLY_UNITS = N_("Only parts with a serial number are installed or removed here")


@bp.get("/parts")
@allow("goods.fit")
def fit() -> ResponseReturnValue:
    """Ask which parts go into or come out of which device."""
    return _fit_page([], "")


def _fit_page(problems: list[Problem], sentence: str) -> str:
    device = (request.form if request.method == "POST" else request.args).get("device", "")
    return form_page("fitting", problems, sentence, inside=parts_inside(read(), device))


@bp.post("/parts")
@allow("goods.fit")
def save_fit() -> ResponseReturnValue:
    """Install, remove or replace parts: what came out first, then what went in."""
    return carry_out("record_fitting", _fit, _fit_page)


def _fit(db: Session) -> Done:
    form = Entered()
    do = form.one_of("do", WAYS)
    device = scanned_goods(db, form, "device")
    removed = scanned_goods(db, form, "removed", may_be_empty=do == "install")
    fitted = scanned_goods(db, form, "fitted", may_be_empty=do == "remove")
    position = form.text("position") or None
    how = how_of(form)
    if reason := form.text("reason", required=do != "install"):
        how["reason"] = reason
    if device.units and (len(device.units) != 1 or device.lots):
        form.problems.append(Problem("device", ONE_DEVICE))
    for name, goods in (("device", device), ("removed", removed), ("fitted", fitted)):
        if goods.lots or goods.containers:
            form.problems.append(Problem(name, ONLY_UNITS))
    form.check()
    host = device.units[0]
    event_id = 0
    if do != "install":
        event_id = _take_out(db, host, removed.units, how)
    if do != "remove":
        fittings = [Fitting(key, host, position) for key in fitted.units]
        event_id = install_units(db, fittings, **how).event.id
    return Done(event_id, url_for("units.unit", unit_id=host), gettext("The parts are recorded."))


def _take_out(db: Session, host: int, units: list[int], how: How) -> int:
    inside = open_hosts(db, units)
    for key in units:
        if inside.get(key) != host:
            child, device = db.get_one(Unit, key), db.get_one(Unit, host)
            raise NotInside(child=child.serial, host=device.serial)
    destroying.refuse(db, units=[host], doing=EXAMINING)
    return remove_units(db, units, **how).event.id
