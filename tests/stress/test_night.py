"""The night's own search of the raw events against the tests' one, over random genealogies."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from engine.serials.night import oracle as nightly
from tests.engine.serials.genealogies import ground, grown, steps
from tests.engine.serials.oracle import Oracle

pytestmark = pytest.mark.stress


@pytest.fixture
def start(db, people):
    return ground(db, people)


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(recipe=steps)
def test_two_searches_of_the_raw_events_written_apart_agree(start, recipe):
    with grown(start, recipe) as made:
        db = made.shop.db
        db.flush()
        whole = Oracle(db)
        for kind, ids in (("node", made.lots + made.runs), ("unit", made.units)):
            for id_ in ids:
                here = (kind, id_)
                assert nightly.backward(db, here, most=10_000) == whole.backward(*here)
                seeds = ([id_], []) if kind == "node" else ([], [id_])
                units, nodes = nightly.forward(db, here, most=10_000)
                found, lots = whole.forward(*seeds)
                assert {u: s.is_certain for u, s in units.items()} == {
                    u: certain for u, (_, certain) in found.items()
                }
                assert {u: s.root_id for u, s in units.items()} == {u: whole.root(u) for u in found}
                assert nodes == lots
