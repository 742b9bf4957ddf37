"""Stories of a destruction that an authority has to let be: its country's goods wait, no others."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock
from engine.cases.models import Case
from engine.cases.recalls import gates, passing
from engine.cases.recalls.models import Gate
from engine.cases.records import outcome_sections
from engine.errors import Invalid
from engine.regulators import jurisdictions as law
from engine.serials.install import Fitting, install_units
from engine.serials.models import Flag, Part, Party, Unit
from tests.processes.company import Company
from tests.processes.recalling import (
    act_on_gate,
    add_hospital,
    approve_strategy,
    contain,
    decide_jurisdictions,
    deliver,
    open_gate,
    report_signal,
    send_back,
    to_decision,
)
from tests.processes.visiting import visiting
from tests.webapp.interface import caller

URGENT = "The cells may burn where they lie."


@pytest.fixture
def recalled(abroad: Company) -> Company:
    """Give a removal whose pumps came back from Ireland and China; only the Union let them go."""
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    open_gate(company, closed(company, "EU"))
    company.receive_return("P-1", "P-2")
    return company


def closed(company: Company, code: str) -> Gate:
    """Return the gate on destruction of a jurisdiction."""
    here = company.reads(lambda db: gates.gates_of(db, company.case, code))
    return next(one for one in here if one.what == gates.DESTRUCTION)


def to_destruction(company: Company, *serials: str, lot: str = "", quantity: int = 0) -> None:
    """Have the board rule that these are destroyed, and that no samples are kept."""
    if "review_returns" in company.waiting_at:
        company.do("review_returns", board=True)
    line = company.line("scrap", lot=lot, quantity=quantity) if lot else None
    company.propose(line or company.line("scrap", *serials))
    company.do("decide_samples")


def refused(company: Company) -> str:
    """Try to destroy all of the line, see nothing changed, and return what was said."""
    before = company.totals, company.case.version
    with pytest.raises(Invalid) as wrong:
        company.do("destroy_units")
    assert (company.totals, company.case.version) == before
    assert [one.at for one in wrong.value.problems] == ["destroyed"]
    return str(wrong.value)


def test_what_came_from_china_waits_for_its_authority_and_what_came_from_ireland_goes(
    recalled: Company, app: Flask
) -> None:
    company = recalled
    to_destruction(company, "P-1", "P-2")
    task = company.task("destroy_units")
    with visiting(company, app, company.people.warehouse) as warehouse:
        page = unescape(warehouse.get(f"/tasks/{task.id}").text)
    assert "the gate on destruction of NMPA is closed" in page
    assert "It holds back P-2: mark it" in page
    assert f"/recalls/{company.number}/authorities" in page

    said = refused(company)
    assert "NMPA" in said
    assert "P-1" not in said
    company.do("destroy_units", destroyed=company.results("destroy_units", bad=["P-2"]))
    company.do("witness_destruction")
    assert company.totals["destroyed"] == 1
    assert custody(company, "P-1", "P-2") == ["destroyed", "returned"]

    to_destruction(company, "P-2")
    refused(company)
    [ruled] = company.reads(lambda db: outcome_sections.dispositions(db, company.case))
    assert ruled["table"]["rows"] == [
        ["Scrap", "Carried out", "1", "2"],
        ["Scrap", "Being carried out", "1", "1"],
    ]
    open_gate(company, closed(company, "CN"))
    with visiting(company, app, company.people.warehouse) as warehouse:
        page = warehouse.get(f"/tasks/{company.task('destroy_units').id}").text
    assert "gate on destruction" not in page
    company.do("destroy_units")
    company.do("witness_destruction")
    assert custody(company, "P-2") == ["destroyed"]
    assert not flags(company)


def test_a_gate_on_destruction_is_passed_in_urgency_with_a_signed_reason(
    recalled: Company, app: Flask
) -> None:
    company = recalled
    to_destruction(company, "P-2")
    refused(company)
    gate = closed(company, "CN")
    act_on_gate(company, gate, passing.OVERRIDE, URGENT, by=company.people.executive)
    company.do("destroy_units")
    again = company.people.regulatory_affairs
    act_on_gate(company, gate, passing.CLOSE, "It was meant for another recall.", by=again)
    company.do("witness_destruction")  # what was seen being destroyed is a fact, and is flagged
    assert custody(company, "P-2") == ["destroyed"]
    assert flags(company) == [("destroyed_too_early", "P-2")]
    with visiting(company, app, again) as visitor:
        page = unescape(visitor.get(f"/nonconformances/{company.number}/history").text)
    for line in (
        "Gate passed in urgency: China, Destruction",
        "Gate closed again: China, Destruction",
        "Gate opened: European Union and EEA, Destruction and alteration",
        "Signed Urgent override of a gate: I approve",
        URGENT,
    ):
        assert line in page, line


def test_of_a_lot_what_no_gate_holds_back_is_destroyed_first(company: Company) -> None:
    lot = company.make_lot("SETS-1", 30)
    for hospital, country in (("SUZHOU", "CN"), ("SEOUL", "KR")):
        add_hospital(company, hospital, country)
        deliver(company, hospital, lot=lot, of_it=10)
    to_decision(company, "SETS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    for hospital in ("SUZHOU", "SEOUL"):
        send_back(company, hospital, lot, 10)
    to_destruction(company, lot="SETS-1", quantity=25)
    assert "Of lot SETS-1 20 may be destroyed and no more" in refused(company)
    most = company.results("destroy_units", bad_quantity=5)
    company.do("destroy_units", destroyed=most)
    company.do("witness_destruction")
    left = {"held": Decimal(10), "destroyed": Decimal(20)}
    assert company.totals == left
    to_destruction(company, lot="SETS-1", quantity=10)
    assert "SETS-1" in refused(company)  # all that is left came from China
    open_gate(company, closed(company, "CN"))
    company.do("destroy_units")
    company.do("witness_destruction")
    assert company.totals == {"destroyed": 30}


def test_a_unit_in_two_recalls_waits_for_the_gates_of_both(recalled: Company) -> None:
    company, first = recalled, recalled.number
    to_destruction(company, "P-1")
    second = report_signal(company, "P-1")
    contain(company, "P-1")
    with company.holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == second)).one()
        union = next(one for one in law.named("EU").gates if one.what == gates.DESTRUCTION)
        gates.close_for(db, case, replace(law.named("EU"), gates=(union,)), at=company.at)
    company.number = first
    said = refused(company)
    assert second in said
    assert first not in said


def test_a_destruction_of_ours_that_another_system_tells_is_refused_and_anothers_is_flagged(
    recalled: Company, app: Flask
) -> None:
    company, people = recalled, recalled.people
    unknown = company.places["SLIGO_party"]  # held back by every gate that is closed
    with company.holdfast.database.begin() as db:
        db.get_one(Party, unknown).country = None
    with clock.at(company.at):
        system = caller(
            app, company.holdfast, people.second_qa_engineer, "events.write", "gate.check"
        )
        for serial in ("P-1", "P-2"):
            told = {"units": [{"part_no": part_of(company, serial), "serial": serial}]}
            answer = system.post("/events/destroyed", {**told, "under_case": company.number})
            assert answer.status_code == 422
            assert "NMPA" in answer.text
            assert custody(company, serial) == ["returned"]
        asked = {"door": "destroy", "targets": ["P-1", "P-4"], "under_case": company.number}
        verdicts = system.post("/gate/check", asked).json["verdicts"]
        assert [one["allowed"] for one in verdicts] == [False, True]
        assert "NMPA" in verdicts[0]["sentence"]
        answer = system.post("/events/destroyed", {**told, "reported": True})
        assert answer.status_code == 201, answer.text
    assert custody(company, "P-2") == ["destroyed"]
    assert flags(company) == [("destroyed_too_early", "P-2")]


def test_what_alters_a_device_or_sends_it_away_waits_until_the_union_knows_of_it(
    abroad: Company, app: Flask
) -> None:
    company, people = abroad, abroad.people
    company.make_devices("CELL-1", ["C-1"])
    fitting = Fitting(company.unit("C-1").id, company.unit("P-4").id, None)
    with company.holdfast.database.begin() as db:
        install_units(db, [fitting], by=people.production, at=company.at)
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    company.receive_return("P-1", "P-2")
    company.do("review_returns", board=True)
    company.propose(company.line("service", "P-1", "P-2"))
    task = company.task("approve_rework_instruction")
    with visiting(company, app, people.qa_engineer) as engineer:
        page = unescape(engineer.get(f"/tasks/{task.id}").text)
    assert "Nothing is altered or destroyed before the authority knows (MDR art. 89(1))" in page
    assert "P-1 may still show why it failed" in page
    with clock.at(company.at):
        system = caller(
            app, company.holdfast, people.second_qa_engineer, "events.write", "gate.check"
        )
        asked = {"door": "rework", "targets": ["P-1", "P-2"], "under_case": company.number}
        verdicts = system.post("/gate/check", asked).json["verdicts"]
        assert [one["allowed"] for one in verdicts] == [False, True]
        told = {"units": [{"part_no": part_of(company, "P-1"), "serial": "P-1"}]}
        answer = system.post(
            "/events/reworked", {**told, "inputs": [], "under_case": company.number}
        )
        assert "MDR art. 89(1)" in answer.text
        inside = {"units": [{"part_no": part_of(company, "C-1"), "serial": "C-1"}]}
        bench = caller(app, company.holdfast, people.qa_technician, "events.write")
        assert "MDR art. 89(1)" in bench.post("/events/removed", inside).text

    company.do("approve_rework_instruction")
    with pytest.raises(Invalid, match="89") as wrong:
        company.do("perform_rework")
    assert "P-2" not in str(wrong.value)  # China lets it be altered, and not destroyed
    company.do("perform_rework", reworked=company.results("perform_rework", bad=["P-1"]))
    for element in ("reinspect", "authorise_release", "remove_tags"):
        company.do(element)

    company.do("review_returns", board=True)
    company.propose(company.line("return_to_supplier", "P-1"))
    with pytest.raises(Invalid, match="Mark it as not sent"):
        company.do("return_to_supplier")
    gate = closed(company, "EU")
    act_on_gate(company, gate, passing.OVERRIDE, URGENT, by=people.executive)
    company.do("return_to_supplier")
    assert custody(company, "P-1") == ["in_transit"]


def test_a_service_while_a_gate_on_alteration_is_closed_is_recorded_told_and_flagged(
    abroad: Company, app: Flask
) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    typed = {"found": "An old sensor", "done": "Replaced it", "outcome": "in_use"}
    with visiting(company, app, company.people.field_service) as visitor:
        for serial, is_told in (("P-1", True), ("P-2", False)):  # China lets it be altered
            form = {"device": serial, **typed, "request_key": company.new_key()}
            shown = visitor.get(visitor.post("/record/service", form).location).text
            assert "The service is recorded." in shown
            assert ("nothing is altered before" in shown) is is_told
        authorities = visitor.get(f"/recalls/{company.number}/authorities").text
    assert authorities.count("Destruction and alteration") > 1, "so in the overview as below"
    assert flags(company) == [("altered_too_early", "P-1")]


def custody(company: Company, *serials: str) -> Sequence[str]:
    """Return where these units are."""
    return [str(company.unit(one).custody) for one in serials]


def part_of(company: Company, serial: str) -> str:
    """Return the part number of a unit."""
    query = select(Part.part_no).join(Unit, Unit.part_id == Part.id).where(Unit.serial == serial)
    return company.reads(lambda db: str(db.scalars(query).one()))


def flags(company: Company) -> list[tuple[str, str]]:
    """Return what was flagged, and of which unit."""
    query = select(Flag.rule, Unit.serial).join(Unit, Unit.id == Flag.unit_id).order_by(Flag.id)
    return company.reads(lambda db: [(row[0], row[1]) for row in db.execute(query)])
