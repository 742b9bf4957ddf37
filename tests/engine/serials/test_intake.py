"""A file is loaded whole or not at all; every problem of every row is told."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from engine.serials import find, install, intake, ship
from engine.serials.dictionary import entities
from engine.serials.errors import BatchInUse
from engine.serials.install import Fitting
from engine.serials.models import Event, ImportBatch, ImportFile, Lot, Part, Party, Shipment, Unit


@pytest.fixture
def load(shop):
    def load(kind, text, **more):
        return intake.load_csv(
            shop.db, kind, text.encode(), file_name=f"{kind}.csv", **more, **shop.how
        )

    return load


def codes(result):
    return [(p.line, p.column, p.code) for p in result.problems]


def test_a_company_is_taken_in_from_seven_files(shop, load):
    files = {
        "parties": "code,kind,name,country\nS-9,supplier,Bolts,de\nC-9,consignee,Clinic,FR\n",
        "locations": "party;code;name;kind\nC-9;C-9-S;Store;consignee\n",
        "parts": "manufacturer,part_no,name,kind,control,di\n"
        "S-9,BOLT,Bolt,component,lot,\nS-9,DRILL,Drill,device,serial,00614141007349\n",
        "lots": "part_no,lot_no,expires_on\nBOLT,007,2027-01-31\n",
        "units": "part_no,serial,location,usability,received_on\n"
        "DRILL,0001,WH-1,conforming,2026-02-01\n",
        "stock": "part_no,lot_no,location,quantity\nBOLT,007,WH-1,12.5\n",
        "shipments": "document_no,to,shipped_on,part_no,serial,lot_no,quantity\n"
        "DN-1,C-9-S,2026-02-20,DRILL,0001,,\nDN-1,C-9-S,2026-02-20,BOLT,,007,2\n",
    }
    for kind, text in files.items():
        result = load(kind, text)
        assert result.problems == ()
        assert result.is_loaded

    [match] = find.resolve(shop.db, "0001")
    assert shop.db.get(Unit, match.id).custody == "at_consignee"
    assert shop.db.scalar(select(func.count()).select_from(Shipment)) == 1
    lot = shop.db.scalars(select(Lot).where(Lot.lot_no == "007")).one()
    assert sorted(r.quantity for r in shop.stock(lot)) == [Decimal(2), Decimal("10.5")]


def test_every_problem_of_every_row_is_told_and_nothing_is_loaded(shop, load):
    result = load(
        "units",
        "part_no,serial,location,usability\n"
        "PUMP,SN-1,WH-1,conforming\n"
        ",SN-2,NOWHERE,splendid\n"
        "PUMP,SN-1,WH-1,\n"
        "SET,SN-3,WH-1,\n",
    )

    assert set(codes(result)) == {
        (3, "usability", "not_a_choice"),
        (3, "part_no", "required"),
        (3, "location", "unknown_reference"),
        (4, "serial", "twice_in_file"),
        (5, "part_no", "wrong_control"),
    }
    assert not result.is_loaded
    assert shop.db.scalar(select(func.count()).select_from(Unit)) == 0
    assert "NOWHERE" in next(p for p in result.problems if p.column == "location").sentence


def test_a_quarantined_row_is_corrected_and_the_batch_run_again(shop, load):
    first = load("parties", "code,kind,name,gln\nC-7,consignee,Clinic,4000000000001\n")
    assert codes(first) == [(2, "gln", "wrong_check_digit")]
    intake.correct_row(shop.db, first.batch_id, 2, {"gln": "4000000000006"})

    again = intake.rerun(shop.db, first.batch_id, **shop.how)

    assert again.is_loaded
    assert shop.db.scalars(select(Party.gln).where(Party.code == "C-7")).one() == "4000000000006"
    assert shop.db.get(ImportFile, first.sha256).content.endswith(b"4000000000001\n")


def test_a_dry_run_keeps_nothing(shop, load):
    result = load("parties", "code,kind,name\nC-7,consignee,Clinic\n", dry_run=True)
    assert (result.new_count, result.batch_id) == (1, None)
    assert shop.db.scalar(select(func.count()).select_from(ImportBatch)) == 0


def test_a_row_that_is_there_already_is_left_alone_and_a_differing_one_is_a_problem(shop, load):
    same = load("parties", "code,kind,name\nC-1,consignee,St Mary\n")
    assert (same.new_count, same.known_count) == (0, 1)
    other = load("parties", "code,kind,name\nC-1,consignee,St Joseph\n")
    assert codes(other) == [(2, "name", "differs")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00", "not_text"),
        (b"code,kind,name\n", "empty"),
        (b"code,kind\nX,site\n", "missing_column"),
        (b"code,kind,name,hue\nX,site,X,red\n", "unknown_column"),
    ],
)
def test_a_file_that_is_no_table_of_ours_is_refused_whole(shop, content, code):
    result = intake.load_csv(shop.db, "parties", content, **shop.how)
    assert [p.code for p in result.problems] == [code]


def test_a_batch_is_taken_back_while_nothing_later_refers_to_it(shop, load):
    units = load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,WH-1\n")
    before = shop.db.scalar(select(func.count()).select_from(Event))

    intake.roll_back(shop.db, units.batch_id, **{**shop.how, "reason": "wrong file"})

    assert find.resolve(shop.db, "SN-1") == []
    assert shop.db.scalar(select(func.count()).select_from(Event)) == before + 1
    assert load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n").is_loaded


def test_a_batch_whose_units_went_on_is_not_taken_back(shop, load):
    load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n")
    boards = load("units", "part_no,serial,location\nPCBA,B-1,WH-1\n")
    [board], [pump] = find.resolve(shop.db, "B-1"), find.resolve(shop.db, "SN-1")
    install.install_units(shop.db, [Fitting(board.id, pump.id)], **shop.how)

    with pytest.raises(BatchInUse):
        intake.roll_back(shop.db, boards.batch_id, **shop.how)
    assert find.resolve(shop.db, "B-1")


def test_stock_that_was_shipped_is_not_taken_back_and_a_part_with_lots_neither(shop, load):
    parts = load("parts", "manufacturer,part_no,name,kind,control\nOWN,NUT,Nut,component,lot\n")
    load("lots", "part_no,lot_no\nNUT,N-1\n")
    stock = load("stock", "part_no,lot_no,location,quantity,usability\nNUT,N-1,WH-1,5,conforming\n")
    lot = shop.db.scalars(select(Lot).where(Lot.lot_no == "N-1")).one()
    ship.ship(shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 1)], **shop.how)
    for batch in (stock, parts):
        with pytest.raises(BatchInUse):
            intake.roll_back(shop.db, batch.batch_id, **shop.how)
    assert shop.db.scalars(select(Part).where(Part.part_no == "NUT")).one()


def test_the_dictionary_says_every_field_in_both_languages():
    for one in entities():
        for field in one.fields:
            assert field.label, one.name
            assert field.label_zh, one.name
            assert field.meaning, one.name
            assert field.changes in ("free", "release", "event", "never")
            assert field.type != "choice" or field.words
