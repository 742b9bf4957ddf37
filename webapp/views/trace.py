"""Trace: the box, how it was understood, the runs, what they found, as table and as file."""

from collections.abc import Mapping

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.evidence.render import render_pdf
from engine.serials import expressions, graph, tracing
from engine.serials.backward import composition
from engine.serials.models import TraceRun
from engine.serials.models.axes import CUSTODIES
from engine.serials.models.trace import WAYS_IN
from webapp.downloads import download
from webapp.exports import FORMATS, exported
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries import trace_paper, trace_why, tracing as queries
from webapp.queries.made_of import as_rows as as_tree
from webapp.queries.trace_compared import comparison
from webapp.queries.trace_drawn import drawn
from webapp.queries.trace_file import as_rows
from webapp.reading import read
from webapp.session import person
from webapp.times import zone
from webapp.transactions import begin, request_key

bp = Blueprint("trace", __name__, url_prefix="/trace")


@bp.get("")
@allow("trace.read")
def index() -> ResponseReturnValue:
    """Show the box, and what was traced so far."""
    return _box(request.args.get("text", ""))


@bp.post("")
@allow("trace.run")
def understand() -> ResponseReturnValue:
    """Show how the text is understood; trace it when that was asked and nothing is left to ask."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    said = expressions.understand(
        read(), text, answers=queries.answers_of(request.form), zone=zone()
    )
    if request.form.get("do") != "trace" or said.open_questions or not said.expression["any"]:
        is_refused = request.form.get("do") == "trace"
        return _box(text, said, is_refused=is_refused), 422 if is_refused else 200
    return _start(tracing.expression_of(said))


@bp.post("/from")
@allow("trace.run")
def trace_from() -> ResponseReturnValue:
    """Trace forward from one unit, lot or run: one click on its page."""
    term = queries.term_of(read(), request.form.get("kind", ""), whole(request.form.get("id")))
    return _start({"any": [term], "text": expressions.said_of(term)})


@bp.get("/jobs/<int:job_id>")
@allow("trace.read")
def job(job_id: int) -> ResponseReturnValue:
    """Show how far a large trace is; lead to the run when it is kept."""
    found = queries.job_of(read(), job_id)
    is_live = request.headers.get("HX-Request") == "true"
    if found.result is None:
        return render_template("trace/_live.html" if is_live else "trace/job.html", job=found)
    there = url_for(".run", run_id=found.result["run_id"])
    return Response(headers={"HX-Redirect": there}) if is_live else redirect(there, 303)


@bp.get("/runs/<int:run_id>")
@allow("trace.read")
def run(run_id: int) -> ResponseReturnValue:
    """Show what a run found: how much, where, at whom, in which lots."""
    db = read()
    return render_template("trace/run.html", view=queries.run_page(db, run_id), tab="result")


@bp.get("/runs/<int:run_id>/units")
@allow("trace.read")
def units(run_id: int) -> ResponseReturnValue:
    """List the affected units, a page at a time, narrowed by where and how."""
    db = read()
    asked = queries.asked_of(request.args)
    return render_template(
        "trace/units.html",
        view=queries.run_head(db, run_id),
        shown=queries.units_page(db, run_id, asked),
        asked=asked,
        tab="units",
        custodies=CUSTODIES,
        ways_in=WAYS_IN,
        address=lambda **changed: url_for(
            ".units", run_id=run_id, **{k: v for k, v in {**asked.kept, **changed}.items() if v}
        ),
    )


@bp.get("/runs/<int:run_id>/why")
@allow("trace.read")
def why(run_id: int) -> ResponseReturnValue:
    """Say why a unit is affected, or why it is not."""
    db = read()
    head, typed = queries.run_head(db, run_id), request.args.get("unit", "").strip()[:300]
    told = trace_why.told(db, run_id, typed=typed, unit_id=whole(request.args.get("id")))
    page = "trace/_why.html" if request.headers.get("HX-Request") else "trace/why.html"
    return render_template(page, view=head, told=told, typed=typed, tab="why")


@bp.get("/runs/<int:run_id>/file.<format>")
@allow("trace.read")
def file(run_id: int, format: str) -> ResponseReturnValue:
    """Send what a run found as a file, row by row, with the columns this person may see."""
    if format not in FORMATS:
        abort(404)

    db = read()
    kept = tracing.run_of(db, run_id)
    columns, rows = as_rows(db, kept, person())
    name = gettext("Trace %(number)s", number=run_id)
    return exported(columns, rows, format=format, name=name, at=kept.at)


@bp.get("/runs/<int:run_id>/paper")
@allow("trace.read")
def paper(run_id: int) -> ResponseReturnValue:
    """Print what a run found, every unit by name."""
    db = read()
    record = trace_paper.record(db, queries.run_page(db, run_id), person())
    db.rollback()  # the print worker takes seconds, and needs no snapshot
    pdf = render_pdf("trace/trace_report", record, language=record["language"])
    return download(pdf, name=f"{record['number']}.pdf", media_type="application/pdf")


@bp.post("/runs/<int:run_id>/again")
@allow("trace.run")
def again(run_id: int) -> ResponseReturnValue:
    """Trace what a run traced, as of now: a run of its own, to be compared."""
    return _start(tracing.run_of(read(), run_id).expression)


@bp.get("/runs/<int:run_id>/graph")
@allow("trace.read")
def run_graph(run_id: int) -> ResponseReturnValue:
    """Draw a run: from what was suspect to who received it, in tiers."""
    db = read()
    head = queries.run_head(db, run_id)
    picture = graph.run_graph(db, head.run)
    return render_template(
        "trace/graph.html", view=head, picture=picture, drawn=drawn(picture), tab="graph"
    )


@bp.get("/made-of/<kind>/<int:id>")
@allow("trace.read")
def made_of(kind: str, id: int) -> ResponseReturnValue:
    """Draw what a unit or a lot was made of, down to the suppliers' lots."""
    db = read()
    if kind not in ("unit", "lot"):
        abort(404)
    term = queries.term_of(db, kind, id)
    picture = graph.made_of_graph(db, **{f"{kind}_id": id})
    return render_template(
        "trace/made_of.html",
        name=expressions.said_of(term),
        back=url_for("units.unit", unit_id=id)
        if kind == "unit"
        else url_for("units.lot", lot_id=id),
        picture=picture,
        drawn=drawn(picture),
    )


@bp.get("/made-of/<kind>/<int:id>/file.<format>")
@allow("trace.read")
def made_of_file(kind: str, id: int, format: str) -> ResponseReturnValue:
    """Send what a unit or a lot was made of as a file, with tests and certificates."""
    if kind not in ("unit", "lot") or format not in FORMATS:
        abort(404)
    db = read()
    name = expressions.said_of(queries.term_of(db, kind, id))
    columns, rows = as_tree(db, composition(db, **{f"{kind}_id": id}), person())
    called = gettext("What is in %(name)s", name=name)
    return exported(columns, rows, format=format, name=called, at=now())


@bp.get("/compare")
@allow("trace.read")
def compare() -> ResponseReturnValue:
    """Show what one of two traces has that the other has not."""
    chosen = sorted(set(request.args.getlist("run", type=int)))
    if len(chosen) != 2:
        flash(gettext("Tick two traces to compare."))
        return redirect(url_for(".index"), 303)
    return render_template("trace/compare.html", view=comparison(read(), *chosen))


def _start(expression: Mapping[str, object]) -> ResponseReturnValue:
    with begin() as db:
        started = tracing.start(db, expression, by=person(), at=now(), key=request_key())
        is_run, id_ = isinstance(started, TraceRun), started.id
    if is_run:
        return redirect(url_for(".run", run_id=id_), 303)
    return redirect(url_for(".job", job_id=id_), 303)


def _box(text: str, said: expressions.Understood | None = None, *, is_refused: bool = False) -> str:
    db = read()
    page = request.args.get("page", 1, type=int)
    return render_template(
        "trace/index.html",
        text=text,
        said=said,
        shown=queries.understood(said) if said else None,
        is_refused=is_refused,
        runs=queries.runs(db, page),
        waiting=queries.waiting(db),
        address=lambda number: url_for(".index", page=number),
    )
