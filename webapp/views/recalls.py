"""The register of recalls, and the signal that begins one."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.register import Wanted, cases
from engine.clock import now
from forms.context import Context
from forms.form import Form
from webapp.permissions import allow
from webapp.queries.reported_events import begun_recall
from webapp.reading import read
from webapp.starting import StartForm
from webapp.views.tasks import addresses, page_addresses, up_to_last

bp = Blueprint("recalls", __name__, url_prefix="/recalls")
STATES = ("open", "closed", "void")
START = StartForm(
    process="recall",
    template="recalls/signal.html",
    check_template="recalls/signal_check.html",
    first="recalls.signal",
    check="recalls.check",
    opened="recall.overview",
)


@bp.get("")
@allow("case.read")
def index() -> ResponseReturnValue:
    """List the recalls, newest first, narrowed by state and words; drills have their own page."""
    state, text = request.args.get("state", "open"), request.args.get("text", "")
    only = state if state in STATES else None
    wanted = Wanted(process=START.process, state=only, text=text, is_drill=False)
    kept = {"state": state, "text": text or None}
    return render_template(
        "recalls/index.html",
        listed=up_to_last(
            lambda number: cases(read(), wanted, at=now(), page=number), lambda found: found.page
        ),
        state=state,
        text=text,
        address=addresses(**kept),
        page_address=page_addresses(**kept),
    )


@bp.get("/signal")
@allow("recall.report")
def signal() -> ResponseReturnValue:
    """Show the form of a signal with what this person has typed so far, or what led here."""
    if number := request.args.get("reported_event", ""):
        return START.page(begun_recall(read(), number), [])
    kept = START.kept()
    return START.page(kept.answers if kept else _begun(), [])


def _begun() -> dict[str, Any]:
    """Return the start of a signal that another page led to: a scope, a nonconformance."""
    given = {
        name: request.args.get(name, "").replace("\x00", "").strip()[:2_000]
        for name in ("scope", "nonconformance")
    }
    begun: dict[str, Any] = {}
    if given["scope"]:
        begun["scope"] = {"text": given["scope"]}
    if given["nonconformance"]:
        begun |= {"source": "nonconformance", "nonconformance_number": given["nonconformance"]}
    return begun


@bp.post("/signal")
@allow("recall.report")
def send() -> ResponseReturnValue:
    """Keep what was typed; go on to check it, or show every problem."""
    return START.send()


@bp.get("/signal/check")
@allow("recall.report")
def check() -> ResponseReturnValue:
    """Show what was understood, before anything is opened."""
    return START.check_page(_seen)


def _seen(_form: Form, context: Context, answers: dict[str, Any]) -> dict[str, Any]:
    scope = answers["scope"]
    return {"scope": scope, "understood": context.read_scope(scope["text"], scope["answers"])}


@bp.post("/signal/save")
@allow("recall.report")
def save() -> ResponseReturnValue:
    """Open the recall from what was checked; sent twice it is one."""
    return START.save(_told)


def _told(_db: Session, opened: str) -> list[str]:
    return [gettext("%(number)s is open. It is triaged within the hour.", number=opened)]


@bp.post("/signal/draft")
@allow("recall.report")
def draft() -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    return START.draft()
