"""The history of a case in sentences: every ledger entry as a person reads it."""

from typing import Any

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.pages import HistoryLine
from engine.evidence import ledger
from engine.evidence.ledger import LedgerEntry
from engine.words import N_

SENTENCES = {
    "case_opened": N_("Reported “%(title)s”"),
    "task_completed": N_("Completed %(element)s"),
    "task_claimed": N_("Claimed %(element)s"),
    "task_given_back": N_("Gave back %(element)s"),
    "task_handed_over": N_("Handed %(element)s over to %(to)s"),
    "comment_added": N_("Noted: %(text)s"),
    "file_attached": N_("Attached %(name)s"),
    "signed": N_("Signed %(record_type)s: %(sentence)s"),
    "signature_voided": N_("Voided signature %(signature_id)s"),
    "holds_placed": N_("Placed holds on %(count)s units and lots"),
    "holds_released": N_("Released the holds on %(count)s units and lots"),
    "serials_recorded": N_("Recorded %(count)s events in the serial store"),
    "document_asked": N_("Asked for %(name)s to be sealed"),
    "document_sealed": N_("Sealed %(name)s"),
    "answer_corrected": N_("Corrected %(element)s"),
    "field_action_decided": N_("Decided on field action: %(decision)s"),
    "case_closed": N_("Closed the case"),
    "case_voided": N_("Voided the case"),
    "case_reopened": N_("Reopened the case"),
}
ELEMENT = ("element", "record_type")


def history(db: Session, case: Case, *, last: int | None = None) -> tuple[HistoryLine, ...]:
    """Return the case's ledger as sentences, newest first; `last` keeps only so many."""
    entries = ledger.entries(db, case.stream)
    newest_first = entries[::-1][:last]
    return tuple(_line(entry) for entry in newest_first)


def _line(entry: LedgerEntry) -> HistoryLine:
    body = entry.body
    facts = {name: _said(name, value) for name, value in body.items()}
    sentence = SENTENCES.get(entry.action, entry.action.replace("_", " ").capitalize())
    if not _fits(sentence, facts):
        sentence = entry.action.replace("_", " ").capitalize()
    return HistoryLine(
        at=entry.at,
        by=entry.printed_name,
        sentence=sentence,
        facts=facts,
        reason=body.get("reason"),
        sequence=entry.seq,
        sha256=entry.hash,
    )


def _said(name: str, value: Any) -> Any:
    if name in ELEMENT and isinstance(value, str):
        return value.rpartition(".")[2].replace("_", " ")
    return value


def _fits(sentence: str, facts: dict[str, Any]) -> bool:
    try:
        _ = sentence % facts
    except (KeyError, TypeError, ValueError):
        return False
    return True
