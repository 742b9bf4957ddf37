"""Two people at once on the same goods: one wins, the other is told, and no circle is closed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.db import Database
from engine.errors import EngineError
from engine.serials import build, parties, receive, ship
from engine.serials.errors import NotHere, WouldLoop
from engine.serials.models import Edge, ShipmentLine
from engine.serials.record import LotInput

pytestmark = pytest.mark.stress
HOW: dict[str, Any] = {"by": None, "at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC)}


def at_once(database: Database, *works: Callable[[Session], object]) -> list[EngineError | None]:
    """Let all begin at the same moment; return what each was told."""
    barrier = Barrier(len(works))

    def run(work: Callable[[Session], object]) -> EngineError | None:
        barrier.wait()
        try:
            with database.begin() as db:
                work(db)
        except EngineError as told:
            return told
        return None

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("attempt", range(5))
def test_two_at_once_cannot_make_two_lots_of_each_other(database: Database, attempt: int) -> None:
    with database.begin() as db:
        maker = parties.add_party(db, "OWN", "Maker", kind="site", **HOW)
        store = parties.add_location(db, maker.id, "WH", "Store", kind="warehouse", **HOW).id
        part = parties.add_part(db, maker.id, "MIX", "Mix", control="lot", kind="material", **HOW)
        one, two = (parties.ensure_lot(db, part.id, f"M-{n}", **HOW).id for n in (1, 2))

    def mix(inp: int, out: int) -> Callable[[Session], object]:
        return lambda db: build.add_inputs(db, out, [LotInput(inp)], location_id=store, **HOW)

    told = at_once(database, mix(one, two), mix(two, one))

    assert [type(error) for error in told if error] == [WouldLoop]
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Edge)) == 1


@pytest.mark.parametrize("attempt", range(5))
def test_two_who_ship_one_unit_at_once_ship_it_once(database: Database, attempt: int) -> None:
    with database.begin() as db:
        maker = parties.add_party(db, "OWN", "Maker", kind="site", **HOW)
        clinic = parties.add_party(db, "C-1", "Clinic", kind="consignee", **HOW)
        store = parties.add_location(db, maker.id, "WH", "Store", kind="warehouse", **HOW).id
        ward = parties.add_location(db, clinic.id, "W", "Ward", kind="consignee", **HOW).id
        part = parties.add_part(
            db, maker.id, "PUMP", "Pump", control="serial", kind="device", **HOW
        )
        (unit,) = receive.receive_units(
            db, part.id, ["SN-1"], location_id=store, usability="conforming", **HOW
        ).unit_ids

    def send(db: Session) -> object:
        return ship.ship(db, to_location_id=ward, units=[unit], **HOW)

    told = at_once(database, send, send)

    assert [type(error) for error in told if error] == [NotHere]
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(ShipmentLine)) == 1
