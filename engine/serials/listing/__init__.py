"""Lists of units and lots, narrowed, one page at a time: by key, never by counting rows past."""

from engine.serials.listing.lots import LotRow, lots
from engine.serials.listing.page import COUNTED, Listed, Start, Wanted, count_some
from engine.serials.listing.units import UnitRow, made_of, units

__all__ = [
    "COUNTED",
    "Listed",
    "LotRow",
    "Start",
    "UnitRow",
    "Wanted",
    "count_some",
    "lots",
    "made_of",
    "units",
]
