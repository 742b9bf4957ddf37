"""One nonconformance from the report to its sealed record, checked as an auditor would."""

import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock
from engine.cases import verifying
from engine.cases.models import Case
from engine.evidence import documents, verify
from engine.evidence.documents import Document
from engine.evidence.findings import Result
from webapp.compose import Holdfast
from webapp.demo import catalogue as cat, words
from webapp.demo.bringing_up import NO_CASES, opened
from webapp.demo.histories import MAREK
from webapp.demo.history import History
from webapp.demo.sets import make_set_lot
from webapp.demo.stage import Say, Stage
from webapp.demo.timeline import Telling, play
from webapp.demo.works import Works

REPORT = "nonconformance/nonconformance_report"
QUANTITY = 40
MARKS = {True: "holds", False: "FAILS", None: "not checked"}


def run_one_case(folder: Path, *, say: Say) -> bool:
    """Run a whole nonconformance in the demo company in `folder`, saying each step.

    Its sealed report is copied to `folder` under its human name. True only when the PDF and the
    case's whole record verify.
    """
    holdfast = opened(folder, say=say, scale=NO_CASES)
    try:
        stage = Stage(holdfast, clock.now(), say)
        number = _run(stage)
        report = _sealed_report(holdfast, number)
        path = _copied(holdfast, report, folder)
        say("")
        say(f"The sealed report: {path}")
        with holdfast.database.read() as db:
            results = [
                verify.verify_pdf(path, database=holdfast.database),
                verifying.verify_case(db, f"case:{number}"),
            ]
        for title, result in zip((path.name, f"Case {number}"), results, strict=True):
            _tell(title, result, say)
        return all(result.holds for result in results)
    finally:
        holdfast.database.close()


def _run(stage: Stage) -> str:
    """Let the case happen now, one step after the other; return its number."""
    case = History(stage, stage.at, words.SEAL)
    lot_no = _fresh_lot(stage)
    stage.say("")

    def now(moment: datetime) -> None:
        stage.at = clock.now()

    play([_told(case, lot_no)], before_each=now, after_each=lambda moment: stage.run_due())
    with clock.at(stage.at):
        stage.holdfast.checkpoint()
    return case.number


def _told(case: History, lot_no: str) -> Telling:
    yield case.present
    case.report("mia.hoffmann", [lot_no])
    for element, by in (
        ("triage", "daniel.brandt"),
        ("confirm_segregation", MAREK),
        ("investigate", "daniel.brandt"),
    ):
        yield case.present
        case.do(element, by=by)
    yield case.present
    case.propose(("scrap", None))
    yield case.present
    case.approve()
    yield case.present
    case.do("decide_samples", by="daniel.brandt")
    yield case.present
    case.do("destroy_units", by=MAREK)
    yield case.present
    case.do("witness_destruction", counted={"quantity": str(QUANTITY), "uom": "each"})
    yield case.present
    case.do("verify_and_close")


def _fresh_lot(stage: Stage) -> str:
    """Make a lot for this case; return its number."""
    with stage.holdfast.database.begin() as db:
        number = f"A{stage.at:%y%m%d}-{_cases(db) + 1}"
        works = Works(db, stage.who("sun.guoqiang"), clock.now())
        materials = (cat.TUBE, cat.FILM)
        for _ in make_set_lot(works, number, cat.SET, QUANTITY, materials, to=cat.STORES):
            works.at = clock.now()  # days of work, recorded today
    return number


def _cases(db: Session) -> int:
    return db.scalar(select(func.count()).select_from(Case)) or 0


def _sealed_report(holdfast: Holdfast, number: str) -> Document:
    with holdfast.database.read() as db:
        found = documents.documents_of(db, f"case:{number}")
    [report] = [one for one in found if one.kind == REPORT and one.state == "sealed"]
    return report


def _copied(holdfast: Holdfast, report: Document, folder: Path) -> Path:
    """Copy a document out of the store under the name people know it by."""
    name = "".join(c for c in report.name if c not in '/\\:*?"<>|')
    path = folder / name
    shutil.copyfile(holdfast.documents.path(report.sha256 or ""), path)
    return path


def _tell(title: str, result: Result, say: Say) -> None:
    say("")
    say(f"{title}:")
    for line in result.lines:
        say(f"  {MARKS[line.holds]:>11}  {line}")
