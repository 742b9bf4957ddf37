"""The types of events, in our words and in those of EPCIS 2.0 / CBV 2.0."""

from typing import NamedTuple

from engine.words import N_


class Word(tuple[str, ...]):
    """Words inside a sentence: themselves in English, translated where the sentence is shown."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the English words."""
        return ", ".join(self)


# how the axes are called in the middle of a sentence
CUSTODY = {
    "in_house": N_("in house"),
    "in_transit": N_("in transit"),
    "at_third_party": N_("at a third party"),
    "at_consignee": N_("at a consignee"),
    "returned": N_("returned, not yet checked"),
    "consumed": N_("consumed in production"),
    "destroyed": N_("destroyed"),
    "never_existed": N_("recorded in error, never existed"),
    "unknown": N_("not known"),
}
USABILITY = {
    "unreleased": N_("not released"),
    "conforming": N_("conforming"),
    "nonconforming": N_("nonconforming"),
    "scrapped": N_("scrapped"),
    "unknown": N_("not known"),
}
CONTROL = {"serial": N_("by serial number"), "lot": N_("by lot")}


class Kind(NamedTuple):
    """One type of event: what a person reads, and its CBV business step and disposition."""

    label: str
    biz_step: str | None = None
    disposition: str | None = None


# the standard has no "quarantined" or "corrected in field": those stay ours and map on export
KINDS: dict[str, Kind] = {
    "ordered": Kind("Ordered", "other"),
    "received": Kind("Received", "receiving", "in_progress"),
    "inspected": Kind("Inspected", "inspecting"),
    "built": Kind("Built", "commissioning", "active"),
    "input_added": Kind("Input recorded later", "assembling", "in_progress"),
    "kitted": Kind("Put together as a kit", "assembling", "active"),
    "lot_added": Kind("Lot recorded later", "other"),
    "lot_split": Kind("Lot split", "repackaging", "in_progress"),
    "lot_merged": Kind("Lots merged", "repackaging", "in_progress"),
    "relabelled": Kind("Relabelled", "encoding", "in_progress"),
    "tested": Kind("Tested", "inspecting"),
    "certified": Kind("Certified", "other"),
    "packed": Kind("Packed", "packing", "in_progress"),
    "unpacked": Kind("Unpacked", "unpacking", "in_progress"),
    "installed": Kind("Installed", "assembling", "in_progress"),
    "removed": Kind("Removed", "disassembling", "in_progress"),
    "observed": Kind("Seen by a partner"),
    "moved": Kind("Moved", "storing", "in_progress"),
    "sent_out": Kind("Sent to a third party", "departing", "in_transit"),
    "shipped": Kind("Shipped", "shipping", "in_transit"),
    "shipment_reported": Kind("Shipment reported", "shipping", "in_transit"),
    "delivered": Kind("Delivered", "arriving", "in_progress"),
    "installed_at_site": Kind("Put into use at the site", "installing", "active"),
    "serviced": Kind("Serviced", "repairing", "active"),
    "returned": Kind("Returned", "receiving", "returned"),
    "released": Kind("Released for use", "inspecting", "conformant"),
    "found_nonconforming": Kind("Found nonconforming", "inspecting", "non_conformant"),
    "reworked": Kind("Reworked", "repairing", "in_progress"),
    "regraded": Kind("Regraded", "repackaging", "in_progress"),
    "scrapped": Kind("Scrapped", "inspecting", "non_sellable_other"),
    "destroyed": Kind("Destroyed", "destroying", "destroyed"),
    "stock_adjusted": Kind("Count adjusted", "cycle_counting"),
    "not_found": Kind("Not found", "cycle_counting", "unknown"),
    "never_existed": Kind("Recorded in error: never existed", "cycle_counting"),
    "stock_split": Kind("Stock told apart"),
    "hold_placed": Kind("Put on hold", "holding", "non_sellable_other"),
    "hold_released": Kind("Hold released", "other"),
    "hold_breached": Kind("Hold broken", "other", "mismatch_instance"),
    "did_not_occur": Kind("Recorded by mistake: did not occur"),
    "import_rolled_back": Kind("Import taken back"),
}
# these are told by the world: recorded whatever they break
REPORTED = frozenset(
    {
        "shipment_reported",
        "delivered",
        "returned",
        "installed_at_site",
        "serviced",
        "found_nonconforming",
        "not_found",
        "never_existed",
        "hold_placed",
        "hold_released",
        "hold_breached",
        "did_not_occur",
    }
)
# these are undone by their own commands, never by a correction
HOLDING = frozenset({"hold_placed", "hold_released", "hold_breached"})
# nothing corrects these
FINAL = (*sorted(HOLDING), "did_not_occur", "import_rolled_back")

# what an event may name beside units and lots, and a trace may start from
FACTS = {
    "work_order": N_("Work order"),
    "equipment": N_("Equipment"),
    "operator": N_("Operator"),
    "program": N_("Program version"),
    "label": N_("Label version"),
    "document": N_("Document"),
    "purchase_order": N_("Purchase order"),
    "supplier_lot": N_("Supplier lot"),
    "certificate": N_("Certificate"),
    "procedure": N_("Procedure"),
    "inspector": N_("Inspector"),
    "sscc": N_("SSCC"),
}
