"""The web application, made from the composed one."""

import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import cast

from flask import Blueprint, Flask, redirect, request, url_for
from jinja2 import StrictUndefined
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from engine.cases.pages import DiagramMark
from engine.people.permissions import may
from engine.people.viewing import ReadOnlyView
from engine.serials.expressions import said_of
from webapp import views, words
from webapp.about_drill import about_drill, is_drill
from webapp.api import serve_api
from webapp.assets import serve_assets
from webapp.browsers import browser_of
from webapp.case_tabs import tabs_of, trail_of
from webapp.config import LARGEST_ID, Holdfast, configure
from webapp.errors import map_errors
from webapp.i18n import speak
from webapp.navigation import interface_tabs, navigation
from webapp.queries import trace_drawn
from webapp.reading import reading
from webapp.security import SAFE, secure
from webapp.sentences import at_fields, fill, in_words, titled, told
from webapp.session import (
    keep_sessions,
    must_change_password,
    person_or_none,
    role_viewed,
    seconds_left,
)
from webapp.times import left, urgency
from webapp.transactions import new_request_key


class IdConverter(IntegerConverter):
    """A number in an address, as large as an id can be: there is nothing at a larger one."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=LARGEST_ID)


def create_app(holdfast: Holdfast) -> Flask:
    """Make the Flask application over `holdfast`, the composed application."""
    app = Flask("webapp", root_path=str(Path(__file__).parent), static_folder=None)
    configure(app, holdfast)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters["int"] = IdConverter
    reading.init_app(app)
    secure(app)
    keep_sessions(app)
    speak(app)
    serve_assets(app)
    for view in iter_modules(views.__path__):
        app.register_blueprint(cast("Blueprint", import_module(f"webapp.views.{view.name}").bp))
    serve_api(app)
    map_errors(app)  # after the interface, which has error pages of its own
    _add_words(app)
    app.before_request(own_password_first)
    app.before_request(only_look_as_another)
    return app


def own_password_first() -> Response | None:
    """Send a person whose password someone else set to choose their own, and nowhere else."""
    open_to_all = {"auth", "assets", "settings"}
    if must_change_password() and request.blueprint not in open_to_all | {"profile"}:
        return redirect(url_for("profile.password"), 303)
    return None


def only_look_as_another() -> None:
    """Refuse every write of somebody who looks as another role, but the way out."""
    role = role_viewed()
    ways_out = {"viewing.leave", "auth.sign_out", "auth.stay"}
    if role is not None and request.method not in SAFE and request.endpoint not in ways_out:
        raise ReadOnlyView(role=role)


def _add_words(app: Flask) -> None:
    app.jinja_env.globals.update(
        mark=app.extensions["holdfast"].settings.mark,
        about_drill=about_drill,
        is_drill=is_drill,
        words=words,
        said=fill,
        told_words=lambda sentence, facts: fill(sentence, dict(facts)) if sentence else "",
        said_of_term=said_of,
        label_of_node=trace_drawn.label,
        address_of_node=trace_drawn.address,
        named_graph=trace_drawn.named,
        tabs_of=tabs_of,
        trail_of=trail_of,
        titled=titled,
        say=in_words,
        browser_of=browser_of,
        told=told,
        at_fields=at_fields,
        me=person_or_none,
        role_viewed=role_viewed,
        may=lambda action: may(person_or_none(), action),
        navigation=navigation,
        interface_tabs=interface_tabs,
        session_seconds=seconds_left,
        shortcuts_are_off=lambda: request.cookies.get("shortcuts") == "off",
        new_request_key=new_request_key,
        here=lambda: request.full_path.rstrip("?") if request.method == "GET" else "/",
        initials=initials,
        marks_json=marks_json,
    )


TITLES = ("dr", "prof", "mr", "mrs", "ms", "dipl-ing", "dr-ing")  # no part of the name itself


def initials(name: str) -> str:
    """Return the letters of a name for the round mark; a Chinese name gives its last two."""
    words = [part for part in name.split() if part.rstrip(".").lower() not in TITLES]
    parts = [part for part in " ".join(words).replace(".", " ").split() if part[:1].isalpha()]
    if len(parts) < 2:
        return name[-2:] if not name.isascii() else name[:2].upper()
    return (parts[0][0] + parts[-1][0]).upper()


def marks_json(marks: Iterable[DiagramMark]) -> str:
    """Return what the live diagram shows, as data for the script that draws it."""
    return json.dumps(
        [
            {
                "id": mark.element_id,
                "state": mark.state,
                "count": mark.token_count,
                "due": left(mark.due_at) if mark.due_at else "",
                "tone": urgency(mark.due_at),
            }
            for mark in marks
        ],
        ensure_ascii=False,
    )
