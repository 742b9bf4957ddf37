"""Taking over what an event says: recorded as a fact here, and flagged where it does not fit.

Nothing a partner reports is refused. What is not known, or cannot be so by what is recorded, is a
flag with the event; the event itself is kept word for word.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import EngineError, NotAllowed
from engine.people.person import Person
from engine.serials import correct
from engine.serials.epcis.documents import Json
from engine.serials.epcis.resolving import resolve
from engine.serials.epcis.taking.case import Asks, Case, Taken, names_in, place_of_event
from engine.serials.epcis.taking.leaving import take_object, take_transaction
from engine.serials.epcis.taking.making import take_transformation
from engine.serials.epcis.taking.missing import flag_unknown, forget_never_made, record_missing
from engine.serials.epcis.taking.packing import take_aggregation
from engine.serials.epcis.taking.seeing import observe
from engine.serials.flags import raise_flag
from engine.serials.models import Event, HoldBreach
from engine.serials.record import How
from engine.serials.sets import id_set


def take_over(
    db: Session,
    body: Json,
    *,
    event_at: datetime,
    asks: Asks,
    by: Person | None,
    at: datetime,
    source: str,
) -> Taken:
    """Record what an event says happened; never refused for what is recorded here. Flushes.

    Raises `NotAllowed` where whoever tells it may not do what it says.
    """
    how: How = {"by": by, "at": at, "event_at": event_at, "source": source}
    if documents := [one["bizTransaction"] for one in body.get("bizTransactionList", [])]:
        how["documents"] = documents
    known = resolve(db, [uri for _, uri in names_in(body)])
    taken = Taken()
    how["marks"] = taken.marks
    case = Case(db, body, how, known, place_of_event(db, body), taken, asks)
    forget_never_made(case)
    flag_unknown(case)
    record_missing(case)
    taker = TAKERS.get(str(body["type"]), observe)
    before = len(taken.made)
    try:
        with db.begin_nested():
            taker(case)
    except NotAllowed:
        raise
    except EngineError as refused:
        # what is recorded here says that it cannot be so: kept, and looked at by a person
        case.taken.event = None
        del taken.made[before:]
        how["marks"] = taken.marks
        case.taken.flag("does_not_fit", said=refused)
        observe(case)
    _flag_breaches(case)
    return case.taken


def declare_error(
    db: Session,
    made: Sequence[int],
    body: Json,
    *,
    asks: Asks,
    by: Person | None,
    at: datetime,
    source: str,
) -> Taken:
    """Withdraw all that was recorded of an event that its sender declares wrong, or nothing of it.

    `made` are the records, the first apart from the others by its number. What a person withdrew
    already is done. Raises `NotAllowed` where whoever declares it may not withdraw.
    """
    taken = Taken()
    if not made:
        taken.flag("declared_event_unknown", event=body.get("eventID", ""))
        return taken
    asks("event.correct")
    reason = str(body["errorDeclaration"].get("reason", "incorrect_data"))
    try:
        with db.begin_nested():
            for event_id in sorted(_standing(db, made) or made, reverse=True):
                recorded = correct.withdraw(
                    db, event_id, reason=f"EPCIS: {reason}", by=by, at=at, source=source
                )
                taken.made.append(recorded.event)
    except EngineError as refused:
        taken.made.clear()
        taken.flag("not_withdrawn", said=refused)
        raise_flag(
            db, db.get_one(Event, made[0]), "not_withdrawn", facts={"said": str(refused)}, at=at
        )
    taken.event = next(iter(taken.made), None)
    return taken


def _standing(db: Session, event_ids: Sequence[int]) -> list[int]:
    """Return which of these nobody has withdrawn."""
    withdrawn = select(Event.corrects_id).where(
        Event.corrects_id.in_(id_set(db, event_ids)), Event.type == "did_not_occur"
    )
    gone = set(db.scalars(withdrawn))
    return [one for one in event_ids if one not in gone]


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
