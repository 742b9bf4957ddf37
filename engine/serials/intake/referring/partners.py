"""Rows that are a partner's events: as the standard allows, new, captured before, or changed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine.serials.epcis import documents
from engine.serials.epcis.resolving import resolve
from engine.serials.epcis.taking.case import names_in
from engine.serials.intake.chunk import Chunk
from engine.serials.intake.documents import EVENT, loads
from engine.serials.intake.references import Known
from engine.serials.intake.referring.naming import JOIN, Groups
from engine.serials.models import EpcisEvent, HoldTargetRow, ImportRow, PrioritySerial, Unit
from engine.serials.moments import AHEAD, LONG_AGO
from engine.serials.packed import contents_of
from engine.serials.sets import id_set, text_set

TOLD = 3  # of what the standard does not allow in one event


def of_epcis(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold events against the standard's schema and against what was captured before."""
    bodies = {
        place: body
        for place, text in enumerate(c.column(EVENT))
        if (body := _read(c, known, place, text)) is not None
    }
    ids = {place: documents.id_of(body) for place, body in bodies.items()}
    rows = select(EpcisEvent).where(
        EpcisEvent.epcis_id.in_(text_set(known.db, ids.values())),
        EpcisEvent.taken_back_at.is_(None),
    )
    there = {(one.epcis_id, one.is_declaration): one for one in known.db.scalars(rows)}
    for place, body in bodies.items():
        key = (ids[place], "errorDeclaration" in body)
        c.keys[place] = JOIN.join(map(str, key))
        before = there.get(key)
        if before is None:
            continue
        c.refers["other_id"][place] = before.id
        if before.body == {name: said for name, said in body.items() if name != "@context"}:
            c.states[place] = "same"
        else:
            c.wrong(place, EVENT, "differs", value=key[0], fields="eventID")
    _name_units(c, known, bodies)


def _read(c: Chunk, known: Known, place: int, text: str) -> dict[str, Any] | None:
    try:
        body: dict[str, Any] = loads(text)
    except ValueError as broken:
        c.wrong(place, EVENT, "not_json", said=str(broken))
        return None
    wrong = documents.problems_of(body)
    for one in wrong[:TOLD]:
        said = dict(one.facts)
        c.wrong(place, EVENT, "not_epcis", where=said["place"], said=said["said"])
    if wrong:
        return None
    if late := documents.misdated_in(body, at=known.at):
        code = {AHEAD: "in_future", LONG_AGO: "long_ago"}.get(late.sentence, "not_a_date")
        c.wrong(place, EVENT, code, value=body["eventTime"])
        return None
    return body


def _name_units(c: Chunk, known: Known, bodies: dict[int, dict[str, Any]]) -> None:
    """Keep a unit that each event names: one that no file touches alone goes before others."""
    named = {place: [uri for _, uri in names_in(body)] for place, body in bodies.items()}
    found = resolve(known.db, [uri for uris in named.values() for uri in uris])
    touched: dict[int, list[int]] = {}
    inside = {key: contents_of(known.db, [key]).units for key in set(found.containers.values())}
    for place, uris in named.items():
        units = [found.units[uri] for uri in uris if uri in found.units]
        units += [
            one for uri in uris if uri in found.containers for one in inside[found.containers[uri]]
        ]
        touched[place] = units
    guarded = _guarded(known, {one for units in touched.values() for one in units})
    for place, units in touched.items():
        c.refers["unit_id"][place] = next(
            (one for one in units if one in guarded), units[0] if units else None
        )


def _guarded(known: Known, unit_ids: Collection[int]) -> set[int]:
    ids = id_set(known.db, unit_ids)
    held = select(HoldTargetRow.target_id).where(
        HoldTargetRow.kind == "unit",
        HoldTargetRow.target_id.in_(ids),
        HoldTargetRow.release_event_id.is_(None),
    )
    listed = (
        select(Unit.id)
        .join(
            PrioritySerial,
            and_(PrioritySerial.part_id == Unit.part_id, PrioritySerial.serial == Unit.serial),
        )
        .where(Unit.id.in_(ids), PrioritySerial.removed_at.is_(None))
    )
    return {*known.db.scalars(held), *known.db.scalars(listed)}


def unrecorded(
    db: Session, batch_id: int, listed: Mapping[tuple[int, str], str]
) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the serial and why it is listed, of events that name what is not here yet.

    `listed` are serials by their part; a document may be what brings one.
    """
    rows = select(ImportRow.line, ImportRow.cells).where(
        ImportRow.batch_id == batch_id, ImportRow.state.in_(("new", "fill"))
    )
    for line, cells in db.execute(rows.order_by(ImportRow.line)):
        found = resolve(db, [uri for _, uri in names_in(loads(cells))])
        for uri, name in found.names.items():
            key = (found.parts.get(uri, 0), name.serial or "")
            if key in listed:
                yield line, key[1], listed[key]
