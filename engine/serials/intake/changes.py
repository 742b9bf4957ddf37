"""What loading a checked file would change, field by field: from what, to what, by which rule."""

from typing import Any, NamedTuple

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials.dictionary import entity
from engine.serials.dictionary.seeing import is_seen
from engine.serials.intake.batch import get
from engine.serials.intake.chunk import SPLIT
from engine.serials.intake.counting import MODELS, NAMES
from engine.serials.intake.layouts import KINDS
from engine.serials.intake.mappings import Reading
from engine.serials.intake.referring.comparing import text_of
from engine.serials.models import ImportProblem, ImportRow


class FieldDifference(NamedTuple):
    """One field of one line: what is recorded, what the file says, and whether it is taken over.

    A field that is empty is filled. One that says something else stays: its line waits in
    quarantine.
    """

    line: int
    record: str
    field: str
    before: str
    after: str
    is_filled: bool


def changes(
    db: Session, batch_id: int, person: Person | None, *, after: int = 0, limit: int = 50
) -> list[FieldDifference]:
    """Return what differs in up to `limit` lines after a line, without what a person may not see.

    Ask for the next lines after the last one named; none is the end.
    """
    batch = get(db, batch_id)
    model = MODELS.get(batch.kind)
    if model is None or batch.state != "checked":
        return []
    differs = exists().where(
        ImportProblem.batch_id == ImportRow.batch_id,
        ImportProblem.line == ImportRow.line,
        ImportProblem.code == "differs",
    )
    rows = db.execute(
        select(ImportRow.line, ImportRow.cells, model)
        .join(model, model.id == ImportRow.other_id)
        .where(
            ImportRow.batch_id == batch_id,
            ImportRow.line > after,
            or_(ImportRow.state == "fill", (ImportRow.state == "quarantined") & differs),
        )
        .order_by(ImportRow.line)
        .limit(limit)
    ).all()
    names = Reading.of(batch.mapping).names
    hidden = hidden_fields(batch.kind, person)
    found = [
        one
        for line, cells, recorded in rows
        for one in _of_line(db, line, dict(zip(names, cells.split(SPLIT), strict=True)), recorded)
        if one.field not in hidden
    ]
    if rows and not found:  # nothing in these that the person may see
        return changes(db, batch_id, person, after=rows[-1][0], limit=limit)
    return found


def hidden_fields(kind: str, person: Person | None) -> set[str]:
    """Return the fields of a kind of file that a person may not see."""
    return {one.name for one in entity(KINDS[kind]).fields if not is_seen(one, person)}


def _of_line(db: Session, line: int, said: dict[str, str], recorded: Any) -> list[FieldDifference]:
    record = next((said[n] for n in ("code", "serial", "lot_no", "part_no") if said.get(n)), "")
    found = []
    for field, value in said.items():
        before = _recorded(db, field, recorded)
        if before is None or not value or before == value:
            continue
        found.append(FieldDifference(line, record, field, before, value, is_filled=not before))
    return found


def _recorded(db: Session, field: str, recorded: Any) -> str | None:
    """Return what is recorded as a file would write it; None where the table keeps no such field.

    The part of a lot or unit is how it was found, and never differs.
    """
    kept, called = NAMES.get(field, ("", None))
    if kept and hasattr(recorded, kept):
        key = getattr(recorded, kept)
        owner = called.class_
        return db.scalar(select(called).where(owner.id == key)) or "" if key else ""
    if not hasattr(recorded, field) or field == "is_released":
        return None
    now = getattr(recorded, field)
    return "" if now is None else text_of(now)
