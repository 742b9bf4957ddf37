"""The other systems of the demo: who is told, what differs, what was done on paper."""

import csv
import io
import os
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import SplitResult

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.serials.backward import Made, composition
from engine.serials.exchange import (
    canary as watching,
    denylist,
    doors,
    downtime,
    resolving,
    runs,
    sources,
    subscriptions,
)
from engine.serials.exchange.canary import Tried
from engine.serials.exchange.downtime import LateEntry
from engine.serials.models import (
    Hold,
    Location,
    Lot,
    LotStock,
    Part,
    ReconciliationDifference,
    Unit,
)
from engine.serials.models.axes import IN_OUR_HANDS
from notifications.channels.webhook import Answer, WebhookChannel
from webapp import canary
from webapp.compose import Holdfast
from webapp.demo import catalogue as cat
from webapp.demo.people import ADMINISTRATOR, QUALITY
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

# nobody listens there once the company is up: what is sent then waits
HOSTS, NETWORKS = "localhost", "127.0.0.0/8, ::1/128"
ADDRESS = "https://localhost:9443/holdfast"
HOURS = timedelta(hours=1)
DOORS = (("WMS Jena", "Fenwarden Infusion GmbH"), ("WMS Suzhou", None))
MAREK = "marek.zielinski"
BUILT = 6  # pumps whose as-built records the MES sends


class Answered(WebhookChannel):
    """Receivers that take everything, while the company lives through its past."""

    def _post(self, parts: SplitResult, data: bytes) -> Answer:
        return Answer(204, "")


def answered(holdfast: Holdfast) -> Holdfast:
    """Return the company with receivers that answer."""
    taken = Answered(holdfast.database, holdfast.settings.ways_out)
    return replace(holdfast, channels={**holdfast.channels, "webhook": taken})


def systems(stage: Stage, present: datetime) -> Telling:
    """Connect the systems in the last four days, and let each have its trouble."""
    yield present - timedelta(days=4)
    _connect(stage)
    yield present - timedelta(days=3)
    _leave_a_dead_letter(stage)
    yield present - timedelta(days=3) + HOURS
    _switch_on(stage)
    yield present - timedelta(days=2)
    _compare(stage, "stock-1.csv", wrong=4)
    _on_paper(stage)
    _not_tested(stage)
    yield present - timedelta(days=1)
    _settle_one(stage)
    _compare(stage, "stock-2.csv", wrong=3)
    _compare_built(stage)
    yield present - HOURS
    _acknowledge(stage)
    _take_the_files_of_the_night(stage)
    holdfast = stage.holdfast
    folder = holdfast.settings.deny_folder
    denylist.make(holdfast.database, by=None, at=stage.at, folder=folder)
    for minutes in (50, 35):
        at = present - timedelta(minutes=minutes)
        with clock.at(at):
            canary.run(holdfast, at=at)


def _connect(stage: Stage) -> None:
    by, at = stage.who(ADMINISTRATOR.user_name), stage.at
    with stage.holdfast.database.begin() as db:
        for name, events in (
            ("ERP", ["hold.placed", "hold.released", "unit.scrapped", "case.closed"]),
            ("WMS 苏州 Suzhou", ["hold.placed", "hold.released"]),
        ):
            subscriptions.subscribe(db, name, ADDRESS, events, by=by, at=at)
        for (name, _), site in zip(DOORS, doors.sites(db), strict=False):
            doors.register(db, name, site_id=site.id, by=by, at=at)
        sources.add_source(
            db,
            "ERP Jena · stock",
            system="erp",
            compares="stock",
            columns=sources.usual_columns("erp", "stock"),
            site_id=db.scalars(select(Location.party_id).where(Location.code == cat.STORES)).one(),
            folder="erp-jena",
            hour=2,
            by=stage.who(QUALITY.user_name),
            at=at,
        )


def _leave_a_dead_letter(stage: Stage) -> None:
    by, at = stage.who(ADMINISTRATOR.user_name), stage.at
    with stage.holdfast.database.begin() as db:
        subscriptions.send_test(db, 1, by=by, at=at)
        subscriptions.switch_off(
            db, 1, reason="The ERP moves to another host tonight.", by=by, at=at
        )


def _switch_on(stage: Stage) -> None:
    with stage.holdfast.database.begin() as db:
        subscriptions.switch_on(db, 1, by=stage.who(ADMINISTRATOR.user_name), at=stage.at)


def _compare(stage: Stage, name: str, *, wrong: int) -> None:
    """Compare with what the ERP of Jena says, some lots of which it has otherwise."""
    with stage.holdfast.database.begin() as db:
        source = sources.source_of(db, 1)
        runs.ask(db, source, _erp(db, wrong), name, by=None, at=stage.at)
    with clock.at(stage.at):
        stage.holdfast.run_jobs()


def _erp(db: Session, wrong: int) -> bytes:
    source = sources.source_of(db, 1)
    rows: dict[tuple[str, str, str], Decimal] = {}
    for part_no, lot_no, place, quantity in db.execute(
        select(Part.part_no, Lot.lot_no, Location.code, LotStock.quantity)
        .join(Lot, Lot.id == LotStock.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .join(Location, Location.id == LotStock.location_id)
        .where(LotStock.custody.in_(IN_OUR_HANDS), Location.party_id == source.site_id)
        .order_by(Part.part_no, Lot.lot_no, Location.code)
    ):
        key = part_no, lot_no, place
        rows[key] = rows.get(key, Decimal(0)) + quantity
    written = io.StringIO(newline="")
    table = csv.writer(written, delimiter=";")
    table.writerow(source.columns.values())
    for number, ((part_no, lot_no, place), quantity) in enumerate(rows.items()):
        said = quantity + (number % 7 + 1 if number < wrong - 1 else 0)
        if number != wrong:  # one that the ERP does not have
            table.writerow([part_no, lot_no, place, f"{said:f}"])
    table.writerow([next(iter(rows))[0], "ERP-ONLY-1", cat.STORES, "12"])
    return written.getvalue().encode()


def _compare_built(stage: Stage) -> None:
    """Compare the newest pumps with the MES, which has another lot in one of them."""
    with stage.holdfast.database.begin() as db:
        source = sources.add_source(
            db,
            "MES Jena · as-built",
            system="mes",
            compares="as_built",
            columns=sources.usual_columns("mes", "as_built"),
            folder="mes-jena",
            hour=3,
            by=stage.who(QUALITY.user_name),
            at=stage.at,
        )
        content = _built(db, list(source.columns.values()))
        runs.ask(db, source, content, "built.csv", by=None, at=stage.at)
    with clock.at(stage.at):
        stage.holdfast.run_jobs()


def _take_the_files_of_the_night(stage: Stage) -> None:
    """Let both systems leave their file, so that nothing is missing when the company is opened."""
    incoming = stage.holdfast.settings.folder / "incoming"
    with stage.holdfast.database.read() as db:
        built = list(sources.source_of(db, 2).columns.values())
        files = {"erp-jena/stock.csv": _erp(db, 3), "mes-jena/built.csv": _built(db, built)}
    for name, content in files.items():
        path = incoming / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        left_at = (stage.at - HOURS).timestamp()
        os.utime(path, (left_at, left_at))
    runs.take_due(stage.holdfast.database, incoming, at=stage.at)
    with clock.at(stage.at):
        stage.holdfast.run_jobs()


def _built(db: Session, header: list[str]) -> bytes:
    pumps = db.execute(
        select(Unit.id, Unit.serial)
        .join(Part, Part.id == Unit.part_id)
        .where(Part.part_no == cat.V3, Unit.seg_id.is_not(None))
        .order_by(Unit.id.desc())
        .limit(BUILT)
    ).all()
    rows = [
        [cat.V3, serial, part.part_no, part.label]
        for unit_id, serial in pumps
        for part in _in_it(composition(db, unit_id=unit_id))
    ]
    lots = [row for row in rows if row[2] != rows[0][2]] or rows
    lots[-1][3] += "-B"  # what the MES has otherwise
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";").writerows([header, *rows])
    return written.getvalue().encode()


def _in_it(made: Made) -> list[Made]:
    now = [part for part in made.parts if part.how in ("installed_in", "used_in")]
    runs_of = [part for part in made.parts if part.how in ("made_in", "of_lot")]
    return now + [lot for run in runs_of for lot in run.parts if lot.kind == "lot"]


def _not_tested(stage: Stage) -> None:
    """Let one try of the gate fail while the server was moved, and quality say why."""
    with stage.holdfast.database.begin() as db:
        tried = Tried(None, "TimeoutError: timed out", 30_000)
        run = watching.keep(db, None, tried, at=stage.at)
        by, reason = stage.who(QUALITY.user_name), "The server was moved to another room."
        watching.settle(db, run.id, reason=reason, by=by, at=stage.at)


def _settle_one(stage: Stage) -> None:
    with stage.holdfast.database.begin() as db:
        first = db.scalars(
            select(ReconciliationDifference.id).order_by(ReconciliationDifference.id)
        ).first()
        if first is not None:
            resolving.resolve(
                db,
                1,
                ids=[first],
                resolution="Counted: ours is right. Booked in the ERP under 4900012345.",
                by=stage.who(MAREK),
                at=stage.at,
            )


def _on_paper(stage: Stage) -> None:
    """Have a delivery received on paper while the server was moved, and entered afterwards."""
    by, at = stage.who(MAREK), stage.at
    with stage.holdfast.database.begin() as db:
        part_no = db.scalars(
            select(Part.part_no)
            .where(Part.control == "lot", Part.kind == "component")
            .order_by(Part.part_no)
        ).first()
        [received] = downtime.print_forms(db, "receiving", 1, language="en", by=by, at=at)
        downtime.print_forms(db, "shipping", 2, language="zh", by=by, at=at)
        [torn] = downtime.print_forms(db, "hold_tag", 1, language="en", by=by, at=at)
        downtime.not_used(db, torn.number, reason="Torn; thrown away.", by=by, at=at)
        downtime.enter(
            db,
            received.number,
            LateEntry(
                happened_at=at - 5 * HOURS,
                done_by="Jonas Keller",
                reason="The server was moved to another room.",
                numbers="DT-26117 = 240",
                place=cat.RECEIVING,
                part_no=part_no or "",
                document_no="LS-88231",
            ),
            by=by,
            at=at,
        )


def _acknowledge(stage: Stage) -> None:
    """Let Jena know every hold, and Suzhou all but the newest."""
    with stage.holdfast.database.begin() as db:
        standing = list(
            db.scalars(select(Hold.id).where(Hold.released_at.is_(None)).order_by(Hold.id))
        )
        doors.acknowledge(db, DOORS[0][0], standing, at=stage.at)
        if len(doors.registered(db)) > 1:
            doors.acknowledge(db, DOORS[1][0], standing[:-1], at=stage.at)
