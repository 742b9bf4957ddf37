"""The key figures: all, one with its definition and rows, and what they are reckoned with."""

from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.costs import standards
from engine.cases.costs.models import STANDARDS
from engine.cases.kpis.found import SECTIONS, kpis, named
from engine.clock import now
from engine.errors import Invalid, Problem
from forms.spending import CURRENCIES
from webapp.exports import FORMATS, exported
from webapp.permissions import allow
from webapp.queries import kpis as shown
from webapp.queries.stock import actors
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin
from webapp.views.tasks import addresses, page_addresses, page_of_all

bp = Blueprint("kpis", __name__, url_prefix="/key-figures")
PAGE = 100
SHARES = ("percent", "score")  # units of figures from 0 to 100


@bp.get("")
@allow("kpi.read")
def index() -> ResponseReturnValue:
    """Show every key figure of the days that are asked for."""
    window = shown.window_of(request.args, at=now())
    kept = shown.asked_days(request.args, window)
    return render_template(
        "kpis/index.html",
        parts=shown.dashboard(read(), window),
        window=window,
        kept=kept,
        days=shown.DAYS,
        shown=shown,
        address=addresses(),
    )


@bp.get("/<code>")
@allow("kpi.read")
def one(code: str) -> ResponseReturnValue:
    """Show one key figure: what it is, by group, and the rows that it counts."""
    kpi = named(code)
    db = read()
    window = shown.window_of(request.args, at=now())
    kept = shown.asked_days(request.args, window)
    rows = kpi.rows(db, window)
    page, listed = page_of_all(rows.rows, PAGE)
    return render_template(
        "kpis/one.html",
        kpi=kpi,
        measured=kpi.measured(db, window),
        baseline=standards.baselines(db).get(code),
        sections=SECTIONS,
        rows=rows,
        cells=list(shown.cells(rows, listed)),
        page=page,
        window=window,
        kept=kept,
        days=shown.DAYS,
        formats=FORMATS,
        shown=shown,
        address=addresses(code=code),
        page_address=page_addresses(code=code, **kept),
    )


@bp.get("/<code>/file/<file_format>")
@allow("kpi.read")
def file(code: str, file_format: str) -> ResponseReturnValue:
    """Send the rows of a key figure as a file."""
    kpi = named(code)
    if file_format not in FORMATS:
        abort(404)
    window = shown.window_of(request.args, at=now())
    rows = kpi.rows(read(), window)
    return exported(
        shown.exported_columns(rows),
        shown.exported_rows(rows),
        format=file_format,
        name=f"{code}-{window.first}-{window.last}",
        at=now(),
    )


@bp.get("/settings")
@allow("kpi.set")
def settings() -> ResponseReturnValue:
    """Show rates, net sales and what was before Holdfast."""
    return _settings([])


def _settings(problems: list[Problem]) -> str:
    db = read()
    rows = standards.standing(db)
    return render_template(
        "kpis/settings.html",
        rows=rows,
        names=actors(db, (one.by_id for one in rows)),
        standards=STANDARDS,
        kpis=kpis(),
        units={code: shown.BASELINE_UNITS[kpi.unit] for code, kpi in kpis().items()},
        currencies=[(code, code) for code in CURRENCIES],
        today=now().date(),
        entered=request.form,
        problems=problems,
    )


@bp.post("/settings")
@allow("kpi.set")
def put() -> ResponseReturnValue:
    """Set a rate, the net sales of a month, or what was before Holdfast, with its reason."""
    name = request.form.get("name", "")
    given = {
        part: request.form.get(f"{name}_{part}", "").replace("\x00", "")
        for part in ("value", "key", "currency", "from_on", "reason")
    }
    is_share = name == "baseline" and named(given["key"]).unit in SHARES
    try:
        with begin() as db:
            standards.put(db, name, **given, is_share=is_share, by=person(), at=now())
    except Invalid as wrong:
        # three forms lie on one page: a problem stands at the field of the one that was sent
        return _settings([replace(one, at=f"{name}_{one.at}") for one in wrong.problems]), 422
    flash(gettext("It is set; what stood before stays on record."))
    return redirect(url_for(".settings"), 303)
