"""The tree as the convention tests see it: files, modules, what they import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("workflows", "forms", "engine", "notifications", "webapp")
ROOMS = (*PACKAGES, "tests", "bench", "tools", ".ci")
BUILT = {"__pycache__", "vendor"}
TEXT = {
    ".bpmn", ".css", ".csv", ".dmn", ".html", ".js", ".json", ".md", ".po", ".py", ".sh", ".svg",
    ".toml", ".txt", ".xml", "",
}  # fmt: skip


def files(*rooms: str, suffix: str | None = None) -> Iterator[Path]:
    """Give every file of the rooms (all of them unless named), without what was vendored."""
    for room in rooms or ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if not path.is_file() or BUILT & set(path.relative_to(ROOT).parts):
                continue
            if suffix is None or path.suffix == suffix:
                yield path


def texts() -> Iterator[Path]:
    """Give every text a person wrote, the files beside the rooms too."""
    beside = (path for path in sorted(ROOT.iterdir()) if path.is_file() and path.name != ".git")
    for path in (*beside, *files()):
        if path.suffix in TEXT:
            yield path


def modules(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    """Give every Python file of the rooms, parsed."""
    for path in files(*rooms, suffix=".py"):
        yield path, ast.parse(path.read_text("utf-8"), filename=str(path))


def here(path: Path, node: ast.AST | None = None) -> str:
    """Say where: the path from the root, and the line."""
    where = str(path.relative_to(ROOT))
    return where if node is None else f"{where}:{getattr(node, 'lineno', 1)}"
