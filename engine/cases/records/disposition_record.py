"""The disposition record: what the review board decided for which units, and why."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.dispositions import TYPES, lines_of, parts_of_line
from engine.cases.models import Answer, Case, Line, Round
from engine.cases.names import StockName, stock_names
from engine.cases.records import listing, rounds
from engine.cases.records.sections import (
    Record,
    Section,
    balance,
    head,
    kept_answers,
    sources,
    subjects,
)
from engine.words import N_, say

PROCESS = "disposition"
MOST_NAMES = 12  # in a cell; more stand below the table
PROPOSAL = "propose_disposition"
APPROVALS = (
    "approve_quality",
    "approve_engineering",
    "approve_manufacturing",
    "approve_regulatory",
)


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of the round that `task` belongs to; `own` is an approval being signed.

    Approvals already given are left out while others still sign, and printed once all are in.
    """
    tasks = rounds.of_task(db, case, task, process=PROCESS, opens=PROPOSAL)
    proposals = [one for one in tasks if one.element_id == PROPOSAL]
    answered = [one for name in APPROVALS for one in tasks if one.element_id == name]
    given = answered if own is None else []
    current = _round(db, case, proposals)
    number = f"{case.number}-D{current.number if current else 1}"
    made_at = current.opened_at if current else None
    return {
        **head(db, case, title=N_("Disposition record"), number=number, created_at=made_at),
        "sources": sources([*proposals, *given]),
        "sections": [
            subjects(db, case),
            *([_lines(db, case, current)] if current else ()),
            *kept_answers(db, case, proposals),
            *(kept_answers(db, case, given) if own is None else own),
            balance(db, case),
        ],
    }


def _round(db: Session, case: Case, proposals: list[Answer]) -> Round | None:
    """Return the round of a proposal: the first round with lines belongs to the first proposal."""
    if not proposals:
        return None
    place = db.scalar(
        select(func.count(Answer.id)).where(
            Answer.case_id == case.id,
            Answer.element_id == PROPOSAL,
            Answer.version == 1,
            Answer.id
            < select(Answer.id)
            .where(Answer.task_id == proposals[0].task_id, Answer.version == 1)
            .scalar_subquery(),
        )
    )
    proposed = select(Line.round_id).where(Line.case_id == case.id)
    return db.scalars(
        select(Round).where(Round.id.in_(proposed)).order_by(Round.number).offset(place or 0)
    ).first()


def _lines(db: Session, case: Case, current: Round) -> Section:
    language = case.language
    lines = [(line, parts_of_line(db, line)) for line in lines_of(db, current)]
    names = stock_names(db, [p.key for _, parts in lines for p in parts])
    words = (N_("Line"), N_("Disposition"), N_("Units and lots"), N_("Quantity"), N_("Why"))
    lists = []
    rows = []
    for line, parts in lines:
        shown = [names[p.key] for p in parts]
        rows.append(
            [
                str(line.number),
                say(TYPES[line.type].label, language),
                _what(shown, language),
                str(sum(p.quantity for p in parts)),
                line.justification,
            ]
        )
        lists += _listed_below(line, shown, language)
    table = {"columns": [say(word, language) for word in words], "rows": rows}
    return {
        "heading": say(N_("Lines"), language),
        "table": table,
        **({"lists": lists} if lists else {}),
    }


def _what(shown: list[StockName], language: str) -> str:
    units = [one.name for one in shown if one.is_unit]
    others = [one.name for one in shown if not one.is_unit]
    if len(units) > MOST_NAMES:
        units = [say(N_("The serials listed below"), language)]
    return ", ".join([*units, *others])


def _listed_below(line: Line, shown: list[StockName], language: str) -> list[dict[str, Any]]:
    """Return the many serials of one line, under its number."""
    units = [one for one in shown if one.is_unit]
    lists = listing.lists_of_units(units, language) if len(units) > MOST_NAMES else []
    headed = N_("Line %(number)s: %(heading)s")
    return [
        {**one, "heading": say(headed, language, number=line.number, heading=one["heading"])}
        for one in lists
    ]
