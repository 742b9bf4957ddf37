"""ISO 8601 durations: calendar months and days, counted from a moment."""

from datetime import datetime, timedelta

from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition


def is_duration(text: str) -> bool:
    """Say whether `text` is an ISO 8601 duration such as `P3D` or `PT4H`."""
    if not text.startswith("P") or len(text) < 3:
        return False
    try:
        TimerEventDefinition.parse_iso_duration(text)
    except Exception:  # noqa: BLE001  the library raises bare Exception for a bad duration
        return False
    return True


def after(start: datetime, duration: str) -> datetime:
    """Return the moment `duration` after `start`; elapsed time, no working days."""
    parsed = TimerEventDefinition.parse_iso_duration(duration)
    delta: timedelta = TimerEventDefinition.get_timedelta_from_start(parsed, start)
    return start + delta
