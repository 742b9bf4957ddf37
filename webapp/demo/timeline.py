"""Many things happening at once, told one after the other in the order of their moments."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count

Telling = Iterator[datetime]  # yields when it wants to go on


def play(
    tellings: Iterable[Telling],
    *,
    until: datetime | None = None,
    before_each: Callable[[datetime], None] = lambda moment: None,
    after_each: Callable[[datetime], None] = lambda moment: None,
) -> None:
    """Let every telling go on at the moment it asked for, the earliest first.

    What wants to go on later than `until` waits for ever. `before_each` and
    `after_each` hear the moment.
    """
    order = count()
    waiting = [
        (moment, next(order), telling)
        for telling in tellings
        if (moment := next(telling, None)) is not None
    ]
    heapify(waiting)
    while waiting:
        moment, _, telling = heappop(waiting)
        if until is not None and moment > until:
            return

        before_each(moment)
        following = next(telling, None)
        after_each(moment)
        if following is not None:
            heappush(waiting, (following, next(order), telling))
