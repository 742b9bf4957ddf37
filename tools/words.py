"""Gather the sentences of the web and hold its translations against them.

`python tools/words.py` adds what is new to messages.po and compiles messages.mo;
`python tools/words.py --check` says what is missing or unused, exit 1.
"""

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract
from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "webapp"
PO = WEB / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
ELSEWHERE = ("kinds", "forms", "demo")  # templates of forms speak through the forms' catalogue
# errors whose words no catalogue of their own room translates
ROOMS = ("engine", "notifications", "webapp")
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
UNDRAWN = ("}property", "}message", "}dataInput", "}dataOutput")
Message = str | tuple[str, str]


def gathered() -> dict[Message, None]:
    """Return every sentence the web shows, in a steady order."""
    found: dict[Message, None] = {}
    for path in sorted(WEB.rglob("*")):
        if set(ELSEWHERE) & set(path.relative_to(WEB).parts):
            continue
        if path.suffix == ".html":
            rows = babel_extract(
                BytesIO(path.read_bytes()), list(KEYWORDS), [], {"trimmed": "true"}
            )
            for _, function, message, _ in rows:
                if message:
                    found[_as_message(function, message)] = None
        elif path.suffix == ".py":
            for _, message, _, _ in extract("python", BytesIO(path.read_bytes()), KEYWORDS):
                found[tuple(message) if isinstance(message, tuple) else message] = None
    for sentence in sorted({*_errors(), *_drawn(), *_marked(), *_definitions()} - _said_by_forms()):
        found[sentence] = None
    return found


def _drawn() -> Iterator[str]:
    """Yield every name that a diagram shows."""
    for path in sorted((ROOT / "workflows").rglob("*.bpmn")):
        for element in etree.parse(path).getroot().iter(etree.Element):
            is_drawn = element.tag.startswith(BPMN) and not element.tag.endswith(UNDRAWN)
            if element.get("name") and is_drawn:
                yield element.get("name").replace("\n", " ")


def _marked() -> Iterator[str]:
    """Yield the words of the engine that are marked, and the labels of accounts and events."""
    for path in sorted((ROOT / "engine").rglob("*.py")):
        if "layouts" in path.parts or "evidence" in path.parts:
            continue  # documents speak the record's language through their own words
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in {"N_", "Account", "Kind"} and isinstance(first, ast.Constant):
                    yield first.value


def _definitions() -> Iterator[str]:
    """Yield the name of every key figure and the sections of its definition: its docstring."""
    for path in sorted((ROOT / "engine/cases/kpis/definitions").glob("[a-z]*.py")):
        document = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name, *sections = document.split("\n\n")
        yield name.removesuffix(".")
        for section in sections:
            yield " ".join(section.partition(": ")[2].split())


def _said_by_forms() -> set[str]:
    with (ROOT / "forms/translations/zh/LC_MESSAGES/forms.po").open("rb") as file:
        return {m.id for m in read_po(file, locale="zh") if m.id and m.string}


def _as_message(function: str | None, message: object) -> Message:
    if isinstance(message, tuple):
        words = tuple(word for word in message if word)
        return words[:2] if function == "ngettext" else words[0]
    return str(message)


def _errors() -> Iterator[str]:
    """Yield the docstring of every error and the sentence of every `Problem`, by reading code."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                yield from _error_sentence(node)
                yield from _problem_sentence(node)


BASES = {
    "EngineError", "NotAllowed", "NotFound", "Conflict", "Busy", "Gone", "Refused", "Forbidden",
    "Invalid", "DiagramFault", "BadRequest", "UnprocessableEntity", "PreconditionFailed",
    "PreconditionRequired",
}  # fmt: skip


def _error_sentence(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.ClassDef):
        return
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
    bases |= {base.attr for base in node.bases if isinstance(base, ast.Attribute)}
    document = ast.get_docstring(node)
    if document and (bases & BASES or any(base.endswith("Refused") for base in bases)):
        yield " ".join(document.split("\n\n")[0].split())


def _problem_sentence(node: ast.AST) -> Iterator[str]:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return
    if node.func.id == "Problem" and len(node.args) > 1:
        sentence = node.args[1]
        if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
            yield sentence.value


def catalogue() -> Catalog:
    """Return the Chinese catalogue as it is committed."""
    if not PO.exists():
        return Catalog(locale="zh", domain="messages", project="Holdfast", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="zh")


def missing(known: Catalog) -> list[Message]:
    """Return what has no translation."""
    translated = {m.id if isinstance(m.id, str) else tuple(m.id): m.string for m in known if m.id}
    return [message for message in gathered() if not _said(translated.get(message))]


def _said(string: object) -> bool:
    return all(string) and bool(string) if isinstance(string, tuple | list) else bool(string)


def unused(known: Catalog) -> list[Message]:
    """Return what nobody says any more."""
    said = gathered()
    ids = [m.id if isinstance(m.id, str) else tuple(m.id) for m in known if m.id]
    return [message for message in ids if message not in said]


def update(known: Catalog) -> None:
    """Write the catalogue with what is new and without what is unused, and compile it."""
    kept = {m.id if isinstance(m.id, str) else tuple(m.id): m.string for m in known if m.id}
    new = Catalog(locale="zh", domain="messages", project="Holdfast", fuzzy=False)
    for message in gathered():
        new.add(message, string=kept.get(message, ""))
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, new, omit_header=False, width=100, sort_output=True)
    with PO.with_suffix(".mo").open("wb") as file:
        write_mo(file, new)


def main() -> int:
    """Update the catalogue, or only check it."""
    known = catalogue()
    if "--check" not in sys.argv:
        update(known)
        known = catalogue()
    untold = missing(known)
    for message in untold:
        print(f"not translated: {message!r}")
    if "--check" in sys.argv and unused(known):
        print("unused:", *unused(known), sep="\n  ")
        return 1
    return 1 if untold else 0


if __name__ == "__main__":
    raise SystemExit(main())
