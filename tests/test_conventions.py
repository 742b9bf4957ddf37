"""Conventions worth having: each failure names the file and the fix."""

import ast
import base64
import hashlib
import importlib
import json
import pkgutil
import re
import stat
from collections.abc import Iterator
from types import ModuleType

import pytest

import engine
from engine.errors import EngineError
from tests.support.tree import PACKAGES, ROOT, files, here, modules, texts

BANNED_NAMES = {"entity", "helper", "helpers", "info", "item", "items", "manager", "managers",
                "object", "objects", "service", "services", "util", "utils"}  # fmt: skip
# hosts that serve packages, spelt apart so that this file does not name them
REGISTRIES = [
    "pypi" + ".org", "python" + "hosted", "npm" + "js.", "registry" + ".npm", "yarn" + "pkg",
    "ana" + "conda.org", "deb." + "debian", "ghcr" + ".io", "docker" + ".io", "--index" + "-url",
    "extra" + "-index", "find" + "-links",
]  # fmt: skip
MACHINE_PATHS = re.compile("/" + r"(?:work|root|home|Users)/\w")
UNEXPLAINED = re.compile(r"# type: ignore(?:\[[a-z, -]+\])?\s*$")
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"),
}  # fmt: skip


# --- code ------------------------------------------------------------------------------------


def test_every_module_says_what_lives_in_it() -> None:
    silent = [here(path) for path, tree in modules() if not ast.get_docstring(tree)
              and path.read_text("utf-8").strip()]  # fmt: skip
    assert not silent, f"begin with one sentence saying what lives here: {silent}"


def test_what_the_type_checker_is_told_to_overlook_has_its_reason() -> None:
    silent = [
        f"{here(path)}:{number}"
        for path in files(*PACKAGES, suffix=".py")
        if path.parent.name != "versions"  # a released step never changes
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if UNEXPLAINED.search(line)
    ]
    assert not silent, f"write the reason behind it, as # type: ignore[code]  # why: {silent}"


def test_modules_are_named_in_the_words_of_the_field() -> None:
    banned = [here(path) for path in files(*PACKAGES, suffix=".py") if path.stem in BANNED_NAMES]
    assert not banned, f"name these by what they hold: {banned}"


def test_only_the_clock_reads_the_time() -> None:
    readers = [
        here(path, node)
        for path, tree in modules(*PACKAGES)
        if path != ROOT / "engine/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCKS
    ]
    assert not readers, f"take `at=`, or at an edge engine.clock.now(): {readers}"


def test_commands_flush_and_only_edges_commit() -> None:
    commits = [
        here(path, node)
        for path, tree in modules("engine", "forms", "notifications")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
        and ast.unparse(node) != "self.commit()"  # a session of db.py that only looked ends so
    ]
    assert not commits, f"flush, and let `with database.begin()` commit: {commits}"


def engine_modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(engine.__path__, "engine."):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def errors() -> list[type[EngineError]]:
    list(engine_modules())
    found, waiting = [], [EngineError]
    while waiting:
        error = waiting.pop()
        found.append(error)
        waiting += error.__subclasses__()
    return sorted(
        (e for e in found if e.__module__.startswith("engine.")), key=lambda e: e.__qualname__
    )


def test_every_error_is_a_sentence_a_person_can_act_on() -> None:
    for error in errors():
        where = f"{error.__module__}.{error.__qualname__}"
        assert "__doc__" in vars(error), f"{where}: its docstring is what the person reads"
        begins = error.message.lstrip("“")[:1]
        assert begins.isupper() or begins == "%", f"{where}: begin the sentence: {error.message}"
        ends = error.message.endswith((".", "?", ")s"))  # or with a fact that is a sentence
        assert ends, f"{where}: end the sentence: {error.message}"
        stray = re.sub(r"%\(\w+\)[sd]|%%", "", error.message)
        assert "%" not in stray, f"{where}: name the facts as %(fact)s: {error.message}"


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", REGISTRIES)
def test_no_file_names_a_registry(word: str) -> None:
    named = [here(path) for path in texts() if word in path.read_text("utf-8")]
    assert not named, f"{word}: where packages come from is the machine's business: {named}"


def test_no_file_names_a_path_of_someones_machine() -> None:
    named = [here(path) for path in texts() if MACHINE_PATHS.search(path.read_text("utf-8"))]
    assert not named, f"say it relative to the root: {named}"


def test_every_mail_has_its_subject_its_text_and_its_page() -> None:
    layouts = ROOT / "notifications/layouts"
    for subject in layouts.glob("*.subject.txt"):
        name = subject.name.removesuffix(".subject.txt")
        for suffix in (".txt", ".html"):
            assert (layouts / f"{name}{suffix}").exists(), f"add {here(layouts)}/{name}{suffix}"


@pytest.mark.parametrize("folder", ["webapp/static/vendor", "tests/browser/vendor"])
def test_what_is_vendored_is_what_the_manifest_says(folder: str) -> None:
    vendor = ROOT / folder
    manifest = json.loads((vendor / "manifest.json").read_text("utf-8"))
    for entry in manifest:
        digest = hashlib.sha384((vendor / entry["file"]).read_bytes()).digest()
        found = f"sha384-{base64.b64encode(digest).decode()}"
        assert found == entry["sha384"], f"{folder}/{entry['file']} is not what was vendored"

    strays = {path.name for path in vendor.iterdir()} - {entry["file"] for entry in manifest}
    assert strays <= {"manifest.json", "NOTICES.txt"}, f"not in the manifest: {strays}"


@pytest.mark.parametrize("folder", ["webapp/static/vendor", "tests/browser/vendor"])
def test_what_is_vendored_is_in_the_notices(folder: str) -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES").read_text("utf-8")
    for entry in json.loads((ROOT / folder / "manifest.json").read_text("utf-8")):
        named = f"{entry['package']} {entry['version']}"
        assert named in notices, f"name {named} in THIRD_PARTY_NOTICES"


def test_every_target_of_the_makefile_is_in_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    helped = set(re.findall(r"^(\w+):.*## \S", makefile, re.MULTILINE))
    assert set(phony.group(1).split()) == helped


@pytest.mark.parametrize("path", [".ci/run", "tools/install_system"])
def test_what_is_run_can_be_run(path: str) -> None:
    assert (ROOT / path).stat().st_mode & stat.S_IXUSR, f"chmod +x {path}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_our_pages_lead_somewhere(page: str) -> None:
    words = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"(?<!!)\[[^]]*\]\(([^)#]+)", words) if "://" not in link]
    broken = [link for link in links if not (ROOT / link).exists()]
    assert not broken, f"{page} links to {broken}"


def test_contributing_opens_with_adding_a_process() -> None:
    words = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", words, re.MULTILINE)
    assert headings[1] == "Add a process"
