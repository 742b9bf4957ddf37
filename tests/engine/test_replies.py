"""What a reply says: what contradicts, what looks like a patient, what a lot's quantities move."""

from decimal import Decimal

import pytest

from engine.cases.balance import Holding
from engine.cases.replies import patients
from engine.cases.replies.differing import contradicts
from engine.cases.replies.posting import moves


def of(**outcomes: int) -> dict[str, Decimal]:
    return {name: Decimal(much) for name, much in outcomes.items()}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (of(quarantined=4), of(returned=4)),
        (of(quarantined=4), of(quarantined=1, destroyed=3)),
        (of(in_use_until_corrected=2), of(used=1, quarantined=1)),
        (of(not_found=1), of(quarantined=1)),
        (of(quarantined=4), of(quarantined=4, used=3)),  # more of the lot is answered for
        (of(used=2), of(used=2)),
    ],
)
def test_what_happened_since_is_no_contradiction(
    before: dict[str, Decimal], after: dict[str, Decimal]
) -> None:
    assert not contradicts(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (of(used=1), of(quarantined=1)),
        (of(destroyed=4), of(returned=4)),
        (of(quarantined=4), of(quarantined=3)),
        (of(quarantined=4), of(used=4)),
        (of(returned=8, quarantined=4), of(returned=6, quarantined=6)),
        (of(not_ours=1), of(used=1)),
    ],
)
def test_what_cannot_both_be_true_is_one(
    before: dict[str, Decimal], after: dict[str, Decimal]
) -> None:
    assert contradicts(before, after)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Implanted in patient John Miller on Monday", ("name",)),
        ("Mrs Keller has it", ("name",)),
        ("DOB: 03/02/1951", ("birth",)),
        ("MRN 00123456", ("record",)),
        ("患者张某，住院号 2026031777", ("record", "name")),
        ("身份证 11010519491231002X", ("citizen",)),
        ("SSN 123-45-6789", ("citizen",)),
    ],
)
def test_what_identifies_a_patient_is_noticed(text: str, kinds: tuple[str, ...]) -> None:
    assert patients.found_in(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "P-0001 and P-0002 went to theatre 2",
        "Serial 2026031712345678, lot 8841A",
        "Call +49 89 1234 567 between 8 and 9",
        "Patient was informed on 3 March 2026, two patients in all",
        "Received 2026-03-02, delivery note DN-88120",
        "患者已告知，共两名",
        "",
    ],
)
def test_what_a_hospital_writes_every_day_warns_of_nothing(text: str) -> None:
    assert patients.found_in(text) == ()


def lying(**accounts: int) -> list[Holding]:
    return [Holding(name, None, 7, Decimal(much), party_id=3) for name, much in accounts.items()]


@pytest.mark.parametrize(
    ("there", "goal", "moved"),
    [
        (lying(at_consignee=12), of(used=4), [("used", "at_consignee", 4)]),
        (lying(at_consignee=12), of(), []),
        (lying(used=12), of(used=3), [("at_consignee", "used", 9)]),  # an answer is taken back
        (
            lying(confirmed_at_consignee=12),
            of(confirmed_at_consignee=4, return_announced=8),
            [("return_announced", "confirmed_at_consignee", 8)],
        ),
        (lying(at_consignee=5), of(used=9), [("used", "at_consignee", 5)]),  # no more than there is
        (lying(held=5), of(used=5), []),  # what is in our hands is moved by nobody's word
        (lying(in_transit=2, at_consignee=1), of(used=1), [("used", "in_transit", 1)]),
    ],
)
def test_only_the_difference_moves(
    there: list[Holding], goal: dict[str, Decimal], moved: list[tuple[str, str, int]]
) -> None:
    assert [(to, one.account, one.quantity) for to, one in moves(goal, there)] == moved
