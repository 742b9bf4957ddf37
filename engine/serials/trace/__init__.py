"""Tracing forward: who has what contains a suspect lot or unit, and by which path."""

from engine.serials.trace.comparing import (
    Compared,
    Difference,
    RunUnknown,
    compare,
    compared_units,
    units_by_side,
)
from engine.serials.trace.counting import counted
from engine.serials.trace.counts import Counts, Placed, Sent, Tally
from engine.serials.trace.explain import OwnLot, Struck, UnitNotInRun, Why, WhyNot, why, why_not
from engine.serials.trace.forward import contains, reached_by
from engine.serials.trace.found import Affected, AffectedStock, AffectedUnit, Step
from engine.serials.trace.kept import (
    KeptStock,
    KeptUnit,
    affected_nodes,
    affected_stock,
    affected_units,
    every_stock,
    every_unit,
    stock_by_run,
    units_by_run,
)
from engine.serials.trace.running import counts, event_known_at, fingerprint, run
from engine.serials.trace.seeds import Seeds

__all__ = [
    "Affected",
    "AffectedStock",
    "AffectedUnit",
    "Compared",
    "Counts",
    "Difference",
    "KeptStock",
    "KeptUnit",
    "OwnLot",
    "Placed",
    "RunUnknown",
    "Seeds",
    "Sent",
    "Step",
    "Struck",
    "Tally",
    "UnitNotInRun",
    "Why",
    "WhyNot",
    "affected_nodes",
    "affected_stock",
    "affected_units",
    "compare",
    "compared_units",
    "contains",
    "counted",
    "counts",
    "event_known_at",
    "every_stock",
    "every_unit",
    "fingerprint",
    "reached_by",
    "run",
    "stock_by_run",
    "units_by_run",
    "units_by_side",
    "why",
    "why_not",
]
