"""Tracing forward: who has what contains a suspect lot or unit, and by which path."""

from engine.serials.trace.counting import counted
from engine.serials.trace.counts import Counts, Placed, Sent, Tally
from engine.serials.trace.forward import contains
from engine.serials.trace.found import Affected, AffectedStock, AffectedUnit, Step
from engine.serials.trace.kept import (
    KeptStock,
    KeptUnit,
    affected_nodes,
    affected_stock,
    affected_units,
    every_stock,
    every_unit,
)
from engine.serials.trace.running import counts, event_known_at, fingerprint, run
from engine.serials.trace.seeds import Seeds

__all__ = [
    "Affected",
    "AffectedStock",
    "AffectedUnit",
    "Counts",
    "KeptStock",
    "KeptUnit",
    "Placed",
    "Seeds",
    "Sent",
    "Step",
    "Tally",
    "affected_nodes",
    "affected_stock",
    "affected_units",
    "contains",
    "counted",
    "counts",
    "event_known_at",
    "every_stock",
    "every_unit",
    "fingerprint",
    "run",
]
