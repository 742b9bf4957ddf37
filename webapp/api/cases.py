"""Nonconformances and recalls as other systems read them: where they stand, facts, holds."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import balance, facts
from engine.cases.models import Case
from engine.cases.tasks import CaseUnknown
from engine.serials.models import Hold
from webapp.api.blueprint import Paged, Stored, moment, part
from webapp.api.matching import tagged
from webapp.api.paging import page_of
from webapp.permissions import allow
from webapp.reading import read

bp = part("cases", "Nonconformances and recalls, where they stand.", under="/cases")
STATES = ("open", "closed", "void")
TEXT = validate.Length(min=1, max=100)


class Wanted(Paged):
    """Which cases."""

    kind = Stored(validate=TEXT, metadata={"description": "nonconformance, recall."})
    state = fields.String(validate=validate.OneOf(STATES))
    severity = Stored(validate=TEXT)


class CaseLine(Schema):
    """One case as it is listed."""

    number = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    severity = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    subject = fields.String(required=True)
    opened_at = moment()
    ended_at = moment(or_none=True)
    version = fields.Integer(required=True)
    affected_quantity = fields.String(
        required=True, metadata={"description": "Units and quantities in its scope."}
    )


class FactOf(Schema):
    """A dated fact that stands."""

    name = fields.String(required=True)
    value = fields.String(required=True)
    jurisdiction = fields.String(required=True, allow_none=True)
    recorded_at = moment()


class HoldOf(Schema):
    """A hold that the case placed."""

    id = fields.Integer(required=True)
    reason = fields.String(required=True)
    target_kind = fields.String(required=True)
    target_count = fields.Integer(required=True)
    placed_at = moment()
    released_at = moment(or_none=True)


class OneCase(CaseLine):
    """One case with its facts and its holds."""

    facts = fields.List(fields.Nested(FactOf), required=True)
    holds = fields.List(fields.Nested(HoldOf), required=True)


class Cases(Schema):
    """A page of cases."""

    data = fields.List(fields.Nested(CaseLine), required=True)
    next = fields.String(required=True, allow_none=True)


@bp.route("", methods=["GET"])
@allow("case.read")
@bp.arguments(Wanted, location="query")
@bp.response(200, Cases)
def all_cases(asked: Mapping[str, Any]) -> Any:
    """List the cases, the oldest first. Drills are no cases: nothing is to act on them."""
    kept = Case.__table__.c
    found = select(*kept).where(kept.is_drill.is_(False))
    for name, column in (
        ("kind", kept.process),
        ("state", kept.state),
        ("severity", kept.severity),
    ):
        if name in asked:
            found = found.where(column == asked[name])
    page = page_of(read(), found, [kept.id], asked, list_name="cases")
    return {"data": _lines(read(), page.rows), "next": page.next}


@bp.route("/<number>", methods=["GET"])
@allow("case.read")
@bp.response(200, OneCase)
def one_case(number: str) -> Any:
    """Read one case by its number, with the facts that stand and its holds."""
    db = read()
    case = db.scalars(
        select(Case).where(Case.number == number, Case.is_drill.is_(False))
    ).one_or_none()
    if case is None:
        raise CaseUnknown(number=number)
    return tagged(
        {
            **_lines(db, [case])[0],
            "facts": [
                {
                    "name": fact.name,
                    "value": fact.value,
                    "jurisdiction": fact.jurisdiction,
                    "recorded_at": fact.recorded_at.isoformat(),
                }
                for fact in facts.standing(db, case)
            ],
            "holds": [
                {
                    "id": hold.id,
                    "reason": hold.reason,
                    "target_kind": hold.target_kind,
                    "target_count": hold.target_count,
                    "placed_at": hold.placed_at.isoformat(),
                    "released_at": hold.released_at.isoformat() if hold.released_at else None,
                }
                for hold in db.scalars(
                    select(Hold).where(Hold.case_number == number).order_by(Hold.id)
                )
            ],
        }
    )


def _lines(db: Session, cases: Sequence[Any]) -> list[dict[str, Any]]:
    quantities = balance.affected_of(db, [case.id for case in cases])
    return [
        {
            "number": case.number,
            "kind": case.process,
            "state": case.state,
            "severity": case.severity,
            "title": case.title,
            "subject": case.subject,
            "opened_at": case.opened_at.isoformat(),
            "ended_at": case.ended_at.isoformat() if case.ended_at else None,
            "version": case.version,
            "affected_quantity": f"{quantities.get(case.id, Decimal(0)):f}",
        }
        for case in cases
    ]
