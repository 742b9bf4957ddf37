"""Checks of the events that feed a case: links, versions and decisions against their ledgers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.reported.deciding import decisions_of, looks_of
from engine.cases.reported.feeding import numbers_of
from engine.cases.reported.finding import versions_of
from engine.cases.reported.recording import said
from engine.evidence import ledger
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
    good = [_is_as_entered(result, db, number) for number in sorted(found & entered)]
    if good and all(good) and found == entered:
        result.ok("All %(count)s reported events are those that were entered.", count=len(good))


def _is_as_entered(result: Result, db: Session, number: str) -> bool:
    entries = ledger.entries(db, f"reported_event:{number}")
    written = {one.stated_body.get("version"): one.stated_body.get("said") for one in entries
               if one.action in VERSIONS}  # fmt: skip
    kept: dict[Any, Any] = {one.version: said(one) for one in versions_of(db, number)}
    decided = {one.stated_body.get("signature"): _decided(one.stated_body) for one in entries
               if one.action == "reported_event_decided"}  # fmt: skip
    decisions = {one.signature_id: _decided(vars(one)) for one in decisions_of(db, number)}
    looks = looks_of(db, decisions_of(db, number))
    needed = {one.stated_body.get("signature") for one in entries
              if one.action == "reported_event_decided"
              and one.stated_body.get("needs_second_look")}  # fmt: skip
    signed = {one.signature_id for one in decisions_of(db, number) if one.id in looks}
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
    return kept == written and decisions == decided and is_looked_at


def _decided(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("version", "jurisdiction", "is_reportable", "report", "suggested", "reported_under",
             "reason")  # fmt: skip
    return tuple(row.get(name) for name in names)


def _looked(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("is_confirmed", "reason", "signature"))
