"""How the pages look: language, theme, shortcuts. Each is a small POST that comes back."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from engine.clock import now
from engine.people import accounts
from webapp.config import LANGUAGES
from webapp.i18n import THEMES, keep
from webapp.permissions import PUBLIC, allow
from webapp.session import person_or_none
from webapp.transactions import begin
from webapp.views.auth import own_address

bp = Blueprint("settings", __name__)


@bp.post("/language")
@allow(PUBLIC)
def language() -> ResponseReturnValue:
    """Speak another language, and remember it for the person."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    person = person_or_none()
    if person is not None and person.language != chosen:
        with begin() as db:
            accounts.choose_language_and_zone(
                db, language=chosen, time_zone=person.time_zone, by=person, at=now()
            )
    return _kept("language", chosen)


@bp.post("/theme")
@allow(PUBLIC)
def theme() -> ResponseReturnValue:
    """Change the theme of this browser."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        abort(400)
    return _kept("theme", chosen)


@bp.get("/keyboard")
@allow(PUBLIC)
def keyboard() -> ResponseReturnValue:
    """Show the keyboard shortcuts as a page."""
    return render_template("settings/keyboard.html")


def _kept(name: str, value: str) -> ResponseReturnValue:
    response = redirect(own_address(request.form.get("back")), 303)
    keep(response, name, value)  # type: ignore[arg-type]  # a view's answer is a response by now
    return response
