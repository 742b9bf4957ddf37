"""EPCIS both ways: what partners send is kept word for word, what we tell is of the standard."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine.errors import Invalid
from engine.serials import (
    build,
    correct,
    holds,
    install,
    lots,
    packing,
    parties,
    ship,
    state,
    trace,
    use,
)
from engine.serials.epcis import capture, documents, events, names
from engine.serials.epcis.asking import asked_of
from engine.serials.epcis.writing import _details
from engine.serials.models import (
    EpcisCapture,
    EpcisEvent,
    EpcisRecord,
    Event,
    Flag,
    HoldBreach,
    Install,
    Lot,
    Packed,
    Shipment,
    Unit,
)
from engine.serials.record import LotInput, StockPart
from engine.serials.targets import HoldTarget
from tests.support.personas import grant
from tests.support.shop import NOW

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "epcis"
SENT = NOW + timedelta(days=1)  # when partners tell what happened
SITE = "https://holdfast.example.com"
GTIN = "07032069804988"
LOT_GTIN = "00614141123452"
has_samples = pytest.mark.skipif(
    not SAMPLES.exists(), reason="../shared/data/epcis is not beside the project"
)


class Store:
    """Documents in memory, by their hash."""

    def __init__(self):
        self.kept = {}

    def put(self, content):
        key = f"{len(self.kept):064}"
        self.kept[key] = content
        return key

    def open(self, key):
        return self.kept[key]


@pytest.fixture
def warehouse(shop, people):
    """Give a partner that may do what the warehouse may."""
    shop.db.info |= {"site_url": SITE, "documents": Store()}
    return Partner(shop, people.warehouse)


@pytest.fixture
def partner(warehouse, shop, people):
    """Give a partner that may do everything: what comes of its events is asked here."""
    everything = ("production", "inspector", "qa_engineer")
    grant(shop.db, people.warehouse, *everything, confirmed_by=people.qa_manager)
    shop.db.flush()
    return warehouse


class Partner:
    def __init__(self, shop, by):
        self.shop, self.db, self.by = shop, shop.db, by

    def sends(self, *bodies, behaviour="rollback", at=None, **around):
        document = {
            "@context": [documents.CONTEXT],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-03-02T08:00:00Z",
            "epcisBody": {"eventList": list(bodies)},
            **around,
        }
        return self.sends_document(document, behaviour=behaviour, at=at)

    def sends_document(self, document, *, behaviour="rollback", at=None):
        content = json.dumps(document).encode()
        job = capture.begin_capture(
            self.db, content, error_behaviour=behaviour, by=self.by, at=at or SENT
        )
        capture.run(self.db, job, at=at or SENT)
        return job

    def flags(self):
        rows = self.db.scalars(select(EpcisEvent).order_by(EpcisEvent.id)).all()
        return [flag["code"] for flag in rows[-1].flags]

    def asks(self, **parameters):
        page = events.query(self.db, asked_of(parameters.items()))
        rows = [(one.body, one.context) for one in page.events]
        answer = documents.answer_of(rows, site=SITE, at=NOW)
        assert documents.problems_of(answer) == []
        return [one.body for one in page.events]


def seen(serials=(), *, step="shipping", action="OBSERVE", number=1, **more):
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{UUID(int=number)}",
        "eventTime": "2026-03-02T10:00:00.000+01:00",
        "eventTimeZoneOffset": "+01:00",
        "action": action,
        "bizStep": step,
        "epcList": [names.link_of(GTIN, serial=one) for one in serials],
        **more,
    }


def own_place(location):
    return {"id": f"{SITE}/id/location/{location.code}"}


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("urn", "link"),
    [
        ("urn:epc:id:sgtin:0614141.107346.2017", "https://id.gs1.org/01/10614141073464/21/2017"),
        ("urn:epc:id:sgtin:0614141.107346.a%2Fb", "https://id.gs1.org/01/10614141073464/21/a%2Fb"),
        (
            "urn:epc:class:lgtin:4012345.012345.998877",
            "https://id.gs1.org/01/04012345123456/10/998877",
        ),
        ("urn:epc:idpat:sgtin:4012345.098765.*", "https://id.gs1.org/01/04012345987652"),
        ("urn:epc:id:sscc:0614141.1234567890", "https://id.gs1.org/00/106141412345678908"),
        ("urn:epc:id:sgln:0614141.07346.1234", "https://id.gs1.org/414/0614141073467/254/1234"),
        ("urn:epc:id:sgln:0614141.00777.0", "https://id.gs1.org/414/0614141007776"),
        ("urn:epc:id:pgln:9520001.11111", "https://id.gs1.org/417/9520001111112"),
        ("https://example.com/x/01/4012345123456/10/998877", "https://id.gs1.org/01/04012345123456/10/998877"),
    ],
)  # fmt: skip
def test_one_thing_has_one_name_however_it_is_written(urn, link):
    assert names.canonical(urn) == link
    assert names.canonical(link) == link


def test_a_name_that_is_not_understood_stays_as_it_is():
    for uri in ("urn:epc:id:giai:4000001.12345", "urn:epc:id:sgtin:1.2.3", "https://x.example/y"):
        assert names.canonical(uri) == uri


# --- the standard's own samples --------------------------------------------------------------


@has_samples
def test_every_sample_of_the_standard_is_captured_without_loss_and_told_again(partner):
    names_of = sorted(SAMPLES.glob("*.jsonld"))
    assert len(names_of) >= 23
    for path in names_of:
        with partner.db.begin_nested() as alone:
            _there_and_back(partner, json.loads(path.read_text(encoding="utf-8")))
            alone.rollback()


def _there_and_back(partner, document):
    job = partner.sends_document(document)
    assert (job.success, job.errors) == (True, [])
    sent = document["epcisBody"]["eventList"]
    assert job.captured_count == len(sent)
    told = {one["eventID"]: one for one in partner.asks(perPage="100")}
    for event in sent:
        back = dict(told[documents.id_of(event)])
        back.pop("recordTime")
        if "eventID" not in event:
            back.pop("eventID")
        event.pop("recordTime", None)
        assert back == event
    again = partner.sends_document(document)
    assert (again.captured_count, again.known_count) == (0, len(sent))
    assert partner.db.scalar(select(func.count()).select_from(EpcisEvent)) == len(sent)


# --- taking over -----------------------------------------------------------------------------


def test_a_reported_shipment_of_a_held_unit_is_recorded_and_is_a_breach(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    holds.place(
        shop.db, stream="case:NC-1", case_number="NC-1", reason="Leaks", basis="report",
        target=HoldTarget.unit(pump), **shop.how,
    )  # fmt: skip
    partner.sends(
        seen(
            ["0007"],
            destinationList=[{"type": "location", "destination": own_place(shop.ward)["id"]}],
            bizTransactionList=[
                {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:1:DN-7"}
            ],
        )
    )
    unit = shop.db.get_one(Unit, pump)
    assert (unit.custody, unit.location_id) == ("at_consignee", shop.ward.id)
    assert shop.db.scalar(select(Shipment.document_no)) == "urn:epcglobal:cbv:bt:1:DN-7"
    assert shop.db.scalar(select(func.count()).select_from(HoldBreach)) == 1
    assert partner.flags() == ["hold_breach"]


@pytest.mark.parametrize(
    ("kind", "step", "field"),
    [
        ("TransactionEvent", "shipping", "epcList"),
        ("TransactionEvent", "arriving", "epcList"),
        ("ObjectEvent", "arriving", "epcList"),
        ("AggregationEvent", "departing", "childEPCs"),
        ("AggregationEvent", "receiving", "childEPCs"),
    ],
)
def test_a_held_unit_that_any_event_says_is_gone_is_a_breach(partner, kind, step, field):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    holds.place(
        shop.db, stream="case:NC-1", case_number="NC-1", reason="Leaks", basis="report",
        target=HoldTarget.unit(pump), **shop.how,
    )  # fmt: skip
    body = seen(["0007"], step=step, bizLocation=own_place(shop.ward))
    body |= {"type": kind, field: body.pop("epcList")}
    body |= {"destinationList": [{"type": "location", "destination": own_place(shop.ward)["id"]}]}
    if kind == "TransactionEvent":
        order = {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:1:PO-7"}
        body["bizTransactionList"] = [order]
    if kind == "AggregationEvent":
        body["parentID"] = "https://id.gs1.org/00/106141412345678908"
    partner.sends(body)
    assert shop.db.get_one(Unit, pump).custody == "at_consignee"
    assert shop.db.scalars(select(HoldBreach.unit_id)).all() == [pump]
    assert partner.flags()[-1] == "hold_breach"


def test_an_order_taken_back_moves_nothing(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    order = {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:1:PO-7"}
    body = seen(["0007"], action="DELETE", bizTransactionList=[order])
    partner.sends(body | {"type": "TransactionEvent"})
    assert shop.db.get_one(Unit, pump).custody == "in_house"


def test_what_a_document_commissions_comes_to_be_with_its_lot_and_expiry(partner):
    shop = partner.shop
    partner.sends(
        seen(
            ["0001", "0002"], action="ADD", step="commissioning", bizLocation=own_place(shop.store),
            ilmd={"cbvmda:lotNumber": "L-9", "cbvmda:itemExpirationDate": "2030-01-31"},
            quantityList=[
                {"epcClass": names.link_of(LOT_GTIN, lot_no="S-1"), "quantity": 12}
            ],
        )
    )  # fmt: skip
    units = shop.db.scalars(select(Unit).order_by(Unit.serial)).all()
    assert [(u.serial, u.custody, u.location_id) for u in units] == [
        ("0001", "in_house", shop.store.id),
        ("0002", "in_house", shop.store.id),
    ]
    lot = shop.db.get_one(Lot, units[0].lot_id)
    assert (lot.lot_no, lot.expires_on) == ("L-9", date(2030, 1, 31))
    made = shop.db.scalars(select(Lot).where(Lot.lot_no == "S-1")).one()
    assert [row.quantity for row in shop.stock(made)] == [Decimal(12)]


def test_what_is_not_ours_is_kept_and_flagged(partner):
    body = seen(step="receiving", epcList=["urn:epc:id:sgtin:0614141.107346.2017"])
    partner.sends(body)
    assert partner.flags() == ["not_ours"]
    assert partner.db.scalar(select(func.count()).select_from(Event)) == 0
    partner.sends(seen(["9999"], number=2))
    assert "not_recorded" in partner.flags()


def test_an_association_is_an_install_and_its_deletion_a_removal(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "P")
    [board] = shop.units(shop.board, "B/1")
    joined = {
        "type": "AssociationEvent",
        "eventID": "urn:uuid:00000000-0000-0000-0000-000000000011",
        "eventTime": "2026-03-02T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "parentID": names.link_of(GTIN, serial="P"),
        "childEPCs": [f"{SITE}/id/OWN/PCBA/serial/B%2F1"],
        "action": "ADD",
        "bizStep": "assembling",
    }
    partner.sends(joined)
    assert shop.db.scalars(select(Install)).one().host_id == pump
    apart = {
        **joined,
        "eventID": "urn:uuid:00000000-0000-0000-0000-000000000012",
        "action": "DELETE",
    }
    partner.sends(apart, at=SENT + timedelta(hours=1))
    assert shop.db.scalars(select(Install)).one().to_event_id is not None
    partner.sends({**joined, "eventID": "urn:uuid:00000000-0000-0000-0000-000000000013"})
    again = {**joined, "eventID": "urn:uuid:00000000-0000-0000-0000-000000000014"}
    partner.sends(again)  # it is inside already: a fact all the same
    assert "does_not_fit" in partner.flags()
    assert board


def test_a_transformation_is_a_run_with_its_input_lots(partner):
    shop = partner.shop
    resin = shop.lot(shop.resin, "R-1", 5)
    partner.sends(
        {
            "type": "TransformationEvent",
            "eventID": "urn:uuid:00000000-0000-0000-0000-000000000021",
            "eventTime": "2026-03-02T09:00:00Z",
            "eventTimeZoneOffset": "+00:00",
            "inputQuantityList": [
                {"epcClass": f"{SITE}/id/S-1/RES/lot/R-1", "quantity": 2, "uom": "KGM"}
            ],
            "outputEPCList": [names.link_of(GTIN, serial="N-1"), names.link_of(GTIN, serial="N-2")],
            "bizStep": "commissioning",
            "readPoint": own_place(shop.store),
        }
    )
    units = shop.db.scalars(select(Unit).where(Unit.serial.in_(("N-1", "N-2")))).all()
    assert len({u.seg_id for u in units}) == 1
    assert units[0].seg_id is not None
    assert sum(row.quantity for row in shop.stock(resin, custody="in_house")) == 3


def test_goods_are_packed_and_taken_out_as_a_partner_says(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    packed = {
        "type": "AggregationEvent",
        "eventID": "urn:uuid:00000000-0000-0000-0000-000000000031",
        "eventTime": "2026-03-02T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "parentID": "urn:epc:id:sscc:0614141.1234567890",
        "childEPCs": [names.link_of(GTIN, serial="0007")],
        "action": "ADD",
        "bizStep": "packing",
    }
    partner.sends(packed)
    [row] = shop.db.scalars(select(Packed)).all()
    assert (row.unit_id, row.to_event_id) == (pump, None)
    out = {**packed, "eventID": "urn:uuid:00000000-0000-0000-0000-000000000032"}
    partner.sends({**out, "action": "DELETE", "bizStep": "unpacking"})
    shop.db.refresh(row)
    assert row.to_event_id is not None
    told = told_of(events.about(shop.db, unit_ids=[pump]))
    assert [(b["type"], b["action"]) for b in told][-2:] == [
        ("AggregationEvent", "ADD"),
        ("AggregationEvent", "DELETE"),
    ]


def test_what_was_packed_here_is_told_under_its_sscc(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    load = packing.Load(units=[pump])
    packing.pack(shop.db, "106141412345678908", "case", load, **shop.how)
    told = told_of(events.about(shop.db, unit_ids=[pump]))
    assert told[-1]["parentID"] == "https://id.gs1.org/00/106141412345678908"
    found = partner.asks(MATCH_anyEPC="urn:epc:id:sscc:0614141.1234567890")
    assert [one["bizStep"] for one in found] == ["packing"]


def test_goods_that_come_back_are_nonconforming(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    partner.sends(
        seen(["0007"], step="receiving", disposition="returned", bizLocation=own_place(shop.store))
    )
    unit = shop.db.get_one(Unit, pump)
    assert (unit.custody, unit.usability) == ("returned", "nonconforming")


def test_an_error_declaration_withdraws_what_was_recorded(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    goes = [{"type": "location", "destination": own_place(shop.ward)["id"]}]
    body = seen(["0007"], destinationList=goes)
    partner.sends(body)
    assert shop.db.get_one(Unit, pump).custody == "at_consignee"
    declared = {
        **body,
        "errorDeclaration": {
            "declarationTime": "2026-03-02T10:00:00Z",
            "reason": "did_not_occur",
        },
    }
    partner.sends(declared, at=SENT + timedelta(hours=2))
    assert shop.db.get_one(Unit, pump).custody == "in_house"
    told = partner.asks(EQ_eventID=body["eventID"])
    assert ["errorDeclaration" in one for one in told].count(True) == 1
    assert len(told) == 2
    assert len(partner.asks(EXISTS_errorDeclaration="true")) == 1


def _declared(body, reason="did_not_occur"):
    said = {"declarationTime": "2026-03-02T10:00:00Z", "reason": reason}
    return {**body, "errorDeclaration": said}


def test_what_a_partner_never_made_it_may_make_after_all(partner):
    shop = partner.shop
    first = seen(["0007"], step="commissioning", action="ADD", bizLocation=own_place(shop.store))
    partner.sends(first)
    [pump] = shop.db.scalars(select(Unit))
    partner.sends(_declared(first), at=NOW + timedelta(hours=1))
    assert pump.custody == "never_existed"

    lot = {"holdfast:lotNumber": "L-7"}
    again = {**first, "eventID": f"urn:uuid:{UUID(int=7)}", **lot}
    partner.sends(again, at=NOW + timedelta(hours=2))
    assert partner.flags() == []
    [same] = shop.db.scalars(select(Unit))
    assert (same.id, same.custody) == (pump.id, "in_house")
    assert shop.db.get_one(Lot, same.lot_id).lot_no == "L-7"


def test_a_declared_error_does_not_take_away_what_has_gone_on(partner):
    shop = partner.shop
    made = seen(["0007"], step="commissioning", action="ADD", bizLocation=own_place(shop.store))
    partner.sends(made)
    [pump] = shop.db.scalars(select(Unit.id))
    [host] = shop.build(shop.pump, "SN-1").unit_ids
    install.install_units(
        shop.db, [install.Fitting(pump, host)], reported=True, **shop.later(hours=1)
    )
    partner.sends(_declared(made), at=NOW + timedelta(hours=2))
    assert partner.flags() == ["not_withdrawn"]
    assert shop.db.get_one(Unit, pump).custody == "in_house"


def _made_of(inputs, outputs, place, number=7):
    return {
        "type": "TransformationEvent",
        "eventID": f"urn:uuid:{UUID(int=number)}",
        "eventTime": "2026-03-02T10:00:00.000+01:00",
        "eventTimeZoneOffset": "+01:00",
        "transformationID": "urn:uuid:00000000-0000-0000-0000-0000000000ff",
        "inputEPCList": [names.link_of(GTIN, serial=one) for one in inputs],
        "outputEPCList": [names.link_of(GTIN, serial=one) for one in outputs],
        "bizLocation": own_place(place),
    }


def test_a_declared_error_withdraws_every_record_of_an_event(partner):
    shop = partner.shop
    body = _made_of(["IN-1"], ["OUT-1"], shop.store)
    partner.sends(body)
    units = {one.serial: one for one in shop.db.scalars(select(Unit))}
    inside = select(Install).where(Install.to_event_id.is_(None), Install.never_event_id.is_(None))
    assert shop.db.scalars(inside).one().host_id == units["OUT-1"].id
    assert len(shop.db.scalars(select(EpcisRecord)).all()) == 3  # recorded, built, fitted

    partner.sends(_declared(body), at=SENT + timedelta(hours=2))
    assert partner.flags() == []
    assert shop.db.scalars(inside).all() == []
    assert {one.custody for one in units.values()} == {"never_existed"}


def test_a_declared_error_withdraws_nothing_where_one_record_of_it_has_gone_on(partner):
    shop = partner.shop
    body = _made_of(["IN-1"], ["OUT-1"], shop.store)
    partner.sends(body)
    [out] = shop.db.scalars(select(Unit.id).where(Unit.serial == "OUT-1"))
    state.mark_nonconforming(shop.db, units=[out], **shop.later(hours=30))
    before = shop.db.scalar(select(func.count(Event.id)))

    partner.sends(_declared(body), at=SENT + timedelta(hours=48))
    assert partner.flags() == ["not_withdrawn"]
    assert shop.db.scalar(select(func.count(Event.id))) == before
    standing = select(Install).where(Install.never_event_id.is_(None))
    assert shop.db.scalars(standing).one().host_id == out


@pytest.mark.parametrize(
    ("kind", "action"),
    [("destroyed", "goods.scrap"), ("declared", "event.correct"), ("made", "goods.build"),
     ("found bad", "goods.examine")],
)  # fmt: skip
def test_a_document_asks_the_permission_of_what_it_says(warehouse, kind, action):
    shop = warehouse.shop
    [pump] = shop.units(shop.pump, "0007")
    arrived = seen(["0007"], step="inspecting", bizLocation=own_place(shop.store))
    warehouse.sends(arrived)
    body = {
        "destroyed": seen(["0007"], step="destroying", action="DELETE", number=2),
        "declared": _declared(arrived),
        "made": _made_of([], ["OUT-1"], shop.store),
        "found bad": seen(["0007"], step="inspecting", number=2, disposition="damaged"),
    }[kind]
    before = shop.db.scalar(select(func.count(Event.id)))
    job = warehouse.sends(body, behaviour="proceed", at=SENT + timedelta(hours=2))
    assert "Your roles do not allow this" in job.errors[0]["detail"], action
    assert (job.success, job.captured_count) == (False, 0)
    assert shop.db.scalar(select(func.count(Event.id))) == before
    unit = shop.db.get_one(Unit, pump, populate_existing=True)
    assert (unit.custody, unit.usability) == ("in_house", "conforming")


def test_a_declaration_of_an_event_nobody_knows_is_kept(partner):
    partner.sends(seen(["1"], errorDeclaration={"declarationTime": "2026-03-02T10:00:00Z"}))
    assert "declared_event_unknown" in partner.flags()


# --- errors ----------------------------------------------------------------------------------

WRONG = {**seen(["1"], number=7), "bizStep": "teleporting"}


def test_one_wrong_event_stops_all_others_when_it_is_all_or_nothing(partner):
    with pytest.raises(Invalid) as refused:
        partner.sends(seen(["1"]), WRONG)
    assert any("teleporting" in str(one) for one in refused.value.problems)
    assert partner.db.scalar(select(func.count()).select_from(EpcisEvent)) == 0


def test_what_can_be_captured_is_when_one_may_be_wrong(partner):
    job = partner.sends(seen(["1"]), WRONG, seen(["2"], number=3), behaviour="proceed")
    assert (job.success, job.captured_count) == (False, 2)
    assert [one["event"] for one in job.errors] == [1]
    assert "teleporting" in job.errors[0]["detail"]


@pytest.mark.parametrize(
    ("when", "said"),
    [("2040-01-01T00:00:00Z", "lies in the future"), ("1949-12-31T00:00:00Z", "before 1950"),
     ("0001-01-01T00:00:00+14:00", "before 1950"), ("9999-12-31T23:59:59-14:00", "in the future")],
)  # fmt: skip
def test_what_has_not_happened_or_lies_too_far_back_is_not_captured(partner, when, said):
    bodies = (seen(["1"]), seen(["2"], number=2, eventTime=when))
    with pytest.raises(Invalid) as refused:
        partner.sends(*bodies)
    [problem] = refused.value.problems
    assert (problem.at, said in str(problem)) == ("epcisBody.eventList.1.eventTime", True)
    job = partner.sends(*bodies, behaviour="proceed")
    assert (job.captured_count, [one["event"] for one in job.errors]) == (1, [1])
    assert said in job.errors[0]["detail"]


def test_clocks_of_partners_may_be_ahead_by_five_minutes(partner):
    bodies = [
        seen([f"{n}"], number=n, eventTime=(SENT + timedelta(seconds=n)).isoformat())
        for n in (299, 301)
    ]
    assert partner.sends(*bodies, behaviour="proceed").captured_count == 1


def test_an_event_of_the_future_that_was_captured_before_can_still_be_declared_wrong(partner):
    ahead = seen(["1"], eventTime="2040-01-01T00:00:00Z")
    declared = {**ahead, "errorDeclaration": {"declarationTime": "2026-03-03T10:00:00Z"}}
    assert partner.sends(declared).captured_count == 1


def test_what_is_no_document_is_refused_whatever_was_asked(partner):
    for document in ([], {"type": "EPCISDocument"}, {"type": "EPCISDocument", "epcisBody": []}):
        with pytest.raises(Invalid):
            partner.sends_document(document, behaviour="proceed")
    assert partner.db.scalar(select(func.count()).select_from(EpcisCapture)) == 0


# --- telling ---------------------------------------------------------------------------------


@pytest.fixture
def life(partner):
    """The whole life of a pump: made, put together, released, held, let go, shipped, taken back."""
    shop = partner.shop
    resin = shop.lot(shop.resin, "R-1", 5)
    lot = parties.ensure_lot(shop.db, shop.pump.id, "L-1", expires_on=date(2030, 1, 31), **shop.how)
    made = shop.build(shop.pump, "0007", inputs=[resin], lot_id=lot.id, work_order="WO/1")
    [board] = shop.units(shop.board, "B-1")
    [pump] = made.unit_ids
    install.install_units(shop.db, [install.Fitting(board, pump)], **shop.later(hours=1))
    install.remove_units(shop.db, [board], **shop.later(hours=1))
    hold = holds.place(
        shop.db, stream="case:NC-1", case_number="NC-1", reason="Leaks", basis="report",
        target=HoldTarget.lot(lot.id), **shop.later(hours=1),
    )  # fmt: skip
    holds.release(shop.db, hold.id, reason="Fixed", **shop.later(hours=1))
    sent = ship.ship(
        shop.db, to_location_id=shop.ward.id, units=[pump], document_no="DN 7",
        **shop.later(hours=1),
    )  # fmt: skip
    correct.withdraw(shop.db, sent.event.id, reason="Wrong truck", **shop.later(hours=1))
    state.destroy(shop.db, units=[pump], **shop.later(hours=1))
    return {"pump": pump, "board": board, "lot": lot.id, "resin": resin.id}


def told_of(told):
    document = documents.document_of([(t.body, t.context) for t in told], site=SITE, at=NOW)
    assert documents.problems_of(document) == []
    return [t.body for t in told]


def test_the_whole_life_of_a_unit_is_told_in_the_words_of_the_standard(partner, life):
    bodies = told_of(events.about(partner.db, unit_ids=[life["pump"]]))
    said = [(b["type"], b.get("action"), b["bizStep"]) for b in bodies]
    assert said == [
        ("TransformationEvent", None, "commissioning"),
        ("AssociationEvent", "ADD", "assembling"),
        ("AssociationEvent", "DELETE", "disassembling"),
        ("ObjectEvent", "OBSERVE", "shipping"),
        ("ObjectEvent", "OBSERVE", "shipping"),
        ("ObjectEvent", "DELETE", "destroying"),
    ]
    made, joined, _, sent, declared, _ = bodies
    assert made["outputEPCList"] == [f"https://id.gs1.org/01/{GTIN}/21/0007"]
    assert made["inputQuantityList"][0]["epcClass"] == f"{SITE}/id/S-1/RES/lot/R-1"
    assert made["ilmd"] == {"cbvmda:lotNumber": "L-1", "cbvmda:itemExpirationDate": "2030-01-31"}
    assert made["bizTransactionList"][0]["type"] == "prodorder"
    assert joined["childEPCs"] == [f"{SITE}/id/OWN/PCBA/serial/B-1"]
    assert sent["destinationList"][0]["destination"] == f"{SITE}/id/location/C-1-S"
    assert sent["bizTransactionList"] == [
        {"type": "desadv", "bizTransaction": f"{SITE}/document/DN%207"}
    ]
    assert declared["eventID"] == sent["eventID"]
    assert declared["errorDeclaration"]["reason"] == "did_not_occur"


def test_what_a_case_holds_is_recalled_and_no_longer_when_it_lets_go(partner, life):
    bodies = told_of(events.of_case(partner.db, "NC-1"))
    assert [b["persistentDisposition"] for b in bodies] == [
        {"set": ["recalled"]},
        {"unset": ["recalled"]},
    ]
    for body in bodies:
        assert body["epcList"] == [f"https://id.gs1.org/01/{GTIN}/21/0007"]
        assert body["quantityList"] == [{"epcClass": f"https://id.gs1.org/01/{GTIN}/10/L-1"}]


def test_a_lot_is_told_with_what_it_went_into(partner, life):
    bodies = told_of(events.about(partner.db, node_ids=[life["resin"]]))
    assert [b["bizStep"] for b in bodies] == ["receiving", "commissioning"]
    assert bodies[0]["quantityList"] == [{"epcClass": f"{SITE}/id/S-1/RES/lot/R-1", "quantity": 5}]


PUMP = f"https://id.gs1.org/01/{GTIN}/21/0007"


ASKED = [
    ({"MATCH_anyEPC": PUMP}, 8),
    ({"MATCH_anyEPC": "urn:epc:id:sgtin:703206.0980498.0007"}, 8),
    ({"MATCH_anyEPC": f"https://id.gs1.org/01/{GTIN}"}, 8),  # of the part
    ({"MATCH_epc": PUMP}, 5),
    ({"MATCH_parentID": PUMP}, 2),
    ({"MATCH_outputEPC": PUMP}, 1),
    ({"MATCH_inputEPC": PUMP}, 0),
    ({"MATCH_inputEPCClass": f"{SITE}/id/S-1/RES/lot/R-1"}, 1),
    ({"MATCH_epcClass": f"https://id.gs1.org/01/{GTIN}/10/L-1"}, 2),
    ({"MATCH_anyEPC": PUMP, "eventType": "AssociationEvent|TransformationEvent"}, 3),
    ({"MATCH_anyEPC": PUMP, "EQ_bizStep": "shipping|destroying"}, 3),
    ({"MATCH_anyEPC": PUMP, "EQ_bizStep": "https://ns.gs1.org/cbv/BizStep-destroying"}, 1),
    ({"EQ_action": "DELETE"}, 2),
    ({"EQ_disposition": "destroyed"}, 1),
    ({"EQ_persistentDisposition_set": "recalled"}, 1),
    ({"EQ_persistentDisposition_unset": "recalled"}, 1),
    ({"EQ_bizTransaction_desadv": f"{SITE}/document/DN%207"}, 2),
    ({"EQ_bizTransaction_po": f"{SITE}/document/DN%207"}, 0),
    ({"EQ_destination_location": f"{SITE}/id/location/C-1-S"}, 2),
    ({"EQ_readPoint": f"{SITE}/id/location/WH-1", "eventType": "TransformationEvent"}, 1),
    ({"EQ_bizLocation": f"{SITE}/id/location/Q-1"}, 0),
    ({"EXISTS_errorDeclaration": "true"}, 1),
    ({"EQ_errorReason": "did_not_occur"}, 1),
    ({"GE_eventTime": "2026-03-02T14:00:00Z", "MATCH_epc": PUMP}, 1),
    ({"LT_eventTime": "2026-03-02T08:00:00Z"}, 0),
    ({"GE_recordTime": "2026-03-02T09:00:00Z", "LT_recordTime": "2026-03-02T10:00:00Z"}, 1),
]


def test_events_are_asked_for_by_the_names_of_the_standard(partner, life):
    told = [(asked, len(partner.asks(**asked, perPage="100"))) for asked, _ in ASKED]
    assert told == ASKED


def test_events_are_told_page_by_page_each_once_in_either_order(partner, life):
    for n in range(5):
        partner.sends(seen([f"X{n}"], number=100 + n, step="inspecting"))
    whole = [one["eventID"] for one in partner.asks(perPage="100")]
    for direction in ("DESC", "ASC"):
        for order in ("eventTime", "recordTime"):
            found, token = [], None
            while True:
                more = {"nextPageToken": token} if token else {}
                asked = {"perPage": "3", "orderBy": order, "orderDirection": direction, **more}
                page = events.query(partner.db, asked_of(asked.items()))
                found += [one.body for one in page.events]
                token = page.next
                if token is None:
                    break
            assert sorted(one["eventID"] for one in found) == sorted(whole)
            times = [datetime.fromisoformat(one[order]).astimezone(UTC) for one in found]
            assert times == sorted(times, reverse=direction == "DESC")


def test_a_query_has_its_limits(partner, life):
    assert len(partner.asks(eventCountLimit="2")) == 2
    page = events.query(partner.db, asked_of({"eventCountLimit": "3", "perPage": "2"}.items()))
    rest = {"eventCountLimit": "3", "perPage": "2", "nextPageToken": page.next}
    last = events.query(partner.db, asked_of(rest.items()))
    assert (len(page.events), len(last.events), last.next) == (2, 1, None)
    with pytest.raises(events.QueryTooLarge):
        events.query(partner.db, asked_of({"maxEventCount": "3"}.items()))
    assert len(partner.asks(maxEventCount="50")) > 3


NO_QUERIES = [
        {"EQ_nonsense": "1"}, {"eventType": "WishEvent"}, {"GE_eventTime": "yesterday"},
        {"GE_eventTime": "2026-03-02T08:00:00"}, {"perPage": "0"}, {"perPage": "many"},
        {"nextPageToken": "abc"}, {"orderBy": "beauty"}, {"MATCH_epc": ""},
        {"eventCountLimit": "1", "maxEventCount": "1"}, {"EXISTS_errorDeclaration": "maybe"},
]  # fmt: skip


@pytest.mark.parametrize("parameters", NO_QUERIES)
def test_a_parameter_that_is_none_is_refused_never_overlooked(parameters):
    with pytest.raises(Invalid):
        # a token is looked at before anything is read
        events.query(None, asked_of(parameters.items()))


def test_a_token_is_good_only_for_its_own_query(partner, life):
    page = events.query(partner.db, asked_of({"perPage": "2"}.items()))
    asked = {"perPage": "2", "EQ_action": "ADD", "nextPageToken": page.next}
    with pytest.raises(Invalid):
        events.query(partner.db, asked_of(asked.items()))


def test_an_event_is_told_by_its_id_and_an_unknown_one_is_not(partner, life):
    [newest] = partner.asks(eventCountLimit="1")
    [again] = events.event_by_id(partner.db, newest["eventID"])
    assert again.body == newest
    for unknown in ("urn:uuid:00000000-0000-0000-0000-000000000000", "nonsense"):
        with pytest.raises(events.EventUnknown):
            events.event_by_id(partner.db, unknown)


def test_what_we_told_comes_back_without_being_recorded_twice(partner, life):
    before = partner.db.scalar(select(func.count()).select_from(Event))
    body = partner.asks(EQ_bizStep="destroying")[0]
    partner.sends({k: v for k, v in body.items() if not k.startswith("holdfast:")})
    assert partner.flags() == ["told_by_us"]
    assert partner.db.scalar(select(func.count()).select_from(Event)) == before


# --- what is hidden from a role --------------------------------------------------------------


def test_what_is_hidden_from_any_role_never_leaves_in_a_document(partner, life):
    shop = partner.shop
    use.put_into_use(
        shop.db, [life["pump"]], location_id=shop.ward.id, patient_reference="P-4711", **shop.how
    )
    bodies = told_of(events.about(partner.db, unit_ids=[life["pump"]]))
    assert [one["holdfast:type"] for one in bodies][-1] == "installed_at_site"
    assert "P-4711" not in json.dumps(bodies)


def test_details_are_told_as_the_dictionary_shows_them_to_nobody_in_particular():
    payload = {"documents": ["DN-1"], "patient_reference": "P-4711"}
    assert _details(Event(type="delivered", payload=payload)) == {"documents": ["DN-1"]}


# --- what quality looks at -------------------------------------------------------------------


def flagged(partner):
    return {(flag.rule, flag.facts.get("name")) for flag in partner.db.scalars(select(Flag))}


def test_a_held_unit_shipped_to_an_unknown_place_is_a_breach_all_the_same(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    resin = shop.lot(shop.set, "S-1", 5)
    for target in (HoldTarget.unit(pump), HoldTarget.lot(resin.id)):
        holds.place(
            shop.db, stream="case:NC-1", case_number="NC-1", reason="Leaks", basis="report",
            target=target, **shop.how,
        )  # fmt: skip
    goes = [{"type": "location", "destination": "urn:epc:id:sgln:0614141.00777.0"}]
    quantity = [{"epcClass": names.link_of(LOT_GTIN, lot_no="S-1"), "quantity": 2}]
    partner.sends(seen(["0007"], destinationList=goes, quantityList=quantity))
    assert shop.db.get_one(Unit, pump).custody == "in_transit"
    assert sum(row.quantity for row in shop.stock(resin, custody="in_transit")) == 2
    assert shop.db.scalar(select(func.count()).select_from(HoldBreach)) == 2
    assert partner.flags() == ["destination_unknown", "hold_breach"]
    rules = [rule for rule, _ in flagged(partner)]
    assert {"unknown_place", "held_shipped"} <= set(rules)
    told_of(events.about(shop.db, unit_ids=[pump]))


def test_a_number_of_ours_that_nobody_recorded_is_flagged_to_quality(partner):
    goes = [{"type": "location", "destination": own_place(partner.shop.ward)["id"]}]
    partner.sends(seen(["9999"], destinationList=goes))
    assert flagged(partner) == {("unknown_goods", names.link_of(GTIN, serial="9999"))}
    [event] = partner.db.scalars(select(Event)).all()
    assert event.payload["unknown"] == [names.link_of(GTIN, serial="9999")]
    partner.sends(seen(["9998"], step="inspecting", number=2))
    assert ("unknown_goods", names.link_of(GTIN, serial="9998")) in flagged(partner)


def test_an_expired_lot_that_a_document_uses_up_is_flagged(partner):
    shop = partner.shop
    shop.lot(shop.resin, "R-1", 5, expires_on=date(2026, 1, 31))
    partner.sends(transformed("21", made=["N-1"]))
    assert ("expired_used", None) in flagged(partner)


def test_a_pallet_that_is_shipped_takes_everything_in_it_along(partner):
    shop = partner.shop
    [pump] = shop.units(shop.pump, "0007")
    lot = shop.lot(shop.set, "S-1", 5)
    case, pallet = "106141412345678908", "206141412345678905"
    load = packing.Load(units=[pump], stock_parts=[shop.part_of(lot, 2)])
    made = packing.pack(shop.db, case, "case", load, **shop.how)
    packing.pack(
        shop.db, pallet, "pallet", packing.Load(containers=[made.facts["container_id"]]), **shop.how
    )
    goes = [{"type": "location", "destination": own_place(shop.ward)["id"]}]
    partner.sends(seen(epcList=[names.container_link(pallet)], destinationList=goes))
    assert shop.db.get_one(Unit, pump).location_id == shop.ward.id
    assert [row.quantity for row in shop.stock(lot, custody="at_consignee")] == [Decimal(2)]
    assert flagged(partner) == set()
    assert shop.db.scalars(select(Packed.to_event_id)).all() == [None, None, None]


def transformed(number, *, made=(), children=(), lots=(), place="WH-1", inputs=(("R-1", 2),)):
    body = {
        "type": "TransformationEvent",
        "eventID": f"urn:uuid:00000000-0000-0000-0000-{number:>012}",
        "eventTime": "2026-03-02T09:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "inputQuantityList": [
            {"epcClass": f"{SITE}/id/S-1/RES/lot/{lot}", "quantity": quantity, "uom": "KGM"}
            for lot, quantity in inputs
        ],
        "inputEPCList": [f"{SITE}/id/OWN/PCBA/serial/{one}" for one in children],
        "outputEPCList": [names.link_of(GTIN, serial=one) for one in made],
        "outputQuantityList": [
            {"epcClass": names.link_of(LOT_GTIN, lot_no=lot), "quantity": quantity}
            for lot, quantity in lots
        ],
        "bizStep": "commissioning",
    }
    body = {name: value for name, value in body.items() if value != []}
    return {**body, "readPoint": {"id": f"{SITE}/id/location/{place}"}} if place else body


# --- nothing that went in is lost ------------------------------------------------------------


def holders(shop, *, lots=(), units=()):
    found = trace.contains(shop.db, lots=lots, units=units)
    return {one.serial for one in found.units} - {"B-1", "B-2", "B-3"}


def test_a_part_of_several_outputs_is_traced_into_each_of_them(partner):
    shop = partner.shop
    shop.lot(shop.resin, "R-1", 5)
    boards = shop.units(shop.board, "B-1", "B-2")
    partner.sends(transformed("41", made=["N-1", "N-2", "N-3"], children=["B-1", "B-2"]))
    assert partner.flags() == ["inputs_not_placed"]
    assert flagged(partner) >= {("inputs_not_placed", None)}
    for board in boards:
        assert holders(shop, units=[board]) == {"N-1", "N-2", "N-3"}


@pytest.mark.parametrize("place", ["WH-1", None])
def test_units_recorded_before_get_the_lots_that_went_into_them(partner, place):
    shop = partner.shop
    resin = shop.lot(shop.resin, "R-1", 5)
    shop.units(shop.pump, "0001", "0002", "0003")
    [board] = shop.units(shop.board, "B-1")
    partner.sends(transformed("42", made=["0001", "0002"], place=place))
    assert holders(shop, lots=[resin.id]) == {"0001", "0002"}
    assert sum(row.quantity for row in shop.stock(resin, custody="in_house")) == 3
    partner.sends(transformed("43", made=["0003", "N-9"], children=["B-1"], place=place))
    assert holders(shop, units=[board]) == {"0003", "N-9"}
    assert holders(shop, lots=[resin.id]) == {"0001", "0002", "0003", "N-9"}
    assert sum(row.quantity for row in shop.stock(resin, custody="in_house")) == 1


def test_a_unit_that_goes_in_and_comes_out_has_what_else_went_in(partner):
    """Rework, as a partner tells it: the unit is input and output."""
    shop = partner.shop
    resin = shop.lot(shop.resin, "R-1", 5)
    shop.units(shop.pump, "0001")
    [board] = shop.units(shop.board, "B-1")
    body = transformed("44", made=["0001"], children=["B-1"])
    body["inputEPCList"] += body["outputEPCList"]
    partner.sends(body)
    assert holders(shop, lots=[resin.id]) == {"0001"}
    assert holders(shop, units=[board]) == {"0001"}
    assert sum(row.quantity for row in shop.stock(resin, custody="in_house")) == 3


def test_a_part_reported_in_another_unit_was_in_both(partner):
    shop = partner.shop
    shop.units(shop.pump, "P", "Q")
    [board] = shop.units(shop.board, "B-1")
    for number, host in (("51", "P"), ("52", "Q")):
        partner.sends(
            {
                "type": "AssociationEvent",
                "eventID": f"urn:uuid:00000000-0000-0000-0000-{number:>012}",
                "eventTime": "2026-03-02T08:00:00Z",
                "eventTimeZoneOffset": "+00:00",
                "parentID": names.link_of(GTIN, serial=host),
                "childEPCs": [f"{SITE}/id/OWN/PCBA/serial/B-1"],
                "action": "ADD",
            }
        )
    assert partner.flags() == ["was_inside_another"]
    assert holders(shop, units=[board]) == {"P", "Q"}


def test_quantities_of_lots_are_packed_and_taken_out_both_ways(partner):
    shop = partner.shop
    lot = shop.lot(shop.set, "S-1", 5)
    body = {
        "type": "AggregationEvent",
        "eventID": "urn:uuid:00000000-0000-0000-0000-000000000061",
        "eventTime": "2026-03-02T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "parentID": "https://id.gs1.org/00/106141412345678908",
        "childQuantityList": [{"epcClass": names.link_of(LOT_GTIN, lot_no="S-1"), "quantity": 2}],
        "action": "ADD",
        "bizStep": "packing",
    }
    partner.sends(body)
    [row] = shop.db.scalars(select(Packed)).all()
    assert (row.lot_id, row.to_event_id) == (lot.id, None)
    made = packing.container_of(shop.db, "106141412345678908")
    packing.unpack(shop.db, made.id, **shop.later(hours=1))
    taken_out = told_of(events.about(shop.db, node_ids=[lot.id]))[-1]
    assert taken_out["childQuantityList"] == body["childQuantityList"]
    packing.pack(
        shop.db, "206141412345678905", "pallet",
        packing.Load(stock_parts=[StockPart(one.id, one.quantity) for one in shop.stock(lot)]),
        **shop.later(hours=1),
    )  # fmt: skip
    told = told_of(events.about(shop.db, node_ids=[lot.id]))[-1]
    assert (told["holdfast:container"], told["childQuantityList"][0]["quantity"]) == ("pallet", 5)
    stranger = [names.link_of(GTIN, serial="9999")]
    partner.sends(
        {**body, "eventID": "urn:uuid:00000000-0000-0000-0000-000000000062", "childEPCs": stranger,
         "childQuantityList": [], "action": "DELETE", "parentID": told["parentID"]}
    )  # fmt: skip
    still = select(func.count()).select_from(Packed).where(Packed.to_event_id.is_(None))
    assert shop.db.scalar(still) > 0


def test_what_we_tell_and_another_store_captures_is_traced_to_the_same_goods(partner):
    shop, db = partner.shop, partner.db
    empty = db.begin_nested()
    _rich_history(shop)
    told = [one.body for one in events.query(db, asked_of(ALL.items())).events]
    numbers = ("R-1", "R-2", "R-3", "R-1A", "R-M", "G-1", "S-1", "B-1", "B-2", "B-3")
    before = {number: _traced(shop, number) for number in numbers}
    assert {len(found) > 0 for found in before.values()} == {True}
    empty.rollback()
    assert db.scalar(select(func.count()).select_from(Unit)) == 0

    job = partner.sends(*told)
    assert (job.success, job.errors) == (True, [])
    assert {number: _traced(shop, number) for number in numbers} == before


ALL = {"perPage": "1000", "orderBy": "recordTime", "orderDirection": "ASC"}


def _rich_history(shop):
    resin = shop.lot(shop.resin, "R-1", 9)
    late, other = shop.lot(shop.resin, "R-2", 9), shop.lot(shop.resin, "R-3", 9)
    split = lots.split_lot(
        shop.db, "R-1A", stock_parts=[shop.part_of(resin, 4)], **shop.later(hours=1)
    )
    shop.later(hours=1)
    gasket = shop.lot(shop.body, "G-1", 9)
    first, second, third = shop.units(shop.board, "B-1", "B-2", "B-3")
    shop.later(hours=1)
    pumps = shop.build(
        shop.pump,
        build.ToBuild("0001", ((first, None),)), build.ToBuild("0002", ((second, None),)),
        inputs=[shop.db.get_one(Lot, split.lot_id)], usability="nonconforming",
    )  # fmt: skip
    build.add_inputs(
        shop.db, pumps.segment_id, [LotInput(late.id, Decimal(1))], location_id=shop.store.id,
        **shop.later(hours=1),
    )  # fmt: skip
    install.remove_units(shop.db, [second], **shop.later(hours=1))
    fitting = install.Fitting(third, pumps.unit_ids[1])
    install.install_units(shop.db, [fitting], **shop.later(hours=1))
    state.rework(
        shop.db, units=[pumps.unit_ids[0]], location_id=shop.store.id,
        inputs=[LotInput(gasket.id, Decimal(1), shop.store.id)], **shop.later(hours=1),
    )  # fmt: skip
    merged = lots.merge_lots(
        shop.db, "R-M", stock_parts=[shop.part_of(resin, 2), shop.part_of(other, 2)],
        **shop.later(hours=1),
    )  # fmt: skip
    shop.later(hours=1)
    shop.build_lot(shop.set, "S-1", 5, shop.db.get_one(Lot, merged.lot_id))
    shop.later(hours=1)
    shop.build(shop.pump, "0003", inputs=[other])


def _traced(shop, number):
    lot_ids = shop.db.scalars(select(Lot.id).where(Lot.lot_no == number)).all()
    unit_ids = shop.db.scalars(select(Unit.id).where(Unit.serial == number)).all()
    found = trace.contains(shop.db, lots=lot_ids, units=unit_ids)
    made = shop.db.scalars(select(Lot.lot_no).where(Lot.id.in_(found.lot_ids)))
    return {one.serial for one in found.units} | set(made)


# --- what else can be asked ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("EQ_quantity", "5", {2}),
        ("GT_quantity", "5", {3}),
        ("GE_quantity", "5.0", {2, 3}),
        ("LT_quantity", "5", set()),
        ("LE_quantity", "7", {2, 3}),
        ("WD_readPoint", "urn:epc:id:sgln:0614141.00777.0", {1, 2}),
        ("EQ_readPoint", "urn:epc:id:sgln:0614141.00777.0", {1}),
        ("WD_bizLocation", "https://id.gs1.org/414/9520001111112", {3}),
        ("EXISTS_ex:colour", "true", {1, 2}),
        ("EXISTS_https://ex.example/ns#colour", "", {1, 2}),
        ("EQ_ex:colour", "red|green", {1}),
        ("GT_ex:weight", "9", {2}),
        ("EXISTS_INNER_ex:depth", "", {2}),
        ("EXISTS_ex:depth", "", set()),
        ("EXISTS_ilmd", "", {3}),
        ("EQ_ILMD_cbvmda:lotNumber", "L-1", {3}),
    ],
)
def test_events_are_found_by_quantity_by_what_lies_in_a_place_and_by_extensions(
    partner, name, value, expected
):
    shop = partner.shop
    shop.maker.gln = "9520001111112"
    lots = [{"epcClass": names.link_of(LOT_GTIN, lot_no="L-1"), "quantity": 5}]
    gln = "urn:epc:id:sgln:0614141.00777"
    partner.sends(
        seen(["P-1"], step="inspecting", readPoint={"id": f"{gln}.0"}, **{"ex:colour": "red"}),
        seen(
            step="inspecting", number=2, quantityList=lots, readPoint={"id": f"{gln}.5"},
            **{"ex:colour": "blue", "ex:weight": 10, "ex:box": {"ex:depth": 3}},
        ),
        seen(
            step="commissioning", action="ADD", number=3, bizLocation=own_place(shop.store),
            quantityList=[{**lots[0], "quantity": 7}], ilmd={"cbvmda:lotNumber": "L-1"},
        ),
        **{"@context": [documents.CONTEXT, {"ex": "https://ex.example/ns#"}]},
    )  # fmt: skip
    found = {UUID(body["eventID"][9:]).int for body in partner.asks(**{name: value})}
    assert {one for one in found if one < 10} == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("HASATTR_bizLocation", "does not look at"),
        ("EQATTR_readPoint_x", "does not look at"),
        ("GE_SENSORREPORT_value", "does not look at"),
        ("EQ_deviceID", "does not look at"),
        ("EQ_nonsense", "no parameter"),
        ("EXISTS_nonsense", "no parameter"),
    ],
)
def test_what_is_not_looked_at_is_refused_with_its_sentence(name, said):
    with pytest.raises(Invalid, match=said):
        asked_of([(name, "1")])


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_pages_neither_lose_nor_double_events_while_others_come(partner, direction):
    partner.sends(*(seen(["P-1"], step="inspecting", number=n) for n in range(1, 8)))
    asked = {"perPage": "3", "orderDirection": direction}
    told: list[str] = []
    token, number = None, 100
    while True:
        more = [("nextPageToken", token)] if token else []
        page = events.query(partner.db, asked_of([*asked.items(), *more]))
        told += [one.body["eventID"] for one in page.events]
        token = page.next
        if token is None:
            break
        # one before all others, one at their very moment
        for when in ("2026-03-01T08:00:00Z", "2026-03-02T10:00:00.000+01:00"):
            number += 1
            if number < 105:
                partner.sends(seen(["P-1"], step="inspecting", number=number, eventTime=when))
    first = [f"urn:uuid:{UUID(int=n)}" for n in range(1, 8)]
    assert len(told) == len(set(told))
    assert set(first) <= set(told)
