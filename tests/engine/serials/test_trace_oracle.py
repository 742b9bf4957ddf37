"""A trace agrees with a search of the raw events that shares no code with it, always."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.engine.serials.genealogies import assert_agrees, ground, grown, steps, suspects

GENEALOGIES = 40  # on each database, and 300 in `make stress`


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
def test_every_trace_agrees_with_the_raw_events(start, recipe, asked):
    with grown(start, recipe) as made:
        assert_agrees(made, asked)
