"""Placing and releasing holds. Holds of several cases are a union: none frees another's."""

from engine.serials.holds.doors import (
    acknowledge,
    connected,
    expected,
    known_at,
    unacknowledged,
    unknown_to_all,
)
from engine.serials.holds.of_run import count_run, named_units, place_run, release_set
from engine.serials.holds.placing import place
from engine.serials.holds.releasing import release, release_case
from engine.serials.holds.standing import holds_on, of_case
from engine.serials.holds.tranches import split_keeping_holds

__all__ = [
    "acknowledge",
    "connected",
    "count_run",
    "expected",
    "holds_on",
    "known_at",
    "named_units",
    "of_case",
    "place",
    "place_run",
    "release",
    "release_case",
    "release_set",
    "split_keeping_holds",
    "unacknowledged",
    "unknown_to_all",
]
