"""The log of the interface: what changed is a row of its transaction, what was refused its own."""

import hashlib
import time

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import EngineError
from engine.people.calls import Asked, note_call
from webapp.api import problems
from webapp.config import holdfast
from webapp.session import bears_token, caller, person_or_none

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WAITING = 429  # one row a try would let a stranger fill the log
OF_SAFE = frozenset({401, 403})  # what is refused of a request that only reads


def keep_log(app: Flask) -> None:
    """Time each request of the interface and keep those that were refused."""
    app.before_request(_start)
    app.after_request(_note_refusal)


def note_change(db: Session, status: int) -> None:
    """Keep the running request in the transaction that carries it out."""
    note_call(db, _asked(), status=status, milliseconds=_milliseconds(), at=now())


def _start() -> None:
    g.started = time.perf_counter()


def _note_refusal(response: Response) -> Response:
    if not problems.wanted() or not bears_token() or not _is_refusal(response.status_code):
        return response
    said = (response.get_json(silent=True) or {}).get("title", "")
    try:
        with holdfast().database.begin() as db:
            note_call(
                db,
                _asked(),
                status=response.status_code,
                said=str(said),
                milliseconds=_milliseconds(),
                at=now(),
            )
    except (DBAPIError, EngineError):  # the answer does not wait for its row in the log
        current_app.logger.warning("a refused request is not in the log", exc_info=True)
    return response


def _is_refusal(status: int) -> bool:
    return status in OF_SAFE if request.method in SAFE else status >= 400 and status != WAITING


def _asked() -> Asked:
    who, token = person_or_none(), caller()
    body = request.get_data(cache=True) if request.method not in SAFE else b""
    return Asked(
        person_id=who.id if who else None,
        token_id=token.token_id if token else None,
        address=request.remote_addr or "",
        method=request.method,
        path=request.path,
        idempotency_key=(request.headers.get("Idempotency-Key") or "")[:200] or None,
        body_sha256=hashlib.sha256(body).hexdigest() if body else None,
    )


def _milliseconds() -> int:
    began: float = g.started
    return round((time.perf_counter() - began) * 1000)
