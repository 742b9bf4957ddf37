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
