"""What the web needs of the composed application, and how Flask is set from it."""

from pathlib import Path
from typing import Any, Protocol, cast

from flask import Flask, current_app

from engine.db import Database

LANGUAGES = {"en": "English", "zh": "中文"}  # each in its own words
LARGEST_ID = 2**63 - 1  # what a database holds in an integer
UPLOAD_BYTES = 25 * 1024 * 1024


class Settings(Protocol):
    """The settings the web reads."""

    @property
    def secret_key(self) -> bytes: ...
    @property
    def https(self) -> bool: ...
    @property
    def mail_folder(self) -> Path | None: ...


class Holdfast(Protocol):
    """The composed application: what `webapp/compose.py` hands to the web."""

    @property
    def database(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


def configure(app: Flask, holdfast: Holdfast) -> None:
    """Set Flask from the composed application; cookies are strict, bodies are bounded."""
    settings = holdfast.settings
    app.extensions["holdfast"] = holdfast
    app.config.update(
        SECRET_KEY=settings.secret_key,
        # __Host- binds the cookie to this host and path; browsers accept it over https only
        SESSION_COOKIE_NAME="__Host-holdfast" if settings.https else "holdfast",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=UPLOAD_BYTES,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=20_000,  # a line per unit of a long disposition
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session
        WTF_CSRF_SSL_STRICT=settings.https,
        BABEL_DEFAULT_LOCALE="en",
        SQLALCHEMY_DATABASE_URI=holdfast.database.url,  # read, never used: `_make_engine` is ours
        API_TITLE="Holdfast",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
    )


def holdfast() -> Any:
    """Return the composed application behind this request."""
    return cast("Any", current_app.extensions["holdfast"])
