"""Checking a case: its evidence, and whether its answers and balance are what the ledger entered.

What neither the ledger nor an answer states cannot be found here: the facts “containment” and
“left control”, how far a line has come, and who posted what for which reason.
"""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answer_checks, state_checks
from engine.cases.models import Case
from engine.cases.recall_checks import check_recall
from engine.cases.reported.checks import check_event, check_events
from engine.evidence import ledger, verify
from engine.evidence.findings import Result

EVENT = "reported_event:"


def stream_of(number: str) -> str:
    """Return the ledger stream of a case or, by its number, of a reported event."""
    return f"{EVENT if number.startswith('RE-') else 'case:'}{number}"


def verify_case(db: Session, stream: str, *, witness: Path | None = None) -> Result:
    """Check everything that proves one case (`case:NC-2026-0007`) and what it now says.

    Needs what `engine.evidence.verify.verify_case` needs. A stream of no case is checked alone.
    """
    result = verify.verify_case(db, stream, witness=witness)
    check_case(result, db, stream)
    return result


def check_case(result: Result, db: Session, stream: str) -> None:
    """Hold what the tables say of a case against its ledger and its answers."""
    if stream.startswith(EVENT):
        check_event(result, db, stream.removeprefix(EVENT))
    if not stream.startswith("case:"):
        return
    entries = ledger.entries(db, stream)
    number = stream.removeprefix("case:")
    case = db.scalar(select(Case).where(Case.number == number))
    if case is None:
        result.fail("There is no case %(number)s; its row is gone or never was.", number=number)
        return

    state_checks.check_case(result, case, entries)
    answers = answer_checks.check_answers(result, db, case, entries)
    state_checks.check_lines(result, db, case, answers)
    state_checks.check_facts(result, db, case, entries, answers)
    state_checks.check_balance(result, db, case, entries)
    state_checks.check_comments(result, db, case, entries)
    state_checks.check_files(result, db, case, entries)
    check_recall(result, db, case, entries)
    check_events(result, db, case, entries)
