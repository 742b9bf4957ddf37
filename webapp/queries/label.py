"""What stands on a label of a unit, a lot or a place, and what its code says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.serials.identifiers import gs1, own
from engine.serials.models import Location, Lot, Part, Party, Unit
from engine.serials.sets import id_set

CODES = ("link", "elements")


class NothingToLabel(NotFound):
    """There is nothing here to print a label for. Look it up again."""


@dataclass(frozen=True)
class Label:
    """One label: what a person reads, and the text of its code."""

    title: str
    name: str
    name_zh: str | None
    code: str
    printed: str  # under the code, as it is read
    part_no: str | None = None
    lot_no: str | None = None
    serial: str | None = None
    expires_on: date | None = None
    di: str | None = None
    maker: str | None = None


def of_units(db: Session, unit_ids: Sequence[int], *, code: str) -> list[Label]:
    """Return the labels of units, in the order they are asked for."""
    rows = db.execute(
        select(Unit, Part, Party, Lot)
        .join(Part, Part.id == Unit.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
    )
    found = {row[0].id: _label(db, row[1], row[2], row[3], row[0].serial, code) for row in rows}
    return [found[one] for one in unit_ids if one in found]


def of_lots(db: Session, lot_ids: Sequence[int], *, code: str) -> list[Label]:
    """Return the labels of lots, in the order they are asked for."""
    rows = db.execute(
        select(Lot, Part, Party)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .where(Lot.id.in_(id_set(db, lot_ids)), ~Lot.is_unknown)
    )
    found = {lot.id: _label(db, part, maker, lot, None, code) for lot, part, maker in rows}
    return [found[one] for one in lot_ids if one in found]


def of_place(db: Session, location_id: int) -> Label:
    """Return the label of a place; raises `NothingToLabel`."""
    row = db.execute(
        select(Location, Party)
        .join(Party, Party.id == Location.party_id)
        .where(Location.id == location_id)
    ).one_or_none()
    if row is None:
        raise NothingToLabel
    location, party = row
    address = own.link(own.Own(site_of(db), location=location.code))
    return Label(location.code, location.name, None, address, address, maker=party.name)


def site_of(db: Session) -> str:
    """Return the address that our own links begin with."""
    return str(db.info["site_url"])


def _label(
    db: Session, part: Part, maker: Party, lot: Lot | None, serial: str | None, code: str
) -> Label:
    said, printed = _code(db, part, maker, lot, serial, code)
    return Label(
        title=serial or (lot.lot_no if lot else part.part_no),
        name=part.name,
        name_zh=part.name_zh,
        code=said,
        printed=printed,
        part_no=part.part_no,
        lot_no=lot.lot_no if lot else None,
        serial=serial,
        expires_on=lot.expires_on if lot else None,
        di=part.di,
        maker=maker.name,
    )


def _code(
    db: Session, part: Part, maker: Party, lot: Lot | None, serial: str | None, code: str
) -> tuple[str, str]:
    """Return the text of the code and the line under it; what has no GTIN gets a link of ours."""
    lot_no = lot.lot_no if lot and not lot.is_unknown else None
    if part.issuer != "gs1" or part.di is None:
        address = own.link(own.Own(site_of(db), maker.code, part.part_no, lot_no, serial))
        return address, address

    elements = [("01", part.di)]
    if lot and lot.expires_on:
        elements.append(("17", f"{lot.expires_on:%y%m%d}"))
    elements += [("10", lot_no)] if lot_no else []
    elements += [("21", serial)] if serial else []
    if not all(gs1.is_allowed(ai, value) for ai, value in elements):
        # a number with characters or a length that GS1 has no room for
        address = own.link(own.Own(site_of(db), maker.code, part.part_no, lot_no, serial))
        return address, address
    printed = gs1.brackets(elements)
    return (gs1.link(site_of(db), elements) if code == "link" else printed), printed
