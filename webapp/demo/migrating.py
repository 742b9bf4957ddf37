"""What the demo company brought over from its old systems: units, cases, and a list to mind."""

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import migrating
from engine.serials import intake
from engine.serials.intake import mappings, priority
from engine.serials.intake.mappings import Reading
from engine.serials.models import ImportBatch, LegacyCase, Part
from engine.serials.record import How
from webapp.demo import catalogue as cat, words
from webapp.demo.people import QUALITY
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

ENGINEER = "daniel.brandt"
HEADER = "MATNR;SERNR;Werk;Status;Zugang"
# serial, place, state, day: as the old system wrote them
ROWS = (
    ("LGY-000117", "Werk Jena", "conforming", "14.03.2019"),
    ("LGY-000118", "Werk Jena", "conforming", "14.03.2019"),
    ("LGY-000119", "Werk Jena", "conforming", "14.03.2019"),
    ("LGY-000119", "Werk Jena", "conforming", "14.03.2019"),
    ("LGY-000204", "Werk Jena", "conforming", "02.07.2019"),
    ("LGY-000205", "Werk Jena", "frei", "02.07.2019"),
    ("LGY-000206", "Werk Jena", "frei", "02.07.2019"),
    ("LGY-000207", "Halle 3", "conforming", "31.06.2019"),
    ("LGY-000208", "Werk Jena", "conforming", "03.07.2019"),
    ("LGY-000208", "JENA-Q", "nonconforming", "03.07.2019"),
)
GOES_ON = "QN-2024-101"
CASES = (
    "number;title;state;step;opened_on;closed_on;outcome\n"
    "QN-2019-044;Alarm volume below specification;closed;;2019-05-06;2019-08-30;reworked\n"
    "QN-2020-013;输液泵外壳开裂 Housing cracked in transport;closed;;2020-02-11;2020-06-02;"
    "scrapped\n"
    f"{GOES_ON};Battery door does not latch;open;investigation;2024-11-18;;\n"
)


def migration(stage: Stage, present: datetime) -> Telling:
    """Take in the old systems' files on one afternoon; what is wrong with them still waits."""
    yield present - timedelta(days=9, hours=3)
    by = stage.who(ENGINEER)
    how: How = {"by": by, "at": stage.at}
    with stage.holdfast.database.begin() as db:
        pump = db.scalars(
            select(Part).where(Part.control == "serial", Part.kind == "device").order_by(Part.id)
        ).first()
        if pump is None:
            return
        lines = [f"{pump.part_no};{';'.join(row)}" for row in ROWS]
        batch = _received(db, "units", "anlagen_2019.csv", "\n".join([HEADER, *lines]), "sap", how)
        reading = Reading.of(
            {
                **batch.mapping,
                "columns": {
                    "0": "part_no",
                    "1": "serial",
                    "2": "location",
                    "3": "usability",
                    "4": "received_on",
                },
                "aliases": {"location": {"Werk Jena": cat.STORES}},
            }
        )
        mappings.keep(db, batch, reading, HEADER.split(";"), how)
        intake.read_as(db, batch.id, reading, **how)
        _loaded(db, batch, how)
        why: How = {**how, "reason": "In use in the bedside study BED-7"}
        priority.protect(db, pump.id, ["LGY-000117", "LGY-000204"], **why)
        cases = _received(db, "cases", "qn_export.csv", CASES, "lotus", how)
        intake.check_here(db, cases.id, **how)
        priority.approve(
            db,
            cases,
            intake.shown(cases),
            by=stage.who(QUALITY.user_name),
            reason="Compared with the printed register of the old system",
            how=how,
        )
        intake.load(db, cases.id, was_shown=intake.shown(cases), **how)


def goes_on(stage: Stage, present: datetime) -> Telling:
    """Report an open case of the old system here, bring it to its investigation, and sign that."""
    yield present - timedelta(days=3, hours=2)
    number = stage.report(ENGINEER, ["LGY-000205"], words.OLD_LATCH["report"])
    with stage.holdfast.database.begin() as db:
        there = db.scalars(select(LegacyCase.id).where(LegacyCase.number == GOES_ON)).one()
        migrating.begin(db, there, number, "investigate", by=stage.who(ENGINEER), at=stage.at)
    for element in ("triage", "confirm_segregation"):
        yield stage.at + timedelta(minutes=25)
        for task in stage.open_tasks(number, element):
            stage.do(task, number, words.OLD_LATCH.get(element, {}), by=ENGINEER)
    yield stage.at + timedelta(hours=3)
    stage.sign_migration(number, by=QUALITY.user_name)


def _received(
    db: Session, kind: str, name: str, content: str, system: str, how: How
) -> ImportBatch:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(content, encoding="utf-8")
        return intake.receive(db, kind, path, file_name=name, system=system, **how)


def _loaded(db: Session, batch: ImportBatch, how: How) -> None:
    intake.check_here(db, batch.id, **how)
    intake.load(db, batch.id, was_shown=intake.shown(batch), **how)
