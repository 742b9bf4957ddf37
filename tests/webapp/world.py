"""A small company with something behind every address, put back after each request that wrote."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine import clock, jobs, outbox
from engine.bpmn.errors import StepFailed
from engine.bpmn.incidents import record_incident
from engine.bpmn.models import Task
from engine.cases import (
    commands,
    ending,
    migrating,
    preparing,
    releases,
    scopes,
    tasks as case_tasks,
)
from engine.cases.costs import recording as costs
from engine.cases.drills import answering, planning, starting
from engine.cases.ending import REOPEN, VOID, Ending
from engine.cases.models import Case
from engine.cases.notices import putting_in_force, wordings
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter, NoticeText
from engine.cases.obligations import keeping
from engine.cases.recalls import gates, joining, passing
from engine.cases.recalls.joining import Joining
from engine.cases.recalls.passing import Passing
from engine.cases.replies import links
from engine.cases.reported import aware, decisions, feeding, recording
from engine.cases.reported.aware import Correcting
from engine.cases.reported.given import Given
from engine.cases.returns import authorising, closing, correcting
from engine.cases.returns.closing import Closing
from engine.cases.returns.correcting import Correction
from engine.cases.scopes import signed
from engine.evidence import documents, layouts, sealing
from engine.jobs import Job
from engine.outbox import Outgoing
from engine.people import (
    Person,
    delegations,
    grants,
    reviews,
    service_accounts,
    sessions,
    tokens,
)  # fmt: skip
from engine.people.models import AccessReviewLine, RoleGrant, WebSession
from engine.serials import contacts, reports, ship, tracing
from engine.serials.asking import Asked
from engine.serials.epcis import capture, documents as documents_of_partners
from engine.serials.exchange import (
    canary,
    denylist,
    doors,
    downtime,
    runs,
    sources,
    subscriptions,
)
from engine.serials.models import Event, LegacyCase, Party, Unit, WebhookAttempt
from engine.serials.night import running as nights
from notifications.channels.folder import mails
from tests.processes import recalling
from tests.processes.company import Company
from tests.processes.founding import composed, found
from tests.processes.recalls import open_recall
from tests.support import letters
from tests.support.files import png
from tests.support.personas import PASSWORD, People, settle
from tests.support.postgres import Server
from tests.support.putting_back import Lent, keep_rows
from tests.support.schema import lay_schema
from webapp.ceremony import fingerprint
from webapp.create_app import create_app
from webapp.sealed_forms import seal

MORNING = datetime.fromisoformat("2026-03-02T08:00:00+00:00")
SCREENED = {"outcome": "not_a_nonconformance", "rationale": "The limit is met."}
Parts = Mapping[str, Any]


@dataclass
class World:
    """What is there, by the names the matrix uses; `ask` sends one request as a role."""

    company: Company
    app: Flask
    copy: "SqliteCopy | PostgresCopy"
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    session_ids: dict[str, int] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)  # the case each role reported
    always: dict[str, Any] = field(default_factory=dict)  # parts that are the same in every state
    states: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """Return the moment every request is sent at."""
        return self.company.at

    # --- asking -----------------------------------------------------------------------------

    def parts(self, state: str, role: str) -> dict[str, Any]:
        """Return what fills an address and a form in a state, for a role."""
        reported = self.own.get(role, "NC-1999-0001")
        else_role = "qa_manager" if role != "qa_manager" else "qa_engineer"
        by_role: dict[str, Any] = {
            "own": {"number": reported},
            "sessions_own": {"ended_id": self.session_ids[role]},
            "sessions_other": {"ended_id": self.session_ids[else_role]},
        }
        return {**self.always, **self.states.get(state, {}), **by_role.get(state, {})}

    def ask(
        self, method: str, address: str, role: str | None, *, data: Any = None, json: Any = None,
        forms: bool = True, headers: Mapping[str, str] | None = None,
    ) -> TestResponse:  # fmt: skip
        """Send a request as a role (None: nobody signed in), with a form's token unless told."""
        client = self.app.test_client(use_cookies=False)
        sent = {"Cookie": self.cookies[role or "nobody"], "Origin": "http://localhost"}
        sent |= dict(headers or {})
        more: dict[str, Any] = {}
        if json is not None:
            more["json"] = json
            sent["Idempotency-Key"] = "key-of-this-form"
            if forms:
                sent["X-CSRFToken"] = self.tokens[role or "nobody"]
        elif method == "POST":
            token = {"csrf_token": self._token(address, role)} if forms else {}
            more["data"] = {**token, "request_key": "key-of-this-form", **(data or {})}
            if address.endswith("/complete"):
                more["data"]["checked"] = self._checked(address.split("/")[2], role)
        with clock.at(self.at):
            # a file that is streamed is read to its end
            return client.open(address, method=method, headers=sent, buffered=True, **more)

    def _token(self, address: str, role: str | None) -> str:
        """Return what a form carries: of the session, or the seal of a page without one."""
        if not address.startswith("/n/"):
            return self.tokens[role or "nobody"]
        with self.app.test_request_context(address, method="POST"), clock.at(self.at):
            return seal("key-of-this-form")

    def _checked(self, task_id: str, role: str | None) -> str:
        """Return what the check page of a task carries for a role."""
        if role is None:
            return ""
        by = getattr(self.company.people, role)
        with self.company.holdfast.database.read() as db:
            draft = commands.find_draft(db, f"task:{task_id}", by=by)
        return fingerprint(draft.answers) if draft is not None else ""

    # --- the same again ---------------------------------------------------------------------

    def keep(self) -> None:
        """Remember everything as it is now."""
        self.copy.keep()

    def put_back(self) -> None:
        """Make everything as it was."""
        self.copy.put_back()

    def fingerprint(self) -> dict[str, str]:
        """Return the sha256 of the rows of every table (on SQLite)."""
        assert isinstance(self.copy, SqliteCopy)
        return self.copy.fingerprint()


@dataclass
class SqliteCopy:
    """A copy of a SQLite file in memory; the file itself tells whether anybody wrote to it since.

    `PRAGMA data_version` of one open connection changes when another one commits, and only then.
    """

    path: Path
    kept: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    kept_at: int = 0
    fingerprint_at: tuple[int, dict[str, str]] | None = None

    @cached_property
    def file(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=10)

    def keep(self) -> None:
        self.file.backup(self.kept)
        self.kept_at = self._version()

    def put_back(self) -> None:
        if self._version() != self.kept_at:
            self.kept.backup(self.file)
            self.kept_at, self.fingerprint_at = self._version(), None

    def fingerprint(self) -> dict[str, str]:
        version = self._version()
        if self.fingerprint_at is None or self.fingerprint_at[0] != version:
            tables = self.file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            names = [row[0] for row in tables]
            digests = {n: _digest(self.file.execute(f'SELECT * FROM "{n}"')) for n in names}
            self.fingerprint_at = (version, digests)
        return self.fingerprint_at[1]

    def forget(self) -> None:
        """Close the file."""
        self.file.close()

    def _version(self) -> int:
        return int(self.file.execute("PRAGMA data_version").fetchone()[0])


@dataclass
class PostgresCopy:
    """A copy of the rows of a PostgreSQL database, kept inside of it."""

    server: Server
    name: str

    @cached_property
    def lent(self) -> Lent:
        return Lent(self.server, self.name)

    def keep(self) -> None:
        keep_rows(self.server, self.name)

    def put_back(self) -> None:
        assert self.lent.put_back()

    def forget(self) -> None:
        """Let go of the database."""
        self.lent.close()


def _digest(rows: sqlite3.Cursor) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row).encode())
    return digest.hexdigest()


# --- making it -------------------------------------------------------------------------------


def make_world(folder: Path, *, server: Server | None = None, name: str = "") -> World:
    """Found the company, open cases in every state, and sign everyone in.

    In the peopled database `name` of a PostgreSQL server where one is given, else in a SQLite file.
    """
    path, people = folder / "holdfast.db", People()
    url = server.url(name) if server else f"sqlite:///{path}"
    if server is None:
        lay_schema(url, settle)
    kind = "postgresql" if server else "sqlite"
    founded = found(kind, url, url, folder, people)
    holdfast = composed(folder, url)
    company = Company(holdfast, people, MORNING, dict(founded.places))
    copy = PostgresCopy(server, str(make_url(url).database)) if server else SqliteCopy(path)
    world = World(company, create_app(holdfast), copy)
    with clock.at(MORNING):
        _lay_goods(world)
        _open_cases(world)
        _open_recall(world)
        _start_a_drill(world)
        _settle_people(world)
        _leave_trouble(world)
        _tell_others(world)
        _notify_a_consignee(world)
        _open_a_recall(world)
        company.at = MORNING + timedelta(minutes=5)
        for role in roles_of(people):
            _sign_in(world, role)
        _sign_in(world, None)
        _let_systems_in(world)
        _keep_drafts(world)
        _record_an_event(world)
        _open_sign_page(world)
        _open_pages_of_the_manager(world)
    world.keep()
    return world


def roles_of(people: People) -> dict[str, Person]:
    """Return the first person of every role."""
    first: dict[str, Person] = {}
    for person in people:
        first.setdefault(next(iter(person.roles)), person)
    return first


def _lay_goods(world: World) -> None:
    company = world.company
    lot_id = company.make_lot("S-0001", 40)
    company.make_devices("SENS-77", ["PMP-0001", "PMP-0002"])
    unit_id = company.reads(lambda db: db.scalars(select(Unit.id)).first())
    arrived = company.reads(
        lambda db: db.scalars(select(Event.id).where(Event.type == "received")).first()
    )
    world.always |= {"unit_id": unit_id, "lot_id": lot_id, "event_id": arrived}
    world.company.holdfast.keep_dictionary()
    world.always |= {"record_kind": "party", "record_id": 1, "version_id": 1}
    _name_a_contact(world)
    _save_a_report(world)


def _name_a_contact(world: World) -> None:
    """Say whom to reach at the first party, its id is 1."""
    company = world.company
    with company.holdfast.database.begin() as db:
        contacts.add_contact(
            db, 1, role="recall", name="R. Shaw", channel="email", address="recall@tarn.example",
            language="en", by=company.people.qa_manager, at=world.at,
        )  # fmt: skip


def _save_a_report(world: World) -> None:
    """Save a report of the engineer's that is shared and was mailed once."""
    company = world.company
    asked = Asked("stock", ("lot_no", "location", "quantity"))
    with company.holdfast.database.begin() as db:
        by = company.people.qa_engineer
        draft = reports.Draft("Stock", asked, is_shared=True)
        report_id = reports.save(db, draft, by=by, at=world.at).id
        reports.schedule(db, report_id, every="daily", format="csv", by=by, at=world.at)
    with clock.at(world.at + timedelta(days=1)):
        company.holdfast.send_reports()
    world.always |= {"report_id": report_id, "report_run_id": 1, "file_format": "csv"}


def _open_cases(world: World) -> None:
    company, people = world.company, world.company.people
    for role, person in roles_of(people).items():
        if role != "auditor":
            world.own[role] = company.report("S-0001", by=person, hold_now=False)

    def other(suspects: str = "S-0001") -> str:
        return company.report(suspects, by=people.second_qa_technician)

    other()
    triage = company.task("triage")
    with company.holdfast.database.begin() as db:
        document = documents.attach(
            db, stream=company.case.stream, name="photo.png", content=png(1),
            by=people.second_qa_technician, at=company.at,
        )  # fmt: skip
        review = company.holdfast.documents.put(png(9))
        sealing.keep_review(
            db, stream=company.case.stream, layout="disposition/disposition_record",
            record={"number": company.number, "title": "Disposition record", "language": "en"},
            review_sha256=review, by=people.second_qa_technician, at=company.at,
        )  # fmt: skip
    world.states["other"] = {
        "number": company.number, "instance_id": company.case.instance_id,
        "process": "nonconformance", "document_id": document.id, "sha256": review,
    }  # fmt: skip
    world.states["free"] = {"task_id": triage.id, "nonce": "none"}
    other()
    world.states["typed"] = {"task_id": company.task("triage").id}

    for state, engineer in (("claimed", people.second_qa_engineer), ("mine", people.qa_engineer)):
        other()
        task = company.task("triage")
        with company.holdfast.database.begin() as db:
            case_tasks.claim(db, task.id, by=engineer, at=company.at)
        world.states[state] = {"task_id": task.id}
    world.states["signing"] = dict(world.states["mine"])

    other()
    world.states["done"] = {"task_id": company.do("triage").id}
    answered = {"number": company.number, "answer_id": company.answer("triage").id}
    world.states["answered"] = answered
    other("PMP-0002")
    ended = company.do("triage", **SCREENED)
    company.do("confirm_screening")
    assert company.case.state == "closed"
    lab = costs.Given("test_lab", amount="120", currency="EUR", what="Seal test",
                      spent_on=f"{company.at:%Y-%m-%d}")  # fmt: skip
    with company.holdfast.database.begin() as db:
        cost_id = costs.record(
            db, company.number, lab, by=people.qa_engineer, at=company.at, key=company.new_key()
        ).id
    world.always["cost_id"] = cost_id
    world.states["closed"] = {"number": company.number, "document_id": document.id}
    world.states["answered_closed"] = {
        "number": company.number, "answer_id": company.answer("triage").id,
    }  # fmt: skip
    world.states["ended"] = {"task_id": ended.id}
    world.states["unknown"] = {
        "uuid": UUID(int=7), "capture_id": 999, "epcis_id": f"urn:uuid:{UUID(int=7)}",
        "number": "NC-1999-0001", "instance_id": 999, "process": "nonconformance",
        "document_id": 999, "sha256": "0" * 64, "task_id": UUID(int=7), "nonce": "none",
        "unit_id": 999, "lot_id": 999, "event_id": 999, "segment_id": 999, "container_id": 999,
        "flag_id": 999, "person_id": 999, "grant_id": 999, "line_id": 999,
        "review_id": 999, "definition_id": 999, "incident_id": 999, "job_id": 999,
        "outgoing_id": 999, "delegation_id": 999, "ended_id": 999, "name": "none.eml",
        "case_number": "NC-1999-0001", "answer_id": 999, "capacity": "quality",
        "report_id": 999, "report_run_id": 999,
        "batch_id": 999, "line": 2, "protected_id": 999, "token_id": 999, "record_id": 999,
        "legacy_id": 999, "version_id": 999, "cost_id": 999, "plan_id": 999,
        "obligation_id": 999,
    }  # fmt: skip
    world.states["first"] = {"record_id": 1}
    world.states["traced"] = _traced(company)
    world.states["unknown"] |= {"run_id": 999, "format": "csv", "kind": "unit", "id": 999,
        "other_id": 999}  # fmt: skip
    world.states["entity"] = {"name": "unit"}
    world.states["figure"] = {"code": "overdue_rate"}
    world.states["no_figure"] = {"code": "luck"}
    world.states["nowhere"] = {"name": "js/nowhere.js"}
    world.states["file"] = {"name": "js/keys.js"}


def _open_recall(world: World) -> None:
    """Take a recall to its decided jurisdictions, with one gate that is closed."""
    company = world.company
    company.make_devices("SENS-R", ["R-1", "R-2"])
    recalling.add_hospital(company, "TANNBACH", "DE")
    recalling.deliver(company, "TANNBACH", "R-1")
    number = recalling.to_decision(company, "SENS-R")
    recalling.decide_jurisdictions(company)
    closed = company.reads(lambda db: gates.is_closed(db, company.case, "DE", "notices"))
    owed = company.reads(lambda db: keeping.of_case(db, company.case))
    world.states["gated"] = {
        "number": number, "gate_id": closed.id, "obligation_id": owed[0].id,
    }  # fmt: skip
    ends = recalling.report_signal(company, "R-2")
    recalling.contain(company, "R-2")
    world.states["joinable"] = {"number": ends, "into": number}


def _start_a_drill(world: World) -> None:
    """Start a drill that people attend, just begun."""
    company = world.company
    raw = answering.report_of("SENS-R", at=company.at)
    with company.holdfast.database.begin() as db:
        case = starting.start(
            db, raw, by=company.people.qa_manager, at=company.at, key=company.new_key(),
            is_attended=True,
        )  # fmt: skip
        plan = planning.plan(
            db, scope="", every="monthly", owner_id=company.people.qa_manager.id, language="en",
            by=company.people.qa_manager, at=company.at,
        )  # fmt: skip
    world.states["practised"] = {"number": case.number}
    world.states["planned"] = {"plan_id": plan.id}


def _open_a_recall(world: World) -> None:
    """Open a recall of a pump at a hospital that never answers, with leave and a correction."""
    company = world.company
    company.make_devices("SENS-88", ["PMP-0088", "PMP-0089"], shipped=2)
    pump = company.unit("PMP-0088").id
    hospital = company.places["HOSP"]
    with company.holdfast.database.begin() as db:
        by = company.people.customer_service
        ship.deliver(db, location_id=hospital, units=[pump], by=by, at=company.at)
    recall = open_recall(company, "PMP-0088", "PMP-0089", number="RC-2026-0088")
    party_id = company.places["HOSP_party"]
    recall.tries(party_id, "no_answer", "no_answer", "no_answer")
    given = recall.does(
        authorising.issue, party_id, location_id=company.places["TARN"], instructions="",
        by="customer_service",
    )  # fmt: skip
    told = Correction(pump, "software", "Loaded.", "4.2.0")
    made = recall.does(correcting.record, told, by="field_service")
    world.states["recalled"] = {
        "number": recall.number, "party_id": party_id, "authorisation": given.number,
        "correction_id": made.id,
    }  # fmt: skip
    world.states["unknown"] |= {"party_id": 999, "authorisation": "RMA-1999-1",
                                "correction_id": 999}  # fmt: skip


def _settle_people(world: World) -> None:
    company, people = world.company, world.company.people
    someone = people.second_inspector
    with company.holdfast.database.begin() as db:
        held = db.scalars(select(RoleGrant.id).where(RoleGrant.person_id == someone.id)).one()
        waiting = grants.grant_role(
            db, someone.id, "mrb_quality", by=people.administrator, at=company.at
        )
        review = reviews.open_review(db, by=people.qa_manager, at=company.at)
        lines = db.scalars(
            select(AccessReviewLine).where(AccessReviewLine.review_id == review.id)
        ).all()
        line = next(line for line in lines if line.person_id == someone.id)
        lent = delegations.delegate(
            db, principal_id=people.warehouse.id, delegate_id=people.second_qa_technician.id,
            role="warehouse", starts_at=company.at, ends_at=company.at + timedelta(days=3),
            reason="On leave.", by=people.warehouse, at=company.at,
        )  # fmt: skip
        world.always |= {
            "person_id": someone.id, "line_id": line.id, "review_id": review.id,
            "delegation_id": lent.id,
        }  # fmt: skip
        world.states["held"] = {"grant_id": held}
        world.states["waiting"] = {"grant_id": waiting.id}


def _let_systems_in(world: World) -> None:
    company, people = world.company, world.company.people
    with company.holdfast.database.begin() as db:
        here: dict[str, Any] = {"at": company.at, "expires_at": company.at + timedelta(days=30)}
        erp = service_accounts.open_service_account(
            db, "erp", "ERP", purpose="Orders.", responsible_id=people.warehouse.id,
            by=people.administrator, at=company.at,
        )  # fmt: skip
        made = tokens.make_token(
            db, people.qa_engineer.id, name="Mine", scopes=["units.read"], by=people.qa_engineer,
            **here,
        )  # fmt: skip
    world.states["system"] = {"person_id": erp.person_id}
    world.states["engineers_token"] = {"token_id": made.row.id}


def _leave_trouble(world: World) -> None:
    """Leave behind an incident, a job and a mail that were given up."""
    company, at = world.company, world.company.at
    instance = world.states["other"]["instance_id"]
    failure = StepFailed(
        process="nonconformance", element_id="triage", attempt="take_up_reports",
        arguments={"parent_id": instance}, instance_id=None, by_id=None, at=at,
        cause=ValueError("A line was lost."),
    )  # fmt: skip
    incident = record_incident(company.holdfast.database, failure)
    company.holdfast.deliver()
    with company.holdfast.database.begin() as db:
        job = jobs.ask(db, "lost-job", name="seal_document", body={}, at=at)
        body = {"number": "NC-2026-0001"}
        mail = outbox.say(
            db, "lost-mail", receiver="gone@holdfast.example", language="en",
            layout="nonconformance/none", body=body, at=at,
        )  # fmt: skip
        db.get_one(Job, job.id).given_up_at = at
        db.get_one(Outgoing, mail.id).given_up_at = at
        world.always |= {
            "incident_id": incident, "job_id": job.id, "outgoing_id": mail.id,
            "definition_id": 1, "process": "nonconformance", "release": "0", "nonce": "none",
        }  # fmt: skip
    world.always |= {
        "name": mails(company.holdfast.settings.mail_folder)[0].name,
        "case_number": world.states["other"]["number"],
    }
    world.states["plain"] = {}
    document = {
        "@context": [documents_of_partners.CONTEXT], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2026-03-02T08:00:00Z",
        "epcisBody": {"eventList": []},
    }  # fmt: skip
    with company.holdfast.database.begin() as db:
        sent = capture.begin_capture(
            db, json.dumps(document).encode(), error_behaviour="proceed",
            by=company.people.warehouse, at=at,
        )  # fmt: skip
        world.states["captured"] = {"capture_id": sent.id}
    world.states["some_place"] = {"location_id": 1, "rest": "OWN/PMP-7/serial/PMP-0001"}


def _tell_others(world: World) -> None:
    """Leave a subscription, and a webhook of it that was tried and given up."""
    company, at, by = world.company, world.company.at, world.company.people.administrator
    with company.holdfast.database.begin() as db:
        made = subscriptions.subscribe(
            db, "ERP", "https://erp.example/holds", ["hold.placed"], by=by, at=at
        )
        subscription_id = made.subscription.id
        outgoing_id = subscriptions.send_test(db, subscription_id, by=by, at=at)
        attempt = WebhookAttempt(
            outgoing_id=outgoing_id, at=at, sha256=company.holdfast.documents.put(b"POST /"),
            status=500, answer="out of order", took_ms=7,
        )  # fmt: skip
        db.add(attempt)
        db.flush()
        db.get_one(Outgoing, outgoing_id).given_up_at = at
        site_id = db.scalars(select(Party.id).where(Party.kind.in_(doors.OURS))).first()
        assert site_id is not None
        door = doors.register(db, "WMS", site_id=site_id, by=by, at=at)
    made_list = denylist.make(company.holdfast.database, by=by, at=at)
    world.always |= {
        "subscription_id": subscription_id, "site_id": site_id, "door_id": door.id,
        "list_id": made_list.id, "kind": "jws",
    }  # fmt: skip
    world.states["door"] = {"name": "WMS"}
    with company.holdfast.database.begin() as db:
        source = sources.add_source(
            db, "ERP stock", system="erp", compares="stock", by=by, at=at,
            columns=sources.usual_columns("erp", "stock"),
        )  # fmt: skip
        runs.ask(db, source, b"MATNR,CHARG,LGORT,LABST\nX,Y,Z,1\n", "stock.csv", by=by, at=at)
    company.holdfast.run_jobs()
    world.always["source_id"] = source.id
    world.states["compared"] = {"name": "ERP stock"}
    with company.holdfast.database.begin() as db:
        bait = canary.Bait("P", "S", "W", unit_id=1, hold_id=1)
        run = canary.keep(db, bait, canary.Tried(201, "{}", 1), at=at)
        [form] = downtime.print_forms(db, "receiving", 1, language="en", by=by, at=at)
    world.always["run_id"] = run.id
    world.always["night_id"] = _night(company, at)
    world.states["downtime"] = {"number": form.number}
    world.states["dead_letter"] = {"outgoing_id": outgoing_id, "attempt_id": attempt.id}
    world.states["unknown"] |= {
        "subscription_id": 999, "attempt_id": 999, "door_id": 999, "list_id": 999, "source_id": 999,
        "run_id": 999, "night_id": 999,
    }  # fmt: skip


def _night(company: Company, at: datetime) -> int:
    """Leave a night that did not hold and that nobody has looked into; return its number."""
    with company.holdfast.database.begin() as db:
        night = nights.commit(db, wanted=4, at=at)
        nights.reveal(db, night, at=at)
        nights.end(db, night, at=at)
        night.outcome = "low"
        return night.id


def _notify_a_consignee(world: World) -> None:
    """Send a distributor the notice of a recall, as the room of notices does."""
    company, at = world.company, world.company.at
    with company.holdfast.database.begin() as db:
        case = case_tasks.case_numbered(db, world.states["gated"]["number"])
        notice = Notice(
            case_id=case.id, party_id=1, number=f"{case.number}/N-0001", country="DE",
            jurisdiction="DE", language="en", state="sent", is_distributor=True, opened_at=at,
            first_sent_at=at,
        )  # fmt: skip
        db.add(notice)
        db.flush()
        token = links.new_token()
        links.issue(db, notice.id, token, at=at)
        link_id = links.links_of(db, notice.id)[0].id
        answering = links.live(db, token, at=at)
        _, customer = links.of_customer(db, answering, "City Clinic", at=at)
        world.states["linked"] = {
            "token": token, "version": 1, "number": case.number, "place": 1, "link_id": link_id,
            "customer_id": customer.id,
        }  # fmt: skip
        world.states["written"] = _write_to(world, db, notice) | {
            "number": case.number, "place": 1,
        }  # fmt: skip
    world.states["unknown"] |= {
        "place": 999, "link_id": 999, "customer_id": 999, "letter": 9, "kind": "pdf",
        "text_id": 999, "run_id": 999, "what": "pause",
    }  # fmt: skip


def _write_to(world: World, db: Session, notice: Notice) -> Parts:
    """Keep a letter of a notice that was posted, of a text in force."""
    at, people = world.company.at, world.company.people
    text = NoticeText(
        case_id=notice.case_id, jurisdiction="DE", language="en", version=1, state="approved",
        words=letters.WORDS["en"], sha256="a" * 64, opened_at=at, approved_at=at, released_at=at,
    )  # fmt: skip
    db.add(text)
    db.flush()
    run = LetterRun(
        case_id=notice.case_id, kind="notice", text_id=text.id, total_count=1, asked_at=at,
        asked_by_id=people.regulatory_affairs.id,
    )  # fmt: skip
    db.add(run)
    db.flush()
    kept = world.company.holdfast.documents.put(b"%PDF-1.7")
    for number, sent_at in ((1, at), (2, None)):
        db.add(
            NoticeLetter(
                notice_id=notice.id,
                number=number,
                run_id=run.id,
                text_id=text.id,
                state="stored",
                pdf_sha256=kept,
                csv_sha256=kept,
                jws_sha256=kept,
                stored_at=at,
                channel="print",
                sent_at=sent_at,
            )
        )
    return {"text_id": text.id, "run_id": run.id, "letter": 1, "kind": "pdf", "what": "pause"}


def _traced(company: Company) -> Parts:
    """Return a trace that was kept and one that is worked on."""
    by, at = company.people.qa_engineer, company.at
    with company.holdfast.database.begin() as db:
        unit = db.scalars(select(Unit).order_by(Unit.id)).first()
        assert unit is not None
        term = {"unit": {"id": unit.id, "serial": unit.serial, "part": ""}}
        expression = {"any": [term], "text": unit.serial}
        run = tracing.start(db, expression, by=by, at=at, key="traced")
        body = {"expression": expression, "by": by.id, "units": 20_000, "quantity": "0"}
        job = jobs.ask(db, "trace:large", name="trace", body=body, at=at, total_count=2)
        job.due_at = at + timedelta(days=900)  # nobody takes it up while the matrix is asked
        return {"run_id": run.id, "job_id": job.id, "format": "csv",
            "kind": "unit", "id": unit.id, "unit_id": unit.id, "other_id": run.id}  # fmt: skip


def _sign_in(world: World, role: str | None) -> None:
    client = world.app.test_client()
    if role is not None:
        person = roles_of(world.company.people)[role]
        with world.company.holdfast.database.begin() as db:
            token, _ = sessions.open_session(db, person.id, address="", browser="here", at=world.at)
            _, other = sessions.open_session(
                db, person.id, address="", browser="elsewhere", at=world.at
            )
        world.session_ids[role] = other.id
        with client.session_transaction() as cookie:
            cookie.update({"_user_id": token, "_fresh": True})
    with clock.at(world.at):
        page = client.get("/keyboard").text
    name = role or "nobody"
    cookies = (client.get_cookie(key) for key in ("holdfast", "language"))
    world.cookies[name] = "; ".join(f"{one.key}={one.value}" for one in cookies if one)
    world.tokens[name] = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]  # type: ignore[index]  # a page without it fails here


def _keep_drafts(world: World) -> None:
    """Have everyone who works here type a draft at these tasks, theirs or not."""
    for state in ("typed", "mine", "claimed", "done", "ended"):
        for role in world.own:
            address = f"/tasks/{world.states[state]['task_id']}/draft"
            answer = world.ask("POST", address, role, data={"rationale": "The limit is"})
            assert answer.status_code == 200, (state, role)


def _record_an_event(world: World) -> None:
    """Record an event that feeds a recall, and open regulatory affairs' page to sign on it."""
    company, people = world.company, world.company.people
    given = Given(
        complaint_number="CMP-1", device_name="Pump", received_on=world.at.date(),
        what_happened="It stopped.", outcome="unknown", country="BR", aware_at=world.at,
        aware_by="Nina Berg", aware_how="by phone",
    )  # fmt: skip
    at, case = company.at, world.states["gated"]["number"]
    with company.holdfast.database.begin() as db:
        by = people.complaint_handler
        number = recording.record(db, given, by=by, at=at, key="an-event").number
        feeding.link(db, case, [number], by=by, at=at, key="its-link")
    event = {
        "number": number, "case": case, "code": "BR",
        "other_case": world.states["other"]["number"],
    }  # fmt: skip
    answers = {"answer.serious": "no", "decision": "no", "reason": "Nobody was harmed."}
    asked = world.ask(
        "POST", f"/reported-events/{number}/reportability/BR", "regulatory_affairs", data=answers
    )
    assert asked.status_code == 303, asked.text
    world.states["event"] = event
    _refuse_a_report(world, {**event, "code": "US"})
    world.states["deciding"] = {**event, "nonce": str(asked.location).rpartition("/")[2]}
    world.states["unknown"] |= {"case": "RC-1999-0001", "code": "BR", "other_case": "NC-1999-0001"}


def _refuse_a_report(world: World, event: Mapping[str, Any]) -> None:
    """Have regulatory affairs sign a no against its answers, and the manager's page open on it."""
    place = f"/reported-events/{event['number']}/reportability/US"
    no = {"answer.caused": "no", "answer.malfunction": "no", "answer.remedial": "no",
          "answer.judged_not": "no", "answer.erroneous": "no", "decision": "no",
          "reason": "Nobody was harmed."}  # fmt: skip
    _decide(world, place, no, "key-of-the-first")
    rows = "reported_event:" + event["number"]
    with world.company.holdfast.database.read() as db:
        sealed = documents.documents_of(db, rows)
        decided = decisions.standing(db, event["number"])["US"].id
    world.states["sealed"] = {**event, "document_id": sealed[0].id}
    against = {**no, "answer.caused": "yes", "replaces": decided}
    _decide(world, place, against, "key-of-the-no")
    with world.company.holdfast.database.read() as db:
        decision = decisions.standing(db, event["number"])["US"].id
    look = {"seen": decision, "decision": "yes", "reason": "The patient died of something else."}
    opened = world.ask("POST", f"{place}/second-look", "qa_manager", data=look)
    assert opened.status_code == 303, opened.text
    nonce = str(opened.location).rpartition("/")[2]
    world.states["looking"] = {**event, "decision": decision, "nonce": nonce}


def _decide(world: World, place: str, said: Mapping[str, Any], key: str) -> None:
    asked = world.ask("POST", place, "regulatory_affairs", data=said)
    assert asked.status_code == 303, asked.text
    signed = {**said, "user_name": "yan.zhao", "password": PASSWORD, "request_key": key}
    done = world.ask("POST", str(asked.location), "regulatory_affairs", data=signed)
    assert done.status_code == 303, done.text


def _open_sign_page(world: World) -> None:
    """Have the engineer open the page to sign the answers of a triage."""
    company = world.company
    engineer = company.people.qa_engineer
    task_id = world.states["signing"]["task_id"]
    with company.holdfast.database.read() as db:
        task = db.get_one(Task, task_id)
    answers = company.answers(task, engineer, **SCREENED)
    kept = world.ask("POST", f"/tasks/{task_id}/draft", "qa_engineer", data=flat(answers))
    assert kept.status_code == 200
    with company.holdfast.database.begin() as db:
        session = company.reads(lambda db: _session_here(db, engineer.id))
        opened = preparing.prepare(
            db, task_id, answers, by=engineer, session_id=str(session), at=world.at
        )
        assert opened is not None
        world.states["signing"]["nonce"] = opened.nonce


def _open_pages_of_the_manager(world: World) -> None:
    """Have the quality manager open a page to void, one to reopen, one to release a process."""
    company, at = world.company, world.at
    manager = company.people.qa_manager
    here: dict[str, Any] = {"by": manager, "at": at}
    _bring_over(company)
    with company.holdfast.database.begin() as db:
        here["session_id"] = str(_session_here(db, manager.id))
        for state, of, act, reason in (
            ("voiding", "other", VOID, "Reported by mistake."),
            ("reopening", "closed", REOPEN, "Two more samples failed."),
        ):
            number = world.states[of]["number"]
            opened = ending.open_signing(db, Ending(number, act, reason), **here)
            world.states[state] = {"number": number, "nonce": opened.nonce}
        known = Correcting(
            world.states["other"]["number"], datetime(2026, 1, 5, 8, tzinfo=UTC), "Nina Berg",
            "A slip.",
        )  # fmt: skip
        opened = aware.open_signing(db, known, **here)
        world.states["knowing"] = {"number": known.number, "nonce": opened.nonce}
        recall = world.states["gated"]
        for state, act in (("overriding", passing.OVERRIDE), ("opening_gate", passing.OPEN)):
            asked = Passing(recall["number"], recall["gate_id"], act, "Reported by mistake.")
            opened = passing.open_signing(db, asked, **here)
            world.states[state] = {**recall, "act": act, "nonce": opened.nonce}
        pair = world.states["joinable"]
        two = Joining(pair["number"], pair["into"], "merged", "Reported by mistake.")
        world.states["joining"] = {**pair, "nonce": joining.open_signing(db, two, **here).nonce}
        world.states["bringing"] = {
            "number": company.number,
            "nonce": migrating.open_signing(db, company.number, **here).nonce,
        }
        recalled = world.states["recalled"]
        asked = Closing(
            recalled["number"], recalled["party_id"], "unresolved", "Three calls, nobody answers."
        )
        opened = closing.open_signing(db, asked, **here)
        world.states["closing_open"] = {**recalled, "nonce": opened.nonce}
        draft = releases.install(db, "recount", by=company.people.administrator, at=at).id
        opened = releases.open_signing(db, draft, "quality", **here)
        world.states["draft"] = {
            "definition_id": draft, "capacity": "quality", "nonce": opened.nonce,
        }  # fmt: skip
    _propose_a_scope(world, here)
    _translate_letters(world, here)


def _translate_letters(world: World, here: dict[str, Any]) -> None:
    """Keep the sentences of letters in German, and open the manager's page to put them in force."""
    words = {key: one["en"] for key, one in layouts.letter_words().items()}
    by, at = world.company.people.customer_service, world.at
    with world.company.holdfast.database.begin() as db:
        wordings.write(db, "de", words, after=0, by=by, at=at, key="german-letters")
        opened = putting_in_force.open_signing(db, "de", 1, **here)
    world.states["translated"] = {"code": "de", "version": 1, "nonce": opened.nonce}


def _propose_a_scope(world: World, here: dict[str, Any]) -> None:
    """Propose two scopes of a recall, and open the manager's page to freeze the second."""
    company, at, number = world.company, world.at, "RC-2026-9001"
    by = company.people.qa_engineer
    with company.holdfast.database.begin() as db:
        case = Case(
            number=number, process="recall", title="Battery may overheat", language="en",
            opened_by_id=by.id, opened_at=at,
        )  # fmt: skip
        db.add(case)
        db.flush()
        for said in ("PMP-0001", "PMP-0002"):
            scopes.propose(db, case, said, reason="Supplier notice 12", by=by, at=at)
        opened = signed.open_signing(db, number, 2, **here)
    world.states["scoped"] = {"number": number, "scope": 1}
    world.states["scope_signing"] = {"number": number, "scope": 2, "nonce": opened.nonce}
    world.states["unknown"] |= {"scope": 999}


def _bring_over(company: Company) -> None:
    """Have the engineer bring another system's case to its segregation, for quality to sign."""
    engineer, at = company.people.qa_engineer, company.at
    company.report("S-0001", by=engineer, hold_now=False)
    with company.holdfast.database.begin() as db:
        there = LegacyCase(
            source="oldqms", number="QN-1", title="Open pouches", state="open",
            step="containment", opened_on=at.date(), at=at, by_id=engineer.id,
        )  # fmt: skip
        db.add(there)
        db.flush()
        migrating.begin(db, there.id, company.number, "confirm_segregation", by=engineer, at=at)
    company.do("triage", by=engineer)


def _session_here(db: Any, person_id: int) -> int:
    return int(
        db.scalars(
            select(WebSession.id).where(
                WebSession.person_id == person_id, WebSession.browser == "here"
            )
        ).one()
    )


def flat(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return plain answers as a page posts them."""
    return {
        name: {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        for name, value in answers.items()
    }
