"""What lies around a diagram: the files it names, in a closure or in folders."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lxml import etree

from engine.bpmn.xml import UnreadableFile, read_xml


class Around(Protocol):
    """Finds the text of a file by its path below the root of a house like ours."""

    def text(self, path: str) -> str | None: ...


@dataclass(frozen=True)
class Closure:
    """The files of one version as they were read, whatever lies on the disk by now."""

    files: Mapping[str, str]

    def text(self, path: str) -> str | None:
        return self.files.get(path)


@dataclass(frozen=True)
class Folder:
    """The folders around a diagram, or just the one it lies in."""

    diagram: Path
    cache: dict[str, str | None] = field(default_factory=dict)

    def text(self, path: str) -> str | None:
        if path not in self.cache:
            self.cache[path] = self._read(path)
        return self.cache[path]

    def _read(self, path: str) -> str | None:
        here = self.diagram.resolve().parent
        # beside it: `board.dmn`, `quarantine.bpmn`, `forms/disposition/propose.toml`
        beside = here / (path if path.startswith("forms/") else Path(path).name)
        for candidate in (here.parent.parent / path, here.parent / path, beside):
            if candidate.is_file():
                return candidate.read_text("utf-8", errors="replace")
        return None


def form_table(around: Around, process: str, element: str) -> dict[str, Any] | None:
    """Return the form of a step as written, or None when there is none or it cannot be read."""
    text = around.text(f"forms/{process}/{element}.toml")
    try:
        return None if text is None else tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def form_fields(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of a form in the order they are asked."""
    sections = table.get("section", [])
    return [one for section in sections for one in section.get("field", [])]


def called_diagram(around: Around, process: str) -> etree._Element | None:
    """Return the diagram of another process, or None when it is not there or unreadable."""
    path = f"workflows/{process}/{process}.bpmn"
    return _xml(around, path)


def decision_table(around: Around, process: str, element: str) -> etree._Element | None:
    """Return the decision file of a business rule task, or None."""
    return _xml(around, f"workflows/{process}/{element}.dmn")


def _xml(around: Around, path: str) -> etree._Element | None:
    text = around.text(path)
    try:
        return None if text is None else read_xml(text.encode(), path)
    except UnreadableFile:
        return None
