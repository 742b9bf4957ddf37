"""Days and authorities of a recall in a record: what was told to whom, and what came back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases import facts
from engine.cases.models import Case
from engine.cases.recalls import authorities, gates
from engine.cases.recalls.deciding import ACTIONS
from engine.cases.recalls.showing import JurisdictionShown
from engine.cases.records.sections import Section, minute, table
from engine.facts import NAMES
from engine.regulators import jurisdictions as law
from engine.words import N_, say

GATE_STATES = {
    "closed": N_("Closed"),
    "opened": N_("Opened by the authority"),
    "overridden": N_("Passed in urgency, signed"),
}


def dates(db: Session, case: Case) -> Section:
    """Return every dated fact that stands, oldest first: the chronology of the action."""
    language = case.language
    rows = [
        [say(NAMES[one.name], language), _said(one.name, one.value, one.jurisdiction,
                                                     language), one.evidence]
        for one in facts.standing(db, case)
    ]  # fmt: skip
    columns = (N_("Fact"), N_("What is recorded"), N_("Evidence"))
    return table(N_("From signal to closure"), columns, rows, language)


def told(shown: Sequence[JurisdictionShown], language: str) -> list[Section]:
    """Return gates, notifications and requests to end, of every jurisdiction."""
    closed, sent, ended = [], [], []
    for one in shown:
        where = one.jurisdiction.said(language) if one.jurisdiction else one.party
        for gate in one.gates:
            named = say(gates.label(gate.jurisdiction, gate.what), language)
            what = f"{named}: {say(gates.RULES[gate.rule], language)}"
            state = say(GATE_STATES[gate.state], language)
            closed.append([where, what, state, minute(gate.opened_at),
                           gate.evidence or gate.reason])  # fmt: skip
        sent += [[where, str(n.round), minute(n.sent_at), n.receipt] for n in one.notifications]
        for asked in one.terminations:
            outcome = say(authorities.OUTCOMES[asked.outcome], language) if asked.outcome else None
            ended.append([where, str(asked.round), minute(asked.requested_at), asked.reference,
                          minute(asked.answered_at), outcome])  # fmt: skip
    where, round_ = N_("Jurisdiction"), N_("Round")
    answered = (where, round_, N_("Asked at"), N_("Reference"), N_("Answered at"), N_("Outcome"))
    each = (
        (N_("What authorities had to allow"),
         (where, N_("Gate"), N_("State"), N_("Opened at"), N_("Evidence or reason")), closed),
        (N_("Authorities notified"), (where, round_, N_("Sent at"), N_("Receipt")), sent),
        (N_("Authorities asked to end their oversight"), answered, ended),
    )  # fmt: skip
    return [table(heading, columns, rows, language) for heading, columns, rows in each if rows]


def _said(name: str, value: str, jurisdiction: str | None, language: str) -> str:
    """Return a fact in words: a moment to the minute, a code as its words, where it is so."""
    here = law.named(jurisdiction) if jurisdiction else None
    words = value
    if name == "decided_action":
        words = say(ACTIONS.get(value, value), language)
    elif name == "gate_opened":
        what, _, state = value.partition(": ")
        named = gates.label(jurisdiction, what) if jurisdiction else gates.WHAT[what]
        words = f"{say(named, language)}: {say(GATE_STATES[state], language)}"
    elif name == "class_received" and here is not None:
        graded = here.class_named(value)
        words = graded.said(language) if graded else value
    else:
        try:
            words = str(minute(datetime.fromisoformat(value)))
        except ValueError:
            words = value
    return f"{here.said(language)}: {words}" if here else words
