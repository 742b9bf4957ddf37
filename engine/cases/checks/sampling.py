"""Drawing whom to ask: levels A to E, by consignee type, in an order that a seed fixes.

The seed's SHA-256 stands in the ledger before the frame is frozen and the seed itself after, so
nobody chose who is asked, and anybody can draw the same sample again (`order`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from engine.words import N_

# 21 CFR 7.42(b)(3): the sources agree on A, C, D and E and differ on B; no verbatim text was at
# hand, so the levels are unverified, and pages say so
LEVELS: Mapping[str, str] = {
    "A": N_("Level A: every consignee"),
    "B": N_("Level B: some consignees, more than 10 % and less than all"),
    "C": N_("Level C: 10 % of the consignees"),
    "D": N_("Level D: 2 % of the consignees"),
    "E": N_("Level E: no effectiveness checks"),
}
PERCENT: Mapping[str, Decimal] = {
    "A": Decimal(100),
    "C": Decimal(10),
    "D": Decimal(2),
    "E": Decimal(0),
}
HIGHER = {"E": "D", "D": "C", "C": "B", "B": "A"}


@dataclass(frozen=True)
class Member:
    """One consignee of the frame: the number of its notice, and the stratum it stands in."""

    number: str
    stratum: str


def sample_size(population: int, percent: Decimal, *, census_below: int) -> int:
    """Return how many of a stratum are asked: its share rounded up, all of a small one."""
    if not percent:
        return 0
    if population < census_below:
        return population
    share = (population * percent / 100).to_integral_value(rounding=ROUND_CEILING)
    return min(population, int(share))


def order(seed: str, members: Iterable[Member]) -> list[Member]:
    """Return the members in the order in which they are drawn: by SHA-256 of seed and number."""
    return sorted(
        members, key=lambda one: hashlib.sha256(f"{seed}\n{one.number}".encode()).digest()
    )


def draw(
    seed: str, members: Sequence[Member], percent: Decimal, *, census_below: int
) -> dict[str, list[Member]]:
    """Return who is asked, by stratum; a higher percentage only adds to a lower one."""
    strata: dict[str, list[Member]] = {}
    for member in order(seed, members):
        strata.setdefault(member.stratum, []).append(member)
    return {
        stratum: drawn[: sample_size(len(drawn), percent, census_below=census_below)]
        for stratum, drawn in sorted(strata.items())
    }


def frame_sha256(members: Iterable[Member]) -> str:
    """Return the fingerprint of a frame, whatever order its members come in."""
    lines = sorted(f"{one.stratum}\t{one.number}" for one in members)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def seed_sha256(seed: str) -> str:
    """Return what stands in the ledger before the frame is frozen."""
    return hashlib.sha256(seed.encode()).hexdigest()
