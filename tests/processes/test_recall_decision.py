"""Stories of the decision on the action: four people sign, one rejection returns it."""

from sqlalchemy import select

from engine.bpmn.models import Decision
from engine.cases import facts
from tests.processes.company import Company
from tests.processes.recalling import contain, decide, report_signal

NOTICE = (
    "djo surgical Screw 6.5 mm, Sz 25mm, low profile.\n"
    "Lot 007A1037, Ref 010-55-25.\n"
    "Nationwide Distribution including AR, CA, FL."
)


def test_four_people_decide_and_one_rejection_returns_the_proposal_with_its_reason(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=1)
    report_signal(company, "SENS-1")
    contain(company, "SENS-1")
    company.do("evaluate_health_hazard")
    company.do("prepare_decision", action="correction")
    company.do("decide_as_executive")
    company.do("decide_as_medical", decision="reject", reason="Drift is not seen by inspection.")
    company.do("decide_as_regulatory")
    assert company.waiting_at == {"decide_as_quality"}
    company.do("decide_as_quality")
    assert company.waiting_at == {"prepare_decision"}
    company.do("prepare_decision", action="removal")
    for who in ("executive", "medical", "regulatory", "quality"):
        company.do(f"decide_as_{who}")
    decided = company.reads(lambda db: facts.latest(db, company.case, "decided_action"))
    assert decided.value == "removal"
    assert company.case.severity == "critical"


def test_severity_and_likelihood_suggest_a_class_and_decide_none(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    report_signal(company, "SENS-1")
    contain(company, "SENS-1")
    decide(company, severity="reversible", likelihood="unknown")
    suggested = company.reads(lambda db: db.scalars(select(Decision)).all())
    assert [one.outputs for one in suggested] == [
        {"suggested_fda": "fda_class_ii", "suggested_nmpa": "nmpa_2"}
    ]
    names = company.reads(lambda db: {one.name for one in facts.standing(db, company.case)})
    assert "class_received" not in names
