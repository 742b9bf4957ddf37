"""Stories of a reply that differs: both are kept, and a person says which stands."""

from tests.processes.answering import Hospital
from tests.processes.company import Company
from tests.processes.conftest import Notify


def test_two_replies_with_different_numbers_are_a_task_for_a_person(
    hospital: Hospital, house: Company
) -> None:
    hospital.reply(**hospital.says("used"))
    hospital.reply(**hospital.says("quarantined"))
    assert hospital.account(0) == "confirmed_at_consignee"
    assert hospital.findings == {"differs"}
    house.do("settle_reply", task=house.open_tasks_at("settle_reply")[-1], stands="earlier")
    assert hospital.account(0) == "used"
    assert [one.channel for one in hospital.replies] == ["link", "link", "telephone"]


def test_a_number_that_is_not_on_the_list_is_recorded_and_looked_into(
    hospital: Hospital, to_new: Notify, house: Company
) -> None:
    other = to_new(units=1)
    first, second, _ = hospital.serials
    before = len(house.open_tasks_at("settle_reply"))
    pasted = f"{first} - {second}\n{other.serials[0]}\nGHOST-7"
    check = hospital.fill_in(**{"list.quarantined": pasted})
    assert f"Not on your list: {other.serials[0]}, GHOST-7" in check.text
    hospital.post("/send", {}, at=check)
    assert hospital.account(1) == "confirmed_at_consignee"
    assert hospital.findings == {"not_listed"}
    assert other.account(0) == "at_consignee"  # nobody speaks for another's units
    assert len(house.open_tasks_at("settle_reply")) == before + 1
