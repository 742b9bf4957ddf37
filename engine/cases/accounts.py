"""The accounts of the unit balance: every affected unit is in exactly one of them."""

from dataclasses import dataclass

from engine.words import N_

SCOPE = "scope"  # where everything comes from, and goes when it is no case's any more


@dataclass(frozen=True)
class Account:
    """One account: its words, whether what lies in it waits for a decision, and is affected."""

    label: str
    is_open: bool
    is_affected: bool = True


# the order is the order of every table that shows a balance
ACCOUNTS: dict[str, Account] = {
    "in_house": Account(N_("In house, not on hold yet"), is_open=True),
    "held": Account(N_("On hold in house"), is_open=True),
    "at_third_party": Account(N_("At a third party, not on hold yet"), is_open=True),
    "held_elsewhere": Account(N_("On hold at a third party"), is_open=True),
    "in_transit": Account(N_("In transit"), is_open=True),
    "at_consignee": Account(N_("At a consignee"), is_open=True),
    "confirmed_at_consignee": Account(N_("Quarantined at a consignee"), is_open=True),
    "in_use_until_corrected": Account(N_("Still in use until corrected"), is_open=True),
    "return_announced": Account(N_("Sent back, not received yet"), is_open=True),
    "passed_on": Account(N_("Passed on, receiver not confirmed"), is_open=True),
    "not_received": Account(N_("Never received, as the consignee says"), is_open=True),
    "not_found": Account(N_("Not found"), is_open=True),
    "released_under_concession": Account(N_("Released under concession"), is_open=False),
    "released_no_fault": Account(N_("Released, no fault found"), is_open=False),
    "released_after_sorting": Account(N_("Released after sorting"), is_open=False),
    "released_not_affected": Account(N_("Released as not affected"), is_open=False),
    "reworked": Account(N_("Reworked and released"), is_open=False),
    "repaired": Account(N_("Repaired and released"), is_open=False),
    "regraded": Account(N_("Regraded and released"), is_open=False),
    "serviced": Account(N_("Serviced and released"), is_open=False),
    "reconditioned": Account(N_("Reconditioned and released"), is_open=False),
    "corrected": Account(N_("Corrected in the field"), is_open=False),
    "used": Account(N_("Used or implanted"), is_open=False),
    "returned_to_supplier": Account(N_("Returned to the supplier"), is_open=False),
    "destroyed": Account(N_("Destroyed"), is_open=False),
    "destroyed_at_consignee": Account(N_("Destroyed by the consignee"), is_open=False),
    "kept_as_sample": Account(N_("Kept as samples"), is_open=False),
    "in_other_case": Account(N_("In the case this one duplicates"), is_open=False),
    "transferred_to_recall": Account(N_("Transferred to a recall"), is_open=False),
    "left_without_field_action": Account(N_("Left control, no field action"), is_open=False),
    "lost": Account(N_("Lost, with signed justification"), is_open=False),
    "unresolved": Account(N_("Unresolved after documented effort"), is_open=False),
    "accounted_in_drill": Account(N_("Accounted for in the drill"), is_open=False),
    "missing_in_drill": Account(N_("Still missing at the end of the drill"), is_open=False),
    "recorded_in_error": Account(
        N_("Never existed, recorded in error"), is_open=False, is_affected=False
    ),
}
OPEN = tuple(name for name, account in ACCOUNTS.items() if account.is_open)  # waits for a decision
AFFECTED = tuple(name for name, account in ACCOUNTS.items() if account.is_affected)
IN_HOUSE = ("held", "held_elsewhere")
NOT_HELD = {"in_house": "held", "at_third_party": "held_elsewhere"}  # what a hold moves where
# what went back into use or was never there: no hold of the case bears on it any more
LET_OUT = (
    "released_under_concession",
    "released_no_fault",
    "released_after_sorting",
    "released_not_affected",
    "reworked",
    "repaired",
    "regraded",
    "serviced",
    "reconditioned",
    "corrected",
    "recorded_in_error",
)
# what a consignee has said of what is with it; its custody says no more than that it is there
WITH_CONSIGNEE = (
    "at_consignee",
    "confirmed_at_consignee",
    "in_use_until_corrected",
    "return_announced",
    "passed_on",
    "not_received",
)
LEFT_CONTROL = ("in_transit", *WITH_CONSIGNEE, "not_found")
# where a unit's custody puts it, while nothing is decided about it
OF_CUSTODY = {
    "in_house": "in_house",
    "returned": "in_house",
    "at_third_party": "at_third_party",
    "in_transit": "in_transit",
    "at_consignee": "at_consignee",
    "destroyed": "destroyed",
    "never_existed": "recorded_in_error",
    "unknown": "not_found",
}
