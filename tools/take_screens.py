"""Take a picture of every page of a running company, in both languages, wide and narrow.

    python tools/take_screens.py [FOLDER]

FOLDER is an instance folder (`instance` unless given) that `make run` has filled. Pages are found
by following links as each person in turn: one picture per route, as the first who may see it.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from engine.clock import now
from engine.people.models import PersonAccount
from engine.people.sessions import open_session
from webapp.compose import Holdfast, compose
from webapp.create_app import create_app
from webapp.settings import Settings

SCREENS = Path("screenshots")
CHROMIUM = "/usr/bin/chromium"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LOOKS = {
    "en": ("en", "light", WIDE),
    "zh-dark": ("zh", "dark", WIDE),
    "zh": ("zh", "light", WIDE),
    "en-phone": ("en", "light", NARROW),
    "zh-phone": ("zh", "light", NARROW),
}
MOST_PAGES = 40  # followed per person: enough to reach every route, few enough to end


@dataclass(frozen=True)
class Seen:
    """One route as the first person who may see it finds it."""

    endpoint: str
    address: str
    user_name: str


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve the pages on a free port for as long as the block lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def cookies_of(app: Flask, holdfast: Holdfast, site: str) -> dict[str, dict[str, str]]:
    """Open a session for everyone and give each one's cookie by user name."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    cookies = {}
    with holdfast.database.begin() as db:
        for person in db.scalars(select(PersonAccount).order_by(PersonAccount.id)):
            token, _ = open_session(db, person.id, address="", browser="screens", at=now())
            value = signer.dumps({"_user_id": token, "_fresh": True})
            cookies[person.user_name] = {
                "name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": site,
            }  # fmt: skip
    return cookies


def endpoint_of(app: Flask, address: str) -> str | None:
    """Name the route of an address of ours; None when it is not a page to look at."""
    parts = urlsplit(address)
    try:
        endpoint, _ = app.url_map.bind("127.0.0.1").match(parts.path, method="GET")
    except HTTPException:
        return None
    skipped = endpoint.startswith(("assets", "api")) or parts.path.endswith((".bpmn", ".pdf"))
    return None if skipped else str(endpoint)


def doors(app: Flask) -> list[str]:
    """Give the addresses that need nothing to be known: where following links begins."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted(rule.rule for rule in rules if not rule.arguments)


def routes_seen_by(page: Page, app: Flask, site: str, user_name: str) -> Iterator[Seen]:
    """Follow the links of one person, breadth first, one address per route; name what breaks."""
    waiting, known = doors(app), set[str]()
    while waiting and len(known) < MOST_PAGES:
        address = waiting.pop(0)
        endpoint = endpoint_of(app, address)
        if endpoint is None or endpoint in known:
            continue
        response = page.goto(site + address)
        if response is None or response.status >= 500:
            print(f"{address} breaks for {user_name}")
            known.add(endpoint)
        elif response.ok and "text/html" in (response.header_value("content-type") or ""):
            known.add(endpoint)
            if urlsplit(page.url).path == urlsplit(address).path:  # not sent elsewhere
                yield Seen(endpoint, address, user_name)
        links = page.eval_on_selector_all("a[href]", "links => links.map(a => a.href)")
        waiting += [link.removeprefix(site) for link in links if link.startswith(f"{site}/")]


def dressed(
    browser: Browser, site: str, look: str, cookie: dict[str, str] | None
) -> BrowserContext:
    """Open a browser that speaks, shines and is as wide as the look says."""
    language, theme, size = LOOKS[look]
    context = browser.new_context(viewport=size, locale=language)  # type: ignore[arg-type]
    context.add_cookies([
        *([cookie] if cookie else []),  # type: ignore[list-item]
        {"name": "language", "value": language, "url": site},
        {"name": "theme", "value": theme, "url": site},
    ])  # fmt: skip
    return context


def take(browser: Browser, app: Flask, holdfast: Holdfast, site: str) -> int:
    """Take every picture and return how many routes were seen."""
    cookies = cookies_of(app, holdfast, site)
    found: dict[str, Seen] = {}
    for user_name, cookie in {"nobody": None, **cookies}.items():
        with dressed(browser, site, "en", cookie) as context:
            for seen in routes_seen_by(context.new_page(), app, site, user_name):
                found.setdefault(seen.endpoint, seen)
    for look in LOOKS:
        (SCREENS / look).mkdir(parents=True, exist_ok=True)
        for seen in found.values():
            with dressed(browser, site, look, cookies.get(seen.user_name)) as context:
                page = context.new_page()
                page.goto(site + seen.address, wait_until="networkidle")
                page.screenshot(path=SCREENS / look / f"{seen.endpoint}.png", full_page=True)
    return len(found)


def main() -> int:
    """Take the pictures of the company in the folder named, or say what is missing."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "instance")
    if not (folder / "holdfast.db").exists():
        print(f"There is no company in {folder}: run `make run` once, then this again.")
        return 1

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    holdfast = compose(Settings.read(folder))
    app = create_app(holdfast)
    with serving(app) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        count = take(browser, app, holdfast, site)
        browser.close()
    print(f"{count} pages in {len(LOOKS)} looks: {SCREENS}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
