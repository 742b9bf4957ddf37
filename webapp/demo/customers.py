"""Whom the recalls of the demo reach: a few customers with an address, and what was sold to them.

Their letters are in English or Chinese, the languages that the legal sentences are there in, and
in German, which the company translated them into.
"""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from engine.serials import parties, ship
from engine.serials.models import Unit
from engine.serials.record import StockPart
from webapp.demo import catalogue as cat
from webapp.demo.sets import make_set_lot
from webapp.demo.timeline import Telling
from webapp.demo.works import Works

# country, our code, name, kind
CUSTOMERS = (
    ("IE", "IE-01", "Ballinree General Hospital", "consignee"),
    ("IE", "IE-02", "Kilmorran Heart Clinic", "consignee"),
    ("IE", "IE-03", "Corrandale Medical Supplies", "distributor"),
    ("GB", "GB-01", "Harrowdene Infirmary", "consignee"),
    ("DE", "DE-31", "Klinikum Tannbach", "consignee"),
    ("CN", "CN-11", "沙溪医院 Shaxi Hospital", "consignee"),
    ("CN", "CN-12", "云岭第二医院 Yunling Second Hospital", "consignee"),
)
LANGUAGES = {"CN": "zh", "DE": "de"}
# whom the pumps with the drifting sensor went to, and how many
PUMPS = (
    ("IE-01", 3),
    ("IE-02", 2),
    ("IE-03", 2),
    ("GB-01", 1),
    ("DE-31", 2),
    ("CN-11", 2),
    ("CN-12", 2),
)
BEFORE = timedelta(days=18)  # the last orders: three lots are made and sterilised until then
# the lots of the two recalls that are further on, and of the drill
KINKED, TORN, PRACTISED = "L26K4", "E26T7", "E26P2"
LOTS = (
    # lot, part, whom it went to and how much; all of it left the house
    (KINKED, cat.DARK_SET, (("IE-01", 40), ("CN-11", 60))),
    (TORN, cat.LINE_30, (("CN-11", 30), ("CN-12", 50))),
    (PRACTISED, cat.LINE_30, (("IE-02", 30), ("CN-11", 20))),
)


def sell(works: Works) -> Telling:
    """Take the customers on, make two lots for them, and ship these and pumps to them."""
    yield works.at
    for country, code, name, kind in CUSTOMERS:
        party = parties.add_party(
            works.db, code, name, kind=kind, country=country,
            language=LANGUAGES.get(country, "en"), address=f"{name}, {country}",
            email=f"devices@{code.lower()}.example", **works.how,
        )  # fmt: skip
        parties.add_location(
            works.db, party.id, f"{code}-S", f"{name}, store", kind="consignee", **works.how
        )
    for lot_no, part_no, sold in LOTS:
        quantity = sum(many for _, many in sold)
        yield from make_set_lot(works, lot_no, part_no, quantity, (cat.TUBE, cat.FILM))
        lot_id = works.lot(lot_no).id
        for code, many in sold:
            [row] = works.stock(lot_id, cat.SUZHOU_STORES)
            _send(works, code, [], [StockPart(row.id, Decimal(many))], lot_id)
    for code, many in PUMPS:
        _send(works, code, _pumps(works, many), [])


def _pumps(works: Works, many: int) -> list[int]:
    rows = select(Unit.id).where(
        Unit.part_id == works.part(cat.V3).id,
        Unit.location_id == works.place(cat.STORES),
        Unit.usability == "conforming",
    )
    return list(works.db.scalars(rows.order_by(Unit.id).limit(many)))


def _send(
    works: Works, code: str, units: list[int], parts: list[StockPart], lot_id: int = 0
) -> None:
    to = works.place(f"{code}-S")
    ship.ship(
        works.db, to_location_id=to, units=units, stock_parts=parts,
        document_no=f"DN-{works.at:%y}{code}", **works.how,
    )  # fmt: skip
    there = [
        StockPart(row.id, row.quantity)
        for row in (works.stock(lot_id) if lot_id else [])
        if row.custody == "in_transit" and row.location_id == to
    ]
    ship.deliver(works.db, location_id=to, units=units, stock_parts=there, **works.how)
