"""Stories of a class that an authority gives: wording, checks and warning are reviewed."""

from engine.cases.recalls import authorities, jurisdictions, strategies
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    approve_strategy,
    decide_jurisdictions,
    deliver,
    to_decision,
)


def test_a_class_that_fda_gives_reopens_wording_checks_and_warning(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    add_hospital(company, "OHIO", "US")
    deliver(company, "OHIO", "P-1")
    to_decision(company, "SENS-1")
    decide_jurisdictions(company, US={"class_name": "fda_class_ii"})
    approve_strategy(company, check_level="c")
    with company.holdfast.database.begin() as db:
        authorities.receive_class(
            db, company.number, "US", "fda_class_i", evidence="Z-0359-2026",
            by=company.people.regulatory_affairs, at=company.at, key="class",
        )  # fmt: skip
    assert "review_class" in company.waiting_at
    assert company.reads(lambda db: jurisdictions.decided(db, company.case))["US"].class_name == (
        "fda_class_i"
    )
    company.do("review_class")
    company.do("approve_class_review")
    now = company.reads(lambda db: strategies.standing(db, company.case))
    assert (now.version, now.check_level, now.public_warning) == (2, "A", True)
