"""Stories of a nonconformance, from report to sealed record."""

from tests.processes.company import Company


def test_a_nonconforming_lot_is_scrapped_and_the_case_closed(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    assert company.waiting_at == {"triage"}
    company.do("triage")
    assert company.waiting_at == {"confirm_segregation"}
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}
    company.do("investigate")
    assert company.waiting_at == {"propose_disposition"}
    company.do(
        "propose_disposition", lines={"lines": [company.line("scrap", lot="S-0001", quantity=40)]}
    )
    assert company.waiting_at == {"approve_quality", "approve_engineering"}
    company.do("approve_quality")
    company.do("approve_engineering")
    assert company.waiting_at == {"decide_samples"}
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 40}
