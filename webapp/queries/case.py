"""The tabs of a case: what it concerns, its documents, what was answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept, balance, identifying
from engine.cases.about import about_answers
from engine.cases.asking import form_at
from engine.cases.balance import Holding
from engine.cases.models import Case
from engine.cases.names import StockName, stock_names
from engine.cases.pages import AnswerSection, StepLine, UnitLine
from engine.cases.tasks import printed_name
from engine.evidence.signatures import Signature, SignatureVoided
from engine.serials.active import Holding as OnHold, holdings_of_units
from engine.serials.models import Location, Unit
from engine.serials.models.axes import GONE
from engine.serials.sets import id_set
from webapp.ceremony import signature_line
from webapp.queries.lying import Lying, lying


@dataclass(frozen=True)
class GivenAnswer(AnswerSection):
    """An answer with the running diagram it belongs to and who gave it."""

    instance_id: int | None = None
    by_id: int = 0
    migrated_from: str | None = None
    answered: tuple[tuple[str, Any], ...] = ()  # label, shown answer with its tables


def in_order(steps: Iterable[StepLine]) -> list[StepLine]:
    """Return the steps as they happened: what is over by its time, what waits, what is to come."""
    places = {"done": 0, "cancelled": 0, "incident": 1, "now": 1}
    # what is to come keeps the order of the diagram: sorting keeps equals where they are
    return sorted(
        steps,
        key=lambda step: (
            places.get(step.state, 2),
            step.at.timestamp()
            if step.at is not None and step.state in {"done", "cancelled"}
            else 0,
        ),
    )


def unit_lines(db: Session, case: Case) -> list[UnitLine]:
    """Return every unit and lot quantity in the balance of a case, on its three axes."""
    parts = balance.together(balance.holdings(db, case.id))
    names = stock_names(db, [(part.unit_id, part.lot_id) for part in parts])
    units = _units(db, [part.unit_id for part in parts if part.unit_id is not None])
    on_units = holdings_of_units(db, units)
    of_lots = lying(db, case, parts)
    described = {one.id: one.description or "" for one in identifying.descriptions(db, case)}
    lines = []
    for part in parts:
        if part.subject_id is not None:
            lines.append(_described(part, described[part.subject_id]))
            continue
        name = names[part.unit_id, part.lot_id]
        pieces = of_lots.get((part.account, part.lot_id or 0), [])
        if part.unit_id is not None:
            pieces = [_of_unit(*units[part.unit_id], on_units.get(part.unit_id, ()))]
        lines += [_line(part, name, piece) for piece in pieces]
    return lines


def _units(db: Session, unit_ids: Sequence[int]) -> dict[int, tuple[Unit, str]]:
    """Return units by id, each with the name of its place."""
    rows = db.execute(
        select(Unit, Location.name)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
    )
    return {unit.id: (unit, place or "") for unit, place in rows}


def _of_unit(unit: Unit, place: str, holds: Sequence[OnHold]) -> Lying:
    bearing = () if unit.custody in GONE else tuple(sorted({one.case_number for one in holds}))
    return Lying(Decimal(1), place, unit.custody, unit.usability, bearing)


def _line(part: Holding, name: StockName, piece: Lying) -> UnitLine:
    return UnitLine(
        kind="unit" if part.unit_id is not None else "lot",
        id=part.unit_id or part.lot_id or 0,
        name=name.name,
        part=name.part,
        quantity=piece.quantity,
        custody=piece.custody,
        usability=piece.usability,
        holds=piece.holds,
        account=balance.ACCOUNTS[part.account].label,
        place=piece.place,
    )


def _described(part: Holding, words: str) -> UnitLine:
    """Return the line of what nobody could identify: nothing is known of it but how many."""
    return UnitLine(
        kind="description",
        id=part.subject_id or 0,
        name=words,
        part="–",
        quantity=part.quantity,
        custody="unknown",
        usability="unknown",
        holds=(),
        account=balance.ACCOUNTS[part.account].label,
    )


def answer_sections(db: Session, case: Case, language: str) -> list[GivenAnswer]:
    """Return every answer that stands, in words, with its signature; oldest first."""
    voided = set(db.scalars(select(SignatureVoided.signature_id)))
    sections = []
    given = kept.standing(db, case)
    named = about_answers(db, given)
    for answer in given:
        form = form_at(
            db,
            answer.process,
            answer.element_id,
            instance_id=answer.instance_id or case.instance_id,
        )
        signed = db.get(Signature, answer.signature_id) if answer.signature_id else None
        shown = form.shown(answer.answers, language)
        sections.append(
            GivenAnswer(
                element_id=answer.element_id,
                name=form.title,
                process=answer.process,
                version=answer.version,
                by=printed_name(db, answer.by_id),
                at=answer.at,
                shown=tuple((section, label, str(one)) for section, label, one in shown),
                answered=tuple((label, one) for _, label, one in shown),
                instance_id=answer.instance_id,
                by_id=answer.by_id,
                migrated_from=answer.migrated_from,
                signatures=(signature_line(signed, is_void=signed.id in voided),) if signed else (),
                reason=answer.reason,
                answer_id=answer.id,
                about=named.get(answer.task_id),
                on_behalf_of=printed_name(db, answer.on_behalf_of_id)
                if answer.on_behalf_of_id
                else None,
            )
        )
    return sections
