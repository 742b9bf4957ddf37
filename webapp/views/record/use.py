"""Putting into use: devices that stand installed at a site and work."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials.use import put_into_use
from webapp.permissions import allow
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out, how_of, places
from webapp.views.record.shared import address_of, bp, form_page, scanned_goods
from webapp.words import N_

ONLY_DEVICES = N_("Scan devices with a serial number: a carton or a lot is not put into use")


@bp.get("/use", endpoint="use")
@allow("device.put_into_use")
def ask() -> ResponseReturnValue:
    """Ask which devices work at which site."""
    return _use_page([], "")


def _use_page(problems: list[Problem], sentence: str) -> str:
    return form_page("use", problems, sentence, places=places(read(), own=False))


@bp.post("/use")
@allow("device.put_into_use")
def save_use() -> ResponseReturnValue:
    """Record that devices were put into use."""
    return carry_out("record_use", _put_into_use, _use_page)


def _put_into_use(db: Session) -> Done:
    form = Entered()
    goods = scanned_goods(db, form, "scanned", needs_quantity=False)
    place = form.place(db, "place")
    how = how_of(form)
    how["facts"] = {"operator": form.words("operator")}
    if goods.lots or goods.containers:
        form.problems.append(Problem("scanned", ONLY_DEVICES))
    form.check()
    recorded = put_into_use(db, goods.units, location_id=place, **how)
    return Done(recorded.event.id, address_of(goods), gettext("It is recorded as in use."))
