"""Doors acknowledge holds at the interface; quality is told of one that does not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.cases import doors as telling
from engine.clock import now
from engine.errors import Invalid
from engine.outbox import Outgoing
from engine.people import tokens
from engine.serials import holds, parties
from engine.serials.exchange import doors
from engine.serials.targets import HoldTarget
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast

Enter = Callable[..., Visitor]


@pytest.fixture
def placed(holdfast: Holdfast, people: People) -> list[int]:
    """Register a door an hour ago; then place a hold before that and two after."""
    at, by = now(), people.qa_manager
    with holdfast.database.begin() as db:
        site = parties.add_party(db, "OWN", "Maker", kind="site", by=None, at=at)
        part = parties.add_part(
            db, site.id, "SET", "Set", control="lot", kind="device", by=None, at=at
        )
        doors.register(db, "WMS Jena", site_id=site.id, by=by, at=at - timedelta(hours=1))
        return [
            holds.place(
                db, stream="case:NC-2026-0001", case_number="NC-2026-0001", reason="cracked",
                basis="trace", by=None, at=at - timedelta(minutes=minutes),
                target=HoldTarget.lot(parties.ensure_lot(db, part.id, f"L-{n}", by=None, at=at).id),
            ).id
            for n, minutes in enumerate((90, 20, 16))
        ]  # fmt: skip


def told(holdfast: Holdfast) -> list[str]:
    with holdfast.database.begin() as db:
        telling.tell_of_silence(db, at=now())
        rows = db.scalars(select(Outgoing).order_by(Outgoing.id)).all()
        return [f"{one.layout} {one.body.get('doors')}" for one in rows]


def test_a_door_lists_and_acknowledges_what_it_does_not_know(
    holdfast: Holdfast, signed_in: Enter, people: People, placed: list[int]
) -> None:
    door = signed_in(people.warehouse)
    address = "/api/v1/doors/WMS Jena"
    seen = door.get(f"{address}/holds?limit=2").json
    assert [one["hold_id"] for one in seen["holds"]] == placed[:2]
    rest = door.get(f"{address}/holds?limit=2&cursor={seen['next']}").json
    assert [one["hold_id"] for one in rest["holds"]] == placed[2:]

    def acknowledge(ids: list[int], key: str) -> dict[str, int]:
        answer = door.client.post(
            f"{address}/acknowledgements", json={"hold_ids": ids},
            headers={"Idempotency-Key": key, "X-CSRFToken": door.token},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    assert acknowledge(placed[:2], "first-key") == {"acknowledged_count": 2}
    assert acknowledge(placed, "second-key") == {"acknowledged_count": 1}
    assert door.get(f"{address}/holds").json == {"holds": [], "next": None}
    with holdfast.database.read() as db:
        assert set(holds.known_at(db, placed)) == set(placed)


def test_quality_is_told_once_of_each_hold_a_door_left_unacknowledged(
    holdfast: Holdfast, people: People, placed: list[int]
) -> None:
    with holdfast.database.begin() as db:
        doors.acknowledge(db, "WMS Jena", placed[1:2], at=now())
    mails = told(holdfast)
    assert mails
    # the first stood before the door was registered: it is on the door's list, and no mail
    assert set(mails) == {"layouts/hold_not_acknowledged_by WMS Jena"}
    with holdfast.database.read() as db:
        keys = set(db.scalars(select(Outgoing.key)))
    assert {key.split(":")[1] for key in keys} == {str(placed[2])}
    assert told(holdfast) == mails


def test_nothing_is_expected_of_a_door_that_is_retired(
    holdfast: Holdfast, people: People, placed: list[int]
) -> None:
    with holdfast.database.begin() as db:
        assert holds.expected(db) == ["WMS Jena"]
        doors.acknowledge(db, "WMS Jena", placed[:1], at=now())
        door = doors.door_named(db, "WMS Jena")
        doors.retire(db, door.id, by=people.qa_manager, at=now())
        assert holds.expected(db) == []
        with pytest.raises(doors.DoorUnknown):
            doors.acknowledge(db, "WMS Jena", placed, at=now())
    assert told(holdfast) == []


def test_a_door_that_nobody_registered_or_a_hold_that_is_not_there_is_told_so(
    signed_in: Enter, people: People, placed: list[int]
) -> None:
    door = signed_in(people.warehouse)
    assert door.get("/api/v1/doors/Nobody/holds").status_code == 404
    answer = door.client.post(
        "/api/v1/doors/WMS Jena/acknowledgements", json={"hold_ids": [placed[0], 999]},
        headers={"Idempotency-Key": "a-new-key", "X-CSRFToken": door.token},
    )  # fmt: skip
    assert answer.status_code == 404
    assert "999" in answer.json["title"]


def test_a_token_of_the_gate_lets_a_door_acknowledge(
    holdfast: Holdfast, visitor: Visitor, people: People, placed: list[int]
) -> None:
    with holdfast.database.begin() as db:
        made = tokens.make_token(
            db, people.warehouse.id, name="Jena", scopes=["gate.check"], by=people.warehouse,
            expires_at=now() + timedelta(days=9), at=now(),
        )  # fmt: skip
    head = {"Authorization": f"Bearer {made.token}", "Idempotency-Key": "a-new-key"}
    answer = visitor.client.post(
        "/api/v1/doors/WMS Jena/acknowledgements", json={"hold_ids": placed}, headers=head
    )
    assert answer.json == {"acknowledged_count": 3}
    assert visitor.client.get("/api/v1/doors/WMS Jena/holds", headers=head).status_code == 403


def test_a_door_has_a_name_of_its_own_and_a_site(
    holdfast: Holdfast, people: People, placed: list[int]
) -> None:
    with pytest.raises(Invalid) as wrong, holdfast.database.begin() as db:
        doors.register(db, "WMS Jena", site_id=0, by=people.qa_manager, at=now())
    assert [problem.at for problem in wrong.value.problems] == ["name", "site"]
    with pytest.raises(Invalid), holdfast.database.begin() as db:
        doors.register(db, "ship", site_id=1, by=people.qa_manager, at=now())
