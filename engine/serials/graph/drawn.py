"""Nodes in tiers: each stands right of everything that leads to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

WIDTH, HEIGHT = 230, 46  # of one place
MOST_IN_A_COLUMN = 40
LAST = "party"  # who received it stands in the last tier


@dataclass(frozen=True)
class Node:
    """One thing, or several alike (`count`), where it stands, and how sure it is."""

    key: str
    kind: str  # lot, segment, unit, party
    id: int | None  # of the one thing it stands for
    label: str
    detail: str = ""
    count: int = 1
    is_named: bool = False
    is_certain: bool = True
    tier: int = 0
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Link:
    """One thing leads to another: how, and for how many."""

    source: str
    target: str
    how: str
    count: int = 1


@dataclass(frozen=True)
class Graph:
    """What is drawn. `whole_count` says for how many things the nodes stand."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    whole_count: int
    grouped: str = ""  # "", "runs" (units by their run), "parts" (everything by part)


def laid_out(
    nodes: Iterable[Node], links: Iterable[Link], *, whole_count: int, grouped: str = ""
) -> Graph:
    """Return the graph with every node in its tier; the same things always stand alike.

    A node's tier is the longest way to it. Where units were in each other by turns, the ways
    close a loop: what is in it stands as far as it was reached.
    """
    by_key = {node.key: node for node in nodes}
    kept = [link for link in links if link.source in by_key and link.target in by_key]
    tiers = _tiers(by_key, kept)
    columns: dict[int, list[str]] = defaultdict(list)
    for key, tier in tiers.items():
        columns[tier].append(key)
    leading: dict[str, list[str]] = defaultdict(list)
    for link in kept:
        leading[link.target].append(link.source)

    placed: dict[str, Node] = {}
    x = 0
    for tier in sorted(columns):
        ordered = sorted(columns[tier], key=lambda key: _order(key, leading, placed, by_key))
        for place, key in enumerate(ordered):
            column, row = divmod(place, MOST_IN_A_COLUMN)
            height = min(len(ordered) - column * MOST_IN_A_COLUMN, MOST_IN_A_COLUMN)
            placed[key] = replace(
                by_key[key],
                tier=tier,
                x=x + column * WIDTH,
                y=round((row - (height - 1) / 2) * HEIGHT),
            )
        x += WIDTH * (1 + (len(ordered) - 1) // MOST_IN_A_COLUMN)
    shown = tuple(sorted(placed.values(), key=lambda node: (node.tier, node.x, node.y)))
    return Graph(shown, tuple(kept), whole_count, grouped)


def _order(
    key: str, leading: dict[str, list[str]], placed: dict[str, Node], by_key: dict[str, Node]
) -> tuple[float, str, str]:
    heights = [placed[one].y for one in leading.get(key, ()) if one in placed]
    return (sum(heights) / len(heights) if heights else 0.0, by_key[key].label, key)


def _tiers(by_key: dict[str, Node], links: Sequence[Link]) -> dict[str, int]:
    after: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(by_key, 0)
    for link in links:
        after[link.source].append(link.target)
        waiting[link.target] += 1
    tiers = dict.fromkeys(by_key, 0)
    ready = sorted(key for key, count in waiting.items() if count == 0)
    while ready:
        key = ready.pop()
        for target in after[key]:
            tiers[target] = max(tiers[target], tiers[key] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    last = max((tier for key, tier in tiers.items() if by_key[key].kind != LAST), default=-1)
    return {key: last + 1 if by_key[key].kind == LAST else tier for key, tier in tiers.items()}
