"""What goes wrong and right at the keys: shortcuts, drafts, wrong passwords, two at one task."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine import clock
from engine.people import Person
from engine.people.models import WebSession
from tests.browser.conftest import Seen
from tests.browser.hands import Answers, Hands
from tests.processes.company import Company

Look = Callable[..., Seen]
TRIAGE: Answers = {
    "outcome": "confirmed",
    "requirement": "SPEC-0231 rev 4, clause 5.2",
    "severity": "major",
    "rationale": "Three of twenty samples opened below the limit.",
    "scope_correct": True,
}
SCREENED: Answers = {**TRIAGE, "outcome": "not_a_nonconformance"}


@pytest.fixture
def company(served: tuple[str, Company]) -> Company:
    served[1].at = clock.now()
    return served[1]


@pytest.fixture
def reported(company: Company) -> str:
    """Report about what was reported before; give the address of its triage."""
    company.report("S-0001", hold_now=False)
    return f"/tasks/{company.task('triage').id}"


@pytest.fixture
def hands(look: Look) -> Callable[..., Hands]:
    def of(person: Person, **more: object) -> Hands:
        return Hands(look(person, **more), person)

    return of


def test_an_empty_form_names_every_problem_and_a_full_one_is_done(
    hands: Callable[..., Hands], company: Company, reported: str
) -> None:
    engineer = hands(company.people.qa_engineer)
    page = engineer.page
    engineer.seen.open(reported)
    engineer.press("Continue")
    assert page.title().startswith("Error:")
    page.wait_for_function("() => document.activeElement.matches('[data-summary]')")
    assert "Severity" in engineer.problems
    assert engineer.seen.axe() == []
    page.locator("[data-summary] a").first.click()
    assert page.evaluate("() => document.activeElement.closest('[data-field]') !== null")

    engineer.go_on(TRIAGE)
    engineer.finish()
    assert engineer.seen.axe() == []
    assert "confirm_segregation" in company.waiting_at


def test_a_wrong_password_signs_nothing_and_the_right_one_does(
    hands: Callable[..., Hands], company: Company, reported: str
) -> None:
    engineer = hands(company.people.qa_engineer)
    engineer.seen.open(reported)
    engineer.go_on(SCREENED)
    engineer.sign("not the password at all")
    assert "password" in engineer.problems
    assert engineer.page.input_value("[name=password]") == ""
    assert company.waiting_at == {"triage"}
    assert engineer.seen.axe() == []

    engineer.sign()
    assert engineer.page.url.endswith("/receipt")
    assert engineer.page.locator("main", has_text="Chen Mei").count()
    assert "confirm_screening" in company.waiting_at


def test_three_wrong_passwords_lock_signing_even_for_the_right_one(
    hands: Callable[..., Hands], company: Company, reported: str
) -> None:
    engineer = hands(company.people.second_qa_engineer)
    engineer.seen.open(reported)
    engineer.go_on(SCREENED)
    for _ in range(3):
        engineer.sign("not the password at all")
    locked = engineer.page.locator("main").inner_text()
    assert "lock" in locked.lower()
    engineer.seen.open(reported)
    engineer.press("Continue")
    if engineer.page.locator("[name=password]").count():
        engineer.sign()
    assert not engineer.page.url.endswith("/receipt")
    assert company.waiting_at == {"triage"}


def test_of_two_people_at_one_task_the_slower_reads_who_did_it(
    hands: Callable[..., Hands], company: Company, reported: str
) -> None:
    first, second = hands(company.people.qa_engineer), hands(company.people.second_qa_engineer)
    for one in (first, second):
        one.seen.open(reported)
    second.fill({**TRIAGE, "rationale": "The slower one's own words."})
    first.go_on(TRIAGE)
    first.finish()
    second.page.locator("#form .foot button.primary").click()
    second.page.wait_for_load_state()
    told = second.page.locator("main").inner_text()
    assert "Chen Mei" in told
    assert "The slower one's own words." in told
    assert second.seen.axe() == []


def test_what_was_typed_is_there_after_the_session_has_ended(
    hands: Callable[..., Hands], company: Company, reported: str
) -> None:
    engineer = hands(company.people.qa_engineer)
    page = engineer.page
    engineer.seen.open(reported)
    engineer.fill({"outcome": "confirmed", "rationale": "Half a sentence that"})
    page.wait_for_selector("[data-saved][data-state=saved]")
    _let_time_pass(company, company.people.qa_engineer)

    engineer.seen.open(reported)
    assert "/sign-in" in page.url
    page.fill("[name=user_name]", engineer.person.user_name)
    page.fill("[name=password]", "seven quiet herons at dawn")
    engineer.press("Sign in")
    assert page.url.endswith(reported)
    assert page.input_value("[name=rationale]") == "Half a sentence that"
    assert page.is_checked("[name=outcome][value=confirmed]")


def _let_time_pass(company: Company, person: Person) -> None:
    """Make it as if this person's windows had been left alone for an hour."""
    past = clock.now() - timedelta(hours=1)
    with company.holdfast.database.begin() as db:
        theirs = update(WebSession).where(WebSession.person_id == person.id)
        db.execute(theirs.values(opened_at=past - timedelta(hours=1), last_seen_at=past))


def test_the_keyboard_moves_opens_and_claims(
    hands: Callable[..., Hands], company: Company, reported: str
) -> None:
    company.at = clock.now()
    company.report("S-0001", hold_now=False)
    engineer = hands(company.people.qa_engineer)
    page, keys = engineer.page, engineer.page.keyboard
    engineer.seen.open("/")

    def place() -> int:
        rows = "rows => rows.findIndex(row => row.classList.contains('at'))"
        return int(page.eval_on_selector_all("[data-item]", rows))

    keys.press("j")
    keys.press("j")
    assert place() == 1
    keys.press("k")
    assert place() == 0
    assert page.evaluate("() => document.activeElement.matches('.at [data-open]')")

    engineer.seen.open("/?sort=opened")
    keys.press("j")
    with page.expect_navigation():
        keys.press("Enter")
    task_page = page.url
    assert f"/tasks/{company.task('triage').id}" in task_page
    with page.expect_navigation():
        keys.press("c")
    assert company.task("triage").claimed_by_id == engineer.person.id


def test_the_keyboard_goes_to_pages_and_saves_the_draft_without_leaving(
    hands: Callable[..., Hands], reported: str, company: Company
) -> None:
    engineer = hands(company.people.qa_engineer)
    page, keys = engineer.page, engineer.page.keyboard
    engineer.seen.open(reported)
    keys.press("s")
    page.wait_for_selector("[data-saved][data-state=saved]")
    assert page.url.endswith(reported)
    for key, path in (("n", "/nonconformances"), ("i", "/")):
        keys.press("g")
        with page.expect_navigation():
            keys.press(key)
        assert page.url.removeprefix(engineer.seen.address) == path


def test_two_minutes_before_the_session_ends_it_can_be_prolonged(
    hands: Callable[..., Hands], reported: str, company: Company
) -> None:
    engineer = hands(company.people.qa_engineer)
    page = engineer.page
    page.clock.install()
    engineer.seen.open(reported)
    left = int(page.get_attribute("body", "data-session-ends") or 0)
    page.clock.fast_forward((left - 121) * 1000)
    assert not page.is_visible("#session-ends")
    page.clock.fast_forward(2_000)
    assert page.is_visible("#session-ends")
    page.locator("#session-ends button").click()
    page.wait_for_selector("#session-ends", state="hidden")
    assert page.url.endswith(reported)


def test_enter_in_a_field_goes_on_and_never_leaves_the_task(
    hands: Callable[..., Hands], reported: str, company: Company
) -> None:
    engineer = hands(company.people.qa_engineer)
    engineer.seen.open(reported)
    engineer.fill({"outcome": "confirmed", "requirement": "DRW-7 rev 3"})
    with engineer.page.expect_navigation():
        engineer.page.locator("[name=requirement]").press("Enter")
    assert "/tasks/" in engineer.page.url
    focused = "() => document.activeElement.matches('[data-summary]')"
    assert engineer.page.evaluate(focused)  # it went on, and says what is missing


def test_a_key_typed_into_a_field_is_a_letter(
    hands: Callable[..., Hands], company: Company
) -> None:
    engineer = hands(company.people.qa_engineer)
    engineer.seen.open("/")
    engineer.page.keyboard.press("/")
    engineer.page.keyboard.type("gnjc?")
    assert engineer.page.input_value("#search") == "gnjc?"
    assert engineer.page.evaluate("() => document.getElementById('keyboard').open") is False


def test_shortcuts_are_shown_when_asked_for(hands: Callable[..., Hands], company: Company) -> None:
    engineer = hands(company.people.qa_engineer)
    engineer.seen.open("/")
    engineer.page.keyboard.press("?")
    assert engineer.page.is_visible("#keyboard")
    assert engineer.seen.axe() == []


def test_what_any_line_needs_is_asked_wherever_the_line_stands(
    hands: Callable[..., Hands], company: Company
) -> None:
    lot = company.make_lot("S-8800", 10)
    company.report("S-8800")
    for element in ("triage", "confirm_segregation", "investigate"):
        company.do(element)
    engineer = hands(company.people.qa_engineer)
    page = engineer.page
    engineer.seen.open(f"/tasks/{company.task('propose_disposition').id}")
    specification = page.locator('[data-field="registered_specification"]')
    page.select_option("#field-lines-0-type", "scrap")
    assert not specification.is_visible()

    page.click("[data-add-row]")
    page.select_option("#field-lines-1-type", "use_as_is")
    page.select_option("#field-lines-1-lot", f"lot-{lot}")
    assert specification.is_visible()
    page.select_option("#field-lines-1-type", "scrap")
    assert not specification.is_visible()
