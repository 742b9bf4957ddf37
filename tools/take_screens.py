"""Take a picture of every page of the demo company, in each language, theme and width.

    python tools/take_screens.py [FOLDER]

FOLDER holds the demo company; it is brought up there when it is not yet (in screenshots/.company
unless another is given), and people sign in to it: never give the folder of a real company. Pages
are found by following links as one person of each of a few roles: one picture per route, as the
first who may see it. The pages to check and to sign answers on are opened with the answers of the
demo's book.
"""

import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select
from waitress import create_server
from werkzeug.exceptions import HTTPException

from engine.bpmn.models import Task
from engine.cases import commands, preparing, walking
from engine.cases.register import Wanted, cases
from engine.clock import now
from engine.errors import EngineError
from engine.people import Person, person_of
from engine.people.models import PersonAccount
from engine.people.sessions import open_session
from webapp.compose import Holdfast, compose
from webapp.create_app import create_app
from webapp.demo import bring_up
from webapp.demo.book import answers_for
from webapp.queries.task import place
from webapp.settings import Settings

SCREENS = Path("screenshots")
PICTURE = Path("docs/case.png")  # the one the README shows
CHROMIUM = "/usr/bin/chromium"
WIDTHS = {1440: 900, 390: 844}
LOOKS = [
    (tongue, theme, width)
    for tongue in ("en", "zh")
    for theme in ("light", "dark")
    for width in WIDTHS
]
ROLES = ("qa_manager", "qa_engineer", "warehouse", "administrator", "auditor")  # who look around
FEW = 3  # addresses of one route that are followed
SOUGHT = ("/search?q=P", "/nonconformances/NC-1999-0001", "/people/new")


@dataclass(frozen=True)
class Shot:
    """One route as the first person who may see it finds it."""

    name: str
    address: str
    user_name: str


@dataclass
class Company:
    """The demo company being served, with everyone signed in."""

    app: Flask
    holdfast: Holdfast
    site: str
    people: dict[str, Person]
    clients: dict[str, FlaskClient]
    session_ids: dict[str, int]

    def cookie(self, user_name: str) -> str:
        """Return the cookie of a person's session."""
        kept = self.clients[user_name].get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        return kept.value if kept else ""


@contextmanager
def serving(folder: Path) -> Iterator[Company]:
    """Serve the company on a free port for as long as the block lasts."""
    holdfast = compose(Settings.read(folder))
    app = create_app(holdfast)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    company = Company(app, holdfast, f"http://127.0.0.1:{server.effective_port}", {}, {}, {})
    _sign_everyone_in(company)
    yield company
    server.close()
    holdfast.database.close()


def _sign_everyone_in(company: Company) -> None:
    company.clients[""] = company.app.test_client()
    with company.holdfast.database.begin() as db:
        active = PersonAccount.disabled_at.is_(None)
        for account in db.scalars(select(PersonAccount).where(active).order_by(PersonAccount.id)):
            token, row = open_session(db, account.id, address="", browser="screens", at=now())
            client = company.app.test_client()
            with client.session_transaction() as cookie:
                cookie.update({"_user_id": token, "_fresh": True})
            company.clients[account.user_name] = client
            company.people[account.user_name] = person_of(db, account.id, at=now())
            company.session_ids[account.user_name] = row.id


# --- finding the pages -----------------------------------------------------------------------


def shots_of(company: Company) -> list[Shot]:
    """Find one address of every page, and the person to look at it as."""
    found: dict[str, Shot] = {}
    for user_name in _onlookers(company):
        for shot in _followed(company, user_name, known=set(found)):
            found.setdefault(shot.name, shot)
    for shot in _signed_pages(company):
        found.setdefault(shot.name, shot)
    busiest = _busiest_case(company)
    if busiest and "case.overview" in found:
        someone = found["case.overview"].user_name
        found["case.overview"] = Shot("case.overview", f"/nonconformances/{busiest}", someone)
    return list(found.values())


def _onlookers(company: Company) -> list[str]:
    """Name somebody of each role that sees pages of its own; nobody signed in comes first."""
    found = [""]
    for role in ROLES:
        holders = [name for name, person in company.people.items() if role in person.roles]
        found += [name for name in holders[:1] if name not in found]
    return found


def _followed(company: Company, user_name: str, *, known: set[str]) -> Iterator[Shot]:
    """Follow the links of one person, breadth first; of a route a few addresses, one if known."""
    waiting = [*_doors(company.app), *SOUGHT]
    seen, looked_at = set[str](), dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        endpoint = _endpoint(company.app, address)
        enough = 1 if endpoint in known else FEW
        if endpoint is None or address in seen or looked_at.get(endpoint, 0) >= enough:
            continue
        seen.add(address)
        looked_at[endpoint] = looked_at.get(endpoint, 0) + 1
        answer = company.clients[user_name].get(address)
        if answer.status_code >= 500:
            print(f"{address} breaks for {user_name or 'nobody'}")
        elif answer.mimetype == "text/html" and answer.status_code < 300:
            yield Shot(endpoint, address, user_name)
        elif answer.status_code in (403, 404):
            yield Shot(f"error.{answer.status_code}", address, user_name)
        links = re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text)
        waiting += [link.replace("&amp;", "&") for link in links]


def _doors(app: Flask) -> list[str]:
    """Give the addresses that need nothing to be known: where following links begins."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted(rule.rule for rule in rules if not rule.arguments)


def _endpoint(app: Flask, address: str) -> str | None:
    """Name the route of an address of ours; None when it is not a page to look at."""
    path = urlsplit(address).path
    try:
        endpoint, _ = app.url_map.bind("127.0.0.1").match(path, method="GET")
    except HTTPException:
        return None
    is_file = endpoint in {"case.document", "case.review_copy"} or path.endswith(".bpmn")
    return None if is_file or endpoint.startswith(("assets", "api")) else str(endpoint)


def _busiest_case(company: Company) -> str | None:
    """Return the open case with the most steps waiting: the one worth looking at."""
    with company.holdfast.database.read() as db:
        rows = cases(db, Wanted(state="open"), at=now()).rows
        return max(rows, key=lambda row: len(row.waiting_at)).number if rows else None


def _signed_pages(company: Company) -> Iterator[Shot]:
    """Open a page to check answers on and one to sign them on, at tasks that are open."""
    waits = Task.done_at.is_(None) & Task.cancelled_at.is_(None) & Task.claimed_by_id.is_(None)
    with company.holdfast.database.read() as db:
        tasks = list(db.scalars(select(Task).where(waits).limit(60)))
    wanted = {"task.check", "task.sign_page"}
    for task in tasks:
        theirs = [name for name, person in company.people.items() if task.role in person.roles]
        for shot in _answered(company, task.id, theirs[0]) if theirs and wanted else ():
            wanted.discard(shot.name)
            yield shot


def _answered(company: Company, task_id: UUID, user_name: str) -> Iterator[Shot]:
    person, at = company.people[user_name], now()
    session = str(company.session_ids[user_name])
    try:
        with company.holdfast.database.begin() as db:
            task = db.get_one(Task, task_id)
            book = answers_for(task.process, task.element_id, at=at)
            raw = walking.fitted(db, task, book, by=person, at=at)
            commands.save_draft(db, place(task_id), raw, by=person, at=at)
            opened = preparing.prepare(db, task_id, raw, by=person, session_id=session, at=at)
    except EngineError:
        return  # the book does not know enough about this one
    if opened is None:
        yield Shot("task.check", f"/tasks/{task_id}/check", user_name)
    else:
        yield Shot("task.sign_page", f"/tasks/{task_id}/sign/{opened.nonce}", user_name)


# --- taking the pictures ---------------------------------------------------------------------


def take(browser: Browser, company: Company, shots: Iterable[Shot]) -> None:
    """Take every picture in every look, one window per person and look."""
    by_person: dict[str, list[Shot]] = {}
    for shot in shots:
        by_person.setdefault(shot.user_name, []).append(shot)
    for look in LOOKS:
        folder = SCREENS / "-".join(str(part) for part in look)
        folder.mkdir(parents=True, exist_ok=True)
        for user_name, theirs in by_person.items():
            with window(browser, company, look, user_name) as page:
                for shot in theirs:
                    open_page(page, company.site + shot.address)
                    page.screenshot(path=folder / f"{shot.name}.png", full_page=True)
        print(folder)


@contextmanager
def window(
    browser: Browser, company: Company, look: tuple[str, str, int], user_name: str
) -> Iterator[Page]:
    """Open a window that speaks, shines and is as wide as the look says."""
    language, theme, width = look
    size = {"width": width, "height": WIDTHS[width]}
    kept = {"language": language, "theme": theme}
    if user_name:
        kept[company.app.config["SESSION_COOKIE_NAME"]] = company.cookie(user_name)
    with browser.new_context(viewport=size, is_mobile=width < 600) as context:  # type: ignore[arg-type]  # the sizes are those of a screen
        context.add_cookies(
            [{"name": name, "value": value, "url": company.site} for name, value in kept.items()]
        )
        yield context.new_page()


def open_page(page: Page, address: str) -> None:
    """Open a page and wait until its diagram, if it has one, is drawn."""
    page.goto(address)
    if page.query_selector("[data-diagram]"):
        page.wait_for_selector("[data-ready]")
    page.evaluate("() => document.fonts.ready.then(() => true)")


def take_the_one_of_the_readme(browser: Browser, company: Company, shots: Iterable[Shot]) -> None:
    """Take the picture of a case that the README shows."""
    case = next((shot for shot in shots if shot.name == "case.overview"), None)
    if case is None:
        return
    PICTURE.parent.mkdir(exist_ok=True)
    with window(browser, company, ("en", "light", 1440), case.user_name) as page:
        open_page(page, company.site + case.address)
        page.screenshot(path=PICTURE)


def main() -> int:
    """Take the pictures of the demo company and say where they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SCREENS / ".company"
    folder.mkdir(parents=True, exist_ok=True)
    bring_up(folder, say=lambda line: None)
    with serving(folder) as company, sync_playwright() as playwright:
        shots = shots_of(company)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        take_the_one_of_the_readme(browser, company, shots)
        take(browser, company, shots)
        browser.close()
    print(f"{len(shots)} pages in {len(LOOKS)} looks: {SCREENS}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
