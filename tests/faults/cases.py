"""Scenarios of a nonconformance: one command each, then all that the workers do after it.

Each starts where the story has come to, on a company of its own. What a person sends lies beside
the database (`act.json`), so that a restart sends the very same under the same key.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from engine import clock, leases
from engine.bpmn.models import Task
from engine.cases import commands
from engine.cases.signing import Signing
from engine.db import Database
from engine.people.passwords import Hashing
from tests.faults.harness import Scenario
from tests.faults.invariants import check_everything
from tests.processes.company import Company
from tests.processes.founding import release_processes
from tests.processes.goods import lay_places
from tests.support.personas import People
from webapp.compose import Holdfast, compose
from webapp.settings import Settings

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
AFTER_EVERY_LEASE = AT + leases.LEASE + timedelta(minutes=1)
KEY = "page-of-the-kill"


@dataclass(frozen=True)
class Told:
    """The application as composed, with the folder that travels with its database."""

    holdfast: Holdfast
    folder: Path

    @property
    def database(self) -> Database:
        return self.holdfast.database

    def close(self) -> None:
        self.database.close()


def open_company(url: str, folder: Path) -> Told:
    """Compose as in life; the mail server of the sweep knows each copy by its sender."""
    server = folder.parent / "smtp.json"
    smtp = json.loads(server.read_text()) if server.exists() else None
    settings = Settings(
        folder=folder,
        database_url=url,
        secret_key=b"k" * 32,
        company="Tarn Medical",
        smtp=smtp and smtp | {"HOLDFAST_SMTP_FROM": f"Tarn <{folder.name}@tarn.example>"},
        witness_folder=folder / "witness",
    )
    return Told(compose(settings, hashing=Hashing(memory_kib=8, passes=1, lanes=1)), folder)


def company_of(told: Told) -> Company:
    """Found the company: released processes, places, a lot and three devices to be suspected."""
    people = People()
    release_processes(told.holdfast, people)
    company = Company(told.holdfast, people, AT, lay_places(told.holdfast, at=AT))
    company.make_lot("S-0001", 40)
    company.make_devices("K-7", ["P-1", "P-2", "P-3"])
    return company


SUSPECTS = "S-0001 P-1 P-2"


def keep(told: Told, what: dict[str, Any]) -> None:
    """Keep what a person will send: a restart sends the very same."""
    (told.folder / "act.json").write_text(json.dumps(what))


def kept(told: Told) -> dict[str, Any]:
    """Return what a person sends."""
    return dict(json.loads((told.folder / "act.json").read_text()))


# --- what a story has come to ----------------------------------------------------------------


def before_report(told: Told) -> None:
    _founded = company_of(told)


def _to_the_board(told: Told) -> Company:
    company = company_of(told)
    company.to_disposition(SUSPECTS)
    lines = [
        company.line("scrap", lot="S-0001", quantity=30),
        company.line("scrap", "P-1", "P-2"),
        company.line("return_to_supplier", lot="S-0001", quantity=10),
    ]
    company.do("propose_disposition", lines={"lines": lines})
    company.do("approve_engineering")
    return company


def before_last_approval(told: Told) -> None:
    company = _to_the_board(told)
    ready(told, company, company.task("approve_quality"))


def _to_the_last_line(told: Told) -> Company:
    company = _to_the_board(told)
    company.do("approve_quality")
    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        for task in [one for one in company.open_tasks() if one.element_id == element]:
            company.do(element, task=task)
    return company


def before_last_line(told: Told) -> None:
    company = _to_the_last_line(told)
    ready(told, company, company.task("return_to_supplier"))


def before_close(told: Told) -> None:
    company = _to_the_last_line(told)
    company.do("return_to_supplier")
    company.seal_documents()
    ready(told, company, company.task("verify_and_close"))


def ready(told: Told, company: Company, task: Task, **own: Any) -> None:
    """Open the sign page of a task, and keep what its person will send."""
    person = getattr(company.people, task.role)
    answers = company.answers(task, person, **own)
    signing = company.open_signing(task, answers, by=person)
    with clock.at(AT):
        told.holdfast.deliver()  # the mail of the steps before is nobody's here
    what = {"task": str(task.id), "role": task.role, "answers": answers}
    keep(told, what | {"signing": asdict(signing) if signing else None})


# --- what is sent ----------------------------------------------------------------------------


def report(told: Told) -> None:
    people = People()
    raw = {
        "source": "warehouse",
        "defect_code": "packaging",
        "description": "Pouch seal is open on three of twenty samples.",
        "suspects": {"scanned": SUSPECTS},
        "hold_now": True,
        "aware_at": {"local": f"{AT:%Y-%m-%dT%H:%M}", "zone": "UTC"},
        "aware_by": "Ren Tao, incoming inspection",
    }
    with told.database.begin() as db:
        commands.report(db, raw, by=people.qa_technician, at=AT, key=KEY)


def complete(told: Told) -> None:
    what = kept(told)
    with told.database.begin() as db:
        commands.complete_task(
            db, UUID(what["task"]), what["answers"], by=getattr(People(), what["role"]), at=AT,
            key=KEY, signing=Signing(**what["signing"]) if what["signing"] else None,
        )  # fmt: skip


def nothing(_told: Told) -> None:
    """Nobody sends anything: only the workers are killed."""


# --- what the workers do ---------------------------------------------------------------------


def _working(*ticks: Callable[[Holdfast], None]) -> tuple[Callable[[Told], None], ...]:
    """Return the work at the moment itself, and when every lease has run out."""

    def at(moment: datetime) -> Callable[[Told], None]:
        def work(told: Told) -> None:
            with clock.at(moment):
                for tick in ticks:
                    tick(told.holdfast)

        return work

    return at(AT), at(AFTER_EVERY_LEASE)


def scenario_of(
    prepare: Callable[[Told], None],
    act: Callable[[Told], None],
    *ticks: Callable[[Holdfast], None],
) -> Scenario:
    work, recover = _working(*ticks)

    def check(told: Told) -> dict[str, Any]:
        # printing has a scenario of its own
        return check_everything(told.holdfast, is_sealed=Holdfast.run_jobs in ticks)

    return Scenario(open_company, prepare, act, work, recover, check)


UPKEEP = (Holdfast.fire_timers, Holdfast.take_up_reports, Holdfast.deliver)

REPORT = scenario_of(before_report, report, *UPKEEP)
LAST_APPROVAL = scenario_of(before_last_approval, complete, *UPKEEP)
LAST_LINE = scenario_of(before_last_line, complete, *UPKEEP)
CLOSE = scenario_of(before_close, complete, *UPKEEP)


def before_seal(told: Told) -> None:
    """A case is closed; its report is not printed and its checkpoint not witnessed."""
    before_close(told)
    complete(told)


SEAL = scenario_of(before_seal, nothing, Holdfast.run_jobs)


def before_mail(told: Told) -> None:
    """Two cases have told their people; nothing has been sent."""
    company = company_of(told)
    company.report("P-1")
    company.report("P-2")


MAIL = scenario_of(before_mail, nothing, Holdfast.deliver)
