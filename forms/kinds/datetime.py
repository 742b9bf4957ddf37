"""A moment: the wall clock someone read, its time zone, and what that is in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_datetime

from forms.context import Context
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, is_flag
from forms.words import N_, language_of

SHAPE = N_("Write “%(label)s” with its date and time, for example 2026-03-04 09:30.")
ZONE = N_("Choose the time zone of “%(label)s”.")


@cache
def zones() -> tuple[str, ...]:
    """Return the zones a person may choose: places and UTC, no abbreviations."""
    return ("UTC", *sorted(z for z in available_timezones() if "/" in z and z[:3] != "Etc"))


class Datetime(Kind):
    """A date and time with its zone; an hour that comes twice is taken as the earlier one."""

    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"not_future": (is_flag, False)}
    sentence_if_missing = N_("Enter a date and time for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a wall clock and a zone in which that hour exists."""
        local, zone = self._parts(raw, context)
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != local:
            raise self.wrong(
                N_("The clocks in %(zone)s skipped this time. Enter the time they showed."),
                "local",
                zone=zone.key,
            )
        if self.option("not_future") and context.now is not None and moment > context.now:
            raise self.wrong(N_("“%(label)s” cannot be in the future."), "local")
        local_text = local.isoformat(timespec="minutes")
        return {"local": local_text, "zone": zone.key, "at": moment.isoformat()}

    def _parts(self, raw: Json, context: Context) -> tuple[datetime, ZoneInfo]:
        if not isinstance(raw, dict) or not set(raw) <= {"local", "zone", "at"}:
            raise self.wrong(SHAPE, "local")
        zone = raw.get("zone") or context.zone
        if not isinstance(zone, str) or zone not in zones():
            raise self.wrong(ZONE, "zone")
        try:
            local = datetime.fromisoformat(str(raw.get("local", "")).strip())
        except ValueError:
            raise self.wrong(SHAPE, "local") from None
        if local.tzinfo is not None or not 1900 <= local.year <= 2200:
            raise self.wrong(SHAPE, "local")
        return local.replace(second=0, microsecond=0), ZoneInfo(zone)

    def is_blank(self, raw: Json) -> bool:
        """Say that nothing was answered while only the zone is chosen."""
        return super().is_blank(raw.get("local") if isinstance(raw, dict) else raw)

    def read(self, posted: Posted, name: str) -> Json:
        """Take the clock and the zone."""
        return {
            "local": posted_text(posted, f"{name}-local") or "",
            "zone": posted_text(posted, f"{name}-zone") or "",
        }

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the clock and the zone the page shows, the reader's own zone first."""
        parts = raw if isinstance(raw, dict) else {}
        return {
            "local": str(parts.get("local") or ""),
            "zone": str(parts.get("zone") or context.zone),
            "zones": zones(),
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write the clock with its offset and place, and the same moment in UTC."""
        locale = language_of(language)
        moment = datetime.fromisoformat(value["at"])
        local = moment.astimezone(ZoneInfo(value["zone"]))
        words = format_datetime(local, "d MMMM y HH:mm", locale=locale)
        if locale == "zh":
            words = format_datetime(local, "y年M月d日 HH:mm", locale=locale)
        offset = local.strftime("%z")
        utc = moment.strftime("%Y-%m-%d %H:%M")
        return Shown((f"{words} GMT{offset[:3]}:{offset[3:5]} ({value['zone']})", f"{utc} UTC"))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the moment in UTC."""
        return value["at"]

    def json_schema(self) -> dict[str, Any]:
        """Describe a clock and its zone."""
        text = {"type": "string"}
        return {"type": "object", "properties": {"local": text, "zone": text, "at": text}}
