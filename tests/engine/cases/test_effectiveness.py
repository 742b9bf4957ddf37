"""Rules of effectiveness checks: nobody chooses who is asked, and the bound is exact."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.checks import planning, results, sampling
from engine.cases.checks.bounds import most_not_reached
from engine.cases.checks.models import EffectivenessFrame
from engine.cases.checks.sampling import Member
from engine.cases.models import Case
from engine.errors import Invalid
from engine.evidence.ledger import LedgerEntry
from tests.support.personas import People

HOSPITALS = [Member(f"RC-2026-0001/N-{n:04d}", "consignee") for n in range(1, 101)]
DISTRIBUTORS = [Member(f"RC-2026-0001/N-{n:04d}", "distributor") for n in range(101, 104)]


@pytest.fixture
def recall(db: Session, people: People, at: datetime) -> Case:
    case = Case(
        number="RC-2026-0001",
        process="recall",
        title="Pump stops without alarm",
        language="en",
        opened_by_id=people.qa_manager.id,
        opened_at=at,
    )
    db.add(case)
    db.flush()
    return case


# --- the bound ---------------------------------------------------------------------------------


def chance(population: int, sampled: int, failed: int, failing: int) -> Fraction:
    """Count the draws one by one: the chance to find `failed` or fewer."""
    everybody = range(population)  # the first `failing` of them fail
    draws = list(combinations(everybody, sampled))
    hits = sum(sum(one < failing for one in drawn) <= failed for drawn in draws)
    return Fraction(hits, len(draws))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_bound_is_what_counting_every_draw_gives(data: st.DataObject) -> None:
    population = data.draw(st.integers(1, 9))
    sampled = data.draw(st.integers(0, population))
    failed = data.draw(st.integers(0, sampled))
    plausible = [
        failing
        for failing in range(failed, population - (sampled - failed) + 1)
        if chance(population, sampled, failed, failing) > Fraction(1, 20)
    ]
    assert most_not_reached(population, sampled, failed) == max(plausible)


def test_a_census_leaves_nothing_open_and_an_empty_sample_excludes_nothing() -> None:
    assert most_not_reached(40, 40, 3) == 3
    assert most_not_reached(40, 0, 0) == 40


def test_ten_of_a_hundred_without_a_failure_may_hide_twenty_four() -> None:
    assert most_not_reached(100, 10, 0) == 24


# --- the sample --------------------------------------------------------------------------------


def test_a_small_stratum_is_asked_as_a_whole_and_a_share_is_rounded_up() -> None:
    assert sampling.sample_size(4, Decimal(2), census_below=5) == 4
    assert sampling.sample_size(101, Decimal(2), census_below=5) == 3
    assert sampling.sample_size(4, Decimal(0), census_below=5) == 0


def test_a_higher_level_only_adds_to_who_is_asked() -> None:
    few = sampling.draw("seed", HOSPITALS, Decimal(2), census_below=5)["consignee"]
    more = sampling.draw("seed", HOSPITALS, Decimal(10), census_below=5)["consignee"]
    assert more[: len(few)] == few
    assert len(more) == 10


def test_the_order_depends_on_nothing_but_seed_and_numbers() -> None:
    assert sampling.order("seed", HOSPITALS) == sampling.order("seed", reversed(HOSPITALS))
    assert sampling.order("seed", HOSPITALS) != sampling.order("another", HOSPITALS)
    drawn = sampling.order("holdfast", HOSPITALS)[:3]  # as sha256sum and sort say
    assert [one.number[-4:] for one in drawn] == ["0063", "0077", "0034"]


# --- the plan ----------------------------------------------------------------------------------


def planned(
    db: Session, recall: Case, people: People, at: datetime, level: str = "C"
) -> list[EffectivenessFrame]:
    plan = planning.plan_level(db, recall, level, channel="visit", by=people.qa_manager, at=at)
    frame = [(member, n) for n, member in enumerate([*HOSPITALS, *DISTRIBUTORS], start=1)]
    return planning.draw(db, recall, plan, frame, by=people.qa_manager, at=at)


def test_the_seed_is_committed_before_the_frame_is_frozen_and_said_after(
    db: Session, recall: Case, people: People, at: datetime
) -> None:
    planned(db, recall, people, at)
    entries = list(db.scalars(select(LedgerEntry).order_by(LedgerEntry.id)))
    assert [entry.action for entry in entries[-3:]] == [
        "effectiveness_seed_committed",
        "effectiveness_frame_frozen",
        "effectiveness_sample_drawn",
    ]
    committed, frozen, drawn = (entry.body for entry in entries[-3:])
    assert sampling.seed_sha256(drawn["seed"]) == committed["seed_sha256"]
    assert drawn["seed"] not in entries[-3].content + entries[-2].content
    assert frozen["frame_count"] == 103
    assert len(drawn["drawn"]) == 10 + 3  # the three distributors are too few for a share


def test_whoever_changes_who_was_asked_is_found_out(
    db: Session, recall: Case, people: People, at: datetime
) -> None:
    planned(db, recall, people, at)
    plan = planning.latest(db, recall)
    assert plan is not None
    assert planning.is_drawn_as_said(db, plan)
    plan.seed = "0" * 64
    with db.no_autoflush:
        assert not planning.is_drawn_as_said(db, plan)


def test_a_frame_is_frozen_once_and_may_be_empty(
    db: Session, recall: Case, people: People, at: datetime
) -> None:
    planned(db, recall, people, at)
    plan = planning.latest(db, recall)
    assert plan is not None
    with pytest.raises(planning.AlreadyFrozen):
        planning.draw(db, recall, plan, [(HOSPITALS[0], 1)], by=people.qa_manager, at=at)
    empty = planning.plan_level(db, recall, "A", channel="visit", by=people.qa_manager, at=at)
    assert planning.draw(db, recall, empty, [], by=people.qa_manager, at=at) == []
    assert planning.is_drawn_as_said(db, empty)


@pytest.mark.parametrize("percent", [None, Decimal(10), Decimal(100)])
def test_level_b_names_its_share(
    db: Session, recall: Case, people: People, at: datetime, percent: Decimal | None
) -> None:
    with pytest.raises(Invalid, match="percentage"):
        planning.plan_level(
            db, recall, "B", percent=percent, channel="visit", by=people.qa_manager, at=at
        )


# --- the results -------------------------------------------------------------------------------


def test_who_acts_only_after_a_check_counts_as_failed_and_the_next_level_is_proposed(
    db: Session, recall: Case, people: People, at: datetime
) -> None:
    asked = planned(db, recall, people, at)
    plan = planning.latest(db, recall)
    assert plan is not None
    for frame in asked:
        acted = frame is not asked[0]
        results.record(
            db, frame, channel="visit", reached=True, received=True, understood=True, acted=acted,
            by_id=people.qa_technician.id, at=at,
        )  # fmt: skip
    again = results.record(
        db, asked[0], channel="visit", reached=True, received=True, understood=True, acted=True,
        by_id=people.qa_technician.id, at=at,
    )  # fmt: skip
    assert (again.number, again.result) == (2, "effective")
    found = {one.stratum: one for one in results.by_stratum(db, plan)}
    consignees = found[asked[0].stratum]
    assert (consignees.failed, consignees.checked) == (1, consignees.drawn)
    assert consignees.may_have_failed > 1
    assert results.proposed_level(plan, found.values()) == "B"


def test_who_is_not_reached_is_not_effective(
    db: Session, recall: Case, people: People, at: datetime
) -> None:
    asked = planned(db, recall, people, at, level="A")
    plan = planning.latest(db, recall)
    assert plan is not None
    frame = asked[0]
    check = results.record(
        db, frame, channel="telephone", reached=False, received=True, understood=True, acted=True,
        by_id=people.qa_technician.id, at=at,
    )  # fmt: skip
    assert check.result == "not_reached"
    assert sum(one.failed for one in results.by_stratum(db, plan)) == 1
