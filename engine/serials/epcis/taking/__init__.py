"""Taking over what an event says: recorded as a fact here, and flagged where it does not fit.

Nothing a partner reports is refused. What is not known, or cannot be so by what is recorded, is a
flag with the event; the event itself is kept word for word.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.people.person import Person
from engine.serials import correct
from engine.serials.epcis.documents import Json
from engine.serials.epcis.resolving import resolve
from engine.serials.epcis.taking.case import Case, Taken, names_in, place_of_event
from engine.serials.epcis.taking.leaving import take_object, take_transaction
from engine.serials.epcis.taking.making import take_transformation
from engine.serials.epcis.taking.missing import flag_unknown, forget_never_made, record_missing
from engine.serials.epcis.taking.packing import take_aggregation
from engine.serials.epcis.taking.seeing import observe
from engine.serials.flags import raise_flag
from engine.serials.models import Event, HoldBreach
from engine.serials.record import How


def take_over(
    db: Session, body: Json, *, event_at: datetime, by: Person | None, at: datetime, source: str
) -> Taken:
    """Record what an event says happened; never refused. Flushes."""
    how: How = {"by": by, "at": at, "event_at": event_at, "source": source}
    if documents := [one["bizTransaction"] for one in body.get("bizTransactionList", [])]:
        how["documents"] = documents
    known = resolve(db, [uri for _, uri in names_in(body)])
    taken = Taken()
    how["marks"] = taken.marks
    case = Case(db, body, how, known, place_of_event(db, body), taken)
    forget_never_made(case)
    flag_unknown(case)
    record_missing(case)
    taker = TAKERS.get(str(body["type"]), observe)
    try:
        with db.begin_nested():
            taker(case)
    except EngineError as refused:
        # what is recorded here says that it cannot be so: kept, and looked at by a person
        case.taken.event = None
        case.taken.flag("does_not_fit", said=refused)
        observe(case)
    _flag_breaches(case)
    return case.taken


def declare_error(
    db: Session, event_id: int | None, body: Json, *, by: Person | None, at: datetime, source: str
) -> Taken:
    """Withdraw what was recorded of an event that its sender declares wrong."""
    taken = Taken()
    if event_id is None:
        taken.flag("declared_event_unknown", event=body.get("eventID", ""))
        return taken
    reason = str(body["errorDeclaration"].get("reason", "incorrect_data"))
    try:
        with db.begin_nested():
            recorded = correct.withdraw(
                db, event_id, reason=f"EPCIS: {reason}", by=by, at=at, source=source
            )
            taken.event = recorded.event
    except EngineError as refused:
        taken.flag("not_withdrawn", said=refused)
        raise_flag(
            db, db.get_one(Event, event_id), "not_withdrawn", facts={"said": str(refused)}, at=at
        )
    return taken


TAKERS: Mapping[str, Callable[[Case], None]] = {
    "ObjectEvent": take_object,
    "AggregationEvent": take_aggregation,
    "AssociationEvent": take_aggregation,
    "TransformationEvent": take_transformation,
    "TransactionEvent": take_transaction,
}


def _flag_breaches(case: Case) -> None:
    """Say beside the event that it broke a hold; quality has its task by then."""
    if case.taken.event is None:
        return
    of_event = HoldBreach.event_id == case.taken.event.id
    if count := case.db.scalar(select(func.count(HoldBreach.id)).where(of_event)):
        case.taken.flag("hold_breach", count=count)
