"""Orders, inspections, tests, certificates, lots that become lots, packing, use and service."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy.orm import Session

from engine.serials import examine, lots, packing, purchase, relabel, use
from engine.serials.dictionary import seen
from engine.serials.models import Event
from engine.serials.models.examination import CERTIFICATES, OUTCOMES
from engine.serials.models.packing import CONTAINERS
from engine.serials.record import How, Recorded
from engine.words import N_
from webapp.api.blueprint import Day, Stored, Strict
from webapp.api.naming import (
    TEXT,
    InputName,
    LotName,
    Naming,
    PartName,
    Quantity,
    StockName,
    UnitName,
    exactly,
)
from webapp.api.recording.goods import goods_of
from webapp.api.recording.kind import MOST, Happened, OfGoods, Said, complete, records
from webapp.session import person

NOT_YOURS = N_("Your roles may not see this field, so they may not fill it in. Leave it out.")


# --- orders ----------------------------------------------------------------------------------


class OrderedPart(Strict):
    """What is ordered of one part."""

    part = fields.Nested(PartName, required=True)
    quantity = Quantity(required=True)
    due_on = Day()
    unit_price = Quantity(or_none=True)
    currency = Stored(validate=exactly("[A-Z]", 3))

    @validates_schema
    def _priced(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("unit_price" in data) != ("currency" in data):
            raise ValidationError(N_("A price names its currency."), "currency")


class Ordered(Happened):
    """An order to a supplier."""

    number = Stored(required=True, validate=TEXT)
    supplier = Stored(required=True, validate=TEXT)
    lines = fields.List(
        fields.Nested(OrderedPart), required=True, validate=validate.Length(1, 1000)
    )


@records("ordered", Ordered, action="order.record")
def ordered(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record an order to a supplier; receipts count against its lines."""
    supplier = naming.party(said["supplier"], "supplier")
    parts = [
        naming.part(one["part"], f"lines.{place}.part") for place, one in enumerate(said["lines"])
    ]
    _refuse_hidden(naming, said["lines"])
    complete(naming)
    lines = [
        purchase.OrderLine(
            part_id, one["quantity"], one.get("due_on"), one.get("unit_price"), one.get("currency")
        )
        for part_id, one in zip(parts, said["lines"], strict=True)
    ]
    made = purchase.order(db, said["number"], supplier or 0, lines, **how)
    return Recorded(db.get_one(Event, made.event_id))


def _refuse_hidden(naming: Naming, lines: Sequence[Said]) -> None:
    """Say which fields of an order are sent by someone who may not even see them."""
    mine = {field.name for field in seen("purchase_line", person())}
    for place, line in enumerate(lines):
        for name in ("unit_price", "currency"):
            if name in line and name not in mine:
                naming.say(f"lines.{place}.{name}", NOT_YOURS)


# --- looking and proving ---------------------------------------------------------------------


class Measured(Strict):
    """One characteristic: its limits, what was measured, and whether that is within them."""

    characteristic = Stored(required=True, validate=TEXT)
    value = Stored(required=True, validate=TEXT)
    is_met = fields.Boolean(load_default=True)
    lower = Stored(validate=TEXT)
    upper = Stored(validate=TEXT)
    uom = Stored(validate=TEXT)


class Examined(OfGoods):
    """An inspection or a test, and what came out."""

    lots = fields.List(
        fields.Nested(LotName),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "Whole lots that were judged."},
    )
    outcome = fields.String(required=True, validate=validate.OneOf(list(OUTCOMES)))
    readings = fields.List(
        fields.Nested(Measured), load_default=list, validate=validate.Length(max=500)
    )
    sample_size = fields.Integer(validate=validate.Range(1, 10**9))
    failed_count = fields.Integer(validate=validate.Range(0, 10**9))
    remark = Stored(validate=validate.Length(1, 2000))
    rejected_units = fields.List(
        fields.Nested(UnitName), load_default=list, validate=validate.Length(max=MOST)
    )
    rejected_stock = fields.List(
        fields.Nested(StockName), load_default=list, validate=validate.Length(max=MOST)
    )
    location = Stored(validate=TEXT)

    @validates_schema
    def _sampled(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("failed_count", 0) > data.get("sample_size", 0):
            raise ValidationError(N_("No more fail than were looked at."), "failed_count")


def _examined(db: Session, kind: str, naming: Naming, said: Said, how: How) -> Recorded:
    looked = examine.Looked(
        units=naming.units(said["units"], "units"),
        stock_parts=naming.stock(said["stock"], "stock"),
        nodes=naming.lots(said["lots"], "lots"),
        rejected_units=naming.units(said["rejected_units"], "rejected_units"),
        rejected_parts=naming.stock(said["rejected_stock"], "rejected_stock"),
    )
    place_id = naming.place(said.get("location"), "location") or None
    complete(naming)
    sample = examine.Sample(said.get("sample_size"), said.get("failed_count"))
    return examine.examine(
        db,
        kind,
        looked,
        outcome=said["outcome"],
        readings=[examine.Reading(**one) for one in said["readings"]],
        sample=sample if sample.size is not None else None,
        remark=said.get("remark"),
        location_id=place_id,
        **how,
    )


@records("inspected", Examined, action="goods.examine")
def inspected(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record an inspection; what failed is nonconforming from then on."""
    return _examined(db, "inspection", naming, said, how)


@records("tested", Examined, action="goods.examine")
def tested(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a test with its readings; equipment, operator and program are facts."""
    return _examined(db, "test", naming, said, how)


class Certified(Happened):
    """A certificate for units and lots."""

    kind = fields.String(required=True, validate=validate.OneOf(list(CERTIFICATES)))
    number = Stored(required=True, validate=TEXT)
    issuer = Stored(required=True, validate=TEXT, metadata={"description": "Code of who gave it."})
    units = fields.List(
        fields.Nested(UnitName), load_default=list, validate=validate.Length(max=MOST)
    )
    lots = fields.List(fields.Nested(LotName), load_default=list, validate=validate.Length(max=500))
    issued_on = Day()


@records("certified", Certified, action="goods.certify")
def certified(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a certificate for units and lots."""
    issuer = naming.party(said["issuer"], "issuer")
    units, nodes = naming.units(said["units"], "units"), naming.lots(said["lots"], "lots")
    complete(naming)
    return examine.certify(
        db,
        said["kind"],
        said["number"],
        issuer_id=issuer or 0,
        units=units,
        nodes=nodes,
        issued_on=said.get("issued_on"),
        **how,
    )


# --- lots that become lots, and labels -------------------------------------------------------


class OfNewLot(OfGoods):
    """Goods that are of another lot from now on."""

    lot_no = Stored(required=True, validate=TEXT)


@records("lot_split", OfNewLot, action="lot.change")
def lot_split(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Make part of one lot a lot of its own."""
    goods = goods_of(naming, said)
    complete(naming)
    return lots.split_lot(db, said["lot_no"], **goods, **how)


@records("lot_merged", OfNewLot, action="lot.change")
def lot_merged(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Make one lot of several of one part."""
    goods = goods_of(naming, said)
    complete(naming)
    return lots.merge_lots(db, said["lot_no"], **goods, **how)


class Label(Strict):
    """The new label of one unit."""

    unit = fields.Nested(UnitName, required=True)
    serial = Stored(validate=TEXT, metadata={"description": "Where it bears another serial."})


class Relabelled(Happened):
    """New labels: of units, or of goods of one lot that get another lot number."""

    labels = fields.List(fields.Nested(Label), validate=validate.Length(1, MOST))
    stock = fields.List(fields.Nested(StockName), validate=validate.Length(1, MOST))
    lot_no = Stored(validate=TEXT)
    label_version = Stored(validate=TEXT)

    @validates_schema
    def _kinds(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("labels" in data) == ("stock" in data) or ("stock" in data) != ("lot_no" in data):
            raise ValidationError(N_("Send labels of units, or stock with its new lot_no."))


@records("relabelled", Relabelled, action="goods.relabel")
def relabelled(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record new labels; every name a unit ever bore leads to it."""
    version = said.get("label_version")
    if "stock" in said:
        parts = naming.stock(said["stock"], "stock")
        complete(naming)
        return lots.relabel_lot(db, said["lot_no"], stock_parts=parts, label_version=version, **how)
    ids = naming.units([one["unit"] for one in said["labels"]], "labels")
    complete(naming)
    labels = [
        relabel.NewLabel(unit_id, one.get("serial"))
        for unit_id, one in zip(ids, said["labels"], strict=True)
    ]
    return relabel.relabel_units(db, labels, label_version=version, **how)


# --- packing ---------------------------------------------------------------------------------


class IntoContainer(OfGoods):
    """What goes into a case or onto a pallet."""

    sscc = Stored(required=True, validate=TEXT)
    kind = fields.String(required=True, validate=validate.OneOf(list(CONTAINERS)))
    containers = fields.List(
        Stored(validate=TEXT),
        load_default=list,
        validate=validate.Length(max=1000),
        metadata={"description": "SSCC of cases that go onto it."},
    )
    location = Stored(validate=TEXT)


@records("packed", IntoContainer, action="goods.pack")
def packed(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Pack goods in a case or on a pallet under its SSCC."""
    inner = naming.containers(said["containers"], "containers")
    load = packing.Load(
        naming.units(said["units"], "units"), naming.stock(said["stock"], "stock"), inner
    )
    place_id = naming.place(said.get("location"), "location") or None
    complete(naming)
    return packing.pack(db, said["sscc"], said["kind"], load, location_id=place_id, **how)


class OutOfContainer(Happened):
    """What comes out of a case or off a pallet; all of it when nothing is named."""

    sscc = Stored(required=True, validate=TEXT)
    units = fields.List(fields.Nested(UnitName), validate=validate.Length(1, MOST))
    containers = fields.List(Stored(validate=TEXT), validate=validate.Length(1, 1000))


@records("unpacked", OutOfContainer, action="goods.pack")
def unpacked(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Take goods out of a case or off a pallet."""
    outer = naming.container(said["sscc"], "sscc")
    units = naming.units(said["units"], "units") if "units" in said else None
    inner = naming.containers(said.get("containers", ()), "containers")
    complete(naming)
    return packing.unpack(db, outer, units=units, containers=inner or None, **how)


# --- use and service -------------------------------------------------------------------------


class PutIntoUse(Happened):
    """Devices that stand installed at a site and work."""

    units = fields.List(fields.Nested(UnitName), required=True, validate=validate.Length(1, MOST))
    location = Stored(required=True, validate=TEXT)


@records("installed_at_site", PutIntoUse, action="device.put_into_use")
def installed_at_site(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record devices that were put into use at a site."""
    ids = naming.units(said["units"], "units")
    place_id = naming.place(said["location"], "location")
    complete(naming)
    return use.put_into_use(db, ids, location_id=place_id, **how)


class SpareFitted(Strict):
    """A unit that was put into the device."""

    unit = fields.Nested(UnitName, required=True)
    position = Stored(validate=TEXT)


class Serviced(Happened):
    """A service or repair of a device where it stands."""

    unit = fields.Nested(UnitName, required=True)
    found = Stored(required=True, validate=validate.Length(1, 2000))
    done = Stored(required=True, validate=validate.Length(1, 2000))
    outcome = fields.String(required=True, validate=validate.OneOf(list(use.OUTCOMES)))
    removed = fields.List(
        fields.Nested(UnitName), load_default=list, validate=validate.Length(max=500)
    )
    fitted = fields.List(
        fields.Nested(SpareFitted), load_default=list, validate=validate.Length(max=500)
    )
    inputs = fields.List(
        fields.Nested(InputName), load_default=list, validate=validate.Length(max=500)
    )


@records("serviced", Serviced, action="service.record")
def serviced(db: Session, naming: Naming, said: Said, how: How) -> Recorded:
    """Record a service or repair, with the parts that were replaced."""
    unit_id = next(iter(naming.units([said["unit"]], "unit")), 0)
    removed = naming.units(said["removed"], "removed")
    fitted = naming.units([one["unit"] for one in said["fitted"]], "fitted")
    inputs = naming.inputs(said["inputs"], "inputs")
    complete(naming)
    positions = [one.get("position") for one in said["fitted"]]
    exchange = use.Exchange(removed, list(zip(fitted, positions, strict=True)), inputs)
    visit = use.Visit(said["found"], said["done"], said["outcome"])
    return use.service(db, unit_id, visit, exchange, **how)
