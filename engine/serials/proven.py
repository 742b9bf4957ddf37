"""What stands behind each thing in a tree: the tests it went through and its certificates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import CompoundSelect, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.serials.backward import Key, Made
from engine.serials.models import Certificate, Event, EventLink, EventNode, Examination, Party
from engine.serials.sets import id_set


@dataclass(frozen=True)
class Tested:
    """One inspection or test of a thing, and what came out."""

    event_id: int
    kind: str
    outcome: str
    at: datetime


@dataclass(frozen=True)
class Certified:
    """One certificate of a thing; the fingerprint is that of its file."""

    event_id: int
    kind: str
    number: str
    issuer: str
    issued_on: date | None
    file_sha256: str | None


@dataclass(frozen=True)
class Proof:
    """Everything that was tested and certified of one thing, the oldest first."""

    tests: list[Tested] = field(default_factory=list)
    certificates: list[Certified] = field(default_factory=list)


def proven(db: Session, made: Made) -> dict[Key, Proof]:
    """Return the proof of each thing in a tree that has any, by its kind and id; two queries.

    What a run or a lot was tested for stands at the run or the lot, not at each unit of it. What
    was corrected is left out.
    """
    keys = set(_keys(made))
    about = _about(db, keys).subquery().c
    later = aliased(Event)
    found: dict[Key, Proof] = {}
    tested = (
        select(about.kind, about.id, Examination, Event.event_at)
        .join(Examination, Examination.event_id == about.event_id)
        .join(Event, Event.id == about.event_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(later.id.is_(None))
        .order_by(Event.event_at, Event.id)
    )
    for kind, id_, one, at in db.execute(tested):
        of = found.setdefault(_key(kind, id_, keys), Proof())
        of.tests.append(Tested(one.event_id, one.kind, one.outcome, at))
    certified = (
        select(about.kind, about.id, Certificate, Party.name)
        .join(Certificate, Certificate.event_id == about.event_id)
        .join(Party, Party.id == Certificate.issuer_id)
        .outerjoin(later, later.corrects_id == about.event_id)
        .where(later.id.is_(None))
        .order_by(Certificate.event_id)
    )
    for kind, id_, one, issuer in db.execute(certified):
        of = found.setdefault(_key(kind, id_, keys), Proof())
        of.certificates.append(
            Certified(one.event_id, one.kind, one.number, issuer, one.issued_on, one.file_sha256)
        )
    return found


def _keys(made: Made) -> Iterator[Key]:
    yield made.kind, made.id
    for part in made.parts:
        yield from _keys(part)


def _key(kind: str, id_: int, keys: set[Key]) -> Key:
    if kind == "unit":
        return kind, id_
    return ("lot", id_) if ("lot", id_) in keys else ("segment", id_)


def _about(db: Session, keys: set[Key]) -> CompoundSelect[Any]:
    """Return the events whose subject is one of the things."""
    units = {id_ for kind, id_ in keys if kind == "unit"}
    nodes = {id_ for kind, id_ in keys if kind != "unit"}
    return union_all(
        select(literal("unit").label("kind"), EventLink.unit_id.label("id"), EventLink.event_id)
        .where(EventLink.unit_id.in_(id_set(db, units)), EventLink.role == "subject"),
        select(literal("node"), EventNode.node_id, EventNode.event_id)
        .where(EventNode.node_id.in_(id_set(db, nodes)), EventNode.role == "subject"),
    )  # fmt: skip


def lines(
    made: Made, proofs: Mapping[Key, Proof], depth: int = 0
) -> Iterator[tuple[int, Made, Proof]]:
    """Yield each thing of a tree with its depth and its proof, as it is read from the top."""
    yield depth, made, proofs.get((made.kind, made.id), Proof())
    for part in made.parts:
        yield from lines(part, proofs, depth + 1)
