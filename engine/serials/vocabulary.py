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
    "received": Kind("Received", "receiving", "in_progress"),
    "built": Kind("Built", "commissioning", "active"),
    "input_added": Kind("Input recorded later", "assembling", "in_progress"),
    "installed": Kind("Installed", "assembling", "in_progress"),
    "removed": Kind("Removed", "disassembling", "in_progress"),
    "moved": Kind("Moved", "storing", "in_progress"),
    "sent_out": Kind("Sent to a third party", "departing", "in_transit"),
    "shipped": Kind("Shipped", "shipping", "in_transit"),
    "shipment_reported": Kind("Shipment reported", "shipping", "in_transit"),
    "delivered": Kind("Delivered", "arriving", "in_progress"),
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
    "hold_breached": Kind("Hold broken by a reported shipment", "other", "mismatch_instance"),
    "did_not_occur": Kind("Recorded by mistake: did not occur"),
    "import_rolled_back": Kind("Import taken back"),
}
# these made edges or runs, which nothing takes away: the trace would lose devices
MAKING = frozenset({"built", "input_added", "hold_placed", "hold_released", "hold_breached"})
