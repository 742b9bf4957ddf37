"""Recalls that stand as their frozen scope left them: what is affected is counted and held."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine.cases import balance
from engine.cases.accounts import OF_CUSTODY, SCOPE
from engine.cases.balance import Holding
from engine.cases.models import Case
from engine.cases.notices.models import Notice, OutreachAttempt
from engine.serials import holds, parties
from engine.serials.models import Location, LotStock, Unit
from engine.serials.targets import HoldTarget
from tests.processes.company import Company


@dataclass
class Recall:
    """One recall of a company, by its number."""

    company: Company
    number: str

    @property
    def case(self) -> Case:
        return self.company.reads(lambda db: db.scalars(
            select(Case).where(Case.number == self.number)).one())  # fmt: skip

    @property
    def totals(self) -> dict[str, Decimal]:
        return self.company.reads(lambda db: balance.totals(db, self.case.id))

    def shares(self, of: balance.By) -> dict[str | None, dict[str, Decimal]]:
        """Return the sums of each consignee, country or lot by its code."""
        found = self.company.reads(lambda db: balance.by(db, self.case, of))
        return {one.code: dict(one.sums) for one in found}

    def does(self, command: Any, *arguments: Any, by: str, **named: Any) -> Any:
        """Have somebody carry out a command of this recall in a transaction of its own."""
        person = getattr(self.company.people, by)
        with self.company.holdfast.database.begin() as db:
            return command(db, self.number, *arguments, by=person, at=self.company.at, **named)

    def tries(self, party_id: int, *outcomes: str) -> None:
        """Document an attempt to reach a consignee for each outcome."""
        with self.company.holdfast.database.begin() as db:
            notice = db.scalars(select(Notice).where(Notice.party_id == party_id)).one_or_none()
            if notice is None:
                notice = Notice(
                    case_id=self.case.id, party_id=party_id, number=f"{self.number}/N-{party_id}",
                    jurisdiction="US", language="en", state="escalated", is_distributor=False,
                    opened_at=self.company.at,
                )  # fmt: skip
                db.add(notice)
                db.flush()
            db.add_all(
                OutreachAttempt(
                    notice_id=notice.id, channel="telephone", at=self.company.at, note="rang",
                    recorded_at=self.company.at, by_id=self.company.people.customer_service.id,
                    outcome=outcome,
                )
                for outcome in outcomes
            )  # fmt: skip


def open_recall(
    company: Company, *serials: str, lots: Sequence[int] = (), number: str = "RC-2026-0001"
) -> Recall:
    """Open a recall over units and lots: each comes in by its custody, and each is held."""
    with company.holdfast.database.begin() as db:
        case = Case(
            number=number, process="recall", title="Free flow", language="en",
            opened_by_id=company.people.qa_engineer.id, opened_at=company.at,
        )  # fmt: skip
        db.add(case)
        db.flush()
        units = [company.unit(serial).id for serial in serials]
        rows = db.execute(
            select(Unit.id, Unit.custody, Location.party_id)
            .outerjoin(Location, Location.id == Unit.location_id)
            .where(Unit.id.in_(units))
        ).all()
        stock = db.execute(
            select(LotStock, Location.party_id)
            .join(Location, Location.id == LotStock.location_id)
            .where(LotStock.lot_id.in_(lots), LotStock.quantity > 0)
        ).all()
        come = [
            (OF_CUSTODY[word], (unit_id, None, Decimal(1)), party) for unit_id, word, party in rows
        ]
        come += [
            (OF_CUSTODY[row.custody], (None, row.lot_id, row.quantity), party)
            for row, party in stock
        ]
        how: Any = {"by": company.people.qa_engineer, "at": company.at}
        for account, what, party in come:
            away = account in balance.LEFT_CONTROL
            part = Holding(SCOPE, *what, party_id=party if away else None)
            to = balance.NOT_HELD.get(account, account)
            balance.post(db, case, [part], to=to, evidence="scope version 1", **how)
        targets = [HoldTarget.unit(one) for one in units] + [HoldTarget.lot(one) for one in lots]
        holds.place(
            db, stream=case.stream, case_number=number, reason="Free flow", basis="scope",
            target=HoldTarget.scope(targets), **how,
        )  # fmt: skip
    return Recall(company, number)


def add_hospital(company: Company, code: str, *, country: str) -> None:
    """Describe one more hospital with its one place."""
    with company.holdfast.database.begin() as db:
        party = parties.add_party(
            db, code, code.title(), kind="consignee", country=country, by=None, at=company.at
        )
        place = parties.add_location(
            db, party.id, code, code.title(), kind="consignee", by=None, at=company.at
        )
        company.places |= {f"{code}_party": party.id, code: place.id}
