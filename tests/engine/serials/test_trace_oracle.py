"""A trace agrees with a search of the raw events that shares no code with it, always."""

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from tests.engine.serials.genealogies import assert_agrees, ground, grown, steps, suspects

GENEALOGIES = 8  # on each database, and 300 in `make stress`
# each is a list of steps: what, and by which numbers it picks lots and units
FORMER_HOSTS = [
    ("install", 0, 1, 0),
    ("remove", 0, 0, 0),
    ("install", 1, 2, 0),
    ("remove", 1, 0, 0),
]
MOVED_WITH_ITS_PARTS = [
    ("install", 0, 0, 0), ("install", 5, 1, 0), ("remove", 1, 0, 0), ("install", 5, 2, 0),
    ("run_with_unit", 0, 3, 4), ("remove", 2, 0, 0), ("ship", 3, 0, 0),
]  # fmt: skip
CORRECTED = [
    ("install", 0, 1, 0), ("remove", 0, 0, 0), ("withdraw", 0, 0, 0), ("withdraw", 1, 0, 0),
    ("run", 0, 3, 0), ("replace_inputs", 2, 0, 1), ("rework", 1, 2, 0), ("replace_units", 4, 5, 0),
    ("ship", 7, 0, 0), ("replace_units", 6, 8, 0),
]  # fmt: skip
SPLIT_AND_MERGED = [
    ("split_lot", 0, 0, 0), ("run", 6, 6, 0), ("merge_quantities", 6, 1, 0), ("run", 7, 7, 0),
    ("relabel_lot", 3, 0, 0), ("run", 8, 8, 0), ("receive_unreleased", 0, 0, 0),
    ("split_units", 0, 0, 0), ("merge_units", 0, 1, 0), ("replace_latest", 7, 0, 0),
    ("withdraw_latest", 8, 0, 0), ("withdraw_latest", 7, 0, 0),
]  # fmt: skip
SPLIT_SINCE = [("receive_unreleased", 0, 1, 0), ("split_units", 0, 0, 0)]
RELABELLED = [("relabel_unit", 0, 1, 0), ("relabel_unit", 0, 2, 0), ("withdraw", 1, 0, 0)]
SERVICED = [
    ("install", 0, 0, 0), ("exchange", 0, 1, 0), ("service", 3, 2, 3), ("rework_quantity", 3, 1, 1),
    ("run", 3, 3, 0), ("withdraw_removal", 0, 0, 0), ("replace_latest", 3, 0, 0),
]  # fmt: skip
KITTED_AND_SHIPPED = [
    ("kit", 0, 3, 0), ("kit_lot", 1, 4, 0), ("pack", 1, 0, 1), ("ship_case", 0, 1, 0),
    ("ship_quantity", 3, 0, 1), ("ship_quantity", 3, 1, 0), ("return_quantity", 3, 0, 0),
    ("ship_elsewhere", 4, 1, 0), ("unknown_made", 0, 0, 0), ("unknown_units", 0, 0, 0),
]  # fmt: skip
# the first three units came together; the last was made in a run, then received of a lot
CAME_AGAIN = [
    ("withdraw_made", 0, 0, 0), ("receive_again", 0, 0, 0), ("receive_again", 1, 0, 2),
    ("run_of_lot", 0, 3, 0), ("withdraw_made", 6, 0, 0), ("receive_again", 6, 0, 1),
    ("withdraw_made", 6, 0, 0), ("receive_again", 6, 0, 0), ("receive_again", 6, 0, 0),
]  # fmt: skip
# a rework of a quantity was really one of a unit, then of another
REALLY_A_UNIT = [
    ("rework_quantity", 1, 0, 1), ("replace_units", 0, 0, 0), ("replace_latest", 0, 0, 0),
    ("replace_units", 2, 4, 0),
]  # fmt: skip
EACH = [([n], [], [n], n) for n in range(6)] + [([], [n], [], n) for n in range(9)]
SOME = [([n], [], [n], n) for n in (0, 3, 6, 7)] + [([], [n], [], n) for n in (0, 1, 6, 9)]


@pytest.fixture
def start(db, people):
    return ground(db, people)


@settings(
    max_examples=GENEALOGIES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(recipe=steps, asked=suspects)
@example(recipe=FORMER_HOSTS, asked=EACH)
@example(recipe=MOVED_WITH_ITS_PARTS, asked=EACH)
@example(recipe=CORRECTED, asked=EACH)
@example(recipe=SPLIT_AND_MERGED, asked=SOME)
@example(recipe=SPLIT_SINCE, asked=[([6], [], [], 1), ([7], [], [], 1), ([7], [], [], 0)])
@example(recipe=RELABELLED, asked=SOME)
@example(recipe=SERVICED, asked=SOME)
@example(recipe=KITTED_AND_SHIPPED, asked=SOME)
@example(recipe=CAME_AGAIN, asked=EACH)
@example(recipe=REALLY_A_UNIT, asked=SOME)
def test_every_trace_agrees_with_the_raw_events(start, recipe, asked):
    with grown(start, recipe) as made:
        assert_agrees(made, asked)
