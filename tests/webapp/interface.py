"""Another system at the interface: sends a token with every request, and keys that are its own."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from engine.clock import now
from engine.people import Person, tokens
from engine.people.scopes import scopes
from webapp.compose import Holdfast


@dataclass
class Caller:
    """One system with its token."""

    app: Flask
    token: str
    keys: Iterator[int] = field(default_factory=itertools.count)

    def get(self, address: str, *, headers: dict[str, str] | None = None) -> TestResponse:
        """Read."""
        return self._send("GET", address, headers=headers)

    def post(self, address: str, body: Any, *, key: str | None = None) -> TestResponse:
        """Record something, under a fresh key unless told."""
        sent = {"Idempotency-Key": key or f"key-of-request-{next(self.keys)}"}
        return self._send("POST", address, json=body, headers=sent)

    def patch(self, address: str, body: Any, *, etag: str | None = None) -> TestResponse:
        """Change something that was read."""
        return self._send("PATCH", address, json=body, headers={"If-Match": etag} if etag else {})

    def _send(self, method: str, address: str, *, headers: Any = None, **more: Any) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        client = self.app.test_client(use_cookies=False)
        return client.open(f"/api/v1{address}", method=method, headers=sent, **more)


def caller(app: Flask, holdfast: Holdfast, person: Person, *granted: str) -> Caller:
    """Return someone's own script with a token for these scopes, for all unless named."""
    with holdfast.database.begin() as db:
        made = tokens.make_token(
            db, person.id, name="A script", scopes=granted or tuple(scopes()),
            expires_at=now() + timedelta(days=30), by=person, at=now(),
        )  # fmt: skip
    return Caller(app, made.token)
