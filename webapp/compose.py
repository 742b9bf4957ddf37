"""The one composition root: what is handed to whom. Web, worker and command line start here."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine import clock, jobs
from engine.actions.lookup import verb
from engine.bpmn import timers
from engine.bpmn.step import Action
from engine.cases import closing, doors, mails, sealing as papers, segregation, upkeep, uploads
from engine.cases.drills import apart as drills, attending, interrupted, planned
from engine.cases.following import follow, lock_cases
from engine.cases.notices import opening, printing, sent
from engine.cases.obligations import keeping
from engine.cases.recalls import joining, taking_over
from engine.cases.replies import drafts
from engine.cases.reporting import schedule
from engine.cases.scopes import apart, signed
from engine.cases.tasks import printed_name
from engine.db import Database
from engine.evidence import checkpoints, ledger, sealing
from engine.evidence.seal import Seal
from engine.evidence.store import DocumentStore
from engine.people import viewing
from engine.people.passwords import Hashing
from engine.serials import gaps, tracing
from engine.serials.dictionary import versions
from engine.serials.epcis import capture
from engine.serials.exchange import denylist, runs
from engine.serials.exchange.announce import announce_events
from engine.serials.exchange.box import Box
from engine.serials.intake import working
from engine.serials.night import running as nights
from engine.serials.reports import due
from forms.words import messages_in
from notifications.channels import Channel, OwnForm
from notifications.channels.folder import FolderChannel
from notifications.channels.smtp import from_environment
from notifications.channels.webhook import WebhookChannel
from notifications.deliver import deliver_due
from notifications.scheduler import Scheduler, Tick
from webapp.settings import Settings

JOB_VERBS: Mapping[str, jobs.Verb] = MappingProxyType(
    {
        "seal_document": sealing.seal_document,
        "witness_checkpoint": checkpoints.witness_checkpoint,
        capture.VERB: capture.capture_epcis,
        tracing.VERB: tracing.carry_out,
        signed.VERB: signed.carry_out,
        gaps.VERB: gaps.look_for_gaps,
        nights.VERB: nights.trace_night,
        "check_import": working.check_import,
        "load_import": working.load_import,
        denylist.JOB: denylist.MakeDenyList(),
        runs.JOB: runs.Reconcile(),
        opening.VERB: opening.open_notices,
        closing.VERB: closing.release_holds,
        papers.VERB: papers.seal_large,
        joining.VERB: joining.carry_out,
        taking_over.VERB: taking_over.end_diagrams,
        printing.VERB: printing.PrintLetters(os.environ.get("HOLDFAST_DASK", "")),
    }
)


@dataclass(frozen=True)
class Holdfast:
    """The composed application: free of Flask, the same in web, worker and command line."""

    settings: Settings
    database: Database
    documents: DocumentStore
    channels: Mapping[str, Channel | OwnForm]

    def scheduler(self, more: Sequence[Tick] = ()) -> Scheduler:
        """Return the scheduler of this process; nothing ticks before it is started.

        `more` is what ticks beside: whatever needs the web, which is put together elsewhere.
        """
        second, minute = timedelta(seconds=1), timedelta(minutes=1)
        return Scheduler(
            self.database,
            [
                Tick("jobs", second, self.run_jobs),
                Tick("timers", second * 5, self.fire_timers),
                Tick("children", second, self.take_up_reports),
                Tick("mail", second * 2, self.deliver),
                Tick("webhooks", second * 2, self.deliver_webhooks),
                Tick("letters", second * 2, self.take_up_letters),
                Tick("deadlines", minute, self.tell_deadlines),
                Tick("doors", minute, self.tell_of_silent_doors),
                Tick("deny_list", minute, self.ask_for_deny_list),
                Tick("reconciliation", minute, self.compare_due),
                Tick("recounts", minute * 5, self.open_recounts),
                Tick("status_reports", minute * 5, self.open_status_reports),
                Tick("obligations", minute * 60, self.reckon_obligations),
                Tick("drills", minute, self.tend_drills),
                Tick("planned_drills", minute * 5, self.run_planned_drills),
                Tick("views", minute, self.close_views),
                Tick("reports", minute, self.send_reports),
                Tick("uploads", minute * 60, self.drop_abandoned_uploads),
                Tick("checkpoint", minute * 15, self.checkpoint),
                Tick("gaps", minute * 30, self.ask_for_gaps),
                Tick("nights", minute * 15, self.ask_for_night),
                *more,
            ],
        )

    def run_due(self) -> None:
        """Do everything that is due now, once: what the scheduler does, in one call."""
        self.fire_timers()
        self.take_up_reports()
        self.tell_deadlines()
        self.tell_of_silent_doors()
        self.open_recounts()
        self.open_status_reports()
        self.reckon_obligations()
        self.tend_drills()
        self.run_planned_drills()
        self.drop_abandoned_uploads()
        self.close_views()
        self.send_reports()
        self.run_jobs()
        self.deliver()
        self.take_up_letters()
        self.deliver_webhooks()

    def keep_dictionary(self) -> None:
        """Keep the data dictionary as a version where this release brought another one."""
        with self.database.begin() as db:
            versions.keep_version(db, at=clock.now())

    def run_jobs(self) -> None:
        """Do the long work that is due."""
        jobs.run_due_jobs(self.database, JOB_VERBS, at=clock.now(), now=clock.now)

    def ask_for_gaps(self) -> None:
        """Have the store looked through for gaps, once a day."""
        with self.database.begin() as db:
            gaps.ask_daily(db, at=clock.now())

    def ask_for_night(self) -> None:
        """Have lots and units traced at random, once a night."""
        with self.database.begin() as db:
            nights.ask_nightly(db, at=clock.now())

    def fire_timers(self) -> None:
        """Fire the timers of diagrams that are due."""
        timers.fire_due(self.database, at=clock.now())

    def take_up_reports(self) -> None:
        """Let parents count in the children that have ended."""
        upkeep.take_up_reports(self.database, at=clock.now())

    def deliver(self) -> None:
        """Send the mail that is due."""
        deliver_due(
            self.database,
            self.channels,
            keep=self.documents.put,
            at=clock.now(),
            site_url=self.settings.base_url,
            only=("mail",),
            stored=self.documents.open,
        )

    def take_up_letters(self) -> None:
        """Take up what the mail system said of letters to consignees."""
        sent.take_up(self.database, clock.now())

    def deliver_webhooks(self) -> None:
        """Send the webhooks that are due; one slow receiver holds up no mail."""
        deliver_due(
            self.database,
            self.channels,
            keep=self.documents.put,
            at=clock.now(),
            only=("webhook",),
        )

    def tell_deadlines(self) -> None:
        """Put mail about near and missed deadlines in the outbox."""
        with self.database.begin() as db:
            mails.tell_deadlines(db, at=clock.now())

    def tell_of_silent_doors(self) -> None:
        """Put mail about holds that no door knows of in the outbox."""
        with self.database.begin() as db:
            doors.tell_of_silence(db, at=clock.now())

    def ask_for_deny_list(self) -> None:
        """Ask for the next deny list when the newest is old enough."""
        with self.database.begin() as db:
            denylist.ask_if_due(db, at=clock.now())

    def compare_due(self) -> None:
        """Ask for the comparisons with other systems that are due."""
        runs.take_due(self.database, self.settings.folder / "incoming", at=clock.now())

    def open_recounts(self) -> None:
        """Ask for the recounts of held stock that are due."""
        upkeep.open_recounts(self.database, at=clock.now())

    def open_status_reports(self) -> None:
        """Ask for the status reports of recalls that are due."""
        schedule.open_due(self.database, at=clock.now())

    def reckon_obligations(self) -> None:
        """Bring what recalls owe to authorities up to date with the rules in force."""
        keeping.reckon_all(self.database, at=clock.now())

    def tend_drills(self) -> None:
        """Let hospitals answer in drills of people, score what was closed, end what was left."""
        attending.tend(self.database, at=clock.now())
        interrupted.end_interrupted(self.database, at=clock.now())

    def run_planned_drills(self) -> None:
        """Have robots carry out the drills that are planned for now, and tell who planned them."""
        planned.run_due(self.database)

    def drop_abandoned_uploads(self) -> None:
        """Drop the files of forms that were never accepted, and replies nobody sent."""
        uploads.drop_abandoned(self.database, at=clock.now())
        drafts.drop_abandoned(self.database, at=clock.now())

    def send_reports(self) -> None:
        """Run the reports that are due and mail their owners."""
        due.send_due(
            self.database,
            keep=self.documents.put,
            say=_words_in,
            company=self.settings.company,
            mark=self.settings.mark,
            at=clock.now(),
        )

    def close_views(self) -> None:
        """End the looks as another role whose session is over."""
        with self.database.begin() as db:
            viewing.close_ended(db, at=clock.now())

    def checkpoint(self) -> None:
        """Sign a checkpoint over the heads of the whole ledger."""
        with self.database.begin() as db:
            checkpoints.checkpoint(db, at=clock.now())


def compose(settings: Settings, *, hashing: Hashing | None = None) -> Holdfast:
    """Put the parts together for one installation; opens no connection."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    store = DocumentStore(settings.documents_folder)
    database = Database(settings.database_url, info=_info(settings, store, hashing))
    return Holdfast(
        settings=settings,
        database=database,
        documents=store,
        channels={"mail": _mail(settings), "webhook": WebhookChannel(database, settings.ways_out)},
    )


def _info(settings: Settings, store: DocumentStore, hashing: Hashing | None) -> dict[str, Any]:
    seal = Seal.made(settings.keys_folder, company=settings.company, at=clock.now())
    return {
        "actions": _action,
        "stays_inside": drills.stays_inside,
        "refuse_events": drills.refuse_events,
        "event_sinks": (follow, announce_events),
        "locked_first": (lock_cases,),
        "box": Box.of(settings.secret_key),
        "ways_out": settings.ways_out,
        "also_did": (segregation.answered, apart.changed),
        "on_task": mails.on_task,
        "send": mails.send,
        "printed_name": printed_name,
        "on_signing_locked": mails.signing_locked,
        "on_password_guessed": mails.password_guessed,
        "ledger": ledger.append,
        "documents": store,
        "seal": seal,
        "witness": settings.witness_folder,
        "deny_folder": settings.deny_folder,
        "job_verbs": JOB_VERBS,
        "hashing": hashing or Hashing(),
        "company": settings.company,
        "site_url": settings.base_url,
        "mark": settings.mark,
        "language": settings.language,
    }


@cache
def _words_in(language: str) -> Callable[[str], str]:
    """Return what turns the web's English into a language, for what is said outside of a page."""
    path = Path(__file__).parent / "translations" / language / "LC_MESSAGES" / "messages.po"
    words = messages_in(path, language) if path.exists() else {}
    return lambda text: words.get(text, text)


@cache
def _action(name: str) -> Action:
    return Action.of(verb(name))


def _mail(settings: Settings) -> Channel:
    server = from_environment(settings.smtp or {})
    if server is not None:
        return server
    sender = f"{settings.company} <holdfast@localhost>"
    return FolderChannel(sender=sender, folder=settings.folder / "mail")
