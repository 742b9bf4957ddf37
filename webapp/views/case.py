"""One case: overview, units and holds, documents, answers, history."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from engine.bpmn.models import Instance
from engine.cases import commands
from engine.cases.history import history as history_of
from engine.cases.models import Case
from engine.cases.overview import case_balance, case_facts, case_named, case_page
from engine.cases.pages import DocumentLine
from engine.cases.reported import listing
from engine.cases.scope import scope_of
from engine.cases.tasks import refuse_ended
from engine.cases.versions import versions
from engine.clock import now
from engine.errors import Conflict, EngineError, NotFound, Problem
from engine.evidence import documents as documents_room
from engine.evidence.documents import Document, StoredFile
from webapp.case_tabs import RECALL
from webapp.ceremony import document_line
from webapp.diagrams import drawing
from webapp.downloads import download
from webapp.permissions import allow
from webapp.qr import qr
from webapp.queries.case import answer_sections, in_order, unit_lines
from webapp.reading import read
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin
from webapp.words import N_

bp = Blueprint("case", __name__, url_prefix="/nonconformances/<number>")


@bp.get("")
@allow("case.read")
def overview(number: str) -> ResponseReturnValue:
    """Show where the case stands."""
    db = read()
    case = case_named(db, number)
    if case.process == RECALL:
        return redirect(url_for("recall.overview", number=number))
    page = case_page(db, number, person(), at=now())
    asked = request.args.get("diagram", 1, type=int) - 1
    return render_template(
        "cases/overview.html",
        page=page,
        facts=page.facts,
        scope=scope_of(db, case),
        fed_by=listing.newest(db, listing.Wanted(case_id=case.id)),
        steps=in_order(page.steps),
        chosen=asked if 0 <= asked < len(page.diagrams) else 0,
        tab="overview",
    )


@bp.get("/diagrams/<int:instance_id>/<process>.bpmn")
@allow("case.read")
def diagram(number: str, instance_id: int, process: str) -> ResponseReturnValue:
    """Serve the diagram this case runs on, names in the reader's language."""
    db = read()
    case_named(db, number)
    instance = db.get(Instance, instance_id)
    if instance is None:
        raise NotFound
    response = make_response(drawing(db, instance.definition_id, process))
    response.mimetype = "application/xml"
    # a case never changes its version; only the language does
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@bp.get("/units")
@allow("case.read")
def units(number: str) -> ResponseReturnValue:
    """Show every unit and lot of the case on its three axes."""
    db = read()
    case = case_named(db, number)
    return render_template(
        "cases/units.html",
        facts=case_facts(db, case),
        lines=unit_lines(db, case),
        figures=case_balance(db, case),
        scope=scope_of(db, case),
        tab="units",
    )


@bp.get("/answers")
@allow("case.read")
def answers(number: str) -> ResponseReturnValue:
    """Show what was answered at each step, and who signed it."""
    db = read()
    case = case_named(db, number)
    return render_template(
        "cases/answers.html",
        facts=case_facts(db, case),
        sections=answer_sections(db, case, language()),
        may_correct_all="qa_manager" in person().roles,
        tab="answers",
    )


@bp.get("/documents")
@allow("document.read")
def documents(number: str) -> ResponseReturnValue:
    """List the documents and files of the case."""
    return _documents_page(number, [])


def _documents_page(number: str, problems: list[Problem]) -> str:
    db = read()
    case = case_named(db, number)
    return render_template(
        "cases/documents.html",
        facts=case_facts(db, case),
        documents=_kept_documents(db, case),
        problems=problems,
        tab="documents",
    )


def _kept_documents(db: Session, case: Case) -> list[DocumentLine]:
    """Return the case's documents without the copies that sign pages showed."""
    kept = documents_room.documents_of(db, case.stream)
    known = versions(db, case, kept)
    return [document_line(db, one, known.get(one.id)) for one in kept if one.state != "review"]


@bp.get("/documents/<int:document_id>")
@allow("document.read")
def document(number: str, document_id: int) -> ResponseReturnValue:
    """Send a document of this case as a download."""
    db = read()
    case = case_named(db, number)
    found = documents_room.document_of(db, document_id)
    if found.stream != case.stream:
        raise documents_room.DocumentUnknown
    return _download(found)


@bp.get("/review/<sha256>")
@allow("document.read")
def review_copy(number: str, sha256: str) -> ResponseReturnValue:
    """Send the copy that a sign page shows."""
    db = read()
    case = case_named(db, number)
    found = db.scalars(
        select(Document).where(
            Document.stream == case.stream, Document.sha256 == sha256, Document.state == "review"
        )
    ).first()
    if found is None:
        raise documents_room.DocumentUnknown
    return _download(found)


def _download(found: Document) -> ResponseReturnValue:
    content = documents_room.content_of(read(), found)
    return download(content, name=found.download_name, media_type=found.media_type)


@bp.post("/documents")
@allow("case.attach")
def attach(number: str) -> ResponseReturnValue:
    """Attach files to the case: all of them, or none and every problem."""
    files = [one for one in request.files.getlist("file") if one.filename]
    if not files:
        return _documents_page(number, [Problem("file", N_("Choose a file first."))]), 422
    try:
        stored = _stored(number, files)
        with begin() as db:
            for one in stored:
                commands.attach(db, number, one, by=person(), at=now())
    except Conflict:
        raise
    except EngineError as refused:
        problem = refused.problem("file")
        return _documents_page(number, [problem]), 422
    flash(gettext("The files are attached."))
    return redirect(url_for(".documents", number=number), 303)


def _stored(number: str, files: list[FileStorage]) -> list[StoredFile]:
    """Put the bytes in the store, before a transaction that would make colleagues wait for it."""
    db = read()
    refuse_ended(case_named(db, number))
    return [
        documents_room.store_file(db, name=str(one.filename), content=one.read()) for one in files
    ]


@bp.get("/history")
@allow("case.read")
def history(number: str) -> ResponseReturnValue:
    """Show everything that happened, from the ledger."""
    db = read()
    case = case_named(db, number)
    return render_template(
        "cases/history.html",
        facts=case_facts(db, case),
        lines=history_of(db, case),
        tab="history",
    )


@bp.get("/print")
@allow("case.read")
def printed(number: str) -> ResponseReturnValue:
    """Show the whole case for paper: who printed it, every answer and signature, the live link."""
    db = read()
    case = case_named(db, number)
    page = case_page(db, number, person(), at=now())
    return render_template(
        "cases/print.html",
        page=page,
        steps=in_order(page.steps),
        facts=page.facts,
        version=case.version,
        sections=answer_sections(db, case, language()),
        lines=unit_lines(db, case),
        documents=_kept_documents(db, case),
        events=history_of(db, case),
        code=qr(url_for(".overview", number=number, _external=True)),
    )


@bp.post("/comments")
@allow("case.comment")
def comment(number: str) -> ResponseReturnValue:
    """Add a remark."""
    with begin() as db:
        case: Case = case_named(db, number)
        commands.comment(db, case, request.form.get("text", ""), by=person(), at=now())
    return redirect(url_for(".overview", number=number) + "#comments", 303)
