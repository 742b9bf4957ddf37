"""Cases on pallets: what is inside goes where they go, and nothing is torn out unseen."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.serials import install, naming, packing, ship, stock
from engine.serials.errors import (
    ContainerKindDiffers,
    NotAnSscc,
    NothingPacked,
    NotInContainer,
    OnHold,
    PackedApart,
    PackedInside,
    StillPacked,
)
from engine.serials.install import Fitting
from engine.serials.models import Flag, Packed, ShipmentLine, Unit
from engine.serials.packed import contents_of
from engine.serials.packing import Load
from engine.serials.record import StockPart
from engine.serials.targets import HoldTarget

CASE, OTHER, PALLET = "376130321109103420", "376130321109103437", "376130321109103444"


@pytest.fixture
def pumps(shop):
    return shop.units(shop.pump, "SN-1", "SN-2", "SN-3")


def pack(shop, sscc, kind="case", **load):
    return packing.pack(shop.db, sscc, kind, Load(**load), **shop.how).facts["container_id"]


def test_shipping_a_pallet_ships_all_that_is_in_its_cases(shop, pumps):
    lot = shop.lot(shop.set, "S-1", 50)
    case = pack(shop, CASE, units=pumps[:2])
    other = pack(shop, OTHER, stock_parts=[StockPart(shop.stock(lot)[0].id, Decimal(12))])
    pallet = pack(shop, PALLET, "pallet", containers=[case, other], units=pumps[2:])

    recorded = packing.ship_containers(
        shop.db, [pallet], to_location_id=shop.ward.id, document_no="DN-1", **shop.how
    )

    assert {shop.db.get(Unit, one).custody for one in pumps} == {"in_transit"}
    away = {row.location_id: row.quantity for row in shop.stock(lot)}
    assert away == {shop.store.id: Decimal(38), shop.ward.id: Decimal(12)}
    lines = shop.db.scalars(select(ShipmentLine)).all()
    assert sorted((one.unit_id or 0, one.quantity) for one in lines) == [
        (0, Decimal(12)), *((one, None) for one in pumps)
    ]  # fmt: skip
    assert naming.concerned(shop.db, "sscc", PALLET).units == set(pumps)
    assert recorded.event.type == "shipped"
    assert contents_of(shop.db, [pallet]).containers == (case, other)


def test_one_held_unit_keeps_its_whole_pallet_here(shop, pumps, hold):
    pallet = pack(shop, PALLET, "pallet", containers=[pack(shop, CASE, units=pumps)])
    hold(HoldTarget.unit(pumps[1]))
    with pytest.raises(OnHold, match="SN-2"):
        packing.ship_containers(shop.db, [pallet], to_location_id=shop.ward.id, **shop.how)
    assert shop.db.get(Unit, pumps[0]).custody == "in_house"


def test_a_held_quantity_in_a_case_stays_under_its_hold(shop, hold):
    lot = shop.lot(shop.set, "S-1", 50)
    hold(HoldTarget.stock(shop.stock(lot)[0].id, Decimal(20)))
    [held] = [row for row in shop.stock(lot) if row.tranche_id]
    case = pack(shop, CASE, stock_parts=[StockPart(held.id, Decimal(5))])
    with pytest.raises(OnHold):
        packing.ship_containers(shop.db, [case], to_location_id=shop.ward.id, **shop.how)


def test_a_packed_unit_does_not_leave_or_go_into_another_without_its_case(shop, pumps):
    [board] = shop.units(shop.board, "PCB-1")
    pack(shop, CASE, units=[*pumps, board])
    with pytest.raises(StillPacked, match=CASE):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=pumps[:1], **shop.how)
    with pytest.raises(StillPacked, match="PCB-1"):
        install.install_units(shop.db, [Fitting(board, pumps[0])], **shop.how)
    assert shop.db.get(Unit, pumps[0]).custody == "in_house"


def test_a_unit_reported_gone_from_its_case_is_recorded_and_flagged(shop, pumps):
    case = pack(shop, CASE, units=pumps)
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=pumps[:1], **shop.how)
    assert contents_of(shop.db, [case]).units == tuple(pumps[1:])
    [flag] = shop.db.scalars(select(Flag))
    assert (flag.rule, flag.unit_id, flag.facts) == ("packed_elsewhere", pumps[0], {"sscc": CASE})


def test_what_is_taken_out_is_free_and_what_is_not_in_there_is_not_taken_out(shop, pumps):
    case = pack(shop, CASE, units=pumps[:2])
    packing.unpack(shop.db, case, units=pumps[:1], **shop.how)
    ship.ship(shop.db, to_location_id=shop.ward.id, units=pumps[:1], **shop.how)
    with pytest.raises(NotInContainer, match=CASE):
        packing.unpack(shop.db, case, units=pumps[2:], **shop.how)
    packing.unpack(shop.db, case, **shop.how)
    assert contents_of(shop.db, [case]).units == ()
    with pytest.raises(NotInContainer):
        packing.unpack(shop.db, case, **shop.how)
    with pytest.raises(NothingPacked):
        packing.ship_containers(shop.db, [case], to_location_id=shop.ward.id, **shop.how)


def test_a_unit_is_in_one_case_and_a_pallet_not_in_itself(shop, pumps):
    case = pack(shop, CASE, units=pumps[:1])
    pallet = pack(shop, PALLET, "pallet", containers=[case])
    with pytest.raises(PackedInside, match="SN-1"):
        pack(shop, OTHER, units=pumps[:1])
    with pytest.raises(PackedInside):
        pack(shop, OTHER, containers=[case])
    with pytest.raises(PackedInside):
        pack(shop, CASE, containers=[pallet])


def test_what_lies_in_two_places_is_not_packed_together(shop, pumps):
    shop.state.move(shop.db, units=pumps[:1], location_id=shop.cage.id, **shop.how)
    with pytest.raises(PackedApart):
        pack(shop, CASE, units=pumps)
    case = pack(shop, CASE, units=pumps[1:2])
    with pytest.raises(PackedApart):
        pack(shop, CASE, units=pumps[:1])
    assert contents_of(shop.db, [case]).units == (pumps[1],)


@pytest.mark.parametrize("text", ["376130321109103421", "3761303211091034", "CASE-1", ""])
def test_a_wrong_sscc_is_said_before_anything_is_packed(shop, pumps, text):
    with pytest.raises(NotAnSscc):
        pack(shop, text, units=pumps)
    assert shop.db.scalars(select(Packed)).all() == []


@pytest.mark.parametrize("text", [f"(00){CASE}", f"00{CASE}", f" {CASE} "])
def test_a_scanned_label_is_the_sscc_on_it(text):
    assert packing.sscc_of(text) == CASE


def test_a_case_is_not_a_pallet(shop, pumps):
    pack(shop, CASE, units=pumps[:1])
    with pytest.raises(ContainerKindDiffers):
        pack(shop, CASE, "pallet", units=pumps[1:])
    with pytest.raises(NothingPacked):
        pack(shop, OTHER)


def test_packing_moves_no_quantity(shop):
    lot = shop.lot(shop.set, "S-1", 50)
    pack(shop, CASE, stock_parts=[StockPart(shop.stock(lot)[0].id, Decimal(12))])
    assert sum(row.quantity for row in stock.rows_of(shop.db, [lot.id])) == Decimal(50)


def test_what_comes_back_alone_is_out_of_its_case(shop, pumps):
    case = pack(shop, CASE, units=pumps)
    packing.ship_containers(shop.db, [case], to_location_id=shop.ward.id, **shop.how)
    ship.receive_return(shop.db, location_id=shop.cage.id, units=pumps[:1], **shop.how)
    assert contents_of(shop.db, [case]).units == tuple(pumps[1:])


@pytest.mark.parametrize("command", ["ship", "report_shipment"])
def test_the_one_unit_of_a_case_that_leaves_without_naming_the_case_is_flagged(
    shop, pumps, command
):
    case = pack(shop, CASE, units=pumps[:1])
    how = {**shop.how, "to_location_id": shop.ward.id}
    getattr(ship, command)(shop.db, units=pumps[:1], **how)
    [flag] = shop.db.scalars(select(Flag))
    assert (flag.rule, flag.unit_id, flag.facts) == ("packed_elsewhere", pumps[0], {"sscc": CASE})
    assert contents_of(shop.db, [case]).units == ()


def test_the_one_unit_of_a_case_leaves_in_it_where_the_case_or_its_pallet_is_named(shop, pumps):
    case = pack(shop, CASE, units=pumps[:1])
    pallet = pack(shop, PALLET, "pallet", containers=[case])
    packing.ship_containers(shop.db, [pallet], to_location_id=shop.ward.id, **shop.how)
    assert shop.db.scalars(select(Flag)).all() == []
    assert contents_of(shop.db, [pallet]).units == (pumps[0],)
