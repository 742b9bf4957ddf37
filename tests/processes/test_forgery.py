"""Stories of a forged database: whoever owns it rewrites a case, and the check names what."""

from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.answers import answers_sha256
from engine.cases.ending import REOPEN, VOID
from engine.cases.models import Answer
from engine.cases.verifying import verify_case
from engine.db import Base
from engine.evidence import documents, ledger
from engine.evidence.canonical import canonical_text
from engine.evidence.findings import Result
from engine.evidence.signatures import Signature
from tests.processes.company import Company
from tests.processes.test_ending import closed, sign
from tests.processes.test_signature_renewal import correct
from tests.support.files import png

UNITS = ["P-1", "P-2"]


def told(company: Company) -> None:
    """Bring a case to its end: two rounds, a correction, a comment, a file, two dispositions."""
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.do("propose_disposition", lines={"lines": [company.line("scrap", *UNITS)]})
    company.do("approve_quality", decision="reject", reason="Not all of it is bad.")
    if "approve_engineering" in company.waiting_at:
        company.do("approve_engineering")
    company.propose(company.line("no_fault_found", "P-1"), company.line("scrap", "P-2"))
    with company.holdfast.database.begin() as db:
        by = company.people.qa_technician
        commands.comment(db, company.case, "The pallet is in bay 4.", by=by, at=company.at)
        file = documents.store_file(db, name="bay.png", content=png(7))
        commands.attach(db, company.number, file, by=by, at=company.at)
    company.do("confirm_no_fault")
    company.release()
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")


LAST = "(SELECT max(id) FROM disposition_line)"
FORGED = [
    (f"UPDATE disposition_line SET justification = 'x' WHERE id = {LAST}", "justification"),
    (f"UPDATE disposition_line SET type = 'rework' WHERE id = {LAST}",
     "it differs from the proposal that was answered in type."),
    (f"UPDATE disposition_line_part SET quantity = 5 WHERE line_id = {LAST}", "quantity"),
    (f"UPDATE disposition_line_part SET unit_id = 1 WHERE line_id = {LAST}", "units or lots"),
    ("UPDATE comment SET text = 'Nothing.'", "is not what the ledger entered"),
    ("DELETE FROM comment", "is in the ledger, but gone here"),
    ("UPDATE case_fact SET value = '2030-01-01T00:00:00+00:00' WHERE name = 'awareness'",
     "The fact “awareness” says 2030"),
    ("UPDATE case_fact SET value = '2030-01-01T00:00:00+00:00' WHERE name = 'closure'",
     "The fact “closure” says 2030"),
    ("UPDATE posting SET to_account = 'released_no_fault' WHERE to_account = 'destroyed'",
     "The postings give released no fault 2, the case was closed with destroyed 1"),
    ("UPDATE case_file SET title = 'Nothing'", "another title"),
    ("UPDATE case_file SET state = 'open', ended_at = NULL",
     "The case says it is open, by the ledger it is closed since"),
    ("DELETE FROM attachment", "The file “bay.png” was taken from the case"),
    ("UPDATE document SET name = 'door.png' WHERE name = 'bay.png'",
     "The file “door.png” was entered as “bay.png”"),
]  # fmt: skip
OF_AN_ANSWER = [
    ("sha256 = 'x'", "the hash kept beside it was changed"),
    ("by_id = by_id + 1", "another person or time"),
    ("at = '2020-01-01 00:00:00'", "another person or time"),
    ("on_behalf_of_id = 1", "had not delegated it"),
    ("element_id = 'triage'", "another step"),
    ("signature_id = 1", "another signature"),
    ("version = 9", "the ledger never entered it"),
    ("reason = 'Nothing.'", "the reason for its correction is not the one"),
    ("supersedes_id = NULL", "replaces another version"),
]


class Undone(Exception):
    """Rolls a forgery back, so that the next one starts from the true case."""


def forge(db: Session, *statements: str, **facts: object) -> None:
    """Do what only the owner of the database can: drop every trigger, then rewrite."""
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    for table in Base.metadata.tables:
        for verb in ("update", "delete"):
            on = "" if is_sqlite else f' ON "{table}"'
            db.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}"))
    for statement in statements:
        done: Any = db.execute(text(statement), facts)
        assert done.rowcount > 0, f"nothing was forged: {statement}"
    db.expire_all()


def causes(company: Company, *statements: str, **facts: object) -> str:
    """Return what the check says of a forgery, which is then undone."""
    stream = company.case.stream
    with suppress(Undone), company.holdfast.database.begin() as db:
        forge(db, *statements, **facts)
        result = verify_case(db, stream)
        raise Undone
    assert not result.holds, f"{statements}:\n{result}"
    return "\n".join(result.causes)


def checked(company: Company) -> Result:
    result: Result = company.reads(lambda db: verify_case(db, company.case.stream))
    return result


def rewritten(company: Company, where: str) -> str:
    """Return the statement that rewrites words inside stored answers."""
    with company.holdfast.database.read() as db:
        json = "TEXT" if db.get_bind().dialect.name == "sqlite" else "JSON"
    words = f"CAST(replace(CAST(answers AS TEXT), :old, :new) AS {json})"
    return f"UPDATE answer SET answers = {words} WHERE {where}"


def test_a_forged_answer_is_named_with_its_step_and_person(company: Company) -> None:
    told(company)
    result = checked(company)
    assert result.holds, result.causes
    said = str(result)
    assert "answers are those that the ledger entered." in said
    assert "All 3 disposition lines are those that were proposed." in said
    assert "is the one the case was closed with (destroyed 1, released no fault 1)." in said
    assert "All 1 comments are those that were entered." in said

    forged = "what is stored is not what was answered, it was changed"
    report = rewritten(company, "element_id = 'report'")
    said = causes(company, report, old="Pouch seal", new="Carton")
    assert f"The answer “report” of {company.people.qa_technician.printed_name} (" in said
    assert forged in said
    answer = company.answer("approve_quality")
    signature = company.reads(lambda db: db.get_one(Signature, answer.signature_id))
    fitting = answers_sha256({**answer.answers, "decision": "reject"})
    said = causes(
        company,
        rewritten(company, f"id = {answer.id}"),
        f"UPDATE answer SET sha256 = '{fitting}' WHERE id = {answer.id}",
        old='"approve"',
        new='"reject"',
    )
    assert f"The answer “approve quality” of {signature.printed_name} (" in said
    assert f"signature {signature.id}): {forged}" in said
    for change, said in FORGED:
        assert said in causes(company, change), change
    one, two = (company.unit(name).id for name in UNITS)
    swap = f"CASE unit_id WHEN {one} THEN {two} ELSE {one} END"
    said = causes(company, f"UPDATE posting SET unit_id = {swap}")
    assert "other units lie in the accounts" in said


INVESTIGATED = "WHERE element_id = 'investigate'"


@pytest.mark.parametrize("is_of_before", [False, True])
def test_corrected_and_forged_answers_of_an_open_case_are_told_apart(
    company: Company, *, is_of_before: bool
) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    correct(company, company.answer("investigate"), escape="The peel test samples.")
    if is_of_before:  # entries of before named no task
        with company.holdfast.database.begin() as db:
            forge(db)
            entry = ledger.entries(db, company.case.stream, action="answer_corrected")[0]
            stated = entry.stated or {}
            del stated["body"]["task"]
            entry.content = canonical_text(stated)
    else:
        assert checked(company).holds, checked(company).causes
    assert "The answer" not in "".join(checked(company).causes)
    for change, said in OF_AN_ANSWER:
        forgery = f"UPDATE answer SET {change} WHERE version = 2"
        assert said in causes(company, forgery), change


def test_an_answer_that_was_put_in_or_taken_out_is_named(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    names = [one.name for one in Answer.__table__.columns if one.name not in ("id", "task_id")]
    columns = ", ".join(names)
    said = causes(
        company,
        f"INSERT INTO answer (id, task_id, {columns})"
        f" SELECT 999, '00000000000000000000000000000001', {columns} FROM answer"
        " WHERE element_id = 'triage'",
        f"DELETE FROM answer {INVESTIGATED}",
        "UPDATE answer SET answers = '{}' WHERE element_id = 'report'",
    )
    assert "The answer “triage” of " in said
    assert "the ledger never entered it: it was put in." in said
    assert "The answer “investigate” of " in said
    assert "the ledger entered it, but it is gone." in said


def test_a_case_whose_row_is_gone_does_not_hold(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    said = causes(company, "UPDATE case_file SET number = 'NC-1999-0001'")
    assert "its row is gone or never was" in said


def test_a_case_that_was_reopened_and_then_voided_holds(company: Company) -> None:
    closed(company)
    sign(company, REOPEN)
    assert checked(company).holds, checked(company).causes
    assert "by the ledger it is open" in causes(
        company, "UPDATE case_file SET state = 'void', ended_at = opened_at"
    )
    company.report("P-1")
    sign(company, VOID)
    assert checked(company).holds, checked(company).causes
