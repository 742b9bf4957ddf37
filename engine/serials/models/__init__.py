"""The tables of the serial store, by what they describe."""

from engine.serials.models.axes import CUSTODIES, IN_OUR_HANDS, USABILITIES
from engine.serials.models.event import Event, EventLink, EventNode
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
from engine.serials.models.imports import (
    ImportApproval,
    ImportBatch,
    ImportCorrection,
    ImportFile,
    ImportGroup,
    ImportLine,
    ImportMapping,
    ImportProblem,
    ImportProgress,
    ImportRow,
    PrioritySerial,
)
from engine.serials.models.master import ExternalId, Location, MarketAuthorisation, Part, Party
from engine.serials.models.shipment import Shipment, ShipmentLine
from engine.serials.models.trace import TraceRun

__all__ = [
    "CUSTODIES",
    "IN_OUR_HANDS",
    "USABILITIES",
    "Edge",
    "Event",
    "EventLink",
    "EventNode",
    "ExternalId",
    "Hold",
    "HoldBreach",
    "HoldDoor",
    "HoldExemption",
    "HoldTargetRow",
    "ImportApproval",
    "ImportBatch",
    "ImportCorrection",
    "ImportFile",
    "ImportGroup",
    "ImportLine",
    "ImportMapping",
    "ImportProblem",
    "ImportProgress",
    "ImportRow",
    "Install",
    "Location",
    "Lot",
    "LotStock",
    "MarketAuthorisation",
    "Part",
    "Party",
    "PrioritySerial",
    "Segment",
    "Shipment",
    "ShipmentLine",
    "StockPosting",
    "TraceNode",
    "TraceRun",
    "Tranche",
    "Unit",
    "UnitInput",
    "UnitRoot",
]
