"""How every benchmark prints: medians, tails, and what each costs beside its baseline."""

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any


class Table:
    """Times in milliseconds by name; the first name is the baseline of the ratios."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.times: dict[str, list[float]] = {}
        self.wanted: dict[str, str] = {}

    def time(self, name: str, work: Callable[[], Any], *, wanted: str = "") -> Any:
        """Do `work` and note how long it took; `wanted` is the aim that is printed beside it."""
        began = perf_counter()
        result = work()
        self.note(name, (perf_counter() - began) * 1000, wanted=wanted)
        return result

    def note(self, name: str, milliseconds: float, *, wanted: str = "") -> None:
        """Note one time that was taken elsewhere."""
        self.times.setdefault(name, []).append(milliseconds)
        self.wanted[name] = wanted

    def print(self, *, baselines: dict[str, str] | None = None) -> None:
        """Print a line for each name; `baselines` names another baseline than the first."""
        first = next(iter(self.times))
        medians = {name: statistics.median(taken) for name, taken in self.times.items()}
        print(f"\n{self.title}")
        print(f"{'':38}{'n':>6}{'median ms':>11}{'p95':>9}{'p99':>9}{'ratio':>8}  aim")
        for name, taken in self.times.items():
            beside = medians[(baselines or {}).get(name, first)]
            p95, p99 = (quantile(taken, percent) for percent in (95, 99))
            print(
                f"{name:38}{len(taken):>6}{medians[name]:>11.2f}{p95:>9.2f}{p99:>9.2f}"
                f"{medians[name] / beside:>8.2f}  {self.wanted[name]}"
            )


def quantile(taken: list[float], percent: int) -> float:
    """Return a percentile of the times taken."""
    return statistics.quantiles(taken, n=100)[percent - 1] if len(taken) > 1 else taken[0]
