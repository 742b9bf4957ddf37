"""What the people of the demo answer at each step, so that a case can be walked to its end.

Every entry is what a person would type; what depends on the case (pieces, lines, counts) is
filled in by whoever walks it. The stories of the tests use the same book.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from webapp.demo import checks_book, recall_book

Answers = dict[str, Any]

APPROVAL = {"decision": "approve", "reason": "The proposal is justified by the evidence given."}

BOOK: Mapping[str, Answers] = {
    **recall_book.RECALL,
    **checks_book.CHECKS,
    "nonconformance.triage": {
        "outcome": "confirmed",
        "requirement": "Seal peel strength at least 1.2 N, SPEC-0231 rev 4, clause 5.2",
        "severity": "major",
        "rationale": "Three of twenty samples opened below the limit; the retained samples agree.",
        "scope_correct": True,
    },
    "nonconformance.confirm_screening": {
        "agreed": True,
        "evidence_checked": "Inspection record and the retained samples.",
        "were_tagged": False,
    },
    "nonconformance.investigate": {
        "investigation_needed": True,
        "cause": "equipment",
        "cause_description": "Heater plate 2 of sealer SL-04 read 6 °C low; shown by the "
        "thermocouple check of the same day.",
        "escape": "The hourly peel test samples plate 1 only.",
        "others_affected": False,
        "no_others_because": "SL-04 was set up for this lot only; the log shows no other run.",
        "supplier_involved": False,
    },
    "nonconformance.verify_and_close": {
        "decision": "close",
        "supplier_notified": {"number": "", "because": "The cause lies in our own equipment."},
        "capa_needed": {"number": "CAPA-2026-031", "because": ""},
        "risk_file_reviewed": {"number": "RMF-12 rev 7", "because": ""},
        "checks": [
            "all_accounted",
            "dispositions_done",
            "rationale_recorded",
            "tags_accounted",
        ],
        "effect_checked": "Peel tests of the next five lots are above the limit.",
    },
    "notice_text.draft_text": {
        "headline": "Infusion pump: flow may stop without alarm",
        "product": "Infusion pump IP-300, model IP-300-A, 50 ml",
        "identification": "The serial number is on the label at the rear, below the UDI code.",
        "registration": "510(k) K123456; 国械注准20253140001; SRN DE-MF-000012345",
        "what_happened": "A batch of motor drivers may fail after some hours of use. The pump "
        "then stops and gives no alarm.",
        "risk": "Therapy may be interrupted without being noticed. For patients who depend on "
        "continuous infusion this may cause serious injury or death.",
        "instructions": "Stop using and passing on the listed units at once.\n"
        "Move them to a locked place and mark them.\nReply for each of them.\n"
        "Send them back with the prepaid label.",
        "handling": "We replace each unit free of charge within 10 days after it arrives.",
        "reply_until": "2026-12-18",
        "manufacturer": "Lakeside Devices Ltd\n12 Harbour Road, Duluth MN 55802, USA",
        "contact_name": "Recall office",
        "telephone": "+1 218 555 0100",
        "email": "recall@lakeside.example",
        "signatory": "Xu Gang, chief executive",
    },
    "notice_text.verify_translation": {
        "checks": ["complete", "figures", "risk", "instructions"],
        "verdict": "verified",
    },
    "notice_text.approve_text_regulatory": {"decision": "approve", "checks": ["law", "selling"]},
    "notice_text.approve_text_medical": {"decision": "approve", "checks": ["risk", "protects"]},
    "notice_text.release_letters": {"checks": ["test_read", "list_read"]},
    "consignee_notice.reach_consignee": {
        "channel": "telephone",
        "tried_at": {"local": "2026-03-02T08:00", "zone": "UTC"},
        "outcome": "no_answer",
        "note": "Asked for the head of biomedical engineering; nobody picked up.",
    },
    "consignee_notice.settle_without_reply": {
        "spoken_to": "nobody",
        "said": "The switchboard takes messages only; three were left.",
        "settlement": "unresolved",
        "reason": "Three documented attempts by telephone and letter, and this call.",
    },
    "quarantine.confirm_segregation": {"done": ["moved", "tagged", "lines_checked"]},
    "quarantine.resolve_count_mismatch": {
        "explanation": "counted_wrong",
        "what_was_done": "Counted again by a second person; the first count missed a carton.",
    },
    "scope_change.authorise_scope_release": {
        "release_decision": "released",
        "not_affected_because": "The supplier's second letter limits the fault to week 12; these "
        "were made from week 13 on.",
        "checks": ["trace_read", "no_other_reason", "consignees_told"],
        "other_holds": False,
    },
    "scope_change.remove_tags": {
        "tags_removed": {"quantity": "4", "uom": "each"},
        "tags_missing": False,
        "moved_to": "WH-1",
    },
    "recount.recount_held_stock": {"tags_intact": True},
    "recount.resolve_count_mismatch": {
        "explanation": "counted_wrong",
        "what_was_done": "Counted again by a second person; the second count is right.",
    },
    "disposition.propose_disposition": {
        "registered_specification": True,
        "specification_evidence": "Test report TR-2026-118: all registered limits are met.",
        "concession_justification": "The deviation is cosmetic; sterility and flow are unaffected.",
        "concession_limits": "This lot only, used by the end of the year.",
        "before_distribution": True,
    },
    "disposition.approve_quality": {"justified": True, "cause_addressed": True, **APPROVAL},
    "disposition.approve_engineering": {
        "design_inputs_met": True,
        "adverse_effect_judged": True,
        **APPROVAL,
    },
    "disposition.approve_manufacturing": {
        "process_capable": True,
        "separation_possible": True,
        **APPROVAL,
    },
    "disposition.approve_regulatory": {
        "specification_met": True,
        "no_change_needed": True,
        **APPROVAL,
    },
    "disposition_line.confirm_concession": {
        "confirmation": "confirmed",
        "rationale": "The registered specification is met in every market.",
        "markets": "EU, China",
        "authorised_by_customer": {"number": "", "because": "No customer specification applies."},
    },
    "disposition_line.approve_rework_instruction": {
        "instruction_number": "RWI-2026-009 rev 1",
        "acceptance_criteria": "Peel strength at least 1.2 N on ten of ten samples.",
        "effects": ["sterility", "traceability"],
        "adverse_effect": "controlled",
        "effect_assessment": "A second seal adds no residue; sterilisation follows the rework.",
        "revalidation": {"number": "VAL-2026-044", "because": ""},
    },
    "disposition_line.confirm_repair_conformity": {
        "deviation": "Housing replaced by the approved spare part.",
        "confirmation": "confirmed",
        "rationale": "The registered specification names the spare part.",
    },
    "disposition_line.perform_rework": {
        "work_order": "WO-88213",
        "equipment": "SL-05",
        "deviations": "None.",
    },
    "disposition_line.reinspect": {
        "procedure_used": "IP-201 rev 3",
        "equipment": "Peel tester PT-2",
        "results": "Ten of ten samples at or above 1.4 N.",
        "quantity_inspected": {"quantity": "10", "uom": "each"},
        "reinspection": "passed",
    },
    "disposition_line.confirm_no_fault": {
        "procedure_used": "IP-117 rev 2",
        "conditions_repeated": True,
        "results": "The alarm works at every flow rate of the specification.",
        "confirmation": "confirmed",
        "explanation": "precaution",
    },
    "disposition_line.decide_samples": {
        "samples_kept": False,
        "no_samples_because": "Retained samples of the lot are kept in the sample room.",
    },
    "disposition_line.destroy_units": {
        "method": "crushing",
        "place": "Waste yard, hall 3",
        "labels_destroyed": True,
    },
    "disposition_line.witness_destruction": {
        "serials_checked": "lot_and_count",
        "own_eyes": True,
    },
    "disposition_line.return_to_supplier": {
        "rma_number": "RMA-55120",
        "carrier": "Road freight, consignment 7712",
        "marked": True,
    },
    "disposition_line.sort_units": {
        "criteria": "IP-201 rev 3, 100 % visual",
        "bad_marked": True,
    },
    "disposition_line.relabel_units": {
        "new_part": "TS-20-TR",
        "labels_issued": 50,
        "labels_used": 40,
        "labels_destroyed": 10,
        "old_labels": "removed",
    },
    "disposition_line.verify_labels": {"quantity_checked": {"quantity": "40", "uom": "each"}},
    "disposition_line.authorise_release": {
        "release_decision": "released",
        "checks": ["steps_complete", "criteria_met", "records_complete", "labels_right"],
        "other_holds": False,
    },
    "disposition_line.remove_tags": {
        "tags_removed": {"quantity": "4", "uom": "each"},
        "tags_missing": False,
        "moved_to": "Warehouse, rack 12",
    },
    "field_action_evaluation.evaluate_health_risk": {
        "harm_occurred": "no",
        "existing_conditions": "Patients on continuous infusion.",
        "populations": ["adults", "surgical"],
        "population_at_greatest_risk": "Patients on vasoactive drugs.",
        "hazard": "Interrupted therapy when the pouch is found open.",
        "seriousness": "limited",
        "likelihood": "remote",
        "detectability": "always",
        "consequences": "immediate",
        "consequence_description": "A delay of minutes while another set is opened.",
        "conclusion": "An open pouch is seen before use; the remaining risk is low.",
    },
    "field_action_evaluation.evaluate_field_action": {
        "field_action": "no_field_action",
        "countries": "DE",
        "rationale": "The defect is evident before use and no harm is to be expected.",
        "further_use": "An open pouch is discarded by the user as the instructions say.",
        "stop_shipment": False,
    },
    "hold_breach.handle_hold_breach": {
        "whereabouts": "at_consignee",
        "contained": True,
        "containment": "The ward sister was called at 10:20 and has locked the unit away.",
        "patient_exposed": "no",
        "door": "shipping",
        "why": "The parcel was packed before the hold and handed over without another scan.",
        "follow_up": {"number": "DEV-2026-017", "because": ""},
    },
    "reply_difference.settle_reply": {
        "stands": "latest",
        "channel": "telephone",
        "explanation": "The ward had counted a unit twice; the pharmacist counted anew.",
    },
    "signature_renewal.sign_again": {
        "standing": "stands",
        "reason": "The correction changes a number in the text, not what was decided.",
    },
    "signature_renewal.resolve_withdrawal": {
        "consequence": "reversed",
        "what_was_done": "The stock is held again and goes to a new round.",
    },
}
WEEKS = timedelta(weeks=6)
MOMENTS = {
    **recall_book.MOMENTS,
    "disposition_line.destroy_units": ("destroyed_at",),
    "disposition_line.return_to_supplier": ("shipped_at",),
    "field_action_evaluation.evaluate_field_action": ("decided_at",),
}


def answers_for(process: str, element: str, *, at: datetime, **own: Any) -> Answers:
    """Return the book's answers at an element, with moments at `at` and `own` answers on top."""
    place = f"{process}.{element}"
    moment = {"local": f"{at:%Y-%m-%dT%H:%M}", "zone": "UTC"}
    moments = dict.fromkeys(MOMENTS.get(place, ()), moment)
    days = dict.fromkeys(recall_book.DAYS.get(place, ()), f"{at + WEEKS:%Y-%m-%d}")
    return {**BOOK.get(place, {}), **moments, **days, **own}
