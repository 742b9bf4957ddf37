"""What is installed: one distribution under plain package names, everything pinned and declared."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions

import pytest

from tests.support.tree import PACKAGES, ROOT, here, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
OURS = {*PACKAGES, "tests", "bench", *(path.stem for path in (ROOT / "tools").glob("*.py"))}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(group: list[str]) -> set[str]:
    return {normal(re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0]) for line in group}


def test_no_other_distribution_claims_our_names() -> None:
    claims = packages_distributions()
    for package in PACKAGES:
        others = {normal(name) for name in claims.get(package, [])} - {"holdfast"}
        assert not others, f"{others} installs a package called {package}: ours would be hidden"


def test_every_line_of_the_constraints_is_one_exact_version() -> None:
    loose = [line for line in CONSTRAINTS if not re.fullmatch(r"[\w.-]+==[\w.!+]+", line)]
    assert not loose, f"constraints.txt: {loose}"


def test_what_is_tested_is_what_is_pinned() -> None:
    pinned = {normal(name): version for name, version in (c.split("==") for c in CONSTRAINTS)}
    for name in sorted(
        required(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])
    ):
        assert name in pinned, f"pin {name} in constraints.txt"
        installed = distribution(name).version
        assert installed == pinned[name], f"{name} is {installed}, constraints.txt differs"


@pytest.mark.parametrize("room", [*PACKAGES, "tests", "bench", "tools"])
def test_every_import_is_declared(room: str) -> None:
    declared = required(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["cluster"])
    if room not in PACKAGES:
        declared |= required(PROJECT["optional-dependencies"]["test"])
    claims = packages_distributions()
    for path, tree in modules(room):
        for node in ast.walk(tree):
            for name in imported(node) - OURS - sys.stdlib_module_names:
                owners = {normal(owner) for owner in claims.get(name, [name])}
                assert owners & declared, f"{here(path, node)}: declare {name} in pyproject.toml"


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module.partition(".")[0]}
    return set()
