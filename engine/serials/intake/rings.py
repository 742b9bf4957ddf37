"""Installations of one file that would put a unit inside itself: told with their lines."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.intake.problems import RowProblem
from engine.serials.models import ImportRow, Unit
from engine.serials.sets import id_set
from engine.serials.units import open_hosts
from engine.serials.walk import AROUND, reach


def rings(db: Session, batch_id: int) -> list[RowProblem]:
    """Return a problem for each sound line of a ring, in the order of the file.

    A ring may be closed by what is recorded already. Cost follows the lines of the file.
    """
    rows = db.execute(
        select(ImportRow.line, ImportRow.unit_id, ImportRow.other_id)
        .where(ImportRow.batch_id == batch_id, ImportRow.state == "new")
        .order_by(ImportRow.line)
    ).all()
    lines = {child or 0: line for line, child, _ in rows}
    into = {child or 0: host or 0 for _, child, host in rows}
    recorded = open_hosts(db, reach(db, into.values(), AROUND))
    found = {one for ring in _rings({**recorded, **into}) for one in ring if one in into}
    called = select(Unit.id, Unit.serial).where(Unit.id.in_(id_set(db, found)))
    serials = {row[0]: row[1] for row in db.execute(called)}
    return [
        RowProblem(lines[one], "host_serial", "in_itself", (("value", serials[one]),))
        for one in sorted(found, key=lines.__getitem__)
    ]


def _rings(host_of: Mapping[int, int]) -> Iterator[list[int]]:
    """Yield each ring: units that lead back to themselves from host to host."""
    seen: dict[int, int] = {}  # by the start of the way on which each was met
    for start in host_of:
        way: list[int] = []
        at: int | None = start
        while at is not None and at not in seen:
            seen[at] = start
            way.append(at)
            at = host_of.get(at)
        if at is not None and seen[at] == start:
            yield way[way.index(at) :]
