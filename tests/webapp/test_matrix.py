"""Route by role by state, held to the matrix that was written by hand; and what opens no door."""

import re
import tomllib
from collections import defaultdict, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import make_url
from werkzeug.test import TestResponse

from engine import clock
from engine.people import PersonAccount, accounts
from engine.people.roles import roles
from tests.conftest import FreshPostgres
from tests.support.postgres import Server
from tests.webapp.world import PostgresCopy, World, make_world

SHEET = tomllib.loads((Path(__file__).parent / "matrix.toml").read_text("utf-8"))
GROUPS: dict[str, list[str]] = SHEET.pop("groups")
STATUS = {
    "shown": 200, "made": 201, "led_on": 302, "done": 303, "refused": 403, "missing": 404,
    "conflict": 409, "gone": 410, "problems": 422,
}  # fmt: skip
NOT_STATES = {"nobody", "sends", "sends_json"}
OPEN_TO_NEW_PASSWORD = ("/profile", "/sign", "/stay", "/language", "/theme", "/keyboard", "/static")

every_route = pytest.mark.parametrize("route", SHEET)
every_write = pytest.mark.parametrize("route", [r for r in SHEET if r.startswith("POST")])
every_read = pytest.mark.parametrize("route", [r for r in SHEET if r.startswith("GET")])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("world"))
    yield made
    made.company.holdfast.database.close()
    made.copy.forget()


@pytest.fixture(autouse=True)
def _as_it_was(world: World) -> Iterator[None]:
    yield
    world.put_back()


# --- the sheet -------------------------------------------------------------------------------


def test_every_route_is_in_the_matrix_and_nothing_else(world: World) -> None:
    there = {
        f"{method} {rule.rule}"
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == set(SHEET), "write the route down in tests/webapp/matrix.toml, by hand"


def test_every_role_is_in_the_matrix() -> None:
    assert {*GROUPS["staff"], *GROUPS["auditor"]} == set(roles())


def expected(route: str, state: str) -> dict[str, str]:
    """Return the outcome for every role in a state of a route, as it is written."""
    found: dict[str, str] = {}
    rest = None
    rows = sorted(SHEET[route][state].items(), key=lambda row: "staff" in row[1])
    for outcome, names in rows:
        for name in names:
            if name == "others":
                rest = outcome
                continue
            for role in GROUPS.get(name, [name]):
                assert role in roles(), f"{route}: nobody is a {role}"
                assert found.setdefault(role, outcome) == outcome, f"{route}, {state}: {role} twice"
    for role in roles():
        assert role in found or rest, f"{route}, {state}: what does {role} get?"
        found.setdefault(role, str(rest))
    return found


def states(route: str) -> list[str]:
    return [name for name in SHEET[route] if name not in NOT_STATES]


def filled(route: str, parts: dict[str, Any]) -> str:
    address = route.split()[1]
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(parts[found[1]]), address)


def sent(world: World, route: str, state: str, role: str, **more: Any) -> TestResponse:
    parts = {**world.parts(state, role), "role": role}
    row = SHEET[route]
    form = {name: text.format(**parts) for name, text in row.get("sends", {}).items()}
    method = route.split(maxsplit=1)[0]
    address = filled(route, parts)
    return world.ask(
        method, address, more.pop("as_role", role), data=form, json=row.get("sends_json"), **more
    )


# --- route by role by state ------------------------------------------------------------------


def asking(route: str, state: str, most: int) -> list[tuple[str, str]]:
    """Return roles with their outcomes: everyone who is refused, of the others at most so many.

    Who comes first differs from route to route, so that each role has its turn.
    """
    outcomes = expected(route, state)
    order = sorted(outcomes, key=lambda role: crc32(f"{route} {state} {role}".encode()))
    let_in: dict[str, list[str]] = defaultdict(list)
    for role in order:
        let_in[outcomes[role]].append(role)
    return [
        (role, outcome)
        for outcome, those in let_in.items()
        for role in (those if outcome == "refused" else those[:most])
    ]


@pytest.mark.parametrize("most", [3, pytest.param(99, marks=pytest.mark.stress)])
@every_route
def test_each_role_gets_what_the_matrix_says(world: World, route: str, most: int) -> None:
    wrong = []
    for state in states(route):
        for role, outcome in asking(route, state, most):
            answer = sent(world, route, state, role)
            if answer.status_code != STATUS[outcome] or _to_sign_in(answer):
                wrong.append(f"{state}, {role}: {answer.status_code}, not {outcome}")
            if not route.startswith("GET") and answer.status_code < 400:
                world.put_back()
    assert not wrong, "\n".join([route, *wrong])


def _to_sign_in(answer: TestResponse) -> bool:
    return answer.location is not None and answer.location.startswith("/sign-in?")


@every_route
def test_nobody_gets_in_without_signing_in(world: World, route: str) -> None:
    for state in states(route):
        answer = sent(world, route, state, "qa_engineer", as_role=None)
        _is_shut_out(route, answer)


def _is_shut_out(route: str, answer: TestResponse) -> None:
    if SHEET[route]["nobody"] == "signs_in":
        assert answer.status_code == 303
        assert _to_sign_in(answer)
    elif SHEET[route]["nobody"] == "told_401":
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
    else:
        assert answer.status_code in (200, 303, 404)


# --- and on PostgreSQL -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres_world(
    postgres_server: Server,
    fresh_postgres: FreshPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    with fresh_postgres("peopled", again=False) as url:
        name = str(make_url(url).database)
        folder = tmp_path_factory.mktemp("postgres_world")
        made = make_world(folder, server=postgres_server, name=name)
        assert isinstance(made.copy, PostgresCopy)
        yield made
        made.company.holdfast.database.close()
        made.copy.forget()


def turns() -> list[tuple[str, str, str, str]]:
    """Return every outcome of every state of every route once, the roles taking turns.

    The whole matrix on PostgreSQL would cost the gate more than a minute: which role gets what is
    decided before the database is asked, and SQLite has been asked by every role.
    """
    order, chosen = deque(sorted(roles())), []
    for route in SHEET:
        for state in states(route):
            outcomes = expected(route, state)
            for outcome in sorted(set(outcomes.values())):
                role = next(role for role in order if outcomes[role] == outcome)
                order.remove(role)
                order.append(role)  # whoever has waited longest is next
                chosen.append((route, state, role, outcome))
    return chosen


def test_every_role_has_its_turn() -> None:
    assert {role for _, _, role, _ in turns()} == set(roles())


def test_on_postgresql_everyone_gets_what_the_matrix_says(postgres_world: World) -> None:
    wrong = []
    for route, state, role, outcome in turns():
        answer = sent(postgres_world, route, state, role)
        if answer.status_code != STATUS[outcome] or _to_sign_in(answer):
            wrong.append(f"{route}, {state}, {role}: {answer.status_code}, not {outcome}")
        if not route.startswith("GET") and answer.status_code < 400:
            postgres_world.put_back()
    assert not wrong, "\n".join(wrong)


# --- what opens no door ----------------------------------------------------------------------


@every_write
def test_a_write_without_its_token_or_from_elsewhere_changes_nothing(
    world: World, route: str
) -> None:
    before = world.fingerprint()
    role = "administrator" if "people" in route else "qa_engineer"
    state = states(route)[0]
    assert sent(world, route, state, role, forms=False).status_code == 400
    for header in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert sent(world, route, state, role, headers=header).status_code == 403, header
    assert world.fingerprint() == before


@every_read
def test_a_read_changes_nothing(world: World, route: str) -> None:
    before = world.fingerprint()
    for state in states(route):
        for role in ("qa_engineer", "qa_manager", "administrator", "auditor"):
            sent(world, route, state, role)
    assert world.fingerprint() == before


def test_an_ended_session_opens_nothing(world: World) -> None:
    with world.company.holdfast.database.begin() as db:
        people = world.company.people
        accounts.disable(
            db, people.qa_manager.id, reason="Left.", by=people.administrator, at=world.at
        )
    for route in SHEET:
        _is_shut_out(route, sent(world, route, states(route)[0], "qa_manager"))


def test_a_session_that_was_signed_out_opens_nothing(world: World) -> None:
    cookie = world.cookies["qa_engineer"]
    assert world.ask("POST", "/sign-out", "qa_engineer").status_code == 303
    assert world.cookies["qa_engineer"] == cookie  # a thief kept it
    for route in SHEET:
        answer = sent(world, route, states(route)[0], "qa_engineer")
        _is_shut_out(route, answer)


def test_who_was_given_a_password_reaches_only_their_own_account(world: World) -> None:
    _give_password(world)
    for route in SHEET:
        answer = sent(world, route, states(route)[0], "qa_engineer")
        if route.split()[1].startswith(OPEN_TO_NEW_PASSWORD):
            assert answer.status_code < 500, route
            assert answer.location != "/profile/password", route
            world.put_back()
            _give_password(world)
        else:
            assert (answer.status_code, answer.location) == (303, "/profile/password"), route


def _give_password(world: World) -> None:
    """Mark the engineer's password as given by somebody else, their session still open."""
    with world.company.holdfast.database.begin() as db:
        account = db.get_one(PersonAccount, world.company.people.qa_engineer.id)
        account.password_set_by_id = world.company.people.administrator.id


def test_the_interface_takes_json_and_says_so(world: World) -> None:
    address = "/api/v1/gate/check"
    for headers, data in (
        ({"Content-Type": "text/plain"}, b'{"door": "ship", "targets": ["S-0001"]}'),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"door=ship&targets=S-0001"),
        ({}, b'{"door": "ship", "targets": ["S-0001"]}'),
    ):
        with clock.at(world.at):
            answer = world.app.test_client(use_cookies=False).post(
                address,
                data=data,
                headers={
                    "Cookie": world.cookies["warehouse"],
                    "X-CSRFToken": world.tokens["warehouse"],
                    **headers,
                },
            )
        assert answer.status_code in (415, 422), headers
        assert answer.mimetype == "application/problem+json"
