"""The canonical form is frozen: these bytes must never change."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from engine.evidence.canonical import NotCanonical, canonical, sha256


def test_the_bytes_of_a_record_are_frozen():
    value = {
        "b": [1, -2, True, None],
        "a": "裂纹 \u00e9",
        "at": datetime(2026, 3, 2, 16, 0, tzinfo=timezone(timedelta(hours=8))),
        "on": date(2026, 3, 2),
        "quantity": Decimal("12.500"),
        "id": UUID(int=7),
    }

    assert (
        canonical(value)
        == (
            '{"a":"裂纹 é","at":"2026-03-02T08:00:00.000000Z","b":[1,-2,true,null],'
            '"id":"00000000-0000-0000-0000-000000000007","on":"2026-03-02","quantity":"12.500"}'
        ).encode()
    )
    assert sha256({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def test_two_ways_to_type_a_letter_are_one():
    assert canonical({"e\u0301": "e\u0301"}) == canonical({"\u00e9": "\u00e9"})


def test_a_decimal_never_turns_into_an_exponent():
    assert canonical(Decimal("1E+3")) == b'"1000"'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        {"a": [0.1]},
        datetime.fromisoformat("2026-01-01T00:00"),
        {1: "a"},
        {"\u00e9": 1, "e\u0301": 2},
        {1, 2},
        b"x",
    ],
)
def test_what_two_machines_may_write_differently_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical(value)


def test_a_moment_is_in_utc():
    assert canonical(datetime(2026, 3, 2, tzinfo=UTC)) == b'"2026-03-02T00:00:00.000000Z"'
