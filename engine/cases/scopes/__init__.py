"""What a recall concerns: candidates, frozen versions, whom they reach, and why each unit is in."""

from engine.cases.scopes.consigned import Consigned, by_consignee, stock_of, units_of
from engine.cases.scopes.differences import ConsigneeDifference, differences_by_consignee
from engine.cases.scopes.explaining import why, why_not
from engine.cases.scopes.freezing import Difference, freeze
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.proposing import propose, propose_run, trace_anew, withdraw
from engine.cases.scopes.releasing import Left, left
from engine.cases.scopes.standing import (
    moved_on,
    numbered,
    run_moved_on,
    standing,
    versions,
)

__all__ = [
    "Consigned",
    "ConsigneeDifference",
    "Difference",
    "Left",
    "ScopeVersion",
    "by_consignee",
    "differences_by_consignee",
    "freeze",
    "left",
    "moved_on",
    "numbered",
    "propose",
    "propose_run",
    "run_moved_on",
    "standing",
    "stock_of",
    "trace_anew",
    "units_of",
    "versions",
    "why",
    "why_not",
    "withdraw",
]
