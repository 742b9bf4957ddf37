"""Leave to return: a number and a label for one consignee of one recall, and its withdrawal."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.drills.apart import refuse_to_move
from engine.cases.models import Case
from engine.cases.numbering import next_number
from engine.cases.recalls import succession
from engine.cases.returns.models import ReturnAuthorisation
from engine.cases.tasks import lock_case
from engine.cases.typed import WRITE_REASON, written
from engine.errors import Conflict, NotFound, Refused
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.serials.models import Party
from engine.serials.receive import place
from engine.words import N_

PREFIX = "RMA"


class AuthorisationUnknown(NotFound):
    """There is no return authorisation %(number)s in this recall. Check the number on the label."""


class AlreadyWithdrawn(Conflict):
    """Return authorisation %(number)s was withdrawn already."""


class NoRecall(Refused):
    """%(number)s is no recall: what comes back to it is recorded as a return."""


def issue(
    db: Session,
    number: str,
    party_id: int,
    *,
    location_id: int,
    instructions: str,
    by: Person,
    at: datetime,
) -> ReturnAuthorisation:
    """Give a consignee leave to send back what a recall affects; flushes.

    It says nothing of how much: what comes is received whatever was announced.
    """
    authorize(by, "return.authorise")
    case = recall_of(db, number)
    refuse_to_move(case)
    party = db.get_one(Party, party_id)
    place(db, location_id)
    given = ReturnAuthorisation(
        case_id=case.id,
        party_id=party.id,
        number=next_number(db, PREFIX, at=at),
        location_id=location_id,
        instructions=instructions.strip(),
        issued_by_id=by.id,
        issued_at=at,
    )
    db.add(given)
    db.flush()
    body = {"number": given.number, "consignee": party.code, "instructions": given.instructions}
    ledger.append(db, case.stream, "return_authorised", body, by=by, at=at)
    case.version += 1
    return given


def withdraw(
    db: Session, number: str, authorisation: str, *, reason: str, by: Person, at: datetime
) -> ReturnAuthorisation:
    """Withdraw leave to return; what still comes under it is received all the same."""
    authorize(by, "return.authorise")
    case = recall_of(db, number)
    given = authorisation_of(db, case, authorisation)
    if given.withdrawn_at is not None:
        raise AlreadyWithdrawn(number=given.number)
    reason = written(reason, "reason", N_("Reason"), missing=WRITE_REASON)

    given.withdrawn_by_id, given.withdrawn_at, given.withdrawn_reason = by.id, at, reason
    body = {"number": given.number, "reason": given.withdrawn_reason}
    ledger.append(db, case.stream, "return_withdrawn", body, by=by, at=at)
    case.version += 1
    return given


def recall_of(db: Session, number: str) -> Case:
    """Lock an open recall; raises `CaseUnknown`, `NoRecall`, and why an ended one takes nothing."""
    case = lock_case(db, number)
    if case.process != "recall":
        raise NoRecall(number=number)
    succession.refuse_elsewhere(db, case)
    return case


def authorisation_of(db: Session, case: Case, number: str) -> ReturnAuthorisation:
    """Return leave that this recall gave, or one that ended in it, by its number as scanned."""
    said = number.strip().upper()
    found = db.scalar(
        select(ReturnAuthorisation).where(
            ReturnAuthorisation.case_id.in_([case.id, *succession.earlier(db, case.id)]),
            ReturnAuthorisation.number == said,
        )
    )
    if found is None:
        raise AuthorisationUnknown(number=number.strip())
    return found
