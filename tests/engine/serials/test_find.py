"""From label and number to unit, lot or part; what is wrong is said in a sentence."""

from datetime import date

import pytest

from engine.serials import find, other_names
from engine.serials.identifiers import parse, parse_many

GTIN = "07032069804988"


@pytest.fixture
def pump(shop):
    lot = shop.lot(shop.pump, "AbC", expires_on=date(2027, 2, 28))
    return shop.units(shop.pump, "0007", lot=lot)[0]


@pytest.mark.parametrize(
    "text",
    [
        "0007",
        "  0007\t",
        f"(01){GTIN}(21)0007",
        f"(01){GTIN}(17)270200(10)AbC(21)0007",
        f"01{GTIN}10AbC\x1d210007",
        f"]d201{GTIN}17270228210007",
        f"^01{GTIN}10AbC^210007",
        f"https://id.example.org/01/{GTIN}/10/AbC/21/0007",
    ],
)
def test_a_unit_is_found_by_its_serial_and_by_its_label_in_every_form(shop, pump, text):
    assert [m.id for m in find.resolve(shop.db, text)] == [pump]


@pytest.mark.parametrize("text", ["7", "007", "00070", "abc", "ABC"])
def test_zeros_and_case_mean_something(shop, pump, text):
    assert find.resolve(shop.db, text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(01)07032069804987(21)0007", "check digit"),
        (f"(01){GTIN}(10)XYZ(21)0007", "recorded in lot AbC, not in lot XYZ"),
        (f"(01){GTIN}(21)9999", "nothing recorded"),
        ("(01)04012345678901(21)0007", "not one of ours"),
        ("SN-?", "nothing recorded"),
        ("(21)0007", "not a complete device label"),
        (f"(01){GTIN}(21)a(21)b", "two ways"),
        (f"(01){GTIN}(17)271399(21)0007", "not a complete device label"),
    ],
)
def test_what_is_wrong_is_said(shop, pump, text, words):
    found = find.look_up(shop.db, text)
    assert found.matches == ()
    assert words in str(found.problem)


def test_a_lot_is_found_by_number_label_and_by_the_suppliers_name_for_it(shop, pump):
    lot = shop.lot(shop.resin, "R-1")
    other_names.name_also(
        shop.db, "lot", lot.id, named_by="supplier:S-1", value="RW/26/0001", **shop.how
    )
    assert [m.kind for m in find.resolve(shop.db, "AbC")] == ["lot"]
    assert [m.kind for m in find.resolve(shop.db, f"(01){GTIN}(10)AbC")] == ["lot"]
    assert [m.id for m in find.resolve(shop.db, "RW/26/0001")] == [lot.id]


def test_a_bracket_inside_a_serial_stays(shop):
    assert parse(f"(01){GTIN}(21)a(b)c").serial == "a(b)c"


def test_a_pasted_column_gives_every_line_and_every_problem(shop, pump):
    pasted = "0007\r\n\r\nSN-?\n(01)07032069804987(21)1\n"
    found = find.look_up_column(shop.db, pasted)
    assert [(f.line, bool(f.matches), f.problem is None) for f in found] == [
        (1, True, True),
        (3, False, False),
        (4, False, False),
    ]
    assert len(parse_many(pasted)) == 3
