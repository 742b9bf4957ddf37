"""Comparing with another system: every difference is found, kept once, and settled by a person."""

import io
import json
import os
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from engine.errors import Invalid
from engine.evidence import ledger
from engine.evidence.store import DocumentStore
from engine.jobs import run_due_jobs
from engine.outbox import Outgoing
from engine.serials import build, holds, install, other_names, parties, receive
from engine.serials.errors import LineTooLong, WorkbookTooWide
from engine.serials.exchange import resolving, runs, sources
from engine.serials.exchange.errors import ColumnsMissing, NothingChosen
from engine.serials.exchange.tables import quantity_of, rows_of
from engine.serials.models import (
    Location,
    Lot,
    Part,
    ReconciliationDifference,
    ReconciliationRun,
    ReconciliationSource,
)
from engine.serials.record import LotInput
from engine.serials.targets import HoldTarget
from tests.support.shop import NOW, Shop

DAY = timedelta(days=1)
VERBS = {runs.JOB: runs.Reconcile()}


@pytest.fixture
def info(tmp_path):
    return {"ledger": ledger.append, "documents": DocumentStore(tmp_path / "documents")}


@pytest.fixture
def desk(database, people):
    return Desk(database, people)


class Desk:
    """A shop that is committed, and the comparisons with it."""

    def __init__(self, database, people):
        self.database, self.people, self.at = database, people, NOW
        with database.begin() as db:
            shop = Shop(db, {"by": people.warehouse, "at": NOW})
            for number, quantity in (("S-1", 10), ("S-2", 20), ("s-1", 3)):
                shop.lot(shop.set, number, quantity)
            held, _ = shop.units(shop.pump, "P-1", "P-2")
            shop.units(shop.pump, "P-3", usability="nonconforming")
            holds.place(
                db, stream="case:NC-2026-0001", case_number="NC-2026-0001", reason="cracked",
                basis="trace", target=HoldTarget.unit(held), by=None, at=NOW,
            )  # fmt: skip
            other_names.name_also(db, "unit", held, named_by="mes", value="M-1", **shop.how)
            self.site_id = shop.maker.id

    def source(self, compares="stock", **more):
        system = more.pop("system", "erp")
        columns = more.pop("columns", sources.usual_columns(system, compares))
        with self.database.begin() as db:
            return sources.add_source(
                db, more.pop("name", compares), system=system, compares=compares, columns=columns,
                by=self.people.qa_engineer, at=self.at, **more,
            )  # fmt: skip

    def run(self, source, table, name="stock.csv"):
        content = table if isinstance(table, bytes) else table.encode()
        with self.database.begin() as db:
            runs.ask(db, source, content, name, by=self.people.qa_engineer, at=self.at)
        assert run_due_jobs(self.database, VERBS, at=self.at).done_count == 1
        self.at += DAY
        with self.database.read() as db:
            newest = select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(1)
            return db.scalars(newest).one()

    def differences(self, state="open"):
        with self.database.read() as db:
            rows = db.scalars(
                select(ReconciliationDifference)
                .where(ReconciliationDifference.state == state)
                .order_by(ReconciliationDifference.kind, ReconciliationDifference.number)
            )
            return {(one.kind, one.number): (one.here, one.there) for one in rows}

    def one(self, number):
        with self.database.read() as db:
            wanted = select(ReconciliationDifference).filter_by(number=number)
            return db.scalars(wanted).one()

    def mails(self):
        with self.database.read() as db:
            return list(db.scalars(select(Outgoing.layout).order_by(Outgoing.id)))


SAME = """MATNR;CHARG;LGORT;LABST
SET;S-1;WH-1;10
SET;S-2;WH-1;12,5
SET;S-2;WH-1;7,5
SET;s-1;WH-1;3
"""


def test_what_both_say_alike_is_no_difference_and_two_lines_of_a_lot_are_their_sum(desk):
    run = desk.run(desk.source(), SAME)
    assert (run.line_count, run.matched_count, run.new_count) == (4, 3, 0)
    assert desk.differences() == {}
    assert desk.mails() == []


def test_every_kind_of_difference_of_a_stock_is_found(desk):
    run = desk.run(desk.source(), SAME.replace("s-1;WH-1;3", "X-9;WH-1;7").replace(";10", ";9"))
    assert desk.differences() == {
        ("missing_here", "X-9"): (None, "7"),
        ("missing_there", "s-1"): ("3", None),
        ("quantity", "S-1"): ("10", "9"),
    }
    assert (run.missing_here_count, run.missing_there_count, run.quantity_count) == (1, 1, 1)
    assert (run.matched_count, run.new_count) == (1, 3)


def test_a_lot_elsewhere_differs_unless_places_are_not_compared(desk):
    moved = SAME.replace("S-1;WH-1", "S-1;WH-2")
    assert desk.run(desk.source(), moved).new_count == 2
    columns = {**sources.usual_columns("erp", "stock"), "location": ""}
    assert desk.run(desk.source(name="all places", columns=columns), moved).new_count == 0


def test_ten_thousand_differences_are_one_mail(desk):
    many = "".join(f"SET;Y-{n};WH-1;1\n" for n in range(3_000))
    run = desk.run(desk.source(), SAME + many)
    assert run.new_count == 3_000
    receivers = len(set(desk.mails()))
    assert receivers == 1
    with desk.database.read() as db:
        assert db.scalars(select(Outgoing)).first().body["new_count"] == 3_000


def test_a_difference_that_stays_is_recognised_and_one_that_ends_is_over(desk):
    source = desk.source()
    wrong = SAME.replace(";10", ";9")
    desk.run(source, wrong)
    again = desk.run(source, wrong)
    assert (again.new_count, again.again_count) == (0, 1)
    assert desk.one("S-1").seen_count == 2
    assert desk.mails() == ["layouts/reconciliation_differs"] * len(desk.mails())

    over = desk.run(source, SAME)
    assert over.gone_count == 1
    assert desk.one("S-1").state == "gone"


def test_what_was_resolved_and_comes_back_is_open_again(desk):
    source = desk.source()
    wrong = SAME.replace(";10", ";9")
    desk.run(source, wrong)
    with desk.database.begin() as db:
        done = resolving.resolve(
            db, source.id, ids=[desk.one("S-1").id], resolution="Booked in the ERP.",
            by=desk.people.warehouse, at=desk.at,
        )  # fmt: skip
    assert done == 1
    assert desk.one("S-1").resolution == "Booked in the ERP."

    back = desk.run(source, wrong)
    one = desk.one("S-1")
    assert (back.reopened_count, one.state, one.reopened_count) == (1, "open", 1)
    assert one.resolution is None
    with desk.database.read() as db:
        said = [e.body.get("resolution") for e in ledger.entries(db, "interfaces")]
    assert "Booked in the ERP." in said


def test_only_open_ones_are_resolved_and_with_a_reason(desk):
    source = desk.source()
    desk.run(source, SAME.replace(";10", ";9"))
    here = {"by": desk.people.warehouse, "at": desk.at}
    with pytest.raises(Invalid), desk.database.begin() as db:
        resolving.resolve(db, source.id, resolution=" ", **here)
    with pytest.raises(NothingChosen), desk.database.begin() as db:
        resolving.resolve(db, source.id, kind="missing_here", resolution="x", **here)
    with desk.database.begin() as db:
        assert resolving.take(db, source.id, **here) == 1
        assert resolving.resolve(db, source.id, kind="quantity", resolution="x", **here) == 1
    with pytest.raises(NothingChosen), desk.database.begin() as db:
        resolving.resolve(db, source.id, resolution="x", **here)


def test_a_held_unit_that_a_warehouse_may_ship_is_a_difference(desk):
    words = "BLOCKED = held\nFREE = conforming\nQ=nonconforming"
    columns = {"part_no": "SKU", "number": "SERIAL", "status": "ST"}
    source = desk.source("status", system="wms", words=words, columns=columns)
    table = "SKU,SERIAL,ST\nPUMP,P-1,FREE\nPUMP,P-2,free\nPUMP,P-3,Q\n"
    desk.run(source, table)
    assert desk.differences() == {("status", "P-1"): ("held", "conforming")}
    desk.run(source, table.replace("P-1,FREE", "P-1,BLOCKED"))
    assert desk.differences() == {}


def test_numbers_of_units_are_compared(desk):
    source = desk.source("ids", system="mes",
                         columns={"part_no": "P", "number": "S", "external_id": "ID"})  # fmt: skip
    desk.run(source, "P,S,ID\nPUMP,P-1,M-2\nPUMP,P-9,M-9\n")
    assert desk.differences() == {
        ("id", "P-1"): ("M-1", "M-2"), ("missing_here", "P-9"): (None, "M-9"),
    }  # fmt: skip


def test_a_system_of_one_site_is_not_asked_for_another(desk):
    with desk.database.begin() as db:
        other = parties.add_party(db, "TWO", "Two", kind="site", by=None, at=NOW).id
    run = desk.run(desk.source(site_id=other), "MATNR;CHARG;LGORT;LABST\n")
    assert run.missing_there_count == 0


@pytest.mark.parametrize(
    ("table", "why"),
    [("MATNR;CHARG;LABST\n", "LGORT"), (b"\xff\xfe", "no rows"), ("", "no rows"),
     (b"PK\x03\x04 no zip", "workbook"), ('MATNR;CHARG;LGORT;LABST\n"S;x\n', "line 2")],
)  # fmt: skip
def test_a_file_that_cannot_be_compared_is_kept_and_told_and_closes_nothing(desk, table, why):
    source = desk.source()
    desk.run(source, SAME.replace(";10", ";9"))
    run = desk.run(source, table)
    assert why in (run.problem or "")
    assert desk.one("S-1").state == "open"
    assert desk.mails()[-1] == "layouts/reconciliation_failed"


def test_the_nightly_file_is_taken_once_and_its_absence_is_told(desk, tmp_path):
    source = desk.source(folder="erp", hour=2)
    folder = tmp_path / "incoming" / "erp"
    folder.mkdir(parents=True)
    (folder / "stock.csv").write_text(SAME)
    (folder / ".stock.csv.part").write_text("half")
    two = sources.next_at(2, NOW)
    os.utime(folder / "stock.csv", (two.timestamp() - 60,) * 2)

    def night(at):
        due = runs.take_due(desk.database, tmp_path / "incoming", at=at)
        return due, run_due_jobs(desk.database, VERBS, at=at).done_count

    assert night(two - timedelta(minutes=1)) == (0, 0)
    assert night(two) == (1, 1)
    assert night(two + timedelta(hours=1)) == (0, 0)
    assert [path.name for path in folder.iterdir() if path.is_file()] == [".stock.csv.part"]
    assert len(list((folder / "taken").iterdir())) == 1

    assert night(two + DAY) == (1, 0)
    with desk.database.read() as db:
        kept = db.scalars(select(ReconciliationRun).order_by(ReconciliationRun.id)).all()
        assert [bool(one.problem) for one in kept] == [False, True]
        assert db.get(ReconciliationSource, source.id).due_at == two + 2 * DAY
    assert desk.mails()[-1] == "layouts/reconciliation_failed"


def test_a_file_still_being_written_is_left_for_the_next_night(desk, tmp_path):
    desk.source(folder="erp", hour=2)
    folder = tmp_path / "incoming" / "erp"
    folder.mkdir(parents=True)
    (folder / "stock.csv").write_text(SAME)
    two = sources.next_at(2, NOW)
    os.utime(folder / "stock.csv", (two.timestamp() - 5,) * 2)
    runs.take_due(desk.database, tmp_path / "incoming", at=two)
    assert (folder / "stock.csv").exists()


@pytest.fixture
def watched(desk, tmp_path):
    """Give a folder that is looked into each night, and what lays a file there."""
    desk.source(folder="erp", hour=2)
    folder = tmp_path / "incoming" / "erp"
    folder.mkdir(parents=True)

    def lay(name, content, at):
        (folder / name).write_text(content)
        os.utime(folder / name, (at.timestamp() - 60,) * 2)
        return folder / name

    return folder, lay


def runs_of(desk):
    with desk.database.read() as db:
        kept = db.scalars(select(ReconciliationRun).order_by(ReconciliationRun.id)).all()
        return [(one.file_name, one.problem) for one in kept]


def test_a_file_is_moved_only_when_what_it_asked_for_is_committed_and_then_known_again(
    desk, watched, tmp_path
):
    folder, lay = watched
    two = sources.next_at(2, NOW)
    file = lay("stock.csv", SAME, two)
    runs.take_due(desk.database, tmp_path / "incoming", at=two)
    taken = next((folder / "taken").iterdir())

    taken.replace(file)  # killed between the commit and the move
    runs.take_due(desk.database, tmp_path / "incoming", at=two + DAY)
    run_due_jobs(desk.database, VERBS, at=two + DAY)
    assert not file.exists()
    assert [name for name, _ in runs_of(desk)].count("stock.csv") == 1

    lay("stock.csv", SAME, two + 2 * DAY)  # nothing moved in the warehouse: a new file all the same
    runs.take_due(desk.database, tmp_path / "incoming", at=two + 2 * DAY)
    run_due_jobs(desk.database, VERBS, at=two + 2 * DAY)
    assert [name for name, _ in runs_of(desk)].count("stock.csv") == 2


def test_a_link_and_what_is_no_file_are_refused_and_a_person_is_told(desk, watched, tmp_path):
    folder, lay = watched
    two = sources.next_at(2, NOW)
    secret = tmp_path / "secret.csv"
    secret.write_text(SAME)
    (folder / "a.csv").symlink_to(secret)
    os.mkfifo(folder / "b.csv")
    (folder / "c.csv").mkdir()
    lay("stock.csv", SAME, two)
    for name in ("a.csv", "b.csv", "c.csv"):
        os.utime(folder / name, (two.timestamp() - 90,) * 2, follow_symlinks=False)
    runs.take_due(desk.database, tmp_path / "incoming", at=two)
    run_due_jobs(desk.database, VERBS, at=two)

    told = runs_of(desk)
    assert [name for name, problem in told if "so it was not read" in (problem or "")] == [
        "a.csv", "b.csv", "c.csv",
    ]  # fmt: skip
    assert ("stock.csv", None) in told
    assert desk.mails().count("layouts/reconciliation_failed") >= 3
    assert sorted(path.name for path in folder.iterdir()) == ["refused", "taken"]
    assert secret.read_text() == SAME


def test_a_file_beyond_the_cap_is_refused_unread(desk, watched, tmp_path):
    _, lay = watched
    two = sources.next_at(2, NOW)
    file = lay("stock.csv", "x", two)
    with file.open("r+b") as large:
        large.truncate(runs.MOST_BYTES + 1)
    os.utime(file, (two.timestamp() - 60,) * 2)
    runs.take_due(desk.database, tmp_path / "incoming", at=two)
    [(name, problem)] = runs_of(desk)
    assert (name, "256 MB" in problem) == ("stock.csv", True)
    assert not file.exists()


def test_the_dictionary_says_how_a_system_calls_its_columns():
    assert sources.usual_columns("erp", "stock") == {
        "part_no": "MATNR", "number": "CHARG", "location": "LGORT", "quantity": "LABST",
    }  # fmt: skip
    assert sources.usual_columns("wms", "status")["number"] == "SERIAL"


@pytest.mark.parametrize(
    ("said", "quantity"),
    [("12", "12"), ("1,5", "1.5"), ("1,234.5", "1234.5"), ("-2", "-2"), ("x", None), ("", None),
     ("NaN", None), ("1e99", None)],
)  # fmt: skip
def test_a_quantity_is_read_as_systems_write_it(said, quantity):
    assert quantity_of(said) == (None if quantity is None else Decimal(quantity))


def test_columns_are_found_whatever_their_order_and_case():
    table = b"\xef\xbb\xbflabst,matnr,x\n1,SET,?\n\n2,SET\n"
    rows = list(rows_of(table, {"part_no": "MATNR", "quantity": "LABST"}))
    assert rows == [
        (2, {"part_no": "SET", "quantity": "1"}), (4, {"part_no": "SET", "quantity": "2"}),
    ]  # fmt: skip
    with pytest.raises(ColumnsMissing, match="CHARG"):
        list(rows_of(table, {"number": "CHARG"}))
    with pytest.raises(LineTooLong):
        list(rows_of(b"a\n" + b"x" * 2**21, {"a": "a"}))


def test_a_table_with_a_cell_in_the_far_corner_is_refused_before_it_is_laid_out():
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(WorkbookTooWide):
        list(rows_of(content.getvalue(), {"a": "a"}))


def test_what_a_spreadsheet_holds_is_read_alike(desk, tmp_path):
    import xlsxwriter

    path = tmp_path / "stock.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(SAME.splitlines()):
            cells = line.replace(",", ".").split(";")
            for at, cell in enumerate(cells):
                is_number = number and at == 3
                sheet.write(number, at, float(cell) if is_number else cell)
    run = desk.run(desk.source(), path.read_bytes(), "stock.xlsx")
    assert (run.problem, run.matched_count, run.new_count) == (None, 3, 0)


def test_both_sides_meet_by_their_key_and_never_line_by_line(desk):
    """A nested loop over two unindexed sides would take days at a million rows."""
    source = desk.source()
    desk.run(source, SAME)
    with desk.database.begin() as db:
        from engine.serials.exchange.reconcile import _differing

        said = str(
            _differing(db, source).compile(db.get_bind(), compile_kwargs={"literal_binds": True})
        ).replace("%%", "%")
        if db.get_bind().dialect.name == "sqlite":
            plan = [row[3] for row in db.execute(text(f"EXPLAIN QUERY PLAN {said}"))]
            assert sum("SCAN" in one and "here" in one for one in plan) <= 3, plan
            assert any("INDEX" in one for one in plan)
        else:
            db.execute(text("SET LOCAL enable_nestloop = off"))
            plan = [json.dumps(row[0]) for row in db.execute(text(f"EXPLAIN {said}"))]
            assert not any("Nested Loop" in one for one in plan), plan


BUILT = """part_no;serial_number;component;component_no
PUMP;B-1;SET;S-1
PUMP;B-1;PCBA;A-1
PUMP;B-2;SET;S-2
PUMP;B-2;SET;S-1
PUMP;B-2;RES;R-9
PUMP;B-9;SET;S-1
"""
BUILT_COLUMNS = {
    "part_no": "part_no",
    "number": "serial_number",
    "component": "component",
    "component_no": "component_no",
}


def built(desk):
    """Build two pumps of the set S-1, a board in each; a third is in no file."""
    how = {"by": desk.people.warehouse, "at": NOW}
    with desk.database.begin() as db:
        part = {one.part_no: one.id for one in db.scalars(select(Part))}
        store = db.scalars(select(Location.id).where(Location.code == "WH-1")).one()
        lot = db.scalars(select(Lot.id).where(Lot.lot_no == "S-1")).one()
        boards = receive.receive_units(
            db, part["PCBA"], ["A-1", "A-2"], location_id=store, usability="conforming", **how
        ).unit_ids
        pumps = build.build_units(
            db, part["PUMP"], ["B-1", "B-2", "B-3"], location_id=store,
            inputs=[LotInput(lot, Decimal(1))], usability="conforming", **how,
        ).unit_ids  # fmt: skip
        fittings = [install.Fitting(*pair) for pair in zip(boards, pumps, strict=False)]
        install.install_units(db, fittings, **how)


def test_an_as_built_record_differs_by_what_is_missing_what_is_extra_and_by_another_lot(desk):
    built(desk)
    source = desk.source("as_built", system="mes", columns=BUILT_COLUMNS)
    run = desk.run(source, BUILT, "built.csv")
    with desk.database.read() as db:
        found = {
            (one.kind, one.number, one.component): (one.here, one.there)
            for one in db.scalars(select(ReconciliationDifference))
        }
    assert found == {
        ("component", "B-2", "SET"): ("S-1", "S-1, S-2"),
        ("missing_here", "B-2", "RES"): (None, "R-9"),
        ("missing_there", "B-2", "PCBA"): ("A-2", None),
        ("missing_here", "B-9", "SET"): (None, "S-1"),
    }
    assert (run.line_count, run.matched_count, run.component_count) == (6, 2, 1)

    mended = desk.run(source, BUILT.replace("PUMP;B-2;SET;S-2\n", ""), "built.csv")
    assert (mended.matched_count, mended.again_count, mended.gone_count) == (3, 3, 1)
