"""Stories of a recall, from signal to closure."""

from dataclasses import replace
from typing import Any

import pytest

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases import facts, preparing, scopes
from engine.errors import Invalid, NotAllowed
from tests.processes.company import Company
from tests.processes.recalling import contain, decide_jurisdictions, report_signal, to_decision

NOTICE = (
    "djo surgical Screw 6.5 mm, Sz 25mm, low profile.\n"
    "Lot 007A1037, Ref 010-55-25.\n"
    "Nationwide Distribution including AR, CA, FL."
)


def test_a_signal_is_contained_before_anything_is_evaluated(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"], shipped=1)
    assert report_signal(company, "SENS-1") == "RC-2026-0001"
    assert company.waiting_at == {"triage_signal"}
    assert company.may_ship("P-2")
    contain(company, "SENS-1")
    assert company.waiting_at == {"evaluate_health_hazard"}
    assert not company.may_ship("P-2")
    assert company.totals["in_transit"] == 1
    standing = company.reads(lambda db: scopes.standing(db, company.case))
    assert standing.is_provisional
    told = company.reads(lambda db: {one.name for one in facts.standing(db, company.case)})
    assert {"awareness", "stop_ship", "containment"} <= told


def test_the_record_of_an_authority_begins_a_signal_that_nothing_here_answers_to(
    company: Company,
) -> None:
    report_signal(company, NOTICE, source="authority", sender="FDA")
    assert company.waiting_at == {"triage_signal"}
    assert company.answer("report").answers["scope"]["text"] == NOTICE
    company.do("triage_signal")
    with pytest.raises(Invalid):
        company.do("order_containment", scope={"text": NOTICE})
    company.make_devices("SENS-1", ["P-1"])
    company.do("order_containment", scope={"text": "SENS-1"})
    assert not company.may_ship("P-1")


def test_a_stop_ship_that_leaves_free_what_the_signal_named_says_why(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"], shipped=1)
    company.make_devices("SENS-2", ["Q-1"])
    report_signal(company, "SENS-1")
    company.do("triage_signal")
    narrow = {"scope": {"text": "P-2 Q-1"}}
    with pytest.raises(Invalid) as refused:
        company.do("order_containment", **narrow)
    [problem] = refused.value.problems
    assert problem.at == "left_free_because"
    facts = dict(problem.facts)
    assert (facts["units"], facts["quantity"]) == (2, "97")
    assert facts["names"] == "SENS-1, P-1, P-3"

    narrow["left_free_because"] = "P-1 and P-3 were scrapped yesterday."
    beside, table = shown_before_signing(company, "order_containment", **narrow)["sections"][:2]
    assert beside["rows"] == [["Lots left free", "SENS-1"], ["Lots beyond the signal", "–"]]
    assert table["table"]["rows"][0] == ["In house", "1 + 97", "1 + 0"]
    company.do("order_containment", **narrow)
    assert not company.may_ship("P-2")
    assert company.may_ship("P-3")


def shown_before_signing(company: Company, element: str, **own: Any) -> dict[str, Any]:
    """Return the record that the person at an open task would sign."""
    task = company.task(element)
    by = getattr(company.people, task.role)
    with company.holdfast.database.begin() as db:
        raw = company.answers(task, by, **own)
        drawn = preparing.draw_up(db, task.id, raw, by=by, at=company.at)
        assert drawn is not None
        return drawn.record.content


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_signal_ends_at_triage_only_when_a_second_person_agrees(
    company: Company, *, confirmed: bool
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    report_signal(company, "SENS-1")
    both = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "qa_manager"}))
    company.do("triage_signal", by=both, outcome="not_our_product")
    with pytest.raises(DoneByTheSamePerson):
        company.do("confirm_dismissal", by=both)
    company.do("confirm_dismissal", decision="confirmed" if confirmed else "refused")
    if confirmed:
        assert company.case.state == "closed"
    else:
        assert company.waiting_at == {"order_containment"}
    assert company.may_ship("P-1")


def test_a_strategy_is_not_completed_in_the_past(abroad: Company) -> None:
    to_decision(abroad, "SENS-1")
    decide_jurisdictions(abroad)
    with pytest.raises(Invalid):
        abroad.do("draft_strategy", done_by="2020-01-01")


def test_who_may_not_report_a_signal_is_told(company: Company) -> None:
    with pytest.raises(NotAllowed):
        report_signal(company, "SENS-1", by=company.people.warehouse)


def test_a_drill_takes_no_number_of_a_real_recall(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    assert report_signal(company, "SENS-1", is_drill=True) == "DR-2026-0001"
    assert company.case.is_drill
    assert report_signal(company, "SENS-1") == "RC-2026-0001"
