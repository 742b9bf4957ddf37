"""A device that a later scope names first: its hazard is evaluated before anything rests on it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.bpmn.models import Instance
from engine.cases import answers, scopes
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.scopes.comparing import Change, change_of
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.standing import before_of
from engine.people.person import Person

PROCESS = "device_review"
KEY = "scope-"  # before the number of the scope that names it


@dataclass(frozen=True)
class DeviceAdded:
    """The scope that names a device first, and what it changes beside the one before."""

    version: ScopeVersion
    change: Change


def open_review(
    db: Session, case: Case, version: ScopeVersion, *, by: Person | None, at: datetime
) -> None:
    """Have added devices evaluated, and what was decided weighed for them. Flushes.

    Nothing opens before the hazard is evaluated: the evaluation sees the scope that stands then.
    """
    evaluated = answers.latest(db, case, case.process, "evaluate_health_hazard")
    if evaluated is None or not change_of(db, before_of(db, version), version).other_devices:
        return
    variables = {"scope": version.number}
    key = f"{KEY}{version.number}"
    open_child(db, case, PROCESS, by=by, at=at, variables=variables, key=key)


def of_instance(db: Session, case: Case, instance_id: int | None) -> DeviceAdded | None:
    """Return what one review is about, or None."""
    instance = db.get(Instance, instance_id) if instance_id else None
    if instance is None or not str(instance.parent_key).startswith(KEY):
        return None
    number = int(str(instance.parent_key).removeprefix(KEY))
    version = scopes.numbered(db, case, number)
    return DeviceAdded(version, change_of(db, before_of(db, version), version))
