"""How much a trace found, by where it is and to whom it was sent."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

IN_THE_FIELD = ("at_consignee",)


class Placed(NamedTuple):
    """How much lies in one place and custody: units that stand by themselves, or a quantity."""

    part_id: int
    custody: str
    location_id: int | None
    is_certain: bool
    is_former: bool = False  # only once contained it: it was removed
    unit_count: int = 0
    quantity: Decimal = Decimal(0)  # of lots
    part_no: str = ""
    location: str | None = None
    party_id: int | None = None
    party: str | None = None
    country: str | None = None


class Sent(NamedTuple):
    """How much was ever shipped to one consignee, whatever became of it since."""

    consignee_id: int
    is_certain: bool
    is_former: bool = False
    unit_count: int = 0
    quantity: Decimal = Decimal(0)
    consignee: str = ""
    country: str | None = None


@dataclass
class Tally:
    """Units of one group, each counted once, and quantities of lots beside them."""

    contains: int = 0
    contained: int = 0  # former hosts
    cannot_exclude: int = 0
    quantity: Decimal = Decimal(0)
    quantity_cannot_exclude: Decimal = Decimal(0)

    @property
    def unit_count(self) -> int:
        """Return every unit of the group."""
        return self.contains + self.contained + self.cannot_exclude

    def add(self, row: Placed | Sent) -> None:
        """Count a row in."""
        if not row.is_certain:
            self.cannot_exclude += row.unit_count
            self.quantity_cannot_exclude += row.quantity
        elif row.is_former:
            self.contained += row.unit_count
        else:
            self.contains += row.unit_count
            self.quantity += row.quantity


@dataclass(frozen=True)
class Counts:
    """The figures of one trace; units inside others are counted with what they stand in."""

    placed: tuple[Placed, ...] = ()
    sent: tuple[Sent, ...] = ()
    node_count: int = 0
    all_units: Tally = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        tally = Tally()
        for row in self.placed:
            tally.add(row)
        object.__setattr__(self, "all_units", tally)

    @property
    def root_count(self) -> int:
        """Return how many units that stand by themselves are affected."""
        return self.all_units.unit_count

    def by_custody(self) -> dict[str, Tally]:
        """Return what is in house, in transit, in the field, consumed, and so on."""
        return _tallied(self.placed, lambda row: row.custody)

    def by_country(self) -> dict[str | None, Tally]:
        """Return what lies in each country, ours included."""
        return _tallied(self.placed, lambda row: row.country)

    def by_location(self) -> dict[int | None, Tally]:
        """Return what lies at each location."""
        return _tallied(self.placed, lambda row: row.location_id)

    def by_party(self) -> dict[int | None, Tally]:
        """Return what lies at each party, ours included."""
        return _tallied(self.placed, lambda row: row.party_id)

    def by_consignee(self) -> dict[int, Tally]:
        """Return what each consignee was ever sent."""
        return _tallied(self.sent, lambda row: row.consignee_id)

    def in_the_field(self) -> Tally:
        """Return what lies with consignees."""
        return self.by_custody().get("at_consignee", Tally())

    def as_json(self) -> dict[str, Any]:
        """Return all of it for a row that keeps it; quantities become texts."""
        return {
            "placed": [_plain(row) for row in self.placed],
            "sent": [_plain(row) for row in self.sent],
            "node_count": self.node_count,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return what was kept."""
        return cls(
            tuple(Placed(**_exact(row)) for row in kept["placed"]),
            tuple(Sent(**_exact(row)) for row in kept["sent"]),
            kept["node_count"],
        )


def _tallied(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, Tally]:
    tallies: dict[Any, Tally] = defaultdict(Tally)
    for row in rows:
        tallies[key(row)].add(row)
    return dict(tallies)


def _plain(row: Placed | Sent) -> dict[str, Any]:
    return {**row._asdict(), "quantity": f"{row.quantity:f}"}


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "quantity": Decimal(row["quantity"])}
