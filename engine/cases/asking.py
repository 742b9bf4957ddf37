"""What a step asks: the form its diagram was released with, whatever lies in the files now."""

from threading import Lock
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Definition, Instance
from engine.errors import Invalid, Problem
from forms.context import Context
from forms.errors import FormNotFound, FormProblems
from forms.form import Answers, Form
from forms.reading import parse_form

_forms: dict[
    tuple[str, str, str], Form
] = {}  # by the closure's sha256: what it names never changes
_lock = Lock()

_CLOSURE = select(Definition.id, Definition.sha256)
RELEASED = _CLOSURE.where(Definition.key == bindparam("process"), Definition.state == "released")
PINNED = _CLOSURE.join(Instance, Instance.definition_id == Definition.id).where(
    Instance.id == bindparam("instance")
)


def form_at(db: Session, process: str, element: str, *, instance_id: int | None) -> Form:
    """Return the form of a step in a running case; without an instance, of a case to be opened.

    Raises `FormNotFound`.
    """
    if instance_id is None:
        found = db.execute(RELEASED, {"process": process}).first()
    else:
        found = db.execute(PINNED, {"instance": instance_id}).first()
    if found is None:
        message = f"No version of {process} has been released."
        raise FormNotFound(message)

    key = (found.sha256, process, element)
    if key not in _forms:
        files = db.scalars(select(Definition.files).where(Definition.id == found.id)).one()
        _read(files, *key)
    return _forms[key]


def accepted(form: Form, raw: dict[str, Any], context: Context) -> Answers:
    """Read raw answers; raises `Invalid` with every problem at its field."""
    try:
        return form.load(raw, context)
    except FormProblems as wrong:
        problems = [Problem(one.at, one.sentence, one.facts) for one in wrong.problems]
        raise Invalid(problems) from wrong


def _read(files: dict[str, str], sha256: str, process: str, element: str) -> None:
    path = f"forms/{process}/{element}.toml"
    if path not in files:
        message = f"This version has no form {path}."
        raise FormNotFound(message)
    form = parse_form(files[path].encode(), process, element)
    with _lock:
        _forms[sha256, process, element] = form
