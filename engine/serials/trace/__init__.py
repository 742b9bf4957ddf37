"""Tracing forward: who has what contains a suspect lot or unit, and by which path."""

from engine.serials.trace.forward import contains
from engine.serials.trace.found import Affected, AffectedStock, AffectedUnit, Step
from engine.serials.trace.kept import keep_run

__all__ = [
    "Affected",
    "AffectedStock",
    "AffectedUnit",
    "Step",
    "contains",
    "keep_run",
]
