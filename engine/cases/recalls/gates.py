"""What an authority has to allow first: it holds back one jurisdiction, the others go on."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.recalls.models import Gate, JurisdictionDecision
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Jurisdiction
from engine.words import N_

NOTICES, DESTRUCTION = "notices", "destruction"
MESSAGE = "gate_opened"
WHAT = {NOTICES: N_("Notices"), DESTRUCTION: N_("Destruction")}
ALTERATION = N_("Destruction and alteration")
# MDR 89(1): what may affect the evaluation of the causes waits too; the others speak of destroying
NO_ALTERING = frozenset({"inform_first"})
RULES = {
    "draft_notice": N_("The authority comments on the draft of the notice first"),
    "submit_first": N_("The report is with the authority before the action begins"),
    "agree_first": N_("The authority agrees before anyone is contacted"),
    "supervised": N_("Destruction is supervised by the authority"),
    "tell_first": N_("The authority is told before anything is destroyed"),
    "inform_first": N_("Nothing is altered or destroyed before the authority knows"),
    "undecided": N_("What the action is here in law has not been decided yet"),
}


def close_for(db: Session, case: Case, here: Jurisdiction, *, at: datetime) -> None:
    """Close every gate the law of a jurisdiction knows; one that stood already stays. Flushes."""
    there = {gate.what for gate in gates_of(db, case, here.code)}
    db.add_all(
        Gate(case_id=case.id, jurisdiction=here.code, what=rule.what, rule=rule.rule, closed_at=at)
        for rule in here.gates
        if rule.what not in there
    )
    db.flush()


def gates_of(db: Session, case: Case, code: str | None = None) -> list[Gate]:
    """Return the gates of a case, or of one jurisdiction of it."""
    query = select(Gate).where(Gate.case_id == case.id)
    if code is not None:
        query = query.where(Gate.jurisdiction == code)
    return list(db.scalars(query.order_by(Gate.jurisdiction, Gate.what)))


def is_closed(db: Session, case: Case, country_code: str, what: str) -> Gate | None:
    """Return what holds back `notices` or `destruction` in a country, None where nothing does.

    Where nobody has decided yet what the action is, both wait; a destruction only where the law
    has a gate for it.
    """
    code = law.of_country(country_code).code
    for gate in gates_of(db, case, code):
        if gate.what == what:
            return gate if gate.state == "closed" else None
    if what == NOTICES and not _is_decided(db, case, code):
        return _undecided(case, code, what)
    if what == DESTRUCTION and _will_close(db, case, code):
        return _undecided(case, code, what)
    return None


def destruction_closed(
    db: Session, case: Case, country_code: str | None, *, alters: bool = False
) -> Gate | None:
    """Return what holds back a destruction; where no country is known, any gate that is closed.

    With `alters` only one that forbids altering as well.
    """
    if country_code is not None:
        if alters and not forbids_altering(law.of_country(country_code).code, DESTRUCTION):
            return None
        return is_closed(db, case, country_code, DESTRUCTION)
    closed = (
        one
        for one in gates_of(db, case)
        if one.what == DESTRUCTION and (not alters or one.rule in NO_ALTERING)
    )
    return next((one for one in closed if one.state == "closed"), None)


def forbids_altering(code: str, what: str) -> bool:
    """Say whether the gate of a jurisdiction holds back what alters a device too."""
    return any(one.what == what and one.rule in NO_ALTERING for one in law.named(code).gates)


def label(code: str, what: str) -> str:
    """Return what the gate of a jurisdiction is called: a msgid."""
    return ALTERATION if forbids_altering(code, what) else WHAT[what]


def source_of(gate: Gate) -> str:
    """Return where the law says so; empty where it does not."""
    rules = law.named(gate.jurisdiction).gates
    return next((one.source for one in rules if one.what == gate.what), "")


def _undecided(case: Case, code: str, what: str) -> Gate:
    return Gate(case_id=case.id, jurisdiction=code, what=what, rule="undecided", state="closed")


def _will_close(db: Session, case: Case, code: str) -> bool:
    """Say whether a decision is open that may close a gate on destruction."""
    if all(rule.what != DESTRUCTION for rule in law.named(code).gates):
        return False
    waiting = select(JurisdictionDecision.id).where(
        JurisdictionDecision.case_id == case.id,
        JurisdictionDecision.key == code,
        JurisdictionDecision.legal_name.is_(None),
    )
    return db.scalar(waiting) is not None


def _is_decided(db: Session, case: Case, code: str) -> bool:
    given = select(JurisdictionDecision.id).where(
        JurisdictionDecision.case_id == case.id,
        JurisdictionDecision.key == code,
        JurisdictionDecision.legal_name.is_not(None),
    )
    return db.scalar(given) is not None


def key_of(case: Case, code: str) -> str:
    """Return what the notification of a jurisdiction waits under."""
    return f"{case.number}/{code}"
