"""Goods received, made, fitted, moved, shipped and judged."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.recalls import destroying
from engine.cases.recalls.doings import EXAMINING, REWORKING
from engine.serials import build, install, parties, purchase, receive, ship, state
from engine.serials.install import Fitting
from engine.serials.models import USABILITIES, LotStock, PurchaseLine, PurchaseOrder
from engine.serials.packed import contents_of
from engine.serials.record import How, Recorded, StockPart
from engine.serials.units import open_hosts
from engine.words import N_
from webapp.api.blueprint import Day, Past, Stored, Strict
from webapp.api.naming import (
    TEXT,
    InputName,
    LotName,
    Naming,
    PartName,
    Quantity,
    StockPlace,
    UnitName,
)
from webapp.api.recording.kind import (
    MOST,
    Happened,
    OfCase,
    OfGoods,
    Said,
    complete,
    records,
)

USABLE = validate.OneOf(list(USABILITIES))


# --- coming in and being made ----------------------------------------------------------------


class ItsLot(Strict):
    """The lot that something belongs to; it is described now where it is new."""

    lot_no = Stored(required=True, validate=TEXT)
    manufacturer = Stored(validate=TEXT, metadata={"description": "Where it is another's lot."})
    made_on = Day()
    expires_on = Day()


class Made(Happened):
    """Goods that come to be here: serial numbers, or a quantity of a lot."""

    part = fields.Nested(PartName, required=True)
    lot = fields.Nested(ItsLot)
    location = Stored(required=True, validate=TEXT, metadata={"description": "Code of the place."})
    quantity = Quantity(metadata={"description": "For a part controlled by lot."})
    usability = fields.String(load_default="unreleased", validate=USABLE)

    def _one_kind(self, data: Mapping[str, Any], many: str) -> None:
        if (many in data) == ("quantity" in data):
            raise ValidationError(N_("Send serial numbers, or a quantity of a lot."))
        if "quantity" in data and "lot" not in data:
            raise ValidationError(N_("Name the lot of the quantity."), "lot")


class Received(Made):
    """A receipt."""

    serials = fields.List(Stored(validate=TEXT), validate=validate.Length(1, MOST))
    supplier = Stored(validate=TEXT, metadata={"description": "Code of who delivered it."})
    purchase_order = Stored(validate=TEXT, metadata={"description": "Number of the order."})
    line_no = fields.Integer(validate=validate.Range(1, 100_000))

    @validates_schema
    def _kinds(self, data: Mapping[str, Any], **_: Any) -> None:
        self._one_kind(data, "serials")
        if ("purchase_order" in data) != ("line_no" in data):
            raise ValidationError(N_("Name the order and its line."), "line_no")


class Child(Strict):
    """A unit that goes into one that is made."""

    unit = fields.Nested(UnitName, required=True)
    position = Stored(validate=TEXT)


class NewUnit(Strict):
    """One unit that is made."""

    serial = Stored(required=True, validate=TEXT)
    installs = fields.List(
        fields.Nested(Child), load_default=list, validate=validate.Length(max=500)
    )


class Built(Made):
    """One run: what was made, of what, under which order."""

    units = fields.List(fields.Nested(NewUnit), validate=validate.Length(1, MOST))
    inputs = fields.List(
        fields.Nested(InputName), load_default=list, validate=validate.Length(max=1000)
    )
    work_order = Stored(validate=TEXT)
    from_at = Past(metadata={"description": "When the run began."})
    reported = fields.Boolean(
        load_default=True, metadata={"description": "It has happened: holds do not stop it."}
    )

    @validates_schema
    def _kinds(self, data: Mapping[str, Any], **_: Any) -> None:
        self._one_kind(data, "units")


def _lot_of(db: Session, naming: Naming, said: Said, part_id: int, how: How) -> int | None:
    new = said.get("lot")
    maker = naming.party(new.get("manufacturer"), "lot.manufacturer") if new else None
    complete(naming)
    if not new:
        return None
    lot = parties.ensure_lot(
        db,
        part_id,
        new["lot_no"],
        manufacturer_id=maker,
        made_on=new.get("made_on"),
        expires_on=new.get("expires_on"),
        by=how["by"],
        at=how["at"],
        source=how.get("source", "holdfast"),
    )
    return lot.id


@records("received", Received, action="goods.receive")
def received(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record what arrived: serial numbers of a part, or a quantity of a lot."""
    part_id = naming.part(said["part"], "part")
    place_id = naming.place(said["location"], "location")
    supplier = naming.party(said.get("supplier"), "supplier")
    line_id = _line(db, naming, said)
    lot_id = _lot_of(db, naming, said, part_id, how)
    if line_id:
        return purchase.receive_against(
            db,
            line_id,
            location_id=place_id,
            lot_id=lot_id,
            quantity=said.get("quantity"),
            serials=said.get("serials", ()),
            usability=said["usability"],
            **how,
        )
    more: Any = {"location_id": place_id, "usability": said["usability"], "supplier_id": supplier}
    if "quantity" in said and lot_id:
        return receive.receive_lot(db, lot_id, said["quantity"], **more, **how)
    return receive.receive_units(db, part_id, said["serials"], lot_id=lot_id, **more, **how)


def _line(db: Session, naming: Naming, said: Said) -> int | None:
    if "purchase_order" not in said:
        return None
    line_id = db.scalar(
        select(PurchaseLine.id)
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseLine.order_id)
        .where(
            PurchaseOrder.number == said["purchase_order"],
            PurchaseOrder.withdrawn_at.is_(None),
            PurchaseLine.line_no == said["line_no"],
        )
    )
    if line_id is None:
        naming.say("line_no", N_("There is no such line of this order. Check both numbers."))
    return line_id


@records("built", Built, action="goods.build")
def built(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a run: units or a quantity of a lot, the lots that went in, the units installed."""
    return _make(db, naming, said, how, as_kit=False)


@records("kitted", Built, action="goods.kit")
def kitted(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a kit that was put together."""
    return _make(db, naming, said, how, as_kit=True)


def _make(db: Session, naming: Naming, said: Said, how: How, *, as_kit: bool) -> Recorded:
    part_id = naming.part(said["part"], "part")
    inputs = naming.inputs(said["inputs"], "inputs")
    more: Any = {
        "location_id": naming.place(said["location"], "location"),
        "usability": said["usability"],
        "work_order": said.get("work_order"),
        "reported": said["reported"],
        "inputs": inputs,
        "as_kit": as_kit,
    }
    units = [
        build.ToBuild(one["serial"], tuple(_children(naming, one["installs"], f"units.{place}")))
        for place, one in enumerate(said.get("units", ()))
    ]
    lot_id = _lot_of(db, naming, said, part_id, how)
    if "quantity" in said and lot_id:
        return build.build_lot(db, lot_id, said["quantity"], **more, **how)
    return build.build_units(
        db, part_id, units, lot_id=lot_id, from_at=said.get("from_at"), **more, **how
    )


def _children(naming: Naming, installs: list[Said], at: str) -> list[tuple[int, str | None]]:
    ids = naming.units([one["unit"] for one in installs], f"{at}.installs")
    return [(child, one.get("position")) for child, one in zip(ids, installs, strict=False)]


class InputAdded(Happened):
    """Lots that went into a run or a lot and were missed."""

    segment_id = fields.Integer(validate=validate.Range(1, 2**63 - 1))
    lot = fields.Nested(LotName)
    inputs = fields.List(fields.Nested(InputName), required=True, validate=validate.Length(1, 1000))
    location = Stored(required=True, validate=TEXT)

    @validates_schema
    def _into(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("segment_id" in data) == ("lot" in data):
            raise ValidationError(N_("Name the run or the lot it went into."))


@records("input_added", InputAdded, action="goods.build")
def input_added(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record lots that went into a run or a lot and were missed."""
    node_id = naming.run(said.get("segment_id"), "segment_id") or naming.lot(said.get("lot"), "lot")
    inputs = naming.inputs(said["inputs"], "inputs")
    place_id = naming.place(said["location"], "location")
    complete(naming)
    return build.add_inputs(db, node_id or 0, inputs, location_id=place_id, **how)


# --- one unit in another ---------------------------------------------------------------------


class Fitted(Strict):
    """One unit that went into another."""

    child = fields.Nested(UnitName, required=True)
    host = fields.Nested(UnitName, required=True)
    position = Stored(validate=TEXT)


class Installed(Happened):
    """Units that went into others."""

    fittings = fields.List(fields.Nested(Fitted), required=True, validate=validate.Length(1, MOST))
    reported = fields.Boolean(
        load_default=True, metadata={"description": "It has happened: holds do not stop it."}
    )


@records("installed", Installed, action="goods.fit")
def installed(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record units that went into others."""
    ids = [
        [
            next(iter(naming.units([one[end]], f"fittings.{place}.{end}")), 0)
            for end in ("child", "host")
        ]
        for place, one in enumerate(said["fittings"])
    ]
    complete(naming)
    fittings = [
        Fitting(child, host, one.get("position"))
        for (child, host), one in zip(ids, said["fittings"], strict=True)
    ]
    return install.install_units(db, fittings, reported=said["reported"], **how)


class Removed(Happened):
    """Units that were taken out of what they were in."""

    units = fields.List(fields.Nested(UnitName), required=True, validate=validate.Length(1, MOST))


@records("removed", Removed, action="goods.fit")
def removed(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record units that were taken out; refused while a recall's gate keeps them as they are."""
    ids = naming.units(said["units"], "units")
    complete(naming)
    hosts = open_hosts(db, ids).values()
    destroying.refuse(db, units=[*ids, *hosts], doing=EXAMINING)
    return install.remove_units(db, ids, **how)


# --- moving and leaving ----------------------------------------------------------------------


class Moved(OfCase):
    """Goods that go to another place."""

    location = Stored(required=True, validate=TEXT, metadata={"description": "Where they go."})


class WithContainers(OfGoods):
    """Goods that may be named by the case or pallet they are in."""

    containers = fields.List(
        Stored(validate=TEXT),
        load_default=list,
        validate=validate.Length(max=1000),
        metadata={"description": "SSCC of cases and pallets, with all that is in them."},
    )


class Shipped(OfCase, WithContainers):
    """Goods that are to leave for a consignee's place."""

    location = Stored(
        required=True, validate=TEXT, metadata={"description": "Code of the consignee's place."}
    )
    document_no = Stored(validate=TEXT, metadata={"description": "Number of the delivery note."})


class ShipmentReported(Shipped):
    """Goods that have left; what is not known here is kept by its number."""

    not_known = fields.List(
        Stored(validate=TEXT), load_default=list, validate=validate.Length(max=MOST)
    )


class Arrived(WithContainers):
    """Goods that came to a place."""

    location = Stored(required=True, validate=TEXT)


def goods_of(naming: Naming, said: Said, *, is_fact: bool = False) -> dict[str, Any]:
    """Return the units and quantities that an event is about, as commands take them."""
    units = naming.units(said["units"], "units")
    parts = naming.stock(said["stock"], "stock", is_fact=is_fact)
    inside = contents_of(naming.db, _containers(naming, said))
    if not any(said.get(name) for name in ("units", "stock", "containers", "not_known")):
        naming.say("units", N_("Name units or quantities of lots."))
    return {
        "units": list(dict.fromkeys([*units, *inside.units])),
        "stock_parts": [*parts, *(StockPart(row.id, row.quantity) for row in inside.stock)],
    }


def _containers(naming: Naming, said: Said) -> list[int]:
    return naming.containers(said.get("containers", ()), "containers")


@records("moved", Moved, action="goods.move")
def moved(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Move goods to another place; what is on hold moves only to a quarantine area."""
    place_id = naming.place(said["location"], "location")
    goods = goods_of(naming, said)
    complete(naming)
    return state.move(db, location_id=place_id, under_case=said.get("under_case"), **goods, **how)


@records("shipped", Shipped, action="shipment.record")
def shipped(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Ship goods to a consignee: refused through the gate when anything is on hold."""
    place_id = naming.place(said["location"], "location")
    goods = goods_of(naming, said)
    complete(naming)
    return ship.ship(
        db,
        to_location_id=place_id,
        containers=_containers(Naming(db), said),
        document_no=said.get("document_no"),
        under_case=said.get("under_case"),
        **goods,
        **how,
    )


@records("shipment_reported", ShipmentReported, action="shipment.record")
def shipment_reported(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record goods that have left already: never refused, and flagged where a hold was broken."""
    place_id = naming.place(said["location"], "location")
    known = Naming(db)
    found = {place: known.units([one], "units") for place, one in enumerate(said["units"])}
    unknown = [_said_as(said["units"][place]) for place, ids in found.items() if not ids]
    goods = goods_of(naming, {**said, "units": [], "not_known": True}, is_fact=True)
    goods["units"] += [unit_id for ids in found.values() for unit_id in ids]
    complete(naming)
    return ship.report_shipment(
        db,
        to_location_id=place_id,
        containers=_containers(Naming(db), said),
        **goods,
        unknown=[*said["not_known"], *unknown],
        document_no=said.get("document_no"),
        **how,
    )


def _said_as(name: Said) -> str:
    return " ".join(str(value) for value in name.values())


@records("delivered", Arrived, action="shipment.record")
def delivered(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record goods that arrived at the consignee."""
    place_id = naming.place(said["location"], "location")
    goods = goods_of(naming, said, is_fact=True)
    complete(naming)
    return ship.deliver(db, location_id=place_id, **goods, **how)


@records("returned", Arrived, action="goods.return")
def returned(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record goods that came back: nonconforming until someone has looked at them."""
    place_id = naming.place(said["location"], "location")
    goods = goods_of(naming, said, is_fact=True)
    complete(naming)
    return ship.receive_return(db, location_id=place_id, **goods, **how)


# --- what they are worth ---------------------------------------------------------------------


class Reworked(OfCase):
    """A rework or repair, and the lots used in each unit."""

    inputs = fields.List(
        fields.Nested(InputName), load_default=list, validate=validate.Length(max=500)
    )


@records("released", OfCase, action="event.release")
def released(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Release goods for use: conforming from now on, their key fields fixed."""
    goods = goods_of(naming, said)
    complete(naming)
    return state.release(db, under_case=said.get("under_case"), **goods, **how)


@records("found_nonconforming", OfGoods, action="goods.examine")
def found_nonconforming(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record that goods do not conform."""
    goods = goods_of(naming, said)
    complete(naming)
    return state.mark_nonconforming(db, **goods, **how)


@records("not_found", OfGoods, action="goods.count")
def not_found(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record that goods were searched for and not found."""
    goods = goods_of(naming, said)
    complete(naming)
    return state.lose(db, **goods, **how)


@records("reworked", Reworked, action="goods.rework")
def reworked(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a rework or repair: not released again until inspected once more."""
    goods = goods_of(naming, said)
    inputs = naming.inputs(said["inputs"], "inputs")
    complete(naming)
    destroying.refuse(db, **goods, doing=REWORKING)
    return state.rework(db, inputs=inputs, under_case=said.get("under_case"), **goods, **how)


@records("scrapped", OfCase, action="goods.scrap")
def scrapped(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Declare goods scrap: never usable again, still here until destroyed."""
    goods = goods_of(naming, said)
    complete(naming)
    return state.scrap(db, under_case=said.get("under_case"), **goods, **how)


class Destroyed(OfCase):
    """A destruction; one that somebody else reports is a fact."""

    reported = fields.Boolean(load_default=False)


@records("destroyed", Destroyed, action="goods.scrap")
def destroyed(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a destruction with everything inside; refused while a recall's gate is closed."""
    goods = goods_of(naming, said)
    complete(naming)
    if not said["reported"]:
        destroying.refuse(db, **goods)
    return state.destroy(
        db, under_case=said.get("under_case"), reported=said["reported"], **goods, **how
    )


class Counted(Happened):
    """What was counted in one place."""

    stock = fields.Nested(StockPlace, required=True)
    counted = Quantity(required=True, or_none=True)
    reason = Stored(required=True, validate=validate.Length(1, 2000))


@records("stock_adjusted", Counted, action="goods.count")
def stock_adjusted(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Set a quantity to what was counted; the difference is posted."""
    [*parts] = naming.stock([{**said["stock"], "quantity": said["counted"]}], "stock")
    complete(naming)
    row = db.get_one(LotStock, parts[0].stock_id)
    return state.adjust_count(db, row.id, said["counted"], **how)
