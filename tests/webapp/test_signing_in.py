"""Sessions, tokens and headers."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from engine.outbox import Outgoing
from tests.support.personas import PASSWORD, People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast

Enter = Callable[..., Visitor]


def test_a_wrong_password_says_the_same_as_an_unknown_name(
    visitor: Visitor, people: People
) -> None:
    wrong = visitor.sign_in(people.qa_engineer, "not the password at all")
    visitor.get("/sign-in")
    unknown = visitor.post("/sign-in", {"user_name": "nobody.here", "password": "x" * 20})
    assert wrong.status_code == unknown.status_code == 422
    sentence = "The user name or the password is wrong."
    assert sentence in wrong.text
    assert sentence in unknown.text


def test_signing_in_leads_back_but_never_to_another_site(visitor: Visitor, people: People) -> None:
    for back, leads_to in (
        ("/holds?sort=newest", "/holds?sort=newest"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
    ):
        visitor.get("/sign-in")
        data = {"user_name": people.qa_manager.user_name, "password": "seven quiet herons at dawn"}
        assert visitor.post("/sign-in", {**data, "back": back}).location == leads_to
        visitor.get("/keyboard")
        visitor.post("/sign-out")


def test_a_session_that_was_ended_elsewhere_opens_nothing(signed_in: Enter, people: People) -> None:
    here, there = signed_in(people.qa_engineer), signed_in(people.qa_engineer)
    assert there.get("/").status_code == 200
    page = here.get("/profile/sessions").text
    other = page.split("/profile/sessions/")[1].split("/end")[0]
    assert here.post(f"/profile/sessions/{other}/end").status_code == 303
    assert there.get("/").status_code == 303
    assert here.get("/").status_code == 200


def test_the_cookie_is_not_for_scripts_nor_other_sites(visitor: Visitor, people: People) -> None:
    cookie = next(
        value
        for name, value in visitor.sign_in(people.qa_engineer).headers
        if name == "Set-Cookie" and value.startswith("holdfast=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_form_without_its_token_is_refused(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    visitor.token = "forged"
    assert visitor.post("/sign-out").status_code == 400
    assert visitor.get("/").status_code == 200


def test_a_form_sent_from_another_site_is_refused(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert visitor.post("/sign-out", headers=header).status_code == 403
    assert visitor.get("/").status_code == 200


def test_every_answer_carries_the_policy(visitor: Visitor) -> None:
    for address in ("/sign-in", "/nowhere", "/static/x/js/app.js"):
        headers = visitor.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_language_and_theme_are_chosen_by_anyone(visitor: Visitor) -> None:
    visitor.get("/sign-in")
    visitor.post("/language", {"language": "zh", "back": "/sign-in"})
    visitor.post("/theme", {"theme": "dark", "back": "/sign-in"})
    page = visitor.get("/sign-in").text
    assert 'lang="zh-Hans" data-theme="dark"' in page
    assert "登录 Holdfast" in page


def test_an_unexpected_error_shows_a_number_and_nothing_else(
    app: Flask, signed_in: Enter, people: People
) -> None:
    def fails() -> None:
        message = "a secret detail"
        raise RuntimeError(message)

    fails.allowed_action = "public"  # type: ignore[attr-defined]  # a mark of our own on it
    app.view_functions["settings.keyboard"] = fails
    answer = app.test_client().get("/keyboard")
    assert answer.status_code == 500
    assert "I-" in answer.text
    assert "secret" not in answer.text


def test_the_password_cannot_be_found_out_at_an_open_session(
    signed_in: Enter, people: People, holdfast: Holdfast
) -> None:
    visitor = signed_in(people.qa_engineer)
    new = {"new": "nine loud herons at noon", "again": "nine loud herons at noon"}
    for _ in range(3):
        answer = visitor.post("/profile/password", {"current": "not it", **new})
        assert answer.status_code == 422
        assert "Your present password is wrong." in answer.text
    answer = visitor.post("/profile/password", {"current": PASSWORD, **new})
    assert answer.status_code == 429
    assert "There were too many tries." in answer.text
    with holdfast.database.read() as db:
        wanted = Outgoing.layout == "layouts/password_guessed"
        told = set(db.scalars(select(Outgoing.receiver).where(wanted)))
    managers = (people.qa_manager, people.second_qa_manager, people.management_representative)
    assert told == {f"{one.user_name}@holdfast.example" for one in managers}
