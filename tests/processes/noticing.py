"""A recall whose notices are opened: what is shipped to whom, and what people do to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from engine import clock
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from engine.bpmn.step import Step
from engine.cases import scopes
from engine.cases.models import Case
from engine.cases.notices import opening
from engine.cases.notices.models import Notice
from engine.cases.recalls.models import JurisdictionDecision
from engine.regulators import jurisdictions as law
from engine.serials import parties, ship
from engine.serials.models import Party
from tests.processes.company import Company

HOSPITALS = (
    ("MERCY", "Mercy Hospital", "US", None, "stores@mercy.example"),
    ("RENHE", "仁和医院", "CN", None, "renhe@renhe.example"),
    ("ALSTER", "Alster Klinik", "DE", None, "einkauf@alster.example"),
    ("STGOAR", "St. Goar", "IE", None, None),
)


@dataclass
class Notices:
    """A recall whose notices are opened, and what is done to them."""

    company: Company

    def open(
        self,
        devices: dict[str, Sequence[str]],
        *,
        is_drill: bool = False,
        undecided: Sequence[str] = (),
    ) -> None:
        """Ship devices to hospitals by code, freeze a scope over them and open the notices."""
        company = self.company
        at = {"by": company.people.administrator, "at": company.at}
        serials = [one for those in devices.values() for one in those]
        company.make_devices("SENS-1", serials)
        with company.holdfast.database.begin() as db:
            for code, name, country, language, email in HOSPITALS:
                if code not in devices:
                    continue
                party = parties.add_party(
                    db, code, name, kind="consignee", country=country, by=None, at=company.at
                )
                party.language, party.email = language, email
                place = parties.add_location(
                    db, party.id, code, name, kind="consignee", by=None, at=company.at
                )
                company.places[code] = place.id
        for code, those in devices.items():
            self.ship(code, those)
        company.number = "RC-2026-0001"
        with company.holdfast.database.begin() as db:
            case = Case(
                number=company.number, process="recall", title="Flow may stop", language="en",
                is_drill=is_drill, opened_by_id=1, opened_at=company.at,
            )  # fmt: skip
            db.add(case)
            db.flush()
            root = runtime.start(db, "recall", business_key=case.number, variables={}, **at)
            case.instance_id = root.id
            scopes.freeze(
                db, case, scopes.propose(db, case, "SENS-1", reason="signal", **at),
                is_provisional=False, **at,
            )  # fmt: skip
            self.decide(db, case, *(one[2] for one in HOSPITALS if one[2] not in undecided))
            opening.open_all(self.step(db, root))
        self.work()

    def decide(self, db: Any, case: Case, *countries: str) -> None:
        """Say what the action is in law there: until then no letter goes out."""
        for here in {law.of_country(one) for one in countries}:
            key = here.code
            db.add(
                JurisdictionDecision(
                    case_id=case.id, key=key, code=key, countries=[], reached_by="units",
                    legal_name=here.legal_names[0].code, is_reportable=True, reason="As evaluated.",
                    opened_at=self.company.at, decided_at=self.company.at,
                )
            )  # fmt: skip
        db.flush()

    def ship(self, code: str, serials: Sequence[str]) -> None:
        """Ship devices to a hospital that was laid."""
        company = self.company
        units = [company.unit(serial).id for serial in serials]
        with company.holdfast.database.begin() as db:
            ship.ship(
                db, to_location_id=company.places[code], units=units, stock_parts=[],
                document_no=code, by=company.people.warehouse, at=company.at,
            )  # fmt: skip

    def reply(self, code: str) -> None:
        """Let the diagram know that a reply came, as the room of replies does."""
        with self.company.holdfast.database.begin() as db:
            runtime.deliver_message(
                db, "reply_received", self.of(code).number, variables={}, at=self.company.at
            )

    def step(self, db: Any, root: Instance) -> Step:
        company = self.company
        return Step(
            db, root, "open_notices", {}, company.people.qa_manager, company.at,
            open_children=lambda *_: None,  # type: ignore[arg-type,return-value]  # not used
        )  # fmt: skip

    def work(self) -> None:
        """Let the jobs run, the mail go out and what the mail system said be taken up."""
        with clock.at(self.company.at):
            self.company.holdfast.run_jobs()
            self.company.holdfast.deliver()
            self.company.holdfast.take_up_letters()

    def approve(self, *, until_released: bool = True) -> None:
        """Take the one text that is being written to its release."""
        company = self.company
        company.do("draft_text")
        if "verify_translation" in company.waiting_at:
            company.do("verify_translation")
        company.do("approve_text_regulatory")
        company.do("approve_text_medical")
        if until_released:
            company.do("release_letters")
            self.work()

    def all(self, model: Any) -> list[Any]:
        return self.company.reads(lambda db: list(db.scalars(select(model).order_by(model.id))))

    def of(self, code: str) -> Notice:
        name = {one[0]: one[1] for one in HOSPITALS}[code]
        notices = {one.party_id: one for one in self.all(Notice)}
        party = self.company.reads(lambda db: {p.name: p.id for p in db.scalars(select(Party))})
        return notices[party[name]]
