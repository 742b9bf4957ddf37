"""What the people of the demo answer at effectiveness checks and status reports."""

from collections.abc import Mapping
from typing import Any

Answers = dict[str, Any]

CHECKS: Mapping[str, Answers] = {
    "effectiveness.plan_checks": {
        "level": "level_a",
        "census_below": 5,
        "why_no_checks": "Every consignee was visited in person.",
        "channel": "telephone",
        "script": (
            "Did our notice of the recall reach you? What does it ask of you? "
            "What have you done so far, and what is left to do?"
        ),
    },
    "effectiveness.start_checks": {"ready": True},
    "effectiveness.evaluate_effectiveness": {
        "decision": "effective",
        "rationale": "Everybody asked had received the notice, knew what to do and had done it.",
    },
    "effectiveness_check.check_consignee": {
        "channel": "telephone",
        "reached": True,
        "person": "Anna Winter, medical devices officer",
        "received": True,
        "understood": True,
        "acted": True,
        "finding": "The pumps stand in quarantine, tagged; collection is asked for.",
    },
    "effectiveness_check.correct_consignee": {
        "cause": "not_acted_on",
        "action": "Sent the letter again to the officer herself and talked it through.",
        "check_again": True,
    },
    "effectiveness_check.accept_result": {
        "rationale": "Three visits, nobody there; the house was closed in spring.",
    },
    "status_report.prepare_status_report": {
        "figures": "stand",
        "progress": "Replies come in as planned; two consignees are followed up by telephone.",
        "completion_on": "2099-06-30",
        "completion_because": "The returns on their way are due within six weeks.",
    },
    "status_report.approve_status_report": {
        "decision": "approve",
        "reason": "The day of completion rests on nothing.",
    },
}
