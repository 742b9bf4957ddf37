"""The company the stories happen in: composed as in life, with goods, people and diagrams."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import clock
from engine.bpmn.models import Instance, Task
from engine.cases import balance, commands, preparing, releases
from engine.cases.context import form_context
from engine.cases.models import Case
from engine.cases.signing import Signing
from engine.evidence import documents, signatures
from engine.evidence.documents import Document
from engine.people import Person
from engine.people.passwords import Hashing
from engine.serials import build, parties, receive, ship, state
from engine.serials.models import LotStock, Unit
from engine.serials.record import LotInput, StockPart
from forms import library
from tests.support.files import png
from tests.support.personas import PASSWORD, People
from webapp.demo import walking
from webapp.demo.book import answers_for
from webapp.compose import Holdfast, compose
from webapp.settings import Settings

PROCESSES = ("nonconformance",)


@pytest.fixture
def holdfast(database_url: str, people: People, tmp_path: Path) -> Iterator[Holdfast]:
    """Give the composed application on a fresh database."""
    settings = Settings(
        folder=tmp_path, database_url=database_url, secret_key=b"k" * 32, company="Tarn Medical"
    )
    composed = compose(settings, hashing=Hashing(memory_kib=8, passes=1, lanes=1))
    yield composed
    composed.database.close()


@dataclass
class Company:
    """Goods and people, and what a person can do on a day: `at` moves on as the story does."""

    holdfast: Holdfast
    people: People
    at: datetime
    number: str = ""
    _keys: int = 0
    _places: dict[str, int] = field(default_factory=dict)

    # --- setting up -------------------------------------------------------------------------

    def release_processes(self) -> None:
        """Install every process and have it released by two people, each signing."""
        with self.holdfast.database.begin() as db:
            drafts = [
                releases.install(db, process, by=self.people.administrator, at=self.at).id
                for process in PROCESSES
            ]
        for draft in drafts:
            self._release(draft, "process_owner", self.people.qa_manager)
            self._release(draft, "quality", self.people.management_representative)

    def _release(self, definition_id: int, capacity: str, by: Person) -> None:
        session = f"release-{by.id}"
        with self.holdfast.database.begin() as db:
            pending = releases.open_signing(
                db, definition_id, capacity, by=by, session_id=session, at=self.at
            )
        signing = Signing(pending.nonce, PASSWORD, session, by.user_name)
        with self.holdfast.database.begin() as db:
            releases.sign(db, definition_id, capacity, signing, by=by, at=self.at)

    def lay_places(self) -> None:
        """Describe the maker, its warehouse and quarantine, a supplier and a hospital."""
        with self.holdfast.database.begin() as db:
            for code, kind, place_kind in (
                ("TARN", "manufacturer", "warehouse"),
                ("SUP", "supplier", "warehouse"),
                ("HOSP", "consignee", "consignee"),
            ):
                party = parties.add_party(db, code, code.title(), kind=kind, country="DE")
                place = parties.add_location(db, party.id, code, code.title(), kind=place_kind)
                self._places[f"{code}_party"] = party.id
                self._places[code] = place.id

    def make_lot(self, lot_no: str, quantity: int, *, shipped: int = 0) -> int:
        """Receive and release a lot of a lot-controlled part; ship some of it to the hospital."""
        with self.holdfast.database.begin() as db:
            how = {"by": self.people.warehouse, "at": self.at}
            part = parties.add_part(
                db, self._places["TARN_party"], f"SET-{lot_no}", "Infusion set",
                control="lot", kind="device",
            )  # fmt: skip
            lot = parties.ensure_lot(db, part.id, lot_no)
            receive.receive_lot(
                db, lot.id, Decimal(quantity), location_id=self._places["TARN"],
                usability="conforming", **how,
            )  # fmt: skip
            if shipped:
                row = db.scalars(
                    select(LotStock).where(LotStock.lot_id == lot.id)
                ).one()
                ship.ship(
                    db, to_location_id=self._places["HOSP"],
                    stock_parts=[StockPart(row.id, Decimal(shipped))], document_no="DN-1", **how,
                )  # fmt: skip
            return lot.id

    def make_devices(self, component_lot: str, serials: list[str], *, shipped: int = 0) -> int:
        """Build serialised devices from a component lot; ship the first few of them."""
        with self.holdfast.database.begin() as db:
            how = {"by": self.people.production, "at": self.at}
            part = parties.add_part(
                db, self._places["SUP_party"], f"C-{component_lot}", "Pressure sensor",
                control="lot", kind="component",
            )  # fmt: skip
            device = parties.add_part(
                db, self._places["TARN_party"], f"PUMP-{component_lot}", "Infusion pump",
                control="serial", kind="device",
            )  # fmt: skip
            lot = parties.ensure_lot(db, part.id, component_lot)
            receive.receive_lot(
                db, lot.id, Decimal(100), location_id=self._places["TARN"],
                usability="conforming", **how,
            )  # fmt: skip
            made = build.build_units(
                db, device.id, serials, location_id=self._places["TARN"],
                inputs=[LotInput(lot.id, Decimal(len(serials)), self._places["TARN"])], **how,
            )  # fmt: skip
            state.release(db, units=made.unit_ids, **how)
            if shipped:
                ship.ship(
                    db, to_location_id=self._places["HOSP"], units=made.unit_ids[:shipped],
                    document_no="DN-2", **how,
                )  # fmt: skip
            return lot.id

    # --- what people do ---------------------------------------------------------------------

    def later(self, **parts: float) -> None:
        """Let time pass, with the scheduler running."""
        self.at += timedelta(**parts)
        self.run_due()

    def run_due(self) -> None:
        """Do everything that is due now."""
        with clock.at(self.at):
            self.holdfast.run_due()

    def report(self, suspects: str, *, by: Person | None = None, **answers: Any) -> str:
        """Report a nonconformance about what is scanned, and hold it unless told not to."""
        raw = {
            "source": "warehouse",
            "defect_code": "packaging",
            "description": "Pouch seal is open on three of twenty samples.",
            "suspects": {"scanned": suspects},
            "hold_now": True,
            "aware_at": {"local": f"{self.at:%Y-%m-%dT%H:%M}", "zone": "UTC"},
            "aware_by": "Ren Tao, incoming inspection",
            **answers,
        }
        person = by or self.people.qa_technician
        with self.holdfast.database.begin() as db:
            self.number = commands.report(
                db, raw, by=person, at=self.at, key=self._key(), language="en"
            ).number
        return self.number

    def do(self, element: str, *, by: Person | None = None, **answers: Any) -> Task:
        """Do the one open task at `element`; sign it in the real ceremony when it asks for it."""
        task = self.task(element)
        person = by or getattr(self.people, task.role)
        book = answers_for(task.process, element, at=self.at)
        answers = self._asked(task, {**book, **self._files(task, person), **answers})
        session = f"session-{person.id}"
        with self.holdfast.database.begin() as db:
            signing = preparing.prepare(
                db, task.id, answers, by=person, session_id=session, at=self.at
            )
        if signing is not None:
            needs_name = self._reads(lambda db: signatures.needs_user_name(db, session, self.at))
            signing = Signing(
                signing.nonce, PASSWORD, session, person.user_name if needs_name else None
            )
        with self.holdfast.database.begin() as db:
            done = commands.complete_task(
                db, task.id, answers, by=person, at=self.at, key=self._key(), signing=signing
            )
        self.run_due()
        return done

    def _files(self, task: Task, by: Person) -> dict[str, Any]:
        """Attach two small photos wherever the form demands a file."""
        wanted = [
            field.id
            for field in library.form(task.process, task.element_id).fields
            if field.kind == "attachments" and field.options.get("min_count")
        ]
        if not wanted:
            return {}
        with self.holdfast.database.begin() as db:
            kept = [
                documents.attach(
                    db, stream=self.case.stream, name=f"photo-{n}.png", content=png(n), by=by,
                    at=self.at,
                ).sha256
                for n in (1, 2)
            ]  # fmt: skip
        return dict.fromkeys(wanted, kept)

    def _asked(self, task: Task, answers: dict[str, Any]) -> dict[str, Any]:
        """Leave out what the form does not ask, and fill in pieces and counts all good."""
        return self._reads(
            lambda db: walking.fitted(
                db, task, answers, by=getattr(self.people, task.role), at=self.at
            )
        )

    def lines(self, type_: str, quantity: Decimal | None = None) -> dict[str, Any]:
        """Return disposition lines of one type over what is pending."""
        return self._reads(
            lambda db: walking.lines(
                form_context(db, case=self.case, by=self.people.qa_engineer, at=self.at),
                type_,
                quantity,
            )
        )

    def task(self, element: str) -> Task:
        """Return the one open task at an element."""
        found = [task for task in self.open_tasks() if task.element_id == element]
        assert len(found) == 1, f"{element}: {sorted(self.waiting_at)}"
        return found[0]

    def open_tasks(self) -> list[Task]:
        """Return every open task of the case."""
        roots = select(Instance.id).where(Instance.business_key == self.number)
        return self._reads(
            lambda db: list(
                db.scalars(
                    select(Task)
                    .where(
                        Task.root_id.in_(roots), Task.done_at.is_(None), Task.cancelled_at.is_(None)
                    )
                    .order_by(Task.opened_at)
                )
            )
        )

    @property
    def waiting_at(self) -> set[str]:
        """Return the elements where someone is waited for."""
        return {task.element_id for task in self.open_tasks()}

    @property
    def case(self) -> Case:
        """Return the case as it stands."""
        return self._reads(lambda db: db.scalars(select(Case).where(Case.number == self.number)).one())

    @property
    def totals(self) -> dict[str, Decimal]:
        """Return the unit balance of the case."""
        return self._reads(lambda db: balance.totals(db, self.case.id))

    @property
    def documents(self) -> list[Document]:
        """Return the documents of the case."""
        return self._reads(lambda db: documents.documents_of(db, self.case.stream))

    def unit(self, serial: str) -> Unit:
        """Return a unit as it stands."""
        return self._reads(lambda db: db.scalars(select(Unit).where(Unit.serial == serial)).one())

    def _reads(self, look: Callable[[Any], Any]) -> Any:
        with self.holdfast.database.read() as db:
            return look(db)

    def _key(self) -> str:
        self._keys += 1
        return f"story-{self._keys}"


@pytest.fixture
def company(holdfast: Holdfast, people: People, at: datetime) -> Company:
    """Give a company whose processes are released and whose places are known."""
    company = Company(holdfast, people, at)
    company.release_processes()
    company.lay_places()
    return company
