"""The recalls of the demo whose letters are out: one answered in part, one checked, one closed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from engine.cases.drills import running
from engine.cases.recalls import gates
from engine.cases.returns.receiving import Line
from engine.serials.models import Location, Part, Unit
from engine.serials.night import running as nights
from webapp.demo import catalogue as cat, german, recall_letters as letters, recall_words as words
from webapp.demo.complaints import DRIFT as DRIFT_TOLD, Complaints
from webapp.demo.customers import KINKED, PRACTISED, PUMPS, TORN
from webapp.demo.recall_history import DECIDERS, SERVICE, RecallHistory
from webapp.demo.recall_letters import Words
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

DRIFT = {
    "source": "supplier_notice",
    "sender": "Halbrecht Sensorik AG",
    "source_reference": "Notice HB-2291",
    "description": "Pressure sensors of one delivery drift after 200 hours of use. The pump then "
    "alarms late at an occlusion.",
    "possible_harm": "A drug that does not run is noticed late.",
}
KINK = {
    "source": "reported_event",
    "complaint_number": "CMP-2026-0133",
    "description": "The tube of light-protected sets is kinked below the chamber as it leaves the "
    "pouch. It was coiled too tight in one lot.",
    "possible_harm": "The flow stops; the pump alarms and therapy is delayed.",
}
TEAR = {
    "source": "reported_event",
    "complaint_number": "CMP-2026-0098",
    "description": "Pouches of extension lines tear beside the seal when they are opened. Sealer "
    "SL-04 ran too cold for one lot.",
    "possible_harm": "A line that is not sterile may cause an infection.",
}
SEED = "practice of the spring"  # the same hospitals answer alike at every bring-up
LOADED = "V3 2.2.0"
SUPERVISED = "苏州市市场监督管理局：派员现场监督销毁"
TRACES = 12  # make a night here


def drifting_sensors(stage: Stage, present: datetime) -> Telling:
    """Write to seven customers about pumps: some have answered, one authority has not."""
    case = RecallHistory(stage, present, words.DRIFT)
    pumps = _pumps_of(stage)
    first = pumps["IE-01"]
    scope = "\n".join(serial for serials in pumps.values() for serial in serials)
    yield case.ago(days=14)
    german.put_in_force(stage)
    yield from _contained(case, 13, DRIFT, scope)
    yield case.ago(days=12, hours=22)
    _complaint(Complaints(stage), case.number, first[0])
    yield from _decided(case, 12)
    yield from _written(case, 10, letters.DRIFT)
    yield case.ago(days=9, hours=3)
    case.open_gate("EU", "Comments of the HPRA on the draft, letter of today")
    yield case.ago(days=8, hours=4)
    case.answer("IE-01", "Aoife Brennan", "Medical devices officer", ("quarantined", 1),
                ("in_use_until_corrected", 2), replacement="Two loan pumps")  # fmt: skip
    yield case.ago(days=7, hours=2)
    case.answer("IE-02", "R. Doyle", "Charge nurse", ("quarantined", 2), by=SERVICE)
    yield case.ago(days=6, hours=20)
    case.answer("IE-03", "Hugh Tierney", "Purchasing", ("passed_on", 2), channel="email",
                by=SERVICE, passed_on_to="Two day clinics in Athlone", customer_count=2,
                customer_informed_count=2, customer_answered_count=0)  # fmt: skip
    yield case.ago(days=6, hours=12)
    case.answer("CN-12", "赵敏 Zhao Min", "设备科", ("quarantined", 2))
    authorisation = case.let_return("CN-12", cat.SUZHOU_CAGE)
    yield case.ago(days=5, hours=10)
    case.try_to_reach("CN-11", "设备科电话无人接听。")
    yield case.ago(days=4, hours=3)
    lines = [Line(serial, "used") for serial in pumps["CN-12"]]
    case.receive(authorisation, cat.SUZHOU_CAGE, *lines, by="huang.li")
    yield case.ago(days=3, hours=4)
    fixed = case.correct(
        first[1], "Loaded a version that finds the drift at start.", LOADED,
        "The ward cannot spare it until the two loan pumps are there.",
    )  # fmt: skip
    yield case.ago(days=2, hours=21)
    case.verify_correction(fixed, LOADED)
    yield case.ago(days=2, hours=1)
    case.try_to_reach("CN-11", "总机留言，请设备科回电。", outcome="message_left")
    yield case.ago(hours=26)
    note = "The nurse had counted a pump that runs on another ward."
    case.answer("IE-02", "M. Keane", "Biomedical engineer", ("quarantined", 1), ("used", 1),
                by=SERVICE, note=note)  # fmt: skip


def kinked_tubes(stage: Stage, present: datetime) -> Telling:
    """Carry a recall to the end of its effectiveness checks; its authorities have the last word."""
    case = RecallHistory(stage, present, words.KINK)
    yield from _contained(case, 34, KINK, KINKED)
    yield from _decided(case, 33)
    yield from _written(case, 31, letters.KINK)
    yield case.ago(days=30, hours=5)
    case.open_gate("EU", "No comments of the HPRA on the draft, e-mail of today")
    case.open_gate("EU", "HPRA: no objection to destruction on site", what=gates.DESTRUCTION)
    case.open_gate("CN", SUPERVISED, what=gates.DESTRUCTION)
    yield case.ago(days=28, hours=3)
    case.answer("IE-01", "Aoife Brennan", "Medical devices officer", ("destroyed", 34),
                ("used", 6))  # fmt: skip
    yield case.ago(days=27, hours=9)
    case.answer("CN-11", "孙洁 Sun Jie", "药械科", ("destroyed", 52), ("used", 8))
    yield from _checked(case, 20)
    yield case.ago(days=15, hours=8)  # it is due by now
    yield case.ago(days=15, hours=6)
    case.do("prepare_status_report")
    yield case.ago(days=14, hours=8)
    case.do("approve_status_report")
    yield case.ago(days=9, hours=4)
    case.do("reconcile")
    yield case.ago(days=7, hours=6)
    case.do("request_termination")


def torn_pouches(stage: Stage, present: datetime) -> Telling:
    """Carry a recall to its sealed record."""
    case = RecallHistory(stage, present, words.TEAR)
    yield from _contained(case, 66, TEAR, TORN)
    yield from _decided(case, 65)
    yield from _written(case, 63, letters.TEAR, report_every_days=60)
    yield case.ago(days=62, hours=5)
    case.open_gate("CN", SUPERVISED, what=gates.DESTRUCTION)
    yield case.ago(days=61, hours=9)
    case.answer("CN-11", "孙洁 Sun Jie", "药械科", ("destroyed", 21), ("used", 9))
    yield case.ago(days=60, hours=8)
    case.answer("CN-12", "赵敏 Zhao Min", "设备科", ("destroyed", 50))
    yield from _checked(case, 50)
    yield case.ago(days=44, hours=4)
    case.do("reconcile")
    yield case.ago(days=42, hours=6)
    case.do("request_termination")
    yield case.ago(days=21, hours=5)
    case.do("record_outcome")
    yield case.ago(days=19, hours=5)
    case.do("verify_and_close")


def practised(stage: Stage, present: datetime) -> Telling:
    """Practise the recall of a lot with robots, and trace at random as each night."""
    yield present - timedelta(days=38, hours=5)
    running.run(stage.holdfast.database, PRACTISED, now=partial(getattr, stage, "at"), seed=SEED)
    for days in (2, 1):
        yield present - timedelta(days=days, hours=8)
        nights.run_now(
            stage.holdfast.database, at=stage.at, sample=TRACES, say=lambda done, total: None
        )


# --- what they have in common ------------------------------------------------------------------


def _contained(case: RecallHistory, days: int, signal: dict[str, Any], scope: str) -> Telling:
    yield case.ago(days=days, hours=6)
    case.signal("oliver.grant", scope, signal)
    yield case.ago(days=days, hours=5, minutes=40)
    case.do("triage_signal")
    yield case.ago(days=days, hours=5, minutes=20)
    case.do("order_containment", scope={"text": scope})
    yield case.ago(days=days, hours=2)
    case.do("evaluate_health_hazard", severity="reversible")


def _decided(case: RecallHistory, days: int) -> Telling:
    yield case.ago(days=days, hours=7)
    case.do("prepare_decision", action="removal")
    for hours, who in DECIDERS:
        yield case.ago(days=days, hours=hours)
        case.do(f"decide_as_{who}")
    yield case.ago(days=days - 1, hours=6)
    case.decide_jurisdictions()


def _written(
    case: RecallHistory, days: int, letter: Mapping[str, Words], **strategy: Any
) -> Telling:
    yield case.ago(days=days, hours=9)
    case.do("draft_strategy", **strategy)
    yield case.ago(days=days, hours=8)
    case.do("approve_strategy")
    yield case.ago(days=days, hours=7)
    case.do("publish_announcement")
    case.do("prepare_notification")
    case.write_letters(letter)
    yield case.ago(days=days, hours=5)
    case.do("submit_notification")
    case.submit_what_is_owed()
    case.sign_letters()
    yield case.ago(days=days, hours=4)
    case.do("release_letters")


def _checked(case: RecallHistory, days: int) -> Telling:
    yield case.ago(days=days, hours=6)
    case.do("review_returns", board=False, remarks="All of it had left the house.")
    case.do("plan_checks")
    case.do("start_checks")
    yield case.ago(days=days - 1, hours=6)
    case.do("check_consignee", finding="Nothing of the lot is left; the wards were told.")
    yield case.ago(days=days - 2, hours=6)
    case.do("evaluate_effectiveness")


def _complaint(told: Complaints, number: str, serial: str) -> None:
    event = told.record("Volumetric infusion pump V3", serial, DRIFT_TOLD)
    told.link(number, event)
    told.decide(
        event, "US", "us_30_day", "A late alarm hides an occlusion; if it recurred on a "
        "vasoactive drug it could contribute to a serious injury.", "malfunction",
    )  # fmt: skip
    told.decide(
        event, "CN", None, "Found by a technician before use; no injury happened and none could "
        "have: the pump was on no patient.", "harmful",
    )  # fmt: skip


def _pumps_of(stage: Stage) -> dict[str, list[str]]:
    """Return the serials of the pumps that each customer has."""
    rows = (
        select(Location.code, Unit.serial)
        .join(Unit, Unit.location_id == Location.id)
        .join(Part, Part.id == Unit.part_id)
        .where(Part.part_no == cat.V3)
        .order_by(Unit.id)
    )
    found = stage.reads(lambda db: db.execute(rows).all())
    return {code: [serial for place, serial in found if place == f"{code}-S"] for code, _ in PUMPS}


ALL = (torn_pouches, practised, kinked_tubes, drifting_sensors)
