"""What a forward trace finds: units and stock, each with the path that brought it in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Step:
    """One step of the path that brought something in: what it is and how it is called."""

    kind: str  # lot, segment, unit
    id: int
    label: str
    how: str = "suspect"  # suspect, went_into, made_in, of_lot, used_in, installed_in, was_in
    until: datetime | None = None  # for was_in: when it was removed


@dataclass(frozen=True)
class AffectedUnit:
    """One unit that is, or ever contained, something suspect; where it is now."""

    unit_id: int
    serial: str
    part_id: int
    part_no: str
    root_id: int
    custody: str
    usability: str
    location_id: int | None
    location: str | None
    party_id: int | None
    party: str | None
    path: tuple[Step, ...]
    is_certain: bool = True  # False: an UNKNOWN lot, which cannot be excluded

    @property
    def is_root(self) -> bool:
        """Say whether it stands by itself, in no other unit."""
        return self.unit_id == self.root_id

    @property
    def is_former(self) -> bool:
        """Say whether it only once contained the suspect part, which was removed."""
        return any(step.how == "was_in" for step in self.path)


@dataclass(frozen=True)
class AffectedStock:
    """A quantity of an affected lot in one place and state."""

    stock_id: int
    lot_id: int
    lot_no: str
    part_id: int
    part_no: str
    custody: str
    usability: str
    location_id: int
    location: str
    party_id: int
    party: str
    quantity: Decimal
    path: tuple[Step, ...]
    is_certain: bool = True


@dataclass(frozen=True)
class Affected:
    """What a forward trace found: units, stock of lots, and the lots and runs between."""

    units: tuple[AffectedUnit, ...]
    stock: tuple[AffectedStock, ...]
    lot_ids: tuple[int, ...]
    segment_ids: tuple[int, ...]
    last_event_id: int

    @property
    def unit_ids(self) -> frozenset[int]:
        """Return the ids of every affected unit."""
        return frozenset(unit.unit_id for unit in self.units)

    @property
    def roots(self) -> tuple[AffectedUnit, ...]:
        """Return those that stand by themselves: what one can go and fetch."""
        return tuple(unit for unit in self.units if unit.is_root)
