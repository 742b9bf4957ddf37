"""The page of the interfaces: everything that passed, and who fails since when."""

import json
from collections.abc import Callable
from datetime import timedelta

from engine.clock import now
from engine.serials.errors import OnHold
from engine.serials.exchange import canary, denylist, runs, sources
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast
from webapp.queries.interfaces import health, log

Enter = Callable[..., Visitor]
BAIT = canary.Bait("P", "S", "W", unit_id=1, hold_id=7)
HELD = {"kind": "unit", "id": 1, "label": "S", "holds": [{"hold_id": 7, "case_number": "C-1"}]}
REFUSED = json.dumps({"type": OnHold.TYPE, "held": [HELD]})


def tried(holdfast: Holdfast, minutes: int, status: int | None) -> None:
    """Keep a try that the door refused (422), or that nobody answered."""
    with holdfast.database.begin() as db:
        at = now() - timedelta(minutes=minutes)
        canary.keep(db, BAIT, canary.Tried(status, REFUSED, 1), at=at)


def test_what_passed_is_one_list_the_newest_first(holdfast: Holdfast, people: People) -> None:
    tried(holdfast, 30, 422)
    denylist.make(holdfast.database, by=None, at=now() - timedelta(minutes=20))
    tried(holdfast, 10, None)
    with holdfast.database.read() as db:
        lines, page = log(db)
        assert [one.channel for one in lines] == ["canary", "deny_list", "canary"]
        assert [one.went_well for one in lines] == [False, True, True]
        assert page.total_count == 3
        assert [one.channel for one in log(db, channel="deny_list")[0]] == ["deny_list"]
        assert [one.about for one in log(db, failed=True)[0]] == ["failed"]
        assert len(log(db, system="HOLDFAST")[0]) == 3
        assert log(db, system="erp")[0] == []
        assert log(db, system="%")[0] == []


def test_it_says_since_when_a_system_fails(holdfast: Holdfast, people: People) -> None:
    for minutes, status in ((50, 422), (40, None), (30, 422), (20, None), (10, None)):
        tried(holdfast, minutes, status)
    with holdfast.database.read() as db:
        [one] = health(db, at=now())
    assert one.count == 5
    assert one.failing_since is not None
    assert one.good_at is not None
    assert timedelta(minutes=19) < now() - one.failing_since < timedelta(minutes=21)
    assert timedelta(minutes=29) < now() - one.good_at < timedelta(minutes=31)

    tried(holdfast, 5, 422)
    with holdfast.database.read() as db:
        assert health(db, at=now())[0].failing_since is None


def test_a_refused_call_of_the_interface_is_listed(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.client.post(
        "/api/v1/doors/Nobody/acknowledgements", json={"hold_ids": [1]},
        headers={"Authorization": "Bearer hf_nothing", "Idempotency-Key": "a-key-of-it"},
    )  # fmt: skip
    page = signed_in(people.qa_manager).get("/interfaces?channel=api&failed=yes").text
    assert "POST /api/v1/doors/Nobody/acknowledgements" in page


def test_differences_are_a_task_of_who_settles_them_until_they_are_settled(
    holdfast: Holdfast, people: People, signed_in: Enter
) -> None:
    columns = sources.usual_columns("erp", "stock")
    table = f"{';'.join(columns.values())}\nSET;Z-1;WH;1\nSET;Z-2;WH;1\n"
    with holdfast.database.begin() as db:
        source = sources.add_source(
            db, "ERP stock", system="erp", compares="stock", columns=columns,
            by=people.qa_manager, at=now(),
        )  # fmt: skip
        runs.ask(db, source, table.encode(), "stock.csv", by=None, at=now())
    holdfast.run_jobs()
    engineer, warehouse = signed_in(people.qa_engineer), signed_in(people.warehouse)
    title, there = "Settle 2 differences with ERP stock", "/interfaces/reconciliation/1"
    assert title in engineer.get("/").text
    assert title not in signed_in(people.auditor).get("/").text

    assert engineer.post(f"{there}/claim").status_code == 303
    assert "Yours: you claimed it" in engineer.get("/").text
    assert title not in warehouse.get("/").text
    assert f"Claimed by {people.qa_engineer.printed_name}" in warehouse.get("/?show=teams").text
    assert warehouse.post(f"{there}/claim").status_code == 422  # nothing is left to claim

    settled = {"do": "resolve", "resolution": "Booked in the ERP.", "difference": "1"}
    engineer.post(f"{there}/differences", settled)
    assert "Settle 1 difference with ERP stock" in engineer.get("/").text
    engineer.post(f"{there}/differences", {**settled, "difference": "2"})
    assert "with ERP stock" not in engineer.get("/").text
