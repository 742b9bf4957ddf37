"""Goods from the dock to the field and back: receipts, results, packing, leaving, coming back."""

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import examine, packing, purchase, receive, scanned, ship
from engine.serials.models import CONTAINERS, OUTCOMES
from engine.serials.packed import contents_of
from engine.serials.parties import ensure_lot
from engine.serials.record import How, Recorded, StockPart
from webapp.permissions import allow
from webapp.queries.recording import Found, open_lines, part_numbered
from webapp.reading import read
from webapp.recording import MISSING, Done, Entered, carry_out, how_of, places
from webapp.views.record.orders import NO_SUCH_PART
from webapp.views.record.shared import address_of, bp, form_page, scanned_goods
from webapp.words import N_

OTHER_PART = N_("The line of the order is of part %(part)s, not of %(said)s. Check which it is")
NOT_SORTED = N_("Choose “Passed after sorting” where some were rejected, or leave this empty")
ROWS = 6  # characteristics that a form has room for at once
MOST_ROWS = 60


# --- receipt ---------------------------------------------------------------------------------


@bp.get("/receipt")
@allow("goods.receive")
def receipt() -> ResponseReturnValue:
    """Ask what was delivered."""
    return _receipt_page([], "")


def _receipt_page(problems: list[Problem], sentence: str) -> str:
    db = read()
    return form_page(
        "receipt", problems, sentence, lines=open_lines(db), places=places(db, own=True)
    )


@bp.post("/receipt")
@allow("goods.receive")
def save_receipt() -> ResponseReturnValue:
    """Receive a quantity of a lot or serials, against a line of an order or without one."""
    return carry_out("record_receipt", _receive, _receipt_page)


def _receive(db: Session) -> Done:
    form = Entered()
    line_id, part_no = form.whole("line"), form.text("part_no")
    found = part_numbered(db, part_no, line_id)
    if found is None and part_no and not line_id:
        form.problems.append(Problem("part_no", NO_SUCH_PART, (("part", part_no),)))
    elif found is None:
        form.problems.append(Problem("part_no" if not line_id else "line", MISSING))
    elif part_no not in ("", found.part.part_no):
        said = (("said", part_no), ("part", found.part.part_no))
        form.problems.append(Problem("part_no", OTHER_PART, said))
    place = form.place(db, "place")
    serials = form.words("serials")
    is_by_lot = found is not None and found.part.control == "lot"
    lot_no = form.text("lot_no", required=is_by_lot)
    quantity = form.quantity("quantity", required=is_by_lot)
    if found is not None and not is_by_lot and not serials:
        form.problems.append(Problem("serials", MISSING))
    expires_on, made_on = form.day("expires_on"), form.day("made_on")
    how = how_of(form)
    how["facts"] = {"supplier_lot": form.words("supplier_lot")}
    form.check()
    assert found is not None  # noqa: S101  or the form would have a problem
    who: Any = {"by": how["by"], "at": how["at"]}
    lot_id = None
    if lot_no:
        lot = ensure_lot(db, found.part.id, lot_no, made_on=made_on, expires_on=expires_on, **who)
        lot_id = lot.id
    recorded = _received(db, found, lot_id, place, quantity, serials, how)
    return Done(
        recorded.event.id, _goods_address(recorded), gettext("The receipt is recorded."),
        recorded.warnings,
    )  # fmt: skip


def _received(
    db: Session, found: Found, lot_id: int | None, place: int, quantity: Any,
    serials: list[str], how: How,
) -> Recorded:  # fmt: skip
    if found.line_id is not None:
        return purchase.receive_against(
            db, found.line_id, location_id=place, lot_id=lot_id, quantity=quantity,
            serials=serials, **how,
        )  # fmt: skip
    if found.part.control == "lot" and lot_id is not None:
        return receive.receive_lot(db, lot_id, quantity, location_id=place, **how)
    return receive.receive_units(
        db, found.part.id, serials, location_id=place, lot_id=lot_id, **how
    )


# --- inspection and test ---------------------------------------------------------------------


@bp.get("/inspection")
@allow("goods.examine")
def inspection() -> ResponseReturnValue:
    """Ask what was inspected and what came out."""
    return _examination_page("inspection")([], "")


@bp.get("/test")
@allow("goods.examine")
def test() -> ResponseReturnValue:
    """Ask what was tested and what came out."""
    return _examination_page("test")([], "")


def _examination_page(kind: str) -> Callable[[list[Problem], str], str]:
    def page(problems: list[Problem], sentence: str) -> str:
        count = len(request.form.getlist("characteristic"))
        return form_page(
            "examination", problems, sentence, kind=kind, outcomes=OUTCOMES,
            rows=min(max(ROWS, count + 2), MOST_ROWS),
        )  # fmt: skip

    return page


@bp.post("/inspection")
@allow("goods.examine")
def save_inspection() -> ResponseReturnValue:
    """Record an inspection; what failed goes on to a report."""
    return carry_out("record_inspection", _examined("inspection"), _examination_page("inspection"))


@bp.post("/test")
@allow("goods.examine")
def save_test() -> ResponseReturnValue:
    """Record a test; what failed goes on to a report."""
    return carry_out("record_test", _examined("test"), _examination_page("test"))


def _examined(kind: str) -> Callable[[Session], Done]:
    def run(db: Session) -> Done:
        form = Entered()
        outcome = form.one_of("outcome", OUTCOMES)
        goods = scanned_goods(db, form, "scanned", needs_quantity=False)
        if outcome == "sorted":
            rejected = scanned_goods(db, form, "rejected")
        else:
            rejected = scanned.Goods()
            if form.text("rejected"):
                form.problems.append(Problem("rejected", NOT_SORTED))
        readings = _readings(form)
        sample = examine.Sample(form.whole("sample_size"), form.whole("failed_count"))
        how = how_of(form)
        names = ("equipment", "inspector", "operator", "program", "procedure")
        how["facts"] = {name: form.words(name) for name in names}
        form.check()
        looked = examine.Looked(
            units=goods.units,
            stock_parts=scanned.stock_of(db, goods.lots) if goods.lots else [],
            nodes=[lot_id for lot_id, _ in goods.lots],
            rejected_units=rejected.units,
            rejected_parts=scanned.stock_of(db, rejected.lots),
        )
        recorded = examine.examine(
            db, kind, looked, outcome=outcome, readings=readings, sample=sample,
            remark=form.text("remark"), **how,
        )  # fmt: skip
        if outcome == "failed":
            address = url_for("report.new", event=recorded.event.id)
            words = gettext("It is recorded as failed. Report it: what is known is filled in.")
            return Done(recorded.event.id, address, words)
        address = address_of(goods)
        return Done(recorded.event.id, address, gettext("The result is recorded."))

    return run


def _readings(form: Entered) -> list[examine.Reading]:
    columns = [
        request.form.getlist(name)
        for name in ("characteristic", "value", "lower", "upper", "uom", "is_met")
    ]
    readings = []
    for number, (what, value, lower, upper, uom, met) in enumerate(zip(*columns, strict=False)):
        said = [one.replace("\x00", "").strip() for one in (what, value, lower, upper, uom)]
        if not any(said):
            continue
        if not said[0] or not said[1]:
            form.problems.append(Problem(f"characteristic.{number}", MISSING))
            continue
        readings.append(
            examine.Reading(
                said[0], said[1], met != "no", said[2] or None, said[3] or None, said[4] or None
            )
        )
    return readings


# --- packing ---------------------------------------------------------------------------------


@bp.get("/packing")
@allow("goods.pack")
def pack() -> ResponseReturnValue:
    """Ask what goes into which carton or pallet."""
    return _packing_page([], "")


def _packing_page(problems: list[Problem], sentence: str) -> str:
    return form_page("packing", problems, sentence, kinds=CONTAINERS)


@bp.post("/packing")
@allow("goods.pack")
def save_packing() -> ResponseReturnValue:
    """Pack into a carton or pallet, or take out of one."""
    return carry_out("record_packing", _pack, _packing_page)


def _pack(db: Session) -> Done:
    form = Entered()
    sscc = form.text("sscc", required=True)
    is_out = form.text("do") == "unpack"
    kind = "case" if is_out else form.one_of("kind", CONTAINERS)
    goods = scanned_goods(db, form, "scanned", may_be_empty=is_out)
    how = how_of(form)
    form.check()
    if is_out:
        return _unpack(db, sscc, goods, how)
    load = packing.Load(goods.units, scanned.stock_of(db, goods.lots), goods.containers)
    recorded = packing.pack(db, sscc, kind, load, **how)
    address = url_for("units.container", container_id=recorded.facts["container_id"])
    return Done(recorded.event.id, address, gettext("The packing is recorded."))


def _unpack(db: Session, sscc: str, goods: scanned.Goods, how: How) -> Done:
    container = packing.container_of(db, sscc)
    some: Any = {}
    if not goods.is_empty:
        some = {"units": goods.units, "containers": goods.containers}
    recorded = packing.unpack(db, container.id, **some, **how)
    address = url_for("units.container", container_id=container.id)
    return Done(recorded.event.id, address, gettext("What was taken out is recorded."))


# --- leaving, arriving, coming back ----------------------------------------------------------


@bp.get("/shipment")
@allow("shipment.record")
def shipment() -> ResponseReturnValue:
    """Ask what leaves for whom."""
    return _shipment_page([], "")


def _shipment_page(problems: list[Problem], sentence: str) -> str:
    return form_page("shipment", problems, sentence, places=places(read(), own=False))


@bp.post("/shipment")
@allow("shipment.record")
def save_shipment() -> ResponseReturnValue:
    """Ship, or record a shipment that somebody says happened."""
    return carry_out("record_shipment", _ship, _shipment_page)


def _ship(db: Session) -> Done:
    form = Entered()
    goods = scanned_goods(db, form, "scanned")
    place = form.place(db, "place")
    document_no = form.text("document_no") or None
    is_told = form.text("happened") == "yes"
    how = how_of(form)
    form.check()
    inside = contents_of(db, goods.containers)
    if is_told:
        parts = scanned.stock_of(db, goods.lots, is_fact=True)
        parts += [StockPart(row.id, row.quantity) for row in inside.stock]
        recorded = ship.report_shipment(
            db, to_location_id=place, units=[*goods.units, *inside.units], stock_parts=parts,
            containers=goods.containers, document_no=document_no, **how,
        )  # fmt: skip
    elif goods.containers:
        recorded = packing.ship_containers(
            db, goods.containers, to_location_id=place, document_no=document_no,
            units=goods.units, stock_parts=scanned.stock_of(db, goods.lots), **how,
        )  # fmt: skip
    else:
        recorded = ship.ship(
            db, to_location_id=place, units=goods.units,
            stock_parts=scanned.stock_of(db, goods.lots), document_no=document_no, **how,
        )  # fmt: skip
    words = gettext("The shipment is recorded.")
    return Done(recorded.event.id, address_of(goods), words)


@bp.get("/arrival")
@allow("shipment.record")
def arrival() -> ResponseReturnValue:
    """Ask what arrived at a consignee."""
    return _arrival_page([], "")


def _arrival_page(problems: list[Problem], sentence: str) -> str:
    return form_page("arrival", problems, sentence, places=places(read(), own=False))


@bp.post("/arrival")
@allow("shipment.record")
def save_arrival() -> ResponseReturnValue:
    """Record that goods arrived."""
    return carry_out("record_arrival", _arrive, _arrival_page)


def _arrive(db: Session) -> Done:
    form = Entered()
    goods = scanned_goods(db, form, "scanned")
    place = form.place(db, "place")
    how = how_of(form)
    form.check()
    inside = contents_of(db, goods.containers)
    parts = scanned.stock_away(db, goods.lots, custody=("in_transit",), location_id=place)
    parts += [StockPart(row.id, row.quantity) for row in inside.stock]
    units = [*goods.units, *inside.units]
    recorded = ship.deliver(db, location_id=place, units=units, stock_parts=parts, **how)
    return Done(recorded.event.id, address_of(goods), gettext("The arrival is recorded."))


@bp.get("/return")
@allow("goods.return")
def returned() -> ResponseReturnValue:
    """Ask what came back."""
    return _return_page([], "")


def _return_page(problems: list[Problem], sentence: str) -> str:
    db = read()
    return form_page(
        "return", problems, sentence, places=places(db, own=True), others=places(db, own=False)
    )


@bp.post("/return")
@allow("goods.return")
def save_return() -> ResponseReturnValue:
    """Record what came back; it is nonconforming until someone has looked at it."""
    return carry_out("record_return", _take_back, _return_page)


def _take_back(db: Session) -> Done:
    form = Entered()
    goods = scanned_goods(db, form, "scanned")
    place = form.place(db, "place")
    came_from = form.place(db, "came_from", required=False) or None
    how = how_of(form)
    if reason := form.text("reason"):
        how["reason"] = reason
    form.check()
    inside = contents_of(db, goods.containers)
    parts = scanned.stock_away(db, goods.lots, custody=ship.AWAY, location_id=came_from)
    parts += [StockPart(row.id, row.quantity) for row in inside.stock]
    recorded = ship.receive_return(
        db, location_id=place, units=[*goods.units, *inside.units], stock_parts=parts, **how
    )
    return Done(recorded.event.id, address_of(goods), gettext("The return is recorded."))


def _goods_address(recorded: Recorded) -> str:
    if recorded.lot_id is not None:
        return url_for("units.lot", lot_id=recorded.lot_id)
    return url_for("units.unit", unit_id=recorded.unit_ids[0])
