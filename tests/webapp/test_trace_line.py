"""Tracing from the command line: who has how much, in what was named and in no other."""

import json
from datetime import UTC, datetime

import pytest

from tests.support.shop import Shop
from webapp.trace_line import difference_of, trace_text, tree_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Composed:
    """What the command line is given, with only a database in it."""

    def __init__(self, database):
        self.database = database


@pytest.fixture
def holdfast(database, people):
    with database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        resin = shop.lot(shop.resin, "R-07", 10)
        shop.build(shop.pump, "SN-1", "SN-2", inputs=[resin])
        shop.units(shop.pump, "SN-3")
    return Composed(database)


def traced(holdfast, text, **more):
    said, progress = [], []
    options = {"csv": None, "as_json": False, "say": said.append, "progress": progress.append}
    return trace_text(holdfast, text, **{**options, **more}), said, progress


def test_a_trace_prints_its_figures_and_says_how_far_it_is(holdfast):
    code, said, progress = traced(holdfast, "R-07")

    assert code == 0
    assert said[0].startswith("Trace 1: 2 units, 2 of them by themselves;")
    assert next(line for line in said if line.startswith("in_house")).split()[1] == "2"
    assert "units: 2" in progress


def test_every_row_goes_into_the_file_and_the_figures_into_json(holdfast, tmp_path):
    file = tmp_path / "trace.csv"
    code, said, _ = traced(holdfast, "R-07", csv=file, as_json=True)

    assert code == 0
    facts = json.loads("\n".join(said))
    assert (facts["units"], facts["run"]) == (2, 1)
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[2].strip('"') for line in lines[1:]] == ["SN-1", "SN-2", "R-07", "R-07"]


def test_what_is_not_recorded_is_not_traced(holdfast):
    code, said, progress = traced(holdfast, "R-7")

    assert (code, said) == (2, [])
    assert "Nothing that is recorded here was named" in progress[-1]


def test_what_a_unit_was_made_of_is_shown_as_a_tree(holdfast):
    said: list[str] = []
    assert tree_of(holdfast, "SN-1", say=said.append) == 0
    assert said[0].split()[:2] == ["unit", "SN-1"]
    assert said[-1].lstrip().startswith("lot R-07")
    assert tree_of(holdfast, "sn-1", say=said.append) == 2


def test_two_traces_are_compared(holdfast):
    traced(holdfast, "R-07")
    traced(holdfast, "SN-3")
    said: list[str] = []

    assert difference_of(holdfast, (1, 2), say=said.append) == 0
    assert said[0] == "units: 1 added, 2 gone, 0 changed, 0 unchanged"
    assert difference_of(holdfast, (1, 9), say=said.append) == 2
