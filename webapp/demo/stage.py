"""What a person of the demo does on a day: report, answer, sign, attach, remark."""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.models import Instance, Task
from engine.cases import commands, migrating, preparing, releases, uploads, walking
from engine.cases.context import form_context
from engine.cases.models import Case
from engine.cases.signing import Signing
from engine.cases.tasks import claim
from engine.evidence import ceremony
from engine.evidence.signatures import PendingSign
from engine.people.person import Person
from forms import library
from webapp.compose import Holdfast
from webapp.demo.book import answers_for
from webapp.demo.people import ADMINISTRATOR, PASSWORD, QUALITY, SECOND_QUALITY, Staff, first_with

Answers = dict[str, Any]
Say = Callable[[str], None]
T = TypeVar("T")
PROCESSES = ("nonconformance", "recall")


class Stage:
    """The company on a day: `at` is the moment, everything that is done is done then."""

    def __init__(self, holdfast: Holdfast, at: datetime, say: Say) -> None:
        """Open the stage at `at`; `say` hears what a spectator wants to know."""
        self.holdfast, self.at, self.say = holdfast, at, say
        self.staff = Staff(holdfast.database)

    def who(self, user_name: str) -> Person:
        """Return a person with the roles they hold now."""
        return self.staff.acting(user_name, at=self.at)

    def reads(self, look: Callable[[Session], T]) -> T:
        """Return what `look` finds."""
        with self.holdfast.database.read() as db:
            return look(db)

    def run_due(self) -> None:
        """Do everything that is due now."""
        with clock.at(self.at):
            self.holdfast.run_due()

    def take_up(self) -> None:
        """Let lines that ended count in their case, now."""
        with clock.at(self.at):
            self.holdfast.take_up_reports()

    # --- putting processes in force -----------------------------------------------------------

    def release_processes(self) -> None:
        """Install the processes and have two people sign each version."""
        by = self.who(ADMINISTRATOR.user_name)
        with self.holdfast.database.begin() as db:
            drafts = [releases.install(db, one, by=by, at=self.at).id for one in PROCESSES]
        for capacity, one in (("process_owner", QUALITY), ("quality", SECOND_QUALITY)):
            self.at += timedelta(hours=2)
            for draft in drafts:
                self._release(draft, capacity, self.who(one.user_name))

    def _release(self, definition_id: int, capacity: str, by: Person) -> None:
        signing = self.asked_to_sign(
            by,
            lambda db, session: releases.open_signing(
                db, definition_id, capacity, by=by, session_id=session, at=self.at
            ),
        )
        with self.holdfast.database.begin() as db:
            releases.sign(db, definition_id, capacity, signing, by=by, at=self.at)

    def sign_migration(self, number: str, *, by: str) -> None:
        """Sign for what was decided of a case in another system."""
        person = self.who(by)
        signing = self.asked_to_sign(
            person,
            lambda db, session: migrating.open_signing(
                db, number, by=person, session_id=session, at=self.at
            ),
        )
        with self.holdfast.database.begin() as db:
            migrating.sign(db, number, signing, by=person, at=self.at)

    def asked_to_sign(self, by: Person, ask: Callable[[Session, str], PendingSign]) -> Signing:
        """Let `ask` show what is signed, in a person's session; return what they bring to it."""
        session = self._session(by)
        with self.holdfast.database.begin() as db:
            nonce = ask(db, session).nonce
        return self._signing(nonce, session, by)

    def _session(self, by: Person) -> str:
        """Return the session of a person's day: both components are asked for at its first."""
        return f"{by.user_name} {self.at:%Y-%m-%d}"

    def _signing(self, nonce: str, session: str, by: Person) -> Signing:
        """Return what a person brings to sign: both components first, then the password."""
        needs = self.reads(lambda db: ceremony.needs_user_name(db, session, self.at))
        return Signing(nonce, PASSWORD, session, by.user_name if needs else None)

    def tell(self, words: str) -> None:
        """Say what somebody did, with the moment of it."""
        self.say(f"  {self.at:%d %b %H:%M}  {words}")

    # --- cases ---------------------------------------------------------------------------------

    def report(self, by: str, suspects: Sequence[str], answers: Mapping[str, Any]) -> str:
        """Report a nonconformance; return its number."""
        moment = self.at - timedelta(minutes=50)
        person = self.who(by)
        raw = {
            "suspects": {"scanned": "\n".join(suspects)},
            "hold_now": True,
            "aware_at": {"local": f"{moment:%Y-%m-%dT%H:%M}", "zone": "UTC"},
            "aware_by": person.printed_name,
            **answers,
        }
        with self.holdfast.database.begin() as db:
            number = commands.report(
                db, raw, by=person, at=self.at, key=uuid4().hex, language=person.language
            ).number
        self.tell(f"{person.printed_name} reported {number}")
        return number

    def signal(self, by: str, scope: str, answers: Mapping[str, Any]) -> str:
        """Report a signal about what `scope` says in words; return the recall's number."""
        moment = self.at - timedelta(minutes=35)
        person = self.who(by)
        raw = {
            "scope": {"text": scope},
            "aware_at": {"local": f"{moment:%Y-%m-%dT%H:%M}", "zone": "UTC"},
            "aware_by": person.printed_name,
            **answers,
        }
        with self.holdfast.database.begin() as db:
            number = commands.report(
                db,
                raw,
                by=person,
                at=self.at,
                key=uuid4().hex,
                process="recall",
                language=person.language,
            ).number
        self.tell(f"{person.printed_name} reported {number}")
        return number

    def do(
        self, task: Task, number: str, answers: Mapping[str, Any], *, by: str | None = None
    ) -> Task:
        """Do a task, signed in the ceremony where it asks for it."""
        person = self.who(by or first_with(task.role))
        book = answers_for(task.process, task.element_id, at=self.at)
        full = self._fitted(task, {**book, **self._files(task, number, person), **answers}, person)
        session = self._session(person)
        with self.holdfast.database.begin() as db:
            pending = preparing.prepare(
                db, task.id, full, by=person, session_id=session, at=self.at
            )
        signing = self._signing(pending.nonce, session, person) if pending else None
        with self.holdfast.database.begin() as db:
            done = commands.complete_task(
                db, task.id, full, by=person, at=self.at, key=uuid4().hex, signing=signing
            )
        self.take_up()
        signed = f", signed as “{pending.meaning}”" if pending else ""
        self.tell(f"{person.printed_name} did “{task.name}” of {number}{signed}")
        return done

    def _fitted(self, task: Task, answers: Answers, person: Person) -> Answers:
        return self.reads(lambda db: walking.fitted(db, task, answers, by=person, at=self.at))

    def _files(self, task: Task, number: str, by: Person) -> Answers:
        """Attach two pictures wherever the form demands a file."""
        wanted = [
            field.id
            for field in library.form(task.process, task.element_id).fields
            if field.kind == "attachments" and field.options.get("min_count")
        ]
        if not wanted:
            return {}
        with self.holdfast.database.begin() as db:
            kept = [
                uploads.keep_upload(
                    db,
                    f"task:{task.id}",
                    name=f"{task.element_id.replace('_', '-')}-{n}.png",
                    content=picture(n),
                    by=by,
                    at=self.at,
                ).sha256
                for n in (1, 2)
            ]
        return dict.fromkeys(wanted, kept)

    def counted(self, task: Task, number: str, *, short: int) -> Answers:
        """Return what is expected in quarantine, counted `short` too few."""
        person = self.who(first_with(task.role))
        case = self.case(number)
        found = self.reads(
            lambda db: walking.segregated(form_context(db, case=case, by=person, at=self.at))
        )
        for row in found["counts"][:1]:
            row["counted"] = str(Decimal(row["counted"]) - short)
        return found

    def draft(self, task: Task, raw: Answers, *, by: str) -> None:
        """Claim a task and leave it half answered."""
        person = self.who(by)
        with self.holdfast.database.begin() as db:
            claim(db, task.id, by=person, at=self.at)
            commands.save_draft(db, f"task:{task.id}", raw, by=person, at=self.at)

    def remark(self, number: str, text: str, *, by: str) -> None:
        """Add a comment to a case."""
        person = self.who(by)
        with self.holdfast.database.begin() as db:
            commands.comment(db, self.case(number), text, by=person, at=self.at)

    def lines(self, number: str, wanted: Sequence[tuple[str, int | None]]) -> Answers:
        """Return disposition lines over what is pending: a type and how much, None for the rest."""
        person = self.who(first_with("qa_engineer"))
        case = self.case(number)
        return self.reads(
            lambda db: walking.split(form_context(db, case=case, by=person, at=self.at), wanted)
        )

    def open_tasks(self, number: str | None = None, element: str | None = None) -> list[Task]:
        """Return the open tasks of a case, or of all, at one element or at any; oldest first."""
        rows = select(Task).where(Task.done_at.is_(None), Task.cancelled_at.is_(None))
        if number is not None:
            roots = select(Instance.id).where(Instance.business_key == number)
            rows = rows.where(Task.root_id.in_(roots))
        if element is not None:
            rows = rows.where(Task.element_id == element)
        return self.reads(lambda db: list(db.scalars(rows.order_by(Task.opened_at, Task.id))))

    def case(self, number: str) -> Case:
        """Return a case as it stands."""
        return self.reads(lambda db: db.scalars(select(Case).where(Case.number == number)).one())

    def number_of(self, task: Task) -> str:
        """Return the number of the case a task belongs to."""
        return self.reads(lambda db: db.get_one(Instance, task.root_id).business_key)


def picture(shade: int, *, width: int = 96, height: int = 64) -> bytes:
    """Return a small grey picture, as a stand-in for a photograph."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(
        b"\0" + bytes((x * 2 + y + 40 * shade) % 256 for x in range(width)) for y in range(height)
    )
    data = zlib.compress(rows)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
