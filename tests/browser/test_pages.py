"""Every page in a real browser: accessible, within its policy, its width and its budget."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Seen
from tests.processes.company import Company

Look = Callable[..., Seen]
PAGES = {
    "tasks": "/",
    "approvals": "/approvals",
    "nothing_found": "/nonconformances?state=void",
    "cases": "/nonconformances",
    "case": "/nonconformances/NC-2026-0001",
    "units_of_a_case": "/nonconformances/NC-2026-0001/units",
    "answers": "/nonconformances/NC-2026-0001/answers",
    "documents": "/nonconformances/NC-2026-0001/documents",
    "history": "/nonconformances/NC-2026-0001/history",
    "report": "/report",
    "holds": "/holds",
    "tags": "/holds/tags/NC-2026-0001",
    "look_up": "/units-and-lots",
    "unit": "/units-and-lots/units/1",
    "lot": "/units-and-lots/lots/1",
    "search": "/search?q=PMP",
    "people": "/people",
    "person": "/people/3",
    "review": "/people/review",
    "profile": "/profile",
    "devices": "/profile/sessions",
    "password": "/profile/password",
    "ops": "/process-ops",
    "mail": "/mail-folder",
    "keyboard": "/keyboard",
    "not_found": "/nonconformances/NC-1999-0001",
}
LOOKS = [("en", "light", 1440), ("zh", "dark", 1440), ("zh", "light", 390), ("en", "dark", 390)]
LIST_BYTES, LIST_REQUESTS, CASE_BYTES = 60_000, 8, 140_000


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_every_page_passes(
    look: Look, served: tuple[str, Company], language: str, theme: str, width: int
) -> None:
    seen = look(served[1].people.qa_manager, language=language, theme=theme, width=width)
    wrong = []
    for name, path in PAGES.items():
        status = seen.open(path)
        expected = 404 if name == "not_found" else 200
        said = [] if name == "not_found" else list(seen.said)
        found = (seen.axe(), said, seen.overflow)
        if status != expected or any(found):
            wrong.append((name, status, *found))
    assert not wrong


@pytest.mark.parametrize("path", ["/", "/nonconformances", "/holds", "/profile"])
def test_a_list_or_form_stays_within_its_budget(
    look: Look, served: tuple[str, Company], path: str
) -> None:
    seen = look(served[1].people.qa_manager)
    seen.open(path)
    assert sum(size for _, size in seen.fetched) <= LIST_BYTES, seen.fetched
    assert len(seen.fetched) <= LIST_REQUESTS, [url for url, _ in seen.fetched]


def test_the_case_page_stays_within_its_budget(
    look: Look, served: tuple[str, Company]
) -> None:
    seen = look(served[1].people.qa_manager)
    seen.open("/nonconformances/NC-2026-0001")
    assert sum(size for _, size in seen.fetched) <= CASE_BYTES, seen.fetched
