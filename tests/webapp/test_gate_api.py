"""The gate, asked from outside."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from engine.cases import doors
from engine.clock import now
from engine.serials import holds, parties
from engine.serials.targets import HoldTarget
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast

Enter = Callable[..., Visitor]
ADDRESS = "/api/v1/gate/check"


def test_what_is_not_known_does_not_pass(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    answer = visitor.send(ADDRESS, json={"door": "ship", "targets": ["NO-SUCH-SERIAL"]})
    assert answer.status_code == 200
    assert answer.json["allowed"] is False
    assert "NO-SUCH-SERIAL" in answer.json["verdicts"][0]["sentence"]


def test_a_question_that_does_not_fit_names_every_field(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    answer = visitor.send(ADDRESS, json={"door": "window", "colour": "red"})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert {problem["pointer"] for problem in answer.json["problems"]} == {
        "/door",
        "/targets",
        "/colour",
    }


@pytest.mark.parametrize("broken", [b"{", b"\xff", b"[" * 100_000, b"1" * 5_000])
def test_what_is_not_json_is_told_so(signed_in: Enter, people: People, broken: bytes) -> None:
    visitor = signed_in(people.warehouse)
    answer = visitor.send(ADDRESS, data=broken, content_type="application/json")
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.json["title"].startswith("What was sent is not JSON.")


def test_a_problem_in_the_depth_names_its_place(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    answer = visitor.send(ADDRESS, json={"door": "ship", "targets": ["X", 1]})
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json["problems"]] == ["/targets/1"]
    assert "{" not in answer.json["problems"][0]["sentence"]
    assert visitor.send(ADDRESS, json=[]).json["problems"][0]["pointer"] == ""


def test_a_stranger_may_not_ask(visitor: Visitor) -> None:
    answer = visitor.send(ADDRESS, json={"door": "ship", "targets": ["X"]})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


def test_the_interface_describes_itself(visitor: Visitor) -> None:
    described = visitor.get("/api/v1/openapi.json").json
    assert described["openapi"] == "3.1.0"
    assert ADDRESS in described["paths"]


def test_a_door_that_asks_knows_the_holds_that_stand_and_an_auditor_is_no_door(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    at = now() - timedelta(minutes=16)
    with holdfast.database.begin() as db:
        maker = parties.add_party(db, "OWN", "Maker", kind="site", by=None, at=at)
        part = parties.add_part(
            db, maker.id, "SET", "Set", control="lot", kind="device", by=None, at=at
        )
        lots = [parties.ensure_lot(db, part.id, f"L-{n}", by=None, at=at).id for n in (1, 2)]
        first = place(db, lots[0], at=at)
    question = {"door": "ship", "targets": ["L-1"]}

    signed_in(people.auditor).send(ADDRESS, json=question)
    with holdfast.database.read() as db:
        assert holds.connected(db) == []
        assert doors.tell_of_silence(db, at=now()) == 0  # no door is connected: nobody to miss

    signed_in(people.warehouse).send(ADDRESS, json=question)
    with holdfast.database.begin() as db:
        assert holds.connected(db) == ["ship"]
        assert holds.unacknowledged(db, door="ship", before=now()) == []
        assert [hold.id for hold in holds.unacknowledged(db, door="issue", before=now())] == [first]

        second = place(db, lots[1], at=at)
        assert [hold.id for hold in holds.unknown_to_all(db, before=at)] == [second]
        assert [doors.tell_of_silence(db, at=now()) for _ in range(2)] == [1, 0]


def place(db: Session, lot_id: int, *, at: datetime) -> int:
    return holds.place(
        db, stream="case:NC-2026-0001", case_number="NC-2026-0001", reason="crack", basis="test",
        target=HoldTarget.lot(lot_id), by=None, at=at,
    ).id  # fmt: skip
