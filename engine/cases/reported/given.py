"""What somebody enters about an event, by 21 CFR 820.35(a), and every problem of it at once."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from engine.cases import typed
from engine.cases.replies import patients
from engine.cases.reported.models import OUTCOMES, ReportedEvent
from engine.errors import Problem
from engine.words import N_
from forms.kinds.country import countries

LONGEST = {
    "complaint_number": 80,
    "device_name": 200,
    "identification": 500,
    "reporter_name": 200,
    "reporter_address": 1_000,
    "reporter_phone": 100,
    "what_happened": 20_000,
    "corrective_action": 4_000,
    "reply": 4_000,
    "why_no_investigation": 4_000,
    "aware_by": 200,
    "aware_how": 500,
}
# what is told in sentences; anything else stands in one line
IN_LINES = ("reporter_address", "what_happened", "corrective_action", "reply",
            "why_no_investigation")  # fmt: skip
REQUIRED = {
    "complaint_number": N_("Enter the complaint number, ours or the reporter's"),
    "device_name": N_("Enter the name of the device, as it was told"),
    "what_happened": N_("Describe what happened"),
    "aware_by": N_("Enter who first knew of it"),
    "aware_how": N_("Enter how they learned of it"),
}
DAY_MISSING = N_("Enter the day the complaint was received")
AWARE_MISSING = N_("Enter when anyone here first knew of it")
OUTCOME_MISSING = N_("Choose the outcome; “not known” is an answer")
NOT_A_COUNTRY = N_("Choose the country from the list, or leave it open")
IN_FUTURE = N_("This is still to come. Enter when it was")
BEFORE_IT_HAPPENED = N_("This is before the day it happened. Correct one of the two")
AWARE_TOO_LATE = N_(
    "Whoever received the complaint knew of it: awareness is not after the day it was received"
)
AWARE_TOO_EARLY = N_(
    "This is more than a year before the complaint was received. Correct one of the two days"
)
# what reportability rests on: a decision on an event that says otherwise is looked at again
JUDGED = (
    "device_name", "identification", "unit_id", "lot_id", "part_id", "what_happened",
    "happened_on", "country", "outcome", "aware_at",
)  # fmt: skip
# what 21 CFR 820.35(a) wants recorded and nobody may know yet
WANTED = {
    "identification": "21 CFR 820.35(a)(3)",
    "reporter_name": "21 CFR 820.35(a)(4)",
    "reporter_address": "21 CFR 820.35(a)(4)",
    "reporter_phone": "21 CFR 820.35(a)(4)",
    "corrective_action": "21 CFR 820.35(a)(6)",
    "reply": "21 CFR 820.35(a)(7)",
}
LABELS = {
    "complaint_number": N_("Complaint number"),
    "is_external": N_("Whose number it is"),
    "device_name": N_("Name of the device"),
    "received_on": N_("Received on"),
    "identification": N_("UDI, UPC, lot or serial, as told"),
    "unit_id": N_("Unit"),
    "lot_id": N_("Lot"),
    "part_id": N_("Part"),
    "reporter_name": N_("Who complained"),
    "reporter_address": N_("Their address"),
    "reporter_phone": N_("Their telephone"),
    "what_happened": N_("What happened"),
    "happened_on": N_("Happened on"),
    "country": N_("Country"),
    "outcome": N_("Outcome"),
    "corrective_action": N_("Correction or corrective action taken"),
    "reply": N_("Reply to whoever complained"),
    "why_no_investigation": N_("Why it is not investigated"),
    "aware_at": N_("When anyone here first knew of it"),
    "aware_by": N_("Who first knew of it"),
    "aware_how": N_("How they learned of it"),
}


@dataclass(frozen=True)
class Given:
    """An event as it was entered, trimmed; None is what nobody has said.

    `meant` tells one of the units and lots that the identification fits.
    """

    complaint_number: str
    device_name: str
    received_on: date | None
    what_happened: str
    outcome: str
    aware_at: datetime | None
    aware_by: str
    aware_how: str
    is_external: bool = False
    identification: str | None = None
    meant: str = ""
    reporter_name: str | None = None
    reporter_address: str | None = None
    reporter_phone: str | None = None
    happened_on: date | None = None
    country: str | None = None
    corrective_action: str | None = None
    reply: str | None = None
    why_no_investigation: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what looks like a patient's identity in what was typed."""
        return patients.found_in(
            self.what_happened, self.corrective_action, self.reply, self.why_no_investigation,
            self.identification, self.aware_how,
        )  # fmt: skip

    def columns(self) -> dict[str, object]:
        """Return what is kept of it as it was said."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "meant"}


def given_of(event: ReportedEvent) -> Given:
    """Return what an event says, so that it can be entered again with a correction."""
    names = [one.name for one in fields(Given) if one.name != "meant"]
    key = f"unit-{event.unit_id}" if event.unit_id else f"lot-{event.lot_id or ''}"
    return Given(**{name: getattr(event, name) for name in names}, meant=key)


def problems_of(given: Given, *, at: datetime) -> list[Problem]:
    """Return everything that is wrong with what was entered, in the order of the form."""
    return list(_problems(given, at))


def _problems(given: Given, at: datetime) -> Iterator[Problem]:
    for name, most in LONGEST.items():
        text, missing = getattr(given, name) or "", REQUIRED.get(name, "")
        if text or missing:
            yield from typed.problems_of(
                text, name, LABELS[name], missing=missing, most=most, lines=name in IN_LINES
            )
    if given.outcome not in OUTCOMES:
        yield Problem("outcome", OUTCOME_MISSING)
    if given.country is not None and given.country not in countries("en"):
        yield Problem("country", NOT_A_COUNTRY)
    yield from _dates(given, at)


def _dates(given: Given, at: datetime) -> Iterator[Problem]:
    # somewhere it is tomorrow already: a day is compared with a day of slack
    slack = timedelta(days=1)
    if given.received_on is None:
        yield Problem("received_on", DAY_MISSING)
    if given.aware_at is None:
        yield Problem("aware_at", AWARE_MISSING)
    elif given.aware_at > at:
        yield Problem("aware_at", IN_FUTURE)
    for name in ("received_on", "happened_on"):
        day = getattr(given, name)
        if day is not None and day > at.date() + slack:
            yield Problem(name, IN_FUTURE)
    happened = given.happened_on
    if happened and given.received_on and given.received_on < happened:
        yield Problem("received_on", BEFORE_IT_HAPPENED)
    if happened and given.aware_at and given.aware_at.date() + slack < happened:
        yield Problem("aware_at", BEFORE_IT_HAPPENED)
    # a slip in the year: it would become the awareness of every case that the event feeds
    long_before = timedelta(days=366)
    aware_on = given.aware_at.date() if given.aware_at else None
    if given.received_on and aware_on and given.received_on - aware_on > long_before:
        yield Problem("aware_at", AWARE_TOO_EARLY)
    # 21 CFR 803.3: the firm is aware when any employee is
    if given.received_on and given.aware_at and given.aware_at.date() > given.received_on + slack:
        yield Problem("aware_at", AWARE_TOO_LATE)
