"""Purchase orders: what was ordered of whom, by when, at what price."""

import re
from decimal import Decimal

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import purchase
from engine.serials.dictionary import seen
from engine.serials.purchase import OrderLine
from webapp.permissions import allow
from webapp.queries.recording import part_numbered, suppliers
from webapp.reading import read
from webapp.recording import MISSING, NOT_A_NUMBER, Done, Entered, carry_out, how_of
from webapp.session import person
from webapp.views.record.shared import bp, form_page
from webapp.words import N_

ROWS, MOST_ROWS = 4, 200
NO_SUCH_PART = N_("There is no part %(part)s, or several makers have one. Check the number")
NO_CURRENCY = N_("Write the currency of a price with three letters, such as EUR")
NO_LINES = N_("Enter at least one line: a part and how much of it")


@bp.get("/order")
@allow("order.record")
def order() -> ResponseReturnValue:
    """Ask what was ordered of whom."""
    return _order_page([], "")


def _order_page(problems: list[Problem], sentence: str) -> str:
    count = len(request.form.getlist("part_no"))
    return form_page(
        "order", problems, sentence, suppliers=suppliers(read()), shows_price=_sees_price(),
        rows=min(max(ROWS, count + 2), MOST_ROWS),
    )  # fmt: skip


def _sees_price() -> bool:
    return any(field.name == "unit_price" for field in seen("purchase_line", person()))


@bp.post("/order")
@allow("order.record")
def save_order() -> ResponseReturnValue:
    """Record an order with its lines; receipts count against them."""
    return carry_out("record_order", _order, _order_page)


def _order(db: Session) -> Done:
    form = Entered()
    number, supplier = form.text("number", required=True), form.party(db, "supplier")
    lines = _lines(db, form)
    how = how_of(form)
    form.check()
    made = purchase.order(db, number, supplier, lines, **how)
    words = gettext("Order %(number)s is recorded.", number=made.number)
    return Done(made.event_id, url_for("record.receipt"), words)


def _lines(db: Session, form: Entered) -> list[OrderLine]:
    names = ("part_no", "quantity", "due_on", "unit_price", "currency")
    columns = [request.form.getlist(name) for name in names]
    columns = [column or [""] * len(columns[0]) for column in columns]
    lines: list[OrderLine] = []
    for row, typed in enumerate(zip(*columns, strict=False)):
        said = dict(zip(names, (one.replace("\x00", "").strip() for one in typed), strict=True))
        if any(said.values()):
            lines += _line(db, form, row, said)
    if not lines and not form.problems:
        form.problems.append(Problem("part_no.0", NO_LINES))
    return lines


def _line(db: Session, form: Entered, row: int, said: dict[str, str]) -> list[OrderLine]:
    at, before = f"part_no.{row}", len(form.problems)
    found = part_numbered(db, said["part_no"], None) if said["part_no"] else None
    if not said["part_no"] or not said["quantity"]:
        form.problems.append(Problem(at, MISSING))
    elif found is None:
        form.problems.append(Problem(at, NO_SUCH_PART, (("part", said["part_no"]),)))
    quantity = form.quantity_in(at, said["quantity"])
    due_on = form.day_in(at, said["due_on"])
    price = _price(form, at, said) if _sees_price() else None
    currency = said["currency"].upper() if price is not None else None
    if found is None or quantity is None or len(form.problems) > before:
        return []
    return [OrderLine(found.part.id, quantity, due_on, price, currency)]


def _price(form: Entered, at: str, said: dict[str, str]) -> Decimal | None:
    price = form.quantity_in(at, said["unit_price"])
    if said["currency"] and not said["unit_price"]:
        form.problems.append(Problem(at, NOT_A_NUMBER, (("text", ""),)))
    if price is not None and not re.fullmatch("[A-Za-z]{3}", said["currency"]):
        form.problems.append(Problem(at, NO_CURRENCY))
    return price
