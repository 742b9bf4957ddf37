"""The sterile sets of the demo company: made in the clean room, sterilised, released."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from engine.serials import build, state
from engine.serials.models import Lot
from engine.serials.record import StockPart
from webapp.demo import catalogue as cat
from webapp.demo.timeline import Telling
from webapp.demo.works import ACROSS, Size, Works, new_lot, newest_input, receive_quantity

SHELF_LIFE = timedelta(days=3 * 365)
SETS = (
    # part, materials, how its lots are numbered
    (cat.SET, (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM), "A"),
    (cat.DARK_SET, (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM), "L"),
    (cat.NEO_SET, (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM), "N"),
    (cat.LINE_30, (cat.TUBE, cat.LUER, cat.FILM), "E"),
)


def make_sets(works: Works, size: Size) -> Telling:
    """Receive materials and make, sterilise and release the lots of sterile sets."""
    step = ACROSS / size.set_lots
    begun = works.at
    for number in range(1, size.set_lots + 1):
        works.at = begun + step * (number - 1)
        yield works.at
        for part_no in (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM):
            part = works.part(part_no)
            lot = new_lot(works, part, f"{part_no[:2]}-{works.at:%y%m}-{number}")
            receive_quantity(works, lot, size.set_quantity * 5 + 4_000, place=cat.CLEAN_ROOM)
        for place, (part_no, materials, letter) in enumerate(SETS):
            works.at = begun + step * (number - 1) + timedelta(days=3 + 5 * place)
            yield works.at
            quantity = size.set_quantity // (1 + place)
            yield from make_set_lot(
                works, f"{letter}{works.at:%y}{number:02d}", part_no, quantity, materials
            )


def make_set_lot(
    works: Works,
    lot_no: str,
    part_no: str,
    quantity: int,
    materials: Sequence[str] = (cat.TUBE, cat.CHAMBER, cat.FILM),
    *,
    to: str = cat.SUZHOU_STORES,
) -> Telling:
    """Make a lot of sets, send it to the steriliser, take it in at `to` and release it.

    With `to` the clean room it stays there as it was made, not yet sterile.
    """
    part = works.part(part_no)
    lot = new_lot(works, part, lot_no, expires_on=(works.at + SHELF_LIFE).date())
    line = works.place(cat.CLEAN_ROOM)
    build.build_lot(
        works.db,
        lot.id,
        Decimal(quantity),
        location_id=line,
        inputs=[
            newest_input(works, material, quantity, place=cat.CLEAN_ROOM) for material in materials
        ],
        work_order=f"WO-{lot_no}",
        **works.how,
    )
    if to == cat.CLEAN_ROOM:
        return

    for place, hours in ((cat.STERILISER, 20), (to, 60)):
        yield works.later(hours=hours)
        state.move(
            works.db, location_id=works.place(place), stock_parts=_all_of(works, lot), **works.how
        )
    yield works.later(hours=30)
    state.release(works.db, stock_parts=_all_of(works, lot), **works.how)


# what the cases are about: lots for the European stores, one still in the clean room, and
# a delivery of motors that was not issued yet
JENA_LOTS = (
    ("A26J1", cat.SET, 640),
    ("A26J2", cat.SET, 480),
    ("A26J3", cat.SET, 720),
    ("L26J1", cat.DARK_SET, 360),
    ("N26J1", cat.NEO_SET, 240),
    ("E26J1", cat.LINE_30, 300),
)
IN_PROCESS = ("A26S9", cat.SET, 500)
MOTORS = ("DM26-R7", 180)


def make_the_rest(works: Works) -> Telling:
    """Make the lots that no hospital has ordered from."""
    for lot_no, part_no, quantity in JENA_LOTS:
        yield works.at
        yield from make_set_lot(
            works, lot_no, part_no, quantity, (cat.TUBE, cat.FILM), to=cat.STORES
        )
    yield works.at
    lot_no, part_no, quantity = IN_PROCESS
    yield from make_set_lot(works, lot_no, part_no, quantity, to=cat.CLEAN_ROOM)
    number, count = MOTORS
    yield works.later(hours=4)
    receive_quantity(
        works, new_lot(works, works.part(cat.MOTOR), number), count, place=cat.RECEIVING
    )


def _all_of(works: Works, lot: Lot) -> list[StockPart]:
    return [StockPart(row.id, row.quantity) for row in works.stock(lot.id)]
