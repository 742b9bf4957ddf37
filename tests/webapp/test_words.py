"""Codes in words: every code there is has one, and forms speak with their own."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from engine.errors import Problem
from engine.serials.dictionary import entities
from engine.serials.models import CUSTODIES, USABILITIES
from forms import library
from webapp import serve, words
from webapp.browsers import browser_of
from webapp.queries.task import typed_answers
from webapp.sentences import in_words


def test_every_custody_and_usability_has_its_word():
    assert set(CUSTODIES) <= set(words.CUSTODY), "add it to webapp/words.py"
    assert set(USABILITIES) <= set(words.USABILITY), "add it to webapp/words.py"


def test_every_tick_of_the_scheduler_has_its_word(holdfast):
    ticks = {tick.name for tick in holdfast.scheduler(serve._canary(holdfast))._ticks}

    assert ticks == set(words.TICK), "say it in webapp/words.py"


def test_the_summary_of_problems_names_a_field_in_the_words_of_its_form():
    app = Flask("forms_in_chinese")
    Babel(app, locale_selector=lambda: "zh")
    problem = Problem("sent", "Enter an answer for “%(label)s”.", (("label", "Sent"),))

    with app.test_request_context():
        assert in_words(problem) == "请填写“已发出”。"


def test_what_is_kept_after_a_conflict_reads_as_it_was_answered():
    app = Flask("forms_in_english")
    Babel(app, locale_selector=lambda: "en")
    raw = {
        "segregated": {"scanned": "", "none": False, "counts": [{"key": "s-1", "counted": "150"}]},
        "tags_intact": False,
        "tags_remark": "Two were off.",
    }

    with app.test_request_context():
        kept = dict(typed_answers(library.form("recount", "recount_held_stock"), raw))

    assert list(kept.values()) == ["150", "No", "Two were off."]


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        (
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36"
            ),
            ("Chrome", "Linux"),
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
            ),
            ("Edge", "Windows"),
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 15; SM-X306) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/142.0.0.0 Mobile Safari/537.36"
            ),
            ("Chrome", "Android"),
        ),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_a_device_is_called_by_its_browser_and_system(agent, known):
    assert browser_of(agent) == known


def _chinese(text):
    return any("一" <= one <= "鿿" for one in text)


NAMES = {"GS1", "HIBC", "HIBCC", "ICCBBA", "EPCIS", "ERP", "MES", "WMS", "PLM"}  # alike everywhere


def test_every_choice_of_the_dictionary_is_said_in_chinese():
    app = Flask("dictionary_in_chinese")
    Babel(
        app,
        default_translation_directories=str(Path(words.__file__).parent / "translations"),
        locale_selector=lambda: "zh",
    )
    with app.test_request_context():
        wrong = [
            (what.name, field.name, code, said)
            for what in entities()
            for field in what.fields
            if field.choices
            for code in field.words
            if not _chinese(said := words.choice(field, code)) and said not in NAMES
        ]
    assert wrong == [], "mark the word with N_ where it is defined and translate it"


def test_every_table_of_words_is_said_in_chinese():
    app = Flask("tables_in_chinese")
    Babel(
        app,
        default_translation_directories=str(Path(words.__file__).parent / "translations"),
        locale_selector=lambda: "zh",
    )
    tables = {
        name: table.__closure__[0].cell_contents
        for name, table in vars(words).items()
        if getattr(table, "__qualname__", "") == "_lookup.<locals>.word"
    }
    assert len(tables) > 30
    with app.test_request_context():
        wrong = [
            (name, code, said)
            for name, table in tables.items()
            for code in table
            if not _chinese(said := getattr(words, name)(code)) and said not in NAMES
        ]
    assert wrong == [], "mark the word with N_ where it is defined and translate it"


def test_no_table_of_words_takes_the_name_of_another():
    parsed = ast.parse(Path(words.__file__).read_text(encoding="utf-8"))
    named = [
        target.id
        for node in parsed.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert [name for name, count in Counter(named).items() if count > 1] == []
