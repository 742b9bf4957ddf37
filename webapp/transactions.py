"""The edge of a write: one transaction per POST, and the key that makes sending twice harmless."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from flask import abort, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.config import holdfast
from webapp.reading import reading
from webapp.session import person_or_none


@contextmanager
def begin() -> Iterator[Session]:
    """Give the one writing transaction of a POST: commit at the end, nothing on any error."""
    # the reading snapshot is older than what we are about to write
    reading.session.remove()
    person = person_or_none()
    with holdfast().database.begin(by_id=person.id if person else None) as db:
        yield db


def new_request_key() -> str:
    """Make the key a form carries, so that sending it twice is the same as once."""
    return str(uuid4())


def request_key() -> str:
    """Return the key of this form; a form without one cannot be sent."""
    key = request.form.get("request_key") or request.headers.get("Idempotency-Key") or ""
    if not 8 <= len(key) <= 200:
        abort(400)
    return key


def is_clash(error: IntegrityError) -> bool:
    """Tell whether somebody recorded the same at once: the command itself says so, run again."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(
        error.orig
    )


def is_repeat(error: IntegrityError) -> bool:
    """Tell whether two requests with one key met: the second is to be run again once."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return constraint == "pk_command" or "command.key" in str(error.orig)
