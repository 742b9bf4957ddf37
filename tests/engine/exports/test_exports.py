"""Rows as files: what a spreadsheet makes of them is what was recorded."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from engine.exports import CellTooLong, Column, csv_of, json_of, spreadsheet, xlsx_of

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
COLUMNS = (
    Column("serial", "Serial number"),
    Column("count", "Pieces", "integer"),
    Column("quantity", "Quantity", "quantity"),
    Column("made_on", "Made on", "date"),
    Column("shipped_at", "Shipped", "datetime"),
    Column("is_held", "On hold", "boolean"),
)
SHANGHAI = timezone(timedelta(hours=8))
ROW = (
    "000700",
    -3,
    Decimal("-12.500000"),
    date(2026, 3, 1),
    datetime(2026, 3, 2, 7, 30, tzinfo=SHANGHAI),
    True,
)
EMPTY = (None,) * len(COLUMNS)


def read_csv(*rows, columns=COLUMNS, **more):
    text = b"".join(csv_of(columns, rows, **more)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def read_xlsx(columns, rows, title="Units"):
    file = io.BytesIO(b"".join(xlsx_of(columns, rows, title=title, at=AT)))
    return file, CalamineWorkbook.from_filelike(file)


def test_numbers_dates_and_moments_stay_what_they_are_in_csv():
    assert read_csv(ROW, EMPTY)[1:] == [
        ["000700", "-3", "-12.500000", "2026-03-01", "2026-03-01T23:30:00Z", "true"],
        [""] * 6,
    ]


@pytest.mark.parametrize(
    "said",
    [
        '=HYPERLINK("http://127.0.0.1/?"&A1,"x")',
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\u3000=1",
        "＝1",
    ],
)
def test_no_text_is_run_as_a_formula(said):
    label, cell = read_csv((said,), columns=(Column("name", said),))
    assert (label, cell) == ([f"'{said}"], [f"'{said}"])


@pytest.mark.parametrize("said", ["AP-0447", "0=1", "a+b", "'", "批号", 'say "x", y\nz'])
def test_other_texts_are_not_touched(said):
    assert read_csv((said,), columns=(Column("name", "Name"),))[1] == [said]


def test_a_text_does_not_pass_as_a_number():
    for kind in ("integer", "quantity", "date", "datetime", "boolean"):
        with pytest.raises(TypeError):
            list(csv_of([Column("n", "N", kind)], [("=1+1",)]))
    with pytest.raises(TypeError):
        list(csv_of([Column("n", "N", "integer")], [(True,)]))


def test_a_column_has_a_type_that_is_known():
    with pytest.raises(ValueError, match="money"):
        Column("n", "N", "money")


def test_excel_is_told_the_encoding_when_asked():
    columns = (Column("name", "批号"),)
    assert b"".join(csv_of(columns, [], bom=True)) == "\ufeff批号\r\n".encode()
    assert b"".join(csv_of(columns, [])) == "批号\r\n".encode()


def test_json_keeps_every_figure_exact():
    rows = json.loads(b"".join(json_of(COLUMNS, [ROW, EMPTY])))
    assert rows == [
        {
            "serial": "000700",
            "count": -3,
            "quantity": "-12.500000",
            "made_on": "2026-03-01",
            "shipped_at": "2026-03-01T23:30:00Z",
            "is_held": True,
        },
        dict.fromkeys(("serial", "count", "quantity", "made_on", "shipped_at", "is_held")),
    ]
    assert json.loads(b"".join(json_of(COLUMNS, []))) == []


def test_files_leave_piece_by_piece_as_the_rows_come():
    asked = []

    def rows():
        for number in range(20_000):
            asked.append(number)
            yield (f"P-{number:06}",)

    for write in (csv_of, json_of):
        asked.clear()
        pieces = write((Column("serial", "Serial number"),), rows())
        assert len(next(pieces)) >= 1 << 16
        assert len(asked) < 20_000
        assert sum(len(piece) for piece in pieces) > 1 << 16


def test_a_spreadsheet_keeps_zeros_in_texts_and_reckons_with_numbers():
    _, book = read_xlsx(COLUMNS, [ROW, EMPTY])
    heading, row = book.get_sheet_by_name("Units").to_python()[:2]
    assert heading[0] == "Serial number"
    assert heading[4] == "Shipped (UTC)"
    assert row == [
        "000700",
        -3.0,
        -12.5,
        date(2026, 3, 1),
        ROW[4].astimezone(UTC).replace(tzinfo=None),
        True,
    ]


def test_a_spreadsheet_holds_no_formula_and_no_link():
    file, book = read_xlsx((Column("name", "Name"),), [("=1+1",), ("http://127.0.0.1/",)])
    assert book.get_sheet_by_index(0).to_python()[1:] == [["=1+1"], ["http://127.0.0.1/"]]
    sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet


def test_a_figure_that_a_spreadsheet_would_round_is_a_text_there():
    _, book = read_xlsx((Column("n", "N", "integer"),), [(12345678901234567890,), (123,)])
    assert book.get_sheet_by_index(0).to_python()[1:] == [["12345678901234567890"], [123.0]]


def test_what_is_beyond_one_sheet_goes_on_to_the_next(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 2)
    _, book = read_xlsx((Column("n", "N"),), [(f"{n}",) for n in range(5)], title="a/b: *x*")
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [len(sheet) for sheet in sheets] == [3, 3, 2]
    assert {sheet[0][0] for sheet in sheets} == {"N"}


def test_a_text_too_long_for_a_cell_is_refused_not_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(CellTooLong, match="column Name"):
        read_xlsx((Column("name", "Name"),), [("x" * 32_768,)])
    assert list(tmp_path.iterdir()) == []
    assert b"x" * 32_768 in b"".join(csv_of((Column("name", "Name"),), [("x" * 32_768,)]))


def test_a_spreadsheet_without_rows_still_has_its_heading():
    _, book = read_xlsx(COLUMNS, [])
    assert book.get_sheet_by_index(0).to_python()[0][0] == "Serial number"
