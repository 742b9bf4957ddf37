"""Language, time zone and theme of a page: from the cookie, the profile, then the browser."""

from typing import Protocol

from flask import Flask, Response, g, request
from flask_babel import Babel, refresh

from webapp.config import LANGUAGES
from webapp.session import bears_token, person_or_none
from webapp.times import add_filters

THEMES = ("light", "dark", "auto")
YEAR = 365 * 24 * 3600


class OfPart(Protocol):
    """Something that is of a part, whose names it knows."""

    @property
    def part_name(self) -> str:
        """Return the name in English."""

    @property
    def part_name_zh(self) -> str | None:
        """Return the name in Chinese, None where the part has none."""


babel = Babel()  # type: ignore[no-untyped-call]  # the library has no types


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
    refresh()  # type: ignore[no-untyped-call]  # the library comes without types


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
    babel.init_app(  # type: ignore[no-untyped-call]  # the library has no types
        app,
        locale_selector=language,
        timezone_selector=time_zone,
    )
    add_filters(app)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(
        theme=theme, language=language, languages=LANGUAGES, name_of_part=name_of_part
    )


def name_of_part(of: OfPart) -> str:
    """Return what the part of something is called, in Chinese where it has a Chinese name."""
    return of.part_name_zh if of.part_name_zh and language() == "zh" else of.part_name
