"""What can never be: each rule of the store held by the database or by its command."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from engine.serials import build, contacts, flags, install, other_names, receive, ship, trace, use
from engine.serials.authorisations import authorise, authorised, end_authorisation
from engine.serials.build import ToBuild
from engine.serials.errors import (
    AlreadyInstalled,
    AuthorisationTaken,
    ContactEnded,
    EndsBeforeItBegins,
    Expired,
    FlagSeen,
    InsideItself,
    InstalledInside,
    NameTaken,
    NoteMissing,
    NotInside,
    OnHold,
    WhyMissing,
    WouldLoop,
)
from engine.serials.find import resolve
from engine.serials.install import Fitting
from engine.serials.models import (
    Edge,
    Event,
    EventFact,
    EventLink,
    Examination,
    Flag,
    Install,
    Lot,
    Packed,
    PurchaseLine,
    Unit,
    UnitInput,
    UnitLabel,
    UnitRoot,
)
from engine.serials.record import LotInput
from engine.serials.targets import HoldTarget


def rules(shop):
    return [flag.rule for flag in shop.db.scalars(select(Flag).order_by(Flag.id))]


def refused_by_the_database(db, statement):
    with pytest.raises(DBAPIError), db.begin_nested():
        db.execute(statement)


# --- what the database refuses ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (Event, "event_at"), (EventLink, "custody"), (EventFact, "value"), (Edge, "out"),
        (Install, "host_id"), (UnitInput, "lot_id"), (UnitLabel, "serial"),
        (Packed, "container_id"), (Examination, "outcome"), (PurchaseLine, "quantity"),
        (Flag, "rule"),
    ],
)  # fmt: skip
def test_what_was_recorded_is_never_changed_nor_deleted(table, column):
    from engine.db import _guards

    free = _guards[table.__tablename__]
    assert column not in free
    assert set(free) <= {"to_event_id", "never_event_id", "seen_at", "seen_by_id", "seen_note"}


def test_the_database_itself_keeps_events_edges_and_installs(shop):
    [board] = shop.units(shop.board, "PCB-1")
    made = shop.build(
        shop.pump, ToBuild("SN-1", ((board, None),)), inputs=[shop.lot(shop.resin, "R-1", 5)],
        facts={"equipment": ["G-1"]},
    )  # fmt: skip
    db = shop.db
    for table, column, value in (
        (Event, "reason", "x"), (EventLink, "custody", "unknown"), (EventFact, "value", "G-2"),
        (Edge, "qty", Decimal(9)), (Install, "host_id", board),
    ):  # fmt: skip
        refused_by_the_database(db, update(table).values({column: value}))
        refused_by_the_database(db, delete(table))
    db.execute(update(Install).values(to_event_id=made.event.id))  # this is what ends one


def test_a_part_has_one_open_install(shop):
    one, two, board = (*shop.units(shop.pump, "SN-1", "SN-2"), *shop.units(shop.board, "PCB-1"))
    install.install_units(shop.db, [Fitting(board, one)], **shop.how)
    event = shop.db.scalar(select(Install.from_event_id))
    row = {"child_id": board, "host_id": two, "from_event_id": event}
    refused_by_the_database(shop.db, insert(Install).values(row))
    with pytest.raises(AlreadyInstalled, match="SN-1"):
        install.install_units(shop.db, [Fitting(board, two)], **shop.how)
    assert shop.db.scalar(select(UnitRoot.root_id).where(UnitRoot.unit_id == board)) == one


def test_key_fields_are_fixed_once_released(shop):
    lot = shop.lot(shop.set, "S-1", 5)
    [pump] = shop.units(shop.pump, "SN-1")
    refused_by_the_database(shop.db, update(Unit).where(Unit.id == pump).values(serial="SN-2"))
    refused_by_the_database(shop.db, update(Lot).where(Lot.id == lot.id).values(lot_no="S-2"))
    refused_by_the_database(
        shop.db, update(Lot).where(Lot.id == lot.id).values(expires_on=date(2030, 1, 1))
    )


# --- what a command refuses, with its sentence and no change ---------------------------------


def test_what_was_made_of_it_does_not_go_into_it(shop):
    resin = shop.lot(shop.resin, "R-1", 9)
    body = shop.build_lot(shop.body, "B-1", 5, resin)
    before = shop.db.scalars(select(Edge.inp)).all()
    with pytest.raises(WouldLoop, match="R-1"):
        build.add_inputs(
            shop.db, resin.id, [LotInput(body.id)], location_id=shop.store.id, **shop.how
        )
    assert shop.db.scalars(select(Edge.inp)).all() == before
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    install.install_units(shop.db, [Fitting(one, two)], **shop.how)
    with pytest.raises(InsideItself):
        install.install_units(shop.db, [Fitting(two, one)], **shop.how)


def test_a_scrapped_unit_is_not_installed(shop):
    [pump], [board] = shop.units(shop.pump, "SN-1"), shop.units(shop.board, "PCB-1")
    shop.state.scrap(shop.db, units=[board], **shop.how)
    with pytest.raises(OnHold, match="scrap"):
        install.install_units(shop.db, [Fitting(board, pump)], **shop.how)
    assert shop.db.scalars(select(Install)).all() == []


def test_a_unit_inside_another_is_not_shipped_alone(shop):
    [pump], [board] = shop.units(shop.pump, "SN-1"), shop.units(shop.board, "PCB-1")
    install.install_units(shop.db, [Fitting(board, pump)], **shop.how)
    with pytest.raises(InstalledInside, match="SN-1"):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[board], **shop.how)
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[board], **shop.how)
    assert rules(shop) == ["inside_another"]


def test_an_expired_lot_is_not_used_and_not_shipped(shop):
    lot = shop.lot(shop.set, "S-1", 50, expires_on=date(2026, 3, 1))
    with pytest.raises(Expired, match="S-1"):
        shop.build(shop.pump, "SN-1", inputs=[lot])
    with pytest.raises(Expired, match="S-1"):
        ship.ship(
            shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 1)], **shop.how
        )
    assert [row.quantity for row in shop.stock(lot)] == [Decimal(50)]


def test_a_lot_is_good_on_its_last_day(shop):
    lot = shop.lot(shop.set, "S-1", 50, expires_on=date(2026, 3, 2))
    shop.build(shop.pump, "SN-1", inputs=[lot])


def test_a_part_out_of_another_device_is_not_said_to_have_been_replaced(shop):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    [board] = shop.units(shop.board, "PCB-1")
    install.install_units(shop.db, [Fitting(board, two)], **shop.how)
    visit = use.Visit("no flow", "replaced", "in_use")
    with pytest.raises(NotInside, match="PCB-1"):
        use.service(shop.db, one, visit, use.Exchange(removed=[board]), **shop.how)
    with pytest.raises(AlreadyInstalled, match="SN-2"):
        use.service(shop.db, one, visit, use.Exchange(fitted=[(board, None)]), **shop.how)


# --- what the world reports is recorded and flagged ------------------------------------------


def test_a_reported_use_of_what_was_held_or_expired_is_recorded_and_flagged(shop, hold):
    held = shop.lot(shop.resin, "R-1", 50)
    late = shop.lot(shop.body, "B-1", 50, expires_on=date(2026, 2, 1))
    hold(HoldTarget.lot(held.id))

    made = shop.build(shop.pump, "SN-1", inputs=[held, late], reported=True)

    assert sorted(rules(shop)) == ["expired_used", "held_used"]
    assert trace.contains(shop.db, lots=[held.id]).unit_ids == set(made.unit_ids)
    flag = shop.db.scalar(select(Flag).where(Flag.rule == "held_used"))
    assert (flag.lot_id, flag.facts) == (held.id, {"cases": ["NC-2026-0001"]})


def test_a_reported_shipment_of_what_was_held_expired_or_unreleased_is_flagged(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1", usability="unreleased")
    lot = shop.lot(shop.set, "S-1", 50, expires_on=date(2026, 2, 1))
    hold(HoldTarget.unit(pump))
    recorded = ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[pump], stock_parts=[shop.part_of(lot, 5)],
        **shop.how,
    )  # fmt: skip
    assert sorted(rules(shop)) == ["expired_shipped", "held_shipped", "not_usable"]
    assert shop.db.get(Unit, pump).custody == "at_consignee"
    assert len(recorded.breach_ids) == 1


def test_a_held_part_fitted_in_the_field_is_recorded_and_flagged(shop, hold):
    [old, new] = shop.units(shop.board, "PCB-1", "PCB-2")
    made = shop.build(shop.pump, ToBuild("SN-1", ((old, "J1"),)))
    [pump] = made.unit_ids
    gasket = shop.lot(shop.body, "B-1", 5)
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how)
    hold(HoldTarget.unit(new))

    recorded = use.service(
        shop.db, pump, use.Visit("no flow", "board replaced", "in_use"),
        use.Exchange([old], [(new, "J1")], [LotInput(gasket.id, Decimal(1))]),
        facts={"operator": ["J. Okafor"]}, **shop.later(days=30),
    )  # fmt: skip

    assert rules(shop) == ["held_installed"]
    states = {u: (shop.db.get(Unit, u).custody, shop.db.get(Unit, u).usability) for u in (old, new)}
    assert states == {
        old: ("at_consignee", "nonconforming"), new: ("at_consignee", "conforming")
    }  # fmt: skip
    roots = select(UnitRoot.root_id).where(UnitRoot.unit_id.in_([old, new]))
    assert shop.db.scalars(roots.order_by(UnitRoot.unit_id)).all() == [old, pump]
    assert pump in trace.contains(shop.db, units=[old]).unit_ids  # it ever contained it
    assert pump in trace.contains(shop.db, units=[new]).unit_ids
    assert pump in trace.contains(shop.db, lots=[gasket.id]).unit_ids
    assert recorded.event.payload["removed"] == ["PCB-1"]


def test_a_held_device_put_into_use_is_recorded_and_flagged_and_stays_the_consignees(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1")
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how)
    hold(HoldTarget.unit(pump))
    use.put_into_use(shop.db, [pump], location_id=shop.ward.id, **shop.later(days=1))
    assert rules(shop) == ["held_put_into_use"]
    assert shop.db.get(Unit, pump).custody == "at_consignee"


def test_more_consumed_than_received_is_warned_of_and_flagged(shop):
    lot = shop.lot(shop.resin, "R-1", 1)
    made = build.build_units(
        shop.db, shop.pump.id, ["SN-1"], location_id=shop.store.id,
        inputs=[LotInput(lot.id, Decimal(3))], **shop.how,
    )  # fmt: skip
    assert len(made.warnings) == 1
    assert rules(shop) == ["over_consumed"]


def test_a_flag_is_looked_at_once_and_with_a_note(shop, people):
    lot = shop.lot(shop.resin, "R-1", 1)
    shop.build(shop.pump, "SN-1", inputs=[lot])
    receive.receive_lot(shop.db, lot.id, Decimal(1), location_id=shop.store.id, **shop.how)
    build.build_units(
        shop.db, shop.pump.id, ["SN-2"], location_id=shop.store.id,
        inputs=[LotInput(lot.id, Decimal(5))], **shop.how,
    )  # fmt: skip
    [flag] = shop.db.scalars(select(Flag))
    who = {"by": people.qa_manager, "at": shop.how["at"]}
    with pytest.raises(NoteMissing):
        flags.see(shop.db, flag.id, note=" ", **who)
    flags.see(shop.db, flag.id, note="The receipt was booked late.", **who)
    with pytest.raises(FlagSeen):
        flags.see(shop.db, flag.id, note="again", **who)


# --- parties ---------------------------------------------------------------------------------


def test_a_contact_is_verified_until_its_address_changes(shop, people):
    contact = contacts.add_contact(
        shop.db, shop.hospital.id, role="recall", name="R. Shaw", channel="email",
        address="recall@stmary.example", language="en", **shop.how,
    )  # fmt: skip
    contacts.verify_contact(shop.db, contact.id, **shop.how)
    assert (contact.verified_at, contact.verified_by_id) == (shop.how["at"], people.warehouse.id)

    because = {**shop.how, "reason": "moved", "by": None}
    contacts.change_contact(shop.db, contact.id, {"language": "zh"}, **because)
    assert contact.verified_at is not None
    contacts.change_contact(shop.db, contact.id, {"address": "new@stmary.example"}, **because)
    assert contact.verified_at is None
    with pytest.raises(WhyMissing):
        contacts.end_contact(shop.db, contact.id, **shop.how)
    contacts.end_contact(shop.db, contact.id, **because)
    assert contacts.contacts_of(shop.db, shop.hospital.id) == []
    with pytest.raises(ContactEnded):
        contacts.verify_contact(shop.db, contact.id, **shop.how)


def test_leave_to_sell_ends_on_a_day_and_stays_for_what_was_sold_under_it(shop):
    row = authorise(
        shop.db, shop.pump.id, "US", licence_kind="510k", licence_no="K1", holder_id=shop.maker.id,
        valid_from=date(2026, 1, 1), **shop.how,
    )  # fmt: skip
    with pytest.raises(AuthorisationTaken):
        authorise(
            shop.db, shop.pump.id, "US", licence_kind="510k", licence_no="K1",
            holder_id=shop.maker.id, **shop.how,
        )  # fmt: skip
    because = {**shop.how, "reason": "not renewed", "by": None}
    with pytest.raises(EndsBeforeItBegins):
        end_authorisation(shop.db, row.id, valid_until=date(2025, 1, 1), **because)
    end_authorisation(shop.db, row.id, valid_until=date(2026, 6, 30), **because)
    assert authorised(shop.db, shop.pump.id, "US", date(2026, 6, 30)) == [row]
    assert authorised(shop.db, shop.pump.id, "US", date(2026, 7, 1)) == []


def test_a_unit_is_found_by_the_name_of_any_system_and_a_name_is_given_once(shop):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    for system, value in (("erp", "4711"), ("mes", "M-9"), ("wms", "W/3"), ("plm", "P.1")):
        other_names.name_also(shop.db, "unit", one, named_by=system, value=value, **shop.how)
        assert [match.unit_id for match in resolve(shop.db, value)] == [one]
    with pytest.raises(NameTaken, match="4711"):
        other_names.name_also(shop.db, "unit", two, named_by="erp", value="4711", **shop.how)
    other_names.name_also(shop.db, "unit", two, named_by="mes", value="4711", **shop.how)
    assert {match.unit_id for match in resolve(shop.db, "4711")} == {one, two}

    names = other_names.names_of(shop.db, "unit", one)
    assert [(row.source, row.value) for row in names] == [
        ("erp", "4711"), ("mes", "M-9"), ("plm", "P.1"), ("wms", "W/3"),
    ]  # fmt: skip
    with pytest.raises(WhyMissing):
        other_names.unname(shop.db, names[0].id, **shop.how)
    other_names.unname(shop.db, names[0].id, reason="of another unit", **shop.how)
    assert {match.unit_id for match in resolve(shop.db, "4711")} == {two}
