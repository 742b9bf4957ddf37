"""What a recall is in the law of one jurisdiction, as regulatory affairs signs it."""

from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.models import Case
from engine.cases.recalls import showing
from engine.cases.recalls.showing import JurisdictionShown
from engine.cases.records.sections import Record, Section, head, kept_answers, sources
from engine.words import N_, say

PROCESS = "jurisdiction_decision"
REACHED = {
    "units": N_("Units went there"),
    "authorisation": N_("The device is authorised there"),
    "both": N_("Units went there, and the device is authorised there"),
}


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of one jurisdiction; `own` is the decision that is being signed."""
    here = showing.of_instance(db, case, task.instance_id)
    given = kept.standing(db, case, process=PROCESS, instance_id=task.instance_id)
    key = here.row.key if here else "?"
    made_at = here.row.opened_at if here else None
    return {
        **head(db, case, title=N_("Decision of a jurisdiction"), number=f"{case.number}-{key}",
               created_at=made_at),
        "sources": sources(given),
        "sections": [
            *([_jurisdiction(here, case.language)] if here else ()),
            *kept_answers(db, case, given),
            *(own or ()),
        ],
    }  # fmt: skip


def _jurisdiction(one: JurisdictionShown, language: str) -> Section:
    law = one.jurisdiction
    rows = [
        (N_("Jurisdiction"), law.said(language) if law else one.party),
        (N_("Authority"), law.authority if law else None),
        (N_("Countries"), ", ".join(one.row.countries) or "–"),
        (N_("Why it is asked"), say(REACHED[one.row.reached_by], language)),
        (N_("Units in all"), f"{one.unit_count:,}"),
        (N_("Quantity of lots in all"), f"{one.quantity.normalize():f}"),
        (N_("Consignees"), f"{one.consignee_count:,}"),
        (N_("Suggested class"), one.suggested.said(language) if one.suggested else None),
    ]
    return {
        "heading": say(N_("What the recall reaches there"), language),
        "rows": [[say(label, language), said] for label, said in rows],
    }
