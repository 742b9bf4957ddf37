"""A hospital that was sent a notice, and what it does with the link in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine import clock
from engine.cases import balance, replies
from engine.cases.balance import SCOPE, Holding
from engine.cases.models import BalanceTotal, BalanceUnit, Posting
from engine.cases.notices.laws import LANGUAGES
from engine.cases.notices.models import LetterWording, Notice, NoticeText
from engine.cases.replies import links
from engine.cases.replies.models import NoticeLink, Reply, ReplyFinding
from engine.serials import parties
from engine.serials.models import Unit
from tests.processes.company import Company

WHO = {"name": "R. Shaw", "role": "Pharmacist"}
WORDS = {
    "en": {
        "headline": "URGENT: medical device recall",
        "product": "Infusion pump P",
        "what_happened": "The pressure sensor may fail.",
        "risk": "An infusion may run too fast.",
        "instructions": "Stop using the pumps.\nQuarantine them.\nTell the wards.",
        "reply_until": "2026-04-01",
        "telephone": "+49 89 1234 567",
        "email": "recall@tarn.example",
    },
    "zh": {
        "headline": "紧急：医疗器械召回通知（NMPA 一级）",
        "product": "输液泵 P",
        "what_happened": "压力传感器可能失效。",
        "risk": "输注速度可能过快。",
        "instructions": "立即停止使用。\n隔离并标识。\n告知各科室。",
        "reply_until": "2026-04-01",
        "telephone": "+86 10 1234 5678",
        "email": "recall@tarn.example",
    },
    "de": {
        "headline": "Dringend: die Pumpe kann anhalten",
        "product": "Infusionspumpe P",
        "what_happened": "Die Pumpe kann ohne Alarm anhalten.",
        "risk": "Eine Infusion kann zu schnell laufen.",
        "instructions": "Nicht mehr verwenden.\nAbsondern.",
        "reply_until": "2026-04-01",
        "telephone": "+49 89 1234 567",
        "email": "recall@tarn.example",
    },
}


@dataclass
class Hospital:
    """One consignee with its notice; every page is asked without a cookie and without a script."""

    company: Company
    app: Flask
    notice_id: int
    token: str
    serials: Sequence[str] = ()
    lot_id: int = 0
    more: dict[str, Any] = field(default_factory=dict)

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

    def says(self, *outcomes: str) -> dict[str, str]:
        """Return the form's answers for the first units, one after the other."""
        fields = (f"u{self.company.unit(serial).id}" for serial in self.serials)
        return dict(zip(fields, outcomes, strict=False))

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
        found = select(ReplyFinding.kind).join(Reply, Reply.id == ReplyFinding.reply_id)
        found = found.where(Reply.notice_id == self.notice_id)
        return self.company.reads(lambda db: set(db.scalars(found)))

    def account(self, number: int) -> str:
        """Return where the unit so numbered on its list lies."""
        unit_id = self.company.unit(self.serials[number]).id
        lying = select(BalanceUnit.account).where(BalanceUnit.unit_id == unit_id)
        return self.company.reads(lambda db: db.scalars(lying).one())

    @property
    def stock(self) -> dict[str, Decimal]:
        """Return where its quantity of a lot lies."""
        total = BalanceTotal
        rows = select(total.account, func.sum(total.quantity, type_=total.quantity.type))
        rows = rows.where(total.lot_id == self.lot_id, ~total.counts_units).group_by(total.account)
        return self.company.reads(lambda db: dict(tuple(row) for row in db.execute(rows)))

    def postings(self, number: int) -> list[tuple[str, str, str]]:
        """Return how a unit moved between accounts, and by what evidence."""
        unit_id = self.company.unit(self.serials[number]).id
        rows = select(Posting.from_account, Posting.to_account, Posting.evidence)
        rows = rows.where(Posting.unit_id == unit_id).order_by(Posting.id)
        return self.company.reads(lambda db: [tuple(row) for row in db.execute(rows)])


def hidden(page: TestResponse) -> dict[str, str]:
    """Return the hidden fields of the first form of a page."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def notify(
    company: Company,
    app: Flask,
    code: str,
    *,
    units: int = 3,
    quantity: int = 0,
    language: str = "en",
    is_distributor: bool = False,
) -> Hospital:
    """Ship units, or some of a lot, to a new hospital and send it the notice of the case.

    Its rows are laid as the rooms of scopes and notices lay them.
    """
    serials = [f"{code}-{n:04d}" for n in range(1, units + 1)]
    with company.holdfast.database.begin() as db:
        party = parties.add_party(
            db, code, f"Hospital {code}", kind="consignee", country="DE", by=None, at=company.at
        )
        place = parties.add_location(
            db, party.id, code, code, kind="consignee", by=None, at=company.at
        )
    company.places["HOSP"] = place.id
    if units:
        company.make_devices(f"SENS-{code}", serials, shipped=units)
    lot_id = company.make_lot(f"LOT-{code}", quantity, shipped=quantity) if quantity else 0
    with company.holdfast.database.begin() as db:
        ids = db.scalars(select(Unit.id).where(Unit.serial.in_(serials))).all()
        parts = [Holding(SCOPE, i, None, Decimal(1), party_id=party.id) for i in ids]
        if lot_id:
            parts.append(Holding(SCOPE, None, lot_id, Decimal(quantity), party_id=party.id))
        case = company.case
        how: dict[str, Any] = {"evidence": "scope 1", "by": None, "at": company.at}
        balance.post(db, case, parts, to="at_consignee", **how)
        _lay_text(db, case.id, language, company)
        notice = Notice(
            case_id=case.id, party_id=party.id, number=f"{case.number}/N-{party.id:04d}",
            country="DE", jurisdiction="DE", language=language, state="sent",
            is_distributor=is_distributor, opened_at=company.at, first_sent_at=company.at,
        )  # fmt: skip
        db.add(notice)
        db.flush()
        token = links.new_token()
        links.issue(db, notice.id, token, at=company.at)
        return Hospital(company, app, notice.id, token, serials, lot_id)


def _lay_text(db: Any, case_id: int, language: str, company: Company) -> None:
    known = select(NoticeText.id).where(NoticeText.language == language)
    if db.scalar(known) is None:
        text = NoticeText(
            case_id=case_id, jurisdiction="DE", language=language, version=1, state="approved",
            words=WORDS[language], sha256="0" * 64, opened_at=company.at, approved_at=company.at,
            wording_id=None if language in LANGUAGES else _lay_wording(db, language, company),
        )  # fmt: skip
        db.add(text)


def _lay_wording(db: Any, language: str, company: Company) -> int:
    wording = LetterWording(
        language=language, version=1, state="in_force", words={}, sha256="0" * 64,
        written_at=company.at, written_by_id=1, in_force_at=company.at, signed_by_id=2,
        signature_id=1,
    )  # fmt: skip
    db.add(wording)
    db.flush()
    return int(wording.id)
