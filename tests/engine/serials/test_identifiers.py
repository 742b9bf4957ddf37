"""Labels of every agency: read whole, checked, and never changed.

The vectors are those of GS1's own engine and of public HIBC and ICCBBA pages, beside the project.
"""

import json
import re
from datetime import date
from pathlib import Path

import pytest

from engine.serials import find, parties
from engine.serials.identifiers import gs1, hibc, iccbba, join, own, parse, several
from engine.serials.identifiers.content import check_pair
from engine.serials.identifiers.dictionary import table
from engine.serials.identifiers.parsed import Broken

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
VECTORS = DATA / "gs1" / "gs1_syntax_engine_vectors.json"
UDI = DATA / "udi" / "hibcc_iccbba_vectors.json"
GTIN = "07032069804988"

# functions of the engine that have no like here
ELSEWHERE = {
    "test_existsInAIdata": "looks for an identifier by pattern in a list of its own",
    "test_errMarkup": "marks the place of an error for its demonstration page",
    "test_testGenerateScanData": "draws symbols; a label here is drawn by segno from a message",
    "test_URIunescape": "a helper over raw bytes; what links hold is tested whole",
    "test_URIescape": "a helper over raw bytes; what links hold is tested whole",
}
# vectors that the engine accepts only with an option switched on that is not offered here
OPTIONS = {
    "(89)ABC(89)ABC(89)ABC": "unknown identifiers are permitted",
    "https://example.com/01/09520123456788?99=XYZ&89=ABC123": "unknown identifiers are permitted",
    "https://a/gtin/12312312312333/ser/ABC123": "names for identifiers, dropped by the standard",
    "(01)12312312312326(99)000001(89)XXX(95)INT": "unknown identifiers are permitted",
}


def vectors():
    if not VECTORS.exists():
        return []
    said = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return [
        (v["fn"], tuple(one.encode().decode("unicode_escape") for one in v["args"]), v["expect"])
        for v in said
    ]


def read(fn, text, *more):
    match fn:
        case "test_parseAIdata":
            return gs1.of_brackets(text)
        case "test_processAIdata":
            return gs1.of_message(text)
        case "test_validateAIs":
            elements = gs1.of_brackets(text)
            gs1.check_together(elements, is_whole=True)
            return elements
        case "test_testProcessScanData":
            return gs1.of_scan(text)
        case "test_parseDLuri":
            return gs1.of_link(text)
        case "test_testGenerateDLuri":
            return gs1.link(text, gs1.of_brackets(more[0]))
    raise AssertionError(fn)


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared/data/gs1 is not beside the project")
def test_every_vector_of_gs1s_engine_is_accepted_or_rejected_as_there():
    wrong, tried = [], 0
    for fn, args, expect in vectors():
        if fn in ELSEWHERE or (expect == "true" and OPTIONS.keys() & set(args)):
            continue
        tried += 1
        try:
            read(fn, *args)
            accepted = "true"
        except Broken:
            accepted = "false"
        if accepted != expect:
            wrong.append((fn, args, expect))
    assert wrong == []
    assert tried == 182


@pytest.mark.skipif(not VECTORS.exists(), reason="../shared/data/gs1 is not beside the project")
def test_what_is_accepted_is_read_as_gs1s_engine_reads_it():
    compared = 0
    for fn, args, expect in vectors():
        if expect != "true" or len(args) < 2 or fn in ELSEWHERE or OPTIONS.keys() & set(args):
            continue
        found = read(fn, *args)
        if fn == "test_testGenerateDLuri":
            assert found == args[2]
        elif fn != "test_testProcessScanData" or args[1].startswith("^"):
            assert gs1.message(found) == args[1].replace("^", gs1.FNC1)
        compared += 1
    assert compared == 64


@pytest.mark.skipif(not UDI.exists(), reason="../shared/data/udi is not beside the project")
def test_every_hibc_and_iccbba_vector_is_read():
    said = json.loads(UDI.read_text(encoding="utf-8"))
    combined, primary, secondary = (one["data"] for one in said["hibc"])
    assert len(combined) == 27  # printed without its check character
    found = hibc.read(combined + hibc.check_character(combined))
    assert (found.di, found.lot_no, found.expires_on) == (
        "A123BJC5D6E71",
        "10X3",
        date(2020, 1, 15),
    )
    assert hibc.read(primary).di == "BLUEUNICORN7"
    assert hibc.check_character(secondary[:-1]) == secondary[-1]
    with pytest.raises(Broken, match="second code"):
        hibc.read(secondary)

    fields = said["iccbba"]["fields"]
    message = said["iccbba"]["compound"] + "".join(mark + value for mark, *_, value in fields)
    found = iccbba.read(message)
    assert [(mark, len(value)) for mark, value in found.elements] == [
        (mark, length) for mark, _, length, _ in fields
    ]
    assert (found.di, found.serial, found.lot_no) == (
        "A9999XYZ100T0944",
        "000025",
        "000000000000XYZ123",
    )
    assert (found.expires_on, found.made_on) == (date(2014, 2, 1), date(2013, 2, 1))


def test_the_whole_dictionary_is_read():
    lines = Path(gs1.__file__).with_name("gs1-syntax-dictionary.txt").read_text("utf-8")
    assert len(re.findall(r"^\d", lines, re.MULTILINE)) == 224
    assert len(table()) == 541
    assert not [ai for ai in table() for n in (2, 3) if ai[:n] != ai and ai[:n] in table()]


def test_a_model_number_carries_its_pair_of_check_characters():
    # the example of GS1's own page on the Basic UDI-DI
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"
    assert gs1.of_brackets("(8013)1987654Ad4X4bL5ttr2310c2K")
    with pytest.raises(Broken):
        gs1.of_brackets("(8013)1987654Ad4X4bL5ttr2310cK2")


@pytest.mark.parametrize(
    ("second", "lot", "serial", "expires"),
    [
        ("$$0227L-1", "L-1", None, date(2027, 2, 28)),
        ("$$1228L-1", "L-1", None, date(2028, 12, 31)),
        ("$$2022827L-1", "L-1", None, date(2027, 2, 28)),
        ("$$3270228L-1", "L-1", None, date(2027, 2, 28)),
        ("$$427022812L-1", "L-1", None, date(2027, 2, 28)),
        ("$$527059L-1", "L-1", None, date(2027, 2, 28)),
        ("$$62705912L-1", "L-1", None, date(2027, 2, 28)),
        ("$$7L-1", "L-1", None, None),
        ("$$8253270228L-1", "L-1", None, date(2027, 2, 28)),
        ("$$9001003270228L-1", "L-1", None, date(2027, 2, 28)),
        ("$L-1", "L-1", None, None),
        ("$+0007", None, "0007", None),
        ("$$+32702280007", None, "0007", date(2027, 2, 28)),
        ("27059L-1", "L-1", None, date(2027, 2, 28)),
        ("$$3270228L-1/S0007/16D20260101", "L-1", "0007", date(2027, 2, 28)),
        ("$L-1/14D20270228", "L-1", None, date(2027, 2, 28)),
    ],
)
def test_a_hibc_label_says_lot_serial_and_expiry_in_each_of_its_forms(second, lot, serial, expires):
    data = f"+H123PUMP1/{second}"
    said = parse(data + hibc.check_character(data))
    assert said.problem is None
    assert (said.di, said.issuer) == ("H123PUMP1", "hibcc")
    assert (said.lot_no, said.serial, said.expires_on) == (lot, serial, expires)


@pytest.mark.parametrize("second", ["$$3271328L-1", "$$527366L-1", "$$1327L-1", "$$2023027L", "/"])
def test_a_hibc_label_with_a_day_that_is_none_is_refused(second):
    data = f"+H123PUMP1/{second}"
    assert parse(data + hibc.check_character(data)).problem is not None


def test_a_hibc_check_character_that_is_a_space_is_not_trimmed_away():
    data = next(
        one
        for one in (f"+H123PUMP1/$L{n:X}" for n in range(1000))
        if hibc.check_character(one) == " "
    )
    for text in (data + " ", f"\t{data} \n"):
        assert [parse(one).di for one in several(text)] == ["H123PUMP1"]
    assert parse(data).problem is not None


def test_any_one_wrong_character_of_a_hibc_label_is_noticed():
    data = "+H123PUMP1/$$3270228L-1"
    good = data + hibc.check_character(data)
    for at in range(2, len(good)):  # without a letter first it is no label at all
        for other in "07AZ":
            wrong = good[:at] + other + good[at + 1 :]
            assert wrong == good or parse(wrong).problem is not None


@pytest.mark.parametrize(
    "text",
    [
        "=+03000=/A9999XYZ100T0944=,000025",  # one structure less than it says
        "=/A9999XYZ100T0944=>014367",  # no such day
        "=/A9999XYZ100T0944=>314001",  # no such century
        "=/A9999XYZ100T0944=,000025=,000026",
        "=/A9999XYZ100T0944??",
    ],
)
def test_an_iccbba_label_that_is_not_whole_is_refused(text):
    assert parse(text).problem is not None


def test_a_label_of_each_agency_finds_its_unit(shop):
    shop.db.info["site_url"] = "https://holdfast.example.com"
    maker, how = shop.maker.id, shop.how
    wanted = {}
    for issuer, di in (("hibcc", "H123PUMP1"), ("iccbba", "A9999XYZ100T0944")):
        part = parties.add_part(
            shop.db, maker, issuer, issuer, control="serial", kind="device", di=di,
            issuer=issuer, **how,
        )  # fmt: skip
        [wanted[issuer]] = shop.units(part, "000025")
    data = "+H123PUMP1/$+000025"
    for issuer, text in (
        ("hibcc", data + hibc.check_character(data)),
        ("hibcc", "*" + data + hibc.check_character(data) + "*"),
        ("hibcc", "https://holdfast.example.com/id/OWN/hibcc/serial/000025"),
        ("iccbba", "=/A9999XYZ100T0944=,000025"),
    ):
        assert [m.unit_id for m in find.resolve(shop.db, text)] == [wanted[issuer]]


def test_a_link_of_ours_names_part_lot_unit_and_place_whatever_is_in_their_names(shop):
    site = "https://holdfast.example.com"
    for one in (
        own.Own(site, "OWN", "A/1 ü"),
        own.Own(site, "OWN", "A/1", "L 1"),
        own.Own(site, "OWN", "A/1", None, "00/7"),
        own.Own(site, "OWN", "A/1", "lot", "serial"),
        own.Own(site, location="WH/1"),
    ):
        assert own.read(own.link(one)) == one


def test_a_link_of_another_site_names_nothing_here(shop):
    shop.db.info["site_url"] = "https://holdfast.example.com"
    shop.units(shop.pump, "0007")
    found = find.look_up(shop.db, "https://elsewhere.example.com/id/OWN/PUMP/serial/0007")
    assert found.matches == ()
    assert "printed by https://elsewhere.example.com" in str(found.problem)


def test_a_recorded_serial_that_looks_like_a_broken_label_is_found_all_the_same(shop):
    [pump] = shop.units(shop.pump, "+A123BJC5")
    assert [m.unit_id for m in find.resolve(shop.db, "+A123BJC5")] == [pump]


def test_the_label_of_a_place_is_told_from_that_of_a_device(shop):
    assert "label of a place" in str(find.look_up(shop.db, "(414)9506000134352").problem)


def test_a_separator_in_front_says_that_element_strings_follow():
    [scan] = several("\x1d00106141412345678908")
    assert parse(scan).sscc == "106141412345678908"


def test_separators_stay_inside_pasted_scans():
    text = f"]d201{GTIN}10L-1\x1d21A\n01{GTIN}10L-1\x1d21B"
    assert several(text) == text.split("\n")


# --- two codes of one label ------------------------------------------------------------------


def coded(data, link=""):
    return f"{data}{link}{hibc.check_character(data + link)}"


PRIMARY = coded("+A123BJC5D6E71")
SECONDARY = coded("+$$520015LOT-9", PRIMARY[-1])


@pytest.mark.parametrize("mark", [" ", "\n", "\t"])
def test_the_two_codes_of_a_hibc_label_are_read_as_one(mark):
    [whole] = several(f"{PRIMARY}\n{SECONDARY}")
    for said in (parse(whole), parse(f"{PRIMARY}{mark}{SECONDARY}")):
        assert (said.di, said.lot_no, said.problem) == ("A123BJC5D6E71", "LOT-9", None)
        assert said.expires_on == date(2020, 1, 15)


def test_the_second_code_of_another_label_is_not_joined():
    other = coded("+$$520015LOT-9", "A" if PRIMARY[-1] != "A" else "B")
    assert several(f"{PRIMARY}\n{other}") == [PRIMARY, other]
    assert parse(other).problem is not None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("(01)07032069804988", "(17)271231(10)AB-1"),
        ("]C10107032069804988", "]C11727123110AB-1"),
        ("]d20107032069804988", "\x1d1727123110AB-1"),
    ],
)
def test_a_gs1_label_that_is_split_over_two_symbols_is_read_as_one(first, second):
    [whole] = several(f"{first}\n{second}")
    said = parse(whole)
    assert (said.di, said.lot_no) == ("07032069804988", "AB-1")
    assert said.expires_on == date(2027, 12, 31)
    assert join(second, first) is None
    assert join("(01)07032069804988(10)X", second) is None


@pytest.mark.parametrize(
    ("number", "check"),
    # the worked example of the UK guidelines for transfusion services, and those of ICCBBA
    [("G123498654321", "H"), ("A999916123456", "Q"), ("A999522123456", "*")],
)
def test_the_check_character_of_a_donation_number_is_that_of_mod_37_2(number, check):
    assert iccbba.check_character(number) == check


def test_a_donation_number_whose_flags_carry_a_wrong_check_character_is_refused():
    label = "=/A9999XYZ100T0476={}&,1000000000000XYZ123"
    assert parse(label.format("G12349865432177")).problem is None
    assert parse(label.format("G12349865432100")).problem is None, "no check character in it"
    assert (
        "check digit" in parse(label.format("G12349865432177".replace("G", "F"))).problem.sentence
    )
