"""The left rail: what exists, with counts only for what this person can act on."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, g, request, url_for
from flask_babel import gettext

from engine.cases.inbox import badge
from engine.people.permissions import may
from engine.people.person import Person
from webapp.reading import read
from webapp.session import person_or_none
from webapp.words import N_

# what a person comes for: its code, its words, and its entries with
# endpoint, words, icon, action that opens it, key after "g"
PARTS = (
    (
        "work",
        N_("Work"),
        (
            ("tasks.index", N_("My tasks"), "inbox", "task.read", "i"),
            ("cases.index", N_("Nonconformances"), "alert-triangle", "case.read", "n"),
            ("recalls.index", N_("Recalls"), "flag", "case.read", "c"),
            ("obligations.index", N_("Obligations"), "clock", "case.read", "g"),
            ("reported_events.index", N_("Reported events"), "message", "reported_event.read", "v"),
            ("approvals.index", N_("Approvals"), "signature", "approvals.read", "a"),
        ),
    ),
    (
        "product",
        N_("Product"),
        (
            ("holds.index", N_("Holds"), "hand-stop", "hold.read", "h"),
            ("units.index", N_("Units and lots"), "barcode", "unit.read", "t"),
            ("scan.one", N_("Scan"), "scan", "unit.read", "s"),
            ("record.index", N_("Record"), "clipboard-check", "record.open", "e"),
            ("trace.index", N_("Trace"), "binary-tree", "trace.read", "b"),
            ("readiness.index", N_("Readiness"), "activity", "trace.read", "y"),
            ("drills.index", N_("Drills"), "clipboard-check", "drill.read", "f"),
        ),
    ),
    (
        "data",
        N_("Data"),
        (
            ("master.index", N_("Master data"), "stack-2", "master.read", "m"),
            ("reports.index", N_("Reports"), "report", "report.read", "r"),
            ("kpis.index", N_("Key figures"), "activity", "kpi.read", "u"),
            ("dictionary.index", N_("Data dictionary"), "list", "dictionary.read", "d"),
            ("rules.index", N_("Rules"), "shield", "rule.read", "j"),
            ("intake.index", N_("Intake"), "file", "intake.load", "k"),
            (
                "letter_languages.index",
                N_("Letter languages"),
                "language",
                "letter_wording.read",
                "w",
            ),
        ),
    ),
    (
        "running",
        N_("Running it"),
        (
            ("people.index", N_("People"), "users", "people.read", "p"),
            ("interfaces.index", N_("Interfaces"), "activity", "", "x"),
            ("ops.index", N_("Process ops"), "settings-cog", "ops.read", "o"),
            ("mail.index", N_("Mail folder"), "mail", "mail.read", "l"),
        ),
    ),
)


PARENTS = {
    "task": "tasks",
    "report": "cases",
    "recall": "recalls",
    "balance": "recalls",
    "consignees": "recalls",
    "corrections": "recalls",
    "effectiveness": "recalls",
    "joining": "recalls",
    "owed": "recalls",
    "replies": "recalls",
    "returns": "recalls",
    "scopes": "recalls",
    "status_reports": "recalls",
    "event_entry": "reported_events",
    "reportability": "reported_events",
    "second_looks": "reported_events",
    "case": "cases",
    "case_events": "cases",
    "awareness": "cases",
    "costs": "cases",
    "ending": "cases",
    "correcting": "cases",
    "migrating": "cases",
    "quarantine": "intake",
    "service": "record",
    "events": "units",
    "labels": "units",
    "legacy": "cases",
    "doors": "interfaces",
    "webhooks": "interfaces",
    "deny_lists": "interfaces",
    "reconciliation": "interfaces",
    "canary": "interfaces",
    "downtime": "interfaces",
    "epcis_pages": "interfaces",
    "interface": "interfaces",
    "tokens": "interfaces",
    "gaps": "trace",
}  # pages below an entry


# the pages of the interfaces: code, words, endpoint, action that opens it
INTERFACE_TABS = (
    ("log", N_("Log"), "interfaces.index", "interface.read"),
    ("webhooks", N_("Webhooks"), "webhooks.index", "interface.read"),
    ("epcis", N_("EPCIS"), "epcis_pages.index", "epcis.read"),
    ("doors", N_("Doors"), "doors.index", "interface.read"),
    ("canary", N_("Hold canary"), "canary.index", "interface.read"),
    ("reconciliation", N_("Comparisons"), "reconciliation.index", "interface.read"),
    ("deny_lists", N_("Deny list"), "deny_lists.index", "denylist.read"),
    ("downtime", N_("Downtime"), "downtime.index", "interface.read"),
    ("services", N_("Service accounts"), "tokens.services", "token.read"),
    ("tokens", N_("My API tokens"), "tokens.own", "token.own"),
    ("description", N_("API"), "interface.index", "token.own"),
)


@dataclass(frozen=True)
class Entry:
    """One line of the rail."""

    address: str
    words: str
    icon: str
    key: str
    is_current: bool
    count: int = 0


@dataclass(frozen=True)
class Part:
    """The entries that belong together, below their heading."""

    code: str
    words: str
    entries: tuple[Entry, ...]


def navigation() -> list[Part]:
    """Return the entries this person may open, in their parts; asked once for a page."""
    if "navigation" not in g:
        g.navigation = list(_navigation())
    return list(g.navigation)


def _navigation() -> Iterator[Part]:
    person = person_or_none()
    if person is None:
        return
    counted = badge(read(), person)
    counts = {"tasks.index": counted.tasks, "approvals.index": counted.approvals}
    here = (request.blueprint or "").split(".")[0]
    for code, words, rows in PARTS:
        entries = tuple(
            Entry(
                address,
                gettext(label),
                icon,
                key,
                is_current=endpoint.split(".")[0] == PARENTS.get(here, here),
                count=counts.get(endpoint, 0),
            )
            for endpoint, label, icon, action, key in rows
            if endpoint in current_app.view_functions
            and (address := _address(endpoint, action, person))
        )
        if entries:
            yield Part(code, gettext(words), entries)


def interface_tabs() -> list[tuple[str, str, str]]:
    """Return the pages of the interfaces that this person may open: code, words, address."""
    person = person_or_none()
    return [
        (code, gettext(words), url_for(endpoint))
        for code, words, endpoint, action in INTERFACE_TABS
        if person is not None and may(person, action)
    ]


def _address(endpoint: str, action: str, person: Person) -> str:
    """Return where an entry leads; the interfaces lead to the first tab the person may open."""
    if endpoint == "interfaces.index":
        return next((address for _, _, address in interface_tabs()), "")
    return url_for(endpoint) if may(person, action) else ""
