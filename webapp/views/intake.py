"""Intake: a file is kept, mapped, checked, loaded, mended row by row, or taken back."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.datastructures import FileStorage

from engine.clock import now
from engine.errors import EngineError
from engine.serials import intake
from engine.serials.errors import EncodingUnclear, NotThisEncoding
from engine.serials.intake import files, mappings, priority, values, working
from engine.serials.intake.changes import FieldDifference, changes, hidden_fields
from engine.serials.intake.layouts import DOCUMENTS
from engine.serials.intake.mappings import Reading
from engine.serials.models import ImportFile
from webapp.config import holdfast
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.intake import (
    batch_page,
    batches,
    protected_serials,
    quality as how_good,
    said,
    serialised_parts,
)
from webapp.reading import read
from webapp.sentences import fill
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin

bp = Blueprint("intake", __name__, url_prefix="/intake")

LARGEST_FILE = 1024 * 1024 * 1024
SOURCES = ("erp", "mes", "wms", "plm", "legacy")


@bp.get("")
@allow("intake.load")
def index() -> ResponseReturnValue:
    """Show where to send a file, and what was taken in so far."""
    return _page()


@bp.before_request
def _let_large_files_in() -> None:
    request.max_content_length = LARGEST_FILE


@bp.post("")
@allow("intake.load")
def receive() -> ResponseReturnValue:
    """Keep a file and open its batch; how it is read is asked next."""
    said, file = request.form, request.files.get("file")
    kind = said.get("kind", "")
    if kind not in intake.KINDS or file is None or not file.filename:
        return _page(sentence=gettext("Choose what the file holds, and the file.")), 422

    source = (said.get("other_source") or said.get("source") or "erp").strip()[:60]
    encoding = said.get("encoding", "")
    try:
        batch_id = _received(kind, file, source, encoding if encoding in files.ENCODINGS else "")
    except (EncodingUnclear, NotThisEncoding) as refused:
        return _page(sentence=fill(refused.message, refused.facts), asks_encoding=True), 422
    except EngineError as refused:
        return _page(sentence=fill(refused.message, refused.facts)), 422
    if kind in DOCUMENTS:  # the standard says how it is read
        return _checked(batch_id)
    return redirect(url_for(".mapping", batch_id=batch_id), 303)


def _received(kind: str, file: FileStorage, source: str, encoding: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        file.save(path)
        with begin() as db:
            return intake.receive(
                db,
                kind,
                path,
                file_name=file.filename or "",
                system=source,
                encoding=encoding,
                by=person(),
                at=now(),
            ).id


@bp.get("/<int:batch_id>/mapping")
@allow("intake.load")
def mapping(batch_id: int) -> ResponseReturnValue:
    """Show how a file is read: its columns beside ours, its first rows."""
    if intake.get(read(), batch_id).kind in DOCUMENTS:
        return redirect(url_for(".batch", batch_id=batch_id))
    return _mapping_page(batch_id)


@bp.post("/<int:batch_id>/mapping")
@allow("intake.load")
def read_as(batch_id: int) -> ResponseReturnValue:
    """Say how a file is read, keep that for its source, and check it."""
    batch = intake.get(read(), batch_id)
    if batch.kind in DOCUMENTS:
        return redirect(url_for(".batch", batch_id=batch_id), 303)
    reading = _asked(Reading.of(batch.mapping), batch.kind)
    problem = _mapping_problem(batch.kind, reading)
    try:
        header = _preview(batch_id, reading).headers
    except EngineError as refused:
        return _mapping_page(batch_id, sentence=fill(refused.message, refused.facts)), 422
    if problem or request.form.get("do") == "look":
        with begin() as db:
            working.refuse_busy(db, batch_id)
            intake.read_as(db, batch_id, reading, by=person(), at=now())
        return _mapping_page(batch_id, sentence=problem), 422 if problem else 200

    by, at = person(), now()
    with begin() as db:
        working.refuse_busy(db, batch_id)
        batch = intake.read_as(db, batch_id, reading, by=by, at=at)
        if request.form.get("keep"):
            mappings.keep(db, batch, reading, header, {"by": by, "at": at})
    return _checked(batch_id)


def _asked(before: Reading, kind: str) -> Reading:
    said = request.form
    names = {one.name for one in intake.layout(kind).columns}
    columns: dict[int, str] = {}
    for field, name in said.items():
        place = whole(field.removeprefix("column-"))
        if field.startswith("column-") and place is not None and name in names:
            columns[place] = name
    dates = {
        field.removeprefix("order-"): order
        for field, order in said.items()
        if field.startswith("order-") and order in values.ORDERS
    }
    line = whole(said.get("header_line"), most=999_999)
    separator = said.get("separator", before.separator)
    header_line = before.header_line if line is None else line
    moved = header_line != before.header_line or separator != before.separator
    return Reading(
        before.encoding,
        separator if separator in files.SEPARATORS else before.separator,
        header_line,
        before.columns if moved else columns,
        dates,
        before.aliases,
    )


def _mapping_problem(kind: str, reading: Reading) -> str:
    named = list(reading.columns.values())
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        label = said(kind, twice[0], language())
        return gettext("Two columns are mapped to %(field)s. Choose one.", field=label)
    lacking = mappings.missing(kind, reading)
    if lacking and request.form.get("do") != "look":
        labels = ", ".join(said(kind, name, language()) for name in lacking)
        return gettext("No column is mapped to %(fields)s. Map one, or correct the file.",
                       fields=labels)  # fmt: skip
    return ""


def _preview(batch_id: int, reading: Reading) -> mappings.Preview:
    db = read()
    batch = intake.get(db, batch_id)
    with files.opened(db, batch.file_sha256) as stream:
        return mappings.preview(stream, batch.kind, reading)


def _mapping_page(batch_id: int, sentence: str = "") -> str:
    db = read()
    db.expire_all()
    batch = intake.get(db, batch_id)
    reading = Reading.of(batch.mapping)
    spoken = language()
    columns = intake.layout(batch.kind).columns
    seen = _preview(batch_id, reading)
    return render_template(
        "intake/mapping.html",
        batch=batch,
        reading=reading,
        seen=seen,
        sentence=sentence,
        ours=[("", gettext("Not taken in"))]
        + [(one.name, one.says(spoken) + (" *" if one.required else "")) for one in columns],
        missing=[said(batch.kind, name, spoken) for name in seen.missing],
        orders=[
            (name, said(batch.kind, name, spoken), order) for name, order in seen.orders.items()
        ],
        separators=files.SEPARATORS,
        encodings=files.ENCODINGS,
        is_kept=mappings.kept(db, batch.source, batch.kind) is not None,
    )


def _checked(batch_id: int) -> ResponseReturnValue:
    """Check a batch: a small file at once, a large one as a job that its page follows."""
    by, at, database = person(), now(), holdfast().database
    batch = intake.get(read(), batch_id)
    size = read().get_one(ImportFile, batch.file_sha256).size or 0
    if size > working.AT_ONCE:
        with begin() as db:
            working.ask(db, batch_id, "check_import", by=by, at=at)
        return redirect(url_for(".batch", batch_id=batch_id), 303)
    try:
        with begin() as db:
            working.refuse_busy(db, batch_id)
            intake.check_here(db, batch_id, by=by, at=at)
    except EngineError as refused:
        with database.begin() as db:
            failure = {"sentence": refused.message, "facts": dict(refused.facts)}
            working.tell(db, batch_id, working.FAILED, 1, 1, at=at, failure=failure)
    else:
        with database.begin() as db:
            working.tell(db, batch_id, working.DONE, 1, 1, at=at)
    return redirect(url_for(".batch", batch_id=batch_id), 303)


@bp.get("/<int:batch_id>")
@allow("intake.load")
def batch(batch_id: int) -> ResponseReturnValue:
    """Show one file: how far it is, what it would do, what it did, what waits."""
    return _batch_page(batch_id)


def _batch_page(batch_id: int, problem: str = "") -> str:
    db, spoken = read(), language()
    number = min(max(1, request.args.get("lines", 1, type=int)), 10_000_000)
    view = batch_page(db, batch_id, number, spoken)
    kept = intake.get(db, batch_id)
    me = person()
    failure = view.progress.failure if view.progress else None
    return render_template(
        "intake/batch.html",
        view=view,
        kind=intake.layout(kept.kind).says(spoken),
        is_document=kept.kind in DOCUMENTS,
        shown=intake.shown(kept),
        problem=problem,
        is_busy=view.progress is not None
        and view.progress.phase not in (working.DONE, working.FAILED),
        failure=fill(failure["sentence"], failure["facts"]) if failure else "",
        is_mine=kept.by_id == me.id,
        is_approved=any(
            one.shown == intake.shown(kept) and one.by_id != me.id
            for one in priority.approvals(db, batch_id)
        ),
        lines_address=lambda page: url_for(".batch", batch_id=batch_id, lines=page),
        fields=[
            (said(kept.kind, name, spoken), filled, differing)
            for name, (filled, differing) in kept.counts.get("fields", {}).items()
            if name not in hidden_fields(kept.kind, me)
        ],
        differences=[(one, said(kept.kind, one.field, spoken)) for one in _differences(batch_id)],
    )


def _differences(batch_id: int) -> list[FieldDifference]:
    after = min(max(0, request.args.get("after", 0, type=int)), 1_000_000_000)
    return changes(read(), batch_id, person(), after=after)


@bp.post("/<int:batch_id>/check")
@allow("intake.load")
def check(batch_id: int) -> ResponseReturnValue:
    """Check a file again as it stands."""
    return _checked(batch_id)


@bp.post("/<int:batch_id>/load")
@allow("intake.load")
def load(batch_id: int) -> ResponseReturnValue:
    """Load the sound rows of a file, exactly as they were shown."""
    by, at = person(), now()
    was_shown = request.form.get("shown", "")
    found = intake.get(read(), batch_id)
    size = read().get_one(ImportFile, found.file_sha256).size or 0
    if size > working.AT_ONCE:
        with begin() as db:
            working.ask(db, batch_id, "load_import", by=by, at=at, shown=was_shown)
        return redirect(url_for(".batch", batch_id=batch_id), 303)
    with begin() as db:
        working.refuse_busy(db, batch_id)
        loaded = intake.load(db, batch_id, was_shown=was_shown, by=by, at=at)
        count = loaded.counts["loaded"]
    flash(
        ngettext("%(num)d line is loaded.", "%(num)d lines are loaded.", count)
        if count
        else gettext("Nothing in this file was new.")
    )
    return redirect(url_for(".batch", batch_id=batch_id), 303)


@bp.post("/<int:batch_id>/approve")
@allow("intake.approve")
def approve(batch_id: int) -> ResponseReturnValue:
    """Approve, as the second person, that a file touches protected serial numbers."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _batch_page(batch_id, gettext("Enter why it may be loaded.")), 422
    by, at = person(), now()
    with begin() as db:
        found = intake.get(db, batch_id, lock=True)
        intake.refuse_other(found, request.form.get("shown", ""))
        priority.approve(
            db, found, intake.shown(found), by=by, reason=reason, how={"by": by, "at": at}
        )
    flash(gettext("The file is approved."))
    return redirect(url_for(".batch", batch_id=batch_id), 303)


@bp.post("/<int:batch_id>/take-back")
@allow("intake.load")
def take_back(batch_id: int) -> ResponseReturnValue:
    """Take a loaded file back while nothing later refers to it, or correct it by events."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _batch_page(batch_id, gettext("Enter why the file is taken back.")), 422

    act = intake.compensate if request.form.get("do") == "by_events" else intake.roll_back
    with begin() as db:
        act(db, batch_id, reason=reason, by=person(), at=now())
    flash(gettext("The file is taken back."))
    return redirect(url_for(".batch", batch_id=batch_id), 303)


@bp.get("/quality")
@allow("intake.load")
def quality() -> ResponseReturnValue:
    """Show how good the files were: sources ranked, rules broken, file after file."""
    return render_template("intake/quality.html", view=how_good(read()), kinds=_kinds())


@bp.get("/protected")
@allow("intake.load")
def protected() -> ResponseReturnValue:
    """Show the serial numbers that no file touches without a second person."""
    return _protected_page()


def _protected_page(problem: str = "") -> str:
    db = read()
    return render_template(
        "intake/protected.html",
        rows=protected_serials(db),
        parts=[("", gettext("Choose")), *serialised_parts(db)],
        problem=problem,
        said=request.form,
    )


@bp.post("/protected")
@allow("intake.protect")
def protect() -> ResponseReturnValue:
    """Put serial numbers on the list."""
    form = request.form
    serials = [one for one in map(str.strip, form.get("serials", "").splitlines()) if one]
    part, reason = form.get("part", ""), form.get("reason", "").strip()
    if part not in {code for code, _ in serialised_parts(read())} or not serials or not reason:
        words = gettext("Choose the part, enter its serial numbers and why they are protected.")
        return _protected_page(words), 422
    with begin() as db:
        priority.protect(db, int(part), serials, reason=reason, by=person(), at=now())
    flash(ngettext("%(num)d serial number is protected.", "%(num)d serial numbers are protected.",
                   len(set(serials))))  # fmt: skip
    return redirect(url_for(".protected"), 303)


@bp.post("/protected/<int:protected_id>/remove")
@allow("intake.protect")
def unprotect(protected_id: int) -> ResponseReturnValue:
    """Take a serial number off the list."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _protected_page(gettext("Enter why it is no longer protected.")), 422
    with begin() as db:
        priority.unprotect(db, protected_id, reason=reason, by=person(), at=now())
    flash(gettext("The serial number is no longer protected."))
    return redirect(url_for(".protected"), 303)


@bp.get("/<int:batch_id>/file")
@allow("intake.load")
def file(batch_id: int) -> ResponseReturnValue:
    """Give the file back as it came."""
    db = read()
    found = intake.get(db, batch_id)

    def pieces() -> Iterator[bytes]:
        with stream:
            yield from iter(lambda: stream.read(files.PIECE), b"")

    stream = files.opened(db, found.file_sha256)
    response = Response(pieces(), mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=found.file_name or "file")
    return response


def _kinds() -> dict[str, str]:
    return {code: intake.layout(code).says(language()) for code in intake.KINDS}


def _page(sentence: str = "", *, asks_encoding: bool = False) -> str:
    spoken, form = language(), request.form
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000_000)
    lines, page = batches(read(), number)
    return render_template(
        "intake/index.html",
        kinds=list(_kinds().items()),
        columns={
            code: [
                (one.name, one.says(spoken), one.means(spoken), one.required)
                for one in intake.layout(code).columns
            ]
            for code in intake.KINDS
        },
        kind=form.get("kind", ""),
        source=form.get("source", "erp"),
        other_source=form.get("other_source", ""),
        sources=[(one, one.upper() if len(one) == 3 else one) for one in SOURCES],
        encodings=[("", gettext("Find out")), *files.ENCODINGS.items()],
        asks_encoding=asks_encoding,
        sentence=sentence,
        lines=lines,
        page=page,
        address=lambda at_page: url_for(".index", page=at_page),
    )
