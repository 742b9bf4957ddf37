"""The story of a nonconformance, from report to sealed record."""

from tests.processes.conftest import Company


def test_a_nonconforming_lot_is_scrapped_and_sealed(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    assert company.waiting_at == {"triage"}
    company.do(
        "triage",
        outcome="confirmed",
        requirement="Seal peel strength, SPEC-7 rev 2",
        severity="major",
        rationale="Three of twenty samples open.",
        scope_correct=True,
    )
    assert company.waiting_at == {"confirm_segregation"}


def test_the_whole_case(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    company.do("triage")
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}
    company.do("investigate")
    assert company.waiting_at == {"propose_disposition"}
    company.do("propose_disposition", lines=company.lines("scrap"))
    assert company.waiting_at == {"approve_quality", "approve_engineering"}
    company.do("approve_quality")
    company.do("approve_engineering")
    assert company.waiting_at == {"decide_samples"}
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction", counted={"quantity": "40", "uom": "each"})
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 40}
    assert {(d.kind, d.state) for d in company.documents} == {
        ("nonconformance/nonconformance_report", "sealed"),
        ("disposition/disposition_record", "sealed"),
        ("disposition_line/destruction_certificate", "sealed"),
        ("attachment", "attached"),
    }
