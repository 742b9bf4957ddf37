"""The goods of the demo company, made by the store's own commands: received, built, sterilised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import build, parties, receive, state
from engine.serials.build import ToBuild
from engine.serials.models import Location, Lot, LotStock, Part, Party, Unit
from engine.serials.record import How, LotInput, StockPart
from webapp.demo import catalogue as cat
from webapp.demo.timeline import Telling

ACROSS = timedelta(days=190)  # from the first delivery to the last finished lot
SHELF_LIFE = timedelta(days=3 * 365)


@dataclass(frozen=True)
class Size:
    """How much there is: runs of pumps, pumps in a run, lots of each set."""

    runs: int
    run_length: int
    set_lots: int
    set_quantity: int


FULL = Size(runs=25, run_length=30, set_lots=5, set_quantity=2_000)
SMALL = Size(runs=3, run_length=8, set_lots=1, set_quantity=400)

# the lots a run of pumps is made of, and how many runs one lot of each lasts
UNIT_PARTS = ((cat.BOARD, "CB"), (cat.SENSOR, "HS"), (cat.BATTERY, "VC"))
RUNS_A_LOT, SPARES = 5, 6  # a few of each delivery stay in incoming goods
SETS = (
    # part, materials, how its lots are numbered
    (cat.SET, (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM), "A"),
    (cat.DARK_SET, (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM), "L"),
    (cat.NEO_SET, (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM), "N"),
    (cat.LINE_30, (cat.TUBE, cat.LUER, cat.FILM), "E"),
)


class Works:
    """The works on one day: who acts, when, and what the codes and numbers mean in the store."""

    def __init__(self, db: Session, by: Person, at: datetime) -> None:
        """Start in the transaction `db`; `at` moves on with `later`."""
        self.db, self.by, self.at = db, by, at

    def later(self, **parts: float) -> None:
        """Let time pass."""
        self.at += timedelta(**parts)

    @property
    def how(self) -> How:
        """Say who acts and when, as every command of the store wants it."""
        return How(by=self.by, at=self.at)

    def place(self, code: str) -> int:
        """Return the number of a location."""
        return self.db.scalars(select(Location.id).where(Location.code == code)).one()

    def part(self, part_no: str) -> Part:
        """Return a part."""
        return self.db.scalars(select(Part).where(Part.part_no == part_no)).one()

    def party(self, code: str) -> int:
        """Return the number of a party."""
        return self.db.scalars(select(Party.id).where(Party.code == code)).one()

    def lot(self, lot_no: str) -> Lot:
        """Return a lot."""
        return self.db.scalars(select(Lot).where(Lot.lot_no == lot_no)).one()

    def stock(self, lot_id: int, place: str | None = None) -> list[LotStock]:
        """Return what lies of a lot in our hands, at one place or at all."""
        rows = select(LotStock).where(
            LotStock.lot_id == lot_id, LotStock.quantity > 0, LotStock.custody != "consumed"
        )
        if place is not None:
            rows = rows.where(LotStock.location_id == self.place(place))
        return list(self.db.scalars(rows.order_by(LotStock.id)))


def lay_catalogue(db: Session) -> None:
    """Describe parties, places and parts."""
    for code, name, kind, country, address in cat.OWN:
        parties.add_party(db, code, name, kind=kind, country=country, address=address)
    for code, name, country in cat.SUPPLIERS:
        party = parties.add_party(
            db, code, name, kind="supplier", country=country, email=f"quality@{code.lower()}.example"
        )
        parties.add_location(db, party.id, f"{code}-1", name, kind="warehouse")
    known = {party.code: party.id for party in db.scalars(select(Party))}
    for party_code, code, name, kind in cat.PLACES:
        parties.add_location(db, known[party_code], code, name, kind=kind)
    for item in cat.PARTS:
        parties.add_part(
            db,
            known[item.maker],
            item.part_no,
            item.name,
            control=item.control,
            kind=item.kind,
            name_zh=item.name_zh,
            di=item.di,
        )


def lay_hospitals(db: Session) -> None:
    """Describe the hospitals that are shipped to, each with its receiving store."""
    for country, names in cat.HOSPITALS.items():
        for number, name in enumerate(names.split(", "), start=1):
            code = f"{country}-{number:02d}"
            party = parties.add_party(
                db,
                code,
                name,
                kind="consignee",
                country=country,
                language="zh" if country == "CN" else "en",
                email=f"devices@{code.lower()}.example",
            )
            parties.add_location(db, party.id, f"{code}-S", f"{name}, store", kind="consignee")


# --- pumps -----------------------------------------------------------------------------------


def make_pumps(works: Works, size: Size) -> Telling:
    """Receive boards, sensors, batteries and lots of parts, and build and release the pumps."""
    step = ACROSS / size.runs
    begun = works.at
    for run in range(size.runs):
        works.at = begun + step * run
        yield works.at
        if run % RUNS_A_LOT == 0:
            _receive_parts(works, size, run // RUNS_A_LOT + 1)
        works.later(days=1, hours=2)
        _build_run(works, size, run)


def _receive_parts(works: Works, size: Size, number: int) -> None:
    count = size.run_length * RUNS_A_LOT + SPARES
    for part_no, letters in UNIT_PARTS:
        part = works.part(part_no)
        lot = _new_lot(works, part, f"{letters}-{works.at:%y%m}-{number:02d}")
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
        lot = _new_lot(works, part, f"{part_no[:2]}{works.at:%y%m}{number}")
        _receive(works, lot, 2 * count)


def _build_run(works: Works, size: Size, run: int) -> None:
    """Build one run; every third is syringe pumps; in one run nobody noted the lot of the spring."""
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
        _input(works, part_no, size.run_length) for part_no in (cat.MOTOR, cat.HOUSING)
    ] + [_springs(works, size, run)]
    built = build.build_units(
        works.db,
        works.part(model).id,
        units,
        location_id=works.place(cat.LINE),
        inputs=inputs,
        work_order=f"WO-{works.at:%y}{4100 + run}",
        from_at=works.at - timedelta(hours=7),
        **works.how,
    )
    works.later(days=2)
    stores = works.place(cat.STORES)
    state.move(works.db, location_id=stores, units=built.unit_ids, **works.how)
    works.later(hours=5)
    state.release(works.db, units=built.unit_ids, **works.how)


def _springs(works: Works, size: Size, run: int) -> LotInput:
    if run != size.runs // 2:
        return _input(works, cat.SPRING, size.run_length)
    lot = parties.unknown_lot(works.db, works.part(cat.SPRING).id)
    return LotInput(lot.id)


def _free(works: Works, part_no: str, count: int) -> Sequence[int]:
    """Return units that lie in incoming goods, those longest there first."""
    rows = select(Unit.id).where(
        Unit.part_id == works.part(part_no).id,
        Unit.location_id == works.place(cat.RECEIVING),
    )
    return works.db.scalars(rows.order_by(Unit.id).limit(count)).all()


# --- sets ------------------------------------------------------------------------------------


def make_sets(works: Works, size: Size) -> Telling:
    """Receive materials and make, sterilise and release the lots of sterile sets."""
    step = ACROSS / size.set_lots
    begun = works.at
    for number in range(1, size.set_lots + 1):
        works.at = begun + step * (number - 1)
        yield works.at
        for part_no in (cat.TUBE, cat.CHAMBER, cat.FILTER, cat.LUER, cat.FILM):
            part = works.part(part_no)
            lot = _new_lot(works, part, f"{part_no[:2]}-{works.at:%y%m}-{number}")
            _receive(works, lot, size.set_quantity * 5 + 4_000, place=cat.CLEAN_ROOM)
        for place, (part_no, materials, letter) in enumerate(SETS):
            works.at = begun + step * (number - 1) + timedelta(days=3 + 4 * place)
            yield works.at
            quantity = size.set_quantity // (1 + place)
            make_set_lot(works, f"{letter}{works.at:%y}{number:02d}", part_no, quantity, materials)


def make_set_lot(
    works: Works,
    lot_no: str,
    part_no: str,
    quantity: int,
    materials: Sequence[str] = (cat.TUBE, cat.CHAMBER, cat.FILM),
    *,
    to: str = cat.SUZHOU_STORES,
) -> Lot:
    """Make a lot of sets, send it to the steriliser, take it in at `to` and release it.

    With `to` the clean room it stays there as it was made, not yet sterile.
    """
    part = works.part(part_no)
    lot = _new_lot(works, part, lot_no, expires_on=(works.at + SHELF_LIFE).date())
    line = works.place(cat.CLEAN_ROOM)
    build.build_lot(
        works.db,
        lot.id,
        Decimal(quantity),
        location_id=line,
        inputs=[_input(works, material, quantity, place=cat.CLEAN_ROOM) for material in materials],
        work_order=f"WO-{lot_no}",
        **works.how,
    )
    if to == cat.CLEAN_ROOM:
        return lot

    for place, hours in ((cat.STERILISER, 20), (to, 60)):
        works.later(hours=hours)
        state.move(
            works.db, location_id=works.place(place), stock_parts=_all_of(works, lot), **works.how
        )
    works.later(hours=30)
    state.release(works.db, stock_parts=_all_of(works, lot), **works.how)
    return lot


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
        make_set_lot(works, lot_no, part_no, quantity, (cat.TUBE, cat.FILM), to=cat.STORES)
    yield works.at
    lot_no, part_no, quantity = IN_PROCESS
    make_set_lot(works, lot_no, part_no, quantity, to=cat.CLEAN_ROOM)
    number, count = MOTORS
    works.later(hours=4)
    _receive(works, _new_lot(works, works.part(cat.MOTOR), number), count, place=cat.RECEIVING)


def _all_of(works: Works, lot: Lot) -> list[StockPart]:
    return [StockPart(row.id, row.quantity) for row in works.stock(lot.id)]


# --- lots ------------------------------------------------------------------------------------


def _new_lot(works: Works, part: Part, lot_no: str, *, expires_on: date | None = None) -> Lot:
    return parties.ensure_lot(
        works.db, part.id, lot_no, made_on=works.at.date(), expires_on=expires_on
    )


def _receive(works: Works, lot: Lot, quantity: int, *, place: str = cat.LINE) -> None:
    receive.receive_lot(
        works.db,
        lot.id,
        Decimal(quantity),
        location_id=works.place(place),
        usability="conforming",
        supplier_id=lot.manufacturer_id,
        **works.how,
    )


def _input(works: Works, part_no: str, quantity: int, *, place: str = cat.LINE) -> LotInput:
    """Take a quantity of the newest lot of a part that still has enough."""
    part_id, place_id = works.part(part_no).id, works.place(place)
    lot_id = works.db.scalars(
        select(LotStock.lot_id)
        .join(Lot, Lot.id == LotStock.lot_id)
        .where(
            Lot.part_id == part_id,
            LotStock.location_id == place_id,
            LotStock.custody == "in_house",
            LotStock.quantity >= quantity,
        )
        .order_by(Lot.id.desc())
        .limit(1)
    ).one()
    return LotInput(lot_id, Decimal(quantity), place_id)
