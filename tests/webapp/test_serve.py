"""The embedded server: what it does when many look at pages at once."""

import gc
import socket
import threading
from contextlib import ExitStack, suppress

from flask import Flask

from webapp.serve import keep_loaded, listening

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_browsers_that_stand_idle_keep_nobody_out() -> None:
    app = Flask("idle")
    app.add_url_rule("/", "index", lambda: "here")
    server = listening(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=_run, args=(server,))
    thread.start()
    try:
        with ExitStack() as open_browsers:
            for _ in range(300):
                opened = socket.create_connection(("127.0.0.1", server.effective_port), timeout=10)
                open_browsers.enter_context(opened)
                opened.sendall(GET)
                assert opened.recv(4096).startswith(b"HTTP/1.1 200")
    finally:
        server.close()
        thread.join()


def test_what_a_server_loaded_at_its_start_is_never_looked_through_again() -> None:
    gc.unfreeze()  # what this run itself keeps
    keep_loaded()
    assert gc.get_freeze_count() > 10_000


def _run(server: object) -> None:
    with suppress(OSError):  # its loop ends on the closed socket
        server.run()  # type: ignore[attr-defined]  # waitress has no types
