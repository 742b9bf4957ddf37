"""What a unit or lot was made of, as a picture: the tree of its page, each thing once."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from engine.serials.backward import Made, composition
from engine.serials.graph.drawn import Graph, Link, Node, laid_out


def made_of_graph(db: Session, *, unit_id: int | None = None, lot_id: int | None = None) -> Graph:
    """Return the tree of what something was made of, from supplier lots to the thing itself."""
    top = composition(db, unit_id=unit_id, lot_id=lot_id)
    nodes = {_key(one): _node(one, is_named=one is top) for one in _all(top)}
    links = {
        (_key(piece), _key(one), piece.how): Link(_key(piece), _key(one), piece.how)
        for one in _all(top)
        for piece in one.parts
    }
    return laid_out(nodes.values(), links.values(), whole_count=len(nodes))


def _all(top: Made) -> Iterator[Made]:
    waiting, seen = [top], set[str]()
    while waiting:
        one = waiting.pop()
        # a branch that ends where it meets itself is shown where it is whole
        if (key := _key(one)) in seen and not one.parts:
            continue
        seen.add(key)
        yield one
        waiting.extend(one.parts)


def _key(one: Made) -> str:
    return f"{one.kind[0]}{one.id}"


def _node(one: Made, *, is_named: bool) -> Node:
    return Node(_key(one), one.kind, one.id, one.label, one.part_no, is_named=is_named)
