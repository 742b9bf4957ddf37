"""What partners tell the demo company as EPCIS: a hospital's store received pumps, one wrongly."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select

from engine.serials import scans
from engine.serials.epcis import capture, documents, names
from engine.serials.epcis.uris import place_uri
from engine.serials.models import Location, Lot, Part, Shipment, ShipmentLine, Unit
from webapp.demo import catalogue as cat
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

Json = dict[str, Any]


def tell(stage: Stage, present: datetime) -> Telling:
    """Let a hospital's system send what it received, and a colleague scan a batch."""
    yield present - timedelta(days=2)
    with stage.holdfast.database.begin() as db:
        bodies = _received(db, stage.at)
        document = documents.document_of(
            [(body, ()) for body in bodies], site=str(db.info["site_url"]), at=stage.at
        )
        capture.begin_capture(
            db,
            json.dumps(document).encode(),
            error_behaviour="proceed",
            by=stage.who("huang.li"),
            at=stage.at,
        )
    yield present - timedelta(hours=1)
    with stage.holdfast.database.begin() as db:
        rows = db.execute(
            select(Part.di, Unit.serial)
            .join(Part, Part.id == Unit.part_id)
            .join(Location, Location.id == Unit.location_id)
            .where(Location.code == cat.STORES, Part.di.is_not(None))
            .order_by(Unit.id)
            .limit(4)
        )
        lines = [f"(01){di}(21){serial}" for di, serial in rows]
        lots = db.scalars(select(Lot.lot_no).where(~Lot.is_unknown).order_by(Lot.id).limit(1))
        text = "\n".join([*lines, *lines[:1], *lots, "FW-0000-?"])
        scans.add_scans(db, text, by=stage.who("marek.zielinski"), at=stage.at)


def _received(db: Any, at: datetime) -> list[Json]:
    """Return what one hospital says of its last consignment: received, and one not of ours."""
    shipment = db.scalars(
        select(Shipment)
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(ShipmentLine.unit_id.is_not(None))
        .order_by(Shipment.id.desc())
        .limit(1)
    ).first()
    if shipment is None:
        return []
    rows = db.execute(
        select(Part.di, Unit.serial)
        .join(Part, Part.id == Unit.part_id)
        .join(ShipmentLine, ShipmentLine.unit_id == Unit.id)
        .where(ShipmentLine.shipment_id == shipment.id)
        .order_by(Unit.id)
    )
    epcs = [names.link_of(di, serial=serial) for di, serial in rows if di]
    location = db.get_one(Location, shipment.location_id)
    place = {"id": place_uri(str(db.info["site_url"]), location)}
    received = _event(at, "received", "receiving", epcs, place)
    received["disposition"] = "in_progress"
    used = _event(at + timedelta(hours=3), "used", "inspecting", epcs[:1], place)
    used["sensorElementList"] = [
        {"sensorReport": [{"type": "Temperature", "value": 21.4, "uom": "CEL"}]}
    ]
    stray = _event(at + timedelta(hours=4), "stray", "receiving", [], place)
    stray["epcList"] = [names.link_of(cat.gtin(99), serial="X-1")]
    return [received, used, stray]


def _event(at: datetime, key: str, step: str, epcs: list[str], place: Json) -> Json:
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{uuid5(NAMESPACE_URL, key)}",
        "eventTime": documents.moment(at - timedelta(hours=6)),
        "eventTimeZoneOffset": "+01:00",
        "action": "OBSERVE",
        "bizStep": step,
        "epcList": epcs,
        "readPoint": place,
        "bizLocation": place,
    }
