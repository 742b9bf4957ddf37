"""What nobody can account for: unresolved after documented effort, or lost; both are signed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases import balance
from engine.cases.models import BalanceTotal, Case
from engine.cases.notices.models import OUTREACH_CHANNELS, OUTREACH_OUTCOMES
from engine.cases.notices.outreach import attempts_of
from engine.cases.records.sections import head
from engine.cases.returns.authorising import recall_of
from engine.cases.signing import Signing
from engine.cases.typed import WRITE_REASON, problems_of
from engine.errors import Invalid, Refused
from engine.evidence import ceremony, ledger
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize
from engine.serials.models import Party
from engine.words import N_, say

UNRESOLVED, LOST = "unresolved", "lost"
TITLES = {
    UNRESOLVED: N_("Unresolved after documented effort"),
    LOST: N_("Lost, with signed justification"),
}
LEAST_ATTEMPTS = 3
# what nobody has seen is lost; what a consignee says it has is not
MAY_BE_LOST = ("in_transit", "not_found", "not_received", "passed_on", "return_announced")


class NothingOpen(Refused):
    """Nothing that %(name)s accounts for can be closed so: look at its balance."""


class TooFewAttempts(Refused):
    """%(name)s was tried %(count)s times. Document three attempts first, with what came of each."""


@dataclass(frozen=True)
class Closing:
    """What is asked: which consignee's open part of which recall ends how, and why."""

    number: str
    party_id: int
    act: str  # UNRESOLVED or LOST
    reason: str


def open_signing(
    db: Session, asked: Closing, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Freeze what is closed for the sign page; flushes. Raises why it cannot be."""
    case = recall_of(db, asked.number)
    _refuse(db, case, asked, by)
    return ceremony.open_pending(
        db,
        record=record_of(db, case, asked),
        meaning="attest",
        by=by,
        session_id=session_id,
        at=at,
    )


def close_open(
    db: Session, asked: Closing, signing: Signing, *, by: Person, at: datetime, key: str
) -> Decimal:
    """Post what is open with a consignee as unresolved or lost, under a signature; return how much.

    A repeated `key` changes nothing.
    """
    case = recall_of(db, asked.number)
    request = {**vars(asked), "by": by.id}
    if earlier := commands.earlier_result(db, key, name="close_open", request=request):
        return Decimal(earlier["quantity"])

    _refuse(db, case, asked, by)
    record = record_of(db, case, asked)
    signature = ceremony.sign(
        db,
        signing.nonce,
        user_name=signing.user_name,
        password=signing.password,
        record_sha256=record.sha256,
        by=by,
        session_id=signing.session_id,
        at=at,
        reason=asked.reason.strip(),
    )
    open_there = _open(db, case, asked)
    balance.post_set(
        db,
        case,
        balance.lying_in(case.id, open_there, party_id=asked.party_id),
        to=asked.act,
        evidence=f"signature {signature.id}: {asked.reason.strip()}",
        by=by,
        at=at,
    )
    quantity = sum(open_there.values(), Decimal(0))
    body = {
        "consignee": db.get_one(Party, asked.party_id).code,
        "to": asked.act,
        "from": {name: f"{one:f}" for name, one in open_there.items()},
        "signature": signature.id,
    }
    ledger.append(db, case.stream, "open_closed", body, by=by, at=at)
    case.version += 1
    result = {"quantity": f"{quantity:f}"}
    commands.remember(
        db, key, name="close_open", request=request, result=result, by_id=by.id, at=at
    )
    return quantity


def record_of(db: Session, case: Case, asked: Closing) -> RecordToSign:
    """Draw up what is signed: the consignee, what is open with it, every attempt, the reason."""
    language = case.language
    party = db.get_one(Party, asked.party_id)
    content = {
        **head(db, case, title=TITLES[asked.act], number=case.number),
        "sections": [
            {"heading": say(N_("Reason"), language), "text": asked.reason.strip()},
            {
                "heading": f"{party.code} · {party.name}",
                "table": {
                    "columns": [say(N_("Account"), language), say(N_("Quantity"), language)],
                    "rows": [
                        [say(balance.ACCOUNTS[name].label, language), f"{quantity:f}"]
                        for name, quantity in _open(db, case, asked).items()
                    ],
                },
            },
            *_tried(db, case, asked),
        ],
    }
    return RecordToSign(
        stream=case.stream,
        record_type=f"balance_{asked.act}",
        record_id=f"{case.number} {party.code}",
        record_version=case.version,
        content=content,
        language=language,
        process=case.process,
    )


def _tried(db: Session, case: Case, asked: Closing) -> list[dict[str, Any]]:
    language = case.language
    rows = [
        [
            f"{one.at:%Y-%m-%d %H:%M} UTC",
            say(OUTREACH_CHANNELS[one.channel], language),
            say(OUTREACH_OUTCOMES[one.outcome], language),
            one.note,
        ]
        for one in attempts_of(db, case.id, asked.party_id)
    ]
    columns = [N_("Time"), N_("Channel"), N_("Outcome"), N_("Note")]
    table = {"columns": [say(one, language) for one in columns], "rows": rows}
    return [{"heading": say(N_("Attempts"), language), "table": table}] if rows else []


def _open(db: Session, case: Case, asked: Closing) -> dict[str, Decimal]:
    """Return what is open with the consignee, by account, as far as it can end so."""
    total = BalanceTotal
    accounts = MAY_BE_LOST if asked.act == LOST else balance.LEFT_CONTROL
    rows = db.execute(
        select(total.account, func.sum(total.quantity, type_=total.quantity.type))
        .where(
            total.case_id == case.id,
            total.account.in_(accounts),
            total.party_id == asked.party_id,
        )
        .group_by(total.account)
    )
    sums = {row[0]: row[1] for row in rows}
    return {name: sums[name] for name in balance.ACCOUNTS if name in sums}


def _refuse(db: Session, case: Case, asked: Closing, by: Person) -> None:
    authorize(by, "balance.close")
    if problems := problems_of(asked.reason, "reason", N_("Reason"), missing=WRITE_REASON):
        raise Invalid(problems)
    name = db.get_one(Party, asked.party_id).name
    if not _open(db, case, asked):
        raise NothingOpen(name=name)
    tried = len(attempts_of(db, case.id, asked.party_id))
    if asked.act == UNRESOLVED and tried < LEAST_ATTEMPTS:
        raise TooFewAttempts(name=name, count=tried)
