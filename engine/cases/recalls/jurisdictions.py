"""What a recall is country by country: every one gets its signed answer, a "no" with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance
from engine.bpmn.step import Step
from engine.cases import answers, facts, scopes
from engine.cases.about import PARTY_KEY
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.notices import sending
from engine.cases.obligations import keeping
from engine.cases.recalls import gates
from engine.cases.recalls.models import JurisdictionDecision
from engine.cases.scopes.comparing import touched_by_devices
from engine.cases.scopes.models import ScopeVersion
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.people.queries import account_of
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Jurisdiction
from engine.serials import master
from engine.serials.models import MarketAuthorisation, TraceRunStock, TraceRunUnit
from engine.words import N_

PROCESS = "jurisdiction_decision"
UNKNOWN = PARTY_KEY
CLASS_NEEDED = N_("Choose the class: this name has one here.")
NO_CLASS = N_("Leave the class empty: what is no action has none.")
MUST_SAY_NO = N_("What is no action here is signed with its reason, and is not reported as one.")


@dataclass(frozen=True)
class Decided:
    """What the recall is in one jurisdiction, as it was signed."""

    legal_name: str
    class_name: str | None
    is_reportable: bool
    reason: str
    is_action: bool


@dataclass(frozen=True)
class Reached:
    """One jurisdiction the recall reaches: by units, by an authorisation, or by both."""

    key: str
    jurisdiction: Jurisdiction | None  # None: the country of this consignee is not known
    countries: tuple[str, ...]
    reached_by: str
    party_id: int | None = None


def reached(db: Session, case: Case, *, at: datetime) -> list[Reached]:
    """Return every jurisdiction where units went, or where the device is authorised."""
    by_units: dict[str, set[str]] = {}
    unknown: list[Reached] = []
    for one in scopes.by_consignee(db, case):
        if one.country is None:
            key = f"{UNKNOWN}{one.party_id}"
            unknown.append(Reached(key, None, (), "units", one.party_id))
            continue
        by_units.setdefault(law.of_country(one.country).code, set()).add(one.country)
    by_leave: dict[str, set[str]] = {}
    for country in _authorised(db, case, at=at):
        by_leave.setdefault(law.of_country(country).code, set()).add(country)
    known = [
        Reached(
            code,
            law.named(code),
            tuple(sorted(by_units.get(code, set()) | by_leave.get(code, set()))),
            _way(code in by_units, code in by_leave),
        )
        for code in sorted({*by_units, *by_leave})
    ]
    return [*known, *unknown]


def _way(by_units: bool, by_leave: bool) -> str:  # noqa: FBT001  the two ways there are
    if by_units and by_leave:
        return "both"
    return "units" if by_units else "authorisation"


def _authorised(db: Session, case: Case, *, at: datetime) -> set[str]:
    """Return the countries where a part of the scope may be sold today."""
    version = scopes.standing(db, case)
    if version is None:
        return set()
    parts = select(TraceRunUnit.part_id).where(TraceRunUnit.run_id == version.run_id).union(
        select(TraceRunStock.part_id).where(TraceRunStock.run_id == version.run_id)
    )  # fmt: skip
    rows = db.scalars(
        select(MarketAuthorisation.country)
        .where(
            MarketAuthorisation.part_id.in_(parts),
            MarketAuthorisation.valid_until.is_(None)
            | (MarketAuthorisation.valid_until >= at.date()),
        )
        .distinct()
    )
    return set(rows)


# --- opening ---------------------------------------------------------------------------------


def open_all(step: Step, case: Case) -> None:
    """Open a decision for every jurisdiction that has none yet; they are counted in. Flushes."""
    new = _new_rows(step.db, case, at=step.at)
    items = [(row.key, _variables(row)) for row in new]
    children = step.open_children(PROCESS, "jurisdictions_done", items)
    for row in new:
        row.instance_id = children[row.key]
    step.db.flush()
    keeping.refresh(step.db, case, by=step.by, at=step.at)


def ensure(db: Session, case: Case, *, by: Person | None, at: datetime) -> list[str]:
    """Open a decision wherever the scope reaches since, and return where. Flushes.

    For whoever changes the scope of a recall whose first decisions are open or given.
    """
    if not list(rows_of(db, case)):
        return []  # the diagram opens the first ones itself
    new = _new_rows(db, case, at=at)
    for row in new:
        child = open_child(db, case, PROCESS, by=by, at=at, variables=_variables(row), key=row.key)
        row.instance_id = child.id
    db.flush()
    keeping.refresh(db, case, by=by, at=at)
    return [row.key for row in new]


def ask_again(
    db: Session, case: Case, version: ScopeVersion, *, by: Person | None, at: datetime
) -> list[str]:
    """Have each jurisdiction that an added device touches decided anew, and return which. Flushes.

    What it decided stands until the new decision is signed.
    """
    codes = {law.of_country(country).code for country in touched_by_devices(db, version)}
    again = []
    for row in rows_of(db, case):
        if row.legal_name is None or row.key not in codes:
            continue
        if row.asked_again_scope is None:
            key = f"{row.key}:{version.number}"
            child = open_child(db, case, PROCESS, by=by, at=at, variables=_variables(row), key=key)
            row.instance_id = child.id
        row.asked_again_scope = version.number
        body = {"jurisdiction": row.code, "scope": version.number}
        ledger.append(db, case.stream, "jurisdiction_asked_again", body, by=by, at=at)
        again.append(row.key)
    db.flush()
    return again


def _new_rows(db: Session, case: Case, *, at: datetime) -> list[JurisdictionDecision]:
    there = {row.key: row for row in rows_of(db, case)}
    settled = {row.party_id for row in there.values() if row.party_id is not None}
    new = []
    for one in reached(db, case, at=at):
        if one.key in there:
            there[one.key].countries = list(one.countries) or there[one.key].countries
            continue
        if one.party_id in settled and one.party_id is not None:
            continue
        row = JurisdictionDecision(
            case_id=case.id,
            key=one.key,
            code=one.jurisdiction.code if one.jurisdiction else None,
            party_id=one.party_id,
            countries=list(one.countries),
            reached_by=one.reached_by,
            opened_at=at,
        )
        db.add(row)
        new.append(row)
    db.flush()
    return new


def _variables(row: JurisdictionDecision) -> dict[str, Any]:
    return {"jurisdiction": row.key, "is_known": row.code is not None}


# --- answering -------------------------------------------------------------------------------


def rows_of(db: Session, case: Case) -> Iterable[JurisdictionDecision]:
    """Return what was opened for a case, in order of the codes."""
    return db.scalars(
        select(JurisdictionDecision)
        .where(JurisdictionDecision.case_id == case.id)
        .order_by(JurisdictionDecision.key)
    ).all()


def row_of(db: Session, instance_id: int | None) -> JurisdictionDecision | None:
    """Return what one child decides, or None."""
    return db.scalar(
        select(JurisdictionDecision).where(JurisdictionDecision.instance_id == instance_id)
    )


def row_about(db: Session, case: Case, instance_id: int | None) -> JurisdictionDecision | None:
    """Return what a child decides, or decided before it was asked anew; None where it is none."""
    own = row_of(db, instance_id)
    instance = db.get(Instance, instance_id) if instance_id and own is None else None
    if instance is None or instance.process != PROCESS or instance.parent_key is None:
        return own
    key = instance.parent_key.partition(":")[0]
    return db.scalar(
        select(JurisdictionDecision).where(
            JurisdictionDecision.case_id == case.id, JurisdictionDecision.key == key
        )
    )


def take_country(step: Step, case: Case) -> bool:
    """Keep the country that was found; say whether it is a jurisdiction nobody decides yet."""
    db = step.db
    row = db.scalars(
        select(JurisdictionDecision).where(JurisdictionDecision.instance_id == step.instance.id)
    ).one()
    answer = answers.latest(db, case, PROCESS, "identify_country", instance_id=step.instance.id)
    assert answer is not None  # the diagram comes here from no other step  # noqa: S101
    found = law.of_country(str(answer.answers["country"]))
    told = account_of(db, answer.by_id).printed_name
    reason = f"{case.number}: {answer.answers['how_known']} ({told})"
    changes = {"country": str(answer.answers["country"])}
    if not case.is_drill:  # what was made up for practice is no fact of the consignee
        master.change(
            db, "party", int(row.party_id or 0), changes, by=None, at=step.at, reason=reason
        )
    row.code = found.code
    same = db.scalar(
        select(JurisdictionDecision).where(
            JurisdictionDecision.case_id == case.id, JurisdictionDecision.key == found.code
        )
    )
    if same is None:
        row.key, row.countries = found.code, [changes["country"]]
    else:
        same.countries = sorted({*same.countries, changes["country"]})
    db.flush()
    keeping.refresh(db, case, by=step.by, at=step.at)
    return same is None


def refuse_disagreement(db: Session, instance_id: int, given: Mapping[str, Any]) -> None:
    """Raise `Invalid` when name, class and report do not go together in this jurisdiction."""
    row = row_of(db, instance_id)
    if row is None or row.code is None:
        return
    here = law.named(row.code)
    name = here.legal_name(given["legal_name"]["value"])
    graded = given.get("class_name")
    if name.is_action and name.needs_class and graded is None:
        raise Invalid([Problem("class_name", CLASS_NEEDED)])
    if not name.is_action and graded is not None:
        raise Invalid([Problem("class_name", NO_CLASS)])
    if not name.is_action and given["is_reportable"]:
        raise Invalid([Problem("is_reportable", MUST_SAY_NO)])


def record(step: Step, case: Case) -> None:
    """Keep what was signed for one jurisdiction, and close the gates its law knows. Flushes."""
    db = step.db
    row = db.scalars(
        select(JurisdictionDecision).where(JurisdictionDecision.instance_id == step.instance.id)
    ).one()
    answer = answers.latest(db, case, PROCESS, "decide_jurisdiction", instance_id=step.instance.id)
    assert answer is not None  # the diagram comes here from no other step  # noqa: S101
    given = answer.answers
    row.legal_name = given["legal_name"]["value"]
    row.class_name = (given.get("class_name") or {}).get("value")
    row.is_reportable, row.reason = bool(given["is_reportable"]), given["reason"]
    row.decided_at, row.signature_id = answer.at, answer.signature_id
    row.asked_again_scope = None
    here = law.named(str(row.code))
    if here.legal_name(row.legal_name).is_action:
        gates.close_for(db, case, here, at=step.at)
    db.flush()
    body = {
        "jurisdiction": row.code,
        "legal_name": row.legal_name,
        "class": row.class_name,
        "is_reportable": row.is_reportable,
        "signature": row.signature_id,
    }
    ledger.append(db, case.stream, "jurisdiction_decided", body, by=step.by, at=step.at)
    keeping.refresh(db, case, by=step.by, at=step.at)
    sending.send_due(db, case, by=step.by, at=step.at)  # nobody there is written to before


def decided(db: Session, case: Case) -> dict[str, Decided]:
    """Return what was signed for each jurisdiction, by its code; what is open is left out."""
    return {
        str(row.code): Decided(
            legal_name=row.legal_name,
            class_name=_class(db, case, row),
            is_reportable=bool(row.is_reportable),
            reason=row.reason or "",
            is_action=law.named(str(row.code)).legal_name(row.legal_name).is_action,
        )
        for row in rows_of(db, case)
        if row.legal_name is not None
    }


def _class(db: Session, case: Case, row: JurisdictionDecision) -> str | None:
    """Return the class an authority gave, where it gave one, else our own."""
    received = facts.latest(db, case, "class_received", jurisdiction=row.code)
    return received.value if received else row.class_name
