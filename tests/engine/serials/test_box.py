"""The box: what people paste is understood piece by piece, asked back, and never dropped."""

import json
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from engine.serials import expressions, packing, parties, receive, ship
from engine.serials.expressions import LEAVE, TextTooLong, keywords, ranges, saying
from engine.serials.models import Edge, Lot, Segment, Unit
from engine.serials.packing import Load
from engine.serials.record import StockPart
from tests.support.shop import NOW

SHARED = Path(__file__).resolve().parents[4] / "shared"
REAL = SHARED / "data/openfda/enforcement_code_info.json"
# how notices of several years are written, beside the real ones
WRITTEN = [
    "Lots begin with: 15AMLB, 15BMLB",
    "Lot Numbers: 15AMLB001, 15AMLB002 & 15BMLB001.",
    "AP0447, AP0448 & AP0463",
    "All serial numbers from AP0447 through AP0463",
    "Lot No. K-7 (Exp. 2027-01-31), Lot No. K-8 (Exp 2027-02-28)",
    "UDI: (01)07032069804988(21)AP0447; (01)07032069804988(21)AP0448",
    "01070320698049882\x1d21AP0447",
    "Model PUMP, S/N: AP0447-AP0451\r\nModel BOARD, S/N: 1-9, 10-20",
    "批号：K-7、K-8；序列号 AP0447 至 AP0463（有效期至：2027-01-31）",
    "Units distributed between 3/1/2026 and 3/15/2026 with software 2.1 or lower",
    "Catalog Number: 12345-67, all lots manufactured prior to January 2026",
    "a) K-7\nb) K-8\n\n— see also: “http://127.0.0.1/01/x” •••",
    "Lot # K-7/K-8/15AMLB001",
    "V2601*, AP04??; AP0463-AP0447 AP044..AP0451 (exp 01/2029) G-2* A*B?C **",
    "(00)376130321109103420, SSCC 376130321109103420; UNKNOWN; site C-1, consignee C-1",
    "\t,;、\n  \u3000",
    "",
]


@pytest.fixture
def stock(shop):
    """A shop with lots, serials and runs to be named."""
    for number in ("15AMLB001", "15AMLB002", "15BMLB001", "K-8"):
        shop.lot(shop.resin, number, 5)
    shop.k7 = shop.lot(shop.resin, "K-7", 9)
    numbers = ("AP0447", "AP0448", "AP0449", "AP0450", "AP0451", "AP0458", "AP0463")
    shop.pumps = dict(zip(numbers, shop.units(shop.pump, *numbers), strict=True))
    run = ("A100", "A101", "A150", "A1X0", "A200")
    shop.made = shop.build(shop.pump, *run, inputs=[shop.k7], work_order="WO-1")
    return shop


@pytest.fixture
def read(stock):
    def read(text, **more):
        return expressions.understand(stock.db, text, **more)

    return read


@pytest.fixture
def named(stock):
    """Give what a text comes to: (lot numbers, work orders, serials), every question answered."""

    def named(text, *answers, **more):
        found = expressions.understand(stock.db, text, **more)
        for answer in answers:
            question = found.open_questions[0]
            chosen = {question.key: answer}
            more["answers"] = {**more.get("answers", {}), **chosen}
            found = expressions.understand(stock.db, text, **more)
        assert found.is_ready, [str(q.sentence) for q in found.open_questions]
        seeds = expressions.seeds_of(stock.db, found.expression)
        db = stock.db
        return (
            sorted(db.scalars(select(Lot.lot_no).where(Lot.id.in_(seeds.lots)))),
            sorted(db.scalars(select(Segment.work_order).where(Segment.id.in_(seeds.segments)))),
            sorted(db.scalars(select(Unit.serial).where(Unit.id.in_(seeds.units)))),
        )

    return named


def shown(found):
    return [(p.kind, p.text) for p in found.pieces if p.kind != "blank"]


def asked(found):
    return [(q.text, [c.value for c in q.choices]) for q in found.open_questions]


# --- nothing is dropped ----------------------------------------------------------------------


def is_accounted_for(piece):
    """Say whether a stretch is separators, a word, or was understood, asked back or reported."""
    if piece.kind == "blank":
        letters = saying.GAP + saying.STOPS + saying.BRACKETS + "./-–—"
        return all(one in letters or one.isdigit() or one in "abcdef" for one in piece.text)
    if piece.kind == "word":
        return keywords.keyword().fullmatch(piece.text) is not None
    return piece.kind in ("understood", "remark", "not_recorded", "question", "left_out") and bool(
        piece.sentence
    )


def real_texts():
    return [one["code_info"] for one in json.loads(REAL.read_text("utf-8"))["records"]]


def hold_to_account(read, text):
    found = read(text)
    assert "".join(piece.text for piece in found.pieces) == text
    assert all(is_accounted_for(piece) for piece in found.pieces), shown(found)
    # what is not part of the expression is kept beside it
    for piece in found.pieces:
        if piece.kind == "not_recorded":
            assert piece.text in found.expression["not_recorded"]
        if piece.kind == "question":
            assert piece.question in found.open_questions
            assert not found.is_ready


def test_every_character_is_understood_explained_or_asked_about(read):
    for text in WRITTEN:
        hold_to_account(read, text)


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data/openfda is not beside the project")
def test_what_real_notices_name_is_looked_up_number_by_number(read):
    texts = real_texts()
    for text in texts:
        hold_to_account(read, text)
    numbers = [
        {p.text for p in read(text).pieces if p.kind in ("not_recorded", "understood")}
        for text in texts
    ]
    assert {"AP0447", "AP0451", "AP0463"} <= numbers[0]
    assert {"220706", "221122", "221124", "230102", "K6870", "K6870.20.US.L"} <= numbers[1]
    assert {"AHCV18A", "980221", "974221", "AHCV18B", "868221", "842221"} <= numbers[2]
    assert {"L1", "RH19A0069"} <= numbers[3]


# --- lists, beginnings, ranges -----------------------------------------------------------------


MEANT = [
    ("Lots begin with: 15AMLB, 15BMLB", ["15AMLB001", "15AMLB002", "15BMLB001"], []),
    ("批号以15AMLB、15BMLB开头", ["15AMLB001", "15AMLB002", "15BMLB001"], []),
    ("AP0447, AP0448 & AP0463", [], ["AP0447", "AP0448", "AP0463"]),
    ("Serial Numbers: AP0447, AP0448 & AP0463.", [], ["AP0447", "AP0448", "AP0463"]),
    ("S/N AP0447\r\nAP0448\tAP0463\n", [], ["AP0447", "AP0448", "AP0463"]),
    ("批号：K-7、K-8；序列号 AP0447 至 AP0449", ["K-7", "K-8"], ["AP0447", "AP0448", "AP0449"]),
    ("K-7 and (01)07032069804988(21)AP0447", ["K-7"], ["AP0447"]),
    ("01070320698049882" + "1AP0447\x1d17270101, K-8", ["K-8"], ["AP0447"]),
    ("https://id.example.org/01/07032069804988/21/AP0448", [], ["AP0448"]),
    ("Part PUMP serials AP0447; part RES lots K-7", ["K-7"], ["AP0447"]),
    ("1) K-7 2) K-8", ["K-7", "K-8"], []),
]


def test_what_people_write_names_what_they_mean(named):
    for text, lots, serials in MEANT:
        assert named(text) == (lots, [], serials), text


def test_a_plain_range_reaches_what_is_between_and_nothing_that_only_sorts_there(named):
    for text in (
        "A100-A200",
        "A100 to A200",
        "A100 - A200",
        "from A100 through A200",
        "A100至A200",
    ):
        assert named(text) == ([], [], ["A100", "A101", "A150", "A200"]), text


@pytest.mark.parametrize(
    ("first", "last", "is_plain"),
    [
        ("A100", "A200", True),
        ("0098", "0102", True),
        ("98", "102", False),
        ("A100", "B200", False),
        ("A200", "A100", False),
        ("A100X", "A200X", False),
        ("A", "B", False),
        ("A٣", "A٤", False),
    ],
)
def test_a_range_is_plain_only_with_one_beginning_and_one_width(first, last, is_plain):
    assert (ranges.plain_range(first, last) is not None) == is_plain


def test_a_range_that_is_not_plain_is_asked_back(read, named):
    found = read("AP0447-51")
    assert asked(found) == [("AP0447-51", ["range", "ends", LEAVE])]
    assert found.expression == {"any": []}
    five = ["AP0447", "AP0448", "AP0449", "AP0450", "AP0451"]
    assert named("AP0447-51", "range") == ([], [], five)
    assert named("AP0447-51", "ends") == ([], [], ["AP0447", "AP0451"])
    assert asked(read("A100 to AP0447")) == [("A100 to AP0447", ["ends", LEAVE])]


def test_a_number_with_a_dash_that_is_recorded_is_no_range(shop, stock, named):
    shop.units(shop.pump, "A100-A200")
    assert named("A100-A200") == ([], [], ["A100-A200"])


def test_a_number_with_spaces_that_is_recorded_is_one_number(shop, stock, named):
    shop.lot(shop.body, "LOT 7 B", 3)
    assert named("AP0447, LOT 7 B") == (["LOT 7 B"], [], ["AP0447"])


def test_a_beginning_is_compared_byte_by_byte(stock, named, read):
    stock.lot(stock.resin, "15amlb9", 1)
    stock.lot(stock.resin, "15A%LB", 1)
    assert named("lots begin with 15AMLB")[0] == ["15AMLB001", "15AMLB002"]
    assert read("lots begin with 15amlx").problems
    assert named("lots begin with 15A%")[0] == ["15A%LB"]


# --- what may be several things ------------------------------------------------------------------


def test_a_number_that_is_a_lot_and_a_serial_is_asked_about(stock, read, named):
    stock.lot(stock.body, "SAME", 5)
    stock.units(stock.board, "SAME")
    (question,) = read("SAME").open_questions
    assert [one.value.split(":")[0] for one in question.choices] == ["lot", "unit", "all", LEAVE]
    assert named("SAME", "all") == (["SAME"], [], ["SAME"])
    assert named("lot SAME") == (["SAME"], [], [])
    assert named("S/N SAME") == ([], [], ["SAME"])


def test_a_lot_number_of_several_manufacturers_is_asked_about(stock, read, named):
    other = parties.add_party(stock.db, "S-2", "Polymer", kind="supplier", **stock.how)
    twin = stock.part("RES-2", "lot", "material", other.id)
    stock.lot(twin, "K-7", 5)
    (question,) = read("lot K-7").open_questions
    makers = {dict(one.facts).get("maker") for one in question.choices} - {None}
    assert makers == {"Resin Works", "Polymer"}
    assert named("lot K-7", question.choices[1].value) == (["K-7"], [], [])
    # the part beside it tells them apart
    assert named("P/N RES-2 lot K-7") == (["K-7"], [], [])
    assert asked(read("lots begin with K"))[0][0] == "K"


def test_an_answer_that_was_not_offered_answers_nothing(stock, read):
    stock.lot(stock.body, "SAME", 5)
    stock.units(stock.board, "SAME")
    (question,) = read("SAME").open_questions
    assert read("SAME", answers={question.key: "lot:999999"}).open_questions == (question,)


def test_what_is_left_out_stays_on_record(stock, read):
    stock.lot(stock.body, "SAME", 5)
    stock.units(stock.board, "SAME")
    (question,) = read("SAME, K-7").open_questions
    found = read("SAME, K-7", answers={question.key: LEAVE})
    assert found.is_ready
    assert found.expression["left_out"] == ["SAME"]
    assert ("left_out", "SAME") in shown(found)


def test_what_is_not_recorded_is_said_and_kept(read):
    found = read("K-7, ZZ-1")
    assert found.is_ready
    assert found.expression["not_recorded"] == ["ZZ-1"]
    assert [str(problem) for problem in found.problems] == [
        "“ZZ-1” is not recorded here, as a lot or as a serial number"
    ]


def test_what_is_nearly_so_is_offered_and_never_taken(read):
    (question,) = read("ap0447").open_questions
    assert [dict(one.facts).get("number") for one in question.choices] == ["AP0447", None]


def test_words_that_name_nothing_are_asked_about_once(read):
    found = read("lot K-7 ordered yesterday evening")
    assert asked(found) == [("ordered yesterday evening", [LEAVE])]


def test_a_number_of_another_kind_or_part_than_the_text_says_is_asked_about(read):
    assert asked(read("lot AP0447"))[0][1][-1] == LEAVE
    (question,) = read("part PCBA serial AP0447").open_questions
    assert "not recorded for part PCBA" in question.sentence % dict(question.facts)
    (question,) = read("part NEW-1 serial AP0447").open_questions
    assert "names part NEW-1" in question.sentence % dict(question.facts)


def test_a_lot_that_nobody_noted_may_be_the_one_named(stock, read, named):
    unknown = parties.unknown_lot(stock.db, stock.resin.id, **stock.how)
    (question,) = read("part RES lot 777-X").open_questions
    assert [one.value for one in question.choices] == ["unknown", LEAVE]
    assert named("part RES lot 777-X", "unknown")[0] == [unknown.lot_no]


def test_a_part_alone_is_asked_about_and_may_mean_all_of_it(read, named):
    assert asked(read("PUMP")) == [("PUMP", ["whole", LEAVE])]
    _, runs, serials = named("Model: PUMP", "whole")
    assert runs == ["WO-1"]
    assert set(serials) >= {"AP0447", "AP0463"}


def test_an_expiry_that_differs_is_asked_about(stock, read, named):
    stock.lot(stock.resin, "E-1", 1, expires_on=NOW.date().replace(year=2027, month=5, day=4))
    assert named("Lot E-1 Exp. 05/04/2027")[0] == ["E-1"]
    assert named("Lot E-1 Exp. 04/05/2027")[0] == ["E-1"]
    assert asked(read("Lot E-1 Exp. 2027-06-04"))[0][1] == ["same", LEAVE]
    assert named("Lot E-1 Exp. 2027-06-04, K-7", LEAVE)[0] == ["K-7"]
    assert named("Lot E-1 Exp. 2027-06-04, K-7", "same")[0] == ["E-1", "K-7"]


# --- what describes -------------------------------------------------------------------------------


def test_a_part_made_in_a_window_is_its_runs_and_units(named):
    lots, runs, serials = named("part PUMP made between 2026-03-01 and 2026-03-05")
    assert (lots, runs) == ([], ["WO-1"])
    assert "AP0447" in serials
    assert named("2026-03-01 至 2026-03-05 生产的 PUMP") == (lots, runs, serials)
    assert named("part PUMP made since 2026-03-03") == ([], [], [])


def test_days_are_those_of_the_reader(named):
    shanghai = ZoneInfo("Asia/Shanghai")  # NOW is 16:00 there; midnight lies at 16:00 UTC before
    assert named("part PUMP made on 2026-03-02", zone=shanghai)[1] == ["WO-1"]
    far = ZoneInfo("Pacific/Kiritimati")
    assert named("part PUMP made on 2026-03-01", zone=far) == ([], [], [])


def test_a_day_that_can_be_read_in_two_ways_is_asked_about(read):
    found = read("part PUMP made on 03/02/2026")
    assert asked(found) == [("made on 03/02/2026", ["2026-03-02/2026-03-02",
                                                    "2026-02-03/2026-02-03", LEAVE])]  # fmt: skip
    assert not read("part PUMP made on 03/22/2026").open_questions
    assert read("part PUMP made on 2026-02-31").problems


def test_work_orders_sites_and_places_are_found(named):
    assert named("work order WO-1") == ([], ["WO-1"], [])
    assert named("工单 WO-1") == ([], ["WO-1"], [])
    assert named("made at WH-1") == ([], ["WO-1"], [])
    lots, _, serials = named("location WH-1")
    assert "K-8" in lots
    assert "AP0447" in serials


def test_what_events_name_is_found(stock, named, read):
    receive.receive_units(
        stock.db, stock.pump.id, ["EQ1", "EQ2"], location_id=stock.store.id,
        facts={"equipment": ["EQ-7"], "operator": ["Li Wei"]}, **stock.how,
    )  # fmt: skip
    assert named("equipment EQ-7") == ([], [], ["EQ1", "EQ2"])
    assert named("设备 EQ-7") == ([], [], ["EQ1", "EQ2"])
    assert named("operator Li Wei") == ([], [], ["EQ1", "EQ2"])
    assert named("equipment EQ-7 since 2026-03-01") == ([], [], ["EQ1", "EQ2"])
    assert named("equipment EQ-7 since 2026-03-03") == ([], [], [])
    assert [p.sentence for p in read("equipment EQ-9").problems]
    assert asked(read("equipment EQ-7, operator Li Wei")) == [("EQ-7, Li Wei", ["all", "any"])]
    assert named("equipment EQ-7, operator Li Wei", "all") == ([], [], ["EQ1", "EQ2"])


def test_what_stands_alone_and_is_no_number_of_goods_is_asked_back(stock, read, named):
    receive.receive_units(
        stock.db, stock.pump.id, ["EQ1", "EQ2"], location_id=stock.store.id,
        facts={"equipment": ["G-22"], "operator": ["Li Wei"], "program": ["2.1"]}, **stock.how,
    )  # fmt: skip
    for text, name in (("G-22", "equipment"), ("Li Wei", "operator"), ("2.1", "program")):
        assert asked(read(text)) == [(text, [f"fact:{name}", LEAVE])]
        assert named(text, f"fact:{name}") == ([], [], ["EQ1", "EQ2"])
        assert read(text).expression == {"any": []}
    assert asked(read("operator G-22")) == [("G-22", ["fact:equipment", LEAVE])]
    # in a list it is one of them, and cuts nothing down
    assert named("AP0447, G-22", "fact:equipment") == ([], [], ["AP0447", "EQ1", "EQ2"])
    first, part = read("PUMP, G-22").open_questions
    assert read("PUMP, G-22", answers={first.key: "fact:equipment"}).open_questions == (part,)


def test_a_place_that_stands_alone_is_asked_how_it_is_meant(stock, read, named):
    unit = stock.pumps["AP0451"]
    ship.ship(stock.db, to_location_id=stock.ward.id, units=[unit], **stock.how)
    for text in ("C-1", "C-1-S", "St Mary", "Ward"):
        assert asked(read(text)) == [(text, ["was_at", "shipped", LEAVE])]
        assert named(text, "shipped") == ([], [], ["AP0451"])
    for text in ("consignee C-1", "shipped to C-1", "收货方 C-1", "place C-1-S", "was at C-1-S"):
        assert named(text) == ([], [], ["AP0451"]), text
    assert asked(read("site C-1")) == [("C-1", ["was_at", "shipped", LEAVE])]
    assert asked(read("WH-1")) == [("WH-1", ["site", "was_at", LEAVE])]
    assert "AP0451" in named("WH-1", "was_at")[2]
    assert "AP0451" not in named("location WH-1")[2]
    assert read("consignee C-9").problems


def test_a_carton_is_what_is_or_was_in_it(stock, read, named):
    sscc, pallet = "376130321109103420", "376130321109103444"
    units = [stock.pumps[one] for one in ("AP0447", "AP0448")]
    load = Load(units=units, stock_parts=[StockPart(stock.stock(stock.k7)[0].id, Decimal(1))])
    case = packing.pack(stock.db, sscc, "case", load, **stock.how).facts["container_id"]
    packing.pack(stock.db, pallet, "pallet", Load(containers=[case]), **stock.how)
    packing.unpack(stock.db, case, units=units[:1], **stock.how)
    for text in (f"(00){sscc}", sscc, f"00{sscc}", f"(00) {pallet}", f"SSCC {pallet}"):
        assert named(text) == (["K-7"], [], ["AP0447", "AP0448"]), text
    assert read("(00)376130321109103437").expression["not_recorded"] == ["(00)376130321109103437"]


def test_unknown_lots_are_asked_of_which_part(stock, read, named):
    assert read("UNKNOWN").problems or read("UNKNOWN").open_questions
    for part in (stock.resin, stock.body):
        parties.unknown_lot(stock.db, part.id, **stock.how)
    (question,) = read("UNKNOWN").open_questions
    assert [dict(one.facts).get("part") for one in question.choices] == ["BODY", "RES", None, None]
    assert named("UNKNOWN", "all")[0] == ["UNKNOWN", "UNKNOWN"]
    assert named("UNKNOWN", question.choices[1].value)[0] == ["UNKNOWN"]
    assert len(read("P/N RES lot UNKNOWN").open_questions[0].choices) == 2


def test_a_range_that_is_backwards_or_unequal_is_asked_back(read, named):
    assert asked(read("AP0451-AP0447")) == [("AP0451-AP0447", ["range", "ends", LEAVE])]
    five = ["AP0447", "AP0448", "AP0449", "AP0450", "AP0451"]
    assert named("AP0451-AP0447", "range") == ([], [], five)
    assert named("AP0451-AP0447", "ends") == ([], [], ["AP0447", "AP0451"])
    assert asked(read("AP0451 to AP0447")) == [("AP0451 to AP0447", ["range", "ends", LEAVE])]
    assert asked(read("AP044-AP0451")) == [("AP044-AP0451", ["ends", LEAVE])]
    assert asked(read("AP0447..AP0451")) == [("AP0447..AP0451", ["range", "ends", LEAVE])]
    assert read("ZZ-12-ZZ-9").expression["not_recorded"] == ["ZZ-12-ZZ-9"]


def test_a_sign_for_whatever_follows_is_asked_as_a_beginning(stock, read, named):
    for text in ("15AMLB*", "15AMLB00?", "15A*LB"):
        (question,) = read(text).open_questions
        assert question.text == text
        assert question.choices[0].value.startswith("lot:")
    assert named("15AMLB*", read("15AMLB*").open_questions[0].choices[0].value) == (
        ["15AMLB001", "15AMLB002"], [], []
    )  # fmt: skip
    assert named("lots begin with 15AMLB*")[0] == ["15AMLB001", "15AMLB002"]
    assert named("lot K-7*, K-8")[0] == ["K-7", "K-8"]  # a footnote
    assert read("ZZ9*").expression["not_recorded"] == ["ZZ9*"]
    assert named("* K-7\n* K-8")[0] == ["K-7", "K-8"]


def test_an_expiry_may_name_a_month(stock, read, named):
    stock.lot(stock.resin, "E-1", 1, expires_on=NOW.date().replace(year=2027, month=5, day=4))
    short = ("exp 05/27", "EXP: 27-05", "exp. 04/05/27", "exp 05.04.27")
    for text in ("exp 05/2027", "exp. 2027-05", "Exp. May 2027", "有效期至 2027年5月", *short):
        assert named(f"Lot E-1 ({text}), K-7")[0] == ["E-1", "K-7"], text
    assert asked(read("Lot E-1 (exp 06/2027)"))[0][1] == ["same", LEAVE]
    assert asked(read("Lot E-1 (exp 06/27)"))[0][1] == ["same", LEAVE]
    for text in ("exp 01/2029", "exp 01/29"):
        found = read(f"Lot K-7 ({text})")
        assert not asked(found)
        assert "not_recorded" not in found.expression


def test_a_description_by_itself_is_asked_about_after_other_things(read, named):
    text = "AP0447\nmade between 2026-03-01 and 2026-03-05"
    assert [choices for _, choices in asked(read(text))] == [["narrows", "itself"]]
    assert named(text, "narrows") == ([], [], ["AP0447"])
    assert named(text, "itself")[1] == ["WO-1"]


# --- and, or, except ---------------------------------------------------------------------------


def test_a_description_narrows_to_what_contains_what_is_named(named):
    assert named("lot K-7 made between 2026-03-01 and 2026-03-05")[1] == ["WO-1"]
    assert named("lot K-7 made since 2026-03-03") == ([], [], [])


def test_what_is_taken_out_stays_out(named):
    assert named("A100 to A200 except A150") == ([], [], ["A100", "A101", "A200"])
    assert named("lots begin with 15AMLB except 15AMLB002")[0] == ["15AMLB001"]
    assert named("批号 K-7、K-8 除 K-8 以外")[0] == ["K-7"]


def test_a_run_without_one_of_its_units_comes_as_the_others(named):
    assert named("work order WO-1 except A150") == ([], [], ["A100", "A101", "A1X0", "A200"])


def test_a_lot_that_went_into_something_comes_in_whole_whatever_is_taken_out(stock, named):
    lot = stock.lot(stock.pump, "PL-1")
    stock.units(stock.pump, "Z1", "Z2", lot=lot)
    assert named("lot PL-1 except Z1") == ([], [], ["Z2"])
    stock.build_lot(stock.set, "SET-1", 3, lot)
    assert stock.db.scalar(select(Edge.inp).where(Edge.inp == lot.id)) == lot.id
    assert named("lot PL-1 except Z1") == (["PL-1"], [], [])


def test_a_list_ends_what_is_taken_out_at_the_next_line(named):
    assert named("lots K-7, K-8 except K-8\n15AMLB001")[0] == ["15AMLB001", "K-7"]


# --- sheets and size ----------------------------------------------------------------------------


def test_a_sheet_with_a_heading_is_read_column_by_column(named):
    rows = [["Part number", "Serial number", "Lot number"], ["PUMP", "AP0447", ""],
            ["RES", "", "K-7"]]  # fmt: skip
    for tab in (",", "\t", ";"):
        text = "\r\n".join(tab.join(row) for row in rows)
        assert named(text) == (["K-7"], [], ["AP0447"])
        chinese = text.replace("Serial number", "序列号").replace("Lot number", "批号")
        assert named(chinese) == (["K-7"], [], ["AP0447"])


def test_a_column_that_says_nothing_is_asked_about_once(read, named):
    text = "serial,Remark\nAP0447,cracked\nAP0448,"
    assert asked(read(text)) == [("Remark", [LEAVE])]
    assert named(text, LEAVE) == ([], [], ["AP0447", "AP0448"])
    assert "".join(piece.text for piece in read(text).pieces) == text


def test_thousands_of_numbers_come_in_a_fixed_number_of_queries(stock, read):
    seen = []

    def count(*_):
        seen.append(1)

    def queries(text):
        seen.clear()
        expressions.seeds_of(stock.db, read(text).expression)
        return len(seen)

    few = "\n".join(["AP0447", "AP0448", "K-7", "ZZ1"] + [f"ZZ{n}" for n in range(30, 70)])
    many = "\n".join([few, *(f"ZZ{n}" for n in range(100, 1_500))])
    event.listen(stock.db.get_bind(), "before_cursor_execute", count)
    assert queries(many) == queries(few)
    event.remove(stock.db.get_bind(), "before_cursor_execute", count)


def test_a_text_that_is_far_too_long_is_refused(read):
    with pytest.raises(TextTooLong, match="500,000"):
        read("A" * 500_001)


def test_an_expression_is_plain_json(read):
    found = read("lots begin with 15AMLB; PUMP made since 2026-03-01; AP0447 except AP0448")
    assert json.loads(json.dumps(found.expression)) == found.expression
