"""What a version of a process consists of: every file it runs on, and the sha256 over them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from engine.bpmn.xml import NAMES, UnreadableFile, read_xml
from engine.errors import NotFound

LAYOUTS = "engine/evidence/layouts"


class FileMissing(NotFound):
    """The process %(process)s needs the file %(file)s, which is not there."""


def closure(root: Path, process: str) -> dict[str, str]:
    """Return path to text of every file `process` runs on, below `root`, in order of path.

    Its diagram, the diagrams it calls or opens as children and theirs, their decision tables,
    forms and evidence layouts. Each is read once, byte for byte: it is what is checked, what is
    kept and what runs. Raises `FileMissing`, `UnreadableFile`.
    """
    files: dict[str, str] = {}
    wanted, seen = [process], set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        path = f"workflows/{name}/{name}.bpmn"
        if not (root / path).is_file():
            raise FileMissing(process=process, file=path)
        data = (root / path).read_bytes()
        diagram = read_xml(data, path)
        files[path] = _text(data, path)
        files.update(_texts(root, _beside(root, name, diagram)))
        wanted.extend(called(diagram) + children(diagram))
    return dict(sorted(files.items()))


def sha256_of(files: dict[str, str]) -> str:
    """Return the fingerprint of a closure: of each path and the bytes under it."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        inner = hashlib.sha256(content.encode()).hexdigest()
        digest.update(f"{inner}  {path}\n".encode())
    return digest.hexdigest()


def processes(files: dict[str, str]) -> list[str]:
    """Return the ids of the processes whose diagrams a closure holds."""
    return [Path(path).stem for path in files if path.endswith(".bpmn")]


def called(diagram: etree._Element) -> list[str]:
    """Return the processes a diagram calls."""
    activities = diagram.iterfind(".//bpmn:callActivity", NAMES)
    return [str(activity.get("calledElement")) for activity in activities]


def children(diagram: etree._Element) -> list[str]:
    """Return the processes a diagram opens as children: property `children` of a service task."""
    return [
        name.strip()
        for task in diagram.iterfind(".//bpmn:serviceTask", NAMES)
        for prop in task.iterfind(".//spiffworkflow:property[@name='children']", NAMES)
        for name in prop.get("value", "").split(",")
    ]


def _beside(root: Path, name: str, diagram: etree._Element) -> Iterator[Path]:
    yield from (root / "workflows" / name).glob("*.dmn")
    yield from (root / "forms" / name).glob("*.toml")
    for prop in diagram.iterfind(".//spiffworkflow:property[@name='document']", NAMES):
        yield from (root / LAYOUTS).glob(f"*/{prop.get('value')}.html")


def _texts(root: Path, paths: Iterator[Path]) -> dict[str, str]:
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    return {path: _text(data, path) for path, data in found.items()}


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(file=path, why="it is not written in UTF-8.") from error
