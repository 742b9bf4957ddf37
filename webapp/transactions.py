"""The edge of a write: one transaction per POST, and the key that makes sending twice harmless."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from flask import abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.db import Base
from webapp.config import holdfast
from webapp.session import person_or_none


class Reading(SQLAlchemy):
    """One session per request that only reads, on the engine the composed application made.

    The models are the engine's own; `db.Model` and `Model.query` are never used.
    """

    def _make_declarative_base(self, model_class: object, **_options: object) -> type[Base]:  # type: ignore[override]
        # a subclass of our base, as the extension makes one, is refused by SQLAlchemy 2.1
        self.metadatas[None] = Base.metadata
        return Base

    def _make_engine(self, bind_key: object, options: object, app: object) -> Engine:
        return app.extensions["holdfast"].database.reader  # type: ignore[attr-defined,no-any-return]


reading = Reading(model_class=Base, session_options={"expire_on_commit": False})


def read() -> Session:
    """Return this request's reading session: one snapshot, nothing kept."""
    session = reading.session()
    session.info.update(holdfast().database.info)
    return session


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


def is_repeat(error: IntegrityError) -> bool:
    """Tell whether two requests with one key met: the second is to be run again once."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return constraint == "pk_command" or "command.key" in str(error.orig)
