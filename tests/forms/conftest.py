"""A small world of units, lots, people and files, and forms made of a few lines of TOML."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from forms.context import (
    Attachment,
    Context,
    Description,
    LotFound,
    PersonFound,
    ScopeQuestion,
    ScopeRead,
    Stock,
    UnitFound,
)
from forms.reading import read_form

UNITS = [
    UnitFound(1, "SN-1", "P-100"),
    UnitFound(2, "SN-2", "P-100"),
    UnitFound(3, "SN-3", "P-100"),
    UnitFound(4, "SN-3", "P-200"),  # the same serial on another part
    UnitFound(5, "A,B", "P-100"),  # GS1 allows a comma in a serial
]
LOTS = [LotFound(7, "LOT-7", "R-1"), LotFound(8, "LOT-8", "R-1"), LotFound(9, "LOT-8", "R-2")]
FILE = Attachment("a" * 64, "label.jpg", "image/jpeg", 12_345)


def find(known, name):
    def finder(texts):
        return {t: [k for k in known if getattr(k, name) == t] for t in texts}

    return finder


def stock():
    held = [
        Stock(f"unit:{u.unit_id}", u.part_no, "QA-1", unit=u)
        for u in (UNITS[0], UNITS[1], UNITS[3])
    ]
    return [*held, Stock("lot:7@QA-1", "R-1", "QA-1", Decimal(10), lot=LOTS[0])]


def read_scope(text, answers):
    known = {"LOT-7": 7, "LOT-8": 9}
    questions = ()
    if text == "LOT-8":
        choices = (("r-1", "LOT-8 of R-1"), ("r-2", "LOT-8 of R-2"))
        answer = answers.get("part-1") if answers.get("part-1") in dict(choices) else None
        questions = (ScopeQuestion("part-1", text, "Which LOT-8 is meant?", choices, answer),)
    if text not in known:
        return ScopeRead(problems=(f"{text} is not recorded here.",))
    return ScopeRead(
        expression={"any": [{"lot": {"id": known[text]}}]},
        counts={"units": 3, "quantity": "10", "consignees": 2},
        understood=(f"{text}: a lot",),
        questions=questions,
    )


@pytest.fixture
def context():
    return Context(
        zone="Europe/Berlin",
        now=datetime(2026, 3, 4, 12, 0, tzinfo=UTC),
        find_units=find(UNITS, "serial"),
        find_lots=find(LOTS, "lot_number"),
        listed=lambda name: [("cn_recall", "Recall")] if name == "names" else [],
        read_scope=read_scope,
        pending=stock,
        expected=stock,
        pieces=stock,
        unidentified=lambda: [Description(1, "A tray", Decimal(3)), Description(2, "A box")],
        people=lambda role: [PersonFound(11, "Wei Chen")] if role in {None, "warehouse"} else [],
        attachment={FILE.sha256: FILE}.get,
    )


@pytest.fixture
def form_of(tmp_path):
    """Make a form of the fields given as TOML."""

    def make(*fields, head=""):
        folder = tmp_path / "made"
        folder.mkdir(exist_ok=True)
        path = folder / "up.toml"
        text = "".join(f"[[section.field]]\n{field}\n" for field in fields)
        path.write_text(f'title = "Made up"\n{head}\n[[section]]\nheading = "Questions"\n{text}')
        return read_form(path)

    return make
