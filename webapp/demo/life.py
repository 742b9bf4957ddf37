"""The rest of a life in the demo company: orders, inspections, papers, pallets, the field."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from engine.evidence.store import DocumentStore
from engine.serials import (
    contacts,
    examine,
    other_names,
    packing,
    purchase,
    ship,
    use,
)
from engine.serials.examine import Looked, Reading, Sample
from engine.serials.models import Install, Lot, Party, PurchaseLine, Unit
from engine.serials.packing import Load
from engine.serials.purchase import OrderLine
from webapp.demo import catalogue as cat
from webapp.demo.paper import one_page
from webapp.demo.timeline import Telling
from webapp.demo.works import Works, new_lot

GTIN_LIKE = "3952100000000"  # of our SSCCs: extension digit, the demonstration prefix
CLINIC = "DE-01-S"
ON_THE_PALLET = 3


def sscc(number: int) -> str:
    """Return our SSCC `number`, its last digit checking the others."""
    digits = f"{GTIN_LIKE}{number:04d}"
    total = sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(digits))
    return f"{digits}{-total % 10}"


def live(works: Works) -> Telling:
    """Buy springs and housings, inspect them, pack pumps, install and service one."""
    yield works.at
    lines = _order(works)
    yield works.later(days=9)
    good, bad = _receive(works, lines)
    yield works.later(hours=3)
    _inspect(works, good, bad)
    yield works.later(days=2)
    pumps = _pack_and_ship(works)
    if not pumps:
        return
    yield works.later(days=2, hours=5)
    ship.deliver(works.db, location_id=works.place(CLINIC), units=pumps, **works.how)
    yield works.later(days=6)
    use.put_into_use(
        works.db, pumps, location_id=works.place(CLINIC),
        **works.naming("IQ-2041", operator="Tom Hadley", program="V3 2.1.4"),
    )  # fmt: skip
    yield works.later(days=17)
    _serve(works, pumps[0])


def _order(works: Works) -> list[PurchaseLine]:
    made = purchase.order(
        works.db, "PO-70412", works.party("OSTF"),
        [
            OrderLine(works.part(cat.SPRING).id, Decimal(600), (works.at + timedelta(10)).date(),
                      Decimal("0.42"), "EUR"),
            OrderLine(works.part(cat.SPRING).id, Decimal(400), (works.at + timedelta(40)).date(),
                      Decimal("0.40"), "EUR"),
        ],
        **works.how,
    )  # fmt: skip
    lines = works.db.scalars(
        select(PurchaseLine).where(PurchaseLine.order_id == made.id).order_by(PurchaseLine.line_no)
    )
    return list(lines)


def _receive(works: Works, lines: list[PurchaseLine]) -> tuple[Lot, Lot]:
    good, bad = (new_lot(works, works.part(cat.SPRING), name) for name in ("OF2611A", "OF2611B"))
    for lot, quantity, heat in ((good, 450, "H-88120"), (bad, 150, "H-88121")):
        purchase.receive_against(
            works.db, lines[0].id, lot_id=lot.id, quantity=Decimal(quantity),
            location_id=works.place(cat.RECEIVING), **works.naming("OF-LS-5521", supplier_lot=heat),
        )  # fmt: skip
        number = f"OF-CoC-{lot.lot_no[-2:]}"
        store: DocumentStore = works.db.info["documents"]
        paper = one_page(
            [
                "Certificate of conformity", f"No. {number}", "Ostwall Federn KG", "",
                f"Lot {lot.lot_no}, heat {heat}, {quantity} pcs",
                "Compression spring 0.6 x 4.2 x 12.0 mm, drawing FW-2214 rev C",
                "Wire 1.4310 EN 10270-3, spring force 4.1 N +/- 0.3 N at 9 mm",
                f"We certify that the parts conform to the order. {works.at:%d.%m.%Y}",
            ]
        )  # fmt: skip
        examine.certify(
            works.db, "conformity", number, issuer_id=lot.manufacturer_id, nodes=[lot.id],
            issued_on=works.at.date(), file_name=f"{number}.pdf", file_sha256=store.put(paper),
            **works.how,
        )  # fmt: skip
    return good, bad


def _inspect(works: Works, good: Lot, bad: Lot) -> None:
    looked_with = {"equipment": "G-17", "inspector": "Oliver Grant", "procedure": "QP-08 rev 3"}
    for lot, force, free_length in ((good, "4.1", "12.02"), (bad, "3.2", "11.6")):
        is_good = lot is good
        examine.examine(
            works.db, "inspection", Looked(stock_parts=examine.whole_lot(works.db, lot.id)),
            outcome="passed" if is_good else "failed",
            readings=[
                Reading("spring force", force, is_good, "3.8", "4.4", "N"),
                Reading("free length", free_length, is_good, "11.9", "12.1", "mm"),
            ],
            sample=Sample(20, 0 if is_good else 7),
            remark=None if is_good else "Springs from the second heat are too soft.",
            **works.naming(f"IR-{lot.lot_no}", **looked_with),
        )  # fmt: skip


def _pack_and_ship(works: Works) -> list[int]:
    """Pack pumps of one run in a carton on a pallet, and ship the pallet to a clinic."""
    rows = select(Unit.id).where(
        Unit.part_id == works.part(cat.V3).id,
        Unit.location_id == works.place(cat.STORES),
        Unit.usability == "conforming",
    )
    pumps = list(works.db.scalars(rows.order_by(Unit.id).limit(ON_THE_PALLET)))
    if not pumps:
        return []
    carton = packing.pack(works.db, sscc(1), "case", Load(units=pumps), **works.how)
    pallet = packing.pack(
        works.db, sscc(2), "pallet", Load(containers=[carton.facts["container_id"]]), **works.how
    )
    packing.ship_containers(
        works.db, [pallet.facts["container_id"]], to_location_id=works.place(CLINIC),
        document_no=f"DN-{works.at:%y}39001", **works.how,
    )  # fmt: skip
    _name(works, pumps)
    return pumps


def _name(works: Works, pumps: list[int]) -> None:
    """Let every system have its own name for the first of them."""
    for system, value in (
        ("erp", "EQ-1000417"), ("mes", "V3/2026/0417"), ("wms", "HU-88213"), ("plm", "FW-V3.A.417"),
    ):  # fmt: skip
        other_names.name_also(works.db, "unit", pumps[0], named_by=system, value=value, **works.how)


def _serve(works: Works, pump: int) -> None:
    """Replace the board of a pump where it stands."""
    board = works.db.scalars(
        select(Install.child_id)
        .join(Unit, Unit.id == Install.child_id)
        .where(
            Install.host_id == pump,
            Install.to_event_id.is_(None),
            Unit.part_id == works.part(cat.BOARD).id,
        )
    ).first()
    spare = works.db.scalars(
        select(Unit.id)
        .where(
            Unit.part_id == works.part(cat.BOARD).id,
            Unit.location_id == works.place(cat.RECEIVING),
            Unit.custody == "in_house",
        )
        .order_by(Unit.id.desc())
    ).first()
    removed = [board] if board is not None else []
    fitted = [(spare, "main board")] if spare is not None else []
    use.service(
        works.db, pump, use.Visit("Alarm E-41 at start", "Main board replaced, tested", "in_use"),
        use.Exchange(removed, fitted),
        **works.naming("SR-3307", operator="Tom Hadley", program="V3 2.1.5"),
    )  # fmt: skip


def lay_contacts(works: Works) -> None:
    """Describe whom to reach at the hospitals; most were tried, some never."""
    hospitals = works.db.scalars(
        select(Party).where(Party.kind == "consignee").order_by(Party.code)
    ).all()
    for number, party in enumerate(hospitals):
        contact = contacts.add_contact(
            works.db, party.id, role="recall",
            name="器械科" if party.country == "CN" else "Device safety officer",
            channel="email", address=party.email or "", language=party.language or "en",
            **works.how,
        )  # fmt: skip
        if number % 5:
            contacts.verify_contact(works.db, contact.id, **works.how)
