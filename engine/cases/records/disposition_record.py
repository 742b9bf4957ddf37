"""The disposition record: what the review board decided for which units, and why."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept
from engine.cases.dispositions import TYPES, lines_of, parts_of_line
from engine.cases.models import Answer, Case, Round
from engine.cases.names import stock_names
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
APPROVALS = (
    "approve_quality",
    "approve_engineering",
    "approve_manufacturing",
    "approve_regulatory",
)


def draw(db: Session, case: Case, instance_id: int, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of the round in hand; `own` is one approval that is being signed.

    Approvals already given are left out while others still sign, and printed once all are in.
    """
    current = db.scalars(
        select(Round)
        .where(Round.case_id == case.id, Round.instance_id == instance_id)
        .order_by(Round.number.desc())
    ).first()
    number = f"{case.number}-D{current.number if current else 1}"
    given = _approvals(db, case, current) if own is None else []
    made_at = current.opened_at if current else None
    return {
        **head(db, case, title=N_("Disposition record"), number=number, created_at=made_at),
        "sources": sources([*_proposals(db, case, current), *given]),
        "sections": [
            subjects(db, case),
            *([_lines(db, case, current)] if current else ()),
            *kept_answers(db, case, _proposals(db, case, current)),
            *(kept_answers(db, case, given) if own is None else own),
            balance(db, case),
        ],
    }


def _proposals(db: Session, case: Case, current: Round | None) -> list[Answer]:
    proposal = kept.latest(db, case, PROCESS, "propose_disposition")
    return [proposal] if proposal and current else []


def _approvals(db: Session, case: Case, current: Round | None) -> list[Answer]:
    return [
        answer
        for element in APPROVALS
        for answer in kept.standing(db, case, process=PROCESS, element_id=element)
        if current and answer.at >= current.opened_at
    ]


def _lines(db: Session, case: Case, current: Round) -> Section:
    language = case.language
    lines = [(line, parts_of_line(db, line)) for line in lines_of(db, current)]
    names = stock_names(db, [(p.unit_id, p.lot_id) for _, parts in lines for p in parts])
    words = (N_("Line"), N_("Disposition"), N_("Units and lots"), N_("Quantity"), N_("Why"))
    return {
        "heading": say(N_("Lines"), language),
        "table": {
            "columns": [say(word, language) for word in words],
            "rows": [
                [
                    str(line.number),
                    say(TYPES[line.type].label, language),
                    ", ".join(names[p.unit_id, p.lot_id].name for p in parts),
                    str(sum(p.quantity for p in parts)),
                    line.justification,
                ]
                for line, parts in lines
            ],
        },
    }
