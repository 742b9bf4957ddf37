"""What somebody replied, understood: who, what became of each unit and quantity, and the rest."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.evidence.documents import StoredFile


@dataclass(frozen=True)
class Line:
    """What became of one unit, of a quantity of one lot, or of a number that is not listed."""

    outcome: str
    quantity: Decimal
    unit_id: int | None = None
    lot_id: int | None = None
    said: str | None = None

    @property
    def target(self) -> tuple[int | None, int | None, str | None]:
        """Return what it is about."""
        return self.unit_id, self.lot_id, self.said


@dataclass(frozen=True)
class Instruction:
    """One thing the notice asks to do, and whether it was done."""

    text: str
    is_done: bool


@dataclass(frozen=True)
class Given:
    """One reply as it came, before it has a number."""

    channel: str
    name: str
    role: str
    language: str
    received_at: datetime
    lines: tuple[Line, ...] = ()
    link_id: int | None = None
    customer: str | None = None
    customer_link_id: int | None = None
    contact: str | None = None
    text_id: int | None = None
    instructions: tuple[Instruction, ...] = ()
    is_none: bool = False
    replacement: str | None = None
    patients_informed_count: int | None = None
    customer_count: int | None = None
    customer_informed_count: int | None = None
    customer_answered_count: int | None = None
    passed_on_to: str | None = None
    note: str | None = None
    warnings: tuple[str, ...] = ()
    files: tuple[StoredFile, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return all that it says: what its fingerprint is made of, and what is asked twice."""
        said = {
            name: value
            for name, value in vars(self).items()
            if name not in ("lines", "instructions", "files", "received_at")
        }
        return {
            **said,
            "warnings": list(self.warnings),
            "received_at": self.received_at.isoformat(),
            "instructions": [vars(one) for one in self.instructions],
            "files": [one.sha256 for one in self.files],
            "lines": [
                [one.unit_id, one.lot_id, one.said, f"{one.quantity:f}", one.outcome]
                for one in self.lines
            ],
        }
