"""What rows refer to, looked up for many rows at once: parts, parties, places, lots and units."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.models import ExternalId, Location, Lot, Part, Party, Unit
from engine.serials.sets import id_set, text_set
from engine.serials.standing import standing


class PartFound(NamedTuple):
    """A part as rows refer to it."""

    id: int
    manufacturer_id: int
    control: str
    issuer: str | None


class UnitFound(NamedTuple):
    """A unit as rows refer to it."""

    id: int
    lot_id: int | None
    location_id: int | None
    usability: str
    is_released: bool
    custody: str


class Known:
    """What was looked up so far; parts, parties and places are kept, for they come again."""

    def __init__(self, db: Session, source: str, *, at: datetime) -> None:
        self.db, self.source, self.at = db, source, at
        self.today = (at + timedelta(hours=14)).date().isoformat()  # wherever on Earth it is latest
        self.parts: dict[str, list[PartFound]] = {}
        self.parties: dict[str, int | None] = {}
        self.locations: dict[str, int | None] = {}

    def look_up_parts(self, numbers: Iterable[str]) -> None:
        """Look up the parts of these numbers that were not looked up yet."""
        wanted = {one for one in numbers if one} - self.parts.keys()
        if not wanted:
            return
        found: dict[str, list[PartFound]] = defaultdict(list)
        facts = (Part.id, Part.manufacturer_id, Part.control, Part.issuer)
        rows = select(Part.part_no, *facts).where(Part.part_no.in_(text_set(self.db, wanted)))
        for row in self.db.execute(rows):
            found[row[0]].append(PartFound(*row[1:]))
        names = self._named("part", wanted - found.keys())
        if names:
            named = select(*facts).where(Part.id.in_(id_set(self.db, names.values())))
            by_id = {row[0]: PartFound(*row) for row in self.db.execute(named)}
            for said, part_id in names.items():
                found[said].append(by_id[part_id])
        self.parts |= {one: found.get(one, []) for one in wanted}

    def look_up_parties(self, codes: Iterable[str]) -> None:
        """Look up parties by our code, or by what this source calls them."""
        self._look_up(self.parties, Party, "party", codes)

    def look_up_locations(self, codes: Iterable[str]) -> None:
        """Look up places by our code, or by what this source calls them."""
        self._look_up(self.locations, Location, "location", codes)

    def _look_up(
        self,
        known: dict[str, int | None],
        model: type[Party | Location],
        entity: str,
        codes: Iterable[str],
    ) -> None:
        wanted = {one for one in codes if one} - known.keys()
        if not wanted:
            return
        rows = select(model.code, model.id).where(model.code.in_(text_set(self.db, wanted)))
        found = {row[0]: row[1] for row in self.db.execute(rows)}
        found |= self._named(entity, wanted - found.keys())
        known |= {one: found.get(one) for one in wanted}

    def _named(self, entity: str, said: set[str]) -> dict[str, int]:
        """Return what this source's own names stand for."""
        if not said:
            return {}
        rows = select(ExternalId.value, ExternalId.entity_id).where(
            ExternalId.source == self.source,
            ExternalId.entity == entity,
            ExternalId.value.in_(text_set(self.db, said)),
        )
        return {row[0]: row[1] for row in self.db.execute(rows)}

    def lots(self, numbers: Iterable[str]) -> dict[tuple[int, str], list[tuple[int, int]]]:
        """Return the lots of these numbers, with their manufacturer, by part and number."""
        found: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
        wanted = {one for one in numbers if one}
        if wanted:
            columns = (Lot.part_id, Lot.lot_no, Lot.id, Lot.manufacturer_id)
            rows = select(*columns).where(Lot.lot_no.in_(text_set(self.db, wanted)))
            for part_id, number, lot_id, maker_id in self.db.execute(rows):
                found[part_id, number].append((lot_id, maker_id))
        return found

    def units(self, serials: Sequence[str]) -> dict[tuple[int, str], UnitFound]:
        """Return the units of these serials by part and serial."""
        wanted = {one for one in serials if one}
        if not wanted:
            return {}
        columns = (
            Unit.part_id,
            Unit.serial,
            Unit.id,
            Unit.lot_id,
            Unit.location_id,
            Unit.usability,
            Unit.is_released,
            Unit.custody,
        )
        rows = select(*columns).where(Unit.serial.in_(text_set(self.db, wanted)))
        return {(row[0], row[1]): UnitFound(*row[2:]) for row in self.db.execute(rows)}

    def never_came(self, units: Iterable[UnitFound]) -> set[int]:
        """Return which of these units never came to be: a row may bring them after all."""
        nowhere = {one.id for one in units if one.custody in ("never_existed", "unknown")}
        return nowhere - standing(self.db, id_set(self.db, nowhere)).keys() if nowhere else nowhere
