"""What the pages that record share: their address, what was scanned, where the person goes on."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.serials import scanned
from webapp.recording import Entered

bp = Blueprint("record", __name__, url_prefix="/record")


def form_page(name: str, problems: list[Problem], sentence: str, **more: Any) -> str:
    """Return a form's page with what was entered, or what its address fills in."""
    entered = request.form if request.method == "POST" else request.args
    return render_template(
        f"record/{name}.html", problems=problems, sentence=sentence, entered=entered, **more
    )


def scanned_goods(
    db: Session,
    form: Entered,
    name: str,
    *,
    needs_quantity: bool = True,
    may_be_empty: bool = False,
) -> scanned.Goods:
    """Return what was scanned into a field; what is wrong with it is a problem there."""
    text = form.text(name, required=not may_be_empty)
    try:
        return scanned.understand(db, text, at=name, needs_quantity=needs_quantity)
    except Invalid as wrong:
        form.problems += wrong.problems
        return scanned.Goods()


def address_of(goods: scanned.Goods) -> str:
    """Return the page of the first thing that was scanned."""
    if goods.units:
        return url_for("units.unit", unit_id=goods.units[0])
    if goods.lots:
        return url_for("units.lot", lot_id=goods.lots[0][0])
    return url_for("units.container", container_id=goods.containers[0])
