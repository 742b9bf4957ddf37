"""What each kind of row refers to, and whether it is new, the same, fills gaps, or differs."""

from collections.abc import Callable, Mapping

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known
from engine.serials.intake.referring.buying import of_orders, of_receipts
from engine.serials.intake.referring.contacts import of_contacts
from engine.serials.intake.referring.goods import of_shipments, of_stock, of_units
from engine.serials.intake.referring.joins import of_cases, of_inputs, of_installs, of_names
from engine.serials.intake.referring.master import of_locations, of_lots, of_parties, of_parts
from engine.serials.intake.referring.naming import Groups
from engine.serials.intake.referring.partners import of_epcis
from engine.serials.intake.referring.tests import of_tests

__all__ = ["Groups", "refer"]


def refer(chunk: Chunk, known: Known, groups: Groups) -> None:
    """Fill in what rows refer to, note every problem, say which are new."""
    REFERRING[chunk.what.kind](chunk, known, groups)
    for place in chunk.bad:
        chunk.states[place] = "quarantined"


REFERRING: Mapping[str, Callable[[Chunk, Known, Groups], None]] = {
    "parties": of_parties,
    "contacts": of_contacts,
    "locations": of_locations,
    "parts": of_parts,
    "lots": of_lots,
    "units": of_units,
    "orders": of_orders,
    "receipts": of_receipts,
    "stock": of_stock,
    "inputs": of_inputs,
    "installs": of_installs,
    "tests": of_tests,
    "shipments": of_shipments,
    "names": of_names,
    "epcis": of_epcis,
    "cases": of_cases,
}
