"""The returns desk as its page shows it: leave given, parcels opened, corrections made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from engine.cases import balance
from engine.cases.models import BalanceUnit, Case
from engine.cases.returns.models import (
    CorrectionReading,
    FieldCorrection,
    ReturnAuthorisation,
    ReturnLine,
    ReturnReceipt,
)
from engine.people import PersonAccount
from engine.serials.models import Event, Location, Part, Party, Unit

MOST = 100  # newest first; what is older is found through the consignee's balance


@dataclass(frozen=True)
class Given:
    """Leave to return: its number, to whom, and how many parcels came under it."""

    row: ReturnAuthorisation
    code: str
    party: str
    country: str | None
    place: str
    by: str
    parcel_count: int


@dataclass(frozen=True)
class Opened:
    """One parcel with its lines."""

    row: ReturnReceipt
    authorisation: str | None
    party: str | None
    place: str
    by: str
    lines: Sequence[ReturnLine]

    @property
    def odd_count(self) -> int:
        """Return how many lines somebody has to look at."""
        return sum(1 for line in self.lines if line.finding != "expected")


@dataclass(frozen=True)
class Corrected:
    """One correction with the unit it was made to."""

    row: FieldCorrection
    serial: str
    part: str
    place: str | None
    by: str
    verified_by: str | None
    done_at: datetime  # when it happened, which may be before it was recorded
    is_done_again: bool
    account: str | None  # where the unit lies in the balance now
    otherwise: Sequence[tuple[int, str]] = ()  # who read otherwise, by id and name


def given(db: Session, case: Case) -> list[Given]:
    """Return the leave that a recall gave, newest first."""
    parcels = (
        select(func.count())
        .where(ReturnReceipt.authorisation_id == ReturnAuthorisation.id)
        .scalar_subquery()
    )
    row = ReturnAuthorisation
    rows = db.execute(
        select(row, Party.code, Party.name, Party.country, Location.name,
               PersonAccount.printed_name, parcels)
        .join(Party, Party.id == row.party_id)
        .join(Location, Location.id == row.location_id)
        .join(PersonAccount, PersonAccount.id == row.issued_by_id)
        .where(row.case_id == case.id)
        .order_by(row.id.desc())
        .limit(MOST)
    )  # fmt: skip
    return [Given(*one) for one in rows]


def opened(db: Session, case: Case) -> list[Opened]:
    """Return the parcels of a recall with their lines, newest first."""
    row = ReturnReceipt
    rows = db.execute(
        select(row, ReturnAuthorisation.number, Party.name, Location.name,
               PersonAccount.printed_name)
        .outerjoin(ReturnAuthorisation, ReturnAuthorisation.id == row.authorisation_id)
        .outerjoin(Party, Party.id == row.party_id)
        .join(Location, Location.id == row.location_id)
        .join(PersonAccount, PersonAccount.id == row.by_id)
        .where(row.case_id == case.id)
        .order_by(row.id.desc())
        .limit(MOST)
    ).all()  # fmt: skip
    lines: dict[int, list[ReturnLine]] = {}
    wanted = select(ReturnLine).where(ReturnLine.receipt_id.in_([one[0].id for one in rows]))
    for line in db.scalars(wanted.order_by(ReturnLine.id)):
        lines.setdefault(line.receipt_id, []).append(line)
    return [Opened(*one, lines.get(one[0].id, [])) for one in rows]


def corrections(db: Session, case: Case) -> list[Corrected]:
    """Return the corrections of a recall: what nobody has read a second time comes first."""
    row, second = FieldCorrection, PersonAccount.__table__.alias("second")
    newer = aliased(FieldCorrection)
    later = select(newer.id).where(newer.supersedes_id == row.id).exists()
    rows = db.execute(
        select(row, Unit.serial, Part.part_no, Location.name, PersonAccount.printed_name,
               second.c.printed_name, Event.event_at, later, BalanceUnit.account)
        .join(Event, Event.id == row.event_id)
        .join(Unit, Unit.id == row.unit_id)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .join(PersonAccount, PersonAccount.id == row.by_id)
        .outerjoin(second, second.c.id == row.verified_by_id)
        .outerjoin(
            BalanceUnit, (BalanceUnit.case_id == row.case_id) & (BalanceUnit.unit_id == row.unit_id)
        )
        .where(row.case_id == case.id)
        .order_by(row.verified_at.is_not(None), row.id.desc())
        .limit(MOST)
    ).all()  # fmt: skip
    readers: dict[int, list[tuple[int, str]]] = {}
    read = CorrectionReading
    told = db.execute(
        select(read.correction_id, read.by_id, PersonAccount.printed_name)
        .join(PersonAccount, PersonAccount.id == read.by_id)
        .where(read.correction_id.in_([one[0].id for one in rows]))
        .order_by(read.id)
    )
    for correction_id, by_id, name in told:
        readers.setdefault(correction_id, []).append((by_id, name))
    return [replace(Corrected(*one), otherwise=readers.get(one[0].id, ())) for one in rows]


def consignees(db: Session, case: Case) -> list[tuple[str, str]]:
    """Return the consignees of a recall to choose from: those with most open first."""
    shares = balance.by(db, case, "consignee", limit=300)
    return [(one.code, one.name or "") for one in shares if one.code]


@dataclass(frozen=True)
class ReturnLabel:
    """What stands on the label of a parcel that comes back."""

    number: str
    case_number: str
    title: str
    sender: str
    address: str | None
    place: str
    to: str
    to_address: str | None
    instructions: str
    issued_at: datetime


def label_of(db: Session, case: Case, row: ReturnAuthorisation) -> ReturnLabel:
    """Return the label of a return authorisation."""
    sender = db.get_one(Party, row.party_id)
    place = db.get_one(Location, row.location_id)
    owner = db.get_one(Party, place.party_id)
    return ReturnLabel(
        number=row.number,
        case_number=case.number,
        title=case.title,
        sender=sender.name,
        address=sender.address,
        place=place.name,
        to=owner.name,
        to_address=owner.address,
        instructions=row.instructions,
        issued_at=row.issued_at,
    )
