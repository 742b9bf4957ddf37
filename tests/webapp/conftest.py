"""The web application over the composed one, and a browser without a screen to ask it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.people import Person
from engine.people.passwords import Hashing
from tests.support.personas import PASSWORD, People
from tests.support.web import app_over
from webapp.compose import Holdfast, compose
from webapp.settings import Settings


@pytest.fixture
def holdfast(database_url: str, people: People, tmp_path: Path) -> Any:
    settings = Settings(
        folder=tmp_path, database_url=database_url, secret_key=b"k" * 32, company="Tarn Medical"
    )
    composed = compose(settings, hashing=Hashing(memory_kib=8, passes=1, lanes=1))
    yield composed
    composed.database.close()


@pytest.fixture
def app(holdfast: Holdfast) -> Flask:
    return app_over(holdfast)


@dataclass
class Visitor:
    """One browser: reads pages, and sends forms with the hidden fields of the page it read last."""

    client: FlaskClient
    token: str = ""
    checked: str = ""

    def get(self, address: str, **more: Any) -> TestResponse:
        answer = self.client.get(address, **more)
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        if found:
            self.token = found[1]
        shown = re.search(r'name="checked" value="([^"]+)"', answer.text)
        self.checked = shown[1] if shown else ""
        return answer

    def post(self, address: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        hidden = {"csrf_token": self.token, "checked": self.checked}
        sent = {**hidden, "request_key": "key-of-this-form-1", **(data or {})}
        return self.client.post(address, data=sent, **more)

    def send(self, address: str, **more: Any) -> TestResponse:
        """Send JSON to the interface, as a page of ours would."""
        return self.client.post(address, headers={"X-CSRFToken": self.token}, **more)

    def sign_in(self, person: Person, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"user_name": person.user_name, "password": password})
        self.get("/keyboard")
        return answer


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def signed_in(app: Flask) -> Callable[[Person], Visitor]:
    def enter(person: Person) -> Visitor:
        visitor = Visitor(app.test_client())
        assert visitor.sign_in(person).status_code == 303
        return visitor

    return enter
