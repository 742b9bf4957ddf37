"""The collection of laws beside the project: the words of a clause, as plain text."""

from functools import cache
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"


def must_stand(file: str, words: str) -> None:
    """Fail where the words do not stand in the law; skip where the laws are not at hand."""
    path = SHARED / "data" / "law" / file
    if not path.parent.exists():
        pytest.skip("../shared/data/law is not beside the project")
    assert words in _plain(path), f"{file} does not say so"


@cache
def _plain(path: Path) -> str:
    plain = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".xml":
        plain = plain.replace("<", " <").replace(">", "> ")
        plain = "".join(part.rpartition(">")[2] for part in plain.split("<"))
    return " ".join(plain.split())
