"""A file is kept, checked and loaded; every problem of every row is told; corrections are kept."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from sqlalchemy import func, select

from engine.evidence.ledger import LedgerEntry
from engine.evidence.store import DocumentStore
from engine.serials import find, install, intake, ship, trace
from engine.serials.errors import (
    BatchInUse,
    ContinuedAlready,
    EncodingUnclear,
    FileChanged,
    FileHasNoRows,
    HistoryNeedsSecond,
    LineTooLong,
    MappingIncomplete,
    NotChecked,
    NotOpenThere,
    NotTakenBack,
    NotThisEncoding,
    QuoteNotClosed,
    RowCorrected,
    SamePerson,
    SecondPersonNeeded,
    SheetUnreadable,
    StoreChanged,
    TakenInBefore,
    WorkbookTooLarge,
    WorkbookTooWide,
)
from engine.serials.events import recording_sha256
from engine.serials.install import Fitting
from engine.serials.intake import legacy, mappings, priority, quarantine
from engine.serials.intake.changes import changes
from engine.serials.intake.mappings import Reading
from engine.serials.intake.taking_back import came_with
from engine.serials.models import (
    Edge,
    Event,
    ExternalId,
    Flag,
    HoldBreach,
    ImportBatch,
    ImportCorrection,
    ImportLine,
    ImportRow,
    Install,
    Lot,
    LotStock,
    Part,
    Party,
    Shipment,
    Unit,
    UnitRoot,
)
from engine.serials.targets import HoldTarget
from engine.serials.units import open_hosts
from tests.support.at_once import at_once
from tests.support.shop import NOW, Shop


@pytest.fixture
def info(tmp_path):
    return {"documents": DocumentStore(tmp_path / "documents")}


@pytest.fixture
def shop(shop, people):
    shop.how = {**shop.how, "by": people.qa_engineer}  # who may take in files
    return shop


@pytest.fixture
def receive(shop, tmp_path):
    def receive(kind, content, source="erp", **more):
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        how = {**shop.how, **more.pop("how", {})}
        return intake.receive(
            shop.db, kind, path, file_name=path.name, system=source, **more, **how
        )

    return receive


@pytest.fixture
def check(shop, receive):
    def check(kind, content, **more):
        batch = receive(kind, content, **more)
        intake.check_here(shop.db, batch.id, **shop.how)
        return batch

    return check


@pytest.fixture
def load(shop, check):
    def load(kind, content, **more):
        batch = check(kind, content, **more)
        return intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)

    return load


@pytest.fixture
def codes(shop):
    def codes(batch):
        return [(p.line, p.column, p.code) for p in intake.problems(shop.db, batch.id)]

    return codes


def count(shop, model):
    return shop.db.scalar(select(func.count()).select_from(model))


def told(shop, action):
    rows = select(LedgerEntry).where(LedgerEntry.action == action).order_by(LedgerEntry.id)
    return [one.body for one in shop.db.scalars(rows)]


# --- the whole of a company ------------------------------------------------------------------


def test_a_company_is_taken_in_from_its_files(shop, load):
    files = {
        "parties": "code,kind,name,country\nS-9,supplier,Bolts,de\nC-9,consignee,Clinic,FR\n",
        "contacts": "party,role,name,channel,address,language,verified_on\n"
        "C-9,recall,Dr Roy,email,roy@clinic.example,fr,2026-02-01\n",
        "locations": "party;code;name;kind\nC-9;C-9-S;Store;consignee\n",
        "parts": "manufacturer,part_no,name,kind,control,di\n"
        "S-9,BOLT,Bolt,component,lot,\nS-9,DRILL,Drill,device,serial,00614141007349\n"
        "S-9,MOTOR,Motor,component,serial,\n",
        "lots": "part_no,lot_no,expires_on\nBOLT,007,2027-01-31\n",
        "units": "part_no,serial,location,usability,received_on\n"
        "DRILL,0001,WH-1,conforming,2026-02-01\nMOTOR,M-1,WH-1,conforming,2026-02-01\n",
        "orders": "EBELN,EBELP,LIFNR,MATNR,MENGE,NETPR,WAERS\n4500,10,S-9,BOLT,100,0.25,eur\n",
        "receipts": "EBELN,EBELP,MATNR,CHARG,MENGE,LGORT\n4500,10,BOLT,007,100,WH-1\n",
        "stock": "part_no,lot_no,location,quantity\nBOLT,007,WH-1,12.5\n",
        "inputs": "part_no,lot_no,to_part_no,to_serial,to_lot_no,quantity,used_on\n"
        "BOLT,007,DRILL,0001,,4,2026-02-02\n",
        "installs": "child_part,child_serial,parent_part,parent_serial,ref_des,built_on\n"
        "MOTOR,M-1,DRILL,0001,X1,2026-02-03\n",
        "tests": "part_no,serial,outcome,equipment,characteristic,value,lower,upper\n"
        "DRILL,0001,passed,RIG-1,torque,2.5,2,3\n",
        "shipments": "document_no,to,shipped_on,part_no,serial,lot_no,quantity\n"
        "DN-1,C-9-S,2026-02-20,DRILL,0001,,\nDN-1,C-9-S,2026-02-20,BOLT,,007,2\n",
        "names": "system,value,entity,part_no,serial\nmes,EQ-77,unit,DRILL,0001\n",
    }
    assert [*files, "epcis", "cases"] == list(intake.KINDS)
    for kind, text in files.items():
        batch = load(kind, text)
        assert (batch.state, batch.problem_count) == ("loaded", 0), kind

    [match] = find.resolve(shop.db, "0001")
    assert shop.db.get(Unit, match.id).custody == "at_consignee"
    [motor] = find.resolve(shop.db, "M-1")
    assert shop.db.get(UnitRoot, motor.id).root_id == match.id
    assert shop.db.get(Unit, motor.id).custody == "at_consignee"
    assert count(shop, Shipment) == 1
    lot = shop.db.scalars(select(Lot).where(Lot.lot_no == "007")).one()
    assert sorted(r.quantity for r in shop.stock(lot)) == [Decimal(2), Decimal("110.5")]
    assert shop.db.scalars(select(ExternalId.entity_id)).one() == match.id


def test_sound_rows_are_loaded_and_the_others_wait_with_every_problem(shop, load, codes):
    batch = load(
        "units",
        "part_no,serial,location,usability\n"
        "PUMP,SN-1,WH-1,conforming\n"
        ",SN-2,NOWHERE,splendid\n"
        "PUMP,SN-3,WH-1,\n"
        "SET,SN-4,WH-1,\n",
    )

    assert codes(batch) == [
        (3, "usability", "not_a_choice"),
        (3, "part_no", "required"),
        (3, "location", "unknown_reference"),
        (5, "part_no", "wrong_control"),
    ]
    assert (batch.state, batch.problem_count, count(shop, Unit)) == ("loaded", 2, 2)
    assert "NOWHERE" in intake.problems(shop.db, batch.id)[2].sentence
    assert batch.counts["loaded"] == 2


def test_nothing_is_in_the_store_before_it_is_loaded(shop, check):
    batch = check("parties", "code,kind,name\nC-7,consignee,Clinic\n")
    assert intake.counts_of(batch).new == 1
    assert count(shop, Party) == 3


def test_units_that_came_alike_are_one_event_with_one_entry(shop, load):
    before = count(shop, Event)
    batch = load(
        "units",
        "part_no,serial,location,usability,received_on\n"
        "PUMP,SN-1,WH-1,conforming,2026-02-01\n"
        "PUMP,SN-2,WH-1,conforming,2026-02-01\n"
        "PUMP,SN-3,WH-1,unreleased,2026-02-01\n",
    )
    assert count(shop, Event) == before + 2
    entry = told(shop, "events_recorded")[-1]
    events = shop.db.scalars(select(Event).order_by(Event.id.desc()).limit(2)).all()
    assert entry["count"] == 2
    assert entry["sha256"] == recording_sha256(shop.db, events[0].recording)
    assert {event.payload["import"] for event in events} == {batch.id}
    [first] = find.resolve(shop.db, "SN-1")
    unit = shop.db.get(Unit, first.id)
    assert (unit.custody, unit.usability, unit.is_released) == ("in_house", "conforming", True)
    assert shop.db.get(UnitRoot, unit.id).root_id == unit.id
    assert shop.db.get_one(Part, shop.pump.id, populate_existing=True).is_released


# --- merge rules -----------------------------------------------------------------------------


def test_what_is_there_is_left_alone_gaps_are_filled_and_a_difference_waits(shop, load, codes):
    batch = load(
        "parties",
        "code,kind,name,country,email\n"
        "C-1,consignee,St Mary,,ward@example.org\n"
        "S-1,supplier,Resin Works,,\n"
        "OWN,site,Another name,CN,\n",
    )
    assert codes(batch) == [(4, "name", "differs")]
    assert (batch.counts["loaded"], batch.counts["same"]) == (1, 1)
    mary = shop.db.scalars(select(Party).where(Party.code == "C-1")).one()
    shop.db.refresh(mary)
    assert (mary.email, mary.country) == ("ward@example.org", "GB")


def test_a_row_twice_word_for_word_counts_once_and_with_other_facts_both_wait(shop, load, codes):
    batch = load(
        "units",
        "part_no,serial,location\n"
        "PUMP,SN-1,WH-1\n"
        "PUMP,SN-1,WH-1\n"
        "PUMP,sn-1,WH-1\n"
        "PUMP,01,WH-1\nPUMP,1,WH-1\n"
        "PUMP,SN-2,WH-1\n"
        "PUMP,SN-2,Q-1\n",
    )
    assert codes(batch) == [(7, "serial", "twice_in_file"), (8, "serial", "twice_in_file")]
    units = set(shop.db.scalars(select(Unit.serial)))
    assert units == {"SN-1", "sn-1", "01", "1"}, "case and zeros mean something"
    became = dict(
        shop.db.execute(
            select(ImportLine.line, ImportLine.entity_id).where(ImportLine.line.in_((2, 3)))
        ).all()
    )
    assert became[2] == became[3]
    lines = [*shop.db.scalars(select(ImportLine.line)), *shop.db.scalars(select(ImportRow.line))]
    assert sorted(lines) == list(range(2, 9)), "each line became a record or waits"
    assert [batch.counts[state] for state in ("loaded", "same", "quarantined")] == [4, 1, 2]


def test_a_unit_recorded_otherwise_waits_and_its_empty_lot_is_filled(shop, load, codes):
    lot = shop.lot(shop.pump, "L-1")
    shop.units(shop.pump, "SN-1", "SN-2", usability="unreleased")
    batch = load("units", "part_no,serial,lot_no,location\nPUMP,SN-1,L-1,WH-1\nPUMP,SN-2,L-1,Q-1\n")
    assert codes(batch) == [(3, "location", "differs")]
    [match] = find.resolve(shop.db, "SN-1")
    assert shop.db.get_one(Unit, match.id, populate_existing=True).lot_id == lot.id
    assert shop.db.get_one(UnitRoot, match.id, populate_existing=True).lot_id == lot.id


def test_a_lot_that_a_file_fills_in_is_an_event_until_the_file_is_taken_back(shop, load):
    lot = shop.lot(shop.pump, "L-1")
    shop.units(shop.pump, "SN-1", "SN-2", usability="unreleased")
    [first] = find.resolve(shop.db, "SN-1")
    before = trace.event_known_at(shop.db, shop.how["at"])
    batch = load("units", "part_no,serial,lot_no,location\nPUMP,SN-1,L-1,WH-1\n")
    filled = shop.db.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()

    def known(event_id):
        seeds = trace.Seeds(lots=frozenset([lot.id]))
        how = {"expression": {}, "by": None, "at": shop.how["at"]}
        kept = trace.run(shop.db, seeds, as_of=event_id, **how)
        return [one.unit_id for one in trace.every_unit(shop.db, kept.id)]

    assert (known(before), known(None)) == ([], [first.id])
    entry = told(shop, "events_recorded")[-1]
    assert entry["types"] == ["lot_added"]
    assert entry["sha256"] == recording_sha256(shop.db, filled.recording)

    intake.roll_back(shop.db, batch.id, reason="wrong file", **shop.later(hours=1))
    assert (known(None), known(filled.id)) == ([], [first.id])
    unit = shop.db.get_one(Unit, first.id, populate_existing=True)
    assert (unit.lot_id, shop.db.get_one(UnitRoot, first.id).lot_id) == (None, None)


def test_a_lot_that_a_file_fills_in_stays_once_its_unit_was_released(shop, load):
    shop.lot(shop.pump, "L-1")
    [unit] = shop.units(shop.pump, "SN-1", usability="unreleased")
    batch = load("units", "part_no,serial,lot_no,location\nPUMP,SN-1,L-1,WH-1\n")
    shop.state.release(shop.db, units=[unit], **shop.how)
    with pytest.raises(BatchInUse, match="Line 2"):
        intake.roll_back(shop.db, batch.id, reason="wrong file", **shop.how)
    with pytest.raises(NotTakenBack, match="SN-1"):
        intake.compensate(shop.db, batch.id, reason="wrong file", **shop.how)


def test_a_lot_recorded_since_the_check_is_not_written_over(shop, check):
    shop.lot(shop.pump, "L-1")
    [unit] = shop.units(shop.pump, "SN-1", usability="unreleased")
    batch = check("units", "part_no,serial,lot_no,location\nPUMP,SN-1,L-1,WH-1\n")
    shop.state.release(shop.db, units=[unit], **shop.how)
    with pytest.raises(StoreChanged):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)


def test_serials_are_trimmed_and_never_otherwise_changed(shop, load):
    load("units", "part_no,serial,location\nPUMP,  00Ab-1 ,WH-1\n")
    assert shop.db.scalars(select(Unit.serial)).one() == "00Ab-1"


@pytest.mark.parametrize(
    ("serial", "code"),
    [("A\u200bB", "odd_character"), ("A\x00B", "odd_character"), ("9" * 101, "too_long"),
     ("caf\ufffd", "odd_character")],
)  # fmt: skip
def test_a_number_no_label_carries_waits(check, codes, serial, code):
    batch = check("units", f"part_no,serial,location\nPUMP,{serial},WH-1\n")
    assert codes(batch) == [(2, "serial", code)]


@pytest.mark.parametrize(
    "serial",
    ["123456789012345678901", "SN 1", "ＳＮ-1", "SN€1", "SN#1"],
    ids=["too long", "space", "full width", "currency", "outside set 82"],
)
def test_a_serial_that_no_gs1_label_carries_waits(shop, check, codes, serial):
    content = f"part_no,serial,location\nPUMP,{serial},WH-1\nPUMP,SN-1,WH-1\nPCBA,{serial},WH-1\n"
    batch = check("units", content)
    assert codes(batch) == [(2, "serial", "no_gs1_serial")]
    [problem] = intake.problems(shop.db, batch.id)
    assert problem.sentence.startswith(f"“{serial}” fits no GS1 label")

    load_orders = check("orders", "order_no,supplier,part_no,quantity\nPO-1,S-1,PUMP,2\n")
    intake.load(shop.db, load_orders.id, was_shown=intake.shown(load_orders), **shop.how)
    came = f"order_no,part_no,serial,location\nPO-1,PUMP,{serial},WH-1\n"
    assert codes(check("receipts", came)) == [(2, "serial", "no_gs1_serial")]


@pytest.mark.parametrize("day", ["0001-01-01", "1949-12-31", "31.12.1949"])
def test_a_day_before_any_record_of_a_device_waits(check, codes, day):
    batch = check("units", f"part_no,serial,location,received_on\nPUMP,SN-1,WH-1,{day}\n")
    assert codes(batch) == [(2, "received_on", "long_ago")]


def test_the_same_stock_file_is_not_recorded_twice(shop, load, receive):
    shop.lot(shop.resin, "R-1")
    text = "part_no,lot_no,location,quantity\nRES,R-1,WH-1,5\n"
    first = load("stock", text)
    with pytest.raises(TakenInBefore):
        receive("stock", text)
    intake.roll_back(shop.db, first.id, **{**shop.how, "reason": "wrong file"})
    assert receive("stock", text).state == "received"


def test_what_would_be_inside_itself_or_elsewhere_waits(shop, check, codes):
    shop.units(shop.board, "B-1", "B-2")
    [pump, _] = shop.units(shop.pump, "SN-1", "SN-2")
    [board] = (m.id for m in find.resolve(shop.db, "B-1"))
    install.install_units(shop.db, [Fitting(board, pump)], **shop.how)
    batch = check(
        "installs",
        "part_no,serial,host_part_no,host_serial\n"
        "PCBA,B-1,PUMP,SN-1\nPCBA,B-1,PUMP,SN-2\nPCBA,B-2,PCBA,B-2\nPCBA,B-9,PUMP,SN-1\n",
    )
    assert codes(batch) == [
        (3, "host_serial", "already_in"),
        (4, "host_serial", "in_itself"),
        (5, "serial", "unknown_reference"),
    ]
    assert intake.counts_of(batch).same == 1


def test_lots_that_went_in_become_edges_of_the_trace(shop, load):
    body = shop.lot(shop.body, "B-1")
    resin = shop.lot(shop.resin, "R-1", 10)
    load("inputs", "part_no,lot_no,to_part_no,to_lot_no,quantity\nRES,R-1,BODY,B-1,3\n")
    edge = shop.db.scalars(select(Edge)).one()
    assert (edge.inp, edge.out, edge.qty) == (resin.id, body.id, Decimal(3))
    assert shop.stock(resin)[0].quantity == 10, "its stock came with a file of its own"


def test_what_a_file_says_went_in_though_held_or_expired_is_flagged(shop, load, hold):
    held = shop.lot(shop.resin, "R-1")
    old = shop.lot(shop.resin, "R-2", expires_on=date(2026, 1, 1))
    shop.lot(shop.body, "B-1")
    boards = shop.lot(shop.board, "L-1")
    shop.units(shop.pump, "SN-1")
    shop.units(shop.board, "PCB-1", lot=boards)
    hold(HoldTarget.lot(held.id))
    hold(HoldTarget.lot(boards.id))
    load(
        "inputs",
        "part_no,lot_no,to_part_no,to_serial,to_lot_no,quantity,used_on\n"
        "RES,R-1,PUMP,SN-1,,1,2026-02-01\nRES,R-2,BODY,,B-1,1,2026-02-02\n",
    )
    load(
        "installs",
        "child_part,child_serial,parent_part,parent_serial,ref_des,built_on\n"
        "PCBA,PCB-1,PUMP,SN-1,X1,2026-02-03\n",
    )
    flags = shop.db.execute(select(Flag.rule, Flag.lot_id).where(Flag.rule != "before_it_was"))
    assert {tuple(row) for row in flags} == {
        ("held_used", held.id), ("expired_used", old.id), ("held_installed", None),
    }  # fmt: skip


# --- encodings, separators, workbooks --------------------------------------------------------

TABLE = "part_no,serial,location\nPCBA,序号1,WH-1\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("gb18030"),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        TABLE.replace("\n", "\r\n").encode(),
    ],
    ids=["utf8", "bom", "utf16", "utf16le", "gb18030", "semicolons", "tabs", "crlf"],
)
def test_a_file_is_read_whatever_wrote_it(shop, load, content):
    load("units", content)
    assert shop.db.scalars(select(Unit.serial)).one() == "序号1"


def test_an_encoding_that_is_not_plain_is_asked_and_a_wrong_one_refused(shop, receive, load):
    content = "part_no,serial,location\nPCBA,Müller-1,WH-1\n".encode("cp1252")
    with pytest.raises(EncodingUnclear):
        receive("units", content)
    with pytest.raises(NotThisEncoding, match="UTF-8"):
        receive("units", content, encoding="utf-8")
    load("units", content, encoding="cp1252")
    assert shop.db.scalars(select(Unit.serial)).one() == "Müller-1"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", FileHasNoRows),
        (b"\n\n  \n", FileHasNoRows),
        (b"code,kind,name\nC-1,consignee," + b"x" * 10_000_000, LineTooLong),
        (b'code,kind,name\nC-1,consignee,"' + b"never closed\n" * 20_000, LineTooLong),
        (b'code,kind,name\nC-1,consignee,"St\nC-2,consignee,Two\n', QuoteNotClosed),
        (b"PK\x03\x04 no workbook", SheetUnreadable),
    ],
    ids=["empty", "blank", "10 MB line", "long quote", "open quote", "no workbook"],
)
def test_a_file_that_is_no_table_is_refused_with_its_sentence(check, content, refusal):
    with pytest.raises(refusal):
        check("parties", content)


def test_a_header_alone_is_no_file(shop, receive):
    batch = receive("parties", "code,kind,name\n")
    with pytest.raises(FileHasNoRows):
        intake.check_here(shop.db, batch.id, **shop.how)


def workbook(rows, *, formulas=(), merged=()):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell)
        for place, formula, value in formulas:
            sheet.write_formula(place, formula, None, value)
        for span, words in merged:
            sheet.merge_range(span, words)
    return out.getvalue()


def test_a_workbook_is_read_its_formulas_as_the_values_they_had(shop, load, codes):
    content = workbook(
        [
            ["Export of the ERP", "", ""],
            ["part_no", "serial", "location"],
            ["PUMP", "0007", "WH-1"],
            ["PUMP", "", "WH-1"],
            ["PUMP", 12345678901234567890, "WH-1"],
        ],
        formulas=[("B4", '=HYPERLINK("http://evil")', "SN-F")],
    )
    batch = load("units", content)
    assert set(shop.db.scalars(select(Unit.serial))) == {"0007", "SN-F"}
    assert codes(batch) == [(5, "serial", "number_rounded")]


def test_a_workbook_that_unpacks_too_far_is_refused_unread(receive):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\x00" * 50_000_000)
    with pytest.raises(WorkbookTooLarge):
        receive("units", bomb.getvalue())
    lying = bytearray(bomb.getvalue())
    at = lying.rindex(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (1_000).to_bytes(4, "little")  # declared, not real
    with pytest.raises(WorkbookTooLarge):
        receive("units", bytes(lying))


# --- mappings --------------------------------------------------------------------------------


def test_columns_are_guessed_from_what_systems_call_them(receive):
    batch = receive("units", "MATNR;Serial No;库位;nonsense\nPUMP;SN-1;WH-1;x\n")
    assert Reading.of(batch.mapping).columns == {0: "part_no", 1: "serial", 2: "location"}


def test_a_missing_column_is_told_before_anything_is_read(shop, receive):
    batch = receive("units", "hue,serial,location\nred,SN-1,WH-1\n")
    with pytest.raises(MappingIncomplete, match="Part number"):
        intake.check_here(shop.db, batch.id, **shop.how)


def test_headers_that_stand_there_twice_are_told(shop, receive, tmp_path):
    batch = receive("units", "part_no,serial,serial,location\nPUMP,SN-1,SN-2,WH-1\n")
    with (tmp_path / "units.csv").open("rb") as file:
        seen = mappings.preview(file, "units", Reading.of(batch.mapping))
    assert seen.twice == ("serial",)
    assert Reading.of(batch.mapping).columns == {0: "part_no", 1: "serial", 3: "location"}


def test_a_mapping_is_kept_for_the_next_file_of_its_source(shop, receive, check, codes):
    text = "Artikel-Code,Nr,Lager\nPUMP,SN-1,Werk 1\n"
    batch = receive("units", text)
    reading = Reading.of(
        {
            **batch.mapping,
            "columns": {"0": "part_no", "1": "serial", "2": "location"},
            "aliases": {"location": {"Werk 1": "WH-1"}},
        }
    )
    mappings.keep(shop.db, batch, reading, ["Artikel-Code", "Nr", "Lager"], shop.how)

    again = check("units", "Nr,Artikel-Code,Lager\nSN-2,PUMP,Werk 1\n")
    assert codes(again) == []
    assert intake.counts_of(again).new == 1
    assert Reading.of(receive("units", text, source="wms").mapping).columns == {}
    assert told(shop, "import_mapping_kept")[0]["source"] == "erp"


def test_a_date_that_can_be_two_days_is_asked_and_then_read(shop, check, codes):
    text = "part_no,serial,location,received_on\nPUMP,SN-1,WH-1,02/01/2026\n"
    batch = check("units", text)
    assert codes(batch) == [(2, "received_on", "ambiguous_date")]
    reading = Reading.of({**batch.mapping, "dates": {"received_on": "dmy"}})
    intake.read_as(shop.db, batch.id, reading, **shop.how)
    intake.check_here(shop.db, batch.id, **shop.how)
    assert codes(batch) == []
    row = shop.db.get(ImportRow, (batch.id, 2))
    assert row.cells.endswith("2026-01-02")


def test_a_column_whose_dates_show_their_order_is_not_asked(shop, check, codes):
    batch = check(
        "units",
        "part_no,serial,location,received_on\n"
        "PUMP,SN-1,WH-1,01/04/2026\nPUMP,SN-2,WH-1,01/25/2026\n"
        "PUMP,SN-3,WH-1,2026年1月5日\nPUMP,SN-4,WH-1,5. März 2025\nPUMP,SN-5,WH-1,20260230\n",
    )
    assert codes(batch) == [(6, "received_on", "not_a_date")]
    assert shop.db.get(ImportRow, (batch.id, 2)).cells.endswith("2026-01-04")


def test_a_name_of_the_source_stands_for_our_record(shop, load, codes):
    load("names", "system,value,entity,code\nerp,Plant 0001,location,WH-1\n")
    batch = load("units", "part_no,serial,location\nPUMP,SN-1,Plant 0001\n")
    assert codes(batch) == []
    other = load("units", "part_no,serial,location\nPUMP,SN-2,Plant 0001\n", source="wms")
    assert codes(other) == [(2, "location", "unknown_reference")]


# --- what was shown is what is loaded --------------------------------------------------------


def test_only_what_was_shown_is_loaded(shop, receive, check):
    batch = receive("parties", "code,kind,name\nC-7,consignee,Clinic\n")
    with pytest.raises(NotChecked):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)
    intake.check_here(shop.db, batch.id, **shop.how)
    shown = intake.shown(batch)
    intake.read_as(shop.db, batch.id, Reading.of({**batch.mapping, "dates": {}}), **shop.how)
    reading = Reading.of({**batch.mapping, "columns": {"0": "code", "1": "kind", "2": "name"},
                          "aliases": {"name": {"Clinic": "Klinik"}}})  # fmt: skip
    intake.read_as(shop.db, batch.id, reading, **shop.how)
    intake.check_here(shop.db, batch.id, **shop.how)
    with pytest.raises(FileChanged):
        intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    other = check("parties", "code,kind,name\nC-8,consignee,Clinic\n")
    with pytest.raises(FileChanged):
        intake.load(shop.db, other.id, was_shown=intake.shown(batch), **shop.how)
    assert count(shop, Party) == 3


def test_a_store_that_changed_since_the_check_is_told(shop, check):
    text = "part_no,serial,location\nPUMP,SN-1,WH-1\n"
    batch = check("units", text)
    shop.units(shop.pump, "SN-1")
    with pytest.raises(StoreChanged), shop.db.begin_nested():
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)


# --- quarantine ------------------------------------------------------------------------------


def test_a_quarantined_row_is_corrected_and_run_again_alone(shop, load, people):
    batch = load("parties", "code,kind,name,gln\nC-6,consignee,A,\nC-7,consignee,B,4000000000001\n")
    assert count(shop, Party) == 4
    quarantine.correct_row(shop.db, batch.id, 3, {"gln": "4000000000006"}, **shop.how)

    intake.rerun(shop.db, batch.id, **shop.how)

    assert (batch.problem_count, batch.counts["loaded"]) == (0, 2)
    assert shop.db.scalars(select(Party.gln).where(Party.code == "C-7")).one() == "4000000000006"
    kept = shop.db.scalars(select(ImportCorrection)).one()
    assert (kept.column, kept.before, kept.after) == ("gln", "4000000000001", "4000000000006")
    assert (kept.by_id, kept.at) == (people.qa_engineer.id, shop.how["at"])
    [entry] = told(shop, "import_row_corrected")
    assert entry["changes"] == {"gln": ["4000000000001", "4000000000006"]}


def test_corrections_hold_when_the_file_is_checked_again(shop, check, codes):
    batch = check("parties", "code,kind,name\nC-7,ward,B\nC-8,ward,C\n")
    quarantine.correct_row(shop.db, batch.id, 2, {"kind": "consignee"}, **shop.how)
    quarantine.leave_out(shop.db, batch.id, 3, **{**shop.how, "reason": "a test entry"})
    assert batch.problem_count == 1
    intake.check_here(shop.db, batch.id, **shop.how)
    assert codes(batch) == []
    assert (intake.counts_of(batch).new, intake.counts_of(batch).left_out) == (1, 1)


def test_a_value_is_replaced_in_every_row_and_remembered_for_the_source(shop, check, codes):
    rows = "".join(f"PUMP,SN-{n},ACME GmbH\n" for n in range(5))
    batch = check("units", "part_no,serial,location\n" + rows)
    assert batch.problem_count == 5
    how = shop.how
    assert quarantine.replace_everywhere(
        shop.db, batch.id, "location", "ACME GmbH", "WH-1", remember=True, **how
    ) == 5  # fmt: skip
    intake.rerun(shop.db, batch.id, **shop.how)
    assert (batch.problem_count, intake.counts_of(batch).new) == (0, 5)
    assert told(shop, "import_value_replaced")[0]["count"] == 5
    later = check("units", "part_no,serial,location\nPUMP,SN-9,ACME GmbH\n")
    assert codes(later) == []


def test_of_two_who_correct_one_row_the_second_is_told(shop, check):
    batch = check("parties", "code,kind,name\nC-7,ward,B\n")
    [row] = quarantine.waiting(shop.db, batch.id)
    quarantine.correct_row(shop.db, batch.id, 2, {"kind": "site"}, seen=row.corrections, **shop.how)
    with pytest.raises(RowCorrected):
        quarantine.correct_row(
            shop.db, batch.id, 2, {"kind": "supplier"}, seen=row.corrections, **shop.how
        )


def test_quarantined_rows_go_out_as_a_file_and_come_back_corrected(shop, check):
    batch = check("parties", 'code,kind,name\nC-7,ward,"=1+1"\nC-8,ward,C\n')
    said = "".join(quarantine.as_csv(shop.db, batch.id))
    assert "'=1+1" in said
    assert "is not one of" in said
    mended = said.replace(",ward,", ",consignee,")
    assert quarantine.correct_from_csv(shop.db, batch.id, mended, **shop.how) == 2
    intake.rerun(shop.db, batch.id, **shop.how)
    assert (batch.problem_count, intake.counts_of(batch).new) == (0, 2)
    assert shop.db.get(ImportRow, (batch.id, 2)).cells.endswith("=1+1")


# --- lineage and taking back -----------------------------------------------------------------


def test_a_record_says_with_which_line_of_which_file_it_came(shop, load):
    batch = load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,WH-1\n")
    [match] = find.resolve(shop.db, "SN-2")
    assert came_with(shop.db, "unit", match.id) == [(batch.id, 3, "units.csv", True)]


def test_a_batch_is_taken_back_while_nothing_later_refers_to_it(shop, load):
    units = load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,WH-1\n")
    before = count(shop, Event)

    intake.roll_back(shop.db, units.id, **{**shop.how, "reason": "wrong file"})

    assert find.resolve(shop.db, "SN-1") == []
    assert count(shop, Event) == before + 1
    assert load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n").state == "loaded"


def test_a_batch_whose_units_went_on_is_corrected_as_far_as_nothing_stands_on_it(shop, load):
    load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n")
    boards = load("units", "part_no,serial,location\nPCBA,B-0,Q-1\nPCBA,B-1,WH-1\n")
    [board], [pump] = find.resolve(shop.db, "B-1"), find.resolve(shop.db, "SN-1")
    install.install_units(shop.db, [Fitting(board.id, pump.id)], **shop.how)

    with pytest.raises(BatchInUse, match="Line 3"), shop.db.begin_nested():
        intake.roll_back(shop.db, boards.id, **shop.how)
    assert find.resolve(shop.db, "B-1")

    intake.compensate(shop.db, boards.id, **{**shop.how, "reason": "wrong plant"})
    assert boards.state == "rolled_back"
    assert (boards.counts["compensated"], boards.counts["left_standing"]) == (1, 1)
    custody = dict(shop.db.execute(select(Unit.serial, Unit.custody)).all())
    assert (custody["B-0"], custody["B-1"]) == ("never_existed", "in_house")
    assert shop.db.scalars(select(Install)).one().to_event_id is None


def test_stock_that_was_shipped_is_not_taken_back_and_a_part_with_lots_neither(shop, load):
    parts = load("parts", "manufacturer,part_no,name,kind,control\nOWN,NUT,Nut,component,lot\n")
    load("lots", "part_no,lot_no\nNUT,N-1\n")
    stock = load("stock", "part_no,lot_no,location,quantity,usability\nNUT,N-1,WH-1,5,conforming\n")
    lot = shop.db.scalars(select(Lot).where(Lot.lot_no == "N-1")).one()
    ship.ship(shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 1)], **shop.how)
    for batch in (stock, parts):
        with pytest.raises(BatchInUse, match="Line 2"), shop.db.begin_nested():
            intake.roll_back(shop.db, batch.id, **shop.how)
    assert shop.db.scalars(select(Part).where(Part.part_no == "NUT")).one()


# --- protected serials -----------------------------------------------------------------------


def test_a_file_that_touches_a_protected_serial_needs_a_second_person(shop, check, people):
    priority.protect(
        shop.db, shop.pump.id, ["SN-1"], **{**shop.how, "reason": "implant under study"}
    )
    batch = check("units", "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,WH-1\n")
    assert priority.touched(shop.db, batch.id) == [(2, "SN-1", "implant under study")]
    shown = intake.shown(batch)
    with pytest.raises(SecondPersonNeeded):
        intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    for one, refusal in ((people.qa_engineer, SamePerson), (people.qa_manager, None)):
        if refusal:
            with pytest.raises(refusal):
                priority.approve(shop.db, batch, shown, by=one, reason="seen", how=shop.how)
        else:
            priority.approve(shop.db, batch, shown, by=one, reason="seen", how=shop.how)
    intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    assert count(shop, Unit) == 2
    assert told(shop, "import_approved")[0]["serials"] == ["SN-1"]


def test_an_approval_counts_for_what_was_shown_alone(shop, check, people):
    priority.protect(shop.db, shop.pump.id, ["SN-1"], **{**shop.how, "reason": "study"})
    batch = check("units", "part_no,serial,location\nPUMP,SN-1,WH-1\nPUMP,SN-2,X\n")
    priority.approve(
        shop.db, batch, intake.shown(batch), by=people.qa_manager, reason="ok", how=shop.how
    )
    quarantine.correct_row(shop.db, batch.id, 3, {"location": "WH-1"}, **shop.how)
    intake.rerun(shop.db, batch.id, **shop.how)
    with pytest.raises(SecondPersonNeeded):
        intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)


def test_a_reported_shipment_of_what_is_on_hold_needs_a_second_person(shop, check, hold, people):
    [unit] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(unit))
    batch = check(
        "shipments", "document_no,to,shipped_on,part_no,serial\nDN-1,C-1-S,2026-03-02,PUMP,SN-1\n"
    )
    shown = intake.shown(batch)
    with pytest.raises(SecondPersonNeeded, match="1 protected"):
        intake.load(shop.db, batch.id, was_shown=shown, **shop.how)

    priority.approve(
        shop.db, batch, shown, by=people.qa_manager, reason="it has left", how=shop.how
    )
    intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    assert shop.db.scalars(select(HoldBreach.unit_id)).all() == [unit]
    assert shop.db.scalars(select(Flag.rule)).all() == ["held_shipped"]


def test_a_loaded_batch_leaves_nothing_staged(shop, load):
    batch = load("units", "part_no,serial,location\nPUMP,SN-1,WH-1\n")
    assert count(shop, ImportRow) == 0
    assert shop.db.get(ImportBatch, batch.id).line_count == 1


# --- cases of another system -----------------------------------------------------------------

CASES = (
    "case no,title,state,step,opened_on,closed_on,outcome,part_no,serial\n"
    "QN-1,Cracked housing,closed,,2024-02-01,2024-05-01,scrapped,PUMP,SN-1\n"
    "QN-2,Alarm too quiet,open,investigation,2025-11-03,,,PUMP,SN-1\n"
    "QN-3,No day,closed,,2024-02-01,,,,\n"
)


def test_cases_of_another_system_come_in_when_a_second_person_approved(shop, check, codes, people):
    shop.units(shop.pump, "SN-1")
    batch = check("cases", CASES, source="oldqms")
    assert codes(batch) == [(4, "closed_on", "closed_when")]
    shown = intake.shown(batch)
    with pytest.raises(HistoryNeedsSecond):
        intake.load(shop.db, batch.id, was_shown=shown, **shop.how)
    priority.approve(
        shop.db, batch, shown, by=people.qa_manager, reason="compared with QMS", how=shop.how
    )
    intake.load(shop.db, batch.id, was_shown=shown, **shop.how)

    [[closed], total] = legacy.found(shop.db, "QN-1")
    assert (total, closed.state, closed.outcome) == (1, "closed", "scrapped")
    assert {one.number for one in legacy.found(shop.db, "SN-1")[0]} == {"QN-1", "QN-2"}
    assert [one.number for one in legacy.found(shop.db, "alarm")[0]] == ["QN-2"]
    assert came_with(shop.db, "legacy_case", closed.id)[0][1] == 2

    [[open_], _] = legacy.found(shop.db, "QN-2")
    with pytest.raises(NotOpenThere):
        legacy.go_on_as(shop.db, closed.id, "NC-2026-0001", **shop.how)
    legacy.go_on_as(shop.db, open_.id, "NC-2026-0001", **shop.how)
    with pytest.raises(ContinuedAlready):
        legacy.go_on_as(shop.db, open_.id, "NC-2026-0002", **shop.how)
    assert told(shop, "legacy_case_continued")[0]["step"] == "investigation"


# --- bad files -------------------------------------------------------------------------------


def test_two_cells_in_two_corners_of_a_sheet_are_refused_before_a_table_is_made(receive, shop):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "part_no")
        sheet.write("XFD1048576", "x")
    with pytest.raises(WorkbookTooWide, match="1048576 rows and 16384 columns"):
        receive("units", out.getvalue())
    assert count(shop, ImportBatch) == 0


def test_a_cell_that_no_text_holds_waits_and_its_line_is_not_torn(shop, check, codes):
    batch = check(
        "units", "part_no,serial,location\nPUMP,SN\x001,WH-1\nPUMP,SN\x1f2,WH-1\nPUMP,SN-3,WH-1\n"
    )
    assert codes(batch) == [(2, "serial", "odd_character"), (3, "serial", "odd_character")]
    assert intake.counts_of(batch).new == 1


# --- two at once -----------------------------------------------------------------------------


def test_of_two_who_load_one_stock_file_at_once_the_second_is_told(database, people, tmp_path):
    path = tmp_path / "stock.csv"
    path.write_text("part_no,lot_no,location,quantity\nRES,R-1,WH-1,5\n")
    how = {"by": people.qa_engineer, "at": NOW}
    batches = []
    with database.begin() as db:
        shop = Shop(db, how)
        shop.lot(shop.resin, "R-1")
        for _ in range(2):
            batch = intake.receive(db, "stock", path, file_name="s.csv", system="erp", **how)
            intake.check_here(db, batch.id, **how)
            batches.append((batch.id, intake.shown(batch)))
    one, two = batches

    def load(batch):
        return lambda db: intake.load(db, batch[0], was_shown=batch[1], **how)

    assert at_once(database, load(one), load(two)) == [TakenInBefore]
    with database.read() as db:
        assert db.scalars(select(LotStock.quantity)).all() == [Decimal(5)]


def test_of_two_who_send_one_file_at_once_both_are_let_in(database, people, tmp_path):
    path = tmp_path / "units.csv"
    path.write_text("part_no,serial,location\nPUMP,SN-1,WH-1\n")
    how = {"by": people.qa_engineer, "at": NOW}

    def send(db):
        intake.receive(db, "units", path, file_name="u.csv", system="erp", **how)

    assert at_once(database, send, send) == []
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(ImportBatch)) == 2


# --- what loading would change ---------------------------------------------------------------


def test_what_a_file_would_change_is_told_field_by_field(shop, check, people):
    shop.lot(shop.resin, "R-1", expires_on=date(2027, 1, 1))
    batch = check(
        "lots",
        "part_no,lot_no,made_on,expires_on\nRES,R-1,2026-01-02,2027-01-01\nRES,R-2,2026-01-02,\n",
    )
    assert changes(shop.db, batch.id, people.qa_engineer) == [
        (2, "R-1", "made_on", "", "2026-01-02", True)
    ]
    other = check("parties", "code,name,kind,country\nC-1,St Anne,consignee,GB\n")
    assert changes(shop.db, other.id, people.qa_engineer) == [
        (2, "C-1", "name", "St Mary", "St Anne", False)
    ]
    assert changes(shop.db, other.id, people.qa_engineer, after=2) == []


def test_a_unit_that_would_be_told_its_lot_is_among_the_changes(shop, check, people):
    shop.lot(shop.pump, "L-1")
    shop.units(shop.pump, "SN-1", usability="unreleased")
    batch = check("units", "part_no,serial,lot_no,location\nPUMP,SN-1,L-1,WH-1\n")
    assert changes(shop.db, batch.id, people.qa_engineer) == [
        (2, "SN-1", "lot_no", "", "L-1", True)
    ]


# --- what a whole file says ------------------------------------------------------------------


def test_a_quantity_is_written_with_digits(shop, check, codes):
    shop.lot(shop.resin, "R-1")
    said = ["1e9", "1E3", "1_000", "Infinity", "1234567890123", "-1", "0", "0.0000001"]
    rows = "".join(f"RES,R-1,WH-1,{one}\n" for one in said)
    batch = check("stock", f"part_no,lot_no,location,quantity\n{rows}")
    assert codes(batch) == [(line, "quantity", "not_a_quantity") for line in range(2, 10)]


def test_lines_that_would_put_a_unit_inside_itself_wait_and_the_others_are_loaded(
    shop, check, codes
):
    units = dict(zip("ABCDEF", shop.units(shop.pump, *"ABCDEF"), strict=True))
    install.install_units(
        shop.db, [Fitting(units["D"], units["E"])], reported=True, **shop.how
    )  # recorded already: E into D closes a ring too
    pairs = ["A,B", "B,C", "C,A", "E,D", "F,A"]
    rows = "".join(f"PUMP,{a},PUMP,{b}\n" for a, b in (pair.split(",") for pair in pairs))
    batch = check("installs", f"part_no,serial,host_part_no,host_serial\n{rows}")
    assert codes(batch) == [(line, "host_serial", "in_itself") for line in (2, 3, 4, 5)]
    intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)
    assert open_hosts(shop.db, units.values()) == {
        units["D"]: units["E"], units["F"]: units["A"]
    }  # fmt: skip


def test_a_check_counts_by_field_what_would_be_filled_and_what_differs(shop, check, load):
    load("parties", "code,name,kind,country\nK-1,Nord,consignee,\nK-2,Ost,consignee,DE\n")
    batch = check(
        "parties",
        "code,name,kind,country\nK-1,Nord,consignee,DE\nK-2,Osten,consignee,FR\nK-3,Neu,consignee,DE\n",
    )
    assert batch.counts["fields"] == {"country": [1, 1], "name": [0, 1]}
