"""Stories of a disposition: rounds, tranches, rejections, and who may approve what."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases.models import Line, Round
from engine.cases.tasks import claim
from engine.errors import Invalid
from engine.evidence.signatures import Signature
from engine.people.delegations import delegate
from tests.processes.company import Company

UNITS = ["P-1", "P-2", "P-3"]


def test_what_was_not_proposed_comes_back_in_a_second_round(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2 P-3")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    assert company.waiting_at == {"propose_disposition"}
    assert company.totals == {"held": 2, "released_no_fault": 1}
    assert company.pending == 2
    company.propose(company.line("scrap", "P-2", "P-3"))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    assert company.totals == {"released_no_fault": 1, "destroyed": 2}
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_a_line_takes_no_more_than_is_pending(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    with pytest.raises(Invalid, match="40"):
        company.propose(
            company.line("scrap", lot="S-1", quantity=30),
            company.line("sort", lot="S-1", quantity=11),
        )
    assert company.waiting_at == {"propose_disposition"}


def test_one_rejection_sends_the_proposal_back_with_its_reason(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.do(
        "propose_disposition", lines={"lines": [company.line("use_as_is", lot="S-1", quantity=40)]}
    )
    reason = "The registered shelf life was tested with an intact seal only."
    company.do("approve_regulatory")
    company.do("approve_quality", decision="reject", reason=reason)
    company.do("approve_engineering")
    assert company.waiting_at == {"propose_disposition"}
    assert company.pending == 40
    assert company.answer("approve_quality").answers["reason"] == reason
    assert states(company, Round) == ["rejected", "open"]
    assert states(company, Line) == ["rejected"]

    company.propose(company.line("scrap", lot="S-1", quantity=40))
    assert states(company, Round) == ["rejected", "approved"]
    assert states(company, Line) == ["rejected", "running"]
    # what round 1 was told stays said and signed; only round 2 counts
    assert signed(company) == {"approve": 4, "reject": 1}
    kinds = [one.kind for one in company.documents if one.kind == "disposition/disposition_record"]
    assert len(kinds) == 2


def states(company: Company, table: type[Round] | type[Line]) -> list[str]:
    return company.reads(lambda db: list(db.scalars(select(table.state).order_by(table.id))))


def signed(company: Company) -> dict[str, int]:
    found = company.reads(
        lambda db: list(
            db.scalars(
                select(Signature.meaning).where(
                    Signature.stream == company.case.stream,
                    Signature.meaning.in_(("approve", "reject")),
                )
            )
        )
    )
    return {meaning: found.count(meaning) for meaning in sorted(set(found))}


def test_nobody_approves_what_they_proposed(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    both = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "mrb_quality"}))
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", by=both, lines=lines)
    task = company.task("approve_quality")
    with (
        company.holdfast.database.begin() as db,
        pytest.raises(DoneByTheSamePerson, match="propose disposition"),
    ):
        claim(db, task.id, by=both, at=company.at)
    with pytest.raises(DoneByTheSamePerson):
        company.do("approve_quality", by=both)
    with pytest.raises(DoneByTheSamePerson):
        company.complete(task, company.answers(task, both), None, by=both)
    assert "approve_quality" in company.waiting_at


def test_who_proposed_is_told_that_they_are_set_apart_whatever_role_they_lack(
    company: Company,
) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.do(
        "propose_disposition", lines={"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    )
    with pytest.raises(DoneByTheSamePerson), company.holdfast.database.begin() as db:
        claim(db, company.task("approve_quality").id, by=company.people.qa_engineer, at=company.at)


def test_neither_does_the_delegate_of_who_proposed(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    proposer = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "mrb_quality"}))
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", by=proposer, lines=lines)
    stand_in = replace(
        company.people.inspector,
        roles=frozenset({"mrb_quality"}),
        on_behalf_of=(("mrb_quality", proposer.id),),
    )
    with pytest.raises(DoneByTheSamePerson):
        company.do("approve_quality", by=stand_in)


def test_neither_does_who_had_it_proposed_by_a_delegate(company: Company) -> None:
    people = company.people
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    with company.holdfast.database.begin() as db:
        delegate(
            db, principal_id=people.qa_engineer.id, delegate_id=people.inspector.id,
            role="qa_engineer", starts_at=company.at, ends_at=company.at + timedelta(days=2),
            reason="Audit abroad", by=people.qa_engineer, at=company.at,
        )  # fmt: skip
    stand_in = company.person(people.inspector)
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", by=stand_in, lines=lines)
    proposed = company.answer("propose_disposition")
    assert (proposed.by_id, proposed.on_behalf_of_id) == (stand_in.id, people.qa_engineer.id)
    principal = replace(people.qa_engineer, roles=frozenset({"qa_engineer", "mrb_quality"}))
    for barred in (principal, replace(stand_in, roles=frozenset({"mrb_quality"}))):
        with pytest.raises(DoneByTheSamePerson):
            company.do("approve_quality", by=barred)
    company.do("approve_quality")


def test_a_proposer_of_an_earlier_round_is_barred_from_every_later_one(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    first = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "mrb_quality"}))
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", by=first, lines=lines)
    company.do("approve_quality", decision="reject")
    company.do("approve_engineering")
    company.do("propose_disposition", by=company.people.second_qa_engineer, lines=lines)
    with pytest.raises(DoneByTheSamePerson):
        company.do("approve_quality", by=first)


def test_a_critical_defect_asks_the_whole_board(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1", severity="critical")
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", lines=lines)
    assert company.waiting_at == {
        "approve_quality",
        "approve_engineering",
        "approve_manufacturing",
        "approve_regulatory",
    }
