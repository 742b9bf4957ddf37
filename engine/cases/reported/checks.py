"""Checks of the events that feed a case: links, versions and decisions against their ledgers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.reported.decisions import decisions_of, looks_of
from engine.cases.reported.feeding import numbers_of
from engine.cases.reported.finding import versions_of
from engine.cases.reported.recording import said
from engine.evidence import ledger, verify
from engine.evidence.documents import documents_of
from engine.evidence.findings import Result
from engine.evidence.ledger import LedgerEntry

VERSIONS = ("reported_event_recorded", "reported_event_corrected")


def check_events(result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Hold the events that feed a case against what its ledger and theirs entered."""
    entered: set[str] = set()
    for entry in entries:
        number = str(entry.stated_body.get("event"))
        if entry.action == "reported_event_linked":
            entered.add(number)
        elif entry.action == "reported_event_unlinked":
            entered.discard(number)
    found = set(numbers_of(db, case.id))
    for number in sorted(found - entered):
        result.fail("Event %(number)s feeds the case, but nobody linked it.", number=number)
    for number in sorted(entered - found):
        result.fail("Event %(number)s was linked to the case, but is gone.", number=number)
    good = [
        _is_as_entered(result, db, number) & _evidence_holds(result, db, number)
        for number in sorted(found & entered)
    ]
    if good and all(good) and found == entered:
        result.ok("All %(count)s reported events are those that were entered.", count=len(good))


def check_event(result: Result, db: Session, number: str) -> None:
    """Hold one event, its versions, decisions and sealed records against its own ledger."""
    if not versions_of(db, number):
        result.fail("There is no event %(number)s; its rows are gone or never were.", number=number)
    elif _is_as_entered(result, db, number):
        result.ok("Event %(number)s is what was entered of it.", number=number)


def _check_sealed(
    result: Result, db: Session, number: str, told: Sequence[Mapping[str, Any]], waiting: set[int]
) -> bool:
    """Check that every decision is sealed that was signed since decisions are; or waits for it.

    `told` is what the ledger entered of each, `waiting` the signatures that wait.
    """
    sealed = {one for document in documents_of(db, f"reported_event:{number}")
              for one in document.signature_ids or ()}  # fmt: skip
    signed = [one.get("signature") for one in told if "needs_second_look" in one]
    missing = [one for one in signed if one not in sealed and one not in waiting]
    for one in missing:
        result.fail("The decision under signature %(id)s on event %(number)s has no sealed record.",
                    id=one, number=number)  # fmt: skip
    return not missing


def _evidence_holds(result: Result, db: Session, number: str) -> bool:
    """Check the chain, the signatures and the documents of an event that feeds a case."""
    holds = verify.verify_case(db, f"reported_event:{number}").holds
    if not holds:
        result.fail("The evidence of event %(number)s does not hold: verify it by its number.",
                    number=number)  # fmt: skip
    return holds


def _is_as_entered(result: Result, db: Session, number: str) -> bool:
    entries = ledger.entries(db, f"reported_event:{number}")
    written = {one.stated_body.get("version"): one.stated_body.get("said") for one in entries
               if one.action in VERSIONS}  # fmt: skip
    kept: dict[Any, Any] = {one.version: said(one) for one in versions_of(db, number)}
    told = [one.stated_body for one in entries if one.action == "reported_event_decided"]
    decided = {one.get("signature"): _decided(one) for one in told}
    rows = decisions_of(db, number)
    decisions = {one.signature_id: _decided(vars(one)) for one in rows}
    looks = looks_of(db, rows)
    needed = {one.get("signature") for one in told if one.get("needs_second_look")}
    signed = {one.signature_id for one in rows if one.id in looks}
    waiting = {one.signature_id for one in rows if one.id in looks and looks[one.id].at is None}
    given = {one.stated_body.get("decision"): _looked(one.stated_body) for one in entries
             if one.action == "reported_event_no_looked_at"}  # fmt: skip
    looked = {one.decision_id: _looked({**vars(one), "signature": one.signature_id})
              for one in looks.values() if one.at}  # fmt: skip
    is_looked_at = looked == given and needed <= signed
    if not is_looked_at:
        result.fail(
            "The second look at a no on event %(number)s is not what the ledger entered.",
            number=number,
        )
    if kept != written:
        result.fail("Event %(number)s is not what the ledger entered of it.", number=number)
    if decisions != decided:
        result.fail(
            "What was decided on event %(number)s is not what the ledger entered.", number=number
        )
    is_sealed = _check_sealed(result, db, number, told, waiting)
    return kept == written and decisions == decided and is_looked_at and is_sealed


def _decided(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("version", "jurisdiction", "is_reportable", "report", "suggested", "reported_under",
             "reason")  # fmt: skip
    return tuple(row.get(name) for name in names)


def _looked(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("is_confirmed", "reason", "signature"))
