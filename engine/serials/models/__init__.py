"""The tables of the serial store, by what they describe."""

from engine.serials.models.agreement import SupplierAgreement
from engine.serials.models.axes import CUSTODIES, IN_OUR_HANDS, USABILITIES
from engine.serials.models.contact import CHANNELS, CONTACT_ROLES, RecallContact
from engine.serials.models.epcis import EpcisCapture, EpcisEvent, EpcisName
from engine.serials.models.event import Event, EventFact, EventLink, EventNode
from engine.serials.models.examination import (
    CERTIFICATES,
    EXAMINATIONS,
    OUTCOMES,
    Certificate,
    Examination,
    Measurement,
)
from engine.serials.models.exchange import (
    CanaryRun,
    DenyList,
    Door,
    DowntimeForm,
    ReconciliationDifference,
    ReconciliationLine,
    ReconciliationRun,
    ReconciliationSource,
    WebhookAttempt,
    WebhookDelivery,
    WebhookSecret,
    WebhookSubscription,
)
from engine.serials.models.field_change import FieldChange
from engine.serials.models.flag import RULES, Flag
from engine.serials.models.gap import GapReading
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
from engine.serials.models.label import UnitLabel
from engine.serials.models.legacy import LEGACY_STATES, LegacyCase
from engine.serials.models.master import ExternalId, Location, MarketAuthorisation, Part, Party
from engine.serials.models.packing import CONTAINERS, Container, Packed
from engine.serials.models.purchase import PurchaseLine, PurchaseOrder, PurchaseReceipt
from engine.serials.models.scan import ScanLine
from engine.serials.models.shipment import Shipment, ShipmentLine
from engine.serials.models.trace import TraceRun, TraceRunNode, TraceRunStock, TraceRunUnit

__all__ = [
    "CERTIFICATES",
    "CHANNELS",
    "CONTACT_ROLES",
    "CONTAINERS",
    "CUSTODIES",
    "EXAMINATIONS",
    "IN_OUR_HANDS",
    "LEGACY_STATES",
    "OUTCOMES",
    "RULES",
    "USABILITIES",
    "CanaryRun",
    "Certificate",
    "Container",
    "DenyList",
    "Door",
    "DowntimeForm",
    "Edge",
    "EpcisCapture",
    "EpcisEvent",
    "EpcisName",
    "Event",
    "EventFact",
    "EventLink",
    "EventNode",
    "Examination",
    "ExternalId",
    "FieldChange",
    "Flag",
    "GapReading",
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
    "LegacyCase",
    "Location",
    "Lot",
    "LotStock",
    "MarketAuthorisation",
    "Measurement",
    "Packed",
    "Part",
    "Party",
    "PrioritySerial",
    "PurchaseLine",
    "PurchaseOrder",
    "PurchaseReceipt",
    "RecallContact",
    "ReconciliationDifference",
    "ReconciliationLine",
    "ReconciliationRun",
    "ReconciliationSource",
    "ScanLine",
    "Segment",
    "Shipment",
    "ShipmentLine",
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
    "UnitLabel",
    "UnitRoot",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookSecret",
    "WebhookSubscription",
]
