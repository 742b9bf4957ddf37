"""Two workers on one database: each timer, mail and job is done once."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from engine import clock
from engine.bpmn.models import Timer
from engine.evidence.ledger import LedgerEntry
from engine.jobs import Job
from engine.outbox import Outgoing
from tests.processes.company import Company
from tests.processes.founding import composed
from tests.stress.crowd import at_once, check_consistent
from webapp.compose import Holdfast

pytestmark = pytest.mark.stress

CASES = 4


@dataclass
class Postman:
    """Takes every message and remembers which it took, and how often."""

    sender: str = "Tarn Medical <quality@tarn.example>"
    taken: list[bytes] = field(default_factory=list)

    def deliver(self, data: bytes, *, receiver: str) -> str:
        self.taken.append(data)
        return f"250 {receiver}"


def test_two_workers_fire_send_and_seal_everything_once(company: Company) -> None:
    for number in range(CASES):
        company.make_lot(f"S-{number}", 10)
        company.report(f"S-{number}")
        company.do("triage")
    assert len(company.reads(lambda db: db.scalars(select(Timer)).all())) == CASES
    company.do("confirm_segregation")
    company.do("investigate")
    company.propose(company.line("scrap", lot=f"S-{CASES - 1}", quantity=10))
    company.at += timedelta(hours=9)
    settings, postman = company.holdfast.settings, Postman()
    workers = [
        replace(composed(settings.folder, settings.database_url), channels={"mail": postman})
        for _ in range(2)
    ]

    def work(worker: Holdfast) -> None:
        with clock.at(company.at):
            for _ in range(3):
                worker.run_due()

    at_once([partial(work, worker) for worker in workers])
    for worker in workers:
        worker.database.close()

    said = company.reads(lambda db: db.scalars(select(Outgoing)).all())
    assert all(one.sent_at for one in said)
    assert Counter(Counter(postman.taken).values()) == {1: len(said)}
    late = [one for one in said if one.layout.endswith("escalate_segregation")]
    assert Counter(one.body["case_number"] for one in late) == {
        f"NC-2026-{number:04d}": 2 for number in range(1, CASES)
    }
    assert (
        company.reads(lambda db: [job.key for job in db.scalars(select(Job)) if not job.done_at])
        == []
    )
    sealed = company.reads(
        lambda db: db.scalars(
            select(LedgerEntry).where(LedgerEntry.action == "document_sealed")
        ).all()
    )
    assert len(sealed) == 1
    company.reads(check_consistent)
