"""Cases of another system: history to be found and read, open ones to be gone on with here."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import migrating
from engine.cases.overview import case_named
from engine.cases.pages import Page
from engine.cases.tasks import BEFORE
from engine.clock import now
from engine.errors import EngineError
from engine.serials.intake import legacy
from engine.serials.intake.taking_back import came_with
from engine.serials.models import LEGACY_STATES, Lot, Unit
from webapp import words
from webapp.permissions import allow
from webapp.queries.stock import actors
from webapp.reading import read
from webapp.sentences import fill
from webapp.session import person
from webapp.transactions import begin

bp = Blueprint("legacy", __name__, url_prefix="/migrated-cases")

SHOWN = 50


@bp.get("")
@allow("case.read")
def index() -> ResponseReturnValue:
    """List cases of other systems; their own numbers find them."""
    asked = request.args
    text = asked.get("q", "").replace("\x00", "").strip()[:100]
    state = asked.get("state", "")
    state = state if state in LEGACY_STATES else ""
    number = min(max(1, asked.get("page", 1, type=int)), 1_000_000)
    rows, total = legacy.found(read(), text, state=state, number=number, size=SHOWN)
    return render_template(
        "legacy/index.html",
        rows=rows,
        page=Page(number=number, size=SHOWN, total_count=total),
        text=text,
        state=state,
        address=lambda at_page: url_for(".index", q=text, state=state, page=at_page),
    )


@bp.get("/<int:legacy_id>")
@allow("case.read")
def one(legacy_id: int) -> ResponseReturnValue:
    """Show one case as it came."""
    return _page(legacy_id)


def _page(legacy_id: int, problem: str = "") -> str:
    db = read()
    row = legacy.get(db, legacy_id)
    unit = db.get(Unit, row.unit_id) if row.unit_id else None
    lot = db.get(Lot, row.lot_id) if row.lot_id else None
    names = actors(db, (row.by_id, row.continued_by_id))
    return render_template(
        "legacy/one.html",
        row=row,
        unit=unit,
        lot=lot,
        came=came_with(db, "legacy_case", legacy_id),
        by=names.get(row.by_id or 0),
        continued_by=names.get(row.continued_by_id or 0),
        problem=problem,
        steps=_steps(),
        said=request.form,
    )


def _steps() -> list[tuple[str, str]]:
    """Return where a case can go on, as the form asks it."""
    first = ("", gettext("From the beginning: every step is done and signed here"))
    return [first, *((step, words.element(step)) for step in BEFORE)]


@bp.post("/<int:legacy_id>/go-on")
@allow("case.report")
def go_on(legacy_id: int) -> ResponseReturnValue:
    """Say which of our cases goes on with one that was open there."""
    number = request.form.get("number", "").strip()
    step = request.form.get("step", "")
    legacy.get(read(), legacy_id)
    try:
        with begin() as db:
            case = case_named(db, number)
            if step:
                migrating.begin(db, legacy_id, case.number, step, by=person(), at=now())
            else:
                legacy.go_on_as(db, legacy_id, case.number, by=person(), at=now())
    except EngineError as refused:
        return _page(legacy_id, fill(refused.message, refused.facts)), 422
    flash(gettext("It goes on as %(number)s.", number=number))
    if step:
        return redirect(url_for("case.overview", number=number), 303)
    return redirect(url_for(".one", legacy_id=legacy_id), 303)
