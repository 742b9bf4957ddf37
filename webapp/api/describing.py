"""The description of the interface, `/api/v1/openapi.json`: OpenAPI 3.1 of what is served."""

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from flask import Flask, Response, current_app, jsonify
from flask_smorest import Api

from engine.people.permissions import permissions
from engine.people.scopes import scope_for, scopes
from engine.serials.errors import OnHold
from webapp.api.blueprint import PREFIX
from webapp.api.recording import RECORDABLE
from webapp.api.records import schemas
from webapp.permissions import PUBLIC, SIGNED_IN, allow

ABOUT = (
    "Connects an ERP, a MES, a WMS or a PLM to Holdfast. Send a token of the interface as "
    "`Authorization: Bearer …`. Repeat a POST with the same `Idempotency-Key` as often as you "
    "like: it happens once. A token does what its account's roles may do on the pages (`x-action`, "
    "`x-roles`; `*` is everyone but the auditor), as far as its scopes reach. "
    "Times are RFC 3339 with their zone, quantities are decimal strings, "
    "serial and lot numbers keep their case and their zeros."
)
PROBLEM = {
    "type": "object",
    "required": ["type", "status", "title"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string", "description": "The sentence that says what to do."},
        "scope": {"type": "string", "description": "The scope that the token lacks."},
        "incident": {"type": "string"},
        "held": {
            "type": "array",
            "description": f"What is on hold, where the type is {OnHold.TYPE}.",
            "items": {
                "type": "object",
                "required": ["kind", "id", "label", "holds"],
                "properties": {
                    "kind": {"enum": ["unit", "lot", "stock"]},
                    "id": {"type": "integer"},
                    "label": {"type": "string"},
                    "holds": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["hold_id", "case_number"],
                            "properties": {
                                "hold_id": {"type": "integer"},
                                "case_number": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
        "questions": {
            "type": "array",
            "description": "What of a text to trace can mean two things.",
            "items": {
                "type": "object",
                "required": ["key", "text", "sentence", "choices"],
                "properties": {
                    "key": {"type": "string"},
                    "text": {"type": "string"},
                    "sentence": {"type": "string"},
                    "choices": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["value", "sentence"],
                            "properties": {
                                "value": {"type": "string"},
                                "sentence": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
        "problems": {
            "type": "array",
            "description": "Every problem of what was sent.",
            "items": {
                "type": "object",
                "required": ["sentence"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body."},
                    "parameter": {"type": "string"},
                    "sentence": {"type": "string"},
                },
            },
        },
    },
}
REFUSALS = {
    "400": "What was sent cannot be read, or a header is missing.",
    "401": "No token, or none that is accepted.",
    "403": "The token lacks the scope, or its account the role.",
    "404": "There is nothing here.",
    "409": "Someone was faster, or is busy with it.",
    "412": "It has changed since it was read.",
    "413": "Too large.",
    "415": "Not JSON.",
    "422": "Every problem of what was sent.",
    "428": "If-Match is missing.",
    "429": "Too many wrong tokens: wait.",
}
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
    "description": "The same key for every repeat of the same request.",
}
MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": "The ETag of what was read.",
}
CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")  # `<int:unit_id>` is `{unit_id}` in OpenAPI
METHODS = ("get", "post", "put", "patch", "delete")


def describe(app: Flask, api: Api) -> None:
    """Serve the description with what holds for every part: tokens, keys and problems."""
    api.spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": ABOUT}
    )
    api.DEFAULT_ERROR_RESPONSE_NAME = None

    @cache
    def described() -> dict[str, Any]:
        return completed(app, api.spec.to_dict())

    @allow(PUBLIC)
    def openapi_json() -> Response:
        """Return the description."""
        return jsonify(described())

    app.extensions["interface"] = described
    app.view_functions["api-docs.openapi_json"] = openapi_json


def description() -> dict[str, Any]:
    """Return the description of the running interface."""
    found: dict[str, Any] = current_app.extensions["interface"]()
    return found


def completed(app: Flask, spec: dict[str, Any]) -> dict[str, Any]:
    """Add to a description what the decorators of its parts do not say."""
    spec["info"]["description"] = ABOUT
    components = spec.setdefault("components", {})
    records = {"Problem": PROBLEM, **schemas()}
    if twice := set(records) & set(components.setdefault("schemas", {})):
        message = f"two schemas of one name: {sorted(twice)}"
        raise RuntimeError(message)
    components["schemas"].update(records)
    components.pop("responses", None)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals = {
        code: {"description": words, "content": content} for code, words in REFUSALS.items()
    }
    _add_kinds_of_event(components["schemas"])
    actions = dict(_actions(app))
    for address, operations in spec["paths"].items():
        for method in set(operations) & set(METHODS):
            operation = operations[method]
            kept = {
                code: said for code, said in operation["responses"].items() if code.startswith("2")
            }
            operation["responses"] = {**kept, **refusals}
            operation["tags"] = [tag.removeprefix(PREFIX) for tag in operation["tags"]]
            action = actions[method, address]
            operation["security"] = [{"token": _needed(action)}]
            operation["x-action"] = action
            operation["x-roles"] = sorted(permissions().get(action, ()))
            _add_headers(operation, method, action)
    for tag in spec.get("tags", ()):
        tag["name"] = tag["name"].removeprefix(PREFIX)
    spec["x-scopes"] = {code: scope.en for code, scope in scopes().items()}
    return spec


def _add_kinds_of_event(schemas: dict[str, Any]) -> None:
    """Describe an event among many: any of the types, told apart by `type`."""
    names = {}
    for code, kind in RECORDABLE.items():
        name = kind.schema.__name__
        own = deepcopy(schemas[name])
        own["properties"] = {"type": {"type": "string", "const": code}, **own["properties"]}
        own["required"] = ["type", *own.get("required", ())]
        names[code] = f"Event_{code}"
        schemas[names[code]] = own
    references = {code: f"#/components/schemas/{name}" for code, name in names.items()}
    schemas["Many"]["properties"]["events"]["items"] = {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }


def _needed(action: str) -> list[str]:
    found = scope_for(action)
    return [found] if found else []


def _add_headers(operation: dict[str, Any], method: str, action: str) -> None:
    parameters = operation.setdefault("parameters", [])
    if method == "post" and not operation.pop("x-question", False):
        parameters.append(KEY)
    if method in ("patch", "put", "delete"):
        parameters.append(MATCH)


def _actions(app: Flask) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the action of every operation: (method, address as OpenAPI writes it) to action."""
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/"):
            continue
        address = CONVERTED.sub(r"{\1}", rule.rule)
        view = app.view_functions[rule.endpoint]
        for method in rule.methods or ():
            guarded = getattr(getattr(view, "view_class", None), method.lower(), view)
            action = getattr(guarded, "allowed_action", SIGNED_IN)
            yield (method.lower(), address), action
