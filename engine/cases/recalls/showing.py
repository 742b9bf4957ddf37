"""What a person sees of one jurisdiction of a recall: its law, what was decided, what waits."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Decision, Instance
from engine.cases import answers, facts, scopes
from engine.cases.about import PARTY_KEY
from engine.cases.models import Answer, Case
from engine.cases.recalls import authorities, gates, jurisdictions, reviewing
from engine.cases.recalls.models import Gate, JurisdictionDecision, Notification, Termination
from engine.facts import NAMES
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Jurisdiction, Named
from engine.serials.models import Party

SUGGESTED = {"US": "suggested_fda", "CN": "suggested_nmpa"}
NOTHING_SENT = (0, Decimal(0), 0)


@dataclass(frozen=True)
class JurisdictionShown:
    """One jurisdiction with what is known of it; `jurisdiction` is None where it is not known."""

    row: JurisdictionDecision
    jurisdiction: Jurisdiction | None
    party: str | None
    unit_count: int
    quantity: Decimal  # of lots, beside the units
    consignee_count: int
    legal_name: Named | None
    class_name: Named | None
    class_is_received: bool
    suggested: Named | None
    gates: tuple[Gate, ...] = ()
    notifications: tuple[Notification, ...] = ()
    terminations: tuple[Termination, ...] = ()

    @property
    def is_open(self) -> bool:
        """Say whether somebody has to decide here yet."""
        return self.row.legal_name is None


def shown(db: Session, case: Case) -> list[JurisdictionShown]:
    """Return every jurisdiction of a recall; a consignee whose country was found is left out."""
    rows = [
        row
        for row in jurisdictions.rows_of(db, case)
        if row.code is None or not row.key.startswith(PARTY_KEY)
    ]
    if not rows:
        return []
    sent: dict[str | None, tuple[int, Decimal, int]] = {}
    for one in scopes.by_consignee(db, case):
        code = law.of_country(one.country).code if one.country else f"{PARTY_KEY}{one.party_id}"
        units, quantity, count = sent.get(code, NOTHING_SENT)
        sent[code] = units + one.unit_count, quantity + one.quantity, count + 1
    suggestions = suggested(db, case)
    named = dict(
        db.execute(
            select(Party.id, Party.name).where(Party.id.in_([r.party_id for r in rows]))
        ).all()
    )
    closed = gates.gates_of(db, case)
    told = authorities.notifications_of(db, case)
    asked = authorities.terminations_of(db, case)
    return [
        _shown(
            row,
            party=named.get(row.party_id or 0),
            sent=sent.get(row.key, NOTHING_SENT),
            received=_received(db, case, row),
            suggested=suggestions.get(SUGGESTED.get(row.code or "", "")),
            closed=tuple(one for one in closed if one.jurisdiction == row.code),
            told=tuple(one for one in told if one.jurisdiction == row.code),
            asked=tuple(one for one in asked if one.jurisdiction == row.code),
        )
        for row in rows
    ]


def _shown(
    row: JurisdictionDecision,
    *,
    party: str | None,
    sent: tuple[int, Decimal, int],
    received: str | None,
    suggested: str | None,
    closed: tuple[Gate, ...],
    told: tuple[Notification, ...],
    asked: tuple[Termination, ...],
) -> JurisdictionShown:
    here = law.named(row.code) if row.code else None
    return JurisdictionShown(
        row=row,
        jurisdiction=here,
        party=party if here is None else None,
        unit_count=sent[0],
        quantity=sent[1],
        consignee_count=sent[2],
        legal_name=here.legal_name(row.legal_name) if here and row.legal_name else None,
        class_name=here.class_named(received or row.class_name) if here else None,
        class_is_received=received is not None,
        suggested=here.class_named(suggested) if here else None,
        gates=closed,
        notifications=told,
        terminations=asked,
    )


def _received(db: Session, case: Case, row: JurisdictionDecision) -> str | None:
    found = facts.latest(db, case, "class_received", jurisdiction=row.code) if row.code else None
    return found.value if found else None


def suggested(db: Session, case: Case) -> dict[str, str]:
    """Return what the newest evaluation suggests: the outputs of the decision table.

    Nothing, once a device that was added is judged otherwise: a class has to fit the worst of them.
    """
    first = answers.latest(db, case, case.process, "evaluate_health_hazard")
    added = answers.standing(
        db, case, process=reviewing.PROCESS, element_id="evaluate_added_device"
    )
    if first is not None and any(_hazard(one) != _hazard(first) for one in added):
        return {}
    found = db.scalar(
        select(Decision)
        .where(Decision.instance_id == case.instance_id, Decision.element_id == "suggested_class")
        .order_by(Decision.id.desc())
        .limit(1)
    )
    return {name: str(value) for name, value in found.outputs.items()} if found else {}


def _hazard(answer: Answer) -> tuple[object, object]:
    return answer.answers.get("severity"), answer.answers.get("likelihood")


def of_instance(db: Session, case: Case, instance_id: int | None) -> JurisdictionShown | None:
    """Return the jurisdiction that one child of the recall is about, or None."""
    instance = db.get(Instance, instance_id) if instance_id else None
    if instance is None or instance.parent_key is None:
        return None
    own = jurisdictions.row_of(db, instance_id)
    key = own.key if own else instance.parent_key.partition(":")[0]
    return next((one for one in shown(db, case) if one.row.key == key), None)


@dataclass(frozen=True)
class RecallClock:
    """One dated fact of the recall, for its head: what, and when."""

    fact: str
    name: str
    at: datetime


def dates(db: Session, case: Case) -> list[RecallClock]:
    """Return the days that statutory clocks of a recall start from, as far as they are known."""
    wanted = ("awareness", "stop_ship", "decision", "initiation", "completion", "termination")
    told = {one.name: one for one in facts.standing(db, case) if one.name in wanted}
    return [
        RecallClock(name, NAMES[name], datetime.fromisoformat(told[name].value))
        for name in wanted
        if name in told
    ]
