"""A company with its processes released, and browsers of its people, for the benchmarks."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from engine.evidence.render import end_worker
from engine.people import Person
from tests.processes.company import Company
from tests.processes.founding import composed, release_processes
from tests.processes.goods import lay_places
from tests.support.personas import PASSWORD, People, settle as settle_people
from tests.support.schema import lay_schema
from webapp.compose import Holdfast
from webapp.create_app import create_app

PEOPLE = People()


@contextmanager
def company(url: str) -> Iterator[Company]:
    """Found a company in the empty database at `url`."""
    with tempfile.TemporaryDirectory() as folder:
        lay_schema(url, settle_people)
        holdfast = composed(Path(folder), url)
        try:
            release_processes(holdfast, PEOPLE)
            now = datetime.now(UTC)
            yield Company(holdfast, PEOPLE, now, lay_places(holdfast, at=now))
        finally:
            holdfast.database.close()
            end_worker()


def settle(holdfast: Holdfast) -> None:
    """Let the planner know what is there, as a running store's would."""
    if holdfast.database.url.startswith("sqlite"):
        with holdfast.database.begin() as db:
            db.execute(text("ANALYZE"))
        return
    own = holdfast.database.writer.execution_options(isolation_level="AUTOCOMMIT")
    with own.connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def browser(holdfast: Holdfast, person: Person) -> FlaskClient:
    """Return a browser in which `person` is signed in; it speaks to the application directly."""
    client = create_app(holdfast).test_client()
    page = client.get("/sign-in").text
    sent = {"user_name": person.user_name, "password": PASSWORD, "csrf_token": token_of(page)}
    answer = client.post("/sign-in", data=sent)
    assert answer.status_code == 303, answer.text
    return client


def opened(client: FlaskClient, path: str) -> TestResponse:
    """Open a page that has to be there."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer


def token_of(page: str) -> str:
    """Return the token a form of this page carries against requests from other sites."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:500]
    return found[1]
