"""A company being served, and a real Chromium that looks at it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from waitress import create_server

from engine import clock
from engine.people import Person
from tests.processes.company import Company
from tests.processes.founding import composed, found
from tests.support.personas import PASSWORD, People
from tests.support.schema import lay_schema
from webapp.create_app import create_app

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Company]]:
    """Serve a company with cases in several states; give its address and the company."""
    folder = tmp_path_factory.mktemp("company")
    url = f"sqlite:///{folder / 'holdfast.db'}"
    lay_schema(url, peopled=True)
    founded = found("sqlite", url, url, folder, People())
    holdfast = composed(folder, url)
    began_at = clock.now() - timedelta(days=3)
    company = _lived_in(Company(holdfast, People(), began_at, dict(founded.places)))
    server = create_server(create_app(holdfast), host="127.0.0.1", port=0, threads=4)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}", company
    server.close()
    holdfast.database.close()


def _lived_in(company: Company) -> Company:
    company.make_lot("S-0001", 40, shipped=6)
    company.make_devices("SENS-77", [f"PMP-{n:04d}" for n in range(6)], shipped=1)
    company.report("S-0001")
    company.do("triage")
    company.at = clock.now()
    company.report("SENS-77")
    return company


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Seen:
    """One signed-in browser window; what its console said, what it fetched."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)
    fetched: list[tuple[str, int]] = field(default_factory=list)

    def open(self, path: str) -> int:
        self.said.clear()
        self.fetched.clear()
        answer = self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        if self.page.query_selector("[data-diagram]"):
            self.page.wait_for_selector("[data-ready]")
        assert answer is not None
        return answer.status

    def axe(self) -> list[Any]:
        self.page.evaluate(AXE)
        found = self.page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        return [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in found["violations"]
        ]

    @property
    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(
            self.page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


@pytest.fixture
def look(
    served: tuple[str, Company], chromium: Browser
) -> Iterator[Callable[..., Seen]]:
    """Open a window as a person, in a language, theme and width."""
    contexts = []

    def enter(
        person: Person, *, language: str = "en", theme: str = "light", width: int = 1440
    ) -> Seen:
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        seen = Seen(page, served[0])
        page.on(
            "console",
            lambda m: seen.said.append(m.text) if m.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: seen.said.append(str(error)))
        page.on(
            "requestfinished",
            lambda r: seen.fetched.append((r.url, max(0, r.sizes()["responseBodySize"]))),
        )
        page.goto(served[0] + "/sign-in")
        page.fill("[name=user_name]", person.user_name)
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_load_state("networkidle")
        context.add_cookies(
            [
                {"name": "language", "value": language, "url": served[0]},
                {"name": "theme", "value": theme, "url": served[0]},
            ]
        )
        return seen

    yield enter
    for context in contexts:
        context.close()
