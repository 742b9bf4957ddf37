"""The parts of a case that its pages show, by what kind of case it is."""

from flask import url_for
from flask_babel import gettext

from engine.cases.pages import CaseFacts
from webapp.words import N_

RECALL = "recall"
# code, words, endpoint: in the order a recall is worked through
COMMON = (
    ("reported_events", N_("Reported events"), "case_events.index"),
    ("answers", N_("Answers"), "case.answers"),
    ("documents", N_("Documents"), "case.documents"),
    ("costs", N_("Costs"), "costs.index"),
    ("history", N_("History"), "case.history"),
)
TABS = {
    "nonconformance": (
        ("overview", N_("Overview"), "case.overview"),
        ("units", N_("Units and holds"), "case.units"),
        *COMMON,
    ),
    RECALL: (
        ("overview", N_("Overview"), "recall.overview"),
        ("scope", N_("Scope"), "scopes.index"),
        ("authorities", N_("Authorities"), "recall.authorities"),
        ("obligations", N_("Obligations"), "owed.index"),
        ("consignees", N_("Consignees"), "consignees.index"),
        ("balance", N_("Balance"), "balance.index"),
        ("returns", N_("Returns desk"), "returns.desk"),
        ("effectiveness", N_("Effectiveness"), "effectiveness.index"),
        ("status_reports", N_("Status reports"), "status_reports.index"),
        *COMMON,
    ),
}


def tabs_of(facts: CaseFacts) -> list[tuple[str, str, str]]:
    """Return the parts of a case as tabs: code, words, address."""
    return [
        (code, gettext(words), url_for(endpoint, number=facts.number))
        for code, words, endpoint in TABS.get(facts.process, TABS["nonconformance"])
    ]


def trail_of(facts: CaseFacts) -> tuple[str, str]:
    """Return the list that a case stands in: words and address."""
    if facts.process == RECALL:
        return gettext("Recalls"), url_for("recalls.index")
    return gettext("Nonconformances"), url_for("cases.index")
