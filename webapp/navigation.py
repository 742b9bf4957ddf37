"""The left rail: what exists, with counts only for what this person can act on."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, request, url_for
from flask_babel import gettext

from engine.cases.inbox import badge
from engine.people.permissions import may
from webapp.reading import read
from webapp.session import person_or_none
from webapp.words import N_

# endpoint, words, icon, action that opens it, key after "g"
ENTRIES = (
    ("tasks.index", N_("My tasks"), "inbox", "task.read", "i"),
    ("cases.index", N_("Nonconformances"), "alert-triangle", "case.read", "n"),
    ("approvals.index", N_("Approvals"), "signature", "approvals.read", "a"),
    ("record.index", N_("Record"), "clipboard-check", "record.read", ""),
    ("holds.index", N_("Holds"), "hand-stop", "hold.read", "h"),
    ("units.index", N_("Units and lots"), "barcode", "unit.read", "t"),
    ("trace.index", N_("Trace"), "binary-tree", "trace.read", "b"),
    ("master.index", N_("Master data"), "stack-2", "master.read", "m"),
    ("reports.index", N_("Reports"), "report", "report.read", "r"),
    ("dictionary.index", N_("Data dictionary"), "list", "dictionary.read", "d"),
    ("scan.one", N_("Scan"), "scan", "unit.read", "s"),
    ("people.index", N_("People"), "users", "people.read", "p"),
    ("ops.index", N_("Process ops"), "settings-cog", "ops.read", "o"),
    ("interfaces.index", N_("Interfaces"), "activity", "interface.read", ""),
    ("interface.index", N_("Interface"), "binary-tree", "token.own", ""),
    ("mail.index", N_("Mail folder"), "mail", "mail.read", ""),
)


PARENTS = {
    "task": "tasks",
    "report": "cases",
    "case": "cases",
    "intake": "units",
    "service": "record",
    "events": "units",
    "epcis_pages": "units",
    "labels": "units",
    "quarantine": "units",
    "legacy": "cases",
    "doors": "interfaces",
    "webhooks": "interfaces",
    "deny_lists": "interfaces",
    "reconciliation": "interfaces",
    "canary": "interfaces",
    "downtime": "interfaces",
    "tokens": "interface",
    "gaps": "trace",
}  # pages below an entry


# the pages of the interfaces: code, words, endpoint, action that opens it
INTERFACE_TABS = (
    ("log", N_("Log"), "interfaces.index", "interface.read"),
    ("webhooks", N_("Webhooks"), "webhooks.index", "interface.read"),
    ("doors", N_("Doors"), "doors.index", "interface.read"),
    ("canary", N_("Hold canary"), "canary.index", "interface.read"),
    ("reconciliation", N_("Comparisons"), "reconciliation.index", "interface.read"),
    ("deny_lists", N_("Deny list"), "deny_lists.index", "denylist.read"),
    ("downtime", N_("Downtime"), "downtime.index", "interface.read"),
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


def navigation() -> Iterator[Entry]:
    """Yield the entries this person may open."""
    person = person_or_none()
    if person is None:
        return
    counted = badge(read(), person)
    counts = {"tasks.index": counted.tasks, "approvals.index": counted.approvals}
    here = (request.blueprint or "").split(".")[0]
    for endpoint, words, icon, action, key in ENTRIES:
        if endpoint in current_app.view_functions and may(person, action):
            yield Entry(
                url_for(endpoint),
                gettext(words),
                icon,
                key,
                is_current=endpoint.split(".")[0] == PARENTS.get(here, here),
                count=counts.get(endpoint, 0),
            )
