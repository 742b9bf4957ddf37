"""The balance of a case as its page shows it: its accounts, and the rows behind each number."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.cases import balance, countries
from engine.cases.models import BalanceTotal, BalanceUnit, Case
from engine.cases.overview import TONES
from engine.cases.pages import Tone
from engine.cases.shares import UNKNOWN
from engine.serials.models import Location, Lot, Part, Party, Unit
from engine.serials.sets import id_set

PAGE = 50


@dataclass(frozen=True)
class AccountLine:
    """One account: its name for addresses, its words, how much of all that is affected."""

    name: str
    label: str
    tone: Tone
    quantity: Decimal
    is_affected: bool
    is_open: bool


@dataclass(frozen=True)
class Narrowed:
    """Which rows are asked for; what is left out narrows nothing.

    `party` 0 is what never left us; `lot` 0 what was made as none; `country` "??" where none is
    recorded; `group` the accounts of a column of the country table.
    """

    account: str = ""
    group: str = ""
    party: int | None = None
    country: str = ""
    lot: int | None = None

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the accounts that are asked for; none are all."""
        if self.account:
            return (self.account,)
        return countries.ASKED[self.group].accounts if self.group else ()


@dataclass(frozen=True)
class LyingLine:
    """One unit, or a quantity of a lot with a consignee, as it lies in an account."""

    kind: str  # unit | lot | description
    id: int
    name: str
    part: str
    lot: str | None
    quantity: Decimal
    account: str
    party_id: int | None
    party: str | None
    country: str | None
    place: str | None
    custody: str | None


def accounts(db: Session, case: Case) -> list[AccountLine]:
    """Return every account that is not empty, in the order of all balances."""
    return [
        AccountLine(
            name,
            (account := balance.ACCOUNTS[name]).label,
            TONES.get(name, "green"),
            quantity,
            account.is_affected,
            account.is_open,
        )
        for name, quantity in balance.totals(db, case.id).items()
    ]


def quantities(db: Session, case: Case, asked: Narrowed) -> list[LyingLine]:
    """Return the quantities of lots behind a number, with whom each lies; they are few."""
    kept = BalanceTotal
    query = (
        select(kept, Lot.lot_no, Part.part_no, Party.name, Party.country)
        .outerjoin(Lot, Lot.id == kept.lot_id)
        .outerjoin(Part, Part.id == Lot.part_id)
        .outerjoin(Party, Party.id == kept.party_id)
        .where(kept.case_id == case.id, ~kept.counts_units)
        .order_by(Lot.lot_no, Party.name, kept.account)
    )
    if asked.accounts:
        query = query.where(kept.account.in_(asked.accounts))
    if asked.party is not None:
        query = query.where(kept.party_id == asked.party)
    if asked.lot is not None:
        query = query.where(kept.lot_id == asked.lot)
    if asked.country:
        query = query.where(_in_country(asked.country, kept.party_id != 0))
    return [
        LyingLine(
            kind="lot" if row.lot_id else "description",
            id=row.lot_id or row.subject_id,
            name=lot_no or "–",
            part=part_no or "–",
            lot=None,
            quantity=row.quantity,
            account=row.account,
            party_id=row.party_id or None,
            party=party,
            country=country,
            place=None,
            custody=None,
        )
        for row, lot_no, part_no, party, country in db.execute(query.limit(PAGE * 10))
    ]


def units(db: Session, case: Case, asked: Narrowed, *, after: int = 0) -> list[LyingLine]:
    """Return a page of the units behind a number, by id, beginning after one; one more is asked."""
    kept = BalanceUnit
    some = select(kept.unit_id).where(kept.case_id == case.id, kept.unit_id > after)
    if asked.accounts:
        some = some.where(kept.account.in_(asked.accounts))
    if asked.party is not None:
        some = some.where(kept.party_id == asked.party if asked.party else kept.party_id.is_(None))
    if asked.lot is not None:
        some = some.where(kept.lot_id == asked.lot if asked.lot else kept.lot_id.is_(None))
    if asked.country:
        some = some.outerjoin(Party, Party.id == kept.party_id)
        some = some.where(_in_country(asked.country, kept.party_id.is_not(None)))
    ids = list(db.scalars(some.order_by(kept.unit_id).limit(PAGE + 1)))
    rows = db.execute(
        select(
            Unit, Part.part_no, Lot.lot_no, Location.name, Party.name, Party.country,
            kept.account, kept.party_id,
        )
        .join(Part, Part.id == Unit.part_id)
        .join(kept, (kept.unit_id == Unit.id) & (kept.case_id == case.id))
        .outerjoin(Lot, Lot.id == kept.lot_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(Party, Party.id == kept.party_id)
        .where(Unit.id.in_(id_set(db, ids)))
        .order_by(Unit.id)
    )  # fmt: skip
    return [
        LyingLine(
            kind="unit",
            id=unit.id,
            name=unit.serial,
            part=part_no,
            lot=lot_no,
            quantity=Decimal(1),
            account=account,
            party_id=party_id,
            party=party,
            country=country,
            place=place,
            custody=unit.custody,
        )
        for unit, part_no, lot_no, place, party, country, account, party_id in rows
    ]


def _in_country(country: str, has_left: ColumnElement[bool]) -> ColumnElement[bool]:
    if country == UNKNOWN:
        return has_left & Party.country.is_(None)
    return Party.country == country
