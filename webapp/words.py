"""Codes in words: the one place where the web turns a code of the engine into what people read."""

from collections.abc import Callable
from dataclasses import dataclass

from babel import Locale
from flask_babel import gettext

from engine.cases.replies.models import (
    CHANNELS as REPLY_CHANNELS,
    FINDINGS as REPLY_FINDINGS,
    OUTCOMES as REPLY_OUTCOMES,
)
from engine.cases.reported.decisions import SAID as ANSWERS
from engine.cases.reported.models import (
    BECAUSE as EVENT_BECAUSE,
    OUTCOMES as EVENT_OUTCOMES,
    EventReportability,
)
from engine.people.qualifications import QUALIFICATIONS
from engine.people.roles import roles
from engine.regulators.jurisdictions import Jurisdiction
from engine.regulators.reportability import NO, UNKNOWN, reporting
from engine.serials.dictionary import Field
from engine.serials.exchange import downtime
from engine.serials.exchange.announce import EVENT_TYPES
from engine.serials.exchange.sources import COMPARES, STATUSES
from engine.serials.models import CERTIFICATES, EXAMINATIONS, OUTCOMES, RULES
from engine.serials.use import OUTCOMES as SERVICE_OUTCOMES
from engine.serials.vocabulary import KINDS as EVENTS
from webapp.sentences import step_name, translated
from webapp.times import language


def N_(text: str) -> str:  # noqa: N802  the name every gettext tool looks for
    """Mark a word for translation where it is defined."""
    return text


STATUS = {
    "open": N_("Open"),
    "closed": N_("Closed"),
    "void": N_("Void"),
    "sealing": N_("Being sealed"),
    "sealed": N_("Sealed"),
    "attached": N_("Attached"),
    "review": N_("Review copy"),
    "draft": N_("Draft"),
    "released": N_("Released version"),
    "retired": N_("Retired"),
}
SEVERITY = {"minor": N_("Minor"), "major": N_("Major"), "critical": N_("Critical")}
STEP = {
    "done": N_("Done"),
    "now": N_("In progress"),
    "not_started": N_("Not started"),
    "cannot_start": N_("Cannot start yet"),
    "cancelled": N_("Cancelled"),
    "incident": N_("Stopped by an incident"),
}
MEANING = {
    "author": N_("author"),
    "approve": N_("approval"),
    "reject": N_("rejection"),
    "review": N_("review"),
    "perform": N_("performed the work"),
    "verify": N_("verification"),
    "witness": N_("witness"),
    "release": N_("release"),
    "close": N_("closure"),
    "void": N_("voiding"),
    "reopen": N_("reopening"),
    "correct": N_("correction"),
    "attest": N_("attestation"),
}
INTAKE_RULE = {
    "too_many_cells": N_("More cells than the header"),
    "required": N_("Value missing"),
    "odd_character": N_("Character that no label carries"),
    "too_long": N_("Too long"),
    "number_rounded": N_("Number rounded by the workbook"),
    "long_ago": N_("Before 1950"),
    "no_gs1_serial": N_("Serial number no GS1 label carries"),
    "not_a_date": N_("Not a date"),
    "ambiguous_date": N_("Date that can be two days"),
    "not_a_quantity": N_("Not a quantity"),
    "not_a_choice": N_("Not one of the allowed words"),
    "not_a_country": N_("Not a country code"),
    "wrong_check_digit": N_("Wrong check digit"),
    "unknown_reference": N_("Refers to nothing here"),
    "ambiguous": N_("Part of more than one manufacturer"),
    "ambiguous_lot": N_("Lot of more than one manufacturer"),
    "twice_in_file": N_("Twice in the file, with other facts"),
    "differs": N_("Recorded otherwise"),
    "serial_or_lot": N_("Neither serial number nor lot"),
    "lot_or_serial_made": N_("Lot and serial number, or neither"),
    "wrong_control": N_("Controlled in another way"),
    "no_stock": N_("No stock to ship from"),
    "other_lot": N_("Belongs to another lot"),
    "before_receipt": N_("Shipped before it came"),
    "in_itself": N_("Inside itself"),
    "already_in": N_("Installed in another unit"),
    "name_taken": N_("Name of another record"),
    "closed_when": N_("Closed without a day, or open with one"),
    "in_future": N_("Date still to come"),
    "not_a_count": N_("Not a whole number"),
    "not_an_address": N_("Not an e-mail address"),
    "unit_or_lot": N_("Neither serial number nor lot"),
    "outcome_differs": N_("Passed outside its limits"),
    "value_missing": N_("Characteristic without a value"),
    "sample_differs": N_("More failed than were looked at"),
    "price_and_currency": N_("Price without currency"),
    "order_waits": N_("Waits with its order"),
    "two_suppliers": N_("Order with two suppliers"),
    "line_twice": N_("Order line twice"),
    "no_such_line": N_("No such order line"),
    "several_lines": N_("Several order lines"),
    "serial_here": N_("Serial number recorded already"),
    "not_json": N_("Not JSON"),
    "not_epcis": N_("Not EPCIS 2.0"),
    "no_such_record": N_("No such record"),
}
CUSTODY = {
    "in_house": N_("In house"),
    "in_transit": N_("In transit"),
    "at_third_party": N_("At a third party"),
    "at_consignee": N_("At a consignee"),
    "returned": N_("Returned, not yet checked"),
    "consumed": N_("Built into another device"),
    "destroyed": N_("Destroyed"),
    "never_existed": N_("Never existed, recorded in error"),
    "unknown": N_("Not known"),
    "several": N_("At several places"),
}
USABILITY = {
    "unreleased": N_("Not yet released"),
    "conforming": N_("Conforming"),
    "nonconforming": N_("Nonconforming"),
    "scrapped": N_("Scrapped"),
    "unknown": N_("Not known"),
    "several": N_("Differs within the lot"),
}
DOOR = {
    "ship": N_("Shipping"),
    "issue": N_("Issue to production"),
    "install": N_("Installation"),
    "transfer": N_("Transfer"),
    "release": N_("Release"),
    "rework": N_("Rework"),
    "regrade": N_("Regrade"),
    "scrap": N_("Scrap"),
    "destroy": N_("Destruction"),
}
VERDICT = {
    "clear": N_("No hold: may pass"),
    "held": N_("Stop: on hold"),
    "scrapped": N_("Stop: scrapped"),
    "gone": N_("Stop: recorded as gone"),
    "expired": N_("Stop: expired"),
    "nonconforming": N_("Stop: nonconforming"),
    "unreleased": N_("Not yet released"),
    "unknown": N_("Not known here"),
    "several": N_("Fits more than one thing"),
    "part": N_("A part, not one piece of it"),
    "place": N_("A place"),
    "container": N_("A packed container"),
}
CAPTURE = {
    "running": N_("Being taken over"),
    "captured": N_("Captured"),
    "partly": N_("Captured in part"),
    "failed": N_("Nothing captured"),
}
BEHAVIOUR = {"rollback": N_("Nothing is captured"), "proceed": N_("The others are captured")}
EPCIS_FLAG = {
    "not_ours": N_("Not a part of ours"),
    "not_recorded": N_("Not recorded here"),
    "hold_breach": N_("Broke a hold"),
    "destination_unknown": N_("Where it went is not known here"),
    "place_unknown": N_("Where it happened is not known here"),
    "does_not_fit": N_("Does not fit what is recorded"),
    "was_not_inside": N_("Was not inside"),
    "inputs_not_placed": N_("Which unit each part went into is not said"),
    "was_inside_another": N_("Was inside another unit"),
    "not_all_of_it": N_("Not the quantity that lay in it"),
    "commissioned_again": N_("Was recorded before"),
    "no_stock": N_("None of it lies here"),
    "declared_event_unknown": N_("Declares an event wrong that never came"),
    "not_withdrawn": N_("Could not be withdrawn"),
    "told_by_us": N_("Our own event, come back"),
}
TICK = {
    "jobs": N_("Sealing and other long work"),
    "timers": N_("Timers of the diagrams"),
    "children": N_("Reports of ended processes"),
    "mail": N_("Mail"),
    "webhooks": N_("Webhooks"),
    "deny_list": N_("Deny list"),
    "reconciliation": N_("Nightly comparisons"),
    "canary": N_("Hold canary"),
    "canary_watch": N_("Hold canary that is silent"),
    "drills": N_("Drills that people attend"),
    "planned_drills": N_("Planned drills"),
    "deadlines": N_("Reminders of deadlines"),
    "obligations": N_("What is owed to authorities"),
    "doors": N_("Doors that have not asked"),
    "recounts": N_("Recounts of held stock"),
    "status_reports": N_("Status reports of field actions"),
    "letters": N_("Letters to consignees"),
    "checkpoint": N_("Checkpoint of the ledger"),
    "gaps": N_("Looking for gaps in the record"),
    "nights": N_("Lot of the night"),
    "views": N_("Ending looks as another role"),
    "reports": N_("Scheduled reports"),
    "uploads": N_("Dropping files of drafts that were left"),
}
AGENCY = {"gs1": "GS1", "hibcc": "HIBC", "iccbba": "ICCBBA"}  # names, the same in any language
THEME = {"auto": N_("as this device"), "light": N_("light"), "dark": N_("dark")}
TARGET = {
    "unit": N_("Unit"),
    "lot": N_("Lot"),
    "segment": N_("Production run"),
    "lot_stock": N_("Part of a lot"),
    "stock": N_("Part of a lot"),
    "scope": N_("Scope"),
}
LINE_STATE = {
    "proposed": N_("Proposed"),
    "rejected": N_("Turned down"),
    "running": N_("Under way"),
    "done": N_("Done"),
    "returned": N_("Back to pending"),
}
GROUP = {
    "overdue": N_("Overdue"),
    "day": N_("Due in 24 hours"),
    "week": N_("This week"),
    "later": N_("Later"),
}


def _lookup(table: dict[str, str]) -> Callable[[str | None], str]:
    def word(code: str | None) -> str:
        if code in table:
            return translated(table[code])  # the forms may say the word already
        # words of another room, or a code no one has put into words yet: still read as words
        found = translated(code or "").replace("_", " ")
        return found[:1].upper() + found[1:]

    return word


intake_rule = _lookup(INTAKE_RULE)
status = _lookup(STATUS)
severity = _lookup(SEVERITY)
step = _lookup(STEP)
meaning = _lookup(MEANING)
custody = _lookup(CUSTODY)
outcome = _lookup(OUTCOMES)
examination = _lookup(EXAMINATIONS)
certificate = _lookup(CERTIFICATES)
flag = _lookup(RULES)
service_outcome = _lookup(SERVICE_OUTCOMES)
event_outcome = _lookup(EVENT_OUTCOMES)
event_because = _lookup(EVENT_BECAUSE)
reply_channel = _lookup(REPLY_CHANNELS)
reply_outcome = _lookup({**REPLY_OUTCOMES, "shipped": N_("Shipped")})
reply_finding = _lookup(REPLY_FINDINGS)
usability = _lookup(USABILITY)
account = _lookup({})  # the accounts of the balance are words already
door = _lookup(DOOR)
theme = _lookup(THEME)
verdict = _lookup(VERDICT)
capture = _lookup(CAPTURE)
behaviour = _lookup(BEHAVIOUR)
epcis_flag = _lookup(EPCIS_FLAG)
tick = _lookup(TICK)
difference = _lookup(
    {
        "missing_here": N_("Missing here"),
        "missing_there": N_("Missing there"),
        "quantity": N_("Quantity differs"),
        "status": N_("Status differs"),
        "id": N_("Number differs"),
        "component": N_("Other lot or serial"),
    }
)
difference_state = _lookup(
    {
        "open": N_("Open"),
        "resolved": N_("Settled"),
        "gone": N_("No longer differs"),
    }
)
comparison = _lookup(COMPARES)
compared_column = _lookup(
    {
        "part_no": N_("Part number"),
        "number": N_("Serial or lot number"),
        "location": N_("Place"),
        "quantity": N_("Quantity"),
        "status": N_("Status"),
        "external_id": N_("Number there"),
        "component": N_("Part number of the component"),
        "component_no": N_("Lot or serial of the component"),
    }
)
unit_status = _lookup(STATUSES)
downtime_form = _lookup(downtime.KINDS)
recorded_type = _lookup({code: kind.label for code, kind in EVENTS.items()})
canary_outcome = _lookup(
    {
        "refused": N_("Refused, as it must be"),
        "passed": N_("Let through"),
        "failed": N_("Could not be tried"),
    }
)
channel = _lookup(
    {
        "api": N_("Interface call"),
        "webhook": N_("Webhook"),
        "import": N_("File taken in"),
        "comparison": N_("Comparison"),
        "deny_list": N_("Deny list"),
        "canary": N_("Hold canary"),
    }
)
event_type = _lookup({**EVENT_TYPES, "test.sent": N_("Test")})
target = _lookup(TARGET)
group = _lookup(GROUP)
line_state = _lookup(LINE_STATE)


BASES = (N_("forward trace"),)  # what the engine writes as the basis of a hold
UOM = {"pcs": N_("pcs")}  # what is not written alike everywhere, as kg and ml are
AGE = {
    "day": N_("Less than 1 day"),
    "week": N_("1 to 7 days"),
    "month": N_("7 to 30 days"),
    "older": N_("30 days or more"),
}
age = _lookup(AGE)
qualification = _lookup(dict(QUALIFICATIONS))


WAY_IN = {
    "named": N_("Named itself"),
    "suspect": N_("Named itself"),
    "contains": N_("Contains it, or was made of it"),
    "contained": N_("Contained it once"),
    "cannot_exclude": N_("Nobody noted the lot: it cannot be excluded"),
    "went_into": N_("went into"),
    "made_in": N_("made in this run"),
    "of_lot": N_("of this lot"),
    "used_in": N_("used later in"),
    "installed_in": N_("installed in"),
    "was_in": N_("was installed in"),
    "sent_to": N_("sent to"),
}
way_in = _lookup(WAY_IN)


def country(code: str | None) -> str:
    """Return a country in the reader's language, or its code where it has no name."""
    found = Locale(language()).territories.get(code or "", code or "")
    return str(found)


def jurisdiction(found: Jurisdiction) -> str:
    """Return a jurisdiction in the reader's language; one without a name of its own by country."""
    return found.said(language()) if found.name else country(found.code)


def tongue(code: str) -> str:
    """Return the name of a language in the reader's, or its code where it has none."""
    return str(Locale(language()).languages.get(code, code))


def said(text: str) -> str:
    """Return words of our own, marked where they stand, in the reader's language."""
    return gettext(text)


def uom(code: str | None) -> str:
    """Return a unit of measure in the reader's language."""
    return gettext(UOM[code]) if code in UOM else code or ""


def compared(value: str) -> str:
    """Return one side of a difference: a status is a word, everything else is as it is."""
    return unit_status(value) if value in STATUSES else value


def through(what: str) -> str:
    """Return what a hold bears on something through: the engine says `lot 7` or `segment 3`."""
    kind, _, name = what.partition(" ")
    if kind == "lot" and name:
        return gettext("lot %(number)s", number=name)
    if kind == "segment" and name:
        return gettext("its production run")
    if kind == "stock" and name:
        return gettext("this part of the lot")
    return what


def role(code: str | None) -> str:
    """Return a role in the reader's language."""
    found = roles().get(code or "")
    return found.name(language()) if found else (code or "").replace("_", " ")


MUTABLE = {
    "free": N_("May change"),
    "release": N_("Fixed once released"),
    "event": N_("Only by events"),
    "correction": N_("By a correction that says why"),
    "never": N_("Never changes"),
}
FIELD_TYPE = {
    "text": N_("Text"),
    "exact": N_("Text, exactly as written"),
    "date": N_("Day"),
    "datetime": N_("Moment"),
    "quantity": N_("Quantity"),
    "integer": N_("Whole number"),
    "yes_no": N_("Yes or no"),
    "choice": N_("Choice"),
    "ref": N_("Reference"),
    "person": N_("Person"),
    "gtin": N_("GTIN, 14 digits"),
    "gln": N_("GLN, 13 digits"),
    "country": N_("Country, two letters"),
    "email": N_("E-mail address"),
    "json": N_("Structured"),
    "bytes": N_("File"),
}
FIELD_FACT = {
    "label": N_("Label"),
    "label_zh": N_("Chinese label"),
    "meaning": N_("Meaning"),
    "meaning_zh": N_("Chinese meaning"),
    "type": N_("Type"),
    "changes": N_("Changes"),
    "kept": N_("Kept in column"),
    "table": N_("Kept in table"),
    "column": N_("Column in a file"),
    "required": N_("Required"),
    "unique": N_("Unique"),
    "choices": N_("Choices"),
    "refers_to": N_("Refers to"),
    "unit": N_("Unit of measure"),
    "seen_by": N_("Seen by"),
    "changed_by": N_("Changed by"),
    "named_by": N_("Named by"),
    "epcis": "EPCIS",
    "erp": "ERP",
    "mes": "MES",
    "wms": "WMS",
    "plm": "PLM",
}
FIELD_UNIT = {
    "the part's unit": N_("in the part's unit"),
    "the unit beside it": N_("in the unit beside it"),
    "the currency": N_("in the currency"),
}
field_unit = _lookup(FIELD_UNIT)
mutable = _lookup(MUTABLE)
field_type = _lookup(FIELD_TYPE)
field_fact = _lookup(FIELD_FACT)


def choice(field: Field, code: str | None) -> str:
    """Return the words of a choice of the data dictionary."""
    if code is None:
        return ""
    if field.choices == "CUSTODIES":
        return custody(code)
    if field.choices == "USABILITIES":
        return usability(code)
    return translated(field.words.get(code, code))


element = step_name


@dataclass(frozen=True)
class AnswerShown:
    """One question of the law and what was answered, in the reader's language."""

    question: str
    given: str
    is_no: bool


def event_answers(decision: EventReportability) -> list[AnswerShown]:
    """Return what was answered before a decision on an event, in the order it was asked."""
    given = {one.code: str(decision.answers.get(one.code, UNKNOWN))
             for one in reporting(decision.jurisdiction).questions}  # fmt: skip
    return [
        AnswerShown(one.said(language()), translated(ANSWERS[given[one.code]]),
                    given[one.code] == NO)
        for one in reporting(decision.jurisdiction).questions
    ]  # fmt: skip
