"""What a drill is scored by: the measures with their weights and targets, and what must hold."""

from dataclasses import dataclass
from decimal import Decimal

from engine.words import N_

PASSES_AT = 80  # of 100
TRACED_AT_LEAST = Decimal("0.99")
LEAST_ATTEMPTS = 3
HOUR, DAY = 60, 1440  # in minutes, as every time here
CONTAINED_WITHIN = HOUR


@dataclass(frozen=True)
class Measure:
    """One thing that is measured: full marks up to `target`, none from `zero` on, even between."""

    code: str
    words: str
    weight: int
    target: Decimal  # minutes since the signal, or a share
    zero: Decimal
    is_time: bool = True

    def points(self, value: Decimal | None) -> Decimal:
        """Return the points of a value; of none there are none."""
        if value is None:
            return Decimal(0)
        done = (value - self.zero) / (self.target - self.zero)
        return (self.weight * min(max(done, Decimal(0)), Decimal(1))).quantize(Decimal("0.1"))


def _time(code: str, words: str, weight: int, target: int, zero: int) -> Measure:
    return Measure(code, words, weight, Decimal(target), Decimal(zero))


def _share(code: str, words: str, weight: int, target: str, zero: str) -> Measure:
    return Measure(code, words, weight, Decimal(target), Decimal(zero), is_time=False)


# weights come to 100; the times are from the signal
MEASURES = (
    _time("containment", N_("Contained"), 15, HOUR, 4 * HOUR),
    _time("decision", N_("Action decided"), 10, DAY, 3 * DAY),
    _time("first_notice", N_("First notice"), 10, 3 * DAY, 7 * DAY),
    _share("written", N_("Consignees that were written to"), 10, "1", "0.8"),
    _time("acknowledged", N_("90 % of consignees answered"), 15, 10 * DAY, 30 * DAY),
    _time("reconciled", N_("Reconciled"), 10, 45 * DAY, 90 * DAY),
    _time("closed", N_("Closed"), 5, 90 * DAY, 180 * DAY),
    _share("trace", N_("Trace success"), 10, "1", "0.95"),
    _share("recovery", N_("Recovered of what was distributed"), 10, "0.9", "0.5"),
    _share("answered", N_("Consignees that answered"), 5, "0.95", "0.6"),
)
CRITICAL = {
    "containment": N_("Contained within the hour"),
    "trace": N_("At least 99 % of what is affected was traced"),
    "written": N_("Every consignee was written to"),
    "closed": N_("The recall was closed"),
    "effort": N_("Nobody was given up without three documented attempts"),
}


@dataclass(frozen=True)
class Scored:
    """A measure with what came of it in one drill."""

    code: str
    value: str | None
    points: str


@dataclass(frozen=True)
class Score:
    """What a drill came to, as it is kept and shown."""

    points: str
    passed: bool
    rows: tuple[Scored, ...]
    critical: dict[str, bool]
    counts: dict[str, str]  # affected, distributed, held, consignees, answered, silent, …
    kinds: dict[str, int]  # hospitals by how they behaved
    stopped: dict[str, str]  # what it went no further than, by language; none when it was closed
