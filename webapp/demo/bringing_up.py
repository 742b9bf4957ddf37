"""Bringing the demo company up, once: a second start finds it as it was left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import inspect, select

from engine import clock
from engine.db import Database
from engine.errors import Refused
from engine.evidence.store import write_durably
from engine.migrations import upgrade
from engine.people.models import PersonAccount
from engine.people.passwords import Hashing
from webapp.compose import Holdfast, compose
from webapp.demo import (
    catalogue as cat,
    customers,
    describing,
    exchanging,
    histories,
    life,
    masters,
    migrating,
    partners,
    people,
    pumps,
    recalls,
    sets,
    spending,
    systems,
    tracing,
    works,
)
from webapp.demo.deliveries import ON_THE_WAY, Orders, deliver, hospitals
from webapp.demo.histories import Told
from webapp.demo.people import ADMINISTRATOR
from webapp.demo.stage import Say, Stage
from webapp.demo.timeline import Telling, play
from webapp.demo.works import Size, Works
from webapp.settings import Settings

BEGUN, COMPLETE = "begun", "complete"
FOUNDED_BEFORE = timedelta(days=320)
GOODS_AFTER = timedelta(days=6)  # from the founding
LIFE_AFTER = timedelta(days=150)  # from the first goods: enough lies there by then
LAST_ORDERS = timedelta(days=72)  # before the present; then the cases begin
# cheap while it is brought up; everyone's is made anew at full cost when they first sign in
QUICK = Hashing(memory_kib=8, passes=1, lanes=1)


class NotTheDemo(Refused):
    """%(folder)s holds data of a real company. Choose another folder for the demo with --data."""


class Interrupted(Refused):
    """The demo in %(folder)s was interrupted while it grew. Remove that folder and start again."""


@dataclass(frozen=True)
class Scale:
    """How large a company is brought up."""

    size: Size
    orders: int
    pumps: tuple[int, int]  # fewest and most that an order asks for
    told: Sequence[Told]
    recalls: Sequence[Told] = ()


FULL = Scale(works.FULL, orders=96, pumps=(3, 9), told=histories.ALL, recalls=recalls.ALL)
FEW_CASES = Scale(works.SMALL, orders=4, pumps=(1, 2), told=histories.FEW)
NO_CASES = Scale(works.LEAST, orders=1, pumps=(1, 2), told=())


def bring_up(folder: Path, *, say: Say, scale: Scale = FULL) -> None:
    """Bring up the demo company in `folder` unless it is there, and say whom to sign in as.

    Refused where real data is. Takes under a minute the first time, then a second.
    """
    holdfast = opened(folder, say=say, scale=scale)
    holdfast.database.close()
    tell_people(say)
    if tokens := systems.told(folder):
        say("Its systems and a partner, with their tokens (docs/connect.md, docs/epcis.md):")
    for line in tokens:
        say(line)
    say("")
    say(f"Open {holdfast.settings.base_url} and sign in.")


def tell_people(say: Say) -> None:
    """Say who there is, what each does and how to sign in."""
    say("")
    say(f"{cat.COMPANY}: an invented company. Everyone's password: {people.PASSWORD}")
    for line in people.table():
        say(line)


def opened(folder: Path, *, say: Say, scale: Scale) -> Holdfast:
    """Return the composed demo company, brought up when it is not there yet."""
    present = clock.now()
    marker = folder / "demo"
    state = marker.read_text(encoding="utf-8").strip() if marker.exists() else None
    is_peopled = _is_peopled(Settings.read(folder))
    if is_peopled and state == COMPLETE:
        say(f"{cat.COMPANY} is here already, in {folder}.")
        return compose(Settings.read(folder))
    if is_peopled:
        raise NotTheDemo(folder=folder) if state is None else Interrupted(folder=folder)
    if state is None and (folder / "company").exists():
        raise NotTheDemo(folder=folder)

    for name, content in (
        ("demo", BEGUN),
        ("company", cat.COMPANY),
        ("mark", "DEMO"),
        ("webhook_hosts", exchanging.HOSTS),
        ("webhook_networks", exchanging.NETWORKS),
    ):
        write_durably(folder / name, content.encode())
    _live_through(Settings.read(folder), present, scale, say)
    write_durably(marker, COMPLETE.encode())
    return compose(Settings.read(folder))


def _is_peopled(settings: Settings) -> bool:
    """Say whether anybody is in the database; makes no keys and no tables."""
    database = Database(settings.database_url)
    try:
        with database.read() as db:
            if not inspect(db.connection()).has_table(PersonAccount.__tablename__):
                return False
            return db.scalars(select(PersonAccount.id).limit(1)).first() is not None
    finally:
        database.close()


# --- the company's life so far ---------------------------------------------------------------


def _live_through(settings: Settings, present: datetime, scale: Scale, say: Say) -> None:
    founded = present - FOUNDED_BEFORE
    with clock.at(founded):  # the keys are as old as the company
        holdfast = exchanging.answered(compose(settings, hashing=QUICK))
    try:
        upgrade(holdfast.database)
        with clock.at(founded):
            holdfast.keep_dictionary()
        say(f"Hiring {len(people.COLLEAGUES)} people …")
        people.hire(holdfast.database, at=founded)
        stage = Stage(holdfast, founded + timedelta(days=3), lambda line: None)
        stage.release_processes()
        say("Making pumps and infusion sets, and shipping them to hospitals …")
        _trade(stage, founded + GOODS_AFTER, present - LAST_ORDERS, scale)
        if scale.told:
            say(f"Working on {len(scale.told)} nonconformances …")
        _work(stage, present, scale, say)
    finally:
        holdfast.database.close()


def _trade(stage: Stage, begin: datetime, end: datetime, scale: Scale) -> None:
    """Make everything and ship the orders of the months before the cases."""
    with stage.holdfast.database.begin() as db:
        by = stage.who(ADMINISTRATOR.user_name)
        describing.lay_catalogue(db, by=by, at=stage.at)
        describing.lay_hospitals(db, by=by, at=stage.at)
        masters.agree(db, by=stage.who(masters.BUYER), at=stage.at)
        masters.authorise(db, by=stage.who(masters.REGULATORY), at=stage.at)
        stage.at = begin

        def working(user_name: str, at: datetime) -> Works:
            return Works(db, stage.who(user_name), at)

        shipping = working("marek.zielinski", begin)
        tellings = [
            pumps.make_pumps(working("lukas.fiedler", begin), scale.size),
            sets.make_sets(working("sun.guoqiang", begin), scale.size),
            _orders(shipping, begin + timedelta(days=35), end, scale),
        ]
        buying = working("oliver.grant", begin + LIFE_AFTER)
        life.lay_contacts(working(ADMINISTRATOR.user_name, begin))
        if end - begin > LIFE_AFTER:
            tellings.append(life.live(buying))
        if scale.told:
            rest = working("sun.guoqiang", begin + works.ACROSS)
            tellings.append(sets.make_the_rest(rest))
        if scale.recalls:
            tellings.append(customers.sell(working("huang.li", end - customers.BEFORE)))
        play(tellings)


def _orders(works: Works, begin: datetime, end: datetime, scale: Scale) -> Telling:
    orders = Orders(pumps=scale.pumps, sets=(3, 20))
    stores = hospitals(works)
    for number in range(scale.orders):
        works.at = begin + (end - begin) * number / scale.orders
        yield works.at
        consignment = orders.ship(works, next(stores))
        works.at += ON_THE_WAY
        yield works.at
        deliver(works, consignment)


def _later_orders(stage: Stage, present: datetime) -> Telling:
    """Ship sets each week while the cases run; what is held stays."""
    orders = Orders(pumps=(0, 0), sets=(2, 9), first_number=500)
    for weeks in range(10, 0, -1):
        yield present - timedelta(weeks=weeks) + timedelta(hours=20)
        with stage.holdfast.database.begin() as db:
            works = Works(db, stage.who("huang.li"), stage.at)
            consignment = orders.ship(works, next(islice(hospitals(works), weeks, None)))
        yield stage.at + ON_THE_WAY
        with stage.holdfast.database.begin() as db:
            deliver(Works(db, stage.who("huang.li"), stage.at), consignment)


def _work(stage: Stage, present: datetime, scale: Scale, say: Say) -> None:
    """Let every case happen, with the scheduler running, up to the present."""
    tellings = [told(stage, present) for told in scale.told]
    tellings += [told(stage, present) for told in scale.recalls]
    if scale.told:
        tellings += [
            histories.recounts(stage, present),
            masters.keep(stage, present),
            _later_orders(stage, present),
            partners.tell(stage, present),
            _leave(stage, present),
            tracing.traces(stage, present),
            migrating.migration(stage, present),
            migrating.goes_on(stage, present),
            spending.spent(stage, present),
            exchanging.systems(stage, present),
        ]
    stage.say = say

    def now(moment: datetime) -> None:
        stage.at = moment

    play(tellings, until=present, before_each=now, after_each=lambda moment: stage.run_due())
    stage.at = present
    stage.run_due()
    systems.let_in(stage)
    with clock.at(present):
        stage.holdfast.checkpoint()


def _leave(stage: Stage, present: datetime) -> Telling:
    yield present - timedelta(days=4)
    people.lend(stage.holdfast.database, at=stage.at)
