"""What robots answer at the steps of a drill: read from answers.toml, filled in as a form asks.

The sentences of the other languages lie beside it, by the same names.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import walking
from engine.cases.notices.models import NoticeText
from engine.cases.recalls import jurisdictions
from engine.people import Person
from engine.people.accounts import LANGUAGES
from engine.regulators import jurisdictions as law

Answers = dict[str, Any]
MINUTES = 60  # where a step is not stated


@cache
def stated() -> dict[str, dict[str, Any]]:
    """Return what is stated for every step: `after`, `answers`, `moments`, `days`."""
    return _read("answers.toml")


@cache
def sentences(language: str) -> dict[str, dict[str, Any]]:
    """Return the sentences of every step in a language, where it is not the one of `stated`."""
    return {} if language == "en" else _read(f"answers.{language}.toml")


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def due_at(task: Task) -> datetime:
    """Return when a robot does a task: so many minutes after it was opened."""
    said = stated().get(f"{task.process}.{task.element_id}", {})
    return task.opened_at + timedelta(minutes=said.get("after", MINUTES))


def report_of(
    scope: str, *, at: datetime, language: str = "en", answers: Mapping[str, str] | None = None
) -> Answers:
    """Return the signal that begins a drill about what `scope` says.

    `answers` are those to what was asked back about it, by the keys of the questions.
    """
    named = {"text": scope, "answers": dict(answers or {})}
    said = {**stated()["report"], **sentences(language).get("report", {})}
    return {**said, "scope": named, "aware_at": _moment(at)}


def answers_at(
    db: Session, task: Task, scope: str, *, language: str, by: Person, at: datetime
) -> Answers:
    """Return what a robot answers at a task, in the language of the drill."""
    step = f"{task.process}.{task.element_id}"
    said = stated().get(step, {})
    words = sentences(_written_in(db, task) or language).get(step, {})
    given = {
        **_in_words(said.get("answers", {}), words),
        **dict.fromkeys(said.get("moments", ()), _moment(at)),
        **{name: f"{at + timedelta(days=days):%Y-%m-%d}" for name, days in
           said.get("days", {}).items()},
    }  # fmt: skip
    if task.element_id == "order_containment":
        given["scope"] = {"text": scope}
    if task.element_id == "decide_jurisdiction":
        given |= _named(db, task)
    return walking.fitted(db, task, given, by=by, at=at)


def _written_in(db: Session, task: Task) -> str | None:
    """Return the language of the notice text that a task is about: its letters say what it says."""
    language = db.scalar(
        select(NoticeText.language).where(NoticeText.instance_id == task.instance_id)
    )
    return language if language is None or language in LANGUAGES else "en"


def _in_words(answers: Answers, words: Mapping[str, Any]) -> Answers:
    """Return answers with the sentences that there are in another language."""
    parts = {name: {**answers[name], **one} for name, one in words.items() if isinstance(one, dict)}
    return {**answers, **words, **parts}


def _named(db: Session, task: Task) -> Answers:
    """Return the first action that the law knows, in its highest class."""
    row = jurisdictions.row_of(db, task.instance_id)
    here = law.named(str(row.code)) if row is not None else law.named("US")
    action = next(one for one in here.legal_names if one.is_action)
    graded = here.classes[0].code if action.needs_class and here.classes else ""
    return {"legal_name": action.code, "class_name": graded}


def _moment(at: datetime) -> Answers:
    return {"local": f"{at:%Y-%m-%dT%H:%M}", "zone": "UTC"}
