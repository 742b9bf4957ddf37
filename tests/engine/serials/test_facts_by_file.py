"""Stock, shipments and installations of a file: many at once, and each as if it came alone."""

# ruff: noqa: F811  a fixture is found by its name

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.serials import intake, rebuild
from engine.serials.events import recording_sha256
from engine.serials.intake import priority
from engine.serials.models import (
    Event,
    EventLink,
    Flag,
    HoldBreach,
    Install,
    Shipment,
    ShipmentLine,
    Unit,
    UnitRoot,
)
from engine.serials.targets import HoldTarget
from tests.engine.serials.test_intake import (  # noqa: F401  fixtures are found by their names
    check,
    codes,
    count,
    info,
    load,
    receive,
    shop,
    told,
)

INSTALLED = "part_no,serial,host_part_no,host_serial,installed_on\n"
SHIPPED = "document_no,to,shipped_on,part_no,serial,lot_no,quantity\n"


def agrees(shop):
    return not rebuild.rebuild(shop.db, at=shop.how["at"], is_check=True).counts


def test_what_a_file_reports_is_one_recording_and_one_entry_of_the_ledger(shop, load):
    shop.lot(shop.resin, "R-1")
    before = len(told(shop, "events_recorded"))
    rows = "".join(f"RES,R-1,WH-1,{n},conforming\n" for n in range(1, 6))
    load("stock", "part_no,lot_no,location,quantity,usability\n" + rows)

    [entry] = told(shop, "events_recorded")[before:]
    recording = shop.db.scalars(select(Event.recording).where(Event.source == "erp")).all()
    assert (entry["count"], len(set(recording))) == (5, 1)
    assert entry["sha256"] == recording_sha256(shop.db, recording[0])
    lot = shop.stock(shop.lot(shop.resin, "R-1"))
    assert [one.quantity for one in lot] == [Decimal(15)]
    assert agrees(shop)


def test_a_shipment_that_breaks_no_rule_is_as_if_it_came_alone(shop, load):
    shop.lot(shop.set, "S-1", 9)
    board, *_ = shop.units(shop.board, "B-1")
    shop.units(shop.pump, "SN-1", "SN-2")
    load("installs", "part_no,serial,host_part_no,host_serial\nPCBA,B-1,PUMP,SN-1\n")
    shop.later(days=1)
    load(
        "shipments",
        SHIPPED + "DN-1,C-1-S,2026-03-02,PUMP,SN-1,,\n"
        "DN-1,C-1-S,2026-03-02,SET,,S-1,2\nDN-1,C-1-S,2026-03-02,SET,,S-1,1\n"
        "DN-2,C-1-S,2026-03-03,PUMP,SN-2,,\n",
    )
    rows = shop.db.scalars(select(Shipment).order_by(Shipment.document_no)).all()
    assert [one.document_no for one in rows] == ["DN-1", "DN-2"]
    lines = shop.db.scalars(select(ShipmentLine).filter_by(shipment_id=rows[0].id)).all()
    assert sorted(str(one.quantity) for one in lines) == ["3", "None"]
    carried = shop.db.scalars(
        select(EventLink).filter_by(unit_id=board, event_id=rows[0].event_id)
    ).one()
    assert carried.role == "carried"
    assert {one.custody for one in shop.db.scalars(select(Unit))} == {"at_consignee"}
    assert {one.quantity for one in shop.stock(shop.lot(shop.set, "S-1"))} == {
        Decimal(6), Decimal(3),
    }  # fmt: skip
    assert count(shop, Flag) == 0
    assert agrees(shop)


def test_a_shipment_that_breaks_a_rule_is_flagged_and_the_others_beside_it_are_not(shop, load):
    old = shop.lot(shop.pump, "OLD", expires_on=date(2026, 1, 1))
    shop.units(shop.pump, "SN-1", "SN-4")
    shop.units(shop.pump, "SN-2", usability="nonconforming")
    shop.units(shop.pump, "SN-3", lot=old)
    rows = "".join(f"DN-{n},C-1-S,2026-03-02,PUMP,SN-{n},,\n" for n in range(1, 5))
    shop.later(days=2)
    load("shipments", SHIPPED + rows + "DN-9,C-1-S,2026-03-04,PUMP,SN-4,,\n")

    flags = shop.db.execute(
        select(Flag.rule, Unit.serial).join(Unit, Unit.id == Flag.unit_id).order_by(Flag.rule)
    ).all()
    assert [tuple(one) for one in flags] == [("expired_shipped", "SN-3"), ("not_usable", "SN-2")]
    assert count(shop, Shipment) == 5
    assert agrees(shop)


@pytest.mark.parametrize(
    ("kind", "text", "column"),
    [("units", "part_no,serial,location,received_on\nPUMP,NEW,WH-1,2026-03-04\n", "received_on"),
     ("shipments", SHIPPED + "DN-1,C-1-S,2026-03-04,PUMP,SN-1,,\n", "shipped_on"),
     ("installs", INSTALLED + "PCBA,B-1,PUMP,SN-1,2026-03-04\n", "installed_on"),
     ("inputs", "part_no,lot_no,to_part_no,to_serial,used_on\nRES,R-1,PUMP,SN-1,2026-03-04\n",
      "used_on")],
)  # fmt: skip
def test_what_has_not_happened_yet_waits(shop, check, codes, kind, text, column):
    shop.units(shop.board, "B-1")
    shop.units(shop.pump, "SN-1")
    shop.lot(shop.resin, "R-1")
    assert codes(check(kind, text)) == [(2, column, "in_future")]


def test_what_happened_today_is_not_put_later_than_now(shop, load):
    load("units", "part_no,serial,location,received_on\nPUMP,NEW,WH-1,2026-03-02\n")
    event = shop.db.scalars(select(Event).where(Event.source == "erp")).one()
    assert event.event_at == shop.how["at"]


def test_a_lot_that_never_lay_in_house_waits_with_its_sentence(shop, check, codes):
    shop.lot(shop.set, "S-1")
    batch = check("shipments", SHIPPED + "DN-1,C-1-S,2026-03-02,SET,,S-1,2\n")
    assert codes(batch) == [(2, "lot_no", "no_stock")]


def test_what_is_built_in_one_file_has_the_root_of_the_outermost(shop, load):
    shop.units(shop.pump, "SN-1")
    shop.units(shop.board, "B-1", "B-2", "B-3")
    load(
        "installs",
        "part_no,serial,host_part_no,host_serial\n"
        "PCBA,B-3,PCBA,B-2\nPCBA,B-1,PUMP,SN-1\nPCBA,B-2,PCBA,B-1\n",
    )
    assert count(shop, Install) == 3
    assert len(set(shop.db.scalars(select(UnitRoot.root_id)))) == 1
    assert agrees(shop)


def test_a_held_unit_that_a_file_ships_is_a_breach(shop, hold, check, people):
    held, _ = shop.units(shop.pump, "SN-1", "SN-2")
    hold(HoldTarget.unit(held))
    batch = check(
        "shipments", SHIPPED + "A,C-1-S,2026-03-02,PUMP,SN-1,,\nB,C-1-S,2026-03-02,PUMP,SN-2,,\n"
    )
    shown = intake.shown(batch)
    priority.approve(shop.db, batch, shown, by=people.qa_manager, reason="seen", how=shop.how)
    intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    assert shop.db.scalars(select(HoldBreach.unit_id)).all() == [held]
    assert count(shop, Shipment) == 2
