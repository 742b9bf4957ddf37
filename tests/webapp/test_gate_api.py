"""The gate, asked from outside."""

from collections.abc import Callable

from tests.support.personas import People
from tests.webapp.conftest import Visitor

Enter = Callable[..., Visitor]
ADDRESS = "/api/v1/gate/check"


def test_what_is_not_known_does_not_pass(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    answer = visitor.client.post(ADDRESS, json={"door": "ship", "targets": ["NO-SUCH-SERIAL"]})
    assert answer.status_code == 200
    assert answer.json["allowed"] is False
    assert "NO-SUCH-SERIAL" in answer.json["verdicts"][0]["sentence"]


def test_a_question_that_does_not_fit_names_every_field(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    answer = visitor.client.post(ADDRESS, json={"door": "window", "colour": "red"})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert {problem["at"] for problem in answer.json["problems"]} == {"door", "targets", "colour"}


def test_a_stranger_may_not_ask(visitor: Visitor) -> None:
    answer = visitor.client.post(ADDRESS, json={"door": "ship", "targets": ["X"]})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


def test_the_interface_describes_itself(visitor: Visitor) -> None:
    described = visitor.get("/api/v1/openapi.json").json
    assert described["openapi"] == "3.1.0"
    assert ADDRESS in described["paths"]
