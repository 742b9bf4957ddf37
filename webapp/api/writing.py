"""A write of the interface: one transaction, harmless to repeat, and kept in the log with it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from engine.clock import now
from engine.commands import KeyUsedForSomethingElse, earlier_result, remember, take_turn
from webapp.api.log import note_change
from webapp.session import person
from webapp.transactions import begin


class KeyMissing(BadRequest):
    """Send an Idempotency-Key of 8 to 200 characters: the same one whenever you repeat this."""


class KeyOfAnother(UnprocessableEntity):
    """This Idempotency-Key came with another request before. Send a new request with a new key."""


@dataclass(frozen=True)
class Answer:
    """What a write answers: status, body and headers; a repeat gets the very same."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_view(self) -> tuple[Mapping[str, Any], int, dict[str, str]]:
        """Return it as a view does."""
        return self.body, self.status, dict(self.headers)


def once(run: Callable[[Session], Answer]) -> tuple[Mapping[str, Any], int, dict[str, str]]:
    """Carry out a POST under its Idempotency-Key; a repeat gets the first answer, status and all.

    The key is the sender's own: another's never meets it. Raises `KeyMissing`, `KeyOfAnother`.
    """
    sent = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(sent) <= 200:
        raise KeyMissing
    key = f"api:{person().id}:{sent}"
    name = f"{request.method} {request.path}"
    asked = {"query": request.query_string.decode("latin-1"), "body": body_sha256()}
    with begin() as db:
        take_turn(db, key)
        try:
            first = earlier_result(db, key, name=name, request=asked)
        except KeyUsedForSomethingElse as other:
            raise KeyOfAnother from other
        if first is not None:
            return first["body"], first["status"], {**first["headers"], "Idempotent-Replay": "true"}
        answer = run(db)
        result = {"body": answer.body, "status": answer.status, "headers": dict(answer.headers)}
        remember(db, key, name=name, request=asked, result=result, by_id=person().id, at=now())
        note_change(db, answer.status)
    return answer.as_view()


def change(run: Callable[[Session], Answer]) -> tuple[Mapping[str, Any], int, dict[str, str]]:
    """Carry out a PATCH, which If-Match makes harmless to repeat."""
    with begin() as db:
        answer = run(db)
        note_change(db, answer.status)
    return answer.as_view()


def body_sha256() -> str:
    """Return the fingerprint of what was sent."""
    return hashlib.sha256(request.get_data(cache=True)).hexdigest()
