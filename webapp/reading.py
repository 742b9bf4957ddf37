"""One session per request that only reads, on the engine the composed application made."""

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as OfRequest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from engine.db import Base, Looks
from webapp.config import holdfast


class Reading(SQLAlchemy):
    """The extension over our own base and engine: `db.Model` and `Model.query` are never used."""

    def _make_declarative_base(self, model_class: object, **_options: object) -> type[Base]:  # type: ignore[override]  # narrower than the library's, on purpose
        # a subclass of our base, as the extension makes one, is refused by SQLAlchemy 2.1
        self.metadatas[None] = Base.metadata
        return Base

    def _make_engine(self, bind_key: object, options: object, app: object) -> Engine:
        return app.extensions["holdfast"].database.reader  # type: ignore[attr-defined,no-any-return]  # Flask keeps anything there


class _Session(Looks, OfRequest):
    """What looks, on the engine of the extension."""


reading = Reading(model_class=Base, session_options={"class_": _Session, "expire_on_commit": False})


def read() -> Session:
    """Return this request's reading session: one snapshot, nothing kept."""
    session = reading.session()
    session.info.update(holdfast().database.info)
    return session
