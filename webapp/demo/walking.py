"""Walking a case: answers fitted to what a form asks now, with pieces and counts filled in."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases.context import form_context
from engine.cases.models import Case
from engine.people import Person
from forms import library
from forms.context import Context, Stock
from forms.form import Form

Answers = dict[str, Any]


def fitted(db: Session, task: Task, answers: Answers, *, by: Person, at: datetime) -> Answers:
    """Return the answers the form of `task` asks, every piece good and every count right.

    What the book says and the form does not ask (it depends on other answers) is left out.
    """
    case = db.scalar(
        select(Case)
        .join(Instance, Instance.business_key == Case.number)
        .where(Instance.id == task.root_id)
    )
    form = library.form(task.process, task.element_id)
    context = form_context(db, case=case, by=by, at=at, instance_id=task.instance_id)
    full = {**_filled(form, context), **answers}
    asked = {field.id for field in form.asks(_readable(form, full))}
    return {name: value for name, value in full.items() if name in asked}


def _filled(form: Form, context: Context) -> Answers:
    makers = {"segregation": _segregated, "piece_results": _all_good}
    made = {f.id: makers[f.kind](context) for f in form.fields if f.kind in makers}
    ticked = {
        field.id: [choice.value for choice in field.choices]
        for field in form.fields
        if field.kind == "checklist"
    }
    return {**made, **ticked}


def _segregated(context: Context) -> Answers:
    stocks = context.expected()
    units = [stock.name for stock in stocks if stock.unit is not None]
    return {
        "scanned": "\n".join(units),
        "none": False,
        "counts": [
            {"key": stock.key, "counted": f"{stock.quantity:f}"}
            for stock in stocks
            if stock.unit is None
        ],
    }


def _all_good(context: Context) -> list[Answers]:
    return [_good(piece) for piece in context.pieces()]


def _good(piece: Stock) -> Answers:
    if piece.unit is not None:
        return {"key": piece.key, "result": "good"}
    return {"key": piece.key, "good": f"{piece.quantity:f}", "bad": "0"}


def lines(context: Context, type_: str, quantity: Decimal | None = None) -> Answers:
    """Return one disposition line of `type_` for each pending unit and lot, or for `quantity`."""
    made = []
    for stock in context.pending():
        line = {
            "type": type_,
            "justification": "As found by the investigation.",
            "conditions": "This lot only." if type_ == "use_as_is" else "",
        }
        if stock.unit is not None:
            line["units"] = stock.name
        else:
            line |= {"lot": stock.key, "quantity": f"{quantity or stock.quantity:f}"}
        made.append(line)
    return {"lines": made}


# kinds whose raw answer reads as the accepted one does, for `show_when`
_PLAIN = frozenset({"choice", "choices", "yes_no", "text", "disposition_lines"})


def _readable(form: Form, answers: Answers) -> Answers:
    kinds = {field.id: field.kind for field in form.fields}
    return {name: value for name, value in answers.items() if kinds.get(name) in _PLAIN}
