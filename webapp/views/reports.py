"""Reports: asked in the words of the data dictionary, saved, run, downloaded, mailed."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.errors import NotFound, Problem
from engine.serials import reports
from engine.serials.asking import OPERATORS, Asked, EntityUnknown, answer
from engine.serials.dictionary import entity
from engine.serials.models.report import FORMATS, RHYTHMS, Report
from engine.serials.reports import Head
from webapp.config import holdfast
from webapp.downloads import disposition, download
from webapp.permissions import allow
from webapp.queries.reports import (
    Form,
    askable,
    check_name,
    columns_by_path,
    form_of,
    lines,
    operators,
    read_form,
)
from webapp.queries.stock import actors
from webapp.reading import read
from webapp.sentences import translated
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin
from webapp.words import N_

bp = Blueprint("reports", __name__, url_prefix="/reports")


class FormatUnknown(NotFound):
    """A report is downloaded as CSV, XLSX or PDF. Choose one of them."""


@bp.get("")
@allow("report.read")
def index() -> ResponseReturnValue:
    """List one's own reports and those that colleagues share."""
    return render_template(
        "reports/index.html", lines=lines(read(), person()), kinds=askable(), rhythms=RHYTHMS
    )


@bp.get("/new")
@allow("report.save")
def new() -> ResponseReturnValue:
    """Lead on to the form for the kind of record that was chosen in the list."""
    name = request.args.get("of", "")
    if name not in {one.name for one in askable()}:
        return redirect(url_for(".index"))
    return redirect(url_for(".new_of", record_kind=name))


@bp.get("/new/<record_kind>")
@allow("report.save")
def new_of(record_kind: str) -> ResponseReturnValue:
    """Show the form for a new report of a kind of record; an address may fill it in."""
    name = _known(record_kind)
    form, draft = read_form(request.args, name, person())
    if not request.args.get("columns"):
        form.problems.clear()
        form.columns = tuple(
            path
            for path, column in columns_by_path(name, person()).items()
            if len(column.fields) == 1 and column.field.type != "json"
        )[:6]
        draft = reports.Draft("", Asked(name, form.columns))
    return _form_page(form, draft.asked, None)


@bp.post("/new/<record_kind>")
@allow("report.save")
def save(record_kind: str) -> ResponseReturnValue:
    """Save a new report, or only show what it finds."""
    form, draft = read_form(request.form, _known(record_kind), person())
    if request.form.get("do") == "look":
        return _form_page(form, draft.asked, None), 422 if form.problems else 200
    check_name(form)
    if form.problems:
        return _form_page(form, None, None), 422
    with begin() as db:
        report = reports.save(db, draft, by=person(), at=now())
    flash(gettext("The report is saved."))
    return redirect(url_for(".one", report_id=report.id), 303)


@bp.get("/<int:report_id>")
@allow("report.read")
def one(report_id: int) -> ResponseReturnValue:
    """Run a report: one page of what it finds, as this person sees it."""
    db, me = read(), person()
    report = reports.report_of(db, report_id, me)
    seen, refused = _allowed(report)
    return render_template(
        "reports/one.html",
        report=report,
        what=entity(report.entity),
        is_mine=report.owner_id == me.id,
        owner=actors(db, [report.owner_id]).get(report.owner_id, ""),
        columns=columns_by_path(report.entity, me),
        found=answer(db, seen.asked, person=me, after=request.args.get("after")) if seen else None,
        asked=seen.asked if seen else None,
        left_out=seen.left_out if seen else (),
        refused=refused,
        is_first=not request.args.get("after"),
        runs=reports.runs_of(db, report_id),
        **_words(),
    )


@bp.get("/<int:report_id>/change")
@allow("report.save")
def change_form(report_id: int) -> ResponseReturnValue:
    """Show the form that changes an own report."""
    report = reports.report_of(read(), report_id, person())
    seen, _ = _allowed(report)
    return _form_page(form_of(report), seen.asked if seen else None, report)


@bp.post("/<int:report_id>/change")
@allow("report.save")
def change(report_id: int) -> ResponseReturnValue:
    """Save the changes of an own report, or only show what it would find."""
    report = reports.report_of(read(), report_id, person())
    form, draft = read_form(request.form, report.entity, person())
    if request.form.get("do") == "look":
        return _form_page(form, draft.asked, report), 422 if form.problems else 200
    check_name(form)
    if form.problems:
        return _form_page(form, None, report), 422
    version = request.form.get("version", 0, type=int)
    with begin() as db:
        reports.change(db, report_id, draft, version=version, by=person(), at=now())
    flash(gettext("The report is saved."))
    return redirect(url_for(".one", report_id=report_id), 303)


@bp.post("/<int:report_id>/schedule")
@allow("report.save")
def schedule(report_id: int) -> ResponseReturnValue:
    """Mail an own report in a rhythm, or no more."""
    every = request.form.get("every") or None
    format_ = request.form.get("format", "")
    if (every and every not in RHYTHMS) or format_ not in FORMATS:
        raise FormatUnknown
    with begin() as db:
        reports.schedule(db, report_id, every=every, format=format_, by=person(), at=now())
    flash(gettext("The schedule is kept."))
    return redirect(url_for(".one", report_id=report_id), 303)


@bp.post("/<int:report_id>/remove")
@allow("report.save")
def remove(report_id: int) -> ResponseReturnValue:
    """Take an own report away."""
    with begin() as db:
        reports.remove(db, report_id, by=person(), at=now())
    flash(gettext("The report is taken away."))
    return redirect(url_for(".index"), 303)


@bp.get("/<int:report_id>/file/<file_format>")
@allow("report.read")
def file(report_id: int, file_format: str) -> ResponseReturnValue:
    """Download a report whole, as this person sees it."""
    if file_format not in FORMATS:
        raise FormatUnknown
    db, me = read(), person()
    report = reports.report_of(db, report_id, me)
    seen = reports.allowed(reports.asked_by(report), me)
    settings = holdfast().settings
    head = Head(report.name, now(), language(), settings.company, settings.mark, seen.left_out)
    if file_format == "pdf":
        content = b"".join(
            reports.file_of(db, seen.asked, "pdf", person=me, head=head, say=translated)
        )
        name = f"{report.name}.pdf"
        return download(content, name=name, media_type=reports.MEDIA_TYPES["pdf"])
    return _streamed(seen.asked, file_format, head)


def _streamed(asked: Asked, file_format: str, head: Head) -> Response:
    """Send a file row by row, from a session of its own that ends with it."""
    me, database = person(), holdfast().database
    said = _all_words(asked)

    def pieces() -> Iterator[bytes]:
        with database.read() as db:
            yield from reports.file_of(
                db, asked, file_format, person=me, head=head, say=lambda text: said.get(text, text)
            )

    response = Response(pieces(), mimetype=reports.MEDIA_TYPES[file_format])
    response.headers["Content-Disposition"] = disposition(f"{head.title}.{file_format}")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _all_words(asked: Asked) -> dict[str, str]:
    """Return the words a file may need, for they are looked up when the request is over."""
    said = [N_("Number of records")]
    for column in columns_by_path(asked.entity, person()).values():
        if column.field.choices:
            said += column.field.words.values()
    return {text: translated(text) for text in said}


@bp.get("/runs/<int:report_run_id>")
@allow("report.read")
def run(report_run_id: int) -> ResponseReturnValue:
    """Download a file that a schedule made; whoever opens it must see every column in it."""
    db = read()
    made = reports.run_of(db, report_run_id, person())
    if made.sha256 is None:
        return redirect(url_for(".one", report_id=made.report_id))
    report = db.get_one(Report, made.report_id)
    name = f"{report.name} {made.due_at:%Y-%m-%d}.{made.format}"
    content = holdfast().documents.open(made.sha256)
    return download(content, name=name, media_type=reports.MEDIA_TYPES[made.format])


def _known(name: str) -> str:
    if name not in {one.name for one in askable()}:
        raise EntityUnknown(entity=name)
    return name


def _allowed(report: Report) -> tuple[Any, Problem | None]:
    """Return what of a report this person may see, or the sentence why nothing of it."""
    try:
        return reports.allowed(reports.asked_by(report), person()), None
    except reports.LostFilter as lost:
        return None, lost.problem("")


def _form_page(form: Form, asked: Asked | None, report: Report | None) -> str:
    db, me = read(), person()
    columns = columns_by_path(form.entity, me)
    shows = asked is not None and not form.problems
    return render_template(
        "reports/form.html",
        form=form,
        report=report,
        what=entity(form.entity),
        columns=columns,
        operators=operators(columns),
        problems=form.problems,
        asked=asked,
        found=answer(db, asked, person=me, size=10) if asked is not None and shows else None,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "OPERATORS": OPERATORS,
        "rhythms": RHYTHMS,
        "rhythm_options": [(code, translated(words)) for code, words in RHYTHMS.items()],
        "formats": FORMATS,
    }
