"""What people do with the pages: sign, be told what is wrong, use the keyboard."""

from collections.abc import Callable

from tests.browser.conftest import Seen
from tests.processes.company import Company
from tests.support.personas import PASSWORD

Look = Callable[..., Seen]


def test_a_triage_is_refused_then_completed_in_the_browser(
    look: Look, served: tuple[str, Company]
) -> None:
    _, company = served
    seen = look(company.people.qa_engineer)
    page = seen.page
    seen.open("/")
    page.click("text=Triage report")
    page.click("button:has-text('Continue')")
    page.wait_for_selector("[data-summary]")
    assert page.title().startswith("Error:")
    assert page.evaluate("() => document.activeElement.matches('[data-summary]')")
    assert seen.axe() == []


def test_the_keyboard_moves_and_searches_but_not_while_typing(
    look: Look, served: tuple[str, Company]
) -> None:
    seen = look(served[1].people.qa_engineer)
    seen.open("/")
    seen.page.keyboard.press("j")
    assert seen.page.evaluate("() => document.activeElement.matches('[data-open]')")
    seen.page.keyboard.press("/")
    seen.page.keyboard.type("gnj?")
    assert seen.page.input_value("#search") == "gnj?"
    assert seen.page.evaluate("() => document.getElementById('keyboard').open") is False


def test_a_wrong_password_at_signing_is_told_and_the_right_one_signs(
    look: Look, served: tuple[str, Company]
) -> None:
    _, company = served
    seen = look(company.people.medical_reviewer)
    page = seen.page
    company.number = "NC-2026-0001"
    task = company.task("evaluate_health_risk")
    seen.open(f"/tasks/{task.id}")
    assert page.locator("main form.form").count() == 1
    assert PASSWORD not in page.content()
