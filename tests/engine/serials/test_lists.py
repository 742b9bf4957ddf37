"""Lists of units and lots, and what begins with what was typed."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event as sa_event, text

from engine.serials import install, listing, other_names
from engine.serials.beginning import beginning_with
from engine.serials.begins import following
from engine.serials.identifiers import is_wrong_gtin, several
from engine.serials.install import Fitting
from engine.serials.listing import Listed, Start, Wanted
from engine.serials.near import near
from engine.serials.targets import HoldTarget

GTIN = "07032069804988"


def serials(page: Listed) -> list[str]:
    return [row.serial for row in page.rows]


@pytest.fixture
def seven(shop):
    return shop.units(shop.pump, *(f"AB-{n}" for n in range(7)))


# --- lists -----------------------------------------------------------------------------------


def test_the_newest_units_come_first_and_every_unit_is_on_one_page(shop, seven):
    first = listing.units(shop.db, Wanted(), size=3)
    second = listing.units(shop.db, Wanted(), Start(after=first.after), size=3)
    third = listing.units(shop.db, Wanted(), Start(after=second.after), size=3)

    assert serials(first) + serials(second) + serials(third) == [
        f"AB-{n}" for n in (6, 5, 4, 3, 2, 1, 0)
    ]
    assert (first.before, third.after) == (None, None)
    assert {page.count for page in (first, second, third)} == {7}
    back = listing.units(shop.db, Wanted(), Start(before=third.before), size=3)
    assert serials(back) == serials(second)
    start = listing.units(shop.db, Wanted(), Start(before=back.before), size=3)
    assert serials(start) == serials(first)
    assert start.before is None


def test_a_beginning_lists_by_serial_page_by_page_and_case_counts(shop, seven):
    shop.units(shop.pump, "ab-1", "AB", "AC-1")
    shop.units(shop.board, "AB-1")
    wanted = Wanted(begins="AB-")

    first = listing.units(shop.db, wanted, size=3)
    second = listing.units(shop.db, wanted, Start(after=first.after), size=3)
    third = listing.units(shop.db, wanted, Start(after=second.after), size=3)

    assert serials(first) == ["AB-0", "AB-1", "AB-1"]
    assert serials(second) == ["AB-2", "AB-3", "AB-4"]
    assert serials(third) == ["AB-5", "AB-6"]
    back = listing.units(shop.db, wanted, Start(before=third.before), size=3)
    assert serials(back) == serials(second)


def test_filters_of_units_combine(shop, seven):
    lot = shop.lot(shop.pump, "P-1")
    shop.units(shop.pump, "NC-1", lot=lot, usability="nonconforming")
    shop.units(shop.pump, "NC-2", usability="nonconforming")
    shop.state.move(shop.db, location_id=shop.cage.id, units=seven[:2], **shop.how)

    def found(**wanted: Any) -> set[str]:
        return set(serials(listing.units(shop.db, Wanted(**wanted))))

    assert found(usability="nonconforming") == {"NC-1", "NC-2"}
    assert found(usability="nonconforming", lot_id=lot.id) == {"NC-1"}
    assert found(location_ids=frozenset({shop.cage.id})) == {"AB-0", "AB-1"}
    assert found(location_ids=frozenset({shop.cage.id}), begins="AB-1") == {"AB-1"}
    assert found(custody="in_transit") == set()
    assert found(part_ids=frozenset({shop.board.id})) == set()
    assert found(part_ids=frozenset()) == set()


def test_the_units_on_hold_are_those_the_gate_would_stop(shop, hold):
    lot = shop.lot(shop.pump, "P-7")
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    shop.units(shop.pump, "SN-3", "SN-4", lot=lot)
    inside, beside = shop.units(shop.board, "B-1", "B-2")
    install.install_units(
        shop.db, [Fitting(inside, one, "left"), Fitting(beside, one, "right")], **shop.how
    )
    hold(HoldTarget.unit(inside))  # stops the pump around it, not its neighbour
    hold(HoldTarget.lot(lot.id), "NC-2026-0002")

    held = listing.units(shop.db, Wanted(is_held=True))
    free = listing.units(shop.db, Wanted(is_held=False))

    assert set(serials(held)) == {"SN-1", "B-1", "SN-3", "SN-4"}
    assert set(serials(free)) == {"SN-2", "B-2"}
    assert two not in {row.id for row in held.rows}
    assert {h.case_number for row in held.rows for h in row.holds} == {
        "NC-2026-0001",
        "NC-2026-0002",
    }


def test_a_list_of_free_units_says_when_it_has_not_looked_at_all(shop, hold, seven, monkeypatch):
    for name, value in (("ROUNDS", 2), ("LOOKED", 2)):
        monkeypatch.setattr(listing.page, name, value)
    hold(HoldTarget.scope([HoldTarget.unit(unit) for unit in seven[1:]]))

    page, seen, looks = listing.units(shop.db, Wanted(is_held=False), size=1), [], 1
    while page.after is not None:
        seen += serials(page)
        assert page.is_cut
        page = listing.units(shop.db, Wanted(is_held=False), Start(after=page.after), size=1)
        looks += 1
    assert seen + serials(page) == ["AB-0"]
    assert looks > 1


def test_lots_are_listed_with_their_stock_units_and_holds(shop, hold):
    sets = shop.lot(shop.set, "L-1", 100)
    other = shop.lot(shop.set, "L-2", 5)
    pumps = shop.lot(shop.pump, "P-1")
    shop.units(shop.pump, "SN-1", "SN-2", lot=pumps)
    hold(HoldTarget.stock(shop.stock(sets)[0].id, Decimal(40)))
    hold(HoldTarget.lot(pumps.id), "NC-2026-0002")

    rows = {row.lot_no: row for row in listing.lots(shop.db, Wanted()).rows}

    assert list(rows) == ["P-1", "L-2", "L-1"]
    assert (rows["L-1"].stock, rows["P-1"].unit_count) == (100, 2)
    assert (rows["L-1"].whole_holds, rows["L-1"].part_holds) == ((), ("NC-2026-0001",))
    assert rows["P-1"].whole_holds == ("NC-2026-0002",)

    def found(**wanted: Any) -> set[str]:
        return {row.lot_no for row in listing.lots(shop.db, Wanted(**wanted)).rows}

    assert found(is_held=True) == {"L-1", "P-1"}
    assert found(is_held=False) == {"L-2"}
    assert found(begins="L-") == {"L-1", "L-2"}
    assert found(custody="in_house", location_ids=frozenset({shop.store.id})) == set(rows)
    assert found(usability="scrapped") == set()
    other_names.name_also(
        shop.db, "lot", other.id, named_by="supplier:S-1", value="RW/26", **shop.how
    )
    assert found(begins="RW/") == {"L-2"}


def test_the_units_that_a_lot_went_into_are_listed(shop):
    resin = shop.lot(shop.resin, "R-1", 10)
    shop.build(shop.pump, "SN-1", "SN-2", inputs=[resin])
    shop.units(shop.pump, "SN-3")
    found = listing.units(shop.db, Wanted(made_of_lot_id=resin.id))
    assert set(serials(found)) == {"SN-1", "SN-2"}
    assert found.count == 2


# --- beginnings ------------------------------------------------------------------------------


def test_what_begins_with_a_text_is_found_in_every_kind(shop):
    lot = shop.lot(shop.resin, "PX-1")
    other_names.name_also(
        shop.db, "lot", lot.id, named_by="supplier:S-1", value="RW/26/0001", **shop.how
    )
    shop.units(shop.pump, "PU-1", "PU-2", "pu-3")

    found = beginning_with(shop.db, "PU")
    assert [one.label for one in found.units] == ["PU-1", "PU-2"]
    assert [one.part_no for one in found.parts] == ["PUMP"]
    assert found.lots == ()
    assert [(m.label, m.also) for m in beginning_with(shop.db, "RW/26").lots] == [
        ("PX-1", "RW/26/0001")
    ]
    assert [m.part_no for m in beginning_with(shop.db, GTIN[:9]).parts] == ["PUMP"]
    assert [p.code for p in beginning_with(shop.db, "WH").places] == ["WH-1"]
    assert [p.code for p in beginning_with(shop.db, "st mary").places] == ["C-1-S"]
    assert beginning_with(shop.db, "").count == 0


def test_of_many_that_begin_so_the_first_are_shown_and_more_is_said(shop):
    shop.units(shop.pump, *(f"Z{n:02}" for n in range(12)))
    found = beginning_with(shop.db, "Z")
    assert [one.label for one in found.units] == [f"Z{n:02}" for n in range(10)]
    assert found.more == {"units"}


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("AB", "AC"), ("批", "扺"), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000"), ("\U0010ffff", None)],
)
def test_a_beginning_ends_before_the_next_text(prefix, end):
    assert following(prefix) == end


@pytest.mark.parametrize("name", ["批号-7", "a%b", "a_b", "0012", "\U0001f4a1"])
def test_a_beginning_is_text_and_no_pattern(shop, name):
    shop.units(shop.board, name, "zz")
    for length in range(1, len(name) + 1):
        assert [m.label for m in beginning_with(shop.db, name[:length]).units] == [name]
    assert beginning_with(shop.db, "%").units == ()


def test_a_beginning_is_read_from_an_index(shop, seven):
    shop.lot(shop.set, "AB-7")
    said: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "serial >=" in statement or "lot_no >=" in statement or "value >=" in statement:
            said.extend(plan(connection, cursor, statement, parameters))

    engine = shop.db.get_bind()
    if engine.dialect.name == "postgresql":
        shop.db.execute(text("SET LOCAL enable_seqscan = off"))  # so few rows are read whole
    sa_event.listen(engine, "before_cursor_execute", explain)
    beginning_with(shop.db, "AB-")
    listing.units(shop.db, Wanted(begins="AB-"), Start(after=seven[2]))
    sa_event.remove(engine, "before_cursor_execute", explain)

    for index in ("ix_unit_serial", "ix_lot_lot_no", "ix_external_id_value"):
        assert any(index in line for line in said), (index, said)
    assert not [line for line in said if "whole" in line], said


def plan(connection: Any, cursor: Any, statement: str, parameters: Any) -> Iterator[str]:
    """Yield what is read by an index with its range, and `whole` for what is read whole."""
    if connection.dialect.name == "sqlite":
        for row in cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters).fetchall():
            yield ("whole: " if row[3].startswith("SCAN unit") else "") + row[3]
        return
    cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
    (found,) = cursor.fetchone()
    yield from nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


def nodes(node: dict[str, Any]) -> Iterator[str]:
    whole = "whole: " if node["Node Type"] == "Seq Scan" else ""
    yield f"{whole}{node.get('Index Name', '')} {node.get('Index Cond', '')}"
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


# --- nearly ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["ab-1", "Ab-1", "ＡＢ－１", "AB–1", "AB - 1", "AB-1\u200b", "\ufeffab-1", "AB\u00ad-1"],
)
def test_what_was_nearly_typed_is_suggested(shop, seven, typed):
    assert [match.label for match in near(shop.db, typed)] == ["AB-1"]


@pytest.mark.parametrize("typed", ["AB-1", "AB-9", "", "批号", "ß", "x" * 500])
def test_nothing_is_suggested_where_nothing_is_near(shop, seven, typed):
    assert near(shop.db, typed) == ()


def test_a_gtin_without_its_leading_zero_is_suggested(shop):
    assert [match.part_no for match in near(shop.db, GTIN[1:])] == ["PUMP"]


@pytest.mark.parametrize(
    ("pasted", "pieces"),
    [
        ("AB-1", ["AB-1"]),
        (" words of a title ", ["words of a title"]),
        ("AB-1\r\nAB-2\tAB-3\n\n", ["AB-1", "AB-2", "AB-3"]),
        (f"(01){GTIN}(21)1(01){GTIN}(21)2", [f"(01){GTIN}(21)1", f"(01){GTIN}(21)2"]),
        (f"]d201{GTIN}211]d201{GTIN}212", [f"]d201{GTIN}211", f"]d201{GTIN}212"]),
        (f"(10)L-1(01){GTIN}", [f"(10)L-1(01){GTIN}"]),
        ("", []),
    ],
)
def test_scans_pasted_together_are_told_apart(pasted, pieces):
    assert several(pasted) == pieces


def test_what_cannot_be_read_is_known_for_what_it_is():
    assert is_wrong_gtin("07032069804987")
    assert not is_wrong_gtin(GTIN)
    assert not is_wrong_gtin("0007")
