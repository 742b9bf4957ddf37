"""The lot of the night from the command line: how far it is, its figures, and what broke off."""

from collections import Counter
from collections.abc import Callable, Iterator

from engine.clock import now
from engine.serials.night import running
from engine.serials.night.figures import speeds
from engine.serials.night.running import Night
from engine.serials.night.tracing import BROKEN
from webapp.compose import Holdfast

Say = Callable[[str], None]


def night_now(holdfast: Holdfast, sample: int | None, *, say: Say, progress: Say) -> int:
    """Trace a night at once and say how it went; return 1 when it did not hold."""
    night_id = running.run_now(
        holdfast.database,
        at=now(),
        sample=sample or running.SAMPLE,
        say=lambda done, total: progress(f"traces: {done:,} of {total:,}"),
    )
    with holdfast.database.read() as db:
        night = running.one(db, night_id)
        for line in _lines(night):
            say(line)
        for direction, speed in speeds(db, night_id).items():
            say(
                f"{direction}: p50 {speed.p50:,.1f} ms, p95 {speed.p95:,.1f} ms,"
                f" max {speed.most:,.1f} ms"
            )
        broken: Counter[str] = Counter()
        for made in running.traces(db, night_id):
            broken.update({one["kind"] for one in made.broken})
            if made.compared == "differs":
                say(f"{made.direction} {made.what} {made.label}: {made.difference}")
    for kind, count in broken.most_common():
        say(f"{BROKEN[kind]}: in {count:,} traces")
    return 0 if night.row.outcome == "held" else 1


def _lines(night: Night) -> Iterator[str]:
    told = night.figures
    low, high = told.interval or (0.0, 0.0)
    yield f"seed: {night.row.seed}"
    yield (
        f"trace success rate: {_percent(told.rate)} ({told.complete_count:,} of"
        f" {told.trace_count:,} traces; 95 % interval {_percent(low)} to {_percent(high)})"
    )
    yield (
        f"by units: {_percent(told.unit_rate)} ({told.resolved_count:,} of {told.unit_count:,}"
        " units resolved)"
    )
    yield f"purchased inputs known: {told.known_input_count:,} of {told.input_count:,}"
    yield (
        f"differ from the raw events: {told.differing_count:,};"
        f" not compared: {told.not_compared_count:,}"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
