"""The vendored files are what the manifest says, and every icon that is used is there."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.webapp.conftest import Visitor

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "webapp/static/vendor", ROOT / "tests/browser/vendor")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.parent.name)
def test_every_vendored_file_is_the_one_of_the_manifest(folder: Path) -> None:
    listed = {row["file"]: row for row in json.loads((folder / "manifest.json").read_text())}
    there = {path.name for path in folder.iterdir()} - {"manifest.json", "NOTICES.txt"}
    assert there == set(listed)
    for name, row in listed.items():
        digest = hashlib.sha384((folder / name).read_bytes()).digest()
        assert row["sha384"] == "sha384-" + base64.b64encode(digest).decode(), name


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = (FOLDERS[0] / "icons.svg").read_text()
    there = set(re.findall(r'id="i-([a-z0-9-]+)"', sprite))
    used = set()
    for path in (ROOT / "webapp/templates").rglob("*.html"):
        used |= set(re.findall(r'icon\("([a-z0-9-]+)"', path.read_text("utf-8")))
    assert used <= there, f"add to ICONS in tools/vendor.py: {sorted(used - there)}"


def test_the_watermark_of_the_diagram_is_left_alone() -> None:
    for path in (ROOT / "webapp/static").rglob("*.css"):
        if "vendor" not in path.parts:
            assert "bjs-powered-by" not in path.read_text("utf-8"), path


def test_a_static_file_is_kept_for_a_year_under_the_address_of_its_release(
    visitor: Visitor,
) -> None:
    page = visitor.get("/sign-in").text
    address = re.search(r'href="(/static/[^"]+holdfast\.css)"', page)[1]
    answer = visitor.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    old = visitor.get(re.sub(r"/static/[0-9a-f]+/", "/static/000000000000/", address))
    assert old.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["../config.py", "%2e%2e/config.py", "css/../../config.py"])
def test_nothing_outside_the_static_folder_is_served(visitor: Visitor, name: str) -> None:
    assert visitor.get(f"/static/x/{name}").status_code == 404
