"""What the people of the demo answer at each step of a recall; the stories use it too."""

from collections.abc import Mapping
from typing import Any

Answers = dict[str, Any]

APPROVED = {"decision": "approve", "reason": "The evidence supports the action as it is proposed."}

RECALL: Mapping[str, Answers] = {
    "recall.triage_signal": {
        "outcome": "pursue",
        "rationale": "The supplier names the lot; our records show it in pumps that were shipped.",
        "urgency": "hour",
    },
    "recall.confirm_dismissal": {
        "decision": "confirmed",
        "evidence_checked": "The label and the photographs beside our own label drawings.",
    },
    "recall.order_containment": {
        "scope_reason": "Every device with a sensor of the lot; other lots are still looked at.",
        "instructions": "Nothing of these leaves. Parcels that are packed are opened again.",
        "same_design": False,
        "same_design_because": "Other sensor lots passed the drift test of last week.",
    },
    "recall.evaluate_health_hazard": {
        "harm_occurred": "no",
        "failures": "Two complaints of a pressure reading that drifts, of 3,000 units out.",
        "conformity": "does_not",
        "conformity_why": "Accuracy of pressure, SPEC-0114 clause 4.2, is not met after 200 hours.",
        "existing_conditions": "Intensive care: a wrong pressure hides an occlusion.",
        "population": ["newborns", "surgical"],
        "population_why": "Newborns on vasoactive drugs; all regions we ship to.",
        "severity": "death",
        "likelihood": "possible",
        "likelihood_why": "The drift was reproduced on 4 of 12 returned units.",
        "consequences": "Immediate: interrupted therapy. Long-range: none known.",
        "detectability": "sometimes",
        "use_meanwhile": "stop",
        "conclusion": "Use must stop where a second pump is at hand. How many drift is unknown.",
    },
    "recall_decision.prepare_decision": {
        "action": "removal",
        "what_is_done": "Units are returned and exchanged for units with another sensor lot.",
        "why_none": "The drift stays within the tolerance of the instructions for use.",
        "rationale": "The sensor cannot be exchanged at the hospital; an inspection misses drift.",
        "is_provisional": True,
        "participants": "Executive\nQuality\nRegulatory affairs\nMedical reviewer",
        "minutes": "The evaluation was presented. Exchange on site was weighed and rejected.",
    },
    "recall_decision.decide_as_executive": {**APPROVED, "title": "Managing director"},
    "recall_decision.decide_as_quality": APPROVED,
    "recall_decision.decide_as_regulatory": APPROVED,
    "recall_decision.decide_as_medical": APPROVED,
    "jurisdiction_decision.identify_country": {
        "country": "DE",
        "how_known": "The delivery note names Tannbach; their switchboard confirmed it.",
    },
    "jurisdiction_decision.decide_jurisdiction": {
        "is_reportable": True,
        "clause": "As listed beside the form",
        "reason": "Units are in use there and the hazard is to health.",
    },
    "jurisdiction_decision.confirm_no_report": {
        "decision": "confirmed",
        "reason": "The clause and the evaluation were read beside the decision.",
    },
    "recall.draft_strategy": {
        "depth": "consumer_user",
        "depth_because": "The pump is used at the bedside; nobody resells it.",
        "public_warning": False,
        "warning_how": "Every hospital is known by name and called within a day.",
        "channels": ["letter", "mail", "telephone"],
        "reply_by_days": 5,
        "plan": "Letters today, calls after two days, a visit where nobody answers.",
        "shortage": "Loan pumps with another sensor lot are sent with the letter.",
        "check_level": "a",
        "level_because": "A wrong pressure may harm at once.",
        "report_every_days": 14,
        "returned_units": "board",
        "returned_how": "Received by scan, segregated, and ruled on by the board.",
    },
    "recall.approve_strategy": {
        "decision": "approve",
        "reason": "It reaches every user, and the loan pumps are there.",
    },
    "recall.publish_announcement": {
        "where": "tarn-medical.example/safety\nSite of the provincial authority",
        "text": "Tarn Medical takes infusion pumps with the named sensor lot back.",
    },
    "recall.review_returns": {"board": False},
    "recall.reconcile": {
        "decision": "complete",
        "effect": "Every consignee confirmed, and every unit has its account.",
    },
    "regulator_notification.prepare_notification": {
        "kind": "report",
        "receiver": "The competent authority at the address in the list of authorities",
        "summary": "Device, reason, hazard, action, numbers and consignees as recorded here.",
    },
    "regulator_notification.submit_notification": {
        "channel": "portal",
        "receipt": "2026-RC-000123",
    },
    "termination_request.request_termination": {
        "reference": "2026-RC-000123-F",
        "effect": "All consignees acted; no unit is left in use.",
    },
    "termination_request.record_outcome": {"outcome": "ended", "letter": "Letter of the authority"},
    "class_review.review_class": {
        "class_wording": "FDA Class I",
        "told_again": False,
        "told_because": "The letter asked for the same acts.",
        "public_warning": True,
        "warning_how": "A press release, for a Class I device.",
        "check_level": "a",
        "level_because": "Every user is asked already.",
    },
    "class_review.approve_class_review": {
        "decision": "approve",
        "reason": "The warning fits the class.",
    },
    "device_review.evaluate_added_device": {
        "factors": "The same sensor, in a pump that is used at home: nobody watches the pressure.",
        "severity": "death",
        "likelihood": "possible",
        "likelihood_why": "No complaint is known; the sensor is the same.",
        "use_meanwhile": "stop",
        "conclusion": "The hazard is the same. How many drift at home is unknown.",
    },
    "device_review.weigh_added_device": {
        "action_holds": "as_decided",
        "reason": "The sensor is exchanged in the same way.",
    },
    "recall.verify_and_close": {
        "capa": {"number": "CAPA-2026-044", "because": ""},
        "risk_file_reviewed": {"number": "RMF-07 rev 12", "because": ""},
        "supplier_notified": {"number": "SCAR-2026-011", "because": ""},
        "lessons": "Contacts were right; two hospitals needed the list as a file.",
    },
}
DAYS = {"recall.draft_strategy": ("done_by",)}  # some weeks on
MOMENTS = {
    "recall_decision.prepare_decision": ("met_at",),
    "recall.publish_announcement": ("published_at",),
    "regulator_notification.submit_notification": ("submitted_at",),
    "termination_request.request_termination": ("sent_at",),
    "termination_request.record_outcome": ("answered_at",),
}
