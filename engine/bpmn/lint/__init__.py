"""The linter: the gate a diagram passes before it may run, on any BPMN file.

A rule is one public function of a module of this package that takes a `Diagram` and yields what
it complains of; its name is the rule's. The XSD lets through much that the library then drops
silently, so this is a whitelist.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from engine.bpmn.lint import (
    data,
    deciding,
    drawing,
    elements,
    flow,
    naming,
    people,
    timing,
)
from engine.bpmn.lint.around import Around, Closure, Folder
from engine.bpmn.lint.diagram import Complaint, Diagram, Lookup
from engine.bpmn.lint.finding import Finding
from engine.bpmn.step import Action
from engine.bpmn.xml import NAMES, UnreadableFile, read_xml

__all__ = ["Finding", "check_closure", "check_file", "check_paths", "main", "rules"]

Rule = Callable[[Diagram], Iterator[Complaint]]
MODULES = (drawing, naming, elements, flow, timing, people, data, deciding)


@cache
def rules() -> tuple[Rule, ...]:
    """Return every rule, in the order of the modules and as written there."""
    return tuple(
        function
        for module in MODULES
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(function).return_annotation == Iterator[Complaint]
    )


def check_paths(paths: Iterable[str | Path], *, actions: Lookup | None = None) -> list[Finding]:
    """Check every BPMN file among `paths` and below folders; any tool's file will do.

    `actions` is the verb lookup (None for an unknown verb); without it, rules on service tasks
    that need it say nothing.
    """
    return [finding for path in _files(paths) for finding in check_file(path, actions=actions)]


def check_closure(files: Mapping[str, str], *, actions: Lookup | None = None) -> list[Finding]:
    """Check every diagram of a closure against the very texts it will run on, not the disk."""
    around = Closure(files)
    return [
        finding
        for path, text in files.items()
        if path.endswith(".bpmn")
        for finding in _check(text.encode(), path, around, actions)
    ]


def check_file(path: Path, *, actions: Lookup | None = None) -> list[Finding]:
    """Check one file; forms, tables and called diagrams are looked for around it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [_unreadable(str(path), "There is no such file.")]
    except OSError as error:
        return [_unreadable(str(path), f"The file cannot be read: {error.strerror}.")]
    return _check(data, str(path), Folder(path), actions)


def _check(data: bytes, file: str, around: Around, actions: Lookup | None) -> list[Finding]:
    try:
        root = read_xml(data, file)
    except UnreadableFile as error:
        return [_unreadable(file, str(error))]
    process = root.find("bpmn:process", NAMES)
    if process is None:
        return [_unreadable(file, "There is no process in this file.")]

    diagram = Diagram(file, root, process, around, _asked_once(actions))
    return [
        Finding(file, element, rule.__name__, " ".join(sentence.split()))
        for rule in rules()
        for element, sentence in dict.fromkeys(rule(diagram))
    ]


def _unreadable(file: str, why: str) -> Finding:
    return Finding(file, "-", "file_can_be_read", why)


def main(paths: Sequence[str], *, actions: Lookup | None = None) -> int:
    """Print one line per finding, `file:element: rule: sentence`; return 1 when there are any."""
    files = _files(paths or ["workflows"])
    findings = check_paths(files, actions=actions)
    for finding in findings:
        print(finding)  # noqa: T201  it is what the command line asked for
    if not files:
        print("-:-: file_can_be_read: There is no BPMN file here.")  # noqa: T201
    return 1 if findings or not files else 0


def _files(paths: Iterable[str | Path]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        found += sorted(path.rglob("*.bpmn")) if path.is_dir() else [path]
    return found


def _asked_once(actions: Lookup | None) -> Callable[[str], Action | None] | None:
    """Take a lookup that raises for an unknown verb as one that returns None."""
    if actions is None:
        return None

    @cache
    def ask(verb: str) -> Action | None:
        try:
            found = actions(verb)
        except (LookupError, ImportError):
            return None
        return None if found is None else Action.of(found)

    return ask
