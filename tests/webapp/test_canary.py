"""The hold canary: the real door is tried with a held unit, nothing is kept, a yes alerts."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from engine.clock import now
from engine.db import Base
from engine.errors import Invalid
from engine.evidence import ledger
from engine.outbox import Outgoing
from engine.serials import gate, ship
from engine.serials.errors import OnHold, UnitUnknown
from engine.serials.exchange import canary as watching, subscriptions
from engine.serials.exchange.addresses import WaysOut
from engine.serials.exchange.announce import EVENT_TYPES
from engine.serials.models import CanaryRun, Unit
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp import canary
from webapp.compose import Holdfast
from webapp.create_app import create_app

Enter = Callable[..., Visitor]
KEEPS = {"canary_run", "ledger_entry", "ledger_head", "outgoing"}


def rows(holdfast: Holdfast) -> dict[str, int]:
    with holdfast.database.read() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def mails(holdfast: Holdfast) -> list[str]:
    with holdfast.database.read() as db:
        return list(db.scalars(select(Outgoing.layout).order_by(Outgoing.id)))


def break_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the door as a careless change would: it asks the gate and goes on whatever it says."""

    def ignored(*args: Any, **more: Any) -> None:
        """Let everything pass."""

    monkeypatch.setattr(ship, "gate", type("Broken", (), {**vars(gate), "refuse_held": ignored}))


def test_the_real_door_refuses_and_its_exact_answer_is_evidence(
    holdfast: Holdfast, people: People
) -> None:
    run = canary.run(holdfast, at=now())

    assert (run.outcome, run.status) == ("refused", 422), run.answer
    assert "HOLDFAST-CANARY" in run.answer
    assert run.answer_sha256 == hashlib.sha256(run.answer.encode()).hexdigest()
    with holdfast.database.read() as db:
        [entry] = ledger.entries(db, "interfaces")
    assert entry.body["answer_sha256"] == run.answer_sha256
    assert mails(holdfast) == []


def test_nothing_of_a_try_is_anywhere_but_its_answer(holdfast: Holdfast, people: People) -> None:
    holdfast.database.info["ways_out"] = WaysOut(("erp.example",))
    with holdfast.database.begin() as db:
        subscriptions.subscribe(
            db, "ERP", "https://erp.example/", list(EVENT_TYPES), by=people.administrator, at=now()
        )
    before = rows(holdfast)
    canary.run(holdfast, at=now())
    after = rows(holdfast)

    changed = {name for name, count in after.items() if count != before[name]}
    assert changed == {"canary_run", "ledger_entry"}
    with holdfast.database.read() as db:
        for table in Base.metadata.sorted_tables:
            if table.name in KEEPS:
                continue
            dialect = db.get_bind().dialect
            words = [c.name for c in table.columns if "TEXT" in c.type.compile(dialect)]
            for word in words:
                found = db.scalar(
                    text(f'SELECT count(*) FROM "{table.name}" WHERE "{word}" LIKE :what'),
                    {"what": "%HOLDFAST-CANARY%"},
                )
                assert found == 0, f"{table.name}.{word}"


def test_a_broken_door_alerts_quality_and_nothing_has_left(
    holdfast: Holdfast, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_the_gate(monkeypatch)
    run = canary.run(holdfast, at=now())

    assert (run.outcome, run.status) == ("passed", 201), run.answer
    assert set(mails(holdfast)) == {"layouts/canary_passed"}
    with holdfast.database.read() as db:
        assert db.scalar(select(func.count()).select_from(Unit)) == 0


def test_a_door_that_is_out_of_order_is_no_refusal(holdfast: Holdfast, people: People) -> None:
    def broken(composed: Holdfast) -> Any:
        app = create_app(composed)
        app.view_functions.clear()
        return app

    assert canary.run(holdfast, at=now(), make_app=broken).outcome == "failed"

    def without_its_door(composed: Holdfast) -> Any:
        app = create_app(composed)
        app.before_request(lambda: ("out of order", 503))
        return app

    run = canary.run(holdfast, at=now(), make_app=without_its_door)
    assert (run.outcome, run.status, run.answer) == ("failed", 503, "out of order")


def held(unit_id: int = 1, serial: str = "S", hold_id: int = 7, kind: str = OnHold.TYPE) -> str:
    """Write a refusal as the door does."""
    one = {"kind": "unit", "id": unit_id, "label": serial, "holds": [{"hold_id": hold_id}]}
    return json.dumps({"type": kind, "status": 422, "title": "S is on hold.", "held": [one]})


BAIT = watching.Bait("P", "S", "W", unit_id=1, hold_id=7)
REFUSED = watching.Tried(422, held(), 1)


def test_only_this_hold_of_this_unit_is_a_refusal() -> None:
    assert watching.outcome_of(BAIT, REFUSED) == "refused"
    for status, said in (
        (404, held()),  # the status of something that is not known
        (422, held(kind="about:blank")),  # another reason that happens to name the unit
        (422, held(unit_id=2)),
        (422, held(serial="T")),
        (422, held(hold_id=8)),
        (422, "[]"),
        (422, "S is on hold."),
        (401, "Sign in."),
        (500, "{}"),
        (None, "TimeoutError: nobody answered"),
    ):
        assert watching.outcome_of(BAIT, watching.Tried(status, said, 1)) == "failed", said


def answering(status: int, body: Any) -> Callable[[Holdfast], Any]:
    """Break the door as a gateway before it would: it answers with something else."""

    def make(composed: Holdfast) -> Any:
        app = create_app(composed)
        app.before_request(lambda: (body, status))
        return app

    return make


def not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the door as a careless change would: it does not know what it is asked for."""

    def refused(*args: Any, **more: Any) -> None:
        raise UnitUnknown(unit=args[1] if len(args) > 1 else "")

    monkeypatch.setattr(ship, "gate", type("Broken", (), {**vars(gate), "refuse_held": refused}))


def test_a_door_that_cannot_be_tested_is_told_to_quality_once(
    holdfast: Holdfast, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now() - timedelta(hours=1)
    for minutes, (status, body) in enumerate(
        ((401, {"title": "No token."}), (500, {}), (422, {"title": "Not known."}), (504, ""))
    ):
        made = answering(status, body)
        run = canary.run(holdfast, at=at + timedelta(minutes=minutes), make_app=made)
        assert (run.outcome, run.status) == ("failed", status)
    first = mails(holdfast)
    with monkeypatch.context() as broken:
        not_known(broken)
        run = canary.run(holdfast, at=at + timedelta(minutes=10))
        assert (run.outcome, run.status) == ("failed", 404), run.answer
    assert set(first) == {"layouts/canary_untested"}
    assert mails(holdfast) == first

    assert canary.run(holdfast, at=at + timedelta(minutes=15)).outcome == "refused"
    canary.run(holdfast, at=at + timedelta(minutes=30), make_app=answering(503, ""))
    assert mails(holdfast) == 2 * first


def test_a_canary_that_was_not_refused_is_a_task_until_it_has_a_reason(
    holdfast: Holdfast, people: People, signed_in: Enter
) -> None:
    with holdfast.database.begin() as db:
        for minutes in (0, 15):
            watching.keep(
                db, None, watching.Tried(500, "{}", 1), at=now() - timedelta(minutes=minutes)
            )
        watching.keep(db, BAIT, watching.Tried(201, "{}", 1), at=now())
    manager, engineer = signed_in(people.qa_manager), signed_in(people.qa_engineer)
    untested, shipped = "why the gate could not be tested", "why a held unit could be shipped"
    page = manager.get("/").text
    assert untested in page
    assert "2 tries" in page
    assert page.index(shipped) < page.index(untested)
    assert untested not in engineer.get("/").text

    assert manager.post("/interfaces/canary/2/take").status_code == 303
    assert "Yours: you claimed it" in manager.get("/").text
    assert untested not in manager.get("/?show=unclaimed").text
    manager.post("/interfaces/canary/2/settle", {"reason": "The server was moved."})
    manager.post("/interfaces/canary/3/settle", {"reason": "A test of ours."})
    page = manager.get("/").text
    assert untested not in page
    assert shipped not in page


def test_a_canary_that_is_silent_alerts_once(holdfast: Holdfast, people: People) -> None:
    at = now()
    with holdfast.database.begin() as db:
        watching.keep(db, BAIT, REFUSED, at=at)
    for minutes, told in ((44, False), (46, True), (300, True)):
        with holdfast.database.begin() as db:
            watching.keep(
                db, None, watching.Tried(None, "OSError", 1), at=at + timedelta(minutes=minutes)
            )
            watching.watch(db, at=at + timedelta(minutes=minutes))
        assert ("layouts/canary_silent" in mails(holdfast)) is told
    assert set(mails(holdfast)) == {"layouts/canary_untested", "layouts/canary_silent"}
    with holdfast.database.read() as db:
        keys = list(db.scalars(select(Outgoing.key)))
    told = [(kind, who) for kind, _, who in (key.split(":") for key in keys)]
    assert len(told) == len(set(told))


def test_it_is_tried_every_quarter_of_an_hour(holdfast: Holdfast, people: People) -> None:
    at = now()
    with holdfast.database.begin() as db:
        assert watching.is_due(db, at=at)
        watching.keep(db, None, watching.Tried(None, "x", 1), at=at)
        assert not watching.is_due(db, at=at + timedelta(minutes=14))
        assert watching.is_due(db, at=at + timedelta(minutes=15))


def test_what_was_let_through_stays_open_until_quality_says_why(
    holdfast: Holdfast, people: People, signed_in: Enter
) -> None:
    with holdfast.database.begin() as db:
        run = watching.keep(db, BAIT, watching.Tried(201, "{}", 1), at=now())
    manager = signed_in(people.qa_manager)
    assert "Do not rely on holds" in manager.get("/interfaces/canary").text
    with pytest.raises(Invalid), holdfast.database.begin() as db:
        watching.settle(db, run.id, reason=" ", by=people.qa_manager, at=now())
    answer = manager.post(f"/interfaces/canary/{run.id}/settle", {"reason": "A test of ours."})
    assert answer.status_code == 303
    page = manager.get("/interfaces/canary").text
    assert "Do not rely on holds" not in page
    assert "A test of ours." in page


def test_a_person_may_try_it_now(holdfast: Holdfast, people: People, signed_in: Enter) -> None:
    manager = signed_in(people.qa_manager)
    manager.get("/interfaces/canary")
    assert manager.post("/interfaces/canary").status_code == 303
    with holdfast.database.read() as db:
        assert db.scalars(select(CanaryRun.outcome)).all() == ["refused"]


def test_what_is_tried_is_seen_by_nobody_else_meanwhile(holdfast: Holdfast, people: People) -> None:
    seen: list[int] = []

    def looking(composed: Holdfast) -> Any:
        app = create_app(composed)

        @app.before_request
        def look() -> None:
            with holdfast.database.read() as db:
                seen.append(db.scalar(select(func.count()).select_from(Unit)) or 0)

        return app

    assert canary.run(holdfast, at=now(), make_app=looking).outcome == "refused"
    assert seen == [0]
