"""How a request names goods and places: by our id, by its numbers, by a UDI, by another's name."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import find, named, packing
from engine.serials.models import (
    CUSTODIES,
    USABILITIES,
    Container,
    ExternalId,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Segment,
    Unit,
)
from engine.serials.named import Match
from engine.serials.record import LotInput, StockPart
from engine.serials.sets import id_set, text_set
from engine.words import N_
from webapp.api.blueprint import Stored, Strict
from webapp.config import LARGEST_ID

NAME_ONE_WAY = N_("Name it in one way: by id, by its numbers, by udi, or by external_id.")
NOT_HERE = N_("Nothing is recorded under “%(name)s”. Check the number.")
SEVERAL = N_("“%(name)s” is the name of several. Name the part and its manufacturer too.")
NO_PLACE = N_("There is no location “%(code)s”. Check its code.")
NO_PARTY = N_("There is no party “%(code)s”. Check its code.")
NO_STOCK = N_("Nothing of lot %(lot)s lies at %(place)s like this. Check place and quantity.")
SEVERAL_STOCKS = N_("Lot %(lot)s lies at %(place)s in several states. Name the stock_id.")
NO_CONTAINER = N_("Nothing is packed under SSCC %(sscc)s. Check the number.")
TEXT = validate.Length(min=1, max=200)
ID = validate.Range(1, LARGEST_ID)
LARGEST = Decimal(10**12)


def exactly(letter: str, count: int) -> list[Any]:
    """Return the rules of a text of so many letters, as JSON Schema can say them."""
    return [validate.Regexp(f"^{letter}{{{count}}}$"), validate.Length(equal=count)]


class Quantity(fields.Decimal):
    """An exact quantity, sent as text: up to twelve digits and six decimal places."""

    def __init__(self, *, or_none: bool = False, **more: Any) -> None:
        """Take none that is not above zero, or not below it with `or_none`."""
        said = {"pattern": r"^\d{1,12}(\.\d{1,6})?$", **more.pop("metadata", {})}
        checks = [_six_places, _not_negative if or_none else _above_zero]
        super().__init__(allow_nan=False, as_string=True, validate=checks, metadata=said, **more)


def _six_places(value: Decimal) -> None:
    if abs(value) >= LARGEST or value != round(value, 6):
        raise ValidationError(N_("Enter up to twelve digits and six decimal places."))


def _above_zero(value: Decimal) -> None:
    if value <= 0:
        raise ValidationError(N_("Enter a quantity above zero."))


def _not_negative(value: Decimal) -> None:
    if value < 0:
        raise ValidationError(N_("Enter a quantity that is not below zero."))


class Name(Strict):
    """Whatever may be named in more than one way."""

    ways: tuple[tuple[str, ...], ...] = ()

    @validates_schema
    def _one_way(self, data: Mapping[str, Any], **_: Any) -> None:
        used = [way for way in self.ways if any(name in data for name in way[:1])]
        if len(used) != 1:
            raise ValidationError(NAME_ONE_WAY)


class PartName(Name):
    """A part: by id, by its number and manufacturer, or by what another system calls it."""

    ways = (("id",), ("part_no", "manufacturer"), ("external_id", "source_system"))
    id = fields.Integer(validate=ID)
    part_no = Stored(validate=TEXT)
    manufacturer = Stored(validate=TEXT, metadata={"description": "Code of who makes it."})
    external_id = Stored(validate=TEXT)
    source_system = Stored(validate=TEXT)


class UnitName(Name):
    """A unit: by id, by part and serial number, by UDI, or by what another system calls it."""

    ways = (("id",), ("serial", "part_no", "manufacturer"), ("udi",), ("external_id",))
    id = fields.Integer(validate=ID)
    part_no = Stored(validate=TEXT)
    manufacturer = Stored(validate=TEXT, metadata={"description": "Code of who makes the part."})
    serial = Stored(validate=TEXT, metadata={"description": "As printed."})
    udi = Stored(
        validate=validate.Length(1, 500), metadata={"description": "UDI or number as scanned."}
    )
    external_id = Stored(validate=TEXT)
    source_system = Stored(validate=TEXT)


class LotName(Name):
    """A lot: by id, by part and lot number, by UDI, or by what another system calls it."""

    ways = (("id",), ("lot_no", "part_no", "manufacturer"), ("udi",), ("external_id",))
    id = fields.Integer(validate=ID)
    part_no = Stored(validate=TEXT)
    manufacturer = Stored(validate=TEXT, metadata={"description": "Code of who makes the part."})
    lot_no = Stored(validate=TEXT, metadata={"description": "As printed."})
    udi = Stored(validate=validate.Length(1, 500))
    external_id = Stored(validate=TEXT)
    source_system = Stored(validate=TEXT)


class StockPlace(Strict):
    """A lot where it lies."""

    stock_id = fields.Integer(validate=ID, metadata={"description": "From /stock, if known."})
    lot = fields.Nested(LotName)
    location = Stored(validate=TEXT, metadata={"description": "Code of the place it lies at."})
    custody = fields.String(validate=validate.OneOf(list(CUSTODIES)))
    usability = fields.String(validate=validate.OneOf(list(USABILITIES)))

    @validates_schema
    def _named(self, data: Mapping[str, Any], **_: Any) -> None:
        if "stock_id" not in data and not {"lot", "location"} <= set(data):
            raise ValidationError(N_("Name the lot and its location, or the stock_id."))


class StockName(StockPlace):
    """A quantity of a lot where it lies."""

    quantity = Quantity(required=True)


class InputName(Strict):
    """A quantity of a lot that goes into something."""

    lot = fields.Nested(LotName, required=True)
    quantity = Quantity()
    location = Stored(validate=TEXT, metadata={"description": "Where it was taken from."})


class Naming:
    """Finds what one request names, in sets, and keeps every problem with its place."""

    def __init__(self, db: Session) -> None:
        """Begin with no problem."""
        self.db = db
        self.problems: list[Problem] = []

    def say(self, at: str, sentence: str, **facts: object) -> None:
        """Keep a problem."""
        self.problems.append(Problem(at, sentence, tuple(facts.items())))

    # --- units and lots ---------------------------------------------------------------------

    def units(self, names: Sequence[Mapping[str, Any]], at: str) -> list[int]:
        """Return the ids of units, in order."""
        return self._found("unit", names, at, lambda texts: named.units(self.db, texts), "serial")

    def lots(self, names: Sequence[Mapping[str, Any]], at: str) -> list[int]:
        """Return the ids of lots, in order."""
        return self._found("lot", names, at, lambda texts: named.lots(self.db, texts), "lot_no")

    def lot(self, name: Mapping[str, Any] | None, at: str) -> int | None:
        """Return the id of one lot, None where none is named."""
        return next(iter(self.lots([name], at)), None) if name else None

    def _found(
        self,
        kind: str,
        names: Sequence[Mapping[str, Any]],
        at: str,
        by_number: Callable[[set[str]], Mapping[str, list[Match]]],
        number: str,
    ) -> list[int]:
        known = by_number({name[number] for name in names if number in name})
        scanned = self._scanned(kind, [name["udi"] for name in names if "udi" in name])
        elsewhere = self._elsewhere(kind, names)
        model: Any = Unit if kind == "unit" else Lot
        asked = {name["id"] for name in names if "id" in name}
        there = set(self.db.scalars(select(model.id).where(model.id.in_(id_set(self.db, asked)))))
        ids = []
        for place, name in enumerate(names):
            if "id" in name:
                found = {name["id"]} & there
            elif number in name:
                found = self._of_part(known.get(name[number], ()), name)
            elif "udi" in name:
                found = scanned[name["udi"]]
            else:
                found = _of_source(elsewhere[name["external_id"]], name)
            where = at if len(names) == 1 and not at.endswith("s") else f"{at}.{place}"
            ids += self._one(found, name, where)
        return ids

    def _one(self, found: Iterable[int], name: Mapping[str, Any], at: str) -> list[int]:
        ids = list(set(found))
        if len(ids) == 1:
            return ids
        self.say(at, SEVERAL if ids else NOT_HERE, name=_called(name))
        return []

    def _of_part(self, matches: Iterable[Match], name: Mapping[str, Any]) -> set[int]:
        if "part_no" in name:
            matches = [m for m in matches if m.part_no == name["part_no"]]
        found = {m.id: m.part_id for m in matches}
        if "manufacturer" in name and found:
            rows = self.db.execute(
                select(Part.id, Party.code)
                .join(Party, Party.id == Part.manufacturer_id)
                .where(Part.id.in_(set(found.values())))
            )
            makers = {row[0]: row[1] for row in rows}
            found = {k: p for k, p in found.items() if makers[p] == name["manufacturer"]}
        return set(found)

    def _scanned(self, kind: str, texts: Sequence[str]) -> dict[str, set[int]]:
        results = find.resolve_many(self.db, list(dict.fromkeys(texts)))
        return {one.text: {m.id for m in one.matches if m.kind == kind} for one in results} | {
            text: set() for text in texts if text not in {one.text for one in results}
        }

    def _elsewhere(
        self, kind: str, names: Sequence[Mapping[str, Any]]
    ) -> dict[str, list[tuple[int, str]]]:
        asked = {name["external_id"] for name in names if "external_id" in name}
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        if asked:
            rows = select(ExternalId.value, ExternalId.entity_id, ExternalId.source).where(
                ExternalId.entity == kind, ExternalId.value.in_(text_set(self.db, asked))
            )
            for value, its_id, source in self.db.execute(rows):
                found[value].append((its_id, source))
        return found

    # --- parts, places, parties -------------------------------------------------------------

    def part(self, name: Mapping[str, Any], at: str) -> int:
        """Return the id of a part, 0 where there is none or several."""
        if "id" in name:
            found = set(self.db.scalars(select(Part.id).where(Part.id == name["id"])))
        elif "external_id" in name:
            found = _of_source(self._elsewhere("part", [name])[name["external_id"]], name)
        else:
            parts = select(Part.id).where(Part.part_no == name["part_no"])
            if "manufacturer" in name:
                parts = parts.join(Party, Party.id == Part.manufacturer_id).where(
                    Party.code == name["manufacturer"]
                )
            found = set(self.db.scalars(parts))
        return next(iter(self._one(found, name, at)), 0)

    def place(self, code: str | None, at: str) -> int:
        """Return the id of a location, 0 where there is none."""
        found = self.db.scalar(select(Location.id).where(Location.code == code)) if code else None
        if code and found is None:
            self.say(at, NO_PLACE, code=code)
        return found or 0

    def party(self, code: str | None, at: str) -> int | None:
        """Return the id of a party."""
        found = self.db.scalar(select(Party.id).where(Party.code == code)) if code else None
        if code and found is None:
            self.say(at, NO_PARTY, code=code)
        return found

    def run(self, segment_id: int | None, at: str) -> int | None:
        """Return the id of a production run."""
        if segment_id is not None and self.db.get(Segment, segment_id) is None:
            self.say(at, NOT_HERE, name=segment_id)
        return segment_id

    def containers(self, ssccs: Sequence[str], at: str) -> list[int]:
        """Return the ids of cases and pallets, in order; raises `NotAnSscc`."""
        return [self.container(sscc, f"{at}.{place}") for place, sscc in enumerate(ssccs)]

    def container(self, sscc: str, at: str) -> int:
        """Return the id of a case or pallet, 0 where there is none; raises `NotAnSscc`."""
        number = packing.sscc_of(sscc)
        found = self.db.scalar(select(Container.id).where(Container.sscc == number))
        if found is None:
            self.say(at, NO_CONTAINER, sscc=sscc)
        return found or 0

    # --- quantities -------------------------------------------------------------------------

    def stock(
        self, names: Sequence[Mapping[str, Any]], at: str, *, is_fact: bool = False
    ) -> list[StockPart]:
        """Return quantities of lots where they lie; a fact may take what was never received."""
        parts = []
        for place, name in enumerate(names):
            stock_id = name.get("stock_id") or self._lying(name, f"{at}.{place}", is_fact=is_fact)
            if stock_id:
                parts.append(StockPart(stock_id, name["quantity"]))
        known = {part.stock_id for part in parts}
        there = set(
            self.db.scalars(select(LotStock.id).where(LotStock.id.in_(id_set(self.db, known))))
        )
        for place, name in enumerate(names):
            if name.get("stock_id", 0) in known - there:
                self.say(f"{at}.{place}.stock_id", NOT_HERE, name=name["stock_id"])
        return [part for part in parts if part.stock_id in there]

    def _lying(self, name: Mapping[str, Any], at: str, *, is_fact: bool) -> int:
        lot_id = self.lot(name["lot"], f"{at}.lot")
        place_id = self.place(name["location"], f"{at}.location")
        if not lot_id or not place_id:
            return 0
        rows = select(LotStock).where(
            LotStock.lot_id == lot_id, LotStock.location_id == place_id, LotStock.quantity != 0
        )
        for axis in ("custody", "usability"):
            if axis in name:
                rows = rows.where(getattr(LotStock, axis) == name[axis])
        found = self.db.scalars(rows).all()
        if len(found) == 1:
            return found[0].id
        if not found and is_fact:
            return self._empty(lot_id, place_id, name)
        facts = {"lot": _called(name["lot"]), "place": name["location"]}
        self.say(at, SEVERAL_STOCKS if found else NO_STOCK, **facts)
        return 0

    def _empty(self, lot_id: int, place_id: int, name: Mapping[str, Any]) -> int:
        """Return the row that goes below zero until the receipt of this is recorded."""
        state = {
            "lot_id": lot_id,
            "location_id": place_id,
            "custody": name.get("custody", "in_house"),
            "usability": name.get("usability", "unknown"),
            "tranche_id": 0,
        }
        row = self.db.scalars(select(LotStock).filter_by(**state)).one_or_none()
        if row is None:
            row = LotStock(**state, quantity=Decimal(0))
            self.db.add(row)
            self.db.flush()
        return row.id

    def inputs(self, names: Sequence[Mapping[str, Any]], at: str) -> list[LotInput]:
        """Return lots that go into something."""
        found = []
        for place, name in enumerate(names):
            here = f"{at}.{place}"
            lot_id = self.lot(name["lot"], f"{here}.lot")
            place_id = self.place(name.get("location"), f"{here}.location") or None
            if lot_id:
                found.append(LotInput(lot_id, name.get("quantity"), place_id))
        return found


def _of_source(rows: Iterable[tuple[int, str]], name: Mapping[str, Any]) -> set[int]:
    return {row[0] for row in rows if name.get("source_system") in (None, row[1])}


def _called(name: Mapping[str, Any]) -> str:
    parts = ("part_no", "serial", "lot_no", "udi", "external_id", "id")
    return " ".join(str(name[part]) for part in parts if part in name)
