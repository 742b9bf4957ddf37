"""Rows in quarantine: a grid to mend them in, a file of them there and back."""

from collections import defaultdict

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from engine.clock import now
from engine.serials import intake
from engine.serials.intake import quarantine, working
from engine.serials.intake.layouts import DOCUMENTS
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.intake import in_the_readers_words, said
from webapp.queries.stock import actors
from webapp.reading import read
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin

bp = Blueprint("quarantine", __name__, url_prefix="/intake/<int:batch_id>/quarantine")

SHOWN = 25
MOST_BYTES = 20 * 1024 * 1024


@bp.get("")
@allow("intake.load")
def index(batch_id: int) -> ResponseReturnValue:
    """Show rows in quarantine, their cells to be mended in place."""
    return _page(batch_id)


def _page(batch_id: int, problem: str = "") -> str:
    db, asked, spoken = read(), request.args, language()
    batch = intake.get(db, batch_id)
    after = min(max(0, asked.get("after", 0, type=int)), 2**31 - 1)
    code, column = asked.get("code", ""), asked.get("column", "")
    rows = quarantine.waiting(db, batch_id, after=after, limit=SHOWN + 1, code=code, column=column)
    names = quarantine.columns(batch)
    history = quarantine.history(db, batch_id, limit=50)
    return render_template(
        "intake/quarantine.html",
        batch=batch,
        is_document=batch.kind in DOCUMENTS,
        columns=[(name, said(batch.kind, name, spoken)) for name in names],
        rows=[
            (
                row,
                {problem.column for problem in row.problems},
                [
                    (said(batch.kind, one.column, spoken), in_the_readers_words(one, spoken))
                    for one in row.problems
                ],
            )
            for row in rows[:SHOWN]
        ],
        next_after=rows[SHOWN - 1].line if len(rows) > SHOWN else None,
        after=after,
        code=code,
        column=column,
        problem=problem,
        history=[(one, said(batch.kind, one.column, spoken)) for one in history],
        names=actors(db, (one.by_id for one in history)),
    )


@bp.post("")
@allow("intake.load")
def save(batch_id: int) -> ResponseReturnValue:
    """Keep the mended cells; with `rerun` check these rows again, and load what is sound."""
    by, at = person(), now()
    cells: dict[int, dict[str, str]] = defaultdict(dict)
    seen: dict[int, int] = {}
    for field, value in request.form.items():
        what, _, rest = field.partition("-")
        said, _, name = rest.partition("-")
        line = whole(said)
        if line is None:
            continue
        if what == "cell":
            cells[line][name] = value
        elif what == "seen":
            seen[line] = whole(value) or 0
    changed = 0
    with begin() as db:
        working.refuse_busy(db, batch_id)
        for number, mended in sorted(cells.items()):
            changed += quarantine.correct_row(
                db, batch_id, number, mended, seen=seen.get(number, 0), by=by, at=at
            )
        if request.form.get("do") == "rerun":
            intake.rerun(db, batch_id, by=by, at=at)
    if changed:
        flash(ngettext("%(num)d cell is corrected.", "%(num)d cells are corrected.", changed))
    return _back(batch_id)


@bp.post("/replace")
@allow("intake.load")
def replace(batch_id: int) -> ResponseReturnValue:
    """Replace a value of a column in every row in quarantine."""
    form = request.form
    column, before, after = form.get("column", ""), form.get("before", ""), form.get("after", "")
    if column not in quarantine.columns(intake.get(read(), batch_id)) or before.strip() == "":
        words = gettext("Choose the column, and enter the value to replace.")
        return _page(batch_id, words), 422
    by, at = person(), now()
    with begin() as db:
        working.refuse_busy(db, batch_id)
        count = quarantine.replace_everywhere(
            db,
            batch_id,
            column,
            before.strip(),
            after,
            remember=bool(form.get("remember")),
            by=by,
            at=at,
        )
        intake.rerun(db, batch_id, by=by, at=at)
    flash(ngettext("Replaced in %(num)d line.", "Replaced in %(num)d lines.", count))
    return _back(batch_id)


@bp.post("/<int:line>/leave-out")
@allow("intake.load")
def leave_out(batch_id: int, line: int) -> ResponseReturnValue:
    """Leave a row out for good."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _page(batch_id, gettext("Enter why the line is left out.")), 422
    with begin() as db:
        working.refuse_busy(db, batch_id)
        quarantine.leave_out(db, batch_id, line, reason=reason, by=person(), at=now())
    flash(gettext("Line %(line)s is left out.", line=line))
    return _back(batch_id)


@bp.get("/rows.csv")
@allow("intake.load")
def download(batch_id: int) -> ResponseReturnValue:
    """Give the rows in quarantine as a file, each with what is wrong with it."""
    db = read()
    batch = intake.get(db, batch_id)
    content = "".join(quarantine.as_csv(db, batch_id))
    response = Response(content, mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"quarantine-{batch.id}.csv")
    return response


@bp.post("/rows.csv")
@allow("intake.load")
def upload(batch_id: int) -> ResponseReturnValue:
    """Take the corrected file back and check its rows again."""
    file = request.files.get("file")
    content = file.read(MOST_BYTES) if file is not None and file.filename else b""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text:
        words = gettext("Choose the corrected file, saved as CSV UTF-8.")
        return _page(batch_id, words), 422
    by, at = person(), now()
    with begin() as db:
        working.refuse_busy(db, batch_id)
        count = quarantine.correct_from_csv(db, batch_id, text, by=by, at=at)
        intake.rerun(db, batch_id, by=by, at=at)
    flash(ngettext("%(num)d line is corrected.", "%(num)d lines are corrected.", count))
    return _back(batch_id)


def _back(batch_id: int) -> ResponseReturnValue:
    """Go on where rows still wait, else to the file."""
    if intake.get(read(), batch_id).problem_count:  # a session of its own after the commit
        return redirect(url_for(".index", batch_id=batch_id), 303)
    return redirect(url_for("intake.batch", batch_id=batch_id), 303)
