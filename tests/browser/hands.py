"""Hands at the keyboard: what a person types into the pages, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

from engine.people import Person
from tests.browser.conftest import Seen
from tests.support.personas import PASSWORD

Answers = Mapping[str, Any]


@dataclass
class Hands:
    """One person in one signed-in window, doing tasks by typing and pressing buttons."""

    seen: Seen
    person: Person

    @property
    def page(self) -> Page:
        """Return the window."""
        return self.seen.page

    # --- filling in -------------------------------------------------------------------------

    def fill(self, answers: Answers) -> None:
        """Fill in the fields of the form that are shown and answered, from top to bottom."""
        for name in self.page.eval_on_selector_all(
            "[data-field]", "fields => fields.map(field => field.dataset.field)"
        ):
            field = self.page.locator(f"[data-field='{name}']")
            if name in answers and field.is_visible():
                self._answer(field, name, answers[name])

    def _answer(self, field: Locator, name: str, value: Any) -> None:
        if isinstance(value, bool):
            field.locator(f"[name='{name}'][value={'yes' if value else 'no'}]").check()
        elif isinstance(value, tuple):
            field.locator("input[type=file]").set_input_files(value)
        elif isinstance(value, list):
            for one in value:
                field.locator(f"[name='{name}'][value='{one}']").check()
        elif isinstance(value, dict):
            for part, text in value.items():
                self._type(field.locator(f"[name='{name}-{part}']"), text)
        elif field.locator("input[type=radio]").count():
            field.locator(f"[name='{name}'][value='{value}']").check()
        else:
            self._type(field.locator(f"[name='{name}']"), value)

    def _type(self, control: Locator, value: Any) -> None:
        if control.count() == 0 or (value == "" and not control.input_value()):
            return  # a unit of measure that is fixed; nothing to say
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        elif isinstance(value, bool):
            control.set_checked(value)
        else:
            control.fill(str(value))

    # --- pressing ---------------------------------------------------------------------------

    def press(self, words: str) -> None:
        """Press the button with these words in the page itself and wait for what it opens."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("button", name=words).first.click()

    def find(self, number: str, task: str) -> None:
        """Open a task of a case from the list of tasks."""
        self.seen.open("/")
        row = self.page.locator("[data-item]", has_text=number).filter(has_text=task)
        row.locator("[data-open]").click()
        self.page.wait_for_selector("#form form")

    def sign(self, password: str = PASSWORD) -> None:
        """Type what the sign page asks for and sign."""
        if self.page.locator("input[name=user_name]").count():
            self.page.fill("input[name=user_name]", self.person.user_name)
        self.page.fill("input[name=password]", password)
        with self.page.expect_navigation():
            self.page.click(".ceremony form button:not([type=button])")

    def go_on(self, answers: Answers) -> None:
        """Fill in the form that is open and go on from it."""
        self.fill(answers)
        with self.page.expect_navigation():
            self.page.locator("#form .foot button.primary").click()
        assert not self.problems, self.problems

    def do(self, number: str, task: str, answers: Answers) -> None:
        """Do a task from the list to its receipt, signing where that is asked."""
        self.find(number, task)
        self.go_on(answers)
        self.finish()

    def finish(self) -> None:
        """Sign, or complete, what the form led to; a receipt follows."""
        if "/sign/" in self.page.url:
            self.sign()
        else:
            with self.page.expect_navigation():
                self.page.locator("main .foot button.primary").click()
        assert self.page.url.endswith("/receipt"), (self.page.url, self.problems)

    @property
    def problems(self) -> str:
        """Return what the page says is wrong, empty when nothing is."""
        box = self.page.locator("[data-summary]")
        return box.inner_text() if box.count() else ""
