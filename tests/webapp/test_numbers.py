"""What somebody types for a whole number, however long it is."""

import pytest

from webapp.config import LARGEST_ID
from webapp.numbers import whole


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("0", 0), ("007", 7), (str(LARGEST_ID), LARGEST_ID), ("0" * 5_000 + "8", 8),
        (str(LARGEST_ID + 1), None), ("9" * 5_000, None), ("", None), (None, None), ("-1", None),
        ("+1", None), ("1.0", None), ("1 ", None), ("١", None), ("²", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_one_that_can_be_kept_or_none(
    said: str | None, number: int | None
) -> None:
    assert whole(said) == number


def test_a_number_has_the_limit_of_its_field() -> None:
    assert whole("999", most=999) == 999
    assert whole("1000", most=999) is None
