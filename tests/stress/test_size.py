"""A lot of two thousand serialised devices goes the whole way; the times are printed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.evidence.render import render_pdf
from tests.engine.evidence import samples
from tests.processes.company import Company

pytestmark = pytest.mark.stress

DEVICES = 2_000
SEALED = {
    "disposition/disposition_record",
    "disposition_line/destruction_certificate",
    "nonconformance/nonconformance_report",
}


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - begun:.1f} s")


def test_two_thousand_devices_are_held_scrapped_and_closed(company: Company) -> None:
    serials = [f"P-{number:05d}" for number in range(DEVICES)]
    with timed("made"):
        lot_id = company.make_component("K-7", DEVICES)
        company.build(lot_id, serials)
    with timed("reported and held"):
        company.report("K-7")
    with timed("triage"):
        company.do("triage")
    with timed("segregated"):
        company.do("confirm_segregation")
    with timed("investigated"):
        company.do("investigate")
    with timed("proposed"):
        company.do("propose_disposition", lines={"lines": [company.line("scrap", *serials)]})
    for element in ("approve_quality", "approve_engineering", "decide_samples", "destroy_units",
                    "witness_destruction"):  # fmt: skip
        with timed(element):
            company.do(element)
    with timed("documents printed and sealed"):
        company.seal_documents()
    with timed("closed"):
        company.do("verify_and_close")
    with timed("report printed and sealed"):
        company.seal_documents()

    assert company.case.state == "closed"
    assert company.totals == {"destroyed": DEVICES}
    sealed = [one for one in company.documents if one.state != "attached"]
    assert {one.state for one in sealed} == {"sealed"}
    assert {one.kind for one in sealed} == SEALED


def test_a_certificate_of_ten_thousand_serials_is_printed() -> None:
    """Within the time and the memory that the print worker has for one document."""
    layout, record, signed = samples.destruction()
    names = [f"P-{number:05d}" for number in range(10_000)]
    listed = {"heading": "PUMP-220, lot K-7", "note": "Serials: 10,000", "names": names}
    record["sections"].append({"heading": "What was destroyed", "lists": [listed, listed]})

    with timed("ten thousand serials printed"):
        pdf = render_pdf(layout, record, language="en", signatures=signed)

    assert pdf.startswith(b"%PDF-")
