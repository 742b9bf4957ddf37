"""A house of small diagrams, their actions, and people to run them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields
from sqlalchemy import select

from engine.bpmn import library, runtime
from engine.bpmn.lint import check_paths
from engine.bpmn.models import Definition, Instance, Task
from engine.bpmn.step import Action

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def form(*variables: str) -> str:
    """A form that writes these variables; `decision` may be approved or rejected."""
    parts = ['title = "A form"', "[[section]]", 'heading = "What is asked"']
    for name in variables:
        kind = "choice" if name == "decision" else "text"
        parts += ["[[section.field]]", f'id = "{name}"', f'kind = "{kind}"', f'label = "{name}"']
        parts.append(f'variable = "{name}"')
        if kind == "choice":
            yes, no = ('{ value = "approve", label = "Yes" }', '{ value = "reject", label = "No" }')
            parts.append(f"choices = [{yes}, {no}]")
    return "\n".join(parts) + "\n"


def action(run, *, parameters=None, result=None) -> Action:
    """An action from a function and its fields."""
    return Action(
        run=run,
        parameters=Schema.from_dict(parameters or {}),
        result=Schema.from_dict(result or {}),
    )


@dataclass
class House:
    """A folder like ours, with diagrams, forms and verbs of its own."""

    root: Path
    verbs: dict[str, Action] = field(default_factory=dict)

    def draw(self, process: str, xml: str, *, dmn: dict[str, str] | None = None, **forms: tuple):
        folder = self.root / "workflows" / process
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{process}.bpmn").write_text(xml, "utf-8")
        for name, text in (dmn or {}).items():
            (folder / f"{name}.dmn").write_text(text, "utf-8")
        for name, variables in forms.items():
            place = self.root / "forms" / process
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.toml").write_text(form(*variables), "utf-8")
        return folder / f"{process}.bpmn"

    def can(self, verb: str, run, *, parameters=None, **result: Any):
        self.verbs[verb] = action(run, parameters=parameters, result=result)

    def action(self, verb: str) -> Action:
        return self.verbs[verb]

    def check(self, process: str):
        path = self.root / "workflows" / process / f"{process}.bpmn"
        return check_paths([path], actions=self.action)

    def release(self, database, people, *processes: str) -> list[Definition]:
        """Install and release, as the installer, the owner and a second person would."""
        found = []
        for process in processes:
            with database.begin() as db:
                one = library.install(
                    db,
                    process,
                    root=self.root,
                    by=people.administrator,
                    at=NOW,
                    actions=self.action,
                )
                for capacity, by in (
                    ("process_owner", people.qa_manager),
                    ("quality", people.qa_engineer),
                ):
                    library.sign_release(
                        db, one.id, capacity=capacity, signature_id=by.id, by=by, at=NOW
                    )
                found.append(one)
        return found


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


@pytest.fixture
def info(house) -> dict[str, Any]:
    return {"actions": house.action, "send": lambda step, element: None}


@dataclass
class Story:
    """Runs one house's diagrams on one database, each command in its transaction."""

    database: Any
    house: House
    people: Any

    def release(self, *processes: str):
        return self.house.release(self.database, self.people, *processes)

    def start(self, process: str, *, at=NOW, key="NC-2026-0001", by=None, **variables) -> int:
        with self.database.begin() as db:
            return runtime.start(
                db,
                process,
                business_key=key,
                variables=variables,
                by=by or self.people.qa_engineer,
                at=at,
            ).id

    def do(
        self, element: str, *, at=NOW, by=None, instance: int | None = None, **variables
    ) -> Task:
        with self.database.begin() as db:
            task = self._task(db, element, instance)
            return runtime.complete_task(
                db, task.id, variables=variables, by=by or self.people.qa_engineer, at=at
            )

    def _task(self, db, element: str, instance: int | None) -> Task:
        query = select(Task).where(
            Task.element_id == element, Task.done_at.is_(None), Task.cancelled_at.is_(None)
        )
        if instance is not None:
            query = query.where(Task.instance_id == instance)
        return db.scalars(query.order_by(Task.opened_at)).first()

    def open(self, instance: int | None = None) -> list[str]:
        with self.database.read() as db:
            query = select(Task.element_id).where(
                Task.done_at.is_(None), Task.cancelled_at.is_(None)
            )
            if instance is not None:
                query = query.where(Task.instance_id == instance)
            return sorted(db.scalars(query))

    def instance(self, id: int) -> Instance:
        with self.database.read() as db:
            return db.get_one(Instance, id)

    def status(self, id: int) -> str:
        return self.instance(id).status

    def rows(self, model, **where):
        with self.database.read() as db:
            query = select(model)
            for name, value in where.items():
                query = query.where(getattr(model, name) == value)
            return list(db.scalars(query))


@pytest.fixture
def story(database, house, people) -> Story:
    return Story(database, house, people)


__all__ = ["HOUR", "NOW", "fields"]
