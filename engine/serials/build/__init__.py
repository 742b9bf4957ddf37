"""Making: one run (segment) from one set of inputs, or a lot from lots."""

from engine.serials.build.inputs import OVERDRAWN, consume, take_inputs, use_in_units
from engine.serials.build.making import ToBuild, add_inputs, build_lot, build_units

__all__ = [
    "OVERDRAWN",
    "ToBuild",
    "add_inputs",
    "build_lot",
    "build_units",
    "consume",
    "take_inputs",
    "use_in_units",
]
