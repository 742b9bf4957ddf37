"""Kits: what was put together, of which lots and units, under which number."""

from decimal import Decimal

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials.build import ToBuild, build_lot, build_units
from engine.serials.parties import ensure_lot
from engine.serials.record import LotInput, Recorded
from webapp.permissions import allow
from webapp.queries.recording import part_numbered
from webapp.reading import read
from webapp.recording import MISSING, Done, Entered, carry_out, how_of, places
from webapp.views.record.orders import NO_SUCH_PART
from webapp.views.record.shared import bp, form_page, scanned_goods
from webapp.words import N_

ONE_KIT = N_("Units go into one kit: enter the one serial they went into")
NO_UNITS = N_("Units do not go into a kit without a serial of its own. Scan lots with quantities")


@bp.get("/kitting")
@allow("goods.kit")
def kitting() -> ResponseReturnValue:
    """Ask which kits were put together of what."""
    return _kit_page([], "")


def _kit_page(problems: list[Problem], sentence: str) -> str:
    return form_page("kitting", problems, sentence, places=places(read(), own=True))


@bp.post("/kitting")
@allow("goods.kit")
def save_kitting() -> ResponseReturnValue:
    """Record kits with what went into them."""
    return carry_out("record_kitting", _kit, _kit_page)


def _kit(db: Session) -> Done:
    form = Entered()
    part_no = form.text("part_no", required=True)
    found = part_numbered(db, part_no, None) if part_no else None
    if part_no and found is None:
        form.problems.append(Problem("part_no", NO_SUCH_PART, (("part", part_no),)))
    by_lot = found is not None and found.part.control == "lot"
    goods = scanned_goods(db, form, "scanned")
    serials, lot_no = form.words("serials"), form.text("lot_no", required=by_lot)
    quantity, expires_on = form.quantity("quantity", required=by_lot), form.day("expires_on")
    place = form.place(db, "place")
    work_order = form.text("work_order") or None
    how = how_of(form)
    how["facts"] = {"operator": form.words("operator")}
    if by_lot and goods.units:
        form.problems.append(Problem("scanned", NO_UNITS))
    elif found is not None and not by_lot and not serials:
        form.problems.append(Problem("serials", MISSING))
    elif goods.units and len(serials) > 1:
        form.problems.append(Problem("serials", ONE_KIT))
    form.check()
    assert found is not None  # noqa: S101  or the form would have a problem
    lot = None
    if lot_no:
        lot = ensure_lot(
            db, found.part.id, lot_no, expires_on=expires_on, by=how["by"], at=how["at"]
        )
    inputs = [LotInput(lot_id, size, place) for lot_id, size in goods.lots]
    made: Recorded
    if by_lot and lot is not None:
        made = build_lot(
            db, lot.id, quantity or Decimal(0), location_id=place, inputs=inputs,
            work_order=work_order, as_kit=True, **how,
        )  # fmt: skip
        address = url_for("units.lot", lot_id=lot.id)
    else:
        inside = tuple((key, None) for key in goods.units)
        made = build_units(
            db, found.part.id, [ToBuild(serial, inside) for serial in serials],
            location_id=place, inputs=inputs, lot_id=lot.id if lot else None,
            work_order=work_order, as_kit=True, **how,
        )  # fmt: skip
        address = url_for("units.unit", unit_id=made.unit_ids[0])
    return Done(made.event.id, address, gettext("The kit is recorded."), made.warnings)
