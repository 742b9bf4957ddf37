"""The list of units and lots as its page asks for it: the filters of an address, read and said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import listing
from engine.serials.beginning import parts_named, places_named
from engine.serials.listing import Listed, Start, Wanted
from engine.serials.models import Lot, Part
from engine.serials.models.axes import CUSTODIES, USABILITIES
from engine.serials.named import Match
from engine.serials.near import near
from webapp.numbers import whole
from webapp.queries.search import LONGEST, readable


@dataclass(frozen=True)
class Asked:
    """The filters of a list as they stand in its address; empty is no filter."""

    kind: str = "unit"
    begins: str = ""
    part: str = ""
    place: str = ""
    custody: str = ""
    usability: str = ""
    held: str = ""  # yes, no
    lot: int | None = None
    made_of: int | None = None
    after: int | None = None
    before: int | None = None

    @property
    def kept(self) -> dict[str, str | int]:
        """Return the filters that are set, as they go into an address."""
        named = {
            "kind": self.kind, "begins": self.begins, "part": self.part, "place": self.place,
            "custody": self.custody, "usability": self.usability, "held": self.held,
            "lot": self.lot, "made_of": self.made_of,
        }  # fmt: skip
        return {name: value for name, value in named.items() if value not in ("", None)}

    @property
    def is_filtered(self) -> bool:
        """Say whether anything but the kind is asked for."""
        return set(self.kept) > {"kind"}


@dataclass(frozen=True)
class UnitsAndLots:
    """One page of the list, with what the filters were taken for."""

    asked: Asked
    units: Listed[listing.UnitRow] | None
    lots: Listed[listing.LotRow] | None
    unknown_part: bool = False
    unknown_place: bool = False
    near: tuple[Match, ...] = ()
    lot_names: dict[int, str] = field(default_factory=dict)

    @property
    def shown(self) -> Listed[listing.UnitRow] | Listed[listing.LotRow]:
        """Return the page of the kind that is listed."""
        found = self.units if self.units is not None else self.lots
        return found if found is not None else Listed(())


def asked_of(said: Mapping[str, str]) -> Asked:
    """Read the filters of an address; what is no value of a filter is none."""

    def text(name: str) -> str:
        return readable(said.get(name, "")).strip()[:LONGEST]

    def one_of(name: str, values: Mapping[str, str]) -> str:
        return value if (value := said.get(name, "")) in values else ""

    def id_(name: str) -> int | None:
        return whole(said.get(name))

    return Asked(
        kind="lot" if said.get("kind") == "lot" else "unit",
        begins=text("begins") or text("q"),
        part=text("part"),
        place=text("place"),
        custody=one_of("custody", CUSTODIES),
        usability=one_of("usability", USABILITIES),
        held=one_of("held", {"yes": "", "no": ""}),
        lot=id_("lot"),
        made_of=id_("made_of"),
        after=id_("after"),
        before=id_("before"),
    )


def units_and_lots(db: Session, asked: Asked) -> UnitsAndLots:
    """Return the page of the list that is asked for."""
    parts = _parts(db, asked.part) if asked.part else None
    places = _places(db, asked.place) if asked.place else None
    wanted = Wanted(
        begins=asked.begins,
        part_ids=parts,
        location_ids=places,
        custody=asked.custody or None,
        usability=asked.usability or None,
        is_held={"yes": True, "no": False}.get(asked.held),
        lot_id=asked.lot if asked.kind == "unit" else None,
        made_of_lot_id=asked.made_of if asked.kind == "unit" else None,
    )
    start = Start(after=asked.after, before=asked.before if asked.after is None else None)
    is_units = asked.kind == "unit"
    found = UnitsAndLots(
        asked,
        listing.units(db, wanted, start) if is_units else None,
        None if is_units else listing.lots(db, wanted, start),
        unknown_part=parts == frozenset(),
        unknown_place=places == frozenset(),
        lot_names=_lot_names(db, asked),
    )
    if found.shown.rows or not asked.begins:
        return found
    return UnitsAndLots(
        asked, found.units, found.lots, found.unknown_part, found.unknown_place,
        near(db, asked.begins), found.lot_names,
    )  # fmt: skip


def _parts(db: Session, text: str) -> frozenset[int]:
    """Return the part with this number, else all whose number begins so."""
    found = parts_named(db, text)
    exact = [one for one in found if one.part_no == text]
    return frozenset(one.id for one in exact or found)


def _places(db: Session, text: str) -> frozenset[int]:
    """Return the place with this code, else all that begin so or have it in their name."""
    found = places_named(db, text)
    exact = [one for one in found if one.code == text]
    return frozenset(one.id for one in exact or found)


def _lot_names(db: Session, asked: Asked) -> dict[int, str]:
    ids = [one for one in (asked.lot, asked.made_of) if one is not None]
    if not ids:
        return {}
    rows = db.execute(select(Lot.id, Lot.lot_no).where(Lot.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def is_controlled_by_lot(db: Session, part_no: str) -> bool:
    """Say whether a part has lots and no serials: what there is of it is listed by lot."""
    controls = set(db.scalars(select(Part.control).where(Part.part_no == part_no)))
    return controls == {"lot"}
