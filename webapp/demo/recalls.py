"""The recalls of the demo that have just begun: one before its decision, one just reported."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from webapp.demo import catalogue as cat, recall_words as words, recalls_out
from webapp.demo.complaints import LEAKS, NOBODY_KNOWS, Complaints
from webapp.demo.history import lot_of
from webapp.demo.recall_history import RecallHistory
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

ENFORCEMENT_RECORD = (
    "djo surgical Screw 6.5 mm, Sz 25mm, low profile.\n"
    "Product is intended for the fixation of the acetabular shell or fracture repair\n"
    "Lot 007A1037, Ref 010-55-25."
)
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


def leaking_sets(stage: Stage, present: datetime) -> Telling:
    """Contain neonatal sets; two of four have decided."""
    case = RecallHistory(stage, present, words.LEAK)
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
    case.do("prepare_decision", action="removal")
    yield case.ago(hours=4)
    case.do("decide_as_regulatory")
    yield case.ago(hours=3)
    case.do("decide_as_medical")


def screws_elsewhere(stage: Stage, present: datetime) -> Telling:
    """Report an authority's record that nothing here answers to; it waits for its triage."""
    case = RecallHistory(stage, present, {})
    yield case.ago(hours=2) + timedelta(minutes=20)
    case.signal("oliver.grant", ENFORCEMENT_RECORD, ELSEWHERE)


def a_call_that_broke_off(stage: Stage, present: datetime) -> Telling:
    """Record what nobody can place yet: it feeds no case and is undecided everywhere."""
    yield present - timedelta(hours=3)
    Complaints(stage).record("", None, NOBODY_KNOWS)


ALL: Sequence[Any] = (
    *recalls_out.ALL, leaking_sets, screws_elsewhere, a_call_that_broke_off,
)  # fmt: skip
