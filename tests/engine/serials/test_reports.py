"""Reports: what was asked is answered in one statement, and only what a person may see."""

import csv
import io
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import event, select

from engine.errors import Invalid
from engine.evidence import ledger
from engine.outbox import Outgoing
from engine.people import accounts
from engine.people.models import RoleGrant
from engine.serials import parties, reports
from engine.serials.asking import (
    Asked,
    ColumnHidden,
    ColumnUnknown,
    EntityUnknown,
    Filter,
    answer,
    choosable,
    chosen,
    read_filter,
    rows_of,
)
from engine.serials.dictionary import entities
from engine.serials.models.report import Report, ReportRun
from engine.serials.reports import Draft, Head, due
from engine.serials.reports.saved import next_due

STOCK = Asked("stock", ("lot_no", "lot_no.part_no.name", "location", "quantity"))
PRICES = Asked("supplier_agreement", ("part_no", "price"))


@pytest.fixture
def stocked(shop):
    for number, quantity in (("A-1", 5), ("A-2", 7), ("a-3", 9), ("B-1", 11)):
        shop.lot(shop.resin, number, quantity)
    shop.lot(shop.set, "A-9", 100)
    return shop


@pytest.fixture
def priced(shop):
    for day, price in ((1, "4.20"), (2, "120.5")):
        parties.agree_with_supplier(
            shop.db, shop.resin.id, shop.supplier.id, valid_from=date(2026, 1, day),
            price=Decimal(price), currency="EUR", **shop.how,
        )  # fmt: skip
    return shop


def found(shop, asked, person=None, **more):
    return answer(shop.db, asked, person=person or shop.how["by"], **more).rows


def narrowed(path, operator, *values, of=STOCK):
    return replace(of, filters=(Filter(path, operator, values),))


@contextmanager
def statements(db):
    said = []
    engine = db.get_bind()

    def note(_connection, _cursor, statement, *_):
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


# --- asking ----------------------------------------------------------------------------------


def test_columns_reach_through_what_a_record_refers_to(stocked):
    assert found(stocked, STOCK)[0] == ("A-1", "Res", "WH-1", Decimal(5))
    deep = Asked("stock", ("lot_no.part_no.manufacturer",))
    assert {row[0] for row in found(stocked, deep)} == {"S-1", "OWN"}


def test_a_filter_finds_what_it_says(stocked):
    every = {"A-1", "A-2", "a-3", "B-1", "A-9"}
    for path, operator, values, lots in (
        ("lot_no", "is", ["A-1"], {"A-1"}),
        ("lot_no", "begins", ["A"], {"A-1", "A-2", "A-9"}),  # the case of a lot means something
        ("lot_no.part_no.name", "begins", ["Re"], every - {"A-9"}),
        ("quantity", "between", ["7", "11"], {"A-2", "a-3", "B-1"}),
        ("quantity", "is", ["7.0"], {"A-2"}),
        ("lot_no", "one_of", ["A-1", "B-1", "X"], {"A-1", "B-1"}),
        ("lot_no.expires_on", "empty", [], every),
        ("lot_no.expires_on", "not_empty", [], set()),
        ("usability", "is", ["conforming"], every),
        ("usability", "one_of", ["scrapped", "unknown"], set()),
    ):
        told = {row[0] for row in found(stocked, narrowed(path, operator, *values))}
        assert told == lots, (path, operator, values)


def test_a_day_is_the_whole_day_of_the_reader(stocked, people):
    at = stocked.how["at"]  # 08:00 UTC
    asked = Asked("event", ("type",), (Filter("recorded_at", "is", (f"{at:%Y-%m-%d}",)),))
    everything = len(found(stocked, asked))
    assert everything > 4
    far = replace(people.warehouse, time_zone="Pacific/Auckland")  # there it is the same day
    assert len(found(stocked, asked, far)) == everything
    before = replace(people.warehouse, time_zone="Etc/GMT+12")  # there it is the day before
    assert found(stocked, asked, before) == ()


def test_a_beginning_is_never_like(stocked):
    with statements(stocked.db) as said:
        found(stocked, narrowed("lot_no", "begins", "A%"))
    assert all("LIKE" not in statement.upper() for statement in said)
    assert found(stocked, narrowed("lot_no", "begins", "A%")) == ()


def test_one_statement_answers_however_many_columns_are_asked(stocked):
    every = Asked("stock", tuple(c.path for c in choosable("stock", stocked.how["by"])))
    with statements(stocked.db) as said:
        rows = list(rows_of(stocked.db, every, person=stocked.how["by"]))
    assert len(rows) == 5
    assert len(said) == 1


def test_pages_follow_one_another_without_a_gap(stocked):
    seen, after = [], None
    for _ in range(4):
        page = answer(stocked.db, STOCK, person=stocked.how["by"], after=after, size=2)
        seen += [row[0] for row in page.rows]
        after = page.after
        if after is None:
            break
    assert seen == ["A-1", "A-2", "a-3", "B-1", "A-9"]
    assert page.count == 5


def test_groups_are_counted_and_summed(stocked):
    asked = Asked("stock", ("quantity",), groups=("lot_no.part_no",))
    assert found(stocked, asked) == (("RES", Decimal(32), 4), ("SET", Decimal(100), 1))
    first = answer(stocked.db, asked, person=None, size=1)
    second = answer(stocked.db, asked, person=None, size=1, after=first.after)
    assert second.rows == (("SET", Decimal(100), 1),)


def test_every_column_of_every_entity_can_be_asked(stocked, people):
    for what in entities():
        for person in (people.purchasing, people.field_service, None):
            paths = tuple(column.path for column in choosable(what.name, person))
            if paths:
                answer(stocked.db, Asked(what.name, paths), person=person, size=3)


@pytest.mark.parametrize("path", ["nothing", "lot_no.nothing", "part_no.name", "quantity.name",
                                  "lot_no.part_no.manufacturer.name", ""])  # fmt: skip
def test_a_column_that_is_not_there_is_refused(path):
    with pytest.raises(ColumnUnknown):
        chosen("stock", path, None)


def test_an_entity_that_is_not_there_is_refused(stocked):
    with pytest.raises(EntityUnknown):
        found(stocked, Asked("person_account", ("password_hash",)))


@pytest.mark.parametrize(
    ("path", "operator", "text"),
    [
        ("quantity", "is", "many"), ("quantity", "is", ""), ("quantity", "between", "1"),
        ("quantity", "begins", "1"), ("quantity", "is", "9" * 60), ("quantity", "is", "NaN"),
        ("usability", "is", "fine"), ("lot_no.expires_on", "is", "soon"),
        ("tranche", "is", "9" * 40), ("lot_no.is_unknown", "is", "perhaps"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_column_is_told_at_its_field(path, operator, text):
    with pytest.raises(Invalid) as told:
        read_filter("stock", path, operator, text, person=None, at="filter-0-text")
    assert [problem.at for problem in told.value.problems] == ["filter-0-text"]


# --- who sees what ---------------------------------------------------------------------------


def test_a_hidden_column_is_neither_shown_nor_asked_nor_grouped_by(priced, people):
    assert found(priced, PRICES, people.purchasing)[0] == ("RES", Decimal("4.2"))
    for asked in (
        PRICES,
        Asked("supplier_agreement", ("part_no",), (Filter("price", "between", ("1", "5")),)),
        Asked("supplier_agreement", (), groups=("price",)),
    ):
        with pytest.raises(ColumnHidden):
            found(priced, asked, people.production)
        with pytest.raises(ColumnHidden):
            reports.save(
                priced.db, Draft("Prices", asked), by=people.production, at=priced.how["at"]
            )
    assert "price" not in {c.path for c in choosable("supplier_agreement", people.production)}


def test_a_shared_report_leaves_out_what_its_reader_may_not_see(priced, people):
    seen = reports.allowed(PRICES, people.production)
    assert (seen.asked.columns, seen.left_out) == (("part_no",), ("Price",))
    above = Asked("supplier_agreement", ("part_no",), (Filter("price", "is", ("1",)),))
    with pytest.raises(reports.LostFilter, match="Price"):
        reports.allowed(above, people.production)


def test_the_patient_reference_is_in_no_column_of_the_events(people):
    paths = {column.path for column in choosable("event", people.warehouse)}
    assert "patient_reference" not in paths
    assert "patient_reference" in {c.path for c in choosable("event", people.field_service)}


# --- saved -----------------------------------------------------------------------------------


def saved(shop, draft=None, by=None):
    by = by or shop.how["by"]
    return reports.save(shop.db, draft or Draft("Stock", STOCK), by=by, at=shop.how["at"])


def test_an_own_report_is_nobody_elses_until_it_is_shared(stocked, people):
    report, at = saved(stocked), stocked.how["at"]
    with pytest.raises(reports.ReportUnknown):
        reports.report_of(stocked.db, report.id, people.production)
    shared = Draft("Stock", STOCK, is_shared=True)
    reports.change(stocked.db, report.id, shared, version=1, by=people.warehouse, at=at)
    assert reports.report_of(stocked.db, report.id, people.production) is report
    with pytest.raises(reports.NotYourReport, match="Zhang Wei"):
        reports.change(stocked.db, report.id, shared, version=2, by=people.production, at=at)
    with pytest.raises(reports.ReportChanged):
        reports.change(stocked.db, report.id, shared, version=1, by=people.warehouse, at=at)
    reports.remove(stocked.db, report.id, by=people.warehouse, at=at)
    with pytest.raises(reports.ReportUnknown):
        reports.report_of(stocked.db, report.id, people.warehouse)
    told = [e.action for e in ledger.entries(stocked.db, "data:main")][-3:]
    assert told == ["report_saved", "report_changed", "report_removed"]


def test_a_file_holds_what_the_page_shows_and_runs_nothing(stocked, people):
    stocked.lot(stocked.resin, "=1+1", 1)
    head = Head("Stock", stocked.how["at"], "zh", "Linden")

    def file(format):
        pieces = reports.file_of(
            stocked.db, STOCK, format, person=people.warehouse, head=head, say=lambda t: t
        )
        return b"".join(pieces)

    rows = list(csv.reader(io.StringIO(file("csv").decode("utf-8-sig"))))
    assert rows[0] == ["批号", "批号 › 物料编号 › 名称", "位置", "数量"]
    assert rows[1] == ["A-1", "Res", "WH-1", "5"]
    assert rows[-1][0] == "'=1+1"
    with zipfile.ZipFile(io.BytesIO(file("xlsx"))) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()


def test_a_report_is_printed(stocked, people):
    head = Head("Stock by place", stocked.how["at"], "en", "Linden")
    [pdf] = reports.file_of(
        stocked.db, STOCK, "pdf", person=people.warehouse, head=head, say=lambda t: t
    )
    assert pdf.startswith(b"%PDF")


# --- scheduled -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("daily", ["2026-03-03", "2026-03-04", "2026-03-05"]),
        ("weekly", ["2026-03-09", "2026-03-16", "2026-03-23"]),
        ("monthly", ["2026-04-01", "2026-05-01", "2026-06-01"]),
    ],
)
def test_a_schedule_is_due_in_the_morning_of_its_owner(every, days):
    at, seen = datetime(2026, 3, 2, 8, 0, tzinfo=UTC), []
    for _ in range(3):
        at = next_due(at, every, "Europe/Berlin")
        seen.append(f"{at:%Y-%m-%d}")
        assert at.hour == 6
    assert seen == days
    assert all(late > early for early, late in pairwise(seen))


class Kept(dict):
    is_full = False

    def put(self, content):
        if self.is_full:
            raise OSError("no space left")  # noqa: EM101, TRY003  as the disk says
        self[f"{len(self)}"] = content
        return f"{len(self) - 1}"


@pytest.fixture
def mailed(database, people, at):
    """Save and schedule a report of purchasing's and give what runs all that is due."""
    kept = Kept()

    def go(asked=PRICES, *, later=timedelta(days=1)):
        with database.begin() as db:
            if db.scalar(select(Report.id)) is None:
                how = {"by": people.purchasing, "at": at}
                maker = parties.add_party(db, "S-1", "Resin Works", kind="supplier", **how)
                part = parties.add_part(
                    db, maker.id, "RES", "Resin", control="lot", kind="material", **how
                )
                parties.agree_with_supplier(
                    db, part.id, maker.id, valid_from=date(2026, 1, 1), price=Decimal("4.2"),
                    currency="EUR", **how,
                )  # fmt: skip
                report = reports.save(db, Draft("Prices", asked, is_shared=True), **how)
                reports.schedule(db, report.id, every="daily", format="csv", **how)
        return due.send_due(
            database, keep=kept.put, say=lambda _: lambda t: t, company="Linden", mark=None,
            at=at + later,
        )  # fmt: skip

    go.kept = kept
    return go


@pytest.fixture
def info():
    return {"ledger": ledger.append}


def test_a_due_report_is_run_once_and_mailed_with_a_link(database, mailed):
    assert mailed() == 1
    assert mailed() == 0
    with database.read() as db:
        run, mail = db.scalars(select(ReportRun)).one(), db.scalars(select(Outgoing)).one()
        assert mail.layout == "layouts/report_ready"
        assert mail.receiver == "petra.kranz@holdfast.example"
        assert mail.body["path"] == f"/reports/runs/{run.id}"
        assert (run.row_count, run.left_out) == (1, [])
    assert b"4.2" in mailed.kept[run.sha256]
    assert mailed(later=timedelta(days=2)) == 1


def test_a_file_is_opened_only_by_who_sees_every_column_in_it(database, mailed, people):
    mailed()
    with database.read() as db:
        run = db.scalars(select(ReportRun)).one()
        assert reports.run_of(db, run.id, people.purchasing).id == run.id
        assert reports.run_of(db, run.id, people.executive).id == run.id
        with pytest.raises(ColumnHidden):
            reports.run_of(db, run.id, people.production)


def lose_the_role(database, people):
    with database.begin() as db:
        grant = db.scalars(
            select(RoleGrant).where(RoleGrant.person_id == people.purchasing.id)
        ).one()
        grant.role = "production"


def test_a_report_whose_owner_lost_a_right_leaves_the_column_out_and_says_so(
    database, mailed, people
):
    mailed()
    lose_the_role(database, people)
    assert mailed(later=timedelta(days=2)) == 1
    with database.read() as db:
        run = db.scalars(select(ReportRun).order_by(ReportRun.id.desc())).first()
        mail = db.scalars(select(Outgoing).order_by(Outgoing.id.desc())).first()
    assert run.left_out == ["Price"]
    assert b"4.2" not in mailed.kept[run.sha256]
    assert mail.body["left_out"] == "Price"


def test_a_report_that_asks_for_what_its_owner_lost_is_not_run_and_says_why(
    database, mailed, people
):
    above = Asked("supplier_agreement", ("part_no",), (Filter("price", "between", ("1", "9")),))
    mailed(above)
    lose_the_role(database, people)
    assert mailed(above, later=timedelta(days=2)) == 1
    with database.read() as db:
        run = db.scalars(select(ReportRun).order_by(ReportRun.id.desc())).first()
        mail = db.scalars(select(Outgoing).order_by(Outgoing.id.desc())).first()
    assert run.sha256 is None
    assert "Price" in run.refused
    assert mail.layout == "layouts/report_refused"


def test_a_report_of_who_left_is_mailed_no_more(database, mailed, people, at):
    mailed()
    with database.begin() as db:
        accounts.disable(db, people.purchasing.id, reason="Left.", by=people.administrator, at=at)
    assert mailed(later=timedelta(days=2)) == 0
    with database.read() as db:
        assert db.scalars(select(Report)).one().every is None
        assert len(db.scalars(select(ReportRun)).all()) == 1


def test_a_report_that_fails_is_given_up_after_some_tries_and_its_owner_told(database, mailed):
    mailed.kept.is_full = True
    minute, later = timedelta(minutes=1), timedelta(days=1)
    for wait in (0, 1, 5, 15, 60):
        later += wait * minute
        if wait:
            assert mailed(later=later - minute / 2) == 0
        with pytest.raises(OSError, match="no space"):
            mailed(later=later)
    mailed.kept.is_full = False
    with database.read() as db:
        run, mail = db.scalars(select(ReportRun)).one(), db.scalars(select(Outgoing)).one()
        report = db.scalars(select(Report)).one()
    assert (run.sha256, mail.layout) == (None, "layouts/report_refused")
    assert "failed 5 times" in run.refused
    assert (report.failed_count, report.retry_at) == (0, None)
    assert mailed(later=timedelta(days=3)) == 1
