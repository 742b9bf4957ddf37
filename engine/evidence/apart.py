"""Calling the signing library from anywhere: it runs an event loop of its own.

A thread that already runs one (an asynchronous server, a browser driver) would be refused.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def apart(act: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Do `act` in a thread of its own and return what it returns, or raise what it raises."""
    with ThreadPoolExecutor(max_workers=1) as own:
        return own.submit(act, *arguments, **named).result()
