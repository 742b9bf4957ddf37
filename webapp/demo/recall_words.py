"""What people wrote in each recall of the demo, by element; where nothing stands, the book does."""

from webapp.demo.words import Said

_DECIDED = {
    "is_provisional": False,
    "participants": "林雅琴 Lin Yaqin, executive\nHelen Ashworth, quality\nSofia Lindgren, "
    "regulatory affairs\nDr Claire Dumont, medical review",
}
_TEAR_AND_KINK = {
    "depth": "consumer_user",
    "depth_because": "The goods are used up at the bedside; nobody resells them.",
    "plan": "Letters today, calls after two days, a visit where nobody answers.",
}

DRIFT: Said = {
    "publish_announcement": {
        "where": "fenwarden.example/safety\nSite of the provincial authority",
        "text": "Fenwarden Infusion takes infusion pumps with the named sensor lot back.",
    },
}
LEAK: Said = {
    "triage_signal": {
        "rationale": "Two complaints name one lot, and a drip chamber of it leaks here as well.",
    },
    "order_containment": {
        "scope_reason": "Every set of the lot; the chambers of other lots held pressure today.",
        "same_design_because": "Other lots passed the leak test of this week.",
    },
    "evaluate_health_hazard": {
        "failures": "Two complaints of leaking chambers, of 460 sets at customers.",
        "conformity_why": "Tightness, SPEC-0207 clause 5.1, is not met at 30 kPa.",
        "existing_conditions": "Neonatal care: a dose that leaks is a large part of the dose.",
        "population_why": "Newborns; every ward that has the lot.",
        "likelihood_why": "One of twenty retained sets leaked at the bond of the chamber.",
        "conclusion": "Use must stop. Sets of other lots are there.",
    },
    "prepare_decision": {
        **_DECIDED,
        "what_is_done": "Sets are exchanged at the ward; what is found is destroyed there.",
        "rationale": "A leak cannot be seen before use, and sets cannot be mended.",
        "minutes": "The evaluation was presented. Sorting at the ward was weighed and rejected.",
    },
}
KINK: Said = {
    "triage_signal": {
        "rationale": "The complaint names the lot, and retained sets of it are kinked as well.",
    },
    "order_containment": {
        "scope_reason": "Every set of the lot; sets coiled on the wider reel are straight.",
        "same_design_because": "Other lots were coiled on the wider reel.",
    },
    "evaluate_health_hazard": {
        "failures": "One complaint of a kinked tube; none of an injury.",
        "conformity_why": "Flow, SPEC-0188 clause 4.4, is not met while the tube is kinked.",
        "existing_conditions": "Drugs that break down in light run slowly for hours.",
        "population_why": "Patients on infusions that must not be interrupted.",
        "likelihood_why": "Three of twenty retained sets were kinked below the chamber.",
        "consequences": "Immediate: delayed therapy. Long-range: none known.",
        "conclusion": "Use must stop. Sets of other lots are there.",
    },
    "prepare_decision": {
        **_DECIDED,
        "what_is_done": "Customers destroy what is left and are credited.",
        "rationale": "A kink comes back when it is straightened; sorting misses some.",
        "minutes": "The evaluation was presented. Straightening was weighed and rejected.",
    },
    "draft_strategy": {
        **_TEAR_AND_KINK,
        "shortage": "Sets of other lots are in stock at every distributor.",
        "level_because": "Two customers only: both are asked.",
        "returned_how": "Nothing is sent back: it is destroyed where it is.",
    },
    "approve_strategy": {"reason": "Both customers are asked, and other lots are there."},
    "publish_announcement": {
        "where": "fenwarden.example/safety\nSite of the provincial authority",
        "text": "Fenwarden Infusion recalls one lot of light-protected infusion sets.",
    },
}
TEAR: Said = {
    "triage_signal": {
        "rationale": "The complaint names the lot; the log of the sealer shows it ran too cold.",
    },
    "order_containment": {
        "scope_reason": "Every line that was sealed on SL-04 in that shift: one lot.",
        "same_design_because": "Other lots were sealed at the right temperature.",
    },
    "evaluate_health_hazard": {
        "failures": "One complaint of torn pouches; no infection is known.",
        "conformity_why": "Strength of the seal, SPEC-0031 clause 3.2, is not met.",
        "existing_conditions": "Patients with weak defences: germs on a line harm more.",
        "population_why": "Every patient with an infusion; both customers of the lot.",
        "likelihood_why": "Four of twenty retained pouches tore beside the seal.",
        "consequences": "Immediate: none. Long-range: an infection may follow.",
        "conclusion": "Use must stop. Lines of other lots are there.",
    },
    "prepare_decision": {
        **_DECIDED,
        "what_is_done": "Customers destroy what is left and are credited.",
        "rationale": "A weak seal cannot be seen, and a pouch cannot be sealed again.",
        "minutes": "The evaluation was presented. Sorting was weighed and rejected.",
    },
    "draft_strategy": {
        **_TEAR_AND_KINK,
        "shortage": "Lines of other lots are in stock in Suzhou.",
        "level_because": "Two customers only: both are asked.",
        "returned_how": "Nothing is sent back: it is destroyed where it is.",
    },
    "approve_strategy": {"reason": "Both customers are asked, and other lots are there."},
    "publish_announcement": {
        "where": "fenwarden.example/safety\nSite of the provincial authority",
        "text": "Fenwarden Infusion recalls one lot of extension lines.",
    },
    "verify_and_close": {
        "lessons": "The sealer now stops when it is too cold; both customers answered in a day.",
    },
}
