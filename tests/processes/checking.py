"""A contained recall whose notices are out: what checks and status reports look at."""

from datetime import timedelta

from sqlalchemy import select

from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.serials import parties
from tests.processes import recalling
from tests.processes.company import Company

HOSPITALS = 12


def recall_that_is_out(company: Company, process: str, *, hospitals: int = HOSPITALS) -> Case:
    """Contain a recall, notify so many hospitals, and open `process` in it."""
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=1)
    recalling.report_signal(company, "SENS-1")
    recalling.contain(company, "SENS-1")
    case = company.case
    with company.holdfast.database.begin() as db:
        for n in range(1, hospitals + 1):
            party = parties.add_party(
                db, f"H-{n}", f"Hospital {n}", kind="consignee", country="DE", by=None,
                at=company.at,
            )  # fmt: skip
            db.add(
                Notice(
                    case_id=case.id, party_id=party.id, number=f"{case.number}/N-{n:04d}",
                    country="DE", jurisdiction="EU", language="en", state="sent",
                    opened_at=company.at, first_sent_at=company.at,
                )
            )  # fmt: skip
    open_in(company, process)
    return case


def open_in(company: Company, process: str) -> None:
    """Open a child of the recall."""
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        open_child(db, case, process, by=None, at=company.at)


def answer(company: Company, number: str, *, after_days: int = 1) -> None:
    """Have the consignee of a notice answer it."""
    with company.holdfast.database.begin() as db:
        notice = db.scalars(select(Notice).where(Notice.number == number)).one()
        notice.state, notice.answered_at = "answered", company.at + timedelta(days=after_days)
