"""Who signed what in a case: every signature that stands, with its meaning in full words."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import case as when, func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.about import about
from engine.cases.models import Case
from engine.cases.records.sections import Section, minute, table
from engine.evidence.meanings import sentence
from engine.evidence.signatures import Signature, SignatureVoided
from engine.words import N_, say
from forms import words

COLUMNS = (N_("Step"), N_("Signed by"), N_("Meaning"), N_("Signed at"))
REST = N_("%(count)s more signatures stand in the attached rows.")


def signatures(db: Session, case: Case, *, most: int | None = None) -> Section:
    """Return the signatures that stand in the order given, each with its step and line.

    21 CFR 11.50: printed name, date and time, and meaning of each, whatever the document's own.
    With `most`, those of the case's own diagram come first and the rest is counted.
    """
    voided = select(SignatureVoided.signature_id)
    standing = select(Signature).where(Signature.stream == case.stream, Signature.id.not_in(voided))
    count = db.scalar(select(func.count()).select_from(standing.subquery())) or 0
    own = db.scalars(select(Task.id).where(Task.instance_id == case.instance_id))
    is_own = when((Signature.task_id.in_([str(one) for one in own]), 0), else_=1)
    shown = standing.order_by(is_own, Signature.id).limit(most) if most else standing
    found = sorted(db.scalars(shown), key=lambda one: one.id)
    steps = _steps(db, case, found)
    rows = [
        [
            steps.get(one.id, "–"),
            one.printed_name,
            sentence(one.meaning, case.language),
            minute(one.at),
        ]
        for one in found
    ]
    more = count - len(found)
    note = {"note": say(REST, case.language, count=f"{more:,}")} if more else {}
    return table(N_("Signatures in this case"), COLUMNS, rows, case.language, **note)


def _steps(db: Session, case: Case, found: Sequence[Signature]) -> dict[int, str]:
    """Return the step that each signature was given at; a report has no task of the diagram."""
    ids = {one.id: UUID(one.task_id) for one in found if one.task_id}
    tasks = {one.id: one for one in db.scalars(select(Task).where(Task.id.in_(ids.values())))}
    named = about(db, tasks.values())
    steps = {}
    for signature_id, task_id in ids.items():
        if (task := tasks.get(task_id)) is None:
            continue
        title = say(words.say(task.name, case.language), case.language)
        of = named.get(task_id)
        steps[signature_id] = f"{title} ({of.said(case.language)})" if of else title
    return steps
