"""Intake: a file of parts, units or shipments is checked, loaded whole, or taken back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.serials import intake
from engine.serials.dictionary import entity
from webapp.permissions import allow
from webapp.queries.intake import batch_page, batches, in_the_readers_words
from webapp.reading import read
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin

bp = Blueprint("intake", __name__, url_prefix="/intake")


@bp.get("")
@allow("intake.load")
def index() -> ResponseReturnValue:
    """Show where to send a file, and what was taken in so far."""
    return _page()


@bp.post("")
@allow("intake.load")
def load() -> ResponseReturnValue:
    """Check a file; load it whole when that was asked for and nothing is wrong with it."""
    kind, file = request.form.get("kind", ""), request.files.get("file")
    if kind not in intake.KINDS or file is None or not file.filename:
        return _page(kind=kind, sentence=gettext("Choose what the file holds, and the file.")), 422

    content = file.read()
    with begin() as db:
        result = intake.load_csv(
            db, kind, content, file_name=file.filename, dry_run=True, by=person(), at=now()
        )
        if request.form.get("do") == "load" and not result.problems:
            result = intake.load_csv(
                db, kind, content, file_name=file.filename, by=person(), at=now()
            )
    if result.batch_id is not None:
        flash(gettext("%(name)s is loaded.", name=file.filename))
        return redirect(url_for(".batch", batch_id=result.batch_id), 303)
    return _page(kind=kind, result=result, name=file.filename), 422 if result.problems else 200


@bp.get("/<int:batch_id>")
@allow("intake.load")
def batch(batch_id: int) -> ResponseReturnValue:
    """Show one file that was taken in, line by line."""
    return render_template("intake/batch.html", view=batch_page(read(), batch_id), problem="")


@bp.post("/<int:batch_id>/take-back")
@allow("intake.load")
def take_back(batch_id: int) -> ResponseReturnValue:
    """Take a loaded file back, while nothing later refers to it."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        view = batch_page(read(), batch_id)
        problem = gettext("Enter why the file is taken back.")
        return render_template("intake/batch.html", view=view, problem=problem), 422

    with begin() as db:
        intake.roll_back(db, batch_id, reason=reason, by=person(), at=now())
    flash(gettext("The file is taken back."))
    return redirect(url_for(".batch", batch_id=batch_id), 303)


def _page(
    kind: str = "", result: intake.IntakeResult | None = None, name: str = "", sentence: str = ""
) -> str:
    said = language()
    kinds = [(code, entity(what).says(said)) for code, what in intake.KINDS.items()]
    columns = {
        code: [(one.column, one.says(said), one.required) for one in entity(what).taken_in]
        for code, what in intake.KINDS.items()
    }
    problems = [
        (problem.line, problem.column, in_the_readers_words(problem, said))
        for problem in (result.problems if result else ())
    ]
    return render_template(
        "intake/index.html",
        kinds=kinds,
        columns=columns,
        kind=kind,
        result=result,
        name=name,
        sentence=sentence,
        problems=problems,
        lines=batches(read()),
    )
