"""Times as people read them: in their zone with UTC beside it, and how long is left."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_currency_precision
from flask import Flask
from flask_babel import get_locale, get_timezone, gettext, ngettext
from markupsafe import Markup

from engine.clock import now

# ZZZZ prints "GMT-06:00"; zzz would print "CST", which is also China Standard Time
PATTERNS = {
    "en": {
        "short": "MMM d, HH:mm",
        "year": "MMM d, yyyy, HH:mm",
        "day": "MMM d, yyyy",
        "clock": "HH:mm",
        "full": "MMM d, yyyy, HH:mm:ss ZZZZ",
    },
    "zh": {
        "short": "M月d日 HH:mm",
        "year": "y年M月d日 HH:mm",
        "day": "y年M月d日",
        "clock": "HH:mm",
        "full": "y年M月d日 HH:mm:ss ZZZZ",
    },
}


def language() -> str:
    """Return the language of the page, `en` or `zh`."""
    locale = get_locale()
    return str(locale.language) if locale is not None else "en"


def zone() -> ZoneInfo:
    """Return the reader's time zone."""
    return ZoneInfo(str(get_timezone()))


def typed_moment(text: str) -> datetime | None:
    """Return what a clock in the reader's zone showed, of 1900 to 2200; None for anything else."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    if local.tzinfo is not None or not 1900 <= local.year <= 2200:
        return None
    moment = local.replace(tzinfo=zone())
    was_skipped = moment.astimezone(UTC).astimezone(zone()).replace(tzinfo=None) != local
    return None if was_skipped else moment


def as_typed(moment: datetime) -> str:
    """Return a moment as the field for one shows it: to the minute, in the reader's zone."""
    return f"{moment.astimezone(zone()):%Y-%m-%dT%H:%M}"


def same_minute(moment: datetime | None, before: datetime | None) -> datetime | None:
    """Return the moment before where the field, which has no seconds, was left as it was."""
    if moment and before and before.replace(second=0, microsecond=0) == moment:
        return before
    return moment


def write(moment: datetime, shape: str, *, at_zone: ZoneInfo | None = None) -> str:
    """Write a moment in one of the shapes of `PATTERNS`, in the reader's zone."""
    pattern = PATTERNS[language()][shape]
    local = moment.astimezone(at_zone or zone())
    return str(format_datetime(local, pattern, tzinfo=at_zone or zone(), locale=get_locale()))


def offset(moment: datetime | None = None) -> str:
    """Return the reader's offset at a moment: `GMT-06:00`."""
    local = (moment or now()).astimezone(zone())
    seconds = int((local.utcoffset() or timedelta()).total_seconds())
    sign, rest = ("-" if seconds < 0 else "+"), abs(seconds)
    return f"GMT{sign}{rest // 3600:02d}:{rest % 3600 // 60:02d}"


def when(moment: datetime | None, shape: str = "") -> Markup:
    """Return a `<time>` in the reader's zone; the year is written when it is another one."""
    if moment is None:
        return Markup("<span class='none'>–</span>")
    this_year = moment.astimezone(zone()).year == now().astimezone(zone()).year
    shown = write(moment, shape or ("short" if this_year else "year"))
    return _time(moment, shown)


def when_full(moment: datetime) -> Markup:
    """Return the moment in full, in the reader's zone and in UTC: what signatures print."""
    local = write(moment, "full")
    utc = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('{} <span class="utc">({})</span>').format(_time(moment, local), utc)


def saved_words(moment: datetime) -> str:
    """Say when a draft was saved, in the reader's zone."""
    return gettext("Saved %(time)s", time=write(moment, "clock"))


def _time(moment: datetime, shown: str) -> Markup:
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), utc.strftime("%Y-%m-%d %H:%M UTC"), shown
    )


def left(due_at: datetime, *, at: datetime | None = None) -> str:
    """Say how long is left until `due_at`, or how long it has been overdue."""
    seconds = (due_at - (at or now())).total_seconds()
    days, rest = divmod(abs(seconds), 86400)
    hours, minutes = int(rest // 3600), int(rest % 3600 // 60)
    if seconds < 0:
        return _overdue(int(days), hours, minutes)
    if days >= 2:
        return ngettext("%(num)d day left", "%(num)d days left", int(days))
    hours += int(days) * 24
    if hours:
        return gettext("%(hours)d h %(minutes)02d min left", hours=hours, minutes=minutes)
    return gettext("%(minutes)d min left", minutes=minutes)


def _overdue(days: int, hours: int, minutes: int) -> str:
    if days:
        return ngettext("%(num)d day overdue", "%(num)d days overdue", days)
    if hours:
        return gettext("%(hours)d h overdue", hours=hours)
    return gettext("%(minutes)d min overdue", minutes=max(1, minutes))


def ago(moment: datetime) -> str:
    """Say how long ago something was, in days or hours."""
    seconds = (now() - moment).total_seconds()
    if seconds >= 86400:
        return ngettext("%(num)d day ago", "%(num)d days ago", int(seconds // 86400))
    if seconds >= 3600:
        return gettext("%(hours)d h ago", hours=int(seconds // 3600))
    return gettext("%(minutes)d min ago", minutes=max(0, int(seconds // 60)))


def age(moment: datetime) -> str:
    """Say how long something has lasted since a moment: in days, hours or minutes."""
    seconds = max(0.0, (now() - moment).total_seconds())
    if seconds >= 86400:
        return ngettext("%(num)d day", "%(num)d days", int(seconds // 86400))
    if seconds >= 3600:
        return ngettext("%(num)d hour", "%(num)d hours", int(seconds // 3600))
    return ngettext("%(num)d minute", "%(num)d minutes", int(seconds // 60))


def urgency(due_at: datetime | None, *, at: datetime | None = None) -> str:
    """Return the tone of a deadline: red when past, amber within a day, else green."""
    if due_at is None:
        return "neutral"
    rest = due_at - (at or now())
    if rest < timedelta():
        return "red"
    return "amber" if rest <= timedelta(days=1) else "green"


def spent(started_at: datetime, due_at: datetime) -> int:
    """Return how much of the time to a deadline is used, 0 to 100."""
    whole = (due_at - started_at).total_seconds()
    used = (now() - started_at).total_seconds()
    return 100 if whole <= 0 else max(0, min(100, round(100 * used / whole)))


def on_day(day: date) -> str:
    """Write a date."""
    return str(format_date(day, PATTERNS[language()]["day"], locale=get_locale()))


def number(value: Decimal | int) -> str:
    """Write a number with the separators of the reader's language, to the last of six places."""
    return str(format_decimal(value, "#,##0.######", locale=get_locale()))


def money(value: Decimal, currency: str = "EUR") -> str:
    """Write an amount with the places of its currency, which stands beside it."""
    places = get_currency_precision(currency)
    return str(format_decimal(value, f"#,##0.{'0' * places}".rstrip("."), locale=get_locale()))


def size(count: int) -> str:
    """Write a number of bytes."""
    for unit in ("B", "KB", "MB"):
        if count < 1024 or unit == "MB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count = count / 1024  # type: ignore[assignment]  # a whole number of bytes, then a part of more
    return ""


def add_filters(app: Flask) -> None:
    """Give the templates these words for times and numbers."""
    for shown in (when, when_full, left, ago, age, urgency, spent, on_day, number, money, size):
        app.jinja_env.filters[shown.__name__] = shown
    app.jinja_env.globals.update(
        now=now, clock_of=write, zone_offset=offset, utc_zone=ZoneInfo("UTC")
    )
