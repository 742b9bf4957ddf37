"""The demo company: a believable maker of infusion devices, brought up by its own commands."""

from webapp.demo.bringing_up import bring_up
from webapp.demo.one_case import run_one_case

__all__ = ["bring_up", "run_one_case"]
