"""What a form may ask of the world, answered from the serial store and the case."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import identifying
from engine.cases.dispositions import Part, parts_of_line, pending
from engine.cases.models import Case, Line
from engine.cases.names import stock_names
from engine.cases.places import places_of
from engine.cases.recalls import lists
from engine.cases.samples import kept_as_samples, without
from engine.cases.scope_reading import reader
from engine.cases.segregated import expected
from engine.cases.uploads import file_of, upload_of
from engine.people import Person, people_with_role
from engine.serials import find
from engine.serials.identifiers import has_wrong_check_digit
from engine.serials.models import Part as PartRow
from engine.serials.sets import id_set
from forms.context import (
    Attachment,
    Context,
    Description,
    LotFound,
    PersonFound,
    Stock,
    UnitFound,
)


def form_context(
    db: Session,
    *,
    case: Case | None,
    by: Person,
    at: datetime,
    instance_id: int | None = None,
) -> Context:
    """Return the functions a form reads with, for this person, case and running diagram."""

    def find_units(texts: Sequence[str]) -> Mapping[str, Sequence[UnitFound]]:
        return {
            found.text: [
                UnitFound(one.unit_id, one.label, one.part_no)
                for one in found.matches
                if one.kind == "unit" and one.unit_id is not None
            ]
            for found in _resolved(db, texts)
        }

    def find_lots(texts: Sequence[str]) -> Mapping[str, Sequence[LotFound]]:
        resolved = _resolved(db, texts)
        uoms = _uoms(
            db, {match.part_id for one in resolved for match in one.matches if match.part_id}
        )
        return {
            found.text: [
                LotFound(one.lot_id, one.label, one.part_no, uoms[one.part_id])
                for one in found.matches
                if one.kind == "lot" and one.lot_id is not None
            ]
            for found in resolved
        }

    def people(role: str | None) -> Sequence[PersonFound]:
        found = people_with_role(db, role, at=at) if role else []
        return [PersonFound(one.id, one.printed_name) for one in found]

    def attachment(sha256: str) -> Attachment | None:
        # one's own that came with a form, or a file of this case: never another's by its hash
        found = upload_of(db, sha256, by=by) or (file_of(db, case.stream, sha256) if case else None)
        if found is None:
            return None
        return Attachment(sha256, found.name, found.media_type, found.bytes or 0)

    return Context(
        language=by.language,
        zone=by.time_zone,
        now=at,
        find_units=find_units,
        find_lots=find_lots,
        listed=lambda name: lists.offered(db, case, instance_id, name, by.language),
        read_scope=reader(db, by.language, by.time_zone),
        has_wrong_check_digit=has_wrong_check_digit,
        pending=lambda: stocks(db, case, pending(db, case)) if case else (),
        expected=lambda: expected(db, case) if case else (),
        pieces=lambda: stocks(db, case, line_parts(db, instance_id), is_drawn=True) if case else (),
        unidentified=lambda: _descriptions(db, case) if case else (),
        people=people,
        attachment=attachment,
    )


def _descriptions(db: Session, case: Case) -> Sequence[Description]:
    return [
        Description(one.id, one.description or "", one.quantity)
        for one in identifying.unresolved(db, case)
    ]


def _uoms(db: Session, part_ids: set[int]) -> dict[int, str]:
    rows = db.execute(select(PartRow.id, PartRow.uom).where(PartRow.id.in_(id_set(db, part_ids))))
    return {row.id: row.uom for row in rows}


def _resolved(db: Session, texts: Sequence[str]) -> Sequence[find.Found]:
    found = find.resolve_many(db, list(texts))
    # a text comes back standardised; the form asks under what was typed
    return [replace(one, text=text) for text, one in zip(texts, found, strict=True)]


def stocks(
    db: Session, case: Case, parts: Sequence[Part], *, is_drawn: bool = False
) -> list[Stock]:
    """Return parts as forms show them, keyed `unit-7` or `lot-12`, in the order of their names.

    A lot tells every place where this case holds it; `is_drawn` only those a line takes from.
    """
    names = stock_names(db, [(p.unit_id, p.lot_id) for p in parts])
    lying = places_of(db, case, parts, is_drawn=is_drawn)
    found = [
        Stock(
            key=f"unit-{p.unit_id}" if p.unit_id else f"lot-{p.lot_id}",
            part_no=names[p.unit_id, p.lot_id].part,
            location=", ".join(place for place, _ in lying.get(p.key, ())),
            places=lying.get(p.key, ()),
            quantity=p.quantity,
            unit=UnitFound(p.unit_id, names[p.unit_id, None].name, names[p.unit_id, None].part)
            if p.unit_id
            else None,
            lot=LotFound(p.lot_id, names[None, p.lot_id].name, names[None, p.lot_id].part)
            if p.lot_id
            else None,
        )
        for p in parts
    ]
    return sorted(found, key=lambda stock: (stock.part_no, stock.name))


def line_parts(db: Session, instance_id: int | None) -> list[Part]:
    """Return what a step of a line does something to; nothing where it is no line's."""
    line = db.scalar(select(Line).where(Line.instance_id == instance_id))
    if line is None:
        return []
    # samples are set aside: what is left is what a step does something to
    return without(
        parts_of_line(db, line), kept_as_samples(db, db.get_one(Case, line.case_id), line)
    )
