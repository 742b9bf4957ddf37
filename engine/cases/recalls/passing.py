"""The gates of authorities: opened on their word, passed in urgency, closed again; all signed."""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from engine import commands
from engine.bpmn import runtime
from engine.bpmn.errors import NobodyWaits
from engine.cases import facts
from engine.cases.models import Case
from engine.cases.notices import sending
from engine.cases.recalls.authorities import LETTER, NAME_IT
from engine.cases.recalls.gates import MESSAGE, NOTICES, RULES, key_of, label
from engine.cases.recalls.models import Gate
from engine.cases.records.sections import head
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import WRITE_REASON, written
from engine.errors import Conflict, NotFound, Refused
from engine.evidence import ceremony, ledger
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize
from engine.people.robots import RobotsOnlyPractise
from engine.regulators import jurisdictions as law
from engine.words import N_, say

NOT_ASKED = N_("Drill: no authority was asked.")
OPEN, OVERRIDE, CLOSE = "open", "override", "close"


class GateUnknown(NotFound):
    """This recall has no such gate. Look at the list of its authorities."""


class GateNotClosed(Conflict):
    """This gate is open already. Look at it again."""


class GateClosed(Conflict):
    """This gate is closed already. Look at it again."""


class WentThrough(Refused):
    """Letters went out since this gate was opened, so it stays open. Tell the authority."""


@dataclass(frozen=True)
class Act:
    """One thing that is done to a gate, and how it is signed."""

    action: str  # of permissions.toml
    meaning: str
    role: str
    title: str  # a msgid
    ground: str  # what the text beside it is called
    missing: str
    state: str  # of the gate afterwards
    done_to: tuple[str, ...]  # the states of a gate that it is done to


ACTS = MappingProxyType(
    {
        OPEN: Act(
            "recall.authority", "attest", "regulatory_affairs", N_("Gate opened by its authority"),
            LETTER, NAME_IT, "opened",
            ("closed", "overridden"),  # whoever passed it in urgency did not answer for them
        ),
        OVERRIDE: Act(
            "recall.override", "approve", "qa_manager", N_("Urgent override of a gate"),
            N_("Reason"), WRITE_REASON, "overridden", ("closed",),
        ),
        CLOSE: Act(
            "recall.authority", "correct", "regulatory_affairs", N_("Gate closed again"),
            N_("Reason"), WRITE_REASON, "closed", ("opened", "overridden"),
        ),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Passing:
    """What is asked: which gate is opened, passed in urgency or closed again, on what ground."""

    number: str
    gate_id: int
    act: str  # of `ACTS`
    ground: str


def open_signing(
    db: Session, asked: Passing, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze what is signed for the sign page; flushes. Raises why it cannot be."""
    case, gate, ground = _refuse(db, asked, by)
    return ceremony.open_pending(
        db,
        record=record_of(db, case, gate, asked.act, ground),
        meaning=ACTS[asked.act].meaning,
        by=by,
        session_id=session_id,
        at=at,
    )


def record_of(db: Session, case: Case, gate: Gate, act: str, ground: str) -> RecordToSign:
    """Draw up what is signed: which gate, what is done to it, and on what ground."""
    language, of = case.language, ACTS[act]
    here = law.named(gate.jurisdiction)
    said = f"{here.said(language)} · {say(label(gate.jurisdiction, gate.what), language)}: " + say(
        RULES[gate.rule], language
    )
    content = {
        **head(db, case, title=of.title, number=case.number),
        "sections": [
            {"heading": say(N_("Gate"), language), "text": said},
            {"heading": say(of.ground, language), "text": ground},
        ],
    }
    return RecordToSign(
        stream=case.stream,
        record_type=f"gate_{act}",
        record_id=f"{case.number}/{gate.jurisdiction}/{gate.what}",
        record_version=case.version,
        content=content,
        language=language,
        process=case.process,
        role=of.role,
    )


def act_on(
    db: Session, asked: Passing, signing: Signing, *, by: Person, at: datetime, key: str
) -> Gate:
    """Open, pass or close a gate under a signature; a repeated `key` changes nothing."""
    authorize(by, ACTS[asked.act].action)
    name = f"gate_{asked.act}"
    request = {**vars(asked), "by": by.id}
    if commands.earlier_result(db, key, name=name, request=request) is not None:
        return _gate(db, lock_case(db, asked.number), asked.gate_id)

    case, gate, ground = _refuse(db, asked, by)
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record_of(db, case, gate, asked.act, ground).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=ground,
    )
    was, gate.state = gate.state, ACTS[asked.act].state
    gate.by_id, gate.signature_id = by.id, signature.id
    gate.opened_at = None if asked.act == CLOSE else at
    if asked.act == OPEN:
        # the reason of an override stays beside what its authority answered
        gate.evidence, gate.reason = ground, gate.reason if was == "overridden" else None
    else:
        gate.evidence, gate.reason = None, ground
    if asked.act == CLOSE:
        gate.closed_at = at
        if gate.what == NOTICES:
            sending.hold_back(db, case, gate.jurisdiction)
        _tell(db, case, gate, "gate_closed", by=by, at=at)
    else:
        _pass(db, case, gate, by=by, at=at)
    result = {"gate": gate.id}
    commands.remember(db, key, name=name, request=request, result=result, by_id=by.id, at=at)
    return gate


def open_in_drill(db: Session, number: str, gate_id: int, *, by: Person, at: datetime) -> None:
    """Let a robot say in a drill that the authority let the action go on; it signs nothing."""
    case = lock_case(db, number)
    if not (case.is_drill and by.is_robot):
        raise RobotsOnlyPractise
    gate = _gate(db, case, gate_id)
    if gate.state != "closed":
        return
    gate.state, gate.by_id, gate.opened_at = "opened", by.id, at
    gate.evidence = say(NOT_ASKED, case.language)
    _pass(db, case, gate, by=by, at=at)


def _refuse(db: Session, asked: Passing, by: Person) -> tuple[Case, Gate, str]:
    act = ACTS[asked.act]
    authorize(by, act.action)
    case = lock_case(db, asked.number)
    refuse_ended(case)
    ground = written(asked.ground, "ground", act.ground, missing=act.missing)
    gate = _gate(db, case, asked.gate_id)
    if gate.state not in act.done_to:
        raise GateClosed if asked.act == CLOSE else GateNotClosed
    if asked.act == CLOSE and gate.what == NOTICES and sending.went_out(db, case, gate):
        raise WentThrough
    return case, gate, ground


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
    _tell(db, case, gate, MESSAGE, by=by, at=at)
    if gate.what != NOTICES:
        return
    sending.send_due(db, case, by=by, at=at)
    try:
        runtime.deliver_message(
            db, MESSAGE, key_of(case, gate.jurisdiction), variables={}, by=by, at=at
        )
    except NobodyWaits:
        return  # the authority answered before our notification was recorded as sent


def _tell(db: Session, case: Case, gate: Gate, action: str, *, by: Person, at: datetime) -> None:
    body = {
        "jurisdiction": gate.jurisdiction,
        "what": gate.what,
        "state": gate.state,
        "evidence": gate.evidence,
        "reason": gate.reason,
        "signature": gate.signature_id,
    }
    ledger.append(db, case.stream, action, body, by=by, at=at)
    case.version += 1
    db.flush()
