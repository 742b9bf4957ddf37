"""The tables of the serial store, by what they describe."""

from engine.serials.models.agreement import SupplierAgreement
from engine.serials.models.axes import CUSTODIES, IN_OUR_HANDS, USABILITIES
from engine.serials.models.event import Event, EventLink, EventNode
from engine.serials.models.field_change import FieldChange
from engine.serials.models.goods import (
    Edge,
    Install,
    Lot,
    LotStock,
    Segment,
    StockPosting,
    TraceNode,
    Tranche,
    Unit,
    UnitInput,
    UnitRoot,
)
from engine.serials.models.hold import Hold, HoldBreach, HoldDoor, HoldExemption, HoldTargetRow
from engine.serials.models.imports import ImportBatch, ImportFile, StagingRow
from engine.serials.models.master import ExternalId, Location, MarketAuthorisation, Part, Party
from engine.serials.models.shipment import Shipment, ShipmentLine
from engine.serials.models.trace import TraceRun, TraceRunNode, TraceRunStock, TraceRunUnit

__all__ = [
    "CUSTODIES",
    "IN_OUR_HANDS",
    "USABILITIES",
    "Edge",
    "Event",
    "EventLink",
    "EventNode",
    "ExternalId",
    "FieldChange",
    "Hold",
    "HoldBreach",
    "HoldDoor",
    "HoldExemption",
    "HoldTargetRow",
    "ImportBatch",
    "ImportFile",
    "Install",
    "Location",
    "Lot",
    "LotStock",
    "MarketAuthorisation",
    "Part",
    "Party",
    "Segment",
    "Shipment",
    "ShipmentLine",
    "StagingRow",
    "StockPosting",
    "SupplierAgreement",
    "TraceNode",
    "TraceRun",
    "TraceRunNode",
    "TraceRunStock",
    "TraceRunUnit",
    "Tranche",
    "Unit",
    "UnitInput",
    "UnitRoot",
]
