"""Two who do something at once, each on a connection of their own."""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from engine.db import Database
from engine.errors import EngineError

Do = Callable[[Session], Any]


def at_once(database: Database, held: Do, waiting: Do) -> list[type[EngineError]]:
    """Do one thing, begin another before the first is committed; return what stopped the other."""
    stopped: list[type[EngineError]] = []

    def other() -> None:
        try:
            with database.begin() as db:
                waiting(db)
        except EngineError as refused:
            stopped.append(type(refused))

    second = threading.Thread(target=other)
    with database.begin() as db:
        held(db)
        second.start()
        second.join(0.3)
    second.join()
    return stopped
