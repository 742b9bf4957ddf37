"""Scheduled reports: run as their owner sees them, kept as files, told of by mail."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import outbox
from engine.db import Database
from engine.errors import EngineError
from engine.evidence import ledger
from engine.people.models import PersonAccount
from engine.people.person import Person
from engine.people.queries import account_of, person_of
from engine.serials.asking import answer
from engine.serials.dictionary import entity
from engine.serials.events import data_stream
from engine.serials.models.report import Report, ReportRun
from engine.serials.reports.files import Head, Say, file_of
from engine.serials.reports.saved import allowed, asked_by, next_due

log = logging.getLogger(__name__)
AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))  # then it is given up
MOST = 100_000  # rows of a file that is mailed; a larger answer is run on the page


class TooLong(EngineError):
    """This report has more than %(count)s rows. Narrow it, or run it on its page."""


class Failed(EngineError):
    """It failed %(tries)s times. Tell the administrator: the log of the server says why."""


@dataclass(frozen=True)
class Made:
    """What came of one due report, before anything of it is written."""

    run: ReportRun
    person: Person


def send_due(
    database: Database,
    *,
    keep: Callable[[bytes], str],
    say: Callable[[str], Say],
    company: str,
    mark: str | None,
    at: datetime,
) -> int:
    """Run every report that is due and mail its owner; return how many. One fails alone.

    One that fails is tried again, later each time, and after the last time its owner is told that
    there is no file; it goes on when it is next due. The file is made and kept before the
    transaction that names it; of two workers who made one, the second finds the report no longer
    due.
    """
    is_due = (Report.due_at <= at) & (Report.retry_at.is_(None) | (Report.retry_at <= at))
    with database.read() as db:
        due = db.scalars(select(Report).where(is_due).order_by(Report.due_at)).all()
    sent, failure = 0, None
    for report in due:
        head = Head(report.name, at, "", company, mark)
        try:
            made = _make(database, report, keep=keep, say=say, head=head)
            with database.begin() as db:
                sent += _tell(db, report, made, at=at)
        except Exception as error:  # the others are due too
            log.exception("report %s was not sent", report.id)
            failure = error
            sent += _put_off(database, report, say=say, at=at)
    if failure is not None:
        raise failure
    return sent


def _put_off(database: Database, seen: Report, *, say: Callable[[str], Say], at: datetime) -> int:
    """Have a report that failed tried again later, or give it up and tell its owner."""
    with database.begin() as db:
        report = db.get_one(Report, seen.id, with_for_update=True, populate_existing=True)
        if report.due_at != seen.due_at:
            return 0
        report.failed_count += 1
        if report.failed_count <= len(AGAIN_AFTER):
            report.retry_at = at + AGAIN_AFTER[report.failed_count - 1]
            return 0
        person = person_of(db, report.owner_id, at=at)
        run = _run_of(report, at=at)
        given_up = Failed(tries=report.failed_count)
        run.refused = say(person.language)(given_up.message) % given_up.facts
        return _tell(db, seen, Made(run, person), at=at)


def _run_of(report: Report, *, at: datetime) -> ReportRun:
    """Return what is kept of a run, before it is known what comes of it."""
    return ReportRun(
        report_id=report.id,
        due_at=report.due_at,
        at=at,
        owner_id=report.owner_id,
        entity=report.entity,
        paths=[],
        left_out=[],
        format=report.format,
        row_count=0,
    )


def _make(
    database: Database,
    report: Report,
    *,
    keep: Callable[[bytes], str],
    say: Callable[[str], Say],
    head: Head,
) -> Made:
    """Run one report as its owner; what they may not see any more is left out, or refuses it."""
    with database.read() as db:
        person = person_of(db, report.owner_id, at=head.at)
        head = replace(head, language=person.language)
        run = _run_of(report, at=head.at)
        try:
            seen = allowed(asked_by(report), person)
            found = answer(db, seen.asked, person=person, size=1, counted=MOST)
            if found.count > MOST:
                raise TooLong(count=MOST)
            head = replace(head, left_out=seen.left_out)
            pieces = file_of(
                db, seen.asked, str(report.format), person=person, head=head,
                say=say(person.language),
            )  # fmt: skip
            run.sha256 = keep(b"".join(pieces))
        except EngineError as refused:
            run.refused = say(person.language)(refused.message) % refused.facts
            return Made(run, person)
        run.row_count, run.left_out = found.count, list(seen.left_out)
        run.paths = list(seen.asked.paths)
        return Made(run, person)


def _tell(db: Session, seen: Report, made: Made, *, at: datetime) -> int:
    """Keep the run, put the mail in the outbox, and set when the next is due."""
    report = db.get_one(Report, seen.id, with_for_update=True, populate_existing=True)
    if report.due_at != seen.due_at or report.every is None:
        return 0  # another worker was quicker, or the owner changed the schedule

    account = account_of(db, report.owner_id)
    if not account.is_active:
        report.every = report.format = report.due_at = None
        db.flush()
        body = {"report": report.id, "name": report.name, "why": "the owner's account is disabled"}
        ledger.append(db, data_stream(db), "report_unscheduled", body, by=None, at=at)
        return 0

    run = made.run
    db.add(run)
    report.due_at = next_due(at, report.every, account.time_zone)
    report.failed_count, report.retry_at = 0, None
    db.flush()
    if account.email:
        outbox.say(
            db,
            f"report:{run.id}",
            receiver=account.email,
            language=account.language,
            layout="layouts/report_refused" if run.refused else "layouts/report_ready",
            body=_body(report, run, account),
            at=at,
        )
    return 1


def _body(report: Report, run: ReportRun, account: PersonAccount) -> dict[str, object]:
    about = {
        "printed_name": account.printed_name,
        "time_zone": account.time_zone,
        "ran_at": run.at.isoformat(),
        "report_name": report.name,
        "about": entity(report.entity).says(account.language),
    }
    if run.refused:
        return {**about, "why": run.refused, "path": f"/reports/{report.id}"}
    return {
        **about,
        "row_count": run.row_count,
        "format": run.format.upper(),
        "left_out": ", ".join(run.left_out),
        "path": f"/reports/runs/{run.id}",
    }
