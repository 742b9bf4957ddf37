"""Ending one recall in another, and closing one: what is signed, and carrying it out.

    python bench/join_recalls.py [sqlite:///FILE | postgresql+psycopg://…] [--devices 50000]

Two recalls on one genealogy: the one that ends affects every device, the one that goes on a tenth,
so that freezing both as one holds nine tenths, and everything is handed over and let go. The one
that goes on is then closed, all of it accounted for. Beside it the freezing of the scope that ends.
CPU of this process, of PostgreSQL the backend's beside it; memory is the most this process held.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

from bench import _databases
from bench._company import PEOPLE
from bench._cpu import head, peak, timed
from bench._genealogy import Made, load, plan
from engine import jobs
from engine.bpmn import runtime
from engine.bpmn.models import Instance
from engine.bpmn.step import Step
from engine.cases import balance, closing, lying, scopes
from engine.cases.models import Case
from engine.cases.recalls import joining
from engine.cases.recalls.joining import Joining
from engine.cases.records import closing_rows
from engine.cases.signing import Signing
from engine.clock import now
from engine.evidence import ceremony
from engine.migrations import load_models
from engine.serials import trace
from engine.serials.trace import Seeds
from tests.processes.founding import composed, release_processes
from tests.support.personas import PASSWORD, settle
from tests.support.schema import lay_rows
from webapp.compose import Holdfast

BY = PEOPLE.qa_manager
ASKED = Joining("RC-2026-0001", "RC-2026-0002", "merged", "One cause.")


def main() -> None:
    """Load, join, close, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("url", nargs="?")
    asked.add_argument("--devices", type=int, default=50_000)
    options = asked.parse_args()
    load_models()
    for url in _databases.asked_or_both(options.url):
        run(url, options.devices)


def run(url: str, devices: int) -> None:
    """Load one database, and end both recalls."""
    made = plan(devices)
    load(url, made).close()
    lay_rows(url, settle)
    with tempfile.TemporaryDirectory() as folder:
        holdfast = composed(Path(folder), url)
        release_processes(holdfast, PEOPLE)
        head(url, devices)
        contain(holdfast, ASKED.into, made, made.near(devices // 10))
        contain(holdfast, ASKED.number, made, made.everything)
        join(holdfast)
        close(holdfast)
        print(f"most memory of this process: {peak():.0f} MB")
        holdfast.database.close()


def contain(holdfast: Holdfast, number: str, made: Made, lot: int) -> None:
    """Open a recall and freeze what a lot is in."""
    with holdfast.database.begin() as db:
        case = Case(
            number=number, process="recall", title="Bench", language="en", opened_by_id=BY.id,
            opened_at=now(),
        )  # fmt: skip
        db.add(case)
        db.flush()
        root = runtime.start(db, "recall", business_key=number, variables={}, by=BY, at=now())
        case.instance_id = root.id
        term = {"lot": {"id": lot, "number": f"H-{lot}", "part": ""}}
        found = timed(db, f"traced, {made.reach[lot]:,} affected", lambda: trace.run(
            db, Seeds(lots=frozenset({lot})), expression={"any": [term], "text": f"H-{lot}"},
            by=BY, at=now()))  # fmt: skip
        version = scopes.propose_run(db, case, found, reason="bench", by=BY, at=now())
        timed(db, "frozen", lambda: scopes.freeze(
            db, case, version, by=BY, at=now(), is_provisional=False))  # fmt: skip


def join(holdfast: Holdfast) -> None:
    """Sign that the one ends in the other, and let the jobs do what is left."""
    with holdfast.database.begin() as db:
        opened = timed(db, "drawn up to be signed", lambda: joining.open_signing(
            db, ASKED, by=BY, session_id="bench", at=now()))  # fmt: skip
        named = BY.user_name if ceremony.needs_user_name(db, "bench", now()) else None
    signing = Signing(opened.nonce, PASSWORD, "bench", named)
    with holdfast.database.begin() as db:
        timed(db, "signed", lambda: joining.join(
            db, ASKED, signing, by=BY, at=now(), key="bench"))  # fmt: skip
    by_jobs(holdfast, "JOINED", joining.VERB, joining.carry_out)


def by_jobs(
    holdfast: Holdfast, what: str, name: str, verb: Callable[[Session, jobs.Job], object]
) -> None:
    """Do what was left to a job, part by part, each in a transaction of its own; few leave none."""
    outcome: object = jobs.More(0, {})
    while isinstance(outcome, jobs.More):
        with holdfast.database.begin() as db:
            job = db.scalars(select(jobs.Job).where(jobs.Job.name == name)).one_or_none()
            if job is None:
                return
            part = f"{what}, part {job.done_count}"
            outcome = timed(db, part, lambda job=job, db=db: verb(db, job))
            if isinstance(outcome, jobs.More):
                job.done_count, job.body = outcome.done_count, outcome.body
            else:
                assert "refused" not in outcome, outcome


def close(holdfast: Holdfast) -> None:
    """Account for everything in the recall that goes on, and close it."""
    with holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == ASKED.into)).one()
        lying_there = select(balance.lying_in(case.id).subquery())
        timed(db, "all accounted for", lambda: balance.post_set(
            db, case, lying_there, to="unresolved", evidence="bench", by=BY, at=now()))  # fmt: skip
        assert lying.agree(db, case.id)
    with holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == ASKED.into)).one()
        step = Step(
            db, db.get_one(Instance, case.instance_id), "close_recall", {}, BY, now(),
            open_children=lambda *_: None,  # type: ignore[arg-type]  # not used
        )  # fmt: skip
        timed(db, "closed", lambda: closing.close(step, case))
        timed(db, "rows of the closure record", lambda: closing_rows.attach(
            db, case, by=BY, at=now()))  # fmt: skip
    by_jobs(holdfast, "HOLDS RELEASED", closing.VERB, closing.release_holds)


if __name__ == "__main__":
    main()
