"""Process ops: versions of the diagrams, incidents, the scheduler, jobs and mail that wait."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select

from engine import jobs, outbox
from engine.bpmn import incidents, library
from engine.bpmn.library import releases
from engine.bpmn.models import Definition, Incident, Instance
from engine.cases import releases as releasing
from engine.clock import now
from engine.errors import EngineError, Problem
from engine.people.queries import account_of
from webapp import signing
from webapp.diagrams import drawing
from webapp.permissions import allow
from webapp.queries.process import barred_from_release, closure_files, open_capacities
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin
from webapp.words import N_

bp = Blueprint("ops", __name__, url_prefix="/process-ops")


@bp.get("")
@allow("ops.read")
def index() -> ResponseReturnValue:
    """Show what runs, what is stuck and what waits."""
    db, at = read(), now()
    open_incidents = db.scalars(
        select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.id.desc())
    ).all()
    rows = db.execute(
        select(Instance.definition_id, func.count())
        .where(Instance.status == "running")
        .group_by(Instance.definition_id)
    )
    running = {row[0]: row[1] for row in rows}
    return render_template(
        "ops/index.html",
        definitions=db.scalars(
            select(Definition).order_by(Definition.key, Definition.id.desc())
        ).all(),
        running=running,
        incidents=[(one, _case_number(one)) for one in open_incidents],
        beats=[(beat, beat.is_late(at=at)) for beat in jobs.heartbeats(db)],
        waiting=jobs.unfinished(db)[:50],
        failed=jobs.given_up(db),
        undelivered=outbox.given_up(db),
    )


def _case_number(incident: Incident) -> str | None:
    instance = read().get(Instance, incident.instance_id) if incident.instance_id else None
    root = read().get(Instance, instance.root_id) if instance and instance.root_id else instance
    return root.business_key if root else None


@bp.get("/definitions/<int:definition_id>")
@allow("process.read")
def definition(definition_id: int) -> ResponseReturnValue:
    """Show one version: its diagram, what the linter said, who released it."""
    db = read()
    found = library.definition(db, definition_id)
    return render_template(
        "ops/definition.html",
        definition=found,
        files=closure_files(found),
        capacities=open_capacities(db, found, person()),
        installed_by=account_of(db, found.installed_by_id).printed_name
        if found.installed_by_id
        else None,
        releases=[
            (release, account_of(db, release.by_id).printed_name)
            for release in releases(db, definition_id)
        ],
    )


@bp.get("/definitions/<int:definition_id>/<process>.bpmn")
@allow("process.read")
def diagram(definition_id: int, process: str) -> ResponseReturnValue:
    """Serve the diagram of a version, names in the reader's language."""
    content = drawing(read(), definition_id, process)
    return content, {"Content-Type": "application/xml"}


@bp.post("/incidents/<int:incident_id>/retry")
@allow("incident.retry")
def retry(incident_id: int) -> ResponseReturnValue:
    """Try the step that failed again."""
    with begin() as db:
        incidents.retry(db, incident_id, by=person(), at=now())
    flash(gettext("The step went through."))
    return redirect(url_for(".index"), 303)


@bp.post("/jobs/<int:job_id>/retry")
@allow("incident.retry")
def retry_job(job_id: int) -> ResponseReturnValue:
    """Try a job that was given up again."""
    with begin() as db:
        jobs.retry(db, job_id, by=person(), at=now())
    flash(gettext("The job is tried again."))
    return redirect(url_for(".index"), 303)


@bp.post("/mail/<int:outgoing_id>/retry")
@allow("mail.retry")
def retry_mail(outgoing_id: int) -> ResponseReturnValue:
    """Try to send a mail that was given up again."""
    with begin() as db:
        outbox.retry(db, outgoing_id, by=person(), at=now())
    flash(gettext("The mail is sent again."))
    return redirect(url_for(".index"), 303)


@bp.post("/definitions/<int:definition_id>/release")
@allow("process.release")
def review_release(definition_id: int) -> ResponseReturnValue:
    """Draw up what is signed to release a version in one of the two capacities."""
    capacity = request.form.get("capacity", "")
    if capacity not in releasing.CAPACITIES:
        abort(400)
    with begin() as db:
        opened = releasing.open_signing(
            db,
            definition_id,
            capacity,
            by=person(),
            session_id=str(session_id()),
            at=now(),
        )
    address = url_for(
        ".release_page", definition_id=definition_id, capacity=capacity, nonce=opened.nonce
    )
    return redirect(address, 303)


@bp.get("/definitions/<int:definition_id>/release/<capacity>/<nonce>")
@allow("process.release")
def release_page(definition_id: int, capacity: str, nonce: str) -> ResponseReturnValue:
    """Show every file of the version with its hash, to be signed."""
    try:
        return _release_page(definition_id, capacity, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(definition_id, capacity, error)


def _release_page(definition_id: int, capacity: str, nonce: str, problems: list[Problem]) -> str:
    db = read()
    found = library.definition(db, definition_id)
    is_second = bool(releases(db, definition_id))
    consequence = (
        N_("With your signature new cases start on this version; running cases keep theirs.")
        if is_second
        else N_("A second person has to sign before new cases start on this version.")
    )
    return render_template(
        "ops/release.html",
        definition=found,
        files=closure_files(found),
        capacity=capacity,
        sign=signing.sign_page(db, nonce, consequence=consequence),
        barred=barred_from_release(db, found),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(definition_id: int, capacity: str, error: EngineError) -> ResponseReturnValue:
    return signing.out_of_date(
        error,
        again=url_for(".review_release", definition_id=definition_id),
        back=url_for(".definition", definition_id=definition_id),
        values={"capacity": capacity},
    )


@bp.post("/definitions/<int:definition_id>/release/<capacity>/<nonce>")
@allow("process.release")
def release(definition_id: int, capacity: str, nonce: str) -> ResponseReturnValue:
    """Sign one of the two releases of a version."""
    if capacity not in releasing.CAPACITIES:
        abort(404)
    try:
        problems = signing.attempt(
            nonce,
            lambda db: releasing.sign(
                db, definition_id, capacity, signing.typed(nonce), by=person(), at=now()
            ),
        )
        if problems:
            return _release_page(definition_id, capacity, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(definition_id, capacity, error)
    found = library.definition(read(), definition_id)
    flash(
        gettext("This version is in force.")
        if found.state == "released"
        else gettext("Signed. A second person has to sign it too.")
    )
    return redirect(url_for(".definition", definition_id=definition_id), 303)
