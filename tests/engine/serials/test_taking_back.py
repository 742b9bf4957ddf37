"""A batch is taken back while nothing later refers to any row of it; else it says which line."""

# ruff: noqa: F811  a fixture is found by its name

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from engine.serials import correct, find, holds, intake, rebuild, ship, trace
from engine.serials.errors import (
    BatchInUse,
    NothingToCompensate,
    NotTakenBack,
    OnHold,
    StoreChanged,
)
from engine.serials.events import recording_sha256
from engine.serials.intake import legacy, priority, quarantine
from engine.serials.intake.used import references
from engine.serials.models import (
    Edge,
    Event,
    EventLink,
    HoldBreach,
    ImportLine,
    LegacyCase,
    Lot,
    Unit,
)
from engine.serials.other_names import name_also
from engine.serials.targets import HoldTarget
from engine.serials.trace.seeds import Seeds
from tests.engine.serials.test_intake import (  # noqa: F401  fixtures are found by their names
    CASES,
    check,
    info,
    load,
    receive,
    shop,
    told,
)
from tests.support.schema import load_models

UNITS = "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,WH-1\n"


@pytest.fixture
def taken_back(shop):
    def taken_back(batch):
        return intake.roll_back(shop.db, batch.id, **{**shop.how, "reason": "wrong file"})

    return taken_back


@pytest.fixture
def refused(shop, taken_back):
    def refused(batch, line=2):
        with pytest.raises(BatchInUse, match=f"Line {line} "), shop.db.begin_nested():
            taken_back(batch)
        assert batch.state == "loaded"

    return refused


def the_unit(shop, serial="SN-1"):
    return shop.db.scalars(select(Unit).where(Unit.serial == serial)).one()


# --- what refers to a unit -------------------------------------------------------------------


def test_a_unit_that_went_on_before_the_quarantined_rows_were_run_again_stays(shop, load, refused):
    batch = load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,WH-9\n")
    ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[the_unit(shop).id], **shop.how
    )
    quarantine.correct_row(shop.db, batch.id, 3, {"location": "WH-1"}, **shop.how)
    intake.rerun(shop.db, batch.id, **shop.how)

    refused(batch)
    assert find.resolve(shop.db, "SN-1")


def is_named_by_erp(shop, load):
    name_also(shop.db, "unit", the_unit(shop).id, named_by="erp", value="E-1", **shop.how)


def was_traced(shop, load):
    seeds = Seeds(units=frozenset({the_unit(shop).id}))
    trace.run(shop.db, seeds, expression={}, by=None, at=shop.how["at"])


def is_of_a_lot_on_hold(shop, load):
    lot = shop.lot(shop.pump, "L-1")
    the_unit(shop).lot_id = lot.id
    holds.place(
        shop.db,
        stream="case:NC-1",
        case_number="NC-1",
        reason="cracked",
        basis="test",
        target=HoldTarget.lot(lot.id),
        by=None,
        at=shop.how["at"],
    )


def is_in_an_old_case(shop, load):
    shop.db.execute(
        insert(LegacyCase),
        [
            {
                "source": "old",
                "number": "1",
                "title": "Cracked",
                "state": "closed",
                "opened_on": date(2024, 1, 1),
                "unit_id": the_unit(shop).id,
                "at": shop.how["at"],
            }
        ],
    )


def came_from_another_system_too(shop, load):
    load("units", UNITS, source="mes")


@pytest.mark.parametrize(
    "what",
    [
        is_named_by_erp,
        was_traced,
        is_of_a_lot_on_hold,
        is_in_an_old_case,
        came_from_another_system_too,
    ],
)
def test_a_unit_that_anything_later_refers_to_stays(shop, load, refused, what):
    batch = load("units", UNITS)
    what(shop, load)

    refused(batch)
    assert find.resolve(shop.db, "SN-1")


def test_every_table_that_names_a_unit_is_asked(shop):
    load_models()
    asked = {f"{one.column.table.name}.{one.column.name}" for one in references("unit")}
    assert asked >= {
        "case_subject.unit_id", "disposition_line_part.unit_id", "event_link.unit_id",
        "external_id.entity_id", "field_change.entity_id", "flag.unit_id", "hold_breach.unit_id",
        "hold_exemption.target_id", "hold_target.target_id", "install.child_id", "install.host_id",
        "legacy_case.unit_id", "packed.unit_id", "posting.unit_id", "shipment_line.unit_id",
        "trace_run_unit.unit_id", "unit_input.unit_id", "unit_label.unit_id",
    }  # fmt: skip


def test_a_unit_that_was_told_its_lot_and_went_on_keeps_it(shop, load, refused):
    shop.lot(shop.pump, "L-1")
    load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n")
    batch = load("units", "part_no,serial,lot_no,location\nPUMP,SN-1,L-1,WH-1\n", source="mes")
    ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[the_unit(shop).id], **shop.how
    )
    refused(batch)
    assert the_unit(shop).lot_id


# --- what is taken back ----------------------------------------------------------------------


def test_what_is_taken_back_is_one_recording_that_the_ledger_names(shop, load, taken_back):
    batch = load("units", UNITS)
    taken_back(batch)

    struck = shop.db.scalars(select(Event).where(Event.type == "did_not_occur")).one()
    sealed = told(shop, "events_recorded")[-1]["sha256"]
    assert sealed == recording_sha256(shop.db, struck.recording)
    links = shop.db.scalars(select(EventLink).where(EventLink.event_id == struck.id)).all()
    assert [(one.role, one.custody) for one in links] == [("subject", "never_existed")] * 2


def test_stock_is_taken_back_whole_or_not_at_all(shop, load, taken_back, refused):
    lot = shop.lot(shop.resin, "R-1")
    head = "part_no,lot_no,location,quantity\n"
    twice = load("stock", head + "RES,R-1,WH-1,5\nRES,R-1,WH-1,6\n")
    other = load("stock", head + "RES,R-1,L-1,7\n")
    ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 4)], **shop.how
    )

    refused(twice)  # seven are left: enough for either line, not for both
    taken_back(other)
    left = [(one.quantity, one.location_id) for one in shop.stock(lot, custody="in_house")]
    assert left == [(Decimal(7), shop.store.id)]
    assert not rebuild.rebuild(shop.db, at=shop.how["at"], is_check=True).counts


def test_cases_that_came_by_mistake_are_taken_back_and_one_that_goes_on_is_not(
    shop,
    check,
    people,
    taken_back,
    refused,
):
    shop.units(shop.pump, "SN-1")
    batch = check("cases", CASES, source="oldqms")
    shown = intake.shown(batch)
    priority.approve(shop.db, batch, shown, by=people.qa_manager, reason="seen", how=shop.how)
    intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    with shop.db.begin_nested() as undone:
        [[one], _] = legacy.found(shop.db, "QN-2")
        legacy.go_on_as(shop.db, one.id, "NC-2026-0001", **shop.how)
        refused(batch, line=3)
        undone.rollback()

    taken_back(batch)
    assert legacy.found(shop.db, "QN")[1] == 0


# --- what the engine refuses -----------------------------------------------------------------

INPUTS = "part_no,lot_no,to_part_no,to_lot_no,used_on\nRES,R-1,BODY,B-1,2026-03-01\n"


def test_an_input_that_a_person_corrected_is_not_taken_back(shop, load, refused):
    load("lots", "part_no,lot_no\nRES,R-1\nBODY,B-1\n")
    batch = load("inputs", INPUTS)
    event_id = shop.db.scalars(select(ImportLine.event_id).filter_by(batch_id=batch.id)).one()
    correct.withdraw(shop.db, event_id, **{**shop.how, "reason": "typo"})

    refused(batch)
    with pytest.raises(NothingToCompensate):
        intake.compensate(shop.db, batch.id, **{**shop.how, "reason": "wrong"})


def test_what_went_into_a_lot_that_was_used_since_is_corrected_by_events(shop, load, refused):
    load("lots", "part_no,lot_no\nRES,R-1\nBODY,B-1\n")
    batch = load("inputs", INPUTS)
    made = shop.db.scalars(select(Lot).where(Lot.lot_no == "B-1")).one()
    shop.build(shop.pump, "SN-1", inputs=[made])

    refused(batch)
    intake.compensate(shop.db, batch.id, **{**shop.how, "reason": "wrong lot"})
    assert shop.db.scalars(select(Edge).where(Edge.out == made.id)).one().never_event_id


def test_why_an_event_cannot_be_withdrawn_is_said_with_its_line(shop, load):
    shop.lot(shop.resin, "R-1")
    body = shop.build_lot(shop.body, "B-1", 5)
    built = shop.db.scalars(select(Event).where(Event.type == "built")).one()
    shop.build_lot(shop.set, "S-1", 1, body)
    batch = load("inputs", INPUTS.replace("BODY,B-1", "SET,S-1"))
    lines = select(ImportLine).filter_by(batch_id=batch.id)
    shop.db.scalars(lines).one().event_id = built.id  # as if a file had made the lot

    with pytest.raises(NotTakenBack, match=r"B-1 has gone on since .* line 2 "):
        intake.compensate(shop.db, batch.id, **{**shop.how, "reason": "wrong"})


# --- what did not come after all, and comes again ------------------------------------------------


def test_what_was_taken_back_by_events_is_imported_again_and_taken_back_again(
    shop, load, taken_back, refused
):
    first = load("units", "part_no,serial,location,usability\nPUMP,SN-1,WH-1,conforming\n")
    unit = the_unit(shop)
    holds.place(
        shop.db, stream="case:NC-1", case_number="NC-1", reason="cracked", basis="found",
        target=HoldTarget.unit(unit.id), **shop.how,
    )  # fmt: skip
    refused(first)
    intake.compensate(shop.db, first.id, **{**shop.how, "reason": "another delivery"})
    assert unit.custody == "never_existed"
    lot = shop.lot(shop.pump, "L-1")
    shop.later(hours=1)

    content = "part_no,serial,location,lot_no\nPUMP,SN-1,Q-1,L-1\nPUMP,SN-2,Q-1,L-1\n"
    again = load("units", content)

    assert (again.problem_count, again.counts["loaded"]) == (0, 2)
    shop.db.expire_all()
    assert the_unit(shop).id == unit.id
    assert (unit.custody, unit.lot_id, unit.location_id) == ("in_house", lot.id, shop.cage.id)
    assert trace.contains(shop.db, lots=[lot.id]).unit_ids == {unit.id, the_unit(shop, "SN-2").id}
    with pytest.raises(OnHold):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[unit.id], **shop.how)
    assert not shop.db.scalars(select(HoldBreach)).all()
    assert not rebuild.rebuild(shop.db, at=shop.how["at"], is_check=True).counts

    shop.later(hours=1)
    taken_back(again)
    shop.db.expire_all()
    assert the_unit(shop).custody == "never_existed"
    assert find.resolve(shop.db, "SN-2") == []
    assert not rebuild.rebuild(shop.db, at=shop.how["at"], is_check=True).counts
    assert load("units", content).counts["loaded"] == 2


def test_what_never_came_is_received_against_an_order_by_file(shop, load, taken_back):
    [unit] = shop.units(shop.pump, "SN-1")
    made = shop.db.scalars(select(EventLink.event_id)).one()
    correct.withdraw(shop.db, made, **{**shop.later(hours=1), "reason": "another delivery"})
    load("orders", "order_no,supplier,part_no,quantity\nPO-1,S-1,PUMP,2\n")
    came = "order_no,part_no,serial,location\nPO-1,PUMP,SN-1,WH-1\nPO-1,PUMP,SN-2,WH-1\n"

    receipts = load("receipts", came)
    assert (receipts.problem_count, the_unit(shop).custody) == (0, "in_house")
    shop.later(hours=1)
    taken_back(receipts)
    shop.db.expire_all()
    assert (the_unit(shop).id, the_unit(shop).custody) == (unit, "never_existed")
    assert find.resolve(shop.db, "SN-2") == []


def test_what_was_recorded_since_the_check_does_not_come_again(shop, check):
    shop.units(shop.pump, "SN-1")
    made = shop.db.scalars(select(EventLink.event_id)).one()
    correct.withdraw(shop.db, made, **{**shop.later(hours=1), "reason": "another delivery"})
    batch = check("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n")
    shop.units(shop.pump, "SN-1")
    with pytest.raises(StoreChanged):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)
