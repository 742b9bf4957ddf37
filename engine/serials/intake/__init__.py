"""Taking in files: raw kept, every problem of every row told, loaded whole or not at all."""

from engine.serials.intake.batch import (
    KINDS,
    IntakeResult,
    correct_row,
    load_csv,
    rerun,
)
from engine.serials.intake.reading import RowProblem
from engine.serials.intake.taking_back import roll_back

__all__ = [
    "KINDS",
    "IntakeResult",
    "RowProblem",
    "correct_row",
    "load_csv",
    "rerun",
    "roll_back",
]
