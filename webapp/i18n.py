"""Language, time zone and theme of a page: from the cookie, the profile, then the browser."""

from flask import Flask, Response, g, request
from flask_babel import Babel, refresh

from webapp.config import LANGUAGES
from webapp.session import bears_token, person_or_none
from webapp.times import add_filters

THEMES = ("light", "dark", "auto")
YEAR = 365 * 24 * 3600

babel = Babel()  # type: ignore[no-untyped-call]


def language() -> str:
    """Return the language to write in; a system says with each request which one it wants.

    A page for somebody without an account is written in the language it was sent in (`write_in`).
    """
    if "written_in" in g:
        return str(g.written_in)
    if bears_token() and request.accept_languages:
        return request.accept_languages.best_match(list(LANGUAGES), "en")
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    person = person_or_none()
    if person is not None and person.language in LANGUAGES:
        return person.language
    return request.accept_languages.best_match(list(LANGUAGES), "en")


def write_in(code: str) -> None:
    """Write the page of this request in a language, whatever its browser asks for."""
    g.written_in = code if code in LANGUAGES else "en"
    refresh()  # type: ignore[no-untyped-call]


def time_zone() -> str:
    """Return the zone to write times in."""
    person = person_or_none()
    return person.time_zone if person is not None else "UTC"


def theme() -> str:
    """Return the theme the server puts on the page, so that none flashes."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else "auto"


def keep(response: Response, name: str, value: str) -> None:
    """Keep a choice of appearance in its own cookie; it says nothing about the person."""
    response.set_cookie(
        name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure
    )


def speak(app: Flask) -> None:
    """Give the templates languages, times and themes."""
    babel.init_app(  # type: ignore[no-untyped-call]
        app,
        locale_selector=language,
        timezone_selector=time_zone,
    )
    add_filters(app)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(theme=theme, language=language, languages=LANGUAGES)
