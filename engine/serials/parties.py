"""Describing who and where and what: parties, locations, parts, lots, and other systems' names.

Each command is one ledger entry (see `master`); what was there already leaves none.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Unpack

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.serials.errors import LotPartsDiffer
from engine.serials.identifiers import standard
from engine.serials.master import described
from engine.serials.models import (
    Location,
    Lot,
    Part,
    Party,
    SupplierAgreement,
    TraceNode,
)
from engine.serials.record import How
from engine.serials.sets import id_set

UNKNOWN = "UNKNOWN"


def add_party(
    db: Session,
    code: str,
    name: str,
    *,
    kind: str,
    country: str | None = None,
    gln: str | None = None,
    language: str | None = None,
    address: str | None = None,
    email: str | None = None,
    telephone: str | None = None,
    **how: Unpack[How],
) -> Party:
    """Describe an organisation; `code` is our number for it. Flushes."""
    party = Party(
        code=standard(code),
        name=name.strip(),
        kind=kind,
        country=country,
        gln=gln,
        language=language,
        address=address,
        email=email,
        telephone=telephone,
    )
    return described(db, party, how)


def add_location(
    db: Session, party_id: int, code: str, name: str, *, kind: str, **how: Unpack[How]
) -> Location:
    """Describe one place of a party; a consignee needs one to be shipped to. Flushes."""
    location = Location(party_id=party_id, code=standard(code), name=name.strip(), kind=kind)
    return described(db, location, how)


def add_part(
    db: Session,
    manufacturer_id: int,
    part_no: str,
    name: str,
    *,
    control: str,
    kind: str,
    name_zh: str | None = None,
    revision: str | None = None,
    di: str | None = None,
    issuer: str | None = None,
    uom: str = "pcs",
    **how: Unpack[How],
) -> Part:
    """Describe a part; `control` is serial or lot. Flushes."""
    part = Part(
        manufacturer_id=manufacturer_id,
        part_no=standard(part_no),
        name=name.strip(),
        name_zh=name_zh,
        revision=revision,
        kind=kind,
        control=control,
        uom=uom,
        di=di,
        issuer=issuer or ("gs1" if di else None),
    )
    return described(db, part, how)


def agree_with_supplier(
    db: Session,
    part_id: int,
    supplier_id: int,
    *,
    valid_from: date,
    price: Decimal | None = None,
    currency: str | None = None,
    supplier_part_no: str | None = None,
    valid_until: date | None = None,
    **how: Unpack[How],
) -> SupplierAgreement:
    """Keep what was agreed with a supplier for a part, from a day on. Flushes.

    The price is for one unit of the part; a price names its currency (ISO 4217).
    """
    agreement = SupplierAgreement(
        part_id=part_id,
        supplier_id=supplier_id,
        supplier_part_no=standard(supplier_part_no) if supplier_part_no else None,
        price=price,
        currency=currency,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    return described(db, agreement, how)


def ensure_lot(
    db: Session,
    part_id: int,
    lot_no: str,
    *,
    manufacturer_id: int | None = None,
    made_on: date | None = None,
    expires_on: date | None = None,
    **how: Unpack[How],
) -> Lot:
    """Return the lot of this number, described now when it is new. Flushes.

    The manufacturer is the part's own unless named: the same number of another one is another lot.
    """
    maker = manufacturer_id or db.get_one(Part, part_id).manufacturer_id
    number = standard(lot_no)

    def new() -> Lot:
        return Lot(
            id=new_node(db, "lot"),
            part_id=part_id,
            manufacturer_id=maker,
            lot_no=number,
            made_on=made_on,
            expires_on=expires_on,
        )

    of_number = (Lot.manufacturer_id == maker, Lot.part_id == part_id, Lot.lot_no == number)
    return _one_lot(db, select(Lot).where(*of_number), new, how)


def unknown_lot(
    db: Session, part_id: int, *, manufacturer_id: int | None = None, **how: Unpack[How]
) -> Lot:
    """Return the UNKNOWN lot of a part: what nobody noted comes into scope as "cannot exclude"."""
    maker = manufacturer_id or db.get_one(Part, part_id).manufacturer_id

    def new() -> Lot:
        return Lot(
            id=new_node(db, "lot"),
            part_id=part_id,
            manufacturer_id=maker,
            lot_no=UNKNOWN,
            is_unknown=True,
        )

    of_part = (Lot.part_id == part_id, Lot.manufacturer_id == maker, Lot.is_unknown)
    return _one_lot(db, select(Lot).where(*of_part), new, how)


def _one_lot(db: Session, wanted: Select[Lot], new: Callable[[], Lot], how: How) -> Lot:
    """Return a lot, described now when it is new; of two at once one does, the other uses it."""
    found = db.scalar(wanted)
    if found is not None:
        return found

    try:
        with db.begin_nested():
            return described(db, new(), how)
    except IntegrityError:
        there = db.scalar(wanted)
        if there is None:
            raise
        return there


def refuse_other_part(db: Session, lot: Lot, part_id: int) -> None:
    """Raise `LotPartsDiffer` unless the lot is a lot of this part."""
    if lot.part_id != part_id:
        raise LotPartsDiffer(
            lot=lot.lot_no,
            lot_part=db.get_one(Part, lot.part_id).part_no,
            part=db.get_one(Part, part_id).part_no,
        )


def lock_key_fields(db: Session, *, parts: Iterable[int] = (), lots: Iterable[int] = ()) -> None:
    """Fix the key fields of parts and lots of which something was released, once and for all."""
    lot_ids, part_ids = set(lots), set(parts)
    if lot_ids:
        part_ids |= set(db.scalars(select(Lot.part_id).where(Lot.id.in_(id_set(db, lot_ids)))))
    for part in db.scalars(
        select(Part).where(Part.id.in_(id_set(db, part_ids)), ~Part.is_released)
    ):
        part.is_released = True
    for lot in db.scalars(select(Lot).where(Lot.id.in_(id_set(db, lot_ids)), ~Lot.is_released)):
        lot.is_released = True
    db.flush()


def new_node(db: Session, kind: str) -> int:
    """Return a fresh id in the one space of lots and segments; flushes."""
    node = TraceNode(kind=kind)
    db.add(node)
    db.flush()
    return node.id
