"""One command, one permission: the page and the interface ask the same action of whoever comes."""

from typing import Any

import pytest
from flask import Flask

from engine.people.permissions import permissions
from engine.people.scopes import scope_for
from tests.support.personas import People
from tests.webapp.interface import caller
from webapp.api.describing import description
from webapp.api.recording import RECORDABLE
from webapp.compose import Holdfast
from webapp.views.scan import ACTS

# the page that carries out the same command
PAGES = {
    "ordered": "record.save_order",
    "received": "record.save_receipt",
    "inspected": "record.save_inspection",
    "tested": "record.save_test",
    "found_nonconforming": "record.save_inspection",  # the goods that failed
    "certified": "record.save_certificate",
    "kitted": "record.save_kitting",
    "installed": "record.save_fit",
    "removed": "record.save_fit",
    "lot_split": "record.save_split",
    "lot_merged": "record.save_merge",
    "relabelled": "record.save_relabelling",
    "packed": "record.save_packing",
    "unpacked": "record.save_packing",
    "shipped": "record.save_shipment",
    "shipment_reported": "record.save_shipment",
    "delivered": "record.save_arrival",
    "installed_at_site": "record.save_use",
    "returned": "record.save_return",
    "serviced": "service.save",
}
BATCHES = {"moved": "move", "received": "receive", "returned": "return"}  # of the scanning page
# on pages these are steps of a case or of a comparison; who tells of one outside them, by hand
WITHOUT_PAGE = {
    "built": {"production"},
    "input_added": {"production"},
    "reworked": {"production", "qa_technician", "qa_engineer", "qa_manager"},
    "released": {"inspector", "qa_technician", "qa_engineer", "qa_manager"},
    "scrapped": {"qa_engineer", "qa_manager"},
    "destroyed": {"qa_engineer", "qa_manager"},
    "not_found": {"warehouse", "qa_engineer", "qa_manager"},
    "stock_adjusted": {"warehouse", "qa_engineer", "qa_manager"},
}


def _asked_by(app: Flask, endpoint: str) -> str:
    return str(vars(app.view_functions[endpoint])["allowed_action"])


@pytest.mark.parametrize("code", sorted(RECORDABLE))
def test_an_event_asks_the_permission_of_its_page(app: Flask, code: str) -> None:
    action = _asked_by(app, f"api-events.record_{code}")
    assert action == RECORDABLE[code].action
    asked = [_asked_by(app, PAGES[code])] if code in PAGES else []
    asked += [ACTS[BATCHES[code]][1]] if code in BATCHES else []
    assert set(asked) <= {action}
    assert asked or permissions()[action] == WITHOUT_PAGE[code]


@pytest.mark.parametrize("way", ["withdraw", "put_right"])
def test_who_corrects_on_the_page_corrects_through_the_interface_and_nobody_else(
    app: Flask, way: str
) -> None:
    assert _asked_by(app, f"api-events.{way}") == _asked_by(app, "events.save")


def test_whoever_may_record_something_may_send_many_and_nobody_else() -> None:
    some = {role for kind in RECORDABLE.values() for role in permissions()[kind.action]}
    assert permissions()["record.open"] == some


def test_everything_recorded_is_within_one_scope() -> None:
    actions = {kind.action for kind in RECORDABLE.values()} | {"record.open", "event.correct"}
    assert {scope_for(action) for action in actions} == {"events.write"}


def test_the_description_names_the_action_and_the_roles_of_everything_asked(app: Flask) -> None:
    with app.test_request_context():
        paths = description()["paths"]
    for code, kind in RECORDABLE.items():
        said = paths[f"/api/v1/events/{code}"]["post"]
        assert said["x-action"] == kind.action
        assert set(said["x-roles"]) == permissions()[kind.action]


def test_many_at_once_ask_the_permission_of_each(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    hand = caller(app, holdfast, people.warehouse)
    gone = {"units": [{"serial": "NO-SUCH"}]}
    sent = [{"type": code, **gone} for code in ("scrapped", "destroyed", "not_found")]
    answer: Any = hand.post("/events", {"events": sent}).json
    assert [one["pointer"] for one in answer["problems"]] == [
        "/events/0", "/events/1", "/events/2/units/0",
    ]  # fmt: skip
