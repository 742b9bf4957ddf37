"""Readiness: each figure opens its rows; a night that did not hold is a task until settled."""

import re
from collections.abc import Callable

from sqlalchemy import update

from engine.clock import now
from engine.serials.models import TraceNight, UnitRoot
from engine.serials.night import running
from tests.engine.serials.conftest import Shop
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast
from webapp.night_line import night_now

Enter = Callable[..., Visitor]


def wrong_store(holdfast: Holdfast, people: People) -> None:
    with holdfast.database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": now()})
        shop.build(shop.pump, "P-1", inputs=[shop.lot(shop.resin, "R-1", 5)])
        db.execute(update(UnitRoot).values(seg_id=None))


def test_a_night_that_differs_is_a_task_until_it_has_a_reason(
    holdfast: Holdfast, people: People, signed_in: Enter
) -> None:
    wrong_store(holdfast, people)
    said: list[str] = []
    assert night_now(holdfast, 20, say=said.append, progress=said.append) == 1
    assert any(line.startswith("trace success rate: ") for line in said)
    assert any("'kind': 'only_in_events'" in line for line in said)

    manager, task = signed_in(people.qa_manager), "why a trace is not what the events say"
    assert task in manager.get("/").text
    assert task not in signed_in(people.qa_engineer).get("/").text
    assert manager.post("/readiness/1/take").status_code == 303
    assert "Yours: you claimed it" in manager.get("/").text
    assert manager.post("/readiness/1/settle", {"reason": " "}).status_code == 422
    assert manager.post("/readiness/1/settle", {"reason": "A test."}).status_code == 303
    assert task not in manager.get("/").text


def test_each_figure_opens_its_rows(holdfast: Holdfast, people: People, signed_in: Enter) -> None:
    wrong_store(holdfast, people)
    reader = signed_in(people.qa_engineer)
    assert "No drill yet" in reader.get("/readiness").text
    signed_in(people.qa_manager).post("/readiness")
    with holdfast.database.begin() as db:
        running.ask(db, "again", at=now())
    holdfast.run_jobs()

    page = reader.get("/readiness").text
    links = set(re.findall(r'href="(/readiness/[^"]+)"', page))
    assert {"/readiness/consignees", "/readiness/1?which=differs"} <= links
    for link in links:
        assert reader.get(link).status_code == 200
    differing = reader.get("/readiness/1?which=differs").text
    assert "only in the events" in differing
    with holdfast.database.read() as db:
        assert db.get_one(TraceNight, 1).seed in differing
