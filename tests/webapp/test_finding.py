"""Finding things: one box, the list of units and lots, and every way in which nothing is found."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from engine.serials import holds, other_names
from engine.serials.targets import HoldTarget
from tests.support.personas import People
from tests.support.shop import Shop
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast

Enter = Callable[..., Visitor]
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
GTIN = "07032069804988"


@pytest.fixture
def stocked(holdfast: Holdfast, people: People) -> dict[str, Any]:
    """Stock a shop with pumps AB-1 to AB-3, set lots, and a lot number of two makers."""
    with holdfast.database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        pumps = shop.units(shop.pump, "AB-1", "AB-2", "AB-3")
        shop.units(shop.board, "PCB-1")
        lot = shop.lot(shop.set, "15AMLB", 100)
        other = shop.lot(shop.set, "15AMLB", 5, manufacturer_id=shop.supplier.id)
        named = shop.lot(shop.resin, "R-9", 10)
        other_names.name_also(
            db, "lot", named.id, named_by="supplier:S-1", value="RW/26/0001", **shop.how
        )
        return {
            "unit": pumps[0], "lot": lot.id, "other": other.id, "named": named.id,
            "store": shop.store.id, "cage": shop.cage.id,
        }  # fmt: skip


@pytest.fixture
def look(signed_in: Enter, people: People) -> Callable[..., Any]:
    visitor = signed_in(people.qa_engineer)

    def search(text: str, *, live: bool = False) -> Any:
        return visitor.get(
            f"/search?q={quote(text)}", headers={"HX-Request": "true"} if live else {}
        )

    search.visitor = visitor  # type: ignore[attr-defined]  # a mark of our own on it
    return search


def words(answer: Any) -> str:
    """Return what a page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", answer.text.split('<main id="main"')[1])
    return re.sub(r"\s+", " ", text.replace("&#39;", "'"))


# --- found -----------------------------------------------------------------------------------


NAMED = {
    "AB-1": "unit",
    " AB-1 ": "unit",
    f"(01){GTIN}(21)AB-1": "unit",
    f"]d201{GTIN}21AB-1": "unit",
    "RW/26/0001": "named",
}


def test_one_that_is_named_in_full_is_opened(look: Any, stocked: dict[str, Any]) -> None:
    for text, where in NAMED.items():
        kind = "units" if where == "unit" else "lots"
        answer = look(text)
        assert answer.status_code == 302, text
        assert answer.location == f"/units-and-lots/{kind}/{stocked[where]}", text
        assert look(text, live=True).status_code == 200  # nobody is taken away while typing


BEGINNINGS = {
    "AB": ["Units that begin so", "AB-1", "AB-3"],
    "RW/26": ["Lots that begin so", "R-9", "there called RW/26/0001"],
    "PU": ["Parts", "PUMP"],
    GTIN[:8]: ["Parts", "PUMP"],
    "Q-1": ["Places", "Cage"],
    "cage": ["Places", "Q-1"],
}


def test_what_begins_so_is_listed_by_kind(look: Any, stocked: dict[str, Any]) -> None:
    for text, shown in BEGINNINGS.items():
        for said in (look(text), look(text, live=True)):
            assert said.status_code == 200, text
            assert all(one in words(said) for one in shown), words(said)


def test_a_case_is_found_by_the_beginning_of_its_number(
    look: Any, holdfast: Holdfast, people: People, at: datetime
) -> None:
    from engine.cases.models import Case

    with holdfast.database.begin() as db:
        case = Case(number="NC-2026-0001", process="nonconformance", title="A crack")
        case.language, case.opened_by_id, case.opened_at = "en", people.qa_engineer.id, at
        db.add(case)
    assert "A crack" in look("nc-2026-00").text
    assert look("nc-2026-0001").location == "/nonconformances/NC-2026-0001"
    missing = words(look("NC-2026-0999"))
    assert "There is no case NC-2026-0999. The newest of this series is NC-2026-0001" in missing
    assert "This series has no cases" in words(look("NC-2019-0001"))


def test_more_hits_than_fit_say_so_and_where_all_are(
    look: Any, stocked: dict[str, Any], holdfast: Holdfast, people: People
) -> None:
    with holdfast.database.begin() as db:
        from engine.serials import receive
        from engine.serials.models import Unit

        part_id = db.get_one(Unit, stocked["unit"]).part_id
        receive.receive_units(
            db, part_id, [f"ZZ-{n:03}" for n in range(60)], location_id=stocked["store"],
            usability="conforming", by=people.warehouse, at=NOW,
        )  # fmt: skip
    page = look("ZZ")
    assert "There are more. Type more of the number" in words(page)
    assert "/units-and-lots?kind=unit&amp;begins=ZZ" in page.text
    listed = look.visitor.get("/units-and-lots?kind=unit&begins=ZZ")
    assert "50 shown of 60" in words(listed)
    following = re.search(r'rel="next" href="([^"]+)"', listed.text)[1].replace("&amp;", "&")
    rest = look.visitor.get(following)
    assert "ZZ-050" in rest.text
    assert "ZZ-049" not in rest.text


# --- missed: every miss has its sentence -----------------------------------------------------

MISSES = {
    "empty": ("", "Nothing was typed yet"),
    "only_spaces": (" \t  ", "Nothing was typed yet"),
    "only_unseen": ("\u200b\u200b", "Nothing was typed yet"),
    "check_digit": ("(01)07032069804987(21)AB-1", "The check digit of 07032069804987 is wrong."),
    "bare_check_digit": ("07032069804987", "its check digit is wrong. Scan the label again"),
    "another_part": (f"(01){GTIN}(21)PCB-1", "PCB-1 is recorded only for part PCBA"),
    "lower_case": ("ab-1", "Serials and lots are case-sensitive. Did you mean: AB-1"),
    "full_width": ("ＡＢ－１", "Did you mean: AB-1"),
    "too_long": ("X" * 300, "This is too long for one scan One label has at most 250 characters."),
    "far_too_long": ("X" * 30_000, "This is too long for one scan"),
    "odd": ("AB\x01\x02?%_", "“AB?%_” was not found"),
    "chinese": ("批号甲", "Switch the keyboard to English, half width, and scan again"),
    "not_ours": ("(01)04012345678901(21)1", "The device identifier 04012345678901 is not one of"),
    "half_a_label": ("(21)AB-1", "is not a complete device label"),
    "hibc": ("+A123BJC5D6E71G", "The device identifier A123BJC5D6E71 is not one of ours"),
    "hibc_second": ("+$$20928053C001/S0001/16D20000101XQ", "is the second code of a label"),
    "unknown": ("SN-?", "No serial, lot, supplier's lot, part, place or case begins so"),
}


def test_every_miss_says_what_was_looked_for_and_what_to_do(
    look: Any, stocked: dict[str, Any]
) -> None:
    nothing = {"empty", "only_spaces", "only_unseen", "too_long", "far_too_long"}
    for miss, (text, sentence) in MISSES.items():
        answer = look(text)
        assert answer.status_code == 200, miss
        assert sentence in words(answer), miss
        if miss not in nothing:
            assert "What to try" in words(answer), miss
            assert "/report?unidentified=" in answer.text, miss


def test_every_miss_is_said_in_chinese(look: Any, stocked: dict[str, Any]) -> None:
    look.visitor.get("/keyboard")
    look.visitor.post("/language", {"language": "zh"})
    for text, sentence in MISSES.values():
        said = words(look(text))
        assert re.search(r"[\u4e00-\u9fff]{4}", said)
        assert sentence not in said


def test_a_label_is_told_as_it_was_understood(look: Any, stocked: dict[str, Any]) -> None:
    said = words(look(f"(01){GTIN}(17)270228(10)L-7(21)X-9"))
    assert f"Read as a device label (GS1): GTIN {GTIN} · lot L-7 · serial X-9" in said


def test_a_lot_number_of_two_makers_is_told_apart(look: Any, stocked: dict[str, Any]) -> None:
    answer = look("15AMLB")
    assert answer.status_code == 200
    said = words(answer)
    assert "15AMLB is the number of more than one: compare part and manufacturer" in said
    assert "Linden Infusion" in said
    assert "Resin Works" in said
    for lot in ("lot", "other"):
        assert f"/units-and-lots/lots/{stocked[lot]}" in answer.text


PASTED = ("AB-1\nAB-9", "AB-1 AB-9", f"(01){GTIN}(21)AB-1(01){GTIN}(21)AB-9", "AB-1, AB-9")


def test_scans_pasted_at_once_are_listed_each(look: Any, stocked: dict[str, Any]) -> None:
    for pasted in PASTED:
        answer = look(pasted)
        assert "2 scans, one by one" in words(answer), pasted
        assert f"/units-and-lots/units/{stocked['unit']}" in answer.text, pasted
        assert "There is nothing recorded under “AB-9”" in words(answer), pasted


# --- the list --------------------------------------------------------------------------------


FILTERED = (
    ("", ["AB-3", "PCB-1", "newest first"], ["15AMLB"]),
    ("?kind=lot", ["15AMLB", "R-9", "Resin Works"], ["AB-3"]),
    ("?begins=AB-2", ["AB-2"], ["AB-1", "PCB-1"]),
    ("?part=PUMP", ["AB-1"], ["PCB-1"]),
    ("?place=WH-1&custody=in_house&usability=conforming&held=no", ["AB-1", "PCB-1"], []),
    ("?place=Store&part=PCBA", ["PCB-1"], ["AB-1"]),
    ("?custody=nonsense&usability=;--&lot=x&after=99999999999999999999", ["AB-1"], []),
)


def test_the_list_is_narrowed_by_filters_that_combine(look: Any, stocked: dict[str, Any]) -> None:
    for address, shown, hidden in FILTERED:
        said = words(look.visitor.get(f"/units-and-lots{address}"))
        assert all(one in said for one in shown), said
        assert not any(one in said.split("Holds", 1)[1] for one in hidden), said


FITTING_NOTHING = (
    ("?held=yes", "No unit fits this filter"),
    ("?kind=lot&usability=scrapped", "No lot fits this filter"),
    ("?part=XYZ", "No part number begins with “XYZ”."),
    ("?place=XYZ", "No place is called “XYZ”."),
    ("?begins=ab-1", "Did you mean: AB-1"),
    ("?begins=%00%20", "newest first"),
)


def test_a_filter_without_a_result_says_so_and_how_to_clear_it(
    look: Any, stocked: dict[str, Any]
) -> None:
    for address, sentence in FITTING_NOTHING:
        answer = look.visitor.get(f"/units-and-lots{address}")
        assert answer.status_code == 200, address
        assert sentence in words(answer), address
        if "newest" not in sentence:
            assert "Clear the filter" in answer.text, address


def test_a_list_box_opens_what_it_names_and_hands_labels_to_the_search(
    look: Any, stocked: dict[str, Any]
) -> None:
    get = look.visitor.get
    assert get("/units-and-lots?q=AB-1").location == f"/units-and-lots/units/{stocked['unit']}"
    label = quote(f"(01){GTIN}(21)AB-9")
    assert get(f"/units-and-lots?q={label}").location.startswith("/search?q=")
    typing = get(f"/units-and-lots?q={label}", headers={"HX-Request": "true"})
    assert "This is a label. Press Enter" in words(typing)
    assert "AB-2" in get("/units-and-lots?q=AB-", headers={"HX-Request": "true"}).text
    parts = get("/units-and-lots?kind=all&part=SET")
    assert parts.location == "/units-and-lots?kind=lot&part=SET"


def test_an_empty_company_is_told_where_units_come_from(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    assert "No unit is recorded yet" in words(visitor.get("/units-and-lots"))
    assert "No lot is recorded yet" in words(visitor.get("/units-and-lots?kind=lot"))


# --- a lot with very many ----------------------------------------------------------------------


def test_a_lot_that_went_into_thousands_is_shown_page_by_page(
    look: Any, holdfast: Holdfast, people: People
) -> None:
    with holdfast.database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        resin, made = shop.lot(shop.resin, "R-1", 1000), shop.lot(shop.pump, "P-1")
        for run in range(55):
            shop.build(shop.pump, *(f"S{run:02}-{n:02}" for n in range(37)), inputs=[resin])
        shop.units(shop.pump, *(f"Q-{n:04}" for n in range(2000)), lot=made)
    page = look.visitor.get(f"/units-and-lots/lots/{resin.id}")
    said = words(page)
    assert "Went into 55" in said
    assert "List the more than 1,000 units" in said
    assert said.count("37 units") == 50
    second = look.visitor.get(re.search(r'href="([^"]+into=\d+)#into"', page.text)[1])
    assert words(second).count("37 units") == 5
    assert "1 to 50 of 56" in said  # the timeline: one receipt and 55 runs

    whole = look.visitor.get(f"/units-and-lots/lots/{made.id}")
    assert "List all 2,000 units" in words(whole) or "List all 2000 units" in words(whole)
    assert whole.text.count("Q-") < 100
    assert len(whole.text) < 60_000


# --- the holds register ------------------------------------------------------------------------


@pytest.fixture
def held(holdfast: Holdfast, people: People, stocked: dict[str, Any]) -> dict[str, Any]:
    """Hold a pump three days ago, a lot eight days ago by another, and 40 of a lot just now."""
    from datetime import timedelta

    from engine.clock import now
    from engine.serials.models import LotStock

    def place(db: Any, target: HoldTarget, number: int, by: Any, days: int) -> int:
        return holds.place(
            db, stream=f"case:NC-2026-000{number}", case_number=f"NC-2026-000{number}",
            reason=f"reason {number}", basis="incoming inspection", target=target, by=by,
            at=now() - timedelta(days=days, minutes=5),
        ).id  # fmt: skip

    with holdfast.database.begin() as db:
        stock = db.query(LotStock).filter_by(lot_id=stocked["lot"]).one()
        part = HoldTarget.stock(stock.id, Decimal(40))
        return {
            **stocked,
            "old": place(db, HoldTarget.lot(stocked["named"]), 2, people.warehouse, 8),
            "mid": place(db, HoldTarget.unit(stocked["unit"]), 1, people.qa_engineer, 3),
            "new": place(db, part, 1, people.qa_engineer, 0),
        }


def test_the_register_is_oldest_first_with_counts_that_add_up(
    look: Any, held: dict[str, Any]
) -> None:
    said = words(look.visitor.get("/holds"))
    assert "3 holds · 1 place · 51 pcs" in said
    order = [said.index(one) for one in ("8 days", "3 days", "5 minutes")]
    assert order == sorted(order)
    newest = words(look.visitor.get("/holds?sort=newest"))
    assert newest.index("8 days") > newest.index("3 days")


REGISTERED = (
    ("case=nc-2026-0001", "2 holds · 1 place · 41 pcs"),
    ("age=week", "1 hold · 1 place · 1 pcs"),
    ("age=day&case=NC-2026-0001", "1 hold · 1 place · 40 pcs"),
    ("age=older", "What must not move"),
    ("age=nonsense&place=x&owner=-1", "3 holds · 1 place · 51 pcs"),
)


def test_filters_of_the_register_combine_and_sum_what_they_show(
    look: Any, held: dict[str, Any]
) -> None:
    for filters, sums in REGISTERED:
        assert sums in words(look.visitor.get(f"/holds?{filters}")), filters


def test_the_register_is_narrowed_by_place_and_by_who_placed_the_hold(
    look: Any, held: dict[str, Any], people: People
) -> None:
    get = look.visitor.get
    assert "3 holds" in words(get(f"/holds?place={held['store']}"))
    assert "Nothing is on hold at Cage" in words(get(f"/holds?place={held['cage']}"))
    own = words(get(f"/holds?owner={people.warehouse.id}"))
    assert "1 hold · 1 place · 10 pcs" in own
    assert f"{people.qa_engineer.printed_name} (2)" in own


def test_a_case_that_does_not_exist_is_told_in_the_register(
    look: Any, held: dict[str, Any]
) -> None:
    for state in ("", "&state=released"):
        said = words(look.visitor.get(f"/holds?case=NC-2026-0999{state}"))
        assert "There is no case NC-2026-0999. Check the number" in said
        assert "Clear the filter" in said


def test_a_hold_says_which_doors_know_of_it_and_which_do_not(
    look: Any, held: dict[str, Any], holdfast: Holdfast
) -> None:
    assert "No door is connected" in words(look.visitor.get("/holds"))
    with holdfast.database.begin() as db:
        holds.acknowledge(db, [held["old"]], door="ship", at=NOW)
    said = words(look.visitor.get("/holds"))
    assert said.count("Shipping: not yet") == 2
    assert "No door is connected" not in said


def test_tags_are_printed_for_the_holds_that_were_chosen(look: Any, held: dict[str, Any]) -> None:
    get = look.visitor.get
    some = get(f"/holds/tags?hold={held['mid']}&hold={held['new']}&hold=x&hold=-4")
    assert "2 tags" in words(some)
    assert "AB-1" in words(some)
    assert "R-9" not in words(some)
    assert "No hold was selected" in words(get("/holds/tags"))
    assert "nothing to tag" in words(get("/holds/tags?hold=4711"))


def test_two_thousand_held_units_are_paged(
    look: Any, stocked: dict[str, Any], holdfast: Holdfast, people: People
) -> None:
    with holdfast.database.begin() as db:
        shop_units = [
            HoldTarget.unit(one)
            for one in _more_units(db, stocked, people, [f"H-{n:04}" for n in range(2000)])
        ]
        how = {"basis": "test", "by": people.qa_engineer, "at": NOW, "stream": "case:NC-2026-0007"}
        as_one = HoldTarget.scope(shop_units[:1940])
        for target in (as_one, *shop_units[1940:]):
            holds.place(db, case_number="NC-2026-0007", reason="crack", target=target, **how)
    get = look.visitor.get
    page = get("/holds")
    assert "61 holds · 1 place · 2,000 pcs" in words(page)
    assert page.text.count("<tr data-item>") == 50
    assert "and 1937 more" in words(page) or "and 1,937 more" in words(page)
    assert get("/holds?page=2").text.count("<tr data-item>") == 11
    tags = get("/holds/tags/NC-2026-0007")
    assert tags.text.count('class="hold-tag"') == 100
    assert "1 to 100 of 2,000" in words(tags)
    assert get("/holds/tags/NC-2026-0007?page=20").text.count('class="hold-tag"') == 100
    listed = get("/units-and-lots?held=yes")
    assert listed.text.count("<tr data-item>") == 50
    assert "AB-1" not in words(listed)


def _more_units(db: Any, stocked: dict[str, Any], people: People, serials: list[str]) -> Any:
    from engine.serials import receive
    from engine.serials.models import Unit

    return receive.receive_units(
        db, db.get_one(Unit, stocked["unit"]).part_id, serials, location_id=stocked["store"],
        usability="conforming", by=people.warehouse, at=NOW,
    ).unit_ids  # fmt: skip
