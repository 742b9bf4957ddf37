"""Completing tasks over HTTP: the embedded server, four browsers at once, each with its session.

    python bench/http_tasks.py [tasks]

The server is waitress with the real application, as `holdfast run` starts it, in a process of its
own. The answers of each task lie there as a draft; a client opens the check page and confirms
them with that page's token and key, and what is timed is the confirmation: it completes the task.
The baseline, in turn with it, is a page that asks nothing of the case: what HTTP, session and
template cost. The rate is of completions only, four clients sending one after the other.
"""

import http.client
import multiprocessing
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script

import waitress

from bench import _databases
from bench._company import PEOPLE, company, settle, token_of
from bench._table import Table
from engine.cases import commands
from tests.processes.company import Company
from tests.processes.founding import composed
from tests.support.personas import PASSWORD
from webapp.create_app import create_app
from webapp.serve import THREADS

CLIENTS = 4
WHO = PEOPLE.warehouse
CHECKED = re.compile(r'name="checked" value="([^"]+)"')
KEY = re.compile(r'name="request_key" value="([^"]+)"')


class Browser:
    """One person's browser: a connection that is kept, and the cookies it was given."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookies: dict[str, str] = {}
        page = self.ask("GET", "/sign-in")
        sent = {"user_name": WHO.user_name, "password": PASSWORD, "csrf_token": token_of(page)}
        self.ask("POST", "/sign-in", sent)

    def ask(self, method: str, path: str, form: dict[str, Any] | None = None) -> str:
        """Send one request and return the page; anything but 200 and 303 is an error."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status not in {200, 303}:
            message = f"{method} {path}: {answer.status} {page[:2000]}"
            raise RuntimeError(message)
        return page

    def check(self, task: str) -> dict[str, Any]:
        """Open the check page of a task that has a draft; return the form that confirms it."""
        page = self.ask("GET", f"/tasks/{task}/check")
        key = KEY.search(page)
        assert key, page[:2000]
        checked = CHECKED.search(page)
        assert checked, page[:2000]
        return {"csrf_token": token_of(page), "request_key": key[1], "checked": checked[1]}

    def confirm(self, task: str, form: dict[str, Any]) -> None:
        """Complete a task that was checked."""
        self.ask("POST", f"/tasks/{task}/complete", form)


def serve(folder: Path, url: str, port: Any) -> None:
    """Serve the application until the process is ended (in a process of its own)."""
    server = waitress.create_server(
        create_app(composed(folder, url)), host="127.0.0.1", port=0, threads=THREADS
    )
    port.send(server.effective_port)
    server.run()


@contextmanager
def served(ours: Company) -> Iterator[int]:
    """Serve a company for the length of the block; give the port."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    settings = ours.holdfast.settings
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(settings.folder, settings.database_url, there), daemon=True
    )
    process.start()
    there.close()  # so that a server that dies is noticed
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def open_tasks(ours: Company, count: int) -> list[str]:
    """Take cases to the task of the warehouse and save its answers as a draft."""
    found = []
    for case in range(count):
        ours.make_lot(f"L-{case}", 40)
        ours.report(f"L-{case}")
        ours.do("triage")
        task = ours.task("confirm_segregation")
        answers = ours.answers(task, WHO)
        with ours.holdfast.database.begin() as db:
            commands.save_draft(db, f"task:{task.id}", answers, by=WHO, at=ours.at)
        found.append(str(task.id))
    return found


def run(kind: str, ours: Company, count: int, table: Table) -> str:
    """Complete the tasks one by one beside the baseline, then the rest all at once."""
    tasks = open_tasks(ours, count)
    settle(ours.holdfast)
    with served(ours) as port:
        browsers = [Browser(port) for _ in range(CLIENTS)]
        checked = [
            (browsers[n % CLIENTS], task, browsers[n % CLIENTS].check(task))
            for n, task in enumerate(tasks)
        ]
        half = count // 2
        for browser, task, form in checked[:half]:
            table.time(f"a page that asks nothing, {kind}", lambda: browser.ask("GET", "/keyboard"))  # noqa: B023
            table.time(
                f"completing a task, {kind}",
                lambda: browser.confirm(task, form),  # noqa: B023
                wanted="≤ 12 ms median",
            )
        return all_at_once(kind, browsers, checked[half:])


def all_at_once(kind: str, browsers: Sequence[Browser], checked: Sequence[Any]) -> str:
    """Have every browser send its confirmations, one after the other; return the rate in words."""

    def work(browser: Browser) -> None:
        for whose, task, form in checked:
            if whose is browser:
                whose.confirm(task, form)

    threads = [threading.Thread(target=work, args=(one,)) for one in browsers]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(checked) / (time.perf_counter() - began)
    return f"{len(checked)} tasks, {CLIENTS} clients, {kind}: {rate:.0f} tasks/s  (aim ≥ 120)"


def main() -> None:
    """Measure both kinds of database."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    table = Table(f"completing a task over HTTP (confirm_segregation), {count} tasks")
    rates = []
    with tempfile.TemporaryDirectory() as name, _databases.both(Path(name)) as urls:
        for kind, url in urls.items():
            with company(url) as ours:
                rates.append(run(kind, ours, count, table))
    kinds = list(urls)
    table.print(
        baselines={f"completing a task, {k}": f"a page that asks nothing, {k}" for k in kinds}
    )
    print("\n".join(rates))


if __name__ == "__main__":
    main()
