"""Passing a gate: an authority let the action go on, or it is passed in urgency, signed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import commands
from engine.bpmn import runtime
from engine.bpmn.errors import NobodyWaits
from engine.cases import facts
from engine.cases.models import Case
from engine.cases.notices import sending
from engine.cases.recalls.gates import MESSAGE, NOTICES, RULES, WHAT, key_of
from engine.cases.recalls.models import Gate
from engine.cases.records.sections import head
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case, refuse_ended
from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ceremony, ledger
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize
from engine.regulators import jurisdictions as law
from engine.words import N_, say


class GateUnknown(NotFound):
    """This recall has no such gate. Look at the list of its authorities."""


class GateNotClosed(Conflict):
    """This gate is open already. Look at it again."""


@dataclass(frozen=True)
class Override:
    """Which gate is passed in urgency before its authority answered, and why."""

    number: str
    gate_id: int
    reason: str


def open_gate(
    db: Session, number: str, gate_id: int, *, evidence: str, by: Person, at: datetime, key: str
) -> Gate:
    """Record that the authority let the action go on; a repeated `key` changes nothing."""
    authorize(by, "recall.authority")
    case = lock_case(db, number)
    gate = _gate(db, case, gate_id)
    asked = {"gate": gate_id, "evidence": evidence, "by": by.id}
    if commands.earlier_result(db, key, name=MESSAGE, request=asked) is not None:
        return gate

    refuse_ended(case)
    words = evidence.strip()
    if not words:
        raise Invalid([Problem("evidence", N_("Name the letter, the number or the call first."))])
    if gate.state != "closed":
        raise GateNotClosed
    gate.state, gate.opened_at, gate.evidence, gate.by_id = "opened", at, words, by.id
    _pass(db, case, gate, by=by, at=at)
    commands.remember(
        db, key, name=MESSAGE, request=asked, result={"gate": gate.id}, by_id=by.id, at=at
    )
    return gate


def _gate(db: Session, case: Case, gate_id: int) -> Gate:
    gate = db.get(Gate, gate_id, with_for_update=True, populate_existing=True)
    if gate is None or gate.case_id != case.id:
        raise GateUnknown
    return gate


def _pass(db: Session, case: Case, gate: Gate, *, by: Person, at: datetime) -> None:
    """Tell the ledger and whoever waits: the notification there, and letters. Flushes."""
    value = f"{gate.what}: {gate.state}"
    facts.record(
        db, case, MESSAGE, value, by=by, at=at, evidence=gate.evidence or gate.reason,
        jurisdiction=gate.jurisdiction,
    )  # fmt: skip
    body = {
        "jurisdiction": gate.jurisdiction,
        "what": gate.what,
        "state": gate.state,
        "evidence": gate.evidence,
        "reason": gate.reason,
        "signature": gate.signature_id,
    }
    ledger.append(db, case.stream, MESSAGE, body, by=by, at=at)
    case.version += 1
    if gate.what != NOTICES:
        return
    db.flush()
    sending.send_due(db, case, by=by, at=at)
    try:
        runtime.deliver_message(
            db, MESSAGE, key_of(case, gate.jurisdiction), variables={}, by=by, at=at
        )
    except NobodyWaits:
        return  # the authority answered before our notification was recorded as sent


# --- the urgent way --------------------------------------------------------------------------


def open_signing(
    db: Session, override: Override, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze what is overridden for the sign page; flushes. Raises why it cannot be."""
    case, gate = _refuse(db, override, by)
    return ceremony.open_pending(
        db,
        record=record_of(db, case, gate, override),
        meaning="approve",
        by=by,
        session_id=session_id,
        at=at,
    )


def record_of(db: Session, case: Case, gate: Gate, override: Override) -> RecordToSign:
    """Draw up what is signed: which gate is passed before its authority answered, and why."""
    language = case.language
    here = law.named(gate.jurisdiction)
    said = f"{here.said(language)} · {say(WHAT[gate.what], language)}: " + say(
        RULES[gate.rule], language
    )
    content = {
        **head(db, case, title=N_("Urgent override of a gate"), number=case.number),
        "sections": [
            {"heading": say(N_("Gate"), language), "text": said},
            {"heading": say(N_("Reason"), language), "text": override.reason.strip()},
        ],
    }
    return RecordToSign(
        stream=case.stream,
        record_type="gate_override",
        record_id=f"{case.number}/{gate.jurisdiction}/{gate.what}",
        record_version=case.version,
        content=content,
        language=language,
        process=case.process,
        role="qa_manager",
    )


def override_gate(
    db: Session, override: Override, signing: Signing, *, by: Person, at: datetime, key: str
) -> Gate:
    """Pass a gate under a signature and a reason; a repeated `key` changes nothing."""
    asked = {"gate": override.gate_id, "reason": override.reason, "by": by.id}
    if commands.earlier_result(db, key, name="gate_override", request=asked) is not None:
        return _gate(db, lock_case(db, override.number), override.gate_id)

    case, gate = _refuse(db, override, by)
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record_of(db, case, gate, override).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=override.reason.strip(),
    )
    gate.state, gate.opened_at, gate.by_id = "overridden", at, by.id
    gate.reason, gate.signature_id = override.reason.strip(), signature.id
    _pass(db, case, gate, by=by, at=at)
    commands.remember(
        db, key, name="gate_override", request=asked, result={"gate": gate.id}, by_id=by.id, at=at
    )
    return gate


def _refuse(db: Session, override: Override, by: Person) -> tuple[Case, Gate]:
    authorize(by, "recall.override")
    case = lock_case(db, override.number)
    refuse_ended(case)
    if not override.reason.strip():
        raise Invalid([Problem("reason", N_("Write the reason first."))])
    gate = _gate(db, case, override.gate_id)
    if gate.state != "closed":
        raise GateNotClosed
    return case, gate
