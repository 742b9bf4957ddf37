"""The interface described for the people who connect a system: every address, in words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.people.scopes import scopes
from webapp.api.describing import METHODS, description
from webapp.i18n import language
from webapp.permissions import allow

bp = Blueprint("interface", __name__, url_prefix="/interface")


@dataclass(frozen=True)
class Line:
    """One field of what is sent or answered."""

    name: str
    type: str
    words: str
    is_required: bool


@dataclass(frozen=True)
class Operation:
    """One thing a system can ask."""

    method: str
    address: str
    summary: str
    words: str
    scope: str
    roles: tuple[str, ...]
    parameters: tuple[Line, ...]
    body: tuple[Line, ...]
    answers: str

    @property
    def anchor(self) -> str:
        """Return the place of the operation on the page."""
        return f"{self.method}-{self.address.strip('/').replace('/', '-')}".replace(
            "{", ""
        ).replace("}", "")


@bp.get("")
@allow("token.own")
def index() -> ResponseReturnValue:
    """Show every address of the interface, what it takes and what it answers."""
    spec = description()
    parts: dict[str, list[Operation]] = defaultdict(list)
    for address, operations in spec["paths"].items():
        for method in METHODS:
            if method in operations:
                tag = operations[method]["tags"][0]
                parts[tag].append(_operation(spec, method, address, operations[method]))
    return render_template(
        "interface/index.html",
        parts=parts,
        about={tag["name"]: tag.get("description", "") for tag in spec.get("tags", ())},
        all_scopes=[(code, scope.says(language())) for code, scope in scopes().items()],
    )


def _operation(spec: Mapping[str, Any], method: str, address: str, said: Any) -> Operation:
    body = said.get("requestBody", {}).get("content", {})
    schema = body["application/json"]["schema"] if body else {}
    good = [code for code in said["responses"] if code.startswith("2")]
    return Operation(
        method=method.upper(),
        address=address,
        summary=said.get("summary", ""),
        words=said.get("description", ""),
        scope=next(iter(said["security"][0]["token"]), ""),
        roles=tuple(said["x-roles"]),
        parameters=tuple(_parameter(spec, one) for one in said.get("parameters", ())),
        body=tuple(_fields(spec, schema)),
        answers=", ".join(good),
    )


def _parameter(spec: Mapping[str, Any], one: Any) -> Line:
    one = _followed(spec, one)
    return Line(
        one["name"],
        _type(spec, one.get("schema", {})),
        one.get("description") or one.get("schema", {}).get("description", ""),
        bool(one.get("required")),
    )


def _fields(
    spec: Mapping[str, Any], schema: Any, before: str = "", depth: int = 0
) -> Iterator[Line]:
    schema = _followed(spec, schema)
    if schema.get("type") == "array":
        schema, before = _followed(spec, schema.get("items", {})), f"{before}[]."
    for name, field in schema.get("properties", {}).items():
        inner = _followed(spec, field)
        words = field.get("description") or inner.get("description", "")
        yield Line(before + name, _type(spec, field), words, name in schema.get("required", ()))
        if depth < 2:
            nested = inner.get("items", inner)
            mark = "[]." if "items" in inner else "."
            yield from _fields(spec, nested, f"{before}{name}{mark}", depth + 1)


def _type(spec: Mapping[str, Any], schema: Any) -> str:
    schema = _followed(spec, schema)
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"] if one is not None)
    kind = schema.get("type", "")
    words = " | ".join(one for one in kind if one != "null") if isinstance(kind, list) else kind
    if words == "array":
        return f"{_type(spec, schema.get('items', {}))}[]"
    return schema.get("format") or words or "object"


def _followed(spec: Mapping[str, Any], schema: Any) -> Any:
    """Return what a reference leads to."""
    while "$ref" in schema:
        here: Any = spec
        for step in schema["$ref"].removeprefix("#/").split("/"):
            here = here[step]
        schema = here
    return schema
