"""Taking in files: raw kept, every problem of every row told, loaded whole or not at all."""

from engine.serials.intake.batch import (
    KINDS,
    IntakeResult,
    correct_row,
    load_csv,
    rerun,
    roll_back,
)
from engine.serials.intake.reading import RowProblem

__all__ = [
    "KINDS",
    "IntakeResult",
    "RowProblem",
    "correct_row",
    "load_csv",
    "rerun",
    "roll_back",
]
