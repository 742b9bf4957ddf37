"""What holds for every route, page and template."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine.bpmn.errors import DoneByTheSamePerson
from engine.db import Base
from engine.errors import BusyWith, EngineError
from engine.people.permissions import permissions
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast
from webapp.permissions import PUBLIC, SIGNED_IN
from webapp.sentences import in_words

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "webapp" / "templates").rglob("*.html"))
# the last use of a session is noted at most once a minute
QUIET = {"web_session", "sign_in_attempt"}


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    silent = [
        f'{rule.endpoint}: put @allow("…") under its route'
        for rule in app.url_map.iter_rules()
        if not hasattr(_view(app, rule.endpoint), "allowed_action")
    ]
    assert not silent, "\n".join(silent)


def _view(app: Flask, endpoint: str) -> object:
    view = app.view_functions[endpoint]
    methods = getattr(view, "view_class", None)
    if methods is None:
        return view
    # a MethodView is guarded method by method
    guarded = [getattr(methods, m.lower()) for m in methods.methods]
    return guarded[0] if all(hasattr(g, "allowed_action") for g in guarded) else object()


def test_every_action_of_a_route_is_in_the_table(app: Flask) -> None:
    asked = {
        getattr(_view(app, rule.endpoint), "allowed_action", PUBLIC)
        for rule in app.url_map.iter_rules()
    }
    assert asked - {PUBLIC, SIGNED_IN} <= set(permissions())


def test_a_stranger_is_sent_to_sign_in_and_back(visitor: Visitor) -> None:
    answer = visitor.get("/nonconformances?state=closed")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?back=/nonconformances?state%3Dclosed"


def test_no_page_of_one_address_fails_for_anyone(
    app: Flask, signed_in: Callable[..., Visitor], people: People
) -> None:
    plain = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments
    ]
    for person in (people.qa_manager, people.administrator, people.auditor, people.warehouse):
        visitor = signed_in(person)
        for address in plain:
            answer = visitor.get(address)
            assert answer.status_code in (200, 302, 303, 403, 404), (address, answer.status_code)


def test_get_never_changes_anything(
    app: Flask, holdfast: Holdfast, signed_in: Callable[..., Visitor], people: People
) -> None:
    visitor = signed_in(people.qa_manager)
    before = _counts(holdfast)
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and not rule.arguments:
            visitor.get(rule.rule)
    assert _counts(holdfast) == before


def _counts(holdfast: Holdfast) -> dict[str, int]:
    with holdfast.database.read() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in QUIET
        }


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_a_template_has_no_script_style_or_foreign_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=", text), "use a class: the policy drops inline styles"
    assert not re.search(r"\son[a-z]+=", text), "use a data- attribute and a module"
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "put the script in static/js"
    foreign = re.sub(r"http://www\.w3\.org/2000/svg", "", text)
    assert not re.search(r"https?://", foreign), "vendor it"


def test_every_form_that_writes_carries_token_and_key() -> None:
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        for form in re.findall(r'<form method="post".*?</form>', text, re.DOTALL):
            assert "hidden(" in form, f"{path.name}: put {{{{ f.hidden() }}}} into the form"


def test_every_sentence_is_said_in_chinese() -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "words.py"), "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, f"run tools/words.py and translate:\n{told.stdout}"


def test_the_catalogue_keeps_no_sentence_that_nobody_says() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import words

    dead = words.unused(words.catalogue())
    assert not dead, f"run tools/words.py; nobody says {dead}"


def test_a_translation_keeps_the_places_of_its_facts() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import words

    for message in words.catalogue():
        if isinstance(message.id, str) and message.id:
            places = re.compile(r"%\(\w+\)\d*[sd]")
            said = set(places.findall(message.string))
            assert set(places.findall(message.id)) == said, message.id


def test_every_error_a_person_may_read_is_gathered_for_translation() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    import words

    gathered = {message.id for message in words.catalogue()}
    silent = [e.__qualname__ for e in _errors(EngineError) if e.message not in gathered]
    assert not silent, f"name the base of {silent} in BASES of tools/words.py"


def _errors(base: type[EngineError]) -> Iterator[type[EngineError]]:
    for error in base.__subclasses__():
        if error.__module__.startswith(("engine.", "notifications.", "webapp.")):
            yield error
            yield from _errors(error)


def test_a_refusal_names_steps_and_times_in_the_readers_language(app: Flask) -> None:
    since = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    with app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        apart = in_words(DoneByTheSamePerson(element="propose disposition"))
        busy = in_words(BusyWith(by="Chen Mei", since=since))
    assert "“提出处置建议”" in apart, apart
    assert re.search(r"Chen Mei 自 3月2日 \d\d:\d\d 起", busy), busy
