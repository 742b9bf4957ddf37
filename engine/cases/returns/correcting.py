"""Putting a unit right where it is: done and read by one person, read again by another.

It settles the unit where correction is the decided action. Where units are to come back it says
why it was done, and the unit stays open until it is here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.cases import balance, commands, facts, holding
from engine.cases.drills.apart import refuse_to_move
from engine.cases.models import Case
from engine.cases.recalls.deciding import ACTIONS, CORRECTION
from engine.cases.returns.authorising import recall_of
from engine.cases.returns.models import CorrectionReading, FieldCorrection
from engine.cases.typed import LINE, problems_of, written
from engine.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, Refused
from engine.evidence import ledger
from engine.evidence.documents import StoredFile
from engine.people import Person, authorize
from engine.serials import use
from engine.serials.flags import units_before
from engine.serials.models import Unit
from engine.words import N_

WHY_HERE = N_("Why it is corrected though it is to come back")
TO_COME_BACK = N_(
    "The decided action is %(action)s, so a correction settles nothing: the unit stays open until "
    "it is back. Have it sent back, or write why it is corrected where it is meanwhile"
)
FILL_IN = N_("Fill this in")
DONE, READING, AGAIN = N_("What was done"), N_("Reading"), N_("Why again")
WHICH_PART = N_("Scan at least one part that was taken out or put in")
WAITS_TO_BE_READ = N_(
    "%(serial)s was corrected in this recall already and waits for its second reading. Have it "
    "read, or write why it was done again"
)
READ_BEFORE = N_("You read this unit otherwise before. Write why you read it again, or let another")
BEFORE_IT_WAS = N_("%(serial)s was made or received only later. Check the date")
BEFORE_THE_SIGNAL = N_(
    "The signal of this recall was first known on %(known)s; no correction was before. "
    "Check the date"
)


class NotInThisRecall(Refused):
    """%(serial)s is not in %(number)s. Check the serial number."""


class NotAway(Refused):
    """%(serial)s is not with a consignee any more. What is here is decided by disposition."""


class CorrectedAlready(Conflict):
    """%(serial)s was corrected in this recall already; nothing is left to do."""


class CorrectionUnknown(NotFound):
    """There is no such correction in this recall. Open the list of corrections again."""


class VerifiedAlready(Conflict):
    """A colleague has verified this correction while you had it open."""


class DoneByYou(NotAllowed):
    """You did this correction, so somebody else reads the unit."""


class DoneAgain(Conflict):
    """This correction was done again since. Read the unit for the newer one."""


@dataclass(frozen=True)
class Correction:
    """What was done to one unit: its kind, in words, and what the unit says since."""

    unit_id: int
    kind: str
    done: str
    reading: str
    evidence: StoredFile | None = None
    again_because: str = ""  # where one of the same unit waits for its second reading
    although: str = ""  # why it is done where the decided action is another
    exchange: use.Exchange | None = None


def record(
    db: Session, number: str, told: Correction, *, by: Person, at: datetime,
    event_at: datetime | None = None,
) -> FieldCorrection:  # fmt: skip
    """Record what was done to a unit where it is, as a service of it; flushes.

    It counts as corrected once a second person has read the same (`verify`). One that waits for
    its second reading is replaced, for a reason. Raises `NotInThisRecall`, `NotAway`,
    `CorrectedAlready`, `Invalid` where it is dated before the unit or the signal, and where the
    decided action is another and nothing says why.
    """
    authorize(by, "correction.record")
    case = recall_of(db, number)
    refuse_to_move(case)
    _refuse_unclear(told)
    _refuse_not_away(db, case, told.unit_id)
    other = other_action(db, case)
    if other is not None and not told.although.strip():
        raise Invalid([Problem("although", TO_COME_BACK, (("action", (other,)),))])
    before = _waiting(db, case, told.unit_id)
    if before is not None and not told.again_because.strip():
        facts_of = (("serial", db.get_one(Unit, told.unit_id).serial),)
        raise Invalid([Problem("again_because", WAITS_TO_BE_READ, facts_of)])
    if event_at is not None:
        _refuse_too_early(db, case, told.unit_id, event_at)
    evidence_id = None
    if told.evidence is not None:
        evidence_id = commands.attach(db, number, told.evidence, by=by, at=at).document_id
    found = f"{number}: {case.title}"
    recorded = use.service(
        db,
        told.unit_id,
        use.Visit(found, told.done.strip(), "in_use"),
        told.exchange,
        by=by,
        at=at,
        event_at=event_at,
        stream=case.stream,
        documents=(case.number,),
    )
    made = FieldCorrection(
        case_id=case.id,
        unit_id=told.unit_id,
        kind=told.kind,
        done=told.done.strip(),
        reading=told.reading.strip(),
        supersedes_id=before.id if before is not None else None,
        again_because=told.again_because.strip() if before is not None else None,
        although_because=told.although.strip() if other is not None else None,
        event_id=recorded.event.id,
        evidence_id=evidence_id,
        by_id=by.id,
        at=at,
    )
    db.add(made)
    db.flush()
    body = {"correction": made.id, "unit": told.unit_id, "kind": made.kind, "reading": made.reading}
    if made.although_because:
        body["although_because"] = made.although_because
    ledger.append(db, case.stream, "correction_recorded", body, by=by, at=at)
    case.version += 1
    return made


def verify(
    db: Session,
    number: str,
    correction_id: int,
    *,
    reading: str,
    again_because: str = "",
    by: Person,
    at: datetime,
) -> FieldCorrection:
    """Have a second person read the unit: where both read the same, it is corrected; flushes.

    It is settled by that where correction is the decided action; decided later, it is then. A
    reading that differs is kept and nobody is told how: who read otherwise reads again only for
    a reason. Its own recall's holds let it go, and no other's. Raises `DoneByYou`, `DoneAgain`,
    `VerifiedAlready`, `NotAway`, `Invalid`.
    """
    authorize(by, "correction.verify")
    case = recall_of(db, number)
    refuse_to_move(case)
    made = db.scalar(
        select(FieldCorrection)
        .where(FieldCorrection.case_id == case.id, FieldCorrection.id == correction_id)
        .execution_options(populate_existing=True)
    )
    if made is None:
        raise CorrectionUnknown
    if made.verified_at is not None:
        raise VerifiedAlready
    yours = {by.id, *(principal for _, principal in by.on_behalf_of)}
    if made.by_id in yours:
        raise DoneByYou
    if db.scalar(select(FieldCorrection.id).where(FieldCorrection.supersedes_id == made.id)):
        raise DoneAgain
    read = written(reading, "second_reading", READING, missing=FILL_IN, most=LINE, lines=False)
    because = _read_again_because(db, made, yours, again_because)
    lying = _refuse_not_away(db, case, made.unit_id)
    if _bare(read) != _bare(made.reading):
        return _keep_otherwise(db, case, made, read, because, by=by, at=at)

    made.verified_by_id, made.verified_at = by.id, at
    db.flush()
    if _decided(db, case) == CORRECTION:
        _settle(db, case, made, lying, by=by, at=at)
    body = {"correction": made.id, "unit": made.unit_id, "reading": read}
    if because:
        body["again_because"] = because
    ledger.append(db, case.stream, "correction_verified", body, by=by, at=at)
    case.version += 1
    return made


def settle_read(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Settle what two people read before correction was decided, where it still is; flushes."""
    if _decided(db, case) != CORRECTION:
        return
    rows = select(FieldCorrection).where(
        FieldCorrection.case_id == case.id, FieldCorrection.verified_at.is_not(None)
    )
    newest = {one.unit_id: one for one in db.scalars(rows.order_by(FieldCorrection.id))}
    for lying in balance.holdings_of(db, case.id, units=newest):
        if lying.account in balance.LEFT_CONTROL and lying.unit_id is not None:
            _settle(db, case, newest[lying.unit_id], lying, by=by, at=at)


def other_action(db: Session, case: Case) -> str | None:
    """Return the decided action as a msgid where it is another than correction, else None."""
    action = _decided(db, case)
    return ACTIONS[action] if action not in (None, CORRECTION) else None


def _decided(db: Session, case: Case) -> str | None:
    found = facts.latest(db, case, "decided_action")
    return found.value if found is not None else None


def _settle(
    db: Session,
    case: Case,
    made: FieldCorrection,
    lying: balance.Holding,
    *,
    by: Person | None,
    at: datetime,
) -> None:
    """Count a unit as corrected, and let it out of this recall's holds; flushes."""
    reason = f"correction {made.id}: {made.kind}, {made.reading}"
    holding.let_out_units(db, case, [made.unit_id], reason=reason, by=by, at=at)
    balance.post(
        db, case, [lying], to="corrected", evidence=reason, by=by, at=at, event_id=made.event_id
    )


def is_settled(db: Session, case: Case, unit_id: int) -> bool:
    """Say whether a correction settled a unit of a recall."""
    lying = balance.holdings_of(db, case.id, units=[unit_id])
    return bool(lying) and lying[0].account == "corrected"


def _keep_otherwise(
    db: Session,
    case: Case,
    made: FieldCorrection,
    read: str,
    because: str | None,
    *,
    by: Person,
    at: datetime,
) -> FieldCorrection:
    db.add(
        CorrectionReading(
            correction_id=made.id, reading=read, again_because=because, by_id=by.id, at=at
        )
    )
    db.flush()
    body = {"correction": made.id, "reading": read, "again_because": because}
    ledger.append(db, case.stream, "correction_read_otherwise", body, by=by, at=at)
    case.version += 1
    return made


def _read_again_because(
    db: Session, made: FieldCorrection, yours: set[int], said: str
) -> str | None:
    """Return why somebody reads again what they read otherwise before; None for a first reading."""
    before = select(CorrectionReading.id).where(
        CorrectionReading.correction_id == made.id, CorrectionReading.by_id.in_(yours)
    )
    if db.scalar(before.limit(1)) is None:
        return None
    return written(said, "again_because", AGAIN, missing=READ_BEFORE)


def _refuse_unclear(told: Correction) -> None:
    """Raise `Invalid` for what is missing or too long, and for a part exchange without a part."""
    problems = [
        *problems_of(told.done, "done", DONE, missing=FILL_IN),
        *problems_of(told.reading, "reading", READING, missing=FILL_IN, most=LINE, lines=False),
    ]
    if told.although:
        problems += problems_of(told.although, "although", WHY_HERE, missing=FILL_IN)
    if told.again_because:
        problems += problems_of(told.again_because, "again_because", AGAIN, missing=FILL_IN)
    parts = told.exchange
    if told.kind == "part" and not (parts and (parts.removed or parts.fitted or parts.lots)):
        problems.append(Problem("fitted", WHICH_PART))
    if problems:
        raise Invalid(problems)


def _waiting(db: Session, case: Case, unit_id: int) -> FieldCorrection | None:
    """Return the correction of a unit that nobody has read a second time yet."""
    later = aliased(FieldCorrection)
    return db.scalar(
        select(FieldCorrection).where(
            FieldCorrection.case_id == case.id,
            FieldCorrection.unit_id == unit_id,
            FieldCorrection.verified_at.is_(None),
            ~select(later.id).where(later.supersedes_id == FieldCorrection.id).exists(),
        )
    )


def _refuse_not_away(db: Session, case: Case, unit_id: int) -> balance.Holding:
    serial = db.get_one(Unit, unit_id).serial
    lying = balance.holdings_of(db, case.id, units=[unit_id])
    if not lying:
        raise NotInThisRecall(serial=serial, number=case.number)
    if lying[0].account == "corrected":
        raise CorrectedAlready(serial=serial)
    if lying[0].account not in balance.LEFT_CONTROL:
        raise NotAway(serial=serial)
    return lying[0]


def _refuse_too_early(db: Session, case: Case, unit_id: int, event_at: datetime) -> None:
    if before := units_before(db, [unit_id], event_at):
        raise Invalid([Problem("event_at", BEFORE_IT_WAS, (("serial", before[unit_id]),))])
    aware = facts.latest(db, case, "awareness")
    known = datetime.fromisoformat(aware.value) if aware is not None else case.opened_at
    if event_at < known:
        raise Invalid([Problem("event_at", BEFORE_THE_SIGNAL, (("known", known),))])


def _bare(reading: str) -> str:
    """Return a reading without what two people write differently: case and spaces."""
    return "".join(reading.split()).casefold()
