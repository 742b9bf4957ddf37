"""Walking a case: answers fitted to what a form asks now, with pieces and counts filled in."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases.agreeing import destroyed
from engine.cases.context import form_context
from engine.cases.models import Case, Line
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
    full = {**_filled(form, context), **_witnessed(db, case, task), **answers}
    asked = {field.id for field in form.asks(_readable(form, full))}
    return {name: value for name, value in full.items() if name in asked}


def _witnessed(db: Session, case: Case | None, task: Task) -> Answers:
    """Return what a witness counts: what was destroyed."""
    line = db.scalar(select(Line).where(Line.instance_id == task.instance_id))
    if case is None or line is None or task.element_id != "witness_destruction":
        return {}
    return {"counted": {"quantity": f"{destroyed(db, case, line):f}", "uom": "each"}}


def _filled(form: Form, context: Context) -> Answers:
    makers = {
        "segregation": segregated,
        "piece_results": _all_good,
        "identification": _left_open if form.element == "triage" else _not_identified,
    }
    made = {f.id: makers[f.kind](context) for f in form.fields if f.kind in makers}
    ticked = {
        field.id: [choice.value for choice in field.choices]
        for field in form.fields
        if field.kind == "checklist"
    }
    return {**made, **ticked}


def _left_open(_context: Context) -> Answers:
    return {"rows": []}


def _not_identified(context: Context) -> Answers:
    """Return every description as not identified after a search; one piece, where none is said."""
    rows = [
        {
            "key": f"subject-{one.subject_id}",
            "outcome": "not_identified",
            "quantity": f"{one.quantity or Decimal(1):f}",
            "reason": "Label and records were searched; two people who handled it were asked.",
        }
        for one in context.unidentified()
    ]
    return {"rows": rows}


def segregated(context: Context) -> Answers:
    """Return everything that is expected in quarantine as found there."""
    stocks = context.expected()
    units = [stock.name for stock in stocks if stock.unit is not None]
    return {
        "scanned": "\n".join(units),
        "none": not stocks,
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
    pending = context.pending()
    return {"lines": [_line(stock, type_, quantity or stock.quantity) for stock in pending]}


def split(context: Context, wanted: Sequence[tuple[str, int | None]]) -> Answers:
    """Return lines that take what is pending in turn: a type and how much, None for the rest.

    Units of one type share a line; of a lot the lines take quantities.
    """
    left = [(stock, stock.quantity) for stock in context.pending()]
    made = []
    for type_, quantity in wanted:
        room = sum((q for _, q in left), Decimal(0)) if quantity is None else Decimal(quantity)
        units = []
        while left and room > 0:
            stock, there = left.pop(0)
            taken = min(there, room)
            room -= taken
            if taken < there:
                left.insert(0, (stock, there - taken))
            if stock.unit is not None:
                units.append(stock)
            else:
                made.append(_line(stock, type_, taken))
        if units:
            names = "\n".join(stock.name for stock in units)
            made.append({**_line(units[0], type_, Decimal(1)), "units": names})
    return {"lines": made}


def _line(stock: Stock, type_: str, quantity: Decimal) -> Answers:
    words = {
        "type": type_,
        "justification": "As found by the investigation.",
        "conditions": "This lot only." if type_ == "use_as_is" else "",
    }
    if stock.unit is not None:
        return {**words, "units": stock.name}
    return {**words, "lot": stock.key, "quantity": f"{quantity:f}"}


# kinds whose raw answer reads as the accepted one does, for `show_when`
_PLAIN = frozenset({"choice", "choices", "yes_no", "text", "disposition_lines"})


def _readable(form: Form, answers: Answers) -> Answers:
    kinds = {field.id: field.kind for field in form.fields}
    return {name: value for name, value in answers.items() if kinds.get(name) in _PLAIN}
