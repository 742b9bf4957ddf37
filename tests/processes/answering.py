"""A hospital that was sent a notice, and what it does with the link in it."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine import clock
from engine.cases import replies
from engine.cases.models import BalanceUnit, Posting
from engine.cases.notices.models import Notice, NoticeText
from engine.cases.replies import links
from engine.cases.replies.models import NoticeLink, Reply, ReplyFinding
from tests.processes import founding
from tests.processes.company import Company

WHO = {"name": "R. Shaw", "role": "Pharmacist"}
WORDS = {
    "headline": "URGENT: medical device recall",
    "what_happened": "The pressure sensor may fail.",
    "risk": "An infusion may run too fast.",
    "instructions": "Stop using the pumps.\nQuarantine them.\nTell the wards.",
    "telephone": "+49 89 1234 567",
    "email": "recall@tarn.example",
}


@dataclass
class Hospital:
    """One consignee with its notice; every page is asked without a cookie and without a script."""

    company: Company
    app: Flask
    notice_id: int
    token: str

    # --- the browser ------------------------------------------------------------------------

    def get(self, page: str = "", **more: Any) -> TestResponse:
        return self.ask("GET", page, **more)

    def post(self, page: str, typed: dict[str, Any], *, at: TestResponse) -> TestResponse:
        """Send the form that a page showed, with what is typed into it."""
        return self.ask("POST", page, data={**hidden(at), **typed})

    def ask(self, method: str, page: str = "", **more: Any) -> TestResponse:
        address = page if page.startswith("/n/") else f"/n/{self.token}{page}"
        with clock.at(self.company.at):
            client = self.app.test_client(use_cookies=False)
            return client.open(address, method=method, buffered=True, **more)

    # --- what people there do ---------------------------------------------------------------

    def fill_in(self, **typed: Any) -> TestResponse:
        """Open the form, fill it in, and go to the check page; or get the form back."""
        sent = self.post("/reply", {**WHO, **typed}, at=self.get("/reply"))
        return self.get(sent.location) if sent.status_code == 303 else sent

    def reply(self, **typed: Any) -> TestResponse:
        """Answer by the link to the end, and return the receipt."""
        check = self.fill_in(**typed)
        assert check.status_code == 200, check.text
        sent = self.post("/send", {}, at=check)
        assert sent.status_code == 303, sent.text
        return self.get(sent.location)

    # --- what came of it --------------------------------------------------------------------

    @property
    def notice(self) -> Notice:
        return self.company.reads(lambda db: db.get_one(Notice, self.notice_id))

    @property
    def replies(self) -> list[Reply]:
        return self.company.reads(lambda db: replies.replies_of(db, self.notice_id))

    @property
    def links(self) -> list[NoticeLink]:
        return self.company.reads(lambda db: links.links_of(db, self.notice_id))

    @property
    def findings(self) -> set[str]:
        return self.company.reads(lambda db: set(db.scalars(select(ReplyFinding.kind))))

    def account(self, serial: str) -> str:
        unit_id = self.company.unit(serial).id
        lying = select(BalanceUnit.account).where(BalanceUnit.unit_id == unit_id)
        return self.company.reads(lambda db: db.scalars(lying).one())

    def postings(self, serial: str) -> list[tuple[str, str, str]]:
        """Return how a unit moved between accounts, and by what evidence."""
        unit_id = self.company.unit(serial).id
        rows = select(Posting.from_account, Posting.to_account, Posting.evidence)
        rows = rows.where(Posting.unit_id == unit_id).order_by(Posting.id)
        return self.company.reads(lambda db: [tuple(row) for row in db.execute(rows)])

    def field(self, serial: str) -> str:
        """Return what the form calls a unit."""
        return f"u{self.company.unit(serial).id}"


def hidden(page: TestResponse) -> dict[str, str]:
    """Return the hidden fields of the first form of a page."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def notify(
    company: Company, app: Flask, *, language: str = "en", number: int = 1,
    is_distributor: bool = False, party: str = "HOSP_party",
) -> Hospital:  # fmt: skip
    """Send the company's case as a notice to a party: rows as the room of notices makes them."""
    case = company.case
    if number == 1:
        founding.release_processes(company.holdfast, company.people, ["reply_difference"])
    with company.holdfast.database.begin() as db:
        if number == 1:
            text = NoticeText(
                case_id=case.id, jurisdiction="DE", language=language, version=1, state="approved",
                words=WORDS, sha256="0" * 64, opened_at=company.at, approved_at=company.at,
            )  # fmt: skip
            db.add(text)
        notice = Notice(
            case_id=case.id, party_id=company.places[party], number=f"{case.number}/N-{number:04d}",
            country="DE", jurisdiction="DE", language=language, state="sent",
            is_distributor=is_distributor, opened_at=company.at, first_sent_at=company.at,
        )  # fmt: skip
        db.add(notice)
        db.flush()
        token = links.issue(db, notice, at=company.at)
        return Hospital(company, app, notice.id, token)


def recalled(company: Company, app: Flask, units: int = 3, **more: Any) -> Hospital:
    """Ship pumps to the hospital, report them, and notify it."""
    serials = [f"P-{n:04d}" for n in range(1, units + 1)]
    company.make_devices("SENS-1", serials, shipped=units)
    company.report(" ".join(serials))
    company.do("triage")
    company.at += timedelta(minutes=5)
    return notify(company, app, **more)
