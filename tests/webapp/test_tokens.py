"""Tokens of the interface: shown once, narrowed by scopes, ended by time or hand."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine import clock
from engine.clock import now
from engine.evidence import ledger
from engine.people import Person, accounts, grants, people_with_role, service_accounts, tokens
from engine.people.queries import may_sign
from engine.people.scopes import scope_for, scopes
from engine.people.systems import SystemsDoNotDecide
from engine.people.token_models import ApiToken, InterfaceCall
from engine.people.tokens import Made
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.api.describing import METHODS, description
from webapp.compose import Holdfast

GATE = "/api/v1/gate/check"
QUESTION = {"door": "ship", "targets": ["X-1"]}
Enter = Callable[[Person], Visitor]


def make(holdfast: Holdfast, person: Person, *granted: str, days: int = 30) -> Made:
    with holdfast.database.begin() as db:
        return tokens.make_token(
            db, person.id, name="Night run", scopes=granted or ("gate.check",),
            expires_at=now() + timedelta(days=days), by=person, at=now(),
        )  # fmt: skip


def ask(client: FlaskClient, token: str, **more: object) -> TestResponse:
    return client.post(GATE, json=QUESTION, headers={"Authorization": f"Bearer {token}"}, **more)


def open_erp(holdfast: Holdfast, people: People) -> int:
    with holdfast.database.begin() as db:
        return service_accounts.open_service_account(
            db, "erp", "ERP", purpose="Orders.", responsible_id=people.warehouse.id,
            by=people.administrator, at=now(),
        ).person_id  # fmt: skip


def test_a_token_asks_for_whom_it_is_of(app: Flask, holdfast: Holdfast, people: People) -> None:
    token = make(holdfast, people.warehouse).token
    answer = ask(app.test_client(), token)
    assert answer.status_code == 200
    with holdfast.database.read() as db:
        row = db.scalars(select(ApiToken)).one()
        assert row.last_used_at is not None
        assert token not in {str(getattr(row, c.key)) for c in ApiToken.__table__.columns}
        assert token.startswith(row.prefix)


def test_a_token_without_the_scope_is_told_which_one_it_lacks(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    answer = ask(app.test_client(), make(holdfast, people.warehouse, "units.read").token)
    assert answer.status_code == 403
    assert answer.json["scope"] == "gate.check"
    assert "gate.check" in answer.json["title"]


def test_a_scope_gives_nothing_that_the_roles_do_not(holdfast: Holdfast, people: People) -> None:
    with holdfast.database.read() as db:
        bearer = tokens.bearer_of(db, make(holdfast, people.auditor, *scopes()).token, at=now())
    assert bearer is not None
    assert bearer.person.roles == {"auditor"}
    assert scope_for("people.manage") is None  # no token manages people


@pytest.mark.parametrize("how", ["expired", "revoked", "disabled", "given_password", "made_up"])
def test_a_token_that_does_not_count_opens_nothing(
    app: Flask, holdfast: Holdfast, people: People, how: str
) -> None:
    made, at = make(holdfast, people.warehouse), now()
    token = made.token
    with holdfast.database.begin() as db:
        if how == "revoked":
            tokens.revoke_token(db, made.row.id, by=people.warehouse, at=at)
        if how == "disabled":
            accounts.disable(
                db, people.warehouse.id, reason="Left.", by=people.administrator, at=at
            )
        if how == "given_password":
            accounts.set_password(
                db, people.warehouse.id, "a slip of paper to tear up", by=people.administrator,
                at=at,
            )  # fmt: skip
    if how == "made_up":
        token = "hf_" + "a" * 43
    with clock.at(at + timedelta(days=31 if how == "expired" else 0)):
        answer = ask(app.test_client(), token)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_wrong_tokens_of_one_address_must_wait_and_right_ones_need_not(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    right, client = make(holdfast, people.warehouse).token, app.test_client()
    told = {ask(client, f"hf_{n}").status_code for n in range(30)}
    assert told == {401, 429}
    waiting = ask(client, "hf_again")
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) > 0
    assert ask(client, right).status_code == 200


def test_a_cookie_writes_only_with_the_token_of_a_page(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    assert visitor.client.post(GATE, json=QUESTION).status_code == 400
    assert visitor.send(GATE, json=QUESTION).status_code == 200


def test_a_token_counts_alone_although_a_cookie_comes_along(
    signed_in: Enter, people: People, holdfast: Holdfast
) -> None:
    client = signed_in(people.warehouse).client
    assert ask(client, make(holdfast, people.warehouse, "units.read").token).status_code == 403
    assert ask(client, "hf_wrong").status_code == 401


def test_a_token_opens_no_page(app: Flask, holdfast: Holdfast, people: People) -> None:
    token = make(holdfast, people.warehouse, *scopes()).token
    answer = app.test_client().get("/profile", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 303
    assert "/sign-in" in answer.location


def test_a_refused_request_is_in_the_log_without_its_secrets(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    made = make(holdfast, people.warehouse, "units.read")
    ask(app.test_client(), made.token)
    with holdfast.database.read() as db:
        row = db.scalars(select(InterfaceCall)).one()
    assert (row.token_id, row.person_id) == (made.row.id, people.warehouse.id)
    assert (row.method, row.path, row.status) == ("POST", GATE, 403)
    assert row.body_sha256 is not None
    assert "gate.check" in row.said
    assert not any(made.token in str(value) for value in vars(row).values())


# --- systems ---------------------------------------------------------------------------------


def test_a_system_has_no_password_signs_nothing_and_takes_no_task(
    holdfast: Holdfast, people: People
) -> None:
    erp, at = open_erp(holdfast, people), now()
    with holdfast.database.begin() as db:
        grants.grant_role(db, erp, "warehouse", by=people.administrator, at=at)
        assert erp not in {one.id for one in people_with_role(db, "warehouse", at=at)}
        assert not may_sign(db, erp, at=at)
        with pytest.raises(SystemsDoNotDecide):
            grants.grant_role(db, erp, "qa_manager", by=people.administrator, at=at)
        with pytest.raises(SystemsDoNotDecide):
            grants.grant_role(db, erp, "administrator", by=people.administrator, at=at)
        with pytest.raises(SystemsDoNotDecide):
            accounts.verify_identity(db, erp, evidence="passport", by=people.administrator, at=at)
        with pytest.raises(SystemsDoNotDecide):
            accounts.set_password(
                db, erp, "a slip of paper to tear up", by=people.administrator, at=at
            )


def test_the_administrator_lets_a_system_in_and_the_token_is_shown_once(
    app: Flask, holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.administrator)
    visitor.get("/service-accounts/new")
    opened = visitor.post(
        "/service-accounts/new",
        {"user_name": "wms", "printed_name": "WMS", "purpose": "Stock",
         "responsible": people.warehouse.id},
    )  # fmt: skip
    assert opened.status_code == 303
    page = opened.location
    assert visitor.post(f"{page}/roles", {"role": "warehouse"}).status_code == 303
    ending = (now() + timedelta(days=9)).date().isoformat()
    form = {"name": "Gate", "scopes": ["gate.check"], "expires_on": ending}
    made = visitor.post(f"{page}/tokens", {**form, "request_key": "key-of-the-token"})
    token = re.search(r"data-token>(hf_[\w-]{43})<", made.text)[1]  # type: ignore[index]  # a page without it fails here
    assert ask(app.test_client(), token).status_code == 200

    again = visitor.post(f"{page}/tokens", {**form, "request_key": "key-of-the-token"})
    assert (again.status_code, again.location) == (303, page)
    shown = visitor.get(page).text
    assert token not in shown
    assert token[:9] in shown
    with holdfast.database.read() as db:
        assert db.scalars(select(ApiToken)).all().__len__() == 1
        told = [entry.action for entry in ledger.entries(db, "people")]
    assert {"service_account_opened", "role_granted", "token_made"} <= set(told)


def test_nobody_makes_a_token_in_anothers_name(holdfast: Holdfast, people: People) -> None:
    with holdfast.database.begin() as db, pytest.raises(accounts.NotAllowed):
        tokens.make_token(
            db, people.warehouse.id, name="Mine", scopes=["units.read"],
            expires_at=now() + timedelta(days=1), by=people.administrator, at=now(),
        )  # fmt: skip


def test_everything_wrong_with_a_token_is_said_at_once(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/tokens")
    answer = visitor.post("/tokens", {"name": "", "expires_on": "2199-01-01"})
    assert answer.status_code == 422
    for field in ("name", "scopes", "expires_on"):
        assert f'href="#field-{field}"' in answer.text


def test_every_part_of_the_interface_has_a_scope(app: Flask) -> None:
    asked = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and not rule.rule.endswith("openapi.json"):
            view = app.view_functions[rule.endpoint]
            methods = getattr(view, "view_class", None)
            guarded = [getattr(methods, m.lower()) for m in methods.methods] if methods else [view]
            asked |= {one.allowed_action for one in guarded}
    without = {action for action in asked if scope_for(action) is None}
    assert not without, f"name these in engine/people/scopes.toml: {without}"


def everything_asked(app: Flask) -> list[tuple[str, str, str]]:
    """Return (method, address, scope) of every operation of the interface."""
    with app.test_request_context():
        spec = description()
    return [
        (
            method,
            re.sub(r"{\w+}", "1", address.replace("{uuid}", str(UUID(int=1)))),
            operation["security"][0]["token"][0],
        )
        for address, operations in spec["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]


def asked(app: Flask, method: str, address: str, token: str | None) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None if method == "get" else {}
    client = app.test_client(use_cookies=False)
    return client.open(address, method=method.upper(), headers=headers, json=body)


def test_every_address_refuses_no_token_and_a_token_without_its_scope(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    narrow = {
        scope: make(holdfast, people.qa_engineer, *(set(scopes()) - {scope})).token
        for scope in scopes()
    }
    for method, address, scope in everything_asked(app):
        assert asked(app, method, address, None).status_code == 401, (method, address)
        refused = asked(app, method, address, narrow[scope])
        assert (refused.status_code, refused.json["scope"]) == (403, scope), (method, address)


def test_an_auditor_writes_nothing_with_all_scopes(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    token = make(holdfast, people.auditor, *scopes()).token
    for method, address, _ in everything_asked(app):
        if method != "get" and address not in QUESTIONS:
            assert asked(app, method, address, token).status_code == 403, (method, address)


QUESTIONS = {GATE}  # asks and records nothing
