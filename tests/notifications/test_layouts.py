"""Every mail word for word, in both languages.

To accept a change of words: HOLDFAST_WRITE_GOLDEN=1 python -m pytest tests/notifications, and
read the diff before you commit it.
"""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from notifications.render import FOLDER, LANGUAGES, PARTS, LayoutMissing, layouts, moment, render

GOLDEN = Path(__file__).parent / "golden"
SITE = "https://holdfast.example"
HELPERS = ("base", "facts")
EVERY = [(layout, language) for layout in sorted(layouts()) for language in LANGUAGES]


def shown(layout, language, facts):
    rendered = render(layout, facts(layout, language), language=language, site_url=SITE)
    return f"{rendered.subject}\n\n{rendered.text}\n{rendered.html}"


def test_every_layout_has_its_three_files():
    for path in FOLDER.glob("*/*"):
        if path.is_file() and path.suffix in (".txt", ".html") and path.stem not in HELPERS:
            name = path.name.removesuffix(".subject.txt").removesuffix(path.suffix)
            missing = [p for p in PARTS if not (path.parent / f"{name}.{p}").exists()]
            assert not missing, f"notifications/{path.parent.name}/{name} lacks {missing}"


@pytest.mark.parametrize(("layout", "language"), EVERY)
def test_a_mail_says_what_was_approved(layout, language, facts):
    golden = GOLDEN / f"{layout.replace('/', '.')}.{language}.txt"
    said = shown(layout, language, facts)
    if os.environ.get("HOLDFAST_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(said, encoding="utf-8")
    assert golden.exists(), f"no golden file {golden.name}: see the top of this file"
    assert said == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_of_a_mail_that_is_gone():
    expected = {f"{layout.replace('/', '.')}.{language}.txt" for layout, language in EVERY}
    assert {path.name for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize("layout", sorted(layouts()))
def test_a_mail_never_goes_out_with_a_hole_in_it(layout, facts):
    whole = facts(layout, "en")
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        with pytest.raises(UndefinedError, match=name):
            render(layout, rest, language="en", site_url=SITE)


@pytest.mark.parametrize(("layout", "language"), EVERY)
def test_the_plain_text_and_the_html_say_the_same(layout, language, facts):
    rendered = render(layout, facts(layout, language), language=language, site_url=SITE)
    words = Words()
    words.feed(rendered.html)
    for line in filter(None, (line.strip() for line in rendered.text.splitlines())):
        for part in re.split(r": |^--$", line, maxsplit=1):
            assert part in words.text, f"{layout} ({language}): the HTML lacks {part!r}"


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += " " + " ".join(data.split())


def test_facts_cannot_become_markup(facts):
    body = {**facts("layouts/task_opened", "en"), "case_title": "<script>alert(1)</script>"}
    rendered = render("layouts/task_opened", body, language="en", site_url=SITE)
    assert "<script>" not in rendered.html
    assert "<script>" in rendered.text


def test_a_line_break_in_a_fact_does_not_break_the_subject(facts):
    body = {**facts("layouts/task_opened", "en"), "task_name": "Close\r\nBcc: all@evil.example"}
    rendered = render("layouts/task_opened", body, language="en", site_url=SITE)
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject


def test_an_unknown_layout_is_refused(facts):
    for layout in ("layouts/nothing", "../pyproject", "layouts/base"):
        with pytest.raises(LayoutMissing):
            render(layout, {}, language="en")


def test_a_moment_is_shown_on_the_readers_wall_with_its_offset():
    summer, winter = "2026-07-01T22:30:00+00:00", "2026-01-01T22:30:00+00:00"
    assert moment(summer, "Europe/Berlin", language="en") == "2 July 2026 00:30 (UTC+02:00)"
    assert moment(winter, "Europe/Berlin", language="en") == "1 January 2026 23:30 (UTC+01:00)"
    assert moment(winter, "Asia/Shanghai", language="zh") == "2026年1月2日 06:30 (UTC+08:00)"


def test_every_sentence_is_there_in_chinese():
    path = FOLDER / "translations/zh/LC_MESSAGES/messages.po"
    with path.open("rb") as source:
        catalogue = read_po(source, locale="zh")
    methods = [("**.txt", "jinja2"), ("**.html", "jinja2")]
    options = {pattern: {"trimmed": "true", "silent": "false"} for pattern, _ in methods}
    said = {row[2] for row in extract_from_dir(FOLDER, methods, options_map=options)}
    translated = {message.id for message in catalogue if message.id and message.string}
    assert said - translated == set(), f"translate these in {path}"
    assert translated - said == set(), f"nobody says these any more: remove them from {path}"


def test_a_translation_uses_the_facts_of_the_original():
    with (FOLDER / "translations/zh/LC_MESSAGES/messages.po").open("rb") as source:
        catalogue = read_po(source, locale="zh")
    for message in catalogue:
        names = [set(re.findall(r"%\((\w+)\)s", text)) for text in (message.id, message.string)]
        assert names[0] == names[1], message.id
