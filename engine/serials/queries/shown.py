"""What the look-up pages show, as plain facts."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.serials.active import Holding
from engine.serials.backward import Made


@dataclass(frozen=True)
class Moment:
    """One line of a timeline."""

    event_id: int
    type: str
    label: str
    event_at: datetime
    recorded_at: datetime
    actor_id: int | None
    source: str
    location: str | None
    role: str
    reason: str | None
    payload: dict[str, Any]
    corrects_id: int | None
    corrected_by_id: int | None

    @property
    def stands(self) -> bool:
        """Say whether no later event corrects it."""
        return self.corrected_by_id is None


@dataclass(frozen=True)
class Host:
    """One unit around another: now, or until when."""

    unit_id: int
    serial: str
    part_no: str
    until: datetime | None


@dataclass(frozen=True)
class Sent:
    """One shipment: to whom, when, on which document."""

    shipment_id: int
    consignee_id: int
    consignee: str
    country: str | None
    location: str
    shipped_at: datetime
    document_no: str | None
    quantity: Decimal
    did_occur: bool = True
    is_corrected: bool = False  # another shipment stands in its place


@dataclass(frozen=True)
class Pages:
    """Which page of the shipments and of the timeline is asked for."""

    shipments: int = 1
    timeline: int = 1


@dataclass(frozen=True)
class UnitPage:
    """Everything the page of a unit shows."""

    unit_id: int
    serial: str
    part_id: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    di: str | None
    maker: str
    lot_id: int | None
    lot_no: str | None
    expires_on: date | None
    custody: str
    usability: str
    grade: str | None
    location: str | None
    party: str | None
    root_id: int
    root: Host | None  # what it is in the end inside of; none for what stands by itself
    holds: tuple[Holding, ...]
    hosts: tuple[Host, ...]
    made_of: Made
    shipments: tuple[Sent, ...]
    timeline: tuple[Moment, ...]
    shipment_count: int
    timeline_count: int


@dataclass(frozen=True)
class StockRow:
    """A quantity of a lot in one place and state, with the holds on it."""

    stock_id: int
    location_id: int
    location: str
    party: str
    custody: str
    usability: str
    tranche_id: int
    quantity: Decimal
    holds: tuple[Holding, ...]


@dataclass(frozen=True)
class LotPage:
    """Everything the page of a lot shows."""

    lot_id: int
    lot_no: str
    is_unknown: bool
    part_id: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    control: str
    uom: str
    di: str | None
    maker: str
    made_on: date | None
    expires_on: date | None
    holds: tuple[Holding, ...]
    stock: tuple[StockRow, ...]
    units: tuple[tuple[str, str, int], ...]  # custody, usability, count
    installed_count: int  # of its units, now inside other units
    made_of: Made
    shipments: tuple[Sent, ...]
    timeline: tuple[Moment, ...]
    shipment_count: int
    timeline_count: int
