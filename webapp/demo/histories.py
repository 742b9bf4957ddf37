"""The cases of the demo: what happened in each over the last ten weeks, and where it stands now.

Each history is told against the present: `ago` and `day` count back from it, so that deadlines
are alive whenever the demo is brought up.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import ship
from engine.serials.models import Location, Lot, Part, Segment, Unit
from webapp.demo import catalogue as cat, words
from webapp.demo.goods import IN_PROCESS, JENA_LOTS, MOTORS
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling
from webapp.demo.words import Said

BOARD_TASKS = ("approve_quality", "approve_engineering", "approve_manufacturing", "approve_regulatory")


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
        self.do("confirm_segregation", by=keeper)

    def propose(self, *wanted: tuple[str, int | None], by: str = "daniel.brandt", **own: Any) -> None:
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


Told = Callable[[Stage, datetime], Telling]
MAREK, HUANG, CHEN = "marek.zielinski", "huang.li", "chen.xiaoyu"


def lots(number: int) -> str:
    """Return the number of one of the lots for the European stores."""
    return JENA_LOTS[number][0]


def seal_opened(stage: Stage, present: datetime) -> Telling:
    """Scrapped before a witness, and closed."""
    case = History(stage, present, words.SEAL)
    yield case.day(67, 8, 20)
    case.report("mia.hoffmann", [lots(0)])
    yield from case.contain(case.day(67, 10, 5), keeper=MAREK)
    yield case.day(63, 13, 40)
    case.do("investigate", by="daniel.brandt")
    yield case.day(62, 9, 10)
    case.propose(("scrap", None))
    yield case.day(60, 11, 30)
    case.approve()
    yield case.day(59, 8, 45)
    case.do("decide_samples", by="daniel.brandt")
    yield case.day(57, 9, 30)
    case.do("destroy_units", by=MAREK)
    yield case.day(57, 10, 15)
    quantity = JENA_LOTS[0][2]
    case.do("witness_destruction", counted={"quantity": str(quantity), "uom": "each"})
    yield case.day(55, 14, 0)
    case.do("verify_and_close")


def sensors_low(stage: Stage, present: datetime) -> Telling:
    """Returned to the supplier, and closed."""
    case = History(stage, present, words.SENSOR)
    yield case.day(58, 7, 50)
    case.report("oliver.grant", _spare(stage, cat.SENSOR, 13))
    yield from case.contain(case.day(58, 9, 25), keeper=MAREK)
    yield case.day(56, 12, 10)
    case.do("investigate", by="daniel.brandt")
    yield case.day(55, 8, 30)
    case.propose(("return_to_supplier", None))
    yield case.day(54, 13, 0)
    case.approve()
    yield case.day(51, 9, 0)
    case.do("return_to_supplier", by=MAREK)
    yield case.day(44, 10, 40)
    case.do("verify_and_close")


def alarm_was_right(stage: Stage, present: datetime) -> Telling:
    """Screened out by two people."""
    case = History(stage, present, words.ALARM)
    yield case.day(50, 12, 5)
    case.report("petra.nowak", _of_run(stage, cat.V3, -2)[:1])
    yield case.day(50, 14, 30)
    case.do("triage", by="daniel.brandt")
    yield case.day(49, 9, 15)
    case.do("confirm_screening")


def contact_springs(stage: Stage, present: datetime) -> Telling:
    """Reworked, waiting for the inspection, which is due within hours."""
    case = History(stage, present, words.CONTACT)
    yield case.day(40, 9, 40)
    case.report("petra.nowak", _of_run(stage, cat.V3, -1))
    yield from case.contain(case.day(40, 11, 0), keeper=MAREK)
    yield case.day(36, 15, 0)
    case.do("investigate", by="daniel.brandt")
    yield case.day(34, 8, 10)
    case.remark("rafael.moreno", "Two housings opened: no crack at the carrier. I see no obstacle.")
    case.propose(("rework", None))
    yield case.day(32, 10, 20)
    case.approve()
    yield case.day(25, 11, 35)
    case.do("approve_rework_instruction")
    yield case.ago(hours=44)
    case.do("perform_rework", by="lukas.fiedler")


def particles(stage: Stage, present: datetime) -> Telling:
    """In Chinese: the lot is being sorted by lamp."""
    case = History(stage, present, words.PARTICLE)
    yield case.day(30, 2, 15)
    case.report(HUANG, [IN_PROCESS[0]])
    yield from case.contain(case.day(30, 3, 20), by=CHEN, keeper=HUANG)
    yield case.day(26, 7, 5)
    case.do("investigate", by=CHEN)
    yield case.day(12, 6, 10)
    case.remark("sun.guoqiang", "已安排三班灯检，预计五个工作日完成。")
    case.propose(("sort", None), by=CHEN)
    yield case.ago(days=3, hours=2)
    case.approve()


def label_shifted(stage: Stage, present: datetime) -> Telling:
    """Used as it is under a concession; the release is not signed yet."""
    case = History(stage, present, words.LABEL)
    yield case.day(24, 7, 45)
    case.report(MAREK, [lots(1)])
    yield from case.contain(case.day(24, 9, 30), keeper=MAREK)
    yield case.day(20, 10, 0)
    case.do("investigate", by="daniel.brandt")
    yield case.day(18, 13, 25)
    case.propose(("use_as_is", None))
    yield case.day(15, 8, 50)
    case.approve()
    yield case.ago(hours=29)
    case.do("confirm_concession", by="sofia.lindgren")


def joints_part(stage: Stage, present: datetime) -> Telling:
    """Rejected in the first round; the board signs the second."""
    case = History(stage, present, words.ADHESIVE)
    yield case.day(17, 6, 55)
    case.report("mia.hoffmann", [lots(2)])
    yield from case.contain(case.day(17, 8, 0), keeper=MAREK)
    yield case.day(13, 12, 45)
    case.do("investigate", by="daniel.brandt")
    yield case.day(12, 9, 20)
    case.propose(("use_as_is", None))
    yield case.day(10, 14, 10)
    case.do("approve_engineering")
    case.do("approve_regulatory")
    case.do("approve_quality")
    yield case.day(5, 10, 5)
    case.remark("ingrid.solberg", "Every joint can be pulled at 15 N in fixture 2 without harm.")
    case.propose(("scrap", 48), ("sort", None))
    yield case.ago(hours=21)
    case.do("approve_manufacturing")


def restarts(stage: Stage, present: datetime) -> Telling:
    """Many pumps have left: whether a field action is needed is overdue to be decided."""
    case = History(stage, present, words.FIRMWARE)
    yield case.day(9, 8, 5)
    case.report("nora.byrne", [_lot_of(stage, cat.BOARD, -2)])
    yield case.day(9, 9, 50)
    case.do("triage", by="daniel.brandt")
    yield case.day(9, 12, 30)
    case.do("confirm_segregation", by=MAREK)
    yield case.ago(days=3, hours=6)
    case.do(
        "evaluate_health_risk",
        harm_occurred="unknown",
        harm_description="Blood pressure fell for a short time in one patient; a link is not shown.",
        hazard="Infusion pauses for 4 seconds and goes on at the set rate.",
        seriousness="reversible",
        likelihood="possible",
        detectability="sometimes",
        consequence_description="A short fall of blood pressure with vasoactive drugs at low rates.",
        conclusion="The risk is not acceptable for vasoactive drugs until the boot loader is updated.",
    )
    case.remark("claire.dumont", "I ask for an interim advice to intensive care wards this week.")


def springs_break(stage: Stage, present: datetime) -> Telling:
    """Investigated; the proposal is claimed and half written, the health risk not yet judged."""
    case = History(stage, present, words.SPRINGS)
    yield case.day(8, 10, 30)
    case.report("oliver.grant", [_lot_of(stage, cat.SPRING, -2)])
    yield from case.contain(case.day(8, 11, 55), keeper=MAREK)
    yield case.ago(days=2, hours=1)
    case.do("investigate", by="daniel.brandt")
    yield case.ago(hours=20)
    for task in stage.open_tasks(case.number, "propose_disposition"):
        words_so_far = "Replace the spring in every pump that is still here; "
        stage.draft(
            task,
            {"left_pending_because": words_so_far, "before_distribution": True},
            by="daniel.brandt",
        )


def motors_burred(stage: Stage, present: datetime) -> Telling:
    """Two lines at work: most of it goes back, twelve are destroyed and wait for the witness."""
    case = History(stage, present, words.BURR)
    yield case.day(14, 7, 35)
    case.report("oliver.grant", [MOTORS[0]])
    yield from case.contain(case.day(14, 8, 40), keeper=MAREK)
    yield case.day(11, 11, 0)
    case.do("investigate", by="daniel.brandt")
    yield case.day(8, 9, 5)
    case.propose(("scrap", 12), ("return_to_supplier", None))
    yield case.day(6, 14, 20)
    case.approve()
    yield case.day(5, 8, 15)
    case.do("decide_samples", by="daniel.brandt")
    yield case.ago(hours=42)
    case.do("destroy_units", by=MAREK)


def tubes_oval(stage: Stage, present: datetime) -> Telling:
    """Quality has signed; engineering and the others have not."""
    case = History(stage, present, words.KINK)
    yield case.day(7, 8, 25)
    case.report("oliver.grant", [lots(5)])
    yield from case.contain(case.day(7, 9, 45), keeper=MAREK)
    yield case.ago(days=3, hours=7)
    case.do("investigate", by="daniel.brandt")
    yield case.ago(hours=45)
    case.propose(("scrap", 60), ("use_as_is", None))
    yield case.ago(hours=22)
    case.do("approve_quality")


def display_dark(stage: Stage, present: datetime) -> Telling:
    """A held pump was shipped all the same, another system says: the breach must be handled."""
    case = History(stage, present, words.DISPLAY)
    suspects = _of_run(stage, cat.S7, -1)[:3]
    yield case.day(5, 11, 10)
    case.report("tom.hadley", suspects)
    yield from case.contain(case.day(5, 12, 20), keeper=MAREK)
    yield case.ago(minutes=95)
    by = stage.who(MAREK)
    with stage.holdfast.database.begin() as db:
        unit_id = db.scalars(select(Unit.id).where(Unit.serial == suspects[0])).one()
        place = _first_hospital(stage)
        ship.report_shipment(
            db,
            to_location_id=place,
            units=[unit_id],
            document_no=f"DN-{stage.at:%y}39017",
            by=by,
            at=stage.at,
            event_at=stage.at - timedelta(hours=3),
            source="erp",
        )


def residue(stage: Stage, present: datetime) -> Telling:
    """Nobody confirmed that the lot stands in quarantine: overdue and escalated."""
    case = History(stage, present, words.STERILITY)
    yield case.ago(hours=17)
    case.report("oliver.grant", [lots(3)])
    yield case.ago(hours=15)
    case.do("triage", by="daniel.brandt")
    yield case.ago(hours=6, minutes=40)
    case.remark("mia.hoffmann", "The lot stands in row 14; the cage is full until Thursday.")


def cartons_damp(stage: Stage, present: datetime) -> Telling:
    """The count found fewer than expected; the search must end within hours."""
    case = History(stage, present, words.CARTON)
    yield case.ago(hours=29)
    case.report(MAREK, [lots(4)])
    yield case.ago(hours=27)
    case.do("triage", by="daniel.brandt")
    yield case.ago(hours=20, minutes=30)
    for task in stage.open_tasks(case.number, "confirm_segregation"):
        counted = stage.counted(task, case.number, short=6)
        stage.do(task, case.number, {"segregated": counted}, by=MAREK)


def wrong_set(stage: Stage, present: datetime) -> Telling:
    """In Chinese, just triaged: the warehouse has two hours left to segregate."""
    case = History(stage, present, words.MIX_UP)
    yield case.ago(hours=4, minutes=10)
    case.report(HUANG, [_lot_of(stage, cat.DARK_SET, 0)])
    yield case.ago(hours=2, minutes=5)
    case.do("triage", by=CHEN)


def latch_broken(stage: Stage, present: datetime) -> Telling:
    """Waits for triage, due in five hours."""
    case = History(stage, present, words.LATCH)
    yield case.ago(hours=19)
    case.report("tom.hadley", _of_run(stage, cat.V3, 0)[:1])


def packs_swollen(stage: Stage, present: datetime) -> Telling:
    """Just reported."""
    case = History(stage, present, words.SWELLING)
    yield case.ago(minutes=24)
    case.report("lukas.fiedler", _spare(stage, cat.BATTERY, 2))


ALL: Sequence[Told] = (
    seal_opened,
    sensors_low,
    alarm_was_right,
    contact_springs,
    particles,
    label_shifted,
    joints_part,
    restarts,
    springs_break,
    motors_burred,
    tubes_oval,
    display_dark,
    residue,
    cartons_damp,
    wrong_set,
    latch_broken,
    packs_swollen,
)
FEW: Sequence[Told] = (alarm_was_right, joints_part, residue, cartons_damp, packs_swollen)


def recounts(stage: Stage, present: datetime) -> Telling:
    """Let the warehouse count held stock again, the day after it is asked to."""
    moment = present - timedelta(days=64)
    while moment < present:
        yield moment
        for task in stage.open_tasks(element="recount_held_stock"):
            if stage.at - task.opened_at > timedelta(hours=16):
                number = stage.number_of(task)
                keeper = HUANG if stage.case(number).language == "zh" else MAREK
                stage.do(task, number, {}, by=keeper)
        moment += timedelta(hours=24)


# --- what there is --------------------------------------------------------------------------


def _of_run(stage: Stage, part_no: str, run: int) -> list[str]:
    """Return the serials of one run of a pump: 0 is the first, -1 the last."""

    def look(db: Session) -> list[str]:
        part_id = db.scalars(select(Part.id).where(Part.part_no == part_no)).one()
        runs = db.scalars(
            select(Segment.id).where(Segment.part_id == part_id).order_by(Segment.id)
        ).all()
        chosen = runs[run % len(runs)]
        return list(db.scalars(select(Unit.serial).where(Unit.seg_id == chosen).order_by(Unit.id)))

    return stage.reads(look)


def _lot_of(stage: Stage, part_no: str, number: int) -> str:
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


def _spare(stage: Stage, part_no: str, count: int) -> list[str]:
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


def _first_hospital(stage: Stage) -> int:
    return stage.reads(lambda db: _place(db, "DE-03-S"))
