"""How a case of the demo is told: against the present, by what people did and wrote."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.models import Location, Lot, Part, Segment, Unit
from webapp.demo import catalogue as cat
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling
from webapp.demo.words import Said

BOARD_TASKS = (
    "approve_quality",
    "approve_engineering",
    "approve_manufacturing",
    "approve_regulatory",
)


class History:
    """One case as it happens: who did what, and when."""

    def __init__(self, stage: Stage, present: datetime, said: Said) -> None:
        """Tell it on `stage`; `said` is what people wrote, by element."""
        self.stage, self.present, self.said = stage, present, said
        self.number = ""

    # --- when ----------------------------------------------------------------------------------

    def ago(self, **parts: float) -> datetime:
        """Return the moment so long before the present."""
        return self.present - timedelta(**parts)

    def day(self, days: int, hour: int, minute: int = 0) -> datetime:
        """Return a time of a working day so many days back, never before what came last."""
        date = (self.present - timedelta(days=days)).date()
        if date.weekday() >= 5:
            date -= timedelta(days=date.weekday() - 4)
        moment = datetime.combine(date, time(hour, minute), self.present.tzinfo)
        return max(moment, self.stage.at + timedelta(minutes=11)) if self.number else moment

    # --- what ----------------------------------------------------------------------------------

    def report(self, by: str, suspects: Sequence[str], **own: Any) -> None:
        """Let someone report it."""
        self.number = self.stage.report(by, suspects, {**self.said["report"], **own})

    def do(self, element: str, *, by: str | None = None, **own: Any) -> None:
        """Let the task at `element` be done, in every line that waits there."""
        waiting = self.stage.open_tasks(self.number, element)
        if not waiting:
            message = f"{self.number} does not wait at {element}"
            raise LookupError(message)
        for task in waiting:
            answers = {**self.said.get(element, {}), **own}
            self.stage.do(task, self.number, answers, by=by)

    def contain(self, when: datetime, *, by: str = "daniel.brandt", keeper: str) -> Telling:
        """Triage at `when`, and segregate three hours later."""
        yield when
        self.do("triage", by=by)
        yield when + timedelta(hours=3)
        self.do("confirm_segregation", by=keeper, effort={"hours": "1.5"})

    def propose(
        self, *wanted: tuple[str, int | None], by: str = "daniel.brandt", **own: Any
    ) -> None:
        """Let a quality engineer propose lines: a type and how much, None for the rest."""
        lines = self.stage.lines(self.number, wanted)
        self.do("propose_disposition", by=by, lines=lines, **own)

    def approve(self) -> None:
        """Let everyone on the board who is asked approve."""
        for task in self.stage.open_tasks(self.number):
            if task.element_id in BOARD_TASKS:
                self.do(task.element_id)

    def remark(self, by: str, text: str) -> None:
        """Let someone add a comment."""
        self.stage.remark(self.number, text, by=by)


# --- what there is to report -----------------------------------------------------------------


def of_run(stage: Stage, part_no: str, run: int) -> list[str]:
    """Return the serials of one run of a pump: 0 is the first, -1 the last."""

    def look(db: Session) -> list[str]:
        part_id = db.scalars(select(Part.id).where(Part.part_no == part_no)).one()
        runs = db.scalars(
            select(Segment.id).where(Segment.part_id == part_id).order_by(Segment.id)
        ).all()
        chosen = runs[run % len(runs)]
        return list(db.scalars(select(Unit.serial).where(Unit.seg_id == chosen).order_by(Unit.id)))

    return stage.reads(look)


def lot_of(stage: Stage, part_no: str, number: int) -> str:
    """Return the number of a lot of a part: 0 is the first made, -1 the last."""

    def look(db: Session) -> str:
        part_id = db.scalars(select(Part.id).where(Part.part_no == part_no)).one()
        numbers = db.scalars(
            select(Lot.lot_no)
            .where(Lot.part_id == part_id, Lot.is_unknown.is_(False))
            .order_by(Lot.id)
        ).all()
        return str(numbers[number % len(numbers)])

    return stage.reads(look)


def spare(stage: Stage, part_no: str, count: int) -> list[str]:
    """Return serials of the newest units that are in no pump."""

    def look(db: Session) -> list[str]:
        part_id = db.scalars(select(Part.id).where(Part.part_no == part_no)).one()
        newest = select(Unit.serial).where(
            Unit.part_id == part_id, Unit.location_id == _place(db, cat.RECEIVING)
        )
        return list(db.scalars(newest.order_by(Unit.id.desc()).limit(count)))

    return stage.reads(look)


def _place(db: Session, code: str) -> int:
    return int(db.scalars(select(Location.id).where(Location.code == code)).one())


def first_hospital(stage: Stage) -> int:
    """Return the store of one hospital."""
    return stage.reads(lambda db: _place(db, "DE-03-S"))
