"""Voiding a case that was opened in error, and reopening one that has ended: both are signed."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from engine.cases import affected, answers as kept, balance, holding, telling
from engine.cases.accounts import OPEN
from engine.cases.balance import OF_CUSTODY, Holding
from engine.cases.models import Answer, Case
from engine.cases.overview import roots_of
from engine.cases.records.sections import balance as balance_section, head, subjects
from engine.cases.scopes.models import ScopeVersion
from engine.cases.signing import Signing
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import WRITE_REASON, problems_of
from engine.errors import Conflict, Invalid, NotAllowed, Refused
from engine.evidence import ceremony, ledger
from engine.evidence.signatures import PendingSign, RecordToSign, Signature
from engine.people import Person, authorize
from engine.serials import holds
from engine.serials.models import LotStock, Unit
from engine.words import N_, say

VOID, REOPEN = "void", "reopen"
TITLES = {VOID: N_("Void case"), REOPEN: N_("Reopen case")}
# what was done for good, or is somebody else's: reopening does not bring it back
FINAL = frozenset(
    {
        "destroyed",
        "kept_as_sample",
        "returned_to_supplier",
        "transferred_to_recall",
        "in_other_case",
        "recorded_in_error",
    }
)


class HasLeftControl(Refused):
    """Product of this case has left our control. Have it evaluated and close the case instead."""


class ReportedByYou(NotAllowed):
    """You reported this case, so someone else must void it."""


class ContainedByYou(NotAllowed):
    """You proposed, ordered or froze what this recall holds, so someone else must void it."""


class RecallNotReopened(Refused):
    """A recall is not opened again. Report a new signal that names %(number)s."""


class NotEnded(Conflict):
    """Case %(number)s is open already."""


@dataclass(frozen=True)
class Ending:
    """What is asked: void or reopen which case, and why."""

    number: str
    act: str  # VOID or REOPEN
    reason: str


def open_signing(
    db: Session, ending: Ending, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze what is voided or reopened for the sign page; flushes. Raises why it cannot be."""
    case = lock_case(db, ending.number)
    _refuse(db, case, ending, by)
    return ceremony.open_pending(
        db,
        record=record_of(db, case, ending),
        meaning=ending.act,
        by=by,
        session_id=session_id,
        at=at,
    )


def record_of(db: Session, case: Case, ending: Ending) -> RecordToSign:
    """Draw up what is signed: the case, its balance, and the reason."""
    reason = {"heading": say(N_("Reason"), case.language), "text": ending.reason.strip()}
    content = {
        **head(db, case, title=TITLES[ending.act], number=case.number),
        "sections": [reason, subjects(db, case), balance_section(db, case)],
    }
    return RecordToSign(
        stream=case.stream,
        record_type=f"case_{ending.act}",
        record_id=case.number,
        record_version=case.version,
        content=content,
        language=case.language,
        process=case.process,
        role="qa_manager",
    )


def end(
    db: Session, ending: Ending, signing: Signing, *, by: Person, at: datetime, key: str
) -> Case:
    """Void or reopen a case under a signature; a repeated `key` changes nothing."""
    case = lock_case(db, ending.number)
    asked = {"case": ending.number, "act": ending.act, "reason": ending.reason, "by": by.id}
    if commands.earlier_result(db, key, name=ending.act, request=asked) is not None:
        return case

    _refuse(db, case, ending, by)
    ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record_of(db, case, ending).sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=ending.reason.strip(),
    )
    {VOID: void, REOPEN: _reopen}[ending.act](db, case, ending.reason.strip(), by=by, at=at)
    case.version += 1
    action = {VOID: "case_voided", REOPEN: "case_reopened"}[ending.act]
    ledger.append(db, case.stream, action, {"reason": ending.reason.strip()}, by=by, at=at)
    commands.remember(
        db,
        key,
        name=ending.act,
        request=asked,
        result={"number": case.number},
        by_id=by.id,
        at=at,
    )
    return case


def _refuse(db: Session, case: Case, ending: Ending, by: Person) -> None:
    authorize(by, f"case.{ending.act}")
    if problems := problems_of(ending.reason, "reason", N_("Reason"), missing=WRITE_REASON):
        raise Invalid(problems)
    if ending.act == REOPEN:
        if case.process == "recall":
            raise RecallNotReopened(number=ending.number)
        if case.state == "open":
            raise NotEnded(number=case.number)
        return

    refuse_ended(case)
    yours = {by.id, *(principal for _, principal in by.on_behalf_of)}
    if case.opened_by_id in yours:
        raise ReportedByYou
    if not yours.isdisjoint(_contained_by(db, case)):
        raise ContainedByYou
    if not balance.totals(db, case.id).keys().isdisjoint(balance.LEFT_CONTROL):
        raise HasLeftControl


def _contained_by(db: Session, case: Case) -> set[int]:
    """Return who proposed, ordered or froze what a recall holds, and for whom they stood in."""
    frozen = db.execute(
        select(
            ScopeVersion.proposed_by_id,
            ScopeVersion.frozen_by_id,
            Signature.person_id,
            Signature.on_behalf_of_id,
        )
        .outerjoin(Signature, Signature.id == ScopeVersion.signature_id)
        .where(ScopeVersion.case_id == case.id, ScopeVersion.state == "frozen")
    ).all()
    if not frozen:
        return set()
    ordered = db.execute(
        select(Answer.by_id, Answer.on_behalf_of_id).where(
            Answer.case_id == case.id, Answer.element_id == "order_containment"
        )
    )
    return {person for row in (*frozen, *ordered) for person in row if person is not None}


def void(db: Session, case: Case, reason: str, *, by: Person | None, at: datetime) -> None:
    """End all that runs of a case, its holds and what is open of its balance. Flushes."""
    running = select(Instance.id).where(
        Instance.id.in_(roots_of(case)), Instance.ended_at.is_(None)
    )
    for instance_id in db.scalars(running.order_by(Instance.id)).all():
        runtime.cancel(db, instance_id, reason=reason, by=by, at=at)
    holds.release_case(db, case.number, reason=f"case voided: {reason}", by=by, at=at)
    balance.post_set(
        db, case, balance.lying_in(case.id, OPEN), to="released_not_affected",
        evidence="case voided", by=by, at=at,
    )  # fmt: skip
    case.state, case.ended_at, case.migrating_to = "void", at, None
    telling.case_ended(db, case, at=at)


def _reopen(db: Session, case: Case, _reason: str, *, by: Person, at: datetime) -> None:
    case.state, case.ended_at = "open", None
    _bring_back(db, case, by=by, at=at)
    holding.place(db, case, affected.settle(db, case, by=by, at=at), by=by, at=at, again=True)
    report = kept.latest(db, case, case.process, "report")
    told = report.answers if report else {}
    instance = runtime.start(
        db,
        case.process,
        business_key=case.number,
        # held at once: why else reopen
        variables={**{n: told.get(n) for n in ("source", "defect_code")}, "hold_now": True},
        by=by,
        at=at,
    )
    case.instance_id = instance.id


def _bring_back(db: Session, case: Case, *, by: Person, at: datetime) -> None:
    """Post what was released back to where it is now; what was done for good stays done."""
    for part in balance.holdings(db, case.id):
        if part.account in FINAL or balance.ACCOUNTS[part.account].is_open:
            continue
        for place, quantity in _places(db, part):
            back = replace(part, quantity=quantity)
            balance.post(db, case, [back], to=place, evidence="case reopened", by=by, at=at)


def _places(db: Session, part: Holding) -> list[tuple[str, Decimal]]:
    if part.subject_id is not None:
        return [("not_found", part.quantity)]  # nobody has identified it since
    if part.unit_id is not None:
        custody = db.get_one(Unit, part.unit_id).custody
        return [(OF_CUSTODY[custody], part.quantity)] if custody in OF_CUSTODY else []

    rows = db.execute(
        select(LotStock.custody, LotStock.quantity).where(
            LotStock.lot_id == part.lot_id,
            LotStock.quantity > 0,
            LotStock.custody.in_(("in_house", "returned", "at_third_party")),
        )
    ).all()
    places, left = [], part.quantity
    for custody, quantity in rows:
        taken = min(left, quantity)
        if taken > 0:
            places.append((OF_CUSTODY[custody], taken))
            left -= taken
    # what is no longer here went out after its release
    return [*places, ("at_consignee", left)] if left > 0 else places
