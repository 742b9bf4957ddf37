"""Errors of the interface as problem+json (RFC 9457)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext

from engine.errors import NotAllowed, Problem
from engine.people.throttle import TriedTooOften
from engine.serials.errors import OnHold
from engine.serials.expressions import Question
from engine.serials.targets import HoldTarget
from webapp.api.reading import problem_of
from webapp.sentences import fill

TYPE = "application/problem+json"


def wanted() -> bool:
    """Tell whether this request is of the interface, so that an error is JSON and not a page."""
    return request.path.startswith("/api/")


def problem(status: int, title: str, **more: object) -> Response:
    """Return one problem."""
    response = jsonify({"type": "about:blank", "status": status, "title": title, **more})
    response.status_code = status
    response.mimetype = TYPE
    return response


def nobody(refused: NotAllowed | None) -> Response:
    """Say that somebody must show who they are (RFC 6750), or wait after too many wrong tokens."""
    if isinstance(refused, TriedTooOften):
        response = problem(429, said(refused))
        response.headers["Retry-After"] = str(refused.facts["seconds"])
        return response
    sentence = said(refused) if refused else gettext("Sign in, or send a token of the interface.")
    response = problem(401, sentence)
    error = ', error="invalid_token"' if refused else ""
    response.headers["WWW-Authenticate"] = f'Bearer realm="Holdfast"{error}'
    return response


def said(refused: NotAllowed) -> str:
    """Return the sentence of a refusal."""
    return gettext(refused.message) % refused.facts


def leaves(at: str, found: object) -> Iterator[Problem]:
    """Yield what a schema found wrong in the depth of what was sent, each at its place."""
    if not isinstance(found, Mapping):
        yield problem_of(at, str(found[0] if isinstance(found, list) else found))
        return
    for key, inner in found.items():
        here = "" if key == "_schema" else str(key)
        yield from leaves(".".join(filter(None, (at, here))), inner)


def placed(wrong: Problem, sentence: str) -> Mapping[str, str]:
    """Return one problem of a body at its JSON pointer (RFC 6901), or of a parameter by its name.

    `at` of a parameter begins with a question mark.
    """
    if wrong.at.startswith("?"):
        return {"parameter": wrong.at[1:], "sentence": sentence}
    steps = (step.replace("~", "~0").replace("/", "~1") for step in wrong.at.split("."))
    return {
        "pointer": "".join(f"/{step}" for step in steps) if wrong.at else "",
        "sentence": sentence,
    }


def held(refused: OnHold) -> dict[str, Any]:
    """Return that it was a hold that refused, and which holds stop what: for whoever acts on it."""
    return {
        "type": refused.TYPE,
        "held": [
            {
                "kind": target.kind,
                "id": target.id,
                "label": verdict.label,
                "holds": [
                    {"hold_id": hold.hold_id, "case_number": hold.case_number}
                    for hold in verdict.holds
                ],
            }
            for verdict in refused.verdicts
            if verdict.holds and isinstance(target := verdict.target, HoldTarget)
        ],
    }


def asked_back(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Return what a text leaves open: each question with the answers it may get."""
    return [
        {
            "key": one.key,
            "text": one.text,
            "sentence": fill(one.sentence, dict(one.facts)),
            "choices": [
                {"value": choice.value, "sentence": fill(choice.sentence, dict(choice.facts))}
                for choice in one.choices
            ],
        }
        for one in questions
    ]
