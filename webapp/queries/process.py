"""A version of a process: its files by their hash, who signed it, and who may sign it now."""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.bpmn.library import QUALITY_ROLES, releases
from engine.bpmn.models import Definition
from engine.cases.tasks import printed_name
from engine.people import Person
from webapp.words import N_

DOINGS = {
    "installed": N_("installed it"),
    "process_owner": N_("signed as process owner"),
    "quality": N_("signed for quality"),
}


@dataclass(frozen=True)
class ClosureFile:
    """One file of a version."""

    path: str
    sha256: str
    bytes: int


def closure_files(definition: Definition) -> list[ClosureFile]:
    """Return every file of a version by its path, with the hash the version's own is made of."""
    return [
        ClosureFile(path, hashlib.sha256(text.encode()).hexdigest(), len(text.encode()))
        for path, text in sorted(definition.files.items())
    ]


def barred_from_release(db: Session, definition: Definition) -> list[tuple[str, str]]:
    """Return who may not sign this release any more, each with why."""
    barred = []
    if definition.installed_by_id is not None:
        barred.append((printed_name(db, definition.installed_by_id), DOINGS["installed"]))
    barred += [
        (printed_name(db, one.by_id), DOINGS[one.capacity]) for one in releases(db, definition.id)
    ]
    return barred


def open_capacities(db: Session, definition: Definition, person: Person) -> list[str]:
    """Return in which capacities this person may sign the release now."""
    signed = releases(db, definition.id)
    is_barred = person.id in {definition.installed_by_id, *(one.by_id for one in signed)}
    if definition.state != "draft" or is_barred:
        return []
    roles = {"process_owner": frozenset({definition.owner_role}), "quality": QUALITY_ROLES}
    return [
        capacity
        for capacity, wanted in roles.items()
        if wanted & person.roles and capacity not in {one.capacity for one in signed}
    ]
