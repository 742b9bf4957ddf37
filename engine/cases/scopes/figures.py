"""The few figures a scope is known by: how much lies where, at how many, in which countries."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from engine.serials.trace import Counts, Tally
from engine.words import N_

# what a unit's custody is called where scopes are compared
PLACES = {
    "in_house": ("in_house", "returned"),
    "at_third_party": ("at_third_party",),
    "in_transit": ("in_transit",),
    "at_consignee": ("at_consignee",),
    "gone": ("consumed", "destroyed"),
    "not_known": ("unknown",),
}
PLACE_WORDS = {
    "in_house": N_("In house"),
    "at_third_party": N_("At a third party"),
    "in_transit": N_("In transit"),
    "at_consignee": N_("At consignees"),
    "gone": N_("Used, built in or destroyed"),
    "not_known": N_("Not known"),
}


@dataclass(frozen=True)
class Much:
    """Units that stand by themselves, and a quantity of lots beside them."""

    units: int = 0
    quantity: str = "0"


@dataclass(frozen=True)
class Figures:
    """What one trace found, in the figures that scopes are compared by."""

    units: int
    quantity: str  # without what was built into something, which is counted as that
    cannot_exclude: int  # units only an UNKNOWN lot brings in
    lots: int  # affected lots and runs
    consignees: int  # who was ever sent any of it
    countries: dict[str, int]  # of consignees: units now there
    places: dict[str, Much]

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """Count a trace together."""
        by_custody = counts.by_custody()
        of_all = counts.all_units
        there = {
            row.party_id for row in counts.placed if row.custody == "at_consignee" and _any(row)
        }
        countries: dict[str, int] = {}
        for row in counts.placed:
            if row.custody == "at_consignee":
                name = row.country or ""
                countries[name] = countries.get(name, 0) + row.unit_count
        for sent in counts.sent:
            countries.setdefault(sent.country or "", 0)
        return cls(
            units=of_all.unit_count,
            quantity=_said(_quantity(of_all) - _quantity(by_custody.get("consumed", Tally()))),
            cannot_exclude=of_all.cannot_exclude,
            lots=counts.node_count,
            consignees=len({row.consignee_id for row in counts.sent} | there),
            countries=dict(sorted(countries.items())),
            places={
                name: _much([by_custody.get(custody, Tally()) for custody in custodies])
                for name, custodies in PLACES.items()
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for the row that keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return what was kept."""
        places = {name: Much(**much) for name, much in kept["places"].items()}
        return cls(**{**kept, "places": places})


def _any(row: Any) -> bool:
    return bool(row.unit_count or row.quantity)


def _much(tallies: list[Tally]) -> Much:
    return Much(
        sum(one.unit_count for one in tallies),
        _said(sum((_quantity(one) for one in tallies), Decimal(0))),
    )


def _quantity(tally: Tally) -> Decimal:
    return tally.quantity + tally.quantity_cannot_exclude


def _said(quantity: Decimal) -> str:
    return f"{quantity.normalize() + 0:f}"
