"""Stories of a case of another system that goes on here at the step it had come to."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.cases import commands, migrating
from engine.cases.migrating import (
    AlreadyUnderWay,
    MigratedByYou,
    NotMigrating,
    StillToAnswer,
)
from engine.cases.signing import Signing
from engine.cases.tasks import BEFORE, MigrationNotSigned
from engine.errors import NotAllowed
from engine.evidence import documents, ledger
from engine.evidence.signatures import Signature
from engine.people import Person
from engine.serials.errors import ContinuedAlready
from engine.serials.models import LegacyCase
from tests.processes.company import Company
from tests.support.files import png
from tests.support.personas import PASSWORD

WORKFLOWS = Path(__file__).parents[2] / "workflows"


def old_case(company: Company, number: str = "QN-2") -> int:
    """Return an open case of another system, as a file brought it."""
    with company.holdfast.database.begin() as db:
        row = LegacyCase(
            source="oldqms",
            number=number,
            title="Pump alarms",
            description="Three of twenty alarm without cause.",
            state="open",
            step="investigation",
            opened_on=date(2026, 1, 9),
            at=company.at,
            by_id=company.people.administrator.id,
        )
        db.add(row)
        db.flush()
        return row.id


def begin(company: Company, step: str, *, by: Person | None = None, legacy: int = 0) -> None:
    """Say that the case goes on with the other system's, at a step."""
    legacy = legacy or old_case(company)
    with company.holdfast.database.begin() as db:
        migrating.begin(
            db, legacy, company.number, step,
            by=by or company.people.qa_engineer, at=company.at,
        )  # fmt: skip


def sign(company: Company, *, by: Person | None = None) -> None:
    """Sign the migration in the real ceremony."""
    person = by or company.people.qa_manager
    session = f"migration-{person.id}"
    with company.holdfast.database.begin() as db:
        pending = migrating.open_signing(
            db, company.number, by=person, session_id=session, at=company.at
        )
    signing = Signing(pending.nonce, PASSWORD, session, person.user_name)
    with company.holdfast.database.begin() as db:
        migrating.sign(db, company.number, signing, by=person, at=company.at)


def entries(company: Company, action: str) -> list[dict[str, Any]]:
    """Return the bodies of one kind of entry of the case's ledger."""
    stream = company.case.stream
    told = company.reads(lambda db: [one.content for one in ledger.entries(db, stream)])
    return [one["body"] for one in map(json.loads, told) if one["action"] == action]


def to_investigate(company: Company) -> None:
    """Bring a case of two units to its investigation, unsigned yet."""
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1 P-2", by=company.people.qa_engineer)
    begin(company, "investigate")
    engineer = company.people.qa_engineer
    company.do("triage", by=engineer)
    company.do("confirm_segregation", by=engineer)


def test_a_migrated_case_is_held_investigated_disposed_and_closed(company: Company) -> None:
    to_investigate(company)
    assert company.waiting_at == {"investigate"}
    assert company.totals == {"held": 2}
    assert not company.may_ship("P-1")
    with pytest.raises(MigrationNotSigned):
        company.do("investigate")

    sign(company)
    company.do("investigate")
    company.propose(company.line("scrap", "P-1", "P-2"))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 2}


def test_what_was_decided_elsewhere_is_marked_and_signed_by_nobody_but_as_a_whole(
    company: Company,
) -> None:
    to_investigate(company)
    for element in ("triage", "confirm_segregation"):
        answer = company.answer(element)
        assert (answer.migrated_from, answer.signature_id) == ("oldqms QN-2", None)
        assert answer.by_id == company.people.qa_engineer.id
    told = [one.get("migrated_from") for one in entries(company, "task_completed")]
    assert told == ["oldqms QN-2", "oldqms QN-2"]
    assert company.reads(lambda db: set(db.scalars(select(Signature.id)))) == signed_before(company)

    sign(company)
    [whole] = entries(company, "case_migrated")
    assert whole["answers"] == [
        company.answer(one).sha256 for one in ("triage", "confirm_segregation")
    ]
    company.do("investigate")
    assert company.answer("investigate").migrated_from is None


def signed_before(company: Company) -> set[int]:
    """Return the signatures that are none of the case's: the releases of the processes."""
    others = select(Signature.id).where(Signature.stream != company.case.stream)
    found: set[int] = company.reads(lambda db: set(db.scalars(others)))
    return found


def test_a_step_that_needs_a_signature_shows_that_it_came_without_one(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.report("P-1", by=company.people.qa_engineer)
    begin(company, "investigate")
    # screening a report out is signed where it is decided here
    company.do(
        "triage", by=company.people.qa_engineer, outcome="not_a_nonconformance", severity="minor"
    )
    assert company.waiting_at == {"confirm_screening"}
    assert company.answer("triage").signature_id is None
    with pytest.raises(MigrationNotSigned):
        company.do("confirm_screening")
    record = company.reads(
        lambda db: (
            migrating.record_of(db, company.case, db.scalars(select(LegacyCase)).one()).content
        )
    )
    notes = {one.get("note") for one in record["sections"]}
    assert any("Migrated from oldqms QN-2, without a signature" in (one or "") for one in notes)
    sign(company)
    company.do("confirm_screening")
    assert company.case.state == "closed"


def test_whoever_wrote_the_answers_down_does_not_sign_for_them(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.report("P-1", by=company.people.qa_manager)
    begin(company, "confirm_segregation", by=company.people.qa_manager)
    with pytest.raises(MigratedByYou):
        sign(company)
    with pytest.raises(NotAllowed):
        sign(company, by=company.people.qa_engineer)


def test_a_migration_is_signed_once_every_step_before_is_written_down(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.report("P-1", by=company.people.qa_engineer)
    with pytest.raises(NotMigrating):
        sign(company)
    begin(company, "confirm_segregation")
    with pytest.raises(StillToAnswer):
        sign(company)
    with pytest.raises(NotAllowed):
        company.do("triage", by=company.people.warehouse)
    company.do("triage", by=company.people.qa_engineer)
    sign(company)
    assert company.waiting_at == {"confirm_segregation"}
    with pytest.raises(NotMigrating):
        sign(company)
    company.do("confirm_segregation")


def test_only_a_case_just_reported_is_brought_over(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.report("P-1")
    company.do("triage")
    with pytest.raises(AlreadyUnderWay):
        begin(company, "investigate")
    company.report("P-1")
    legacy = old_case(company, "QN-3")
    begin(company, "investigate", legacy=legacy)
    company.report("P-1")
    with pytest.raises(ContinuedAlready):
        begin(company, "investigate", legacy=legacy)


def test_files_of_the_old_case_are_part_of_what_is_signed(company: Company) -> None:
    to_investigate(company)
    engineer = company.people.qa_engineer
    with company.holdfast.database.begin() as db:
        file = documents.store_file(db, name="old-record.png", content=png(7))
        commands.attach(db, company.number, file, by=engineer, at=company.at)

    def shown(db: Any) -> list[Any]:
        there = db.scalars(select(LegacyCase)).one()
        sections: list[Any] = migrating.record_of(db, company.case, there).content["sections"]
        return sections

    rows = [row for one in company.reads(shown) for row in one.get("rows", ())]
    assert ["old-record.png", file.sha256] in [list(row) for row in rows]
    sign(company)


def test_the_steps_a_case_is_brought_to_stand_in_the_diagrams() -> None:
    wanted = set(BEFORE).union(*BEFORE.values())
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS.glob("*/*.bpmn")]
    missing = {one for one in wanted if not any(f'userTask id="{one}"' in text for text in texts)}
    assert not missing
