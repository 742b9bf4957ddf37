"""Rows of master data: parties, places, parts and lots."""

from sqlalchemy import select

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known
from engine.serials.intake.referring.comparing import compare, once
from engine.serials.intake.referring.naming import (
    JOIN,
    Groups,
    keep_parts,
    parts_of,
    party_of,
)
from engine.serials.models import Location, Lot, Part, Party
from engine.serials.sets import text_set


def of_parties(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold parties against those of their code."""
    c.keys = [code or None for code in c.column("code")]
    fields = [name for name in c.names if name != "code"]
    rows = select(Party).where(Party.code.in_(text_set(known.db, filter(None, c.column("code")))))
    there = {one.code: one for one in known.db.scalars(rows)}
    compare(c, fields, lambda place: there.get(c.column("code")[place]))
    once(c, known, "gln", Party.gln)


def of_locations(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold places of parties against those of their code."""
    party_of(c, known, "party")
    c.keys = [code or None for code in c.column("code")]
    codes = c.column("code")
    rows = select(Location).where(Location.code.in_(text_set(known.db, filter(None, codes))))
    there = {one.code: one for one in known.db.scalars(rows)}
    compare(c, ["party_id", "name", "kind"], lambda place: there.get(codes[place]))


def of_parts(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold parts against those of their manufacturer and number."""
    party_of(c, known, "manufacturer")
    numbers, makers = c.column("part_no"), c.refers["party_id"]
    c.keys = [
        f"{maker}{JOIN}{no}" if no and maker else None
        for no, maker in zip(numbers, makers, strict=True)
    ]
    rows = select(Part).where(Part.part_no.in_(text_set(known.db, filter(None, numbers))))
    there = {(one.manufacturer_id, one.part_no): one for one in known.db.scalars(rows)}
    fields = [name for name in c.names if name not in ("part_no", "manufacturer")]
    compare(c, fields, lambda place: there.get((makers[place] or 0, numbers[place])))
    once(c, known, "di", Part.di)


def of_lots(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold lots against those of their part, manufacturer and number."""
    party_of(c, known, "manufacturer")
    parts = parts_of(c, known)
    keep_parts(c, parts)
    numbers, makers = c.column("lot_no"), c.refers["party_id"]
    for place, part in enumerate(parts):
        if part is not None:
            makers[place] = makers[place] or part.manufacturer_id
            c.keys[place] = f"{makers[place]}{JOIN}{numbers[place]}"
    rows = select(Lot).where(Lot.lot_no.in_(text_set(known.db, filter(None, numbers))))
    there = {(one.part_id, one.manufacturer_id, one.lot_no): one for one in known.db.scalars(rows)}
    ids = c.refers["part_id"]
    fields = [name for name in c.names if name not in ("part_no", "lot_no", "manufacturer")]
    compare(
        c, fields, lambda place: there.get((ids[place] or 0, makers[place] or 0, numbers[place]))
    )
