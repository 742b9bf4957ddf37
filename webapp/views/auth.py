"""Signing in and out, and staying."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.clock import now
from engine.errors import NotAllowed
from engine.people import sessions, viewing
from engine.people.sign_in import TriedTooOften, sign_in as sign_in_with
from webapp.config import holdfast
from webapp.i18n import keep
from webapp.permissions import PUBLIC, SIGNED_IN, allow
from webapp.session import (
    enter,
    leave,
    person,
    person_or_none,
    role_viewed,
    seconds_left,
    session_id,
)
from webapp.transactions import begin

bp = Blueprint("auth", __name__)


@bp.get("/sign-in")
@allow(PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Show the sign-in page."""
    if person_or_none() is not None:
        return redirect(url_for("tasks.index"))
    return render_template(
        "auth/sign_in.html", back=own_address(request.args.get("back")), problems=[], user_name=""
    )


@bp.post("/sign-in")
@allow(PUBLIC)
def enter_here() -> ResponseReturnValue:
    """Open a session for the right user name and password."""
    user_name = request.form.get("user_name", "")
    back = own_address(request.form.get("back"))
    try:
        signed_in = sign_in_with(
            holdfast().database,
            user_name,
            request.form.get("password", ""),
            address=request.remote_addr or "",
            browser=request.user_agent.string,
            at=now(),
        )
    except NotAllowed as refused:
        problem = refused.problem("user_name")
        status = 429 if isinstance(refused, TriedTooOften) else 422
        page = render_template(
            "auth/sign_in.html", back=back, problems=[problem], user_name=user_name
        )
        return page, status

    enter(signed_in)
    response = redirect(back, 303)
    keep(response, "language", signed_in.person.language)  # type: ignore[arg-type]  # a view's answer is a response by now
    return response


@bp.post("/sign-out")
@allow(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    with begin() as db:
        if role_viewed() is not None:
            viewing.leave(db, session_id(), by=person(), at=now())
        sessions.sign_out(db, session_id(), by=person(), at=now())
    leave()
    flash(gettext("You are signed out."))
    return redirect(url_for(".sign_in"), 303)


@bp.post("/stay")
@allow(SIGNED_IN)
def stay() -> ResponseReturnValue:
    """Keep the session; the request itself was the sign of life."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(seconds=seconds_left())
    return redirect(url_for("tasks.index"), 303)


def own_address(address: str | None) -> str:
    """Return an address of this site only; anything else becomes the first page."""
    parts = urlsplit(address or "")
    path = parts.path
    if parts.scheme or parts.netloc or not path.startswith("/") or path.startswith(("//", "/\\")):
        return url_for("tasks.index")
    return path + (f"?{parts.query}" if parts.query else "")
