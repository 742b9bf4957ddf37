"""The whole interface under made-up requests: no failure of ours, and only what is described."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.personas import People
from tests.webapp.interface import Caller, caller
from tests.webapp.test_records_api import lay_pumps
from webapp.compose import Holdfast


@pytest.fixture
def everyone(app: Flask, holdfast: Holdfast, people: People) -> list[Caller]:
    """Return callers that may together do everything."""
    with holdfast.database.begin() as db:
        lay_pumps(db, people)
    roles = (people.qa_engineer, people.warehouse, people.purchasing)
    return [caller(app, holdfast, person) for person in roles]


def checks() -> list[Any]:
    import schemathesis  # a second of every worker: only who asks waits for it
    from schemathesis.specs.openapi import checks as described

    return [
        schemathesis.checks.not_a_server_error,
        described.status_code_conformance,
        described.content_type_conformance,
        described.response_schema_conformance,
    ]


def operations(app: Flask) -> Iterator[Any]:
    import schemathesis

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    for found in schema.get_all_operations():
        yield found.ok()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_is_sent_the_answer_is_one_that_is_described(
    app: Flask, everyone: list[Caller]
) -> None:
    ask_everything(app, everyone, examples=3)


def ask_everything(app: Flask, everyone: list[Caller], *, examples: int) -> None:
    wrong: list[str] = []
    held_to = checks()
    for operation in operations(app):
        rounds = iter(range(10**9))

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            who = everyone[next(rounds) % len(everyone)]  # noqa: B023  one operation at a time
            headers = {"Authorization": f"Bearer {who.token}", "Accept-Encoding": "identity"}
            case.call_and_validate(headers=headers, checks=held_to)

        try:
            ask()
        except BaseExceptionGroup as failed:
            wrong.append(f"{operation.label}: {failed.exceptions[0]}"[:900])
    assert not wrong, "\n\n".join(wrong)
