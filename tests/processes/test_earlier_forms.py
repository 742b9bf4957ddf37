"""Stories of a case that goes on with the forms it began with: what they never asked is no bar."""

import shutil
from pathlib import Path

import pytest

from engine import clock
from engine.cases import agreeing, releases
from engine.cases.releases import ROOT
from engine.errors import Invalid
from tests.processes import founding
from tests.processes.company import Company
from tests.support.personas import HIRED_AT

ASKED_LATER = {
    "nonconformance/investigate": "identified",
    "quarantine/resolve_count_mismatch": "never_existed_because",
}


def begin_with_earlier_forms(company: Company, folder: Path) -> None:
    """Release the process with forms that do not ask yet what is asked since."""
    for part in ("workflows", "forms", "notifications", "engine/evidence/layouts"):
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
    for form, field in ASKED_LATER.items():
        path = folder / "forms" / f"{form}.toml"
        start, *fields = path.read_text().split("[[section.field]]\n")
        left = [one for one in fields if not one.startswith(f'id = "{field}"')]
        assert len(left) == len(fields) - 1
        path.write_text("[[section.field]]\n".join([start, *left]))
    with clock.at(HIRED_AT):
        with company.holdfast.database.begin() as db:
            draft = releases.install(
                db, "nonconformance", by=company.people.administrator, at=HIRED_AT, root=folder
            ).id
        founding.release_version(
            company.holdfast, draft, "process_owner", company.people.qa_manager
        )
        founding.release_version(
            company.holdfast, draft, "quality", company.people.management_representative
        )


def test_a_case_whose_form_never_asked_what_it_is_closes_all_the_same(
    company: Company, tmp_path: Path
) -> None:
    begin_with_earlier_forms(company, tmp_path)
    company.make_devices("SENS-1", ["P-1"])
    row = {"description": "Pump without a label"}
    company.report(suspects={"scanned": "P-1", "unidentified": [row]})
    company.do("triage")
    company.do("confirm_segregation")
    task, engineer = company.task("investigate"), company.people.qa_engineer
    answers = company.answers(task, engineer)
    del answers["identified"]
    company.complete(task, answers, None, by=engineer)
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_nothing_is_struck_out_by_a_form_that_has_nobody_sign_for_it(
    company: Company, tmp_path: Path
) -> None:
    begin_with_earlier_forms(company, tmp_path)
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1 P-2")
    company.do("triage")
    found = {"scanned": "P-1", "none": False, "counts": []}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", explanation="record_wrong", found_units=found)
    assert company.totals == {"held": 2}
    assert company.unit("P-2").custody == "in_house"


def test_a_closing_that_was_never_asked_for_a_decision_is_not_refused_for_it(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    task = company.task("verify_and_close")
    company.reads(lambda db: agreeing.refuse_disagreement(db, company.case, task, {"checks": []}))
    with pytest.raises(Invalid, match="nothing more to decide"):
        company.do("verify_and_close", decision="decide_on_more", decide_on_what="Nothing.")
