"""The tabs of a case: what it concerns, its documents, what was answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept, balance, identifying
from engine.cases.about import about_answers
from engine.cases.asking import form_at
from engine.cases.balance import Holding
from engine.cases.models import Case
from engine.cases.names import stock_names
from engine.cases.pages import AnswerSection, StepLine, UnitLine
from engine.cases.tasks import printed_name
from engine.evidence.signatures import Signature, SignatureVoided
from engine.serials.active import holdings_of_lots, holdings_of_units
from engine.serials.models import LotStock, Unit
from webapp.ceremony import signature_line


@dataclass(frozen=True)
class GivenAnswer(AnswerSection):
    """An answer with the running diagram it belongs to and who gave it."""

    instance_id: int | None = None
    by_id: int = 0
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
    parts = balance.holdings(db, case.id)
    names = stock_names(db, [(part.unit_id, part.lot_id) for part in parts])
    unit_ids = [part.unit_id for part in parts if part.unit_id is not None]
    lot_ids = [part.lot_id for part in parts if part.lot_id is not None]
    units = {unit.id: unit for unit in db.scalars(select(Unit).where(Unit.id.in_(unit_ids)))}
    states = _lot_states(db, lot_ids)
    on_units = holdings_of_units(db, unit_ids)
    on_lots = holdings_of_lots(db, lot_ids)
    lines = []
    described = {one.id: one.description or "" for one in identifying.descriptions(db, case)}
    for part in parts:
        if part.subject_id is not None:
            lines.append(_described(part, described[part.subject_id]))
            continue
        name = names[part.unit_id, part.lot_id]
        unit = units.get(part.unit_id or 0)
        custody, usability = (
            (unit.custody, unit.usability) if unit else states.get(part.lot_id or 0, ("", ""))
        )
        held = on_units.get(part.unit_id or 0, ()) + on_lots.get(part.lot_id or 0, ())
        lines.append(
            UnitLine(
                kind="unit" if part.unit_id is not None else "lot",
                id=part.unit_id or part.lot_id or 0,
                name=name.name,
                part=name.part,
                quantity=part.quantity,
                custody=custody,
                usability=usability,
                holds=tuple(sorted({hold.case_number for hold in held})),
                account=balance.ACCOUNTS[part.account].label,
            )
        )
    return lines


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


def _lot_states(db: Session, lot_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return custody and usability of each lot where all of its stock agrees, else "several"."""
    rows = db.execute(
        select(LotStock.lot_id, LotStock.custody, LotStock.usability)
        .where(
            LotStock.lot_id.in_(lot_ids),
            LotStock.quantity != 0,
            LotStock.custody.in_(balance.OF_CUSTODY),  # not what was built into something
        )
        .distinct()
    )
    states: dict[int, tuple[str, str]] = {}
    for lot_id, custody, usability in rows:
        before = states.get(lot_id, (custody, usability))
        states[lot_id] = (
            custody if before[0] == custody else "several",
            usability if before[1] == usability else "several",
        )
    return states


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
