"""The recalls of the demo: one that is carried out, one before its decision, one just reported."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.cases.recalls import jurisdictions
from webapp.demo import catalogue as cat
from webapp.demo.complaints import DRIFT as DRIFT_TOLD, LEAKS, NOBODY_KNOWS, Complaints
from webapp.demo.history import History, lot_of, of_run
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

LEGAL_NAMES = {
    "US": {"legal_name": "us_removal", "class_name": "fda_class_ii"},
    "EU": {"legal_name": "eu_fsca"},
    "CN": {"legal_name": "cn_recall", "class_name": "nmpa_2"},
    "CA": {"legal_name": "ca_recall"},
    "GB": {"legal_name": "gb_fsca"},
    "AU": {"legal_name": "au_recall", "class_name": "tga_class_ii"},
    "JP": {"legal_name": "jp_recall", "class_name": "jp_class_ii"},
}
OTHER = {"legal_name": "other_recall"}
ENFORCEMENT_RECORD = (
    "djo surgical Screw 6.5 mm, Sz 25mm, low profile.\n"
    "Product is intended for the fixation of the acetabular shell or fracture repair\n"
    "Lot 007A1037, Ref 010-55-25."
)
DRIFT = {
    "source": "supplier_notice",
    "sender": "Ethelwyn Sensors",
    "source_reference": "Notice EW-2291",
    "description": "Pressure sensors of one delivery drift after 200 hours of use. The pump then "
    "alarms late at an occlusion.",
    "possible_harm": "A drug that does not run is noticed late.",
}
LEAK = {
    "source": "reported_event",
    "complaint_number": "CMP-2026-0187",
    "description": "Connectors of neonatal sets leak at the filter. Three wards reported drops on "
    "the mattress.",
    "possible_harm": "Too little drug, air in the line.",
}
ELSEWHERE = {
    "source": "authority",
    "sender": "FDA, enforcement report",
    "source_reference": "Event 62561",
    "description": "One lot of the 6.5 mm Cancellous Bone Screw was recalled because a product "
    "complaint identified a mislabeling of the device.",
}


class RecallHistory(History):
    """One recall as it happens."""

    def __init__(self, stage: Stage, present: datetime) -> None:
        """Tell it on `stage`; what people wrote stands in the book."""
        super().__init__(stage, present, {})

    def signal(self, by: str, scope: str, answers: dict[str, Any]) -> None:
        """Let someone report what begins it."""
        self.number = self.stage.signal(by, scope, answers)

    def decide_jurisdictions(self) -> None:
        """Let regulatory affairs sign what it is in every jurisdiction."""
        for task in self.stage.open_tasks(self.number, "decide_jurisdiction"):
            answers = LEGAL_NAMES.get(self._jurisdiction(task.instance_id), OTHER)
            self.stage.do(task, self.number, answers)

    def _jurisdiction(self, instance_id: int) -> str:
        row = self.stage.reads(lambda db: jurisdictions.row_of(db, instance_id))
        return str(row.code) if row else ""


def drifting_sensors(stage: Stage, present: datetime) -> Telling:
    """Take a supplier's notice to the work: jurisdictions decided, strategy approved."""
    case = RecallHistory(stage, present)
    scope = "\n".join(of_run(stage, cat.V3, 0))
    yield case.ago(days=4, hours=6)
    case.signal("oliver.grant", scope, DRIFT)
    yield case.ago(days=4, hours=5, minutes=40)
    case.do("triage_signal")
    yield case.ago(days=4, hours=5, minutes=20)
    case.do("order_containment", scope={"text": scope})
    yield case.ago(days=4, hours=2)
    case.do("evaluate_health_hazard", severity="reversible")
    yield case.ago(days=3, hours=22)
    told = Complaints(stage)
    event = told.record("Volumetric infusion pump V3", of_run(stage, cat.V3, 0)[0], DRIFT_TOLD)
    told.link(case.number, event)
    yield case.ago(days=3, hours=8)
    told.decide(
        event, "US", "us_30_day", "A late alarm hides an occlusion; if it recurred on a "
        "vasoactive drug it could contribute to a serious injury.", "malfunction",
    )  # fmt: skip
    told.decide(
        event, "CN", None, "Found by a technician before use; no injury happened and none could "
        "have: the pump was on no patient.", "harmful",
    )  # fmt: skip
    yield case.ago(days=3, hours=7)
    case.do("prepare_decision", action="removal")
    for hours, who in ((6, "regulatory"), (5, "medical"), (4, "quality"), (3, "executive")):
        yield case.ago(days=3, hours=hours)
        case.do(f"decide_as_{who}")
    yield case.ago(days=2, hours=6)
    case.decide_jurisdictions()
    yield case.ago(days=2, hours=2)
    case.do("draft_strategy")
    yield case.ago(days=1, hours=20)
    case.do("approve_strategy")
    yield case.ago(hours=20)
    case.do("publish_announcement")


def leaking_sets(stage: Stage, present: datetime) -> Telling:
    """Contain neonatal sets; two of four have decided."""
    case = RecallHistory(stage, present)
    scope = lot_of(stage, cat.NEO_SET, 0)
    told = Complaints(stage)
    yield case.ago(days=1, hours=9)
    first = told.record("Infusion set, neonatal, sterile", scope, LEAKS[0])
    yield case.ago(days=1, hours=8)
    case.signal("oliver.grant", scope, {**LEAK, "reported_events": first})
    yield case.ago(days=1, hours=7, minutes=45)
    case.do("triage_signal")
    yield case.ago(days=1, hours=7, minutes=30)
    case.do("order_containment", scope={"text": scope})
    yield case.ago(days=1, hours=3)
    case.do("evaluate_health_hazard", severity="death", likelihood="remote")
    yield case.ago(days=1)
    told.link(case.number, told.record("Infusion set, neonatal, sterile", scope, LEAKS[1]))
    told.decide(
        first, "EU", "eu_15_day", "Too little of a drug can harm a newborn, though the ward saw it "
        "in time here.", "incident", "serious",
    )  # fmt: skip
    yield case.ago(hours=6)
    case.do("prepare_decision", action="correction")
    yield case.ago(hours=4)
    case.do("decide_as_regulatory")
    yield case.ago(hours=3)
    case.do("decide_as_medical")


def screws_elsewhere(stage: Stage, present: datetime) -> Telling:
    """Report an authority's record that nothing here answers to; it waits for its triage."""
    case = RecallHistory(stage, present)
    yield case.ago(hours=2) + timedelta(minutes=20)
    case.signal("oliver.grant", ENFORCEMENT_RECORD, ELSEWHERE)


def a_call_that_broke_off(stage: Stage, present: datetime) -> Telling:
    """Record what nobody can place yet: it feeds no case and is undecided everywhere."""
    yield present - timedelta(hours=3)
    Complaints(stage).record("", None, NOBODY_KNOWS)


ALL: Sequence[Any] = (drifting_sensors, leaking_sets, screws_elsewhere, a_call_that_broke_off)
