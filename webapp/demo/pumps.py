"""The pumps of the demo company: boards, sensors and batteries received, built in, released."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from engine.serials import build, examine, parties, receive, state
from engine.serials.build import ToBuild
from engine.serials.examine import Looked, Reading
from engine.serials.models import Unit
from engine.serials.record import LotInput, Recorded
from webapp.demo import catalogue as cat
from webapp.demo.timeline import Telling
from webapp.demo.works import ACROSS, Size, Works, new_lot, newest_input, receive_quantity

# the units a pump is made of, how their lots are numbered, and how many runs one lot lasts
UNIT_PARTS = ((cat.BOARD, "CB"), (cat.SENSOR, "HS"), (cat.BATTERY, "VC"))
RUNS_A_LOT, SPARES = 5, 6  # a few of each delivery stay in incoming goods


def make_pumps(works: Works, size: Size) -> Telling:
    """Receive boards, sensors, batteries and lots of parts, and build and release the pumps."""
    step = ACROSS / size.runs
    begun = works.at
    for run in range(size.runs):
        works.at = begun + step * run
        yield works.at
        if run % RUNS_A_LOT == 0:
            _receive_parts(works, size, run // RUNS_A_LOT + 1)
        yield works.later(days=1, hours=2)
        yield from _build_run(works, size, run)


def _receive_parts(works: Works, size: Size, number: int) -> None:
    count = size.run_length * RUNS_A_LOT + SPARES
    for part_no, letters in UNIT_PARTS:
        part = works.part(part_no)
        lot = new_lot(works, part, f"{letters}-{works.at:%y%m}-{number:02d}")
        serials = [f"{letters}{number:02d}{place:04d}" for place in range(1, count + 1)]
        receive.receive_units(
            works.db,
            part.id,
            serials,
            location_id=works.place(cat.RECEIVING),
            lot_id=lot.id,
            usability="conforming",
            supplier_id=part.manufacturer_id,
            **works.how,
        )
    for part_no in (cat.MOTOR, cat.HOUSING, cat.SPRING):
        part = works.part(part_no)
        lot = new_lot(works, part, f"{part_no[:2]}{works.at:%y%m}{number}")
        receive_quantity(works, lot, 2 * count)


def _build_run(works: Works, size: Size, run: int) -> Telling:
    """Build one run; every third is of syringe pumps; in one nobody noted the spring's lot."""
    model = cat.S7 if run % 3 == 2 else cat.V3
    free = [_free(works, part_no, size.run_length) for part_no, _ in UNIT_PARTS]
    letter = model[-2]
    units = [
        ToBuild(
            f"{letter}{works.at:%y}{run + 1:02d}{place:03d}",
            ((board, "main board"), (sensor, "pressure sensor"), (battery, "battery bay")),
        )
        for place, (board, sensor, battery) in enumerate(zip(*free, strict=True), start=1)
    ]
    inputs = [
        newest_input(works, part_no, size.run_length) for part_no in (cat.MOTOR, cat.HOUSING)
    ] + [_springs(works, size, run)]
    built = build.build_units(
        works.db,
        works.part(model).id,
        units,
        location_id=works.place(cat.LINE),
        inputs=inputs,
        work_order=f"WO-{works.at:%y}{4100 + run}",
        from_at=works.at - timedelta(hours=7),
        **works.naming(
            equipment=f"T-{run % 3 + 1:02d}",
            operator="Lukas Fiedler",
            program=f"{model[-2:]} 2.1.{run // 9}",
        ),
    )
    yield works.later(days=1)
    _test(works, built, run)
    yield works.later(days=1)
    stores = works.place(cat.STORES)
    state.move(works.db, location_id=stores, units=built.unit_ids, **works.how)
    yield works.later(hours=5)
    state.release(works.db, units=built.unit_ids, **works.how)


def _test(works: Works, built: Recorded, run: int) -> None:
    """Test the flow of a run, with one of two gauges."""
    examine.examine(
        works.db,
        "test",
        Looked(nodes=[built.segment_id or 0]),
        outcome="passed",
        readings=[
            Reading("flow at 50 mL/h", f"{49.6 + run % 7 / 10:.1f}", True, "47.5", "52.5", "mL/h"),
            Reading("occlusion alarm", f"{0.8 + run % 3 / 10:.1f}", True, None, "1.2", "bar"),
        ],
        **works.naming(
            equipment=("G-21", "G-22")[run % 2], operator="Petra Nowak", procedure="QP-13 rev 4"
        ),
    )


def _springs(works: Works, size: Size, run: int) -> LotInput:
    if run != size.runs // 2:
        return newest_input(works, cat.SPRING, size.run_length)
    lot = parties.unknown_lot(works.db, works.part(cat.SPRING).id, **works.how)
    return LotInput(lot.id)


def _free(works: Works, part_no: str, count: int) -> Sequence[int]:
    """Return units that lie in incoming goods, those longest there first."""
    rows = select(Unit.id).where(
        Unit.part_id == works.part(part_no).id,
        Unit.location_id == works.place(cat.RECEIVING),
    )
    return works.db.scalars(rows.order_by(Unit.id).limit(count)).all()
