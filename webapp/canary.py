"""The hold canary at the real door: the ship command of the interface, asked with a real token."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy.orm import Session

from engine.clock import now
from engine.db import Database
from engine.errors import Refused
from engine.people import Person, grants, people_with_role, service_accounts, tokens
from engine.serials.exchange import canary
from engine.serials.exchange.canary import Bait, Tried
from engine.serials.exchange.undone import undone
from engine.serials.models import CanaryRun
from webapp.compose import Holdfast
from webapp.create_app import create_app

DOOR = "/api/v1/events/shipped"
ANSWERING = ("administrator", "qa_manager")
MakeApp = Callable[[Holdfast], Flask]
log = logging.getLogger(__name__)


class NobodyHere(Refused):
    """There is nobody here yet, so no door can be tried. Open the first accounts."""


def run_if_due(holdfast: Holdfast) -> None:
    """Try the door when the last try is old enough; another process may have been first."""
    with holdfast.database.read() as db:
        is_due = canary.is_due(db, at=now())
    if is_due:
        run(holdfast, at=now())


def run(holdfast: Holdfast, *, at: datetime, make_app: MakeApp = create_app) -> CanaryRun:
    """Try to ship a held unit of our own now, undo it, and keep what the door answered."""
    bait: Bait | None = None
    begun = time.monotonic()
    try:
        with undone(holdfast.database) as (database, connection):
            app = make_app(replace(holdfast, database=database))
            connection.begin()
            with database.begin() as db:
                token = _token(db, at=at)
                bait = canary.lay(db, at=at)
            begun = time.monotonic()
            tried = _ask(app, bait, token, begun)
    except Exception as error:  # a canary that cannot be sent is a result, and told
        log.exception("the hold canary could not try the door")
        tried = Tried(None, f"{type(error).__name__}: {error}", _ms(begun))
        bait = None
    with holdfast.database.begin() as db:
        return canary.keep(db, bait, tried, at=at)


def watch(database: Database) -> None:
    """Tell quality when the canary has been silent for too long."""
    with database.begin() as db:
        canary.watch(db, at=now())


def _token(db: Session, *, at: datetime) -> str:
    """Make a service account of a warehouse with a token, as any system at a door has one."""
    managers = [one for role in ANSWERING for one in people_with_role(db, role, at=at)]
    if not managers:
        raise NobodyHere
    answers_for_it = managers[0]
    by = Person(answers_for_it.id, canary.NAME, canary.NAME, frozenset({"administrator"}))
    account = service_accounts.open_service_account(
        db,
        "holdfast-canary",
        canary.NAME,
        purpose=canary.NAME,
        responsible_id=answers_for_it.id,
        by=by,
        at=at,
    )
    grants.grant_role(db, account.person_id, "warehouse", by=None, at=at)
    made = tokens.make_token(
        db,
        account.person_id,
        name=canary.NAME,
        scopes=["events.write"],
        expires_at=at + timedelta(hours=1),
        by=by,
        at=at,
    )
    return made.token


def _ask(app: Flask, bait: Bait, token: str, begun: float) -> Tried:
    answer = app.test_client().post(
        DOOR,
        json={
            "units": [{"part_no": bait.part_no, "serial": bait.serial}],
            "location": bait.place,
        },
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": bait.serial},
    )
    return Tried(answer.status_code, answer.get_data(as_text=True), _ms(begun))


def _ms(begun: float) -> int:
    return round(1000 * (time.monotonic() - begun))
