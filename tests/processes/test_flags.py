"""Stories of flags: what was reported and broke a rule is told to quality."""

from tests.processes.company import Company


def test_quality_is_told_of_a_reported_fact_that_broke_a_rule(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report_shipment("P-1")
    assert company.mailed("layouts/flags_raised") == set()
    company.receive_return("P-2")  # nonconforming until somebody has looked at it
    company.report_shipment("P-2")
    manager = f"{company.people.qa_manager.user_name}@holdfast.example"
    assert manager in company.mailed("layouts/flags_raised")
