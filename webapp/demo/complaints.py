"""The reported events of the demo: what feeds its recalls, and one that nobody can place yet."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from engine.cases.reported import deciding, feeding, recording
from engine.cases.reported.decisions import Decision
from engine.cases.reported.given import Given
from engine.regulators.reportability import NO, reporting
from webapp.demo.stage import Stage

HANDLER, REGULATORY = "nora.byrne", "sofia.lindgren"
LEAKS: tuple[Mapping[str, Any], ...] = (
    {
        "complaint_number": "CMP-2026-0187",
        "what_happened": "Drops under the filter of the connector. The ward changed the set at "
        "once and saw it on two more of the box.",
        "outcome": "malfunction",
        "country": "DE",
        "reporter_name": "Neonatal ward, Klinikum Tannbach",
        "reporter_phone": "+49 555 0132",
        "aware_how": "call to the service line, note N-5521",
    },
    {
        "complaint_number": "UF-2026-113",
        "is_external": True,
        "what_happened": "Mattress wet in the morning; the dose of the night was given again. No "
        "harm was seen.",
        "outcome": "other",
        "country": "CN",
        "reporter_name": "Device office of the hospital",
        "aware_how": "letter with a photograph",
    },
)
DRIFT: Mapping[str, Any] = {
    "complaint_number": "CMP-2026-0174",
    "what_happened": "The pump alarmed late at a kinked line: pressure read 40 mmHg too low "
    "beside a second pump.",
    "outcome": "malfunction",
    "country": "US",
    "reporter_name": "Biomedical engineering, Lakeside Medical Center",
    "reporter_address": "Lakeside",
    "reporter_phone": "+1 555 0148",
    "corrective_action": "The pump was taken out of use and is on its way to us.",
    "reply": "Thanked on the telephone; a written answer follows with the findings.",
    "aware_how": "service visit, report SV-3302",
}
NOBODY_KNOWS: Mapping[str, Any] = {
    "complaint_number": "CMP-2026-0191",
    "device_name": "an infusion pump of yours",
    "what_happened": "A caller says that a pump ran empty without an alarm. The line broke off; no "
    "number of the device, no hospital.",
    "outcome": "unknown",
    "aware_how": "call to the switchboard",
}


class Complaints:
    """What the complaint handler writes down, and what regulatory affairs signs of it."""

    def __init__(self, stage: Stage) -> None:
        """Tell it on `stage`."""
        self.stage = stage

    def record(self, device: str, identification: str | None, told: Mapping[str, Any]) -> str:
        """Write down what was told an hour ago; return the number of the event."""
        by, at = self.stage.who(HANDLER), self.stage.at
        aware_at = (at - timedelta(hours=1)).replace(second=0, microsecond=0)
        given = Given(
            **{
                "device_name": device,
                "identification": identification,
                "received_on": aware_at.date(),
                "aware_at": aware_at,
                "aware_by": by.printed_name,
                **told,
            }
        )
        with self.stage.holdfast.database.begin() as db:
            number = recording.record(db, given, by=by, at=at, key=uuid4().hex).number
        self.stage.tell(f"{by.printed_name} recorded {number}")
        return number

    def link(self, case: str, *numbers: str) -> None:
        """Have events feed a case."""
        by, at = self.stage.who(HANDLER), self.stage.at
        with self.stage.holdfast.database.begin() as db:
            feeding.link(db, case, numbers, by=by, at=at, key=uuid4().hex)

    def decide(self, number: str, code: str, report: str | None, reason: str, *may: str) -> None:
        """Sign whether an event is reportable in a jurisdiction; `may` is answered with yes."""
        by, at = self.stage.who(REGULATORY), self.stage.at
        answers = {one.code: "yes" if one.code in may else NO
                   for one in reporting(code).questions}  # fmt: skip
        decision = Decision(number, code, report is not None, report, reason, None, answers)
        signing = self.stage.asked_to_sign(
            by,
            lambda db, session: deciding.open_signing(
                db, decision, by=by, session_id=session, at=at
            ),
        )
        with self.stage.holdfast.database.begin() as db:
            deciding.sign_and_decide(db, decision, signing, by=by, at=at, key=uuid4().hex)
        self.stage.tell(f"{by.printed_name} signed on {number} for {code}")
