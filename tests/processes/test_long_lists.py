"""Stories of many serials: a record names each one, and is still read by a person."""

import json
import subprocess
from pathlib import Path

from engine.evidence import documents
from tests.processes.company import Company

SERIALS = [f"P-{number:05d}" for number in range(60)]


def scrapped(company: Company, language: str) -> None:
    company.build(company.make_component("K-7", len(SERIALS)), SERIALS)
    company.report("K-7", language=language)
    company.do("triage")
    company.do("confirm_segregation")
    company.do("investigate")
    company.propose(company.line("scrap", *SERIALS))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")


def printed(company: Company, kind: str, folder: Path) -> tuple[str, str]:
    """Return the words of a sealed document, and its record."""
    company.seal_documents()
    (found,) = (one for one in company.documents if one.kind.endswith(f"/{kind}"))
    (folder / "d.pdf").write_bytes(company.reads(lambda db: documents.content_of(db, found)))
    told = subprocess.run(
        ["pdftotext", "-layout", folder / "d.pdf", "-"], capture_output=True, text=True, check=True
    )
    return told.stdout, found.record or ""


def test_a_certificate_names_every_destroyed_serial_and_whether_one_is_missing(
    company: Company, tmp_path: Path
) -> None:
    scrapped(company, "en")
    words, record = printed(company, "destruction_certificate", tmp_path)

    assert set(SERIALS) <= set(words.split())
    assert "60, from P-00000 to P-00059 with none missing" in words
    destroyed = json.loads(record)["sections"][0]
    assert destroyed["lists"][0]["names"] == SERIALS
    assert "table" not in destroyed


def test_a_line_of_many_serials_lists_them_below_the_table(
    company: Company, tmp_path: Path
) -> None:
    scrapped(company, "zh")
    words, _ = printed(company, "disposition_record", tmp_path)

    assert "下列序列号" in words
    assert "60，自 P-00000 至 P-00059，无缺号" in words
    assert set(SERIALS) <= set(words.split())
