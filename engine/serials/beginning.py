"""What begins with what a person has typed so far: units, lots, parts and places."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.serials.begins import begins
from engine.serials.models import ExternalId, Location, Lot, Part, Party, Unit
from engine.serials.named import Match, called, lots_by_id, units_by_id

SHOWN = 10
NAMED = 500  # parts or places that one beginning may name


@dataclass(frozen=True)
class Place:
    """One location and whose it is."""

    id: int
    code: str
    name: str
    party: str


@dataclass(frozen=True)
class Beginning:
    """The first of each kind that begin with a text; `more` names the kinds that have more."""

    units: tuple[Match, ...] = ()
    lots: tuple[Match, ...] = ()
    parts: tuple[Match, ...] = ()
    places: tuple[Place, ...] = ()
    more: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """Return how many are shown."""
        return len(self.units) + len(self.lots) + len(self.parts) + len(self.places)


def beginning_with(db: Session, text: str, *, most: int = SHOWN) -> Beginning:
    """Return what begins with `text`, in order of its name; seven small queries by index."""
    if not text:
        return Beginning()

    units = _units(db, text, most + 1)
    lots = _lots(db, text, most + 1)
    parts = parts_named(db, text, most=most + 1)
    places = places_named(db, text, most=most + 1)
    counts = {
        "units": len(units), "lots": len(lots), "parts": len(parts), "places": len(places),
    }  # fmt: skip
    return Beginning(
        tuple(units[:most]),
        tuple(lots[:most]),
        tuple(parts[:most]),
        tuple(places[:most]),
        frozenset(kind for kind, count in counts.items() if count > most),
    )


def _units(db: Session, text: str, most: int) -> list[Match]:
    ids = db.scalars(
        select(Unit.id).where(begins(Unit.serial, text)).order_by(Unit.serial, Unit.id).limit(most)
    ).all()
    others = _named_elsewhere(db, "unit", text, most)
    return _in_order([*ids, *others], units_by_id(db, [*ids, *others], also=others), most)


def _lots(db: Session, text: str, most: int) -> list[Match]:
    ids = db.scalars(
        select(Lot.id)
        .where(begins(Lot.lot_no, text), ~Lot.is_unknown)
        .order_by(Lot.lot_no, Lot.id)
        .limit(most)
    ).all()
    others = _named_elsewhere(db, "lot", text, most)
    return _in_order([*ids, *others], lots_by_id(db, [*ids, *others], also=others), most)


def _named_elsewhere(db: Session, entity: str, text: str, most: int) -> dict[int, str]:
    """Return what other systems, a supplier's above all, call by a name that begins so."""
    rows = db.execute(
        select(ExternalId.entity_id, ExternalId.value)
        .where(*called(entity, text))
        .order_by(ExternalId.value)
        .limit(most)
    )
    return {row[0]: row[1] for row in rows}


def _in_order(ids: Sequence[int], found: dict[int, Match], most: int) -> list[Match]:
    return [found[one] for one in dict.fromkeys(ids) if one in found][:most]


def parts_named(db: Session, text: str, *, most: int = NAMED) -> list[Match]:
    """Return the parts whose number or device identifier begins with `text`."""
    rows = db.execute(
        select(Part, Party.name)
        .join(Party, Party.id == Part.manufacturer_id)
        .where(or_(begins(Part.part_no, text), begins(Part.di, text)))
        .order_by(Part.part_no, Part.id)
        .limit(most)
    )
    return [
        Match(
            "part",
            part.id,
            part.part_no,
            part.id,
            part.part_no,
            part.name,
            maker=maker,
            part_name_zh=part.name_zh,
        )
        for part, maker in rows
    ]


def places_named(db: Session, text: str, *, most: int = NAMED) -> list[Place]:
    """Return the places whose code begins with `text`, or in whose name or owner it stands."""
    rows = db.execute(
        select(Location.id, Location.code, Location.name, Party.name)
        .join(Party, Party.id == Location.party_id)
        .where(
            or_(
                begins(Location.code, text),
                Location.name.icontains(text, autoescape=True),
                Party.name.icontains(text, autoescape=True),
            )
        )
        .order_by(Location.code)
        .limit(most)
    )
    return [Place(*row) for row in rows]
