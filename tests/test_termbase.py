"""One word for one thing: labels, codes and translations against the termbase."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from lxml import etree

from forms import library
from tests.support.tree import PACKAGES, ROOT, files, here


@dataclass(frozen=True)
class Term:
    """One entry of the termbase."""

    code: str
    en: str
    zh: tuple[str, ...]
    not_en: tuple[str, ...] = ()
    not_zh: tuple[str, ...] = ()
    choice: bool = False

    def is_in(self, words: str) -> bool:
        words = re.sub(r"%\(\w+\)\w", "", words)  # the name of a value is no word
        return re.search(rf"\b{re.escape(self.en)}(s|es)?\b(?!-)", words, re.IGNORECASE) is not None


def terms() -> list[Term]:
    entries = tomllib.loads((ROOT / "tests/termbase.toml").read_text("utf-8"))
    return [
        Term(code, e["en"], *(tuple(e.get(key, ())) for key in ("zh", "not_en", "not_zh")),
             choice=e.get("choice", False))
        for code, e in entries.items()
    ]  # fmt: skip


TERMS = terms()
each_term = pytest.mark.parametrize("term", TERMS, ids=lambda term: term.code)


def labels() -> Iterator[tuple[Path, str]]:
    """Give every English text a person reads: in forms, in diagrams, and what is translated."""
    for path in files("forms", suffix=".toml"):
        for words in _texts(tomllib.loads(path.read_text("utf-8"))):
            yield path, words
    for path in files("workflows", suffix=".bpmn"):
        for element in etree.parse(path).iter():
            if element.get("name") and " " in element.get("name"):
                yield path, element.get("name")
    for path, msgid, _ in translations():
        yield path, msgid


def translations() -> Iterator[tuple[Path, str, str]]:
    for path in files(*PACKAGES, suffix=".po"):
        if "zh" in {part.partition("_")[0] for part in path.parts}:
            with path.open("rb") as file:
                for message in read_po(file, locale="zh_Hans_CN"):
                    if message.id and message.string:
                        yield path, str(message.id), str(message.string)


def _texts(form: Any) -> Iterator[str]:
    if isinstance(form, dict):
        for key, value in form.items():
            if key in {"title", "intro", "heading", "label", "hint", "missing", "sentence"}:
                yield str(value)
            else:
                yield from _texts(value)
    elif isinstance(form, list):
        for value in form:
            yield from _texts(value)


def _choices(form: Any) -> Iterator[tuple[str, str]]:
    if isinstance(form, dict):
        if {"value", "label"} <= form.keys():
            yield str(form["value"]), str(form["label"])
        for value in form.values():
            yield from _choices(value)
    elif isinstance(form, list):
        for value in form:
            yield from _choices(value)


@each_term
def test_no_synonym_stands_where_a_person_reads(term: Term) -> None:
    for path, words in labels():
        for synonym in term.not_en:
            assert not re.search(rf"\b{re.escape(synonym)}\b", words, re.IGNORECASE), (
                f"{here(path)}: write {term.en}, not {synonym}: {words}"
            )


@each_term
def test_a_term_is_translated_by_its_own_word(term: Term) -> None:
    for path, msgid, msgstr in translations():
        if term.is_in(msgid) and len(msgid) < 60:  # a long sentence may say it by a pronoun
            assert any(word in msgstr for word in term.zh), (
                f"{here(path)}: {term.en} is {' or '.join(term.zh)}: {msgid!r} → {msgstr!r}"
            )
        for wrong in term.not_zh:
            assert not (term.is_in(msgid) and wrong in msgstr), (
                f"{here(path)}: {wrong} is not {term.en}: {msgid!r} → {msgstr!r}"
            )


def test_a_step_has_one_name_wherever_it_is_named() -> None:
    titles = {form.title for form in library.all_forms()}
    said: dict[str, dict[str, Path]] = {}
    for path, msgid, msgstr in translations():
        if msgid in titles:
            said.setdefault(msgid, {})[msgstr] = path
    for title, names in said.items():
        assert len(names) == 1, f"{title} is {' and '.join(names)}: write one of them everywhere"


@pytest.mark.parametrize(
    "path", list(files("forms", suffix=".toml")), ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_a_choice_that_is_a_term_is_labelled_with_it(path: Path) -> None:
    en = {term.code: term.en for term in TERMS if term.choice}
    for value, label in _choices(tomllib.loads(path.read_text("utf-8"))):
        if value in en:
            assert label.lower().startswith(en[value]), (
                f"{here(path)}: label {value} as {en[value]}, not {label}"
            )


def test_the_disposition_types_are_terms_with_their_words() -> None:
    from engine.cases.dispositions import TYPES

    en = {term.code: term.en for term in TERMS}
    for code, disposition in TYPES.items():
        assert code in en, f"add {code} to tests/termbase.toml"
        assert disposition.label.lower().startswith(en[code]), f"{code}: {disposition.label}"
