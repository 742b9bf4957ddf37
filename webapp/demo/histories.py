"""The cases of the demo: what happened in each over the last ten weeks, and where it stands now.

Each history is told against the present: `ago` and `day` count back from it, so that deadlines
are alive whenever the demo is brought up.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from engine.serials import ship
from engine.serials.models import Unit
from webapp.demo import catalogue as cat, words
from webapp.demo.history import History, first_hospital, lot_of, of_run, spare
from webapp.demo.sets import IN_PROCESS, JENA_LOTS, MOTORS
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

Told = Callable[[Stage, datetime], Telling]
MAREK, HUANG, CHEN = "marek.zielinski", "huang.li", "chen.xiaoyu"


def lots(number: int) -> str:
    """Return the number of one of the lots for the European stores."""
    return JENA_LOTS[number][0]


def seal_opened(stage: Stage, present: datetime) -> Telling:
    """Scrap a lot before a witness; closed."""
    case = History(stage, present, words.SEAL)
    yield case.day(67, 8, 20)
    case.report("mia.hoffmann", [lots(0)])
    yield from case.contain(case.day(67, 10, 5), keeper=MAREK)
    yield case.day(63, 13, 40)
    case.do("investigate", by="daniel.brandt", effort={"hours": "9.5"})
    yield case.day(62, 9, 10)
    case.propose(("scrap", None))
    yield case.day(60, 11, 30)
    case.approve()
    yield case.day(59, 8, 45)
    case.do("decide_samples", by="daniel.brandt")
    yield case.day(57, 9, 30)
    case.do("destroy_units", by=MAREK, effort={"hours": "3"})
    yield case.day(57, 10, 15)
    quantity = JENA_LOTS[0][2]
    case.do("witness_destruction", counted={"quantity": str(quantity), "uom": "each"})
    yield case.day(55, 14, 0)
    case.do("verify_and_close")


def sensors_low(stage: Stage, present: datetime) -> Telling:
    """Return sensors to the supplier; closed."""
    case = History(stage, present, words.SENSOR)
    yield case.day(58, 7, 50)
    case.report("oliver.grant", spare(stage, cat.SENSOR, 13))
    yield from case.contain(case.day(58, 9, 25), keeper=MAREK)
    yield case.day(56, 12, 10)
    lab = {"amount": "460", "currency": "EUR", "category": "test_lab"}
    case.do("investigate", by="daniel.brandt", effort={"hours": "5", **lab})
    yield case.day(55, 8, 30)
    case.propose(("return_to_supplier", None))
    yield case.day(54, 13, 0)
    case.approve()
    yield case.day(51, 9, 0)
    case.do("return_to_supplier", by=MAREK)
    yield case.day(44, 10, 40)
    case.do("verify_and_close")


def alarm_was_right(stage: Stage, present: datetime) -> Telling:
    """Screen a report out by two people; closed."""
    case = History(stage, present, words.ALARM)
    yield case.day(50, 12, 5)
    case.report("petra.nowak", of_run(stage, cat.V3, -1)[-1:])
    yield case.day(50, 14, 30)
    case.do("triage", by="daniel.brandt")
    yield case.day(49, 9, 15)
    case.do("confirm_screening")


def contact_springs(stage: Stage, present: datetime) -> Telling:
    """Rework a run; the inspection is due within hours."""
    case = History(stage, present, words.CONTACT)
    yield case.day(40, 9, 40)
    case.report("petra.nowak", of_run(stage, cat.V3, -1))
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
    """Sort a lot by lamp, in Chinese; the sorting runs."""
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
    """Use a lot as it is under a concession; the release is not signed yet."""
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
    """Reject a first round; the board signs the second."""
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
    """Judge pumps that have left; whether a field action is needed is overdue."""
    case = History(stage, present, words.FIRMWARE)
    yield case.day(9, 8, 5)
    case.report("nora.byrne", [lot_of(stage, cat.BOARD, -2)])
    yield case.day(9, 9, 50)
    case.do("triage", by="daniel.brandt")
    yield case.day(9, 12, 30)
    case.do("confirm_segregation", by=MAREK)
    yield case.ago(days=3, hours=6)
    case.do(
        "evaluate_health_risk",
        harm_occurred="unknown",
        harm_description="Blood pressure fell shortly in one patient; a link is not shown.",
        hazard="Infusion pauses for 4 seconds and goes on at the set rate.",
        seriousness="reversible",
        likelihood="possible",
        detectability="sometimes",
        consequence_description="A short fall of blood pressure with vasoactive drugs.",
        conclusion="Not acceptable for vasoactive drugs until the boot loader is updated.",
    )
    case.remark("claire.dumont", "I ask for an interim advice to intensive care wards this week.")


def springs_break(stage: Stage, present: datetime) -> Telling:
    """Investigate springs; the proposal is half written, the health risk not yet judged."""
    case = History(stage, present, words.SPRINGS)
    yield case.day(8, 10, 30)
    case.report("oliver.grant", [lot_of(stage, cat.SPRING, -2)])
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
    """Send most of a delivery back; twelve are destroyed and wait for the witness."""
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
    """Sign for quality; engineering and the others have not signed."""
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
    """Hear from another system that a held pump was shipped: the breach is open."""
    case = History(stage, present, words.DISPLAY)
    suspects = of_run(stage, cat.S7, -1)[:3]
    yield case.day(5, 11, 10)
    case.report("tom.hadley", suspects)
    yield from case.contain(case.day(5, 12, 20), keeper=MAREK)
    yield case.ago(minutes=95)
    by = stage.who(MAREK)
    with stage.holdfast.database.begin() as db:
        unit_id = db.scalars(select(Unit.id).where(Unit.serial == suspects[0])).one()
        place = first_hospital(stage)
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
    """Leave a lot unconfirmed in quarantine: overdue and escalated."""
    case = History(stage, present, words.STERILITY)
    yield case.ago(hours=17)
    case.report("oliver.grant", [lots(3)])
    yield case.ago(hours=15)
    case.do("triage", by="daniel.brandt")
    yield case.ago(hours=6, minutes=40)
    case.remark("mia.hoffmann", "The lot stands in row 14; the cage is full until Thursday.")


def cartons_damp(stage: Stage, present: datetime) -> Telling:
    """Count fewer than expected; the search must end within hours."""
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
    """Triage a mix-up in Chinese; the warehouse has two hours left to segregate."""
    case = History(stage, present, words.MIX_UP)
    yield case.ago(hours=4, minutes=10)
    case.report(HUANG, [lot_of(stage, cat.DARK_SET, 0)])
    yield case.ago(hours=2, minutes=5)
    case.do("triage", by=CHEN)


def latch_broken(stage: Stage, present: datetime) -> Telling:
    """Report a fallen pump; triage is due in five hours."""
    case = History(stage, present, words.LATCH)
    yield case.ago(hours=19)
    case.report("tom.hadley", of_run(stage, cat.V3, 0)[:1])


def packs_swollen(stage: Stage, present: datetime) -> Telling:
    """Report battery packs just now."""
    case = History(stage, present, words.SWELLING)
    yield case.ago(minutes=24)
    case.report("lukas.fiedler", spare(stage, cat.BATTERY, 2))


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
