"""Contacts, tests, orders, receipts and partners' documents come in as all files do."""

# ruff: noqa: F811  a fixture is found by its name

import json
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.errors import NotAllowed
from engine.serials import find, intake, packing, purchase
from engine.serials.epcis import events
from engine.serials.epcis.asking import asked_of
from engine.serials.errors import (
    BatchInUse,
    NoEpcisDocument,
    SecondPersonNeeded,
    TakenInBefore,
)
from engine.serials.intake import priority, quarantine
from engine.serials.models import (
    EpcisCapture,
    EpcisEvent,
    Event,
    EventFact,
    EventLink,
    Examination,
    ImportLine,
    Measurement,
    PurchaseLine,
    PurchaseOrder,
    RecallContact,
    Unit,
)
from tests.engine.serials.test_epcis import GTIN, SITE, names, own_place, seen
from tests.engine.serials.test_intake import (  # noqa: F401  fixtures are found by their names
    check,
    codes,
    info,
    load,
    receive,
    shop,
)

CONTACTS = "party,role,name,channel,address,language,verified_on\n"
ORDERS = "order_no,line_no,supplier,part_no,quantity,ordered_on,due_on,unit_price,currency\n"
RECEIPTS = "order_no,line_no,part_no,serial,lot_no,quantity,location,received_on\n"
TESTS = (
    "part_no,serial,lot_no,tested_on,outcome,equipment,program,operator,"
    "characteristic,value,lower,upper\n"
)


@pytest.fixture
def take_back(shop):
    def take_back(batch):
        return intake.roll_back(shop.db, batch.id, **{**shop.how, "reason": "wrong file"})

    return take_back


def one(shop, model):
    return shop.db.scalars(select(model).execution_options(populate_existing=True)).one()


# --- contacts --------------------------------------------------------------------------------


def test_a_contact_is_verified_as_of_the_day_that_a_file_says_and_later_days_fill(
    shop, load, codes
):
    line = "C-1,recall,Dr Roy,email,roy@mary.example,en,"
    load("contacts", CONTACTS + line + "2026-01-15\n")
    first = one(shop, RecallContact).verified_at
    again = load("contacts", CONTACTS + line + "2026-02-20\n")
    same = load("contacts", CONTACTS + line + "2026-02-01\n")

    assert first.date().isoformat() == "2026-01-15"
    assert one(shop, RecallContact).verified_at.date().isoformat() == "2026-02-20"
    assert (again.counts["loaded"], same.counts["same"]) == (1, 1)


def test_a_contact_that_nobody_can_reach_waits(load, codes):
    batch = load(
        "contacts",
        CONTACTS
        + "C-1,recall,Dr Roy,email,roy at mary,en,\n"
        + "C-9,recall,Dr Roy,telephone,+44 1,en,\n"
        + "C-1,recall,Dr Roy,telephone,+44 2,en,2030-01-01\n",
    )
    assert codes(batch) == [
        (2, "address", "not_an_address"),
        (3, "party", "unknown_reference"),
        (4, "verified_on", "in_future"),
    ]


# --- tests -----------------------------------------------------------------------------------


def test_the_lines_of_one_test_are_one_examination_with_its_readings_and_its_facts(shop, load):
    [unit] = shop.units(shop.pump, "SN-1")
    how = "2026-02-27,passed,RIG-7,FLOW 2.1,li"
    batch = load(
        "tests", TESTS + f"PUMP,SN-1,,{how},flow,5.0,4.5,5.5\nPUMP,SN-1,,{how},leak,0,,0.2\n"
    )
    test = one(shop, Examination)
    readings = shop.db.scalars(select(Measurement).order_by(Measurement.id)).all()
    facts = dict(shop.db.execute(select(EventFact.name, EventFact.value)).all())
    assert [(r.characteristic, r.value, r.is_met) for r in readings] == [
        ("flow", "5.0", True), ("leak", "0", True),
    ]  # fmt: skip
    assert facts == {"equipment": "RIG-7", "program": "FLOW 2.1", "operator": "li"}
    event = shop.db.get_one(Event, test.event_id)
    assert (event.event_at.date().isoformat(), event.source) == ("2026-02-27", "erp")
    assert shop.db.get(EventLink, (unit, event.id)).role == "subject"
    assert {row.event_id for row in shop.db.scalars(select(ImportLine).filter_by(batch_id=batch.id))
            } == {test.event_id}  # fmt: skip


def test_units_tested_alike_are_one_event_and_what_failed_is_nonconforming(shop, load):
    shop.units(shop.pump, "SN-1", "SN-2", "SN-3")
    lot = shop.lot(shop.resin, "R-1", 5)
    load(
        "tests",
        "part_no,serial,lot_no,outcome\n"
        "PUMP,SN-1,,failed\nPUMP,SN-2,,failed\nPUMP,SN-3,,passed\nRES,,R-1,failed\n",
    )
    assert len(shop.db.scalars(select(Examination)).all()) == 3
    usable = dict(shop.db.execute(select(Unit.serial, Unit.usability)).all())
    assert usable == {"SN-1": "nonconforming", "SN-2": "nonconforming", "SN-3": "conforming"}
    assert {row.usability for row in shop.stock(lot)} == {"nonconforming"}


def test_a_result_that_contradicts_what_was_measured_waits(shop, load, codes):
    shop.units(shop.pump, "SN-1")
    batch = load(
        "tests",
        TESTS
        + "PUMP,SN-1,,,passed,,,,flow,6,4.5,5.5\n"
        + "PUMP,SN-1,,,passed,,,,flow,,,\n"
        + "PUMP,,,,passed,,,,,,,\n",
    )
    assert codes(batch) == [
        (2, "outcome", "outcome_differs"),
        (3, "value", "value_missing"),
        (4, "serial", "unit_or_lot"),
    ]


def test_a_file_of_tests_is_not_recorded_twice(shop, load, receive):
    shop.units(shop.pump, "SN-1")
    text = "part_no,serial,outcome\nPUMP,SN-1,passed\n"
    load("tests", text)
    with pytest.raises(TakenInBefore):
        receive("tests", text)


# --- orders and receipts ---------------------------------------------------------------------


def test_an_order_is_taken_in_whole_with_the_line_numbers_of_its_system(shop, load, codes):
    batch = load(
        "orders",
        ORDERS
        + "PO-1,10,S-1,RES,100,2026-01-05,2026-02-01,2.50,eur\n"
        + "PO-1,20,S-1,BODY,40,2026-01-05,,,\n"
        + "PO-2,10,S-1,RES,7,,,,\n"
        + "PO-2,20,S-1,NONE,7,,,3,\n",
    )
    assert sorted(codes(batch)) == [
        (4, "order_no", "order_waits"),
        (5, "currency", "price_and_currency"),
        (5, "part_no", "unknown_reference"),
    ]
    assert one(shop, PurchaseOrder).number == "PO-1"
    lines = shop.db.scalars(select(PurchaseLine).order_by(PurchaseLine.line_no)).all()
    assert [(r.line_no, r.quantity, r.currency) for r in lines] == [
        (10, Decimal(100), "EUR"), (20, Decimal(40), None),
    ]  # fmt: skip

    quarantine.correct_row(shop.db, batch.id, 5, {"part_no": "BODY", "unit_price": ""}, **shop.how)
    intake.rerun(shop.db, batch.id, **shop.how)
    assert (batch.problem_count, len(shop.db.scalars(select(PurchaseLine)).all())) == (0, 4)


def test_an_order_that_is_recorded_is_the_same_or_waits(shop, load, codes):
    load("orders", ORDERS + "PO-1,10,S-1,RES,100,,,,\n")
    batch = load(
        "orders",
        ORDERS + "PO-1,10,S-1,RES,100,,,,\nPO-1,10,S-1,RES,90,,,,\nPO-1,20,S-1,BODY,1,,,,\n",
    )
    assert batch.counts["same"] == 1
    assert codes(batch) == [(3, "line_no", "differs"), (4, "line_no", "differs")]


def test_receipts_count_against_their_order_line_and_units_come_to_be(shop, load, codes):
    load("orders", ORDERS + "PO-1,10,S-1,RES,100,,,,\nPO-1,20,S-1,PCBA,2,,,,\n")
    shop.lot(shop.resin, "R-1")
    batch = load(
        "receipts",
        RECEIPTS
        + "PO-1,10,RES,,R-1,60,WH-1,2026-02-01\n"
        + "PO-1,20,PCBA,B-1,,,WH-1,2026-02-01\n"
        + "PO-1,20,PCBA,B-2,,,WH-1,2026-02-01\n"
        + "PO-9,10,RES,,R-1,1,WH-1,\n"
        + "PO-1,20,PCBA,,,1,WH-1,\n",
    )
    assert codes(batch) == [(5, "order_no", "no_such_line"), (6, "serial", "serial_or_lot")]
    lines = shop.db.scalars(select(PurchaseLine.id).order_by(PurchaseLine.line_no)).all()
    assert dict(purchase.received_of(shop.db, lines)) == {
        lines[0]: Decimal(60), lines[1]: Decimal(2),
    }  # fmt: skip
    assert set(shop.db.scalars(select(Unit.serial))) == {"B-1", "B-2"}
    assert {(r.line, r.entity) for r in shop.db.scalars(select(ImportLine))
            if r.batch_id == batch.id} == {
        (2, "purchase_receipt"), (3, "unit"), (4, "unit"),
    }  # fmt: skip


def test_what_came_with_a_file_goes_with_it_and_may_come_again(shop, load, take_back):
    files = {
        "contacts": CONTACTS + "C-1,recall,Dr Roy,telephone,+44 1,en,2026-02-01\n",
        "orders": ORDERS + "PO-1,10,S-1,RES,100,,,,\nPO-1,20,S-1,PCBA,2,,,,\n",
        "receipts": RECEIPTS + "PO-1,10,RES,,R-1,60,WH-1,\nPO-1,20,PCBA,B-1,,,WH-1,\n",
        "tests": "part_no,serial,outcome\nPUMP,SN-1,failed\n",
    }
    shop.units(shop.pump, "SN-1")
    lot = shop.lot(shop.resin, "R-1")
    loaded = {kind: load(kind, text) for kind, text in files.items()}
    with pytest.raises(BatchInUse), shop.db.begin_nested():
        take_back(loaded["orders"])  # something was received against them
    for kind in ("tests", "receipts", "orders", "contacts"):
        take_back(loaded[kind])

    assert (find.resolve(shop.db, "B-1"), shop.stock(lot)) == ([], [])
    assert shop.db.scalars(select(RecallContact)).all() == []
    again = {kind: load(kind, text) for kind, text in files.items()}
    assert {batch.counts["loaded"] for batch in again.values()} == {1, 2}


# --- documents of partners -------------------------------------------------------------------


def document(*bodies, **around):
    return json.dumps(
        {
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-03-02T08:00:00Z",
            "epcisBody": {"eventList": list(bodies)},
            **around,
        }
    )


@pytest.fixture
def shop_here(shop):
    shop.db.info["site_url"] = SITE
    shop.later(days=1)  # when partners tell what happened
    return shop


def commissioned(shop, *serials, number=1):
    return seen(
        serials,
        step="commissioning",
        action="ADD",
        number=number,
        bizLocation=own_place(shop.store),
    )


def test_a_partners_document_is_checked_shown_loaded_and_told_again(shop_here, check, codes):
    shop = shop_here
    batch = check(
        "epcis",
        document(
            commissioned(shop, "P-1"),
            seen(["P-1"], number=2, eventTime="yesterday"),
            seen(["P-1"], number=3),
            seen(["P-1"], number=3),
        ),
        source="partner",
    )
    assert [code for _, _, code in codes(batch)] == ["not_epcis"] * len(codes(batch))
    assert {line for line, _, _ in codes(batch)} == {2}
    assert intake.counts_of(batch).new == 2
    assert shop.db.scalars(select(EpcisEvent)).all() == []

    intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)
    [unit] = find.resolve(shop.db, "P-1")
    taken = one(shop, EpcisCapture)
    assert (taken.captured_count, taken.sha256) == (2, batch.file_sha256)
    assert len(events.query(shop.db, asked_of([("MATCH_epc", names.link_of(GTIN, serial="P-1"))])
                            ).events) == 2  # fmt: skip
    lines = shop.db.execute(
        select(ImportLine.line, EpcisEvent.event_id)
        .join(EpcisEvent, EpcisEvent.id == ImportLine.entity_id)
        .order_by(ImportLine.line)
    ).all()
    assert [line for line, _ in lines] == [1, 3, 4]
    told = select(EventLink.event_id).where(EventLink.unit_id == unit.id)
    assert set(shop.db.scalars(told)) == {event_id for _, event_id in lines if event_id}

    [waits] = quarantine.waiting(shop.db, batch.id)
    fixed = waits.cells["event"].replace("yesterday", "2026-03-01T10:00:00Z")
    quarantine.correct_row(shop.db, batch.id, 2, {"event": fixed}, **shop.how)
    intake.rerun(shop.db, batch.id, **shop.how)
    assert (batch.problem_count, len(shop.db.scalars(select(EpcisEvent)).all())) == (0, 3)


def test_an_event_that_cannot_have_happened_then_waits(shop_here, check, codes):
    times = ("2040-01-01T00:00:00Z", "1949-12-31T23:00:00Z", "9999-12-31T23:59:59-14:00")
    bodies = [seen(["P-1"], number=n, eventTime=when) for n, when in enumerate(times, start=1)]
    waiting = [(line, code) for line, _, code in codes(check("epcis", document(*bodies)))]
    assert waiting == [(1, "in_future"), (2, "long_ago"), (3, "in_future")]


def test_an_event_captured_before_is_the_same_and_one_told_otherwise_waits(
    shop_here, load, check, codes
):
    shop = shop_here
    load("epcis", document(commissioned(shop, "P-1")))
    batch = check(
        "epcis", document(commissioned(shop, "P-1"), commissioned(shop, "P-1", "P-2", number=1))
    )
    assert codes(batch) == [(2, "event", "differs")]
    assert intake.counts_of(batch).same == 1


def test_a_document_that_touches_a_protected_serial_needs_a_second_person(shop_here, check):
    shop = shop_here
    shop.units(shop.pump, "P-1", "P-2")
    priority.protect(shop.db, shop.pump.id, ["P-2"], **{**shop.how, "reason": "evidence"})
    batch = check("epcis", document(seen(["P-1", "P-2"])))
    with pytest.raises(SecondPersonNeeded):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)


def test_a_document_that_brings_a_protected_serial_needs_a_second_person(shop_here, check):
    shop = shop_here
    priority.protect(shop.db, shop.pump.id, ["P-2"], **{**shop.how, "reason": "evidence"})
    batch = check("epcis", document(commissioned(shop, "P-1", "P-2")))
    assert priority.touched(shop.db, batch.id) == [(1, "P-2", "evidence")]
    with pytest.raises(SecondPersonNeeded):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)


def test_a_document_that_ships_a_case_with_a_protected_serial_in_it_needs_a_second_person(
    shop_here, check
):
    shop = shop_here
    units = shop.units(shop.pump, "P-1", "P-2")
    packing.pack(shop.db, "376130321109103420", "case", packing.Load(units=units), **shop.how)
    priority.protect(shop.db, shop.pump.id, ["P-2"], **{**shop.how, "reason": "evidence"})
    body = {**seen(), "epcList": ["https://id.gs1.org/00/376130321109103420"]}
    assert [row[1] for row in priority.touched(shop.db, check("epcis", document(body)).id)] == [
        "P-2"
    ]


def test_a_file_may_not_take_out_of_the_record_what_who_loads_it_may_not(shop_here, check, people):
    shop = shop_here
    shop.units(shop.pump, "P-1")
    gone = seen(["P-1"], step="destroying", action="DELETE")
    batch = check("epcis", document(gone))
    how = {**shop.how, "by": people.administrator}
    with pytest.raises(NotAllowed):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **how)


def test_a_document_that_is_taken_back_is_told_no_more_and_may_come_again(
    shop_here, load, take_back
):
    shop = shop_here
    text = document(commissioned(shop, "P-1"), seen(["P-1"], number=2, step="inspecting"))
    take_back(load("epcis", text))
    asked = asked_of([("MATCH_epc", names.link_of(GTIN, serial="P-1"))])
    assert events.query(shop.db, asked).events == ()
    [unit] = find.resolve(shop.db, "P-1")
    assert shop.db.get_one(Unit, unit.id, populate_existing=True).custody == "never_existed"

    assert load("epcis", text).counts["loaded"] == 2
    assert len(events.query(shop.db, asked).events) == 2
    assert shop.db.get_one(Unit, unit.id, populate_existing=True).custody == "in_house"


@pytest.mark.parametrize("text", ["[]", "{}", '{"a": NaN}', "{", "code,kind\nS-1,supplier\n"])
def test_a_file_that_is_no_epcis_document_is_refused(receive, text):
    with pytest.raises(NoEpcisDocument):
        receive("epcis", text)
