"""Comparing with other systems: what is compared, what came of it, and what differs."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from engine.clock import now
from engine.errors import Invalid, Problem
from engine.serials.exchange import resolving, runs, sources
from engine.serials.exchange.doors import sites
from engine.serials.models.exchange import DIFFERENCES
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.reconciliation import (
    differences,
    kinds,
    run_lines,
    source_line,
    source_lines,
)
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin
from webapp.views.tasks import page_addresses, up_to_last
from webapp.words import N_

bp = Blueprint("reconciliation", __name__, url_prefix="/interfaces/reconciliation")
STATES = ("open", "resolved", "gone")
CHOOSE = N_("Choose the file.")


@bp.get("")
@allow("interface.read")
def index() -> ResponseReturnValue:
    """List the systems that are compared."""
    return render_template("interfaces/reconciliation.html", lines=source_lines(read()))


@bp.get("/new")
@allow("reconciliation.manage")
def new() -> ResponseReturnValue:
    """Ask which system is compared, and how its columns are called."""
    return _new([])


def _new(problems: list[Problem]) -> str:
    asked = request.form if request.method == "POST" else request.args
    system = asked.get("system", "erp") if asked.get("system") in sources.SYSTEMS else "erp"
    given = asked.get("compares", "stock")
    compares = given if given in sources.COMPARES else "stock"
    return render_template(
        "interfaces/reconciliation_new.html",
        system=system,
        compares=compares,
        systems=list(sources.SYSTEMS.items()),
        comparisons=list(sources.COMPARES.items()),
        columns=sources.usual_columns(system, compares),
        optional=sources.OPTIONAL,
        statuses=sources.STATUSES,
        sites=[(str(one.id), one.name) for one in sites(read())],
        entered=request.form,
        problems=problems,
    )


@bp.post("/new")
@allow("reconciliation.manage")
def add() -> ResponseReturnValue:
    """Compare with a system from now on."""
    form = request.form
    columns = {
        name.removeprefix("column."): value
        for name, value in form.items()
        if name.startswith("column.")
    }
    try:
        with begin() as db:
            source_id = sources.add_source(
                db,
                form.get("name", ""),
                system=form.get("system", ""),
                compares=form.get("compares", ""),
                columns=columns,
                words=form.get("words", ""),
                site_id=_number("site"),
                folder=form.get("folder"),
                hour=_number("hour"),
                by=person(),
                at=now(),
            ).id
    except Invalid as wrong:
        return _new(wrong.problems), 422
    flash(gettext("The system is compared from now on."))
    return redirect(url_for(".one", source_id=source_id), 303)


def _number(name: str) -> int | None:
    said = request.form.get(name, "").strip()
    if not said:
        return None
    number = whole(said, most=999_999_999)
    return -1 if number is None else number


@bp.get("/<int:source_id>")
@allow("interface.read")
def one(source_id: int) -> ResponseReturnValue:
    """Show the comparisons with one system."""
    return _one(source_id, [])


def _one(source_id: int, problems: list[Problem]) -> str:
    db = read()
    line = source_line(db, source_id)
    lines, page = up_to_last(
        lambda asked: run_lines(db, source_id, page=asked), lambda found: found[1]
    )
    return render_template(
        "interfaces/reconciliation_source.html",
        line=line,
        lines=lines,
        page=page,
        page_address=page_addresses(source_id=str(source_id)),
        problems=problems,
    )


@bp.post("/<int:source_id>/files")
@allow("reconciliation.run")
def send(source_id: int) -> ResponseReturnValue:
    """Take a file to compare."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _one(source_id, [Problem("file", CHOOSE)]), 422
    content = file.read()
    with begin() as db:
        source = sources.source_of(db, source_id)
        runs.ask(db, source, content, file.filename, by=person(), at=now())
    flash(gettext("The file is being compared. Open this page again to see the result."))
    return redirect(url_for(".one", source_id=source_id), 303)


@bp.get("/<int:source_id>/differences")
@allow("interface.read")
def listed(source_id: int) -> ResponseReturnValue:
    """List what differs, to be settled."""
    return _listed(source_id, [])


def _listed(source_id: int, problems: list[Problem]) -> str:
    db = read()
    kind = request.values.get("kind", "")
    state = request.values.get("state", "open")
    if (kind and kind not in DIFFERENCES) or state not in STATES:
        abort(404)
    lines, page = up_to_last(
        lambda asked: differences(db, source_id, kind=kind, state=state, page=asked),
        lambda found: found[1],
    )
    return render_template(
        "interfaces/differences.html",
        line=source_line(db, source_id),
        lines=lines,
        page=page,
        kind=kind,
        state=state,
        states=STATES,
        counts=kinds(db, source_id, state=state),
        page_address=page_addresses(source_id=str(source_id), kind=kind or None, state=state),
        problems=problems,
        entered=request.form,
    )


@bp.post("/<int:source_id>/differences")
@allow("difference.resolve")
def settle(source_id: int) -> ResponseReturnValue:
    """Look after the chosen differences, or say how they were settled."""
    form = request.form
    every = form.get("which") == "all"
    chosen = (whole(one) for one in form.getlist("difference"))
    ids = None if every else [one for one in chosen if one is not None]
    kind = form.get("kind", "") if form.get("kind") in DIFFERENCES else None
    try:
        with begin() as db:
            sources.source_of(db, source_id)
            if form.get("do") == "take":
                count = resolving.take(db, source_id, ids=ids, kind=kind, by=person(), at=now())
            else:
                count = resolving.resolve(
                    db,
                    source_id,
                    ids=ids,
                    kind=kind,
                    resolution=form.get("resolution", ""),
                    by=person(),
                    at=now(),
                )
    except Invalid as wrong:
        return _listed(source_id, wrong.problems), 422
    flash(
        ngettext("%(num)d difference is yours now.", "%(num)d differences are yours now.", count)
        if form.get("do") == "take"
        else ngettext("%(num)d difference is settled.", "%(num)d differences are settled.", count)
    )
    return redirect(url_for(".listed", source_id=source_id, kind=kind or None), 303)


@bp.post("/<int:source_id>/claim")
@allow("difference.resolve")
def claim(source_id: int) -> ResponseReturnValue:
    """Look after all differences with a system that nobody looks after."""
    with begin() as db:
        sources.source_of(db, source_id)
        count = resolving.take(db, source_id, by=person(), at=now(), only_free=True)
    flash(ngettext("%(num)d difference is yours now.", "%(num)d differences are yours now.", count))
    return redirect(url_for(".listed", source_id=source_id), 303)
