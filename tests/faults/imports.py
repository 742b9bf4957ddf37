"""Scenarios of a file: loaded by a worker, loaded at once, and taken back; whole or not at all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import jobs, leases
from engine.db import Database
from engine.evidence.ledger import LedgerEntry
from engine.evidence.store import DocumentStore
from engine.serials import intake, parties, rebuild
from engine.serials.events import recording_sha256
from engine.serials.intake import working
from engine.serials.models import (
    Event,
    EventLink,
    ImportBatch,
    ImportGroup,
    ImportLine,
    ImportProgress,
    ImportRow,
    Install,
    LotStock,
    Shipment,
    Unit,
    UnitRoot,
)
from tests.faults.harness import Scenario

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
AFTER_EVERY_LEASE = datetime(2100, 1, 1, tzinfo=UTC) + leases.LEASE + timedelta(minutes=1)
HOW: dict[str, Any] = {"by": None, "at": AT}
FILES = {
    "units": "part_no,serial,lot_no,location,usability\n"
    "PUMP,SN-1,L-1,WH,conforming\nPUMP,SN-2,L-1,WH,conforming\nPUMP,SN-2,L-1,WH,conforming\n"
    "PUMP,SN-3,L-2,WH,conforming\nPCBA,B-1,,WH,conforming\nPCBA,B-2,,NOWHERE,conforming\n",
    "stock": "part_no,lot_no,location,quantity,usability\n"
    "RES,R-1,WH,5,conforming\nRES,R-1,WH,6,conforming\n",
    "installs": "part_no,serial,host_part_no,host_serial\nPCBA,B-1,PUMP,SN-1\n",
    "shipments": "document_no,to,shipped_on,part_no,serial,lot_no,quantity\n"
    "DN-1,WARD,2026-03-03,PUMP,SN-1,,\nDN-1,WARD,2026-03-03,RES,,R-1,2\n"
    "DN-2,WARD,2026-03-03,PUMP,SN-3,,\n",
}
ROWS = (Event, EventLink, ImportGroup, ImportRow, Install, Shipment, Unit, UnitRoot)
VERBS = {"load_import": working.load_import}


def open_database(url: str, folder: Path) -> Database:
    return Database(url, info={"documents": DocumentStore(folder / "documents")})


def lay(database: Database) -> None:
    """Describe the company, keep every file, check the first."""
    with database.begin() as db:
        maker = parties.add_party(db, "OWN", "Maker", kind="site", **HOW)
        for code, kind in (("WH", "warehouse"), ("WARD", "consignee")):
            parties.add_location(db, maker.id, code, code, kind=kind, **HOW)
        for number, control in (("PUMP", "serial"), ("PCBA", "serial"), ("RES", "lot")):
            part = parties.add_part(
                db, maker.id, number, number, control=control, kind="device", **HOW
            )
            for lot in {"PUMP": ("L-1", "L-2"), "RES": ("R-1",)}.get(number, ()):
                parties.ensure_lot(db, part.id, lot, **HOW)
        store: DocumentStore = db.info["documents"]
        for kind, table in FILES.items():
            path = store.folder.parent / f"{kind}.csv"
            path.write_text(table)
            intake.receive(db, kind, path, file_name=path.name, system="erp", **HOW)
    _check(database, "units")


def lay_units(database: Database) -> None:
    """Lay what the other files refer to."""
    lay(database)
    _load(database, "units")


def lay_all(database: Database) -> None:
    """Lay the whole company."""
    lay(database)
    load_all(database)


def _batch(db: Session, kind: str) -> ImportBatch:
    return db.scalars(select(ImportBatch).where(ImportBatch.kind == kind)).one()


def _check(database: Database, kind: str) -> None:
    with database.read() as db:
        batch_id = _batch(db, kind).id
    working.check_now(database, batch_id, by=None, at=AT, progress=lambda *_: None)


def _load(database: Database, kind: str) -> None:
    with database.begin() as db:
        batch = _batch(db, kind)
        intake.load(db, batch.id, was_shown=intake.shown(batch), **HOW)


def ask_for_load(database: Database) -> None:
    """Have a worker load the units, asked for once."""
    with database.begin() as db:
        batch = _batch(db, "units")
        if batch.state == "checked" and db.get(ImportProgress, batch.id) is None:
            shown = intake.shown(batch)
            working.ask(db, batch.id, "load_import", by=None, at=AT, shown=shown)


def load_all(database: Database) -> None:
    """Check and load file after file, what a person does again after a restart."""
    for kind in FILES:
        with database.read() as db:
            is_loaded = _batch(db, kind).state == "loaded"
        if not is_loaded:
            _check(database, kind)
            _load(database, kind)


def take_units_back(database: Database) -> None:
    """Take the units back, on which nothing stands yet."""
    _take_back(database, ["units"])


def take_facts_back(database: Database) -> None:
    """Take back what was recorded of them, the last first."""
    _take_back(database, ["shipments", "installs", "stock"])


def _take_back(database: Database, kinds: list[str]) -> None:
    for kind in kinds:
        with database.begin() as db:
            batch = _batch(db, kind)
            if batch.state == "loaded":
                intake.roll_back(db, batch.id, reason="wrong files", **HOW)


def work(database: Database) -> None:
    jobs.run_due_jobs(database, VERBS, at=AT)


def recover(database: Database) -> None:
    jobs.run_due_jobs(database, VERBS, at=AFTER_EVERY_LEASE)


def nothing(_database: Database) -> None:
    """Leave the workers out."""


def check(database: Database) -> dict[str, Any]:
    """Every batch is whole or not there, its lineage right; say what must be as if never killed."""
    with database.begin() as db:
        assert not rebuild.rebuild(db, at=AT, is_check=True).counts
        for batch in db.scalars(select(ImportBatch)):
            _check_lineage(db, batch)
        _check_ledger(db)
        states = select(ImportBatch.kind, ImportBatch.state, ImportBatch.counts)
        return {
            "batches": sorted(map(str, db.execute(states))),
            "rows": {
                one.__tablename__: db.scalar(select(func.count()).select_from(one)) for one in ROWS
            },
            "units": sorted(map(str, db.execute(select(Unit.serial, Unit.custody)))),
            "stock": sorted(map(str, db.execute(select(LotStock.custody, LotStock.quantity)))),
            "lines": sorted(
                map(str, db.execute(select(ImportLine.entity, ImportLine.line, ImportLine.is_new)))
            ),
            "ledger": sorted(db.scalars(select(LedgerEntry.action))),
        }


def _check_lineage(db: Session, batch: ImportBatch) -> None:
    """Each line of a loaded file of units leads to the unit it names, and no row is left staged."""
    staged = select(func.count()).where(
        ImportRow.batch_id == batch.id, ImportRow.state != "quarantined"
    )
    if batch.state != "loaded":
        return
    assert db.scalar(staged) == 0, f"{batch.kind}: rows are loaded and still staged"
    if batch.kind != "units":
        return
    led = select(ImportLine.line, Unit.serial).join(Unit, Unit.id == ImportLine.entity_id)
    found = db.execute(led.where(ImportLine.batch_id == batch.id).order_by(ImportLine.line)).all()
    said = [line.split(",")[1] for line in FILES["units"].splitlines()]
    assert found == [(n, said[n - 1]) for n in range(2, 7)], f"lineage: {found}"


def _check_ledger(db: Session) -> None:
    """What the ledger sealed of each recording is what lies there."""
    entries = db.scalars(select(LedgerEntry).where(LedgerEntry.action == "events_recorded")).all()
    sealed = {one.body["recording"]: one.body["sha256"] for one in entries}
    assert len(sealed) == len(entries), "one recording was entered twice"
    recordings = set(db.scalars(select(Event.recording)))
    assert {str(one) for one in recordings} == sealed.keys()
    for one in recordings:
        assert recording_sha256(db, one) == sealed[str(one)]


def _scenario(
    prepare: Callable[[Database], None],
    act: Callable[[Database], None],
    work: Callable[[Database], None] = nothing,
    recover: Callable[[Database], None] = nothing,
) -> Scenario:
    return Scenario(
        open=open_database, prepare=prepare, act=act, work=work, recover=recover, check=check
    )


BY_A_WORKER = _scenario(lay, ask_for_load, work, recover)
FACTS = _scenario(lay_units, load_all)
UNITS_BACK = _scenario(lay_units, take_units_back)
FACTS_BACK = _scenario(lay_all, take_facts_back)
