"""A company being served, and a real Chromium that looks at it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from waitress import create_server

from engine import clock
from engine.cases.reported import recording
from engine.cases.reported.given import Given
from engine.people import Person
from tests.processes.company import Company
from tests.processes.founding import composed, found
from tests.support.personas import PASSWORD, People, settle
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
LOOK_AT = """rules => axe.run({runOnly: rules, resultTypes: ["violations"], elementRef: false})"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Company]]:
    """Serve a company with cases in several states; give its address and the company."""
    company = _founded(tmp_path_factory.mktemp("company"))
    with _serving(_lived_in(company)) as address:
        yield address, company


@pytest.fixture(scope="session")
def served_empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Company]]:
    """Serve a company where nothing has happened yet."""
    company = _founded(tmp_path_factory.mktemp("empty"))
    with _serving(company) as address:
        yield address, company


def _founded(folder: Path) -> Company:
    url = f"sqlite:///{folder / 'holdfast.db'}"
    lay_schema(url, settle)
    founded = found("sqlite", url, url, folder, People())
    began_at = clock.now() - timedelta(days=3)
    return Company(composed(folder, url), People(), began_at, dict(founded.places))


@contextmanager
def _serving(company: Company) -> Iterator[str]:
    app = create_app(company.holdfast)
    app.add_url_rule("/breaks", "breaks", _break)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    company.holdfast.database.close()


def _break() -> NoReturn:
    message = "a fault nobody foresaw"
    raise RuntimeError(message)


def _lived_in(company: Company) -> Company:
    company.holdfast.keep_dictionary()
    company.make_lot("S-0001", 40, shipped=6)
    company.make_devices("SENS-77", [f"PMP-{n:04d}" for n in range(6)], shipped=1)
    company.report("S-0001")
    company.do("triage")
    company.at = clock.now()
    _hear_of_an_event(company)
    company.report("SENS-77", source="field", reported_events="RE-2026-0001")
    return company


def _hear_of_an_event(company: Company) -> None:
    """Have a complaint be recorded, the first of this year, and corrected."""
    by, at = company.people.complaint_handler, company.at
    given = Given(
        complaint_number="CMP-1", device_name="Pump", received_on=at.date(),
        what_happened="It stopped without an alarm.", outcome="malfunction", country="US",
        aware_at=at, aware_by="Nina Berg", aware_how="by phone", identification="PMP-0001",
    )  # fmt: skip
    with company.holdfast.database.begin() as db:
        number = recording.record(db, given, by=by, at=at, key="an-event").number
        worse = replace(given, outcome="serious_injury")
        recording.correct(
            db, number, worse, version=1, reason="misheard", by=by, at=at, key="worse-than-told"
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Seen:
    """One signed-in browser window; what its console said, what it fetched, what is on its way."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)
    fetched: list[tuple[str, int]] = field(default_factory=list)
    under_way: int = 0

    def __post_init__(self) -> None:
        """Listen to the window."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", self._failed)
        self.page.on("requestfinished", self._arrived)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _asked(self, request: Request) -> None:
        self.under_way += 1

    def _failed(self, request: Request) -> None:
        self.under_way -= 1

    def _arrived(self, request: Request) -> None:
        self.under_way -= 1
        self.fetched.append((request.url, max(0, request.sizes()["responseBodySize"])))

    def open(self, path: str) -> int:
        """Open a page, let it come to rest, and return its status."""
        self.said.clear()
        self.fetched.clear()
        answer = self.page.goto(self.address + path)
        self.settle()
        assert answer is not None
        return answer.status

    def settle(self) -> None:
        """Wait until scripts have fetched what they fetch, and the diagram is drawn."""
        if self.page.query_selector("[data-diagram]"):
            self.page.wait_for_selector("[data-ready]")
        quiet = 0
        while quiet < 2:
            self.page.wait_for_timeout(25)
            quiet = 0 if self.under_way else quiet + 1

    def axe(self) -> list[Any]:
        """Return what axe-core finds wrong."""
        self.page.evaluate(AXE)
        found = self.page.evaluate(LOOK_AT, RULES)
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
def look(served: tuple[str, Company], chromium: Browser) -> Iterator[Callable[..., Seen]]:
    """Open a window as a person (None: nobody signed in), in a language, theme and width."""
    contexts = []

    def enter(
        person: Person | None,
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1440,
        address: str = served[0],
    ) -> Seen:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, has_touch=width < 600, is_mobile=width < 600
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        seen = Seen(context.new_page(), address)
        if person is not None:
            seen.page.goto(address + "/sign-in")
            seen.page.fill("[name=user_name]", person.user_name)
            seen.page.fill("[name=password]", PASSWORD)
            with seen.page.expect_navigation():
                seen.page.click("main button")
        # the words and colours of a browser are its cookies; a person's own choice came with them
        context.add_cookies(
            [
                {"name": "language", "value": language, "url": address},
                {"name": "theme", "value": theme, "url": address},
            ]
        )
        return seen

    yield enter
    for context in contexts:
        context.close()
