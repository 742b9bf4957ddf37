"""Reported events as the people of a company write them down, link them and decide on them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine.cases import facts
from engine.cases.reported import (
    aware,
    confirming,
    deciding,
    decisions,
    feeding,
    finding,
    listing,
    recording,
)
from engine.cases.reported.aware import Correcting
from engine.cases.reported.confirming import Look
from engine.cases.reported.decisions import Decision
from engine.cases.reported.given import Given, given_of
from engine.cases.reported.models import EventReportability, EventSecondLook, ReportedEvent
from engine.cases.signing import Signing
from engine.evidence import ceremony
from engine.people import Person
from engine.regulators.reportability import reporting
from engine.serials.authorisations import authorise
from tests.processes.company import Company
from tests.support.personas import PASSWORD

T = TypeVar("T")


class Events:
    """The events of a company, as its people write them down."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def __getattr__(self, role: str) -> Person:
        person: Person = getattr(self.company.people, role)
        return person

    def given(self, **own: Any) -> Given:
        """Return an event that was told today, with what is `own` of it."""
        aware = own.get("aware_at", self.company.at - timedelta(hours=2))
        told = {
            "complaint_number": "CMP-7", "device_name": "Pump", "received_on": aware.date(),
            "what_happened": "The pump stopped without an alarm.", "outcome": "malfunction",
            "aware_at": aware, "aware_by": "Nina Berg", "aware_how": "by phone",
        }  # fmt: skip
        return Given(**{**told, **own})

    def act(self, do: Callable[[Session], T]) -> T:
        with self.company.holdfast.database.begin() as db:
            return do(db)

    def record(self, key: str = "", **own: Any) -> ReportedEvent:
        given, key = self.given(**own), key or self.company.new_key()
        return self.act(
            lambda db: recording.record(
                db, given, by=self.complaint_handler, at=self.company.at, key=key
            )
        )

    def correct(self, event: ReportedEvent, reason: str = "misheard", **own: Any) -> ReportedEvent:
        given = replace(given_of(event), **own)
        return self.act(
            lambda db: recording.correct(
                db, event.number, given, version=event.version, reason=reason,
                by=self.qa_engineer, at=self.company.at, key=self.company.new_key(),
            )
        )  # fmt: skip

    def link(self, *events: ReportedEvent, case: str = "") -> None:
        numbers = [one.number for one in events]
        self.act(
            lambda db: feeding.link(
                db, case or self.company.number, numbers, by=self.complaint_handler,
                at=self.company.at, key=self.company.new_key(),
            )
        )  # fmt: skip

    def take_away(self, event: ReportedEvent, reason: str = "Another device.") -> None:
        self.act(
            lambda db: feeding.take_away(
                db, self.company.number, event.number, reason=reason, by=self.qa_engineer,
                at=self.company.at, key=self.company.new_key(),
            )
        )  # fmt: skip

    def put_right(
        self, aware_at: datetime | None, *, reason: str = "A slip in the year.",
        by: Person | None = None,
    ) -> None:  # fmt: skip
        """Sign that the case was first known of at another time than it says."""
        person, at = by or self.regulatory_affairs, self.company.at
        asked = Correcting(self.company.number, aware_at, "Nina Berg", reason)
        page = self.act(
            lambda db: aware.open_signing(db, asked, by=person, session_id="two", at=at)
        )
        needs = self.reads(lambda db: ceremony.needs_user_name(db, "two", at))
        signing = Signing(page.nonce, PASSWORD, "two", person.user_name if needs else None)
        key = self.company.new_key()
        for _ in range(2):
            self.act(lambda db: aware.correct(db, asked, signing, by=person, at=at, key=key))

    def decide(
        self, event: ReportedEvent, code: str, meanwhile: Callable[[], object] = list, **own: Any
    ) -> EventReportability:
        """Decide on an event under a signature; `meanwhile` happens while the page is open."""
        by, at = self.regulatory_affairs, self.company.at
        last = self.reads(lambda db: decisions.standing(db, event.number)).get(code)
        answers = {one.code: "no" for one in reporting(code).questions}
        decision = Decision(
            event.number, code, **{
                "is_reportable": False, "reason": "No harm is to be expected.",
                "replaces": last.id if last else None, **own,
                "answers": {**answers, **own.get("answers", {})},
            }
        )  # fmt: skip
        page = self.act(
            lambda db: deciding.open_signing(db, decision, by=by, session_id="one", at=at)
        )
        meanwhile()
        needs = self.reads(lambda db: ceremony.needs_user_name(db, "one", at))
        signing = Signing(page.nonce, PASSWORD, "one", by.user_name if needs else None)
        return self.act(
            lambda db: deciding.sign_and_decide(
                db, decision, signing, by=by, at=at, key=self.company.new_key()
            )
        )

    def look(self, event: ReportedEvent, code: str, by: Person, **own: Any) -> EventSecondLook:
        """Look at a no as the second person, under a signature."""
        standing = self.reads(lambda db: decisions.standing(db, event.number))[code]
        look = Look(event.number, code, standing.id, **{"is_confirmed": True, "reason": "x", **own})
        session, at = f"of {by.id}", self.company.at
        page = self.act(
            lambda db: confirming.open_signing(db, look, by=by, session_id=session, at=at)
        )
        needs = self.reads(lambda db: ceremony.needs_user_name(db, session, at))
        signing = Signing(page.nonce, PASSWORD, session, by.user_name if needs else None)
        return self.act(
            lambda db: confirming.sign(db, look, signing, by=by, at=at, key=self.company.new_key())
        )

    def reads(self, look: Callable[[Session], T]) -> T:
        found: T = self.company.reads(look)
        return found

    def row(self, event: ReportedEvent) -> listing.EventRow:
        newest = self.reads(lambda db: finding.named(db, event.number))
        return self.reads(lambda db: listing.rows_of(db, [newest]))[0]

    def awareness(self) -> datetime:
        known = self.reads(lambda db: facts.latest(db, self.company.case, "awareness"))
        assert known is not None
        return datetime.fromisoformat(known.value)

    def authorise(self, serial: str, *countries: str) -> None:
        """Have the part of a unit be sold in some countries."""
        part_id = self.company.unit(serial).part_id
        holder = self.company.places["TARN_party"]

        def add(db: Session) -> None:
            for country in countries:
                authorise(
                    db, part_id, country, licence_kind="licence", licence_no=f"LIC-{country}",
                    holder_id=holder, by=self.regulatory_affairs, at=self.company.at,
                )  # fmt: skip

        self.act(add)
