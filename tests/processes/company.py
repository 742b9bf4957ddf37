"""The company the stories happen in: what its people do to a case, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from engine import clock
from engine.bpmn.models import Incident, Instance, Task
from engine.cases import balance, commands, dispositions, preparing, uploads, walking
from engine.cases.context import form_context
from engine.cases.models import Answer, Case
from engine.cases.signing import Signing
from engine.evidence import ceremony, documents
from engine.evidence.documents import Document
from engine.outbox import Outgoing
from engine.people import Person, person_of
from forms import library
from tests.processes import founding
from tests.processes.goods import Goods, lay_places
from tests.support.files import png
from tests.support.personas import PASSWORD
from webapp.demo.book import answers_for

Answers = dict[str, Any]


@dataclass
class Company(Goods):
    """People act by `do`; `at` moves on by `later`, with the scheduler running."""

    number: str = ""
    _keys: int = 0

    def release_processes(self) -> None:
        """Have every process released, where the company was not founded so."""
        founding.release_processes(self.holdfast, self.people)

    def lay_places(self) -> None:
        """Lay the places, where the company was not founded with them."""
        self.places |= lay_places(self.holdfast, at=self.at)

    # --- time -------------------------------------------------------------------------------

    def later(self, **parts: float) -> None:
        """Let time pass, with the scheduler running."""
        self.at += timedelta(**parts)
        with clock.at(self.at):
            self.holdfast.fire_timers()
            self.holdfast.take_up_reports()
            self.holdfast.tell_deadlines()
            self.holdfast.open_recounts()
            self.holdfast.open_status_reports()

    def take_up_reports(self) -> None:
        """Let parents count in the children that have ended."""
        with clock.at(self.at):
            self.holdfast.take_up_reports()

    def seal_documents(self) -> None:
        """Do the long work that is due: documents are printed and sealed."""
        with clock.at(self.at):
            self.holdfast.run_jobs()

    # --- what people do ---------------------------------------------------------------------

    def report(
        self,
        scanned: str = "",
        *,
        by: Person | None = None,
        language: str = "en",
        key: str = "",
        **answers: Any,
    ) -> str:
        """Report a nonconformance about what is scanned, and hold it unless told not to."""
        raw = {
            "source": "warehouse",
            "defect_code": "packaging",
            "description": "Pouch seal is open on three of twenty samples.",
            "suspects": {"scanned": "\n".join(scanned.split())},
            "hold_now": True,
            "aware_at": {"local": f"{self.at:%Y-%m-%dT%H:%M}", "zone": "UTC"},
            "aware_by": "Ren Tao, incoming inspection",
            **answers,
        }
        person = by or self.people.qa_technician
        with self.holdfast.database.begin() as db:
            self.number = commands.report(
                db, raw, by=person, at=self.at, key=key or self.new_key(), language=language
            ).number
        return self.number

    def do(
        self,
        element: str,
        *,
        by: Person | None = None,
        task: Task | None = None,
        key: str | None = None,
        **answers: Any,
    ) -> Task:
        """Do the one open task at `element`; sign it in the real ceremony when it asks for it."""
        task = task or self.task(element)
        person = by or getattr(self.people, task.role)
        answers = self.answers(task, person, **answers)
        signing = self.open_signing(task, answers, by=person)
        done = self.complete(task, answers, signing, by=person, key=key)
        self.take_up_reports()
        return done

    def answers(self, task: Task, by: Person, **own: Any) -> Answers:
        """Return the book's answers at a task as far as its form asks them, `own` on top."""
        book = answers_for(task.process, task.element_id, at=self.at)
        full = {**book, **self._files(task, by), **own}
        asker = getattr(self.people, task.role)
        return self.reads(lambda db: walking.fitted(db, task, full, by=asker, at=self.at))

    def open_signing(self, task: Task, answers: Answers, *, by: Person) -> Signing | None:
        """Open the sign page of a task; None when these answers are not signed."""
        session = f"session-{by.id}"
        with self.holdfast.database.begin() as db:
            pending = preparing.prepare(db, task.id, answers, by=by, session_id=session, at=self.at)
        if pending is None:
            return None
        needs_name = self.reads(lambda db: ceremony.needs_user_name(db, session, self.at))
        return Signing(pending.nonce, PASSWORD, session, by.user_name if needs_name else None)

    def complete(
        self,
        task: Task,
        answers: Answers,
        signing: Signing | None,
        *,
        by: Person,
        key: str | None = None,
    ) -> Task:
        """Send the answers of a task."""
        with self.holdfast.database.begin() as db:
            return commands.complete_task(
                db, task.id, answers, by=by, at=self.at, key=key or self.new_key(),
                signing=signing,
            )  # fmt: skip

    def _files(self, task: Task, by: Person) -> Answers:
        """Attach two small photos wherever the form demands a file."""
        wanted = [
            field.id
            for field in library.form(task.process, task.element_id).fields
            if field.kind == "attachments" and field.options.get("min_count")
        ]
        return dict.fromkeys(wanted, self.photos(by)) if wanted else {}

    def photos(self, by: Person) -> list[str]:
        """Send two small photos with a form and return their hashes."""
        with self.holdfast.database.begin() as db:
            return [
                uploads.keep_upload(
                    db, "start:nonconformance", name=f"photo-{n}.png", content=png(n), by=by,
                    at=self.at,
                ).sha256
                for n in (1, 2)
            ]  # fmt: skip

    def with_roles(self, who: Person, *roles: str) -> Person:
        """Return a person who holds these roles as well."""
        return replace(who, roles=who.roles | set(roles))

    def person(self, who: Person) -> Person:
        """Return a person with what was granted and delegated to them by now."""
        return self.reads(lambda db: person_of(db, who.id, at=self.at))

    # --- disposition ------------------------------------------------------------------------

    def line(self, type_: str, *serials: str, lot: str | None = None, quantity: int = 0) -> Answers:
        """Return one disposition line as it is typed: units by serial, or a quantity of a lot."""
        words = {
            "type": type_,
            "justification": "As found by the investigation.",
            "conditions": "This lot only." if type_ == "use_as_is" else "",
        }
        if lot is None:
            return {**words, "units": "\n".join(serials)}
        return {**words, "lot": f"lot-{self.lot_id(lot)}", "quantity": str(quantity)}

    def to_disposition(self, suspects: str, **triage: Any) -> None:
        """Report, confirm, segregate and investigate: what follows is the proposal."""
        self.report(suspects)
        self.do("triage", **triage)
        if "confirm_segregation" in self.waiting_at:
            self.do("confirm_segregation")
        self.do("investigate")

    def propose(self, *lines: Answers, by: Person | None = None) -> None:
        """Propose these lines, and have everyone of the board who is asked approve them."""
        self.do("propose_disposition", lines={"lines": list(lines)}, by=by)
        for element in sorted(self.waiting_at):
            if element.startswith("approve_") and element != "approve_rework_instruction":
                self.do(element)

    def release(self, **decision: Any) -> None:
        """Authorise the release of the one line that waits for it, and remove its tags."""
        self.do("authorise_release", **decision)
        self.do("remove_tags")

    def results(
        self, element: str, *, bad: Sequence[str] = (), bad_quantity: int = 0
    ) -> list[Answers]:
        """Return per-piece results at a task: these serials or this much of the lot are bad."""
        task = self.task(element)

        def look(db: Any) -> list[Answers]:
            context = form_context(
                db, case=self.case, by=getattr(self.people, task.role), at=self.at,
                instance_id=task.instance_id,
            )  # fmt: skip
            rows = []
            for piece in context.pieces():
                if piece.unit is not None:
                    result = "bad" if piece.unit.serial in bad else "good"
                    rows.append({"key": piece.key, "result": result})
                else:
                    good = piece.quantity - bad_quantity
                    rows.append({"key": piece.key, "good": f"{good:f}", "bad": str(bad_quantity)})
            return rows

        return self.reads(look)

    # --- what came of it --------------------------------------------------------------------

    def task(self, element: str) -> Task:
        """Return the one open task at an element."""
        found = [task for task in self.open_tasks() if task.element_id == element]
        assert len(found) == 1, f"{element}: {sorted(t.element_id for t in self.open_tasks())}"
        return found[0]

    def open_tasks_at(self, element: str) -> list[Task]:
        """Return the open tasks at an element, the oldest first."""
        return [task for task in self.open_tasks() if task.element_id == element]

    def open_tasks(self) -> list[Task]:
        """Return every open task of the case."""
        roots = select(Instance.id).where(Instance.business_key == self.number)
        return self.reads(
            lambda db: list(
                db.scalars(
                    select(Task)
                    .where(
                        Task.root_id.in_(roots), Task.done_at.is_(None), Task.cancelled_at.is_(None)
                    )
                    .order_by(Task.opened_at, Task.instance_id)
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
        return self.reads(
            lambda db: db.scalars(select(Case).where(Case.number == self.number)).one()
        )

    @property
    def totals(self) -> dict[str, Decimal]:
        """Return the unit balance of the case."""
        return self.reads(lambda db: balance.totals(db, self.case.id))

    @property
    def pending(self) -> Decimal:
        """Return how much is held and in no line that runs."""
        parts = self.reads(lambda db: dispositions.pending(db, self.case))
        return sum((part.quantity for part in parts), Decimal(0))

    def answer(self, element: str) -> Answer:
        """Return the newest answer at an element."""
        return self.reads(
            lambda db: db.scalars(
                select(Answer)
                .where(Answer.case_id == self.case.id, Answer.element_id == element)
                .order_by(Answer.id.desc())
            ).first()
        )

    @property
    def documents(self) -> list[Document]:
        """Return the documents of the case."""
        return self.reads(lambda db: documents.documents_of(db, self.case.stream))

    @property
    def incidents(self) -> list[Incident]:
        """Return the incidents nobody has resolved."""
        return self.reads(
            lambda db: list(db.scalars(select(Incident).where(Incident.resolved_at.is_(None))))
        )

    def mailed(self, layout: str) -> set[str]:
        """Return who was written to with this layout."""
        return self.reads(
            lambda db: set(db.scalars(select(Outgoing.receiver).where(Outgoing.layout == layout)))
        )

    def new_key(self) -> str:
        """Return a key nobody used: a page that was just opened."""
        self._keys += 1
        return f"story-{self._keys}"
