"""The engine's own words: everything a record prints is said in Chinese too."""

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from lxml import etree

from engine.words import say

ROOT = Path(__file__).parents[2]
CASES = ROOT / "engine" / "cases"
PRINTED = [
    CASES / "balance.py",
    CASES / "dispositions.py",
    CASES / "drills" / "hospitals.py",
    CASES / "drills" / "measures.py",
    CASES / "drills" / "report.py",
    CASES / "scopes" / "obligations.py",
    CASES / "scopes" / "signed.py",
    *sorted((CASES / "records").glob("*.py")),
]
USER_TASK = "{http://www.omg.org/spec/BPMN/20100524/MODEL}userTask"


def _printed() -> list[str]:
    marked = [
        str(message)
        for path in PRINTED
        for _, message, _, _ in extract("python", BytesIO(path.read_bytes()), {"N_": None})
    ]
    drawn = [
        task.get("name")
        for path in sorted((ROOT / "workflows").rglob("*.bpmn"))
        for task in etree.parse(path).iter(USER_TASK)
    ]
    return sorted({*marked, *drawn})


@pytest.mark.parametrize("text", _printed())
def test_every_word_of_a_record_is_said_in_chinese(text: str) -> None:
    assert say(text, "zh") != text, f"translate it in {ROOT / 'engine/translations'}"
