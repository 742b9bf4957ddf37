"""Events as EPCIS asks for them: what partners sent, word for word, and what was recorded here."""

import base64
import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotFound, Problem, Refused
from engine.serials.epcis.asking import MATCHES, Asked, fits
from engine.serials.epcis.documents import Json, moment
from engine.serials.epcis.names import read
from engine.serials.epcis.resolving import descendants, resolve
from engine.serials.epcis.told import HELD
from engine.serials.epcis.writing import bodies_of
from engine.serials.models import (
    Container,
    EpcisEvent,
    EpcisName,
    Event,
    EventLink,
    EventNode,
    Hold,
    HoldTargetRow,
    Packed,
    Unit,
)
from engine.serials.sets import id_set, text_set
from engine.words import N_

NOT_A_TOKEN = N_("This nextPageToken is of another query, or of none. Begin again without it")
CHUNK = 200


class EventUnknown(NotFound):
    """There is no event %(event)s here. Check its id, or ask for it by what it is about."""


class QueryTooLarge(Refused):
    """More than %(most)s events fit this query. Narrow it, or ask for them page by page."""


class Told(NamedTuple):
    """One event as it is told: where it stands in the order, its body, the context it needs."""

    key: tuple[str, int, int, int]  # moment, whose (0 ours, 1 a partner's), id, which of its bodies
    body: Json
    context: Sequence[Any]


@dataclass(frozen=True)
class Page:
    """One page of a query's events, and the token of the page after it."""

    events: tuple[Told, ...]
    next: str | None


def query(db: Session, asked: Asked) -> Page:
    """Return one page; raises `QueryTooLarge`, and `Invalid` for a token of another query."""
    after, sent = _after(asked)
    as_asked, asked = (
        asked,
        replace(asked, within={name: descendants(db, uris) for name, uris in asked.within.items()}),
    )
    rows: Iterator[Told] = heapq.merge(
        _ours(db, asked, after), _partners(db, asked, after), key=_key, reverse=asked.is_descending
    )
    left = None if asked.limit is None else max(0, asked.limit - sent)
    size = asked.per_page if left is None else min(asked.per_page, left)
    if asked.most is not None and sent == 0:
        found = list(islice(rows, asked.most + 1))
        if len(found) > asked.most:
            raise QueryTooLarge(most=asked.most)
        rows = iter(found)
    page = list(islice(rows, size + 1))
    has_more = len(page) > size and (left is None or left > size)
    page = page[:size]
    token = _token(as_asked, page[-1].key, sent + size) if has_more and page else None
    return Page(tuple(page), token)


def event_by_id(db: Session, epcis_id: str) -> list[Told]:
    """Return an event by its EPCIS id, and beside it the declaration that it was wrong."""
    captured = db.scalars(
        select(EpcisEvent)
        .where(EpcisEvent.epcis_id == epcis_id, EpcisEvent.taken_back_at.is_(None))
        .order_by(EpcisEvent.is_declaration)
    ).all()
    if captured:
        return [_captured(one, "eventTime") for one in captured]
    try:
        uuid = UUID(epcis_id.removeprefix("urn:uuid:"))
    except ValueError:
        raise EventUnknown(event=epcis_id[:100]) from None
    later = select(Event.id).where(
        Event.corrects_id == select(Event.id).where(Event.uuid == uuid).scalar_subquery()
    )
    rows = db.scalars(
        select(Event).where((Event.uuid == uuid) | Event.id.in_(later)).order_by(Event.id)
    ).all()
    found = [
        told for told in _told(bodies_of(db, rows), "eventTime")
        if told.body["eventID"] == f"urn:uuid:{uuid}"
    ]  # fmt: skip
    if not found:
        raise EventUnknown(event=epcis_id[:100])
    return found


def about(db: Session, *, unit_ids: Iterable[int] = (), node_ids: Iterable[int] = ()) -> list[Told]:
    """Return everything that is told of units, lots or runs, the oldest first."""
    linked = select(EventLink.event_id).where(EventLink.unit_id.in_(id_set(db, unit_ids)))
    nodes = select(EventNode.event_id).where(EventNode.node_id.in_(id_set(db, node_ids)))
    return _history(db, or_(Event.id.in_(linked), Event.id.in_(nodes)))


def of_case(db: Session, case_number: str) -> list[Told]:
    """Return what a case holds and has let go: recalled, set and unset."""
    rows = db.execute(
        select(Hold.placed_event_id, Hold.release_event_id, HoldTargetRow.release_event_id)
        .outerjoin(HoldTargetRow, HoldTargetRow.hold_id == Hold.id)
        .where(Hold.case_number == case_number)
    )
    ids = {one for row in rows for one in row if one}
    return _history(db, Event.id.in_(id_set(db, ids)))


def _history(db: Session, where: ColumnElement[bool]) -> list[Told]:
    own = db.scalars(select(Event).where(where, ~_is_captured()).order_by(Event.id)).all()
    captured = db.scalars(
        select(EpcisEvent).where(
            EpcisEvent.event_id.in_(select(Event.id).where(where)),
            EpcisEvent.taken_back_at.is_(None),
        )
    ).all()
    found = [*_told(bodies_of(db, own), "eventTime")]
    found += [_captured(one, "eventTime") for one in captured]
    return sorted(found, key=_key)


# --- the two sources -------------------------------------------------------------------------


def _ours(db: Session, asked: Asked, after: tuple[Any, ...] | None) -> Iterator[Told]:
    column = Event.event_at if asked.order_by == "eventTime" else Event.recorded_at
    rows = select(Event).where(~_is_captured())
    rows = _in_time(rows, asked, Event.event_at, Event.recorded_at)
    for name, patterns in asked.matches.items():
        rows = rows.where(Event.id.in_(_about_names(db, name, patterns)))
    yield from _walked(
        db, rows, column, Event.id, asked, after,
        lambda found: _told(bodies_of(db, found), asked.order_by),
    )  # fmt: skip


def _partners(db: Session, asked: Asked, after: tuple[Any, ...] | None) -> Iterator[Told]:
    column = EpcisEvent.event_at if asked.order_by == "eventTime" else EpcisEvent.recorded_at
    standing = select(EpcisEvent).where(EpcisEvent.taken_back_at.is_(None))
    rows = _in_time(standing, asked, EpcisEvent.event_at, EpcisEvent.recorded_at)
    if asked.types:
        rows = rows.where(EpcisEvent.type.in_(asked.types))
    for name, patterns in asked.matches.items():
        named = select(EpcisName.epcis_event_id).where(EpcisName.role.in_(MATCHES[name]))
        exact = EpcisName.value.in_(text_set(db, patterns))
        parts = [one for one in patterns if read(one).kind == "part"]
        begins = [
            (EpcisName.value >= f"{one}/") & (EpcisName.value < f"{one}0") for one in parts
        ]  # "0" is the character after "/"
        rows = rows.where(EpcisEvent.id.in_(named.where(or_(exact, *begins))))
    yield from _walked(
        db, rows, column, EpcisEvent.id, asked, after,
        lambda found: [_captured(one, asked.order_by) for one in found],
    )  # fmt: skip


def _walked(
    db: Session,
    rows: Select[Any],
    column: Any,
    key: Any,
    asked: Asked,
    after: tuple[Any, ...] | None,
    tell: Any,
) -> Iterator[Told]:
    """Yield what fits, in order, reading on in pieces until whoever asks has enough."""
    order = (column.desc(), key.desc()) if asked.is_descending else (column, key)
    last: tuple[datetime, int] | None = None
    start = datetime.fromisoformat(after[0]) if after else None
    if start is not None:
        # the key decides below which of the same moment were told already
        rows = rows.where(column <= start if asked.is_descending else column >= start)
    while True:
        place = rows
        if last is not None:
            compared = tuple_(column, key)
            place = rows.where(compared < last if asked.is_descending else compared > last)
        found = db.scalars(place.order_by(*order).limit(CHUNK)).all()
        if not found:
            return
        told = sorted(tell(found), key=_key, reverse=asked.is_descending)
        for one in told:
            is_past = after is None or (one.key < after if asked.is_descending else one.key > after)
            if is_past and fits(one.body, asked, one.context):
                yield one
        last = (getattr(found[-1], column.key), found[-1].id)
        if len(found) < CHUNK:
            return


def _told(bodies: Iterable[tuple[Event, Json]], order_by: str) -> list[Told]:
    found: list[Told] = []
    numbers: dict[int, int] = {}
    for event, body in bodies:
        numbers[event.id] = numbers.get(event.id, -1) + 1
        at = event.event_at if order_by == "eventTime" else event.recorded_at
        found.append(Told((_iso(at), 0, event.id, numbers[event.id]), body, ()))
    return found


def _captured(row: EpcisEvent, order_by: str) -> Told:
    at = row.event_at if order_by == "eventTime" else row.recorded_at
    body = {**row.body, "recordTime": moment(row.recorded_at)}
    body.setdefault("eventID", row.epcis_id)
    body.pop("@context", None)
    return Told((_iso(at), 1, row.id, 0), body, row.context)


def _is_captured() -> ColumnElement[bool]:
    """Say that a partner's own words tell of this event."""
    return Event.source.startswith("epcis:", autoescape=True)


def _in_time(rows: Select[Any], asked: Asked, event_at: Any, recorded_at: Any) -> Select[Any]:
    for (how, name), at in asked.times.items():
        column = {"eventTime": event_at, "recordTime": recorded_at}.get(name)
        if column is not None:
            rows = rows.where(column >= at if how == "GE" else column < at)
    return rows


def _about_names(db: Session, name: str, patterns: Sequence[str]) -> Select[int]:
    """Return the events of ours that name any of these; what they say is compared later."""
    known = resolve(db, patterns)
    parts = {part for uri, part in known.parts.items() if known.names[uri].kind == "part"}
    units = select(Unit.id).where(
        Unit.id.in_(id_set(db, known.units.values())) | Unit.part_id.in_(id_set(db, parts))
    )
    linked = select(EventLink.event_id).where(EventLink.unit_id.in_(units))
    nodes = select(EventNode.event_id).where(EventNode.node_id.in_(id_set(db, known.lots.values())))
    around = select(Unit.lot_id).where(Unit.id.in_(units), Unit.lot_id.is_not(None))
    runs = select(Unit.seg_id).where(Unit.id.in_(units), Unit.seg_id.is_not(None))
    # a hold on a lot or a run is told of each unit in it
    held = (
        select(EventNode.event_id)
        .join(Event, Event.id == EventNode.event_id)
        .where(Event.type.in_(HELD), EventNode.node_id.in_(around) | EventNode.node_id.in_(runs))
    )
    boxes = select(Container.id).where(Container.id.in_(id_set(db, known.containers.values())))
    packed = select(Packed.from_event_id).where(
        Packed.container_id.in_(boxes) | Packed.inner_id.in_(boxes)
    )
    unpacked = select(Packed.to_event_id).where(
        Packed.to_event_id.is_not(None),
        Packed.container_id.in_(boxes) | Packed.inner_id.in_(boxes),
    )
    sources = (linked, nodes, held, packed, unpacked)
    chosen = select(Event.id).where(or_(*(Event.id.in_(source) for source in sources)))
    # a correction has the names of what it corrects
    return select(Event.id).where(or_(Event.id.in_(chosen), Event.corrects_id.in_(chosen)))


def _key(told: Told) -> tuple[str, int, int, int]:
    return told.key


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _token(asked: Asked, key: tuple[Any, ...], sent: int) -> str:
    said = json.dumps([_fingerprint(asked), list(key), sent])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _after(asked: Asked) -> tuple[tuple[Any, ...] | None, int]:
    if asked.token is None:
        return None, 0
    try:
        padded = asked.token + "=" * (-len(asked.token) % 4)
        fingerprint, key, sent = json.loads(base64.urlsafe_b64decode(padded))
        datetime.fromisoformat(key[0])
        place = (str(key[0]), int(key[1]), int(key[2]), int(key[3]))
        is_ours = fingerprint == _fingerprint(asked) and isinstance(sent, int)
    except (ValueError, TypeError, RecursionError, IndexError):
        is_ours = False
    if not is_ours:
        raise Invalid([Problem("?nextPageToken", NOT_A_TOKEN)])
    return place, sent


def _fingerprint(asked: Asked) -> str:
    said = [
        sorted(asked.types),
        sorted((name, sorted(values)) for name, values in asked.equal.items()),
        sorted(asked.matches.items()),
        sorted((*key, at.isoformat()) for key, at in asked.times.items()),
        sorted(asked.within.items()),
        sorted((how, str(number)) for how, number in asked.quantities.items()),
        sorted(asked.extensions),
        asked.declared,
        asked.order_by,
        asked.is_descending,
        asked.limit,
        asked.most,
    ]
    return json.dumps(said)
