"""Process ops: versions of the diagrams, incidents, the scheduler, jobs and mail that wait."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select

from engine import jobs, outbox
from engine.bpmn import incidents
from engine.bpmn.library import releases
from engine.bpmn.models import Definition, Incident, Instance
from engine.clock import now
from engine.people.queries import account_of
from webapp.diagrams import drawing
from webapp.permissions import allow
from webapp.session import person
from webapp.transactions import begin, read

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
    found = db.get_one(Definition, definition_id)
    return render_template(
        "ops/definition.html",
        definition=found,
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
