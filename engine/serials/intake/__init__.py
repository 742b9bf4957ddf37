"""Taking in files: kept as they came, mapped, checked, loaded, corrected row by row, taken back."""

from engine.serials.intake.batch import (
    Counts,
    check,
    check_here,
    counts_of,
    get,
    load,
    problems,
    read_as,
    receive,
    refuse_other,
    rerun,
    shown,
)
from engine.serials.intake.layouts import KINDS, layout
from engine.serials.intake.problems import RowProblem
from engine.serials.intake.taking_back import compensate, roll_back

__all__ = [
    "KINDS",
    "Counts",
    "RowProblem",
    "check",
    "check_here",
    "compensate",
    "counts_of",
    "get",
    "layout",
    "load",
    "problems",
    "read_as",
    "receive",
    "refuse_other",
    "rerun",
    "roll_back",
    "shown",
]
