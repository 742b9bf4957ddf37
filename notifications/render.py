"""Fills a layout with facts: subject, plain text and HTML, in the receiver's language.

A missing fact is an error, never an empty place: a letter with a hole in it must not go out.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.ext import i18n

from engine.errors import NotFound
from engine.people.roles import role_of
from engine.serials.vocabulary import KINDS
from engine.words import say as engine_say
from forms.words import say

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh")
PARTS = ("subject.txt", "txt", "html")


class LayoutMissing(NotFound):
    """There is no layout %(layout)s for this message."""


@dataclass(frozen=True)
class Rendered:
    """One message in words, before it is an e-mail or a letter."""

    subject: str
    text: str
    html: str


def render(layout: str, body: dict[str, Any], *, language: str, site_url: str = "") -> Rendered:
    """Fill `layout` (`layouts/task_opened`, `quarantine/escalate_segregation`) with `body`.

    `site_url` stands before every `path` in the body. Raises `LayoutMissing`, or jinja's
    `UndefinedError` when the layout names a fact that `body` lacks.
    """
    if layout not in layouts():
        raise LayoutMissing(layout=layout)

    environment = _environment(language if language in LANGUAGES else "en")
    facts = {**body, "site_url": site_url.rstrip("/")}
    if "task_name" in body:  # a task is called what its form is called, with its line or round
        named = filter(None, [say(str(body["task_name"]), language), body.get("about")])
        facts["task_name"] = " · ".join(map(str, named))
    subject, text, html = (
        environment.get_template(f"{layout}.{part}").render(facts) for part in PARTS
    )
    return Rendered(" ".join(subject.split()), text.strip() + "\n", html.strip() + "\n")


@cache
def layouts() -> frozenset[str]:
    """Return every layout that has its three files."""
    return frozenset(
        str(path.relative_to(FOLDER)).removesuffix(".subject.txt")
        for path in FOLDER.glob("*/*.subject.txt")
    )


def translations(language: str) -> NullTranslations:
    """Return the catalogue of `language`; English is what the layouts say themselves."""
    path = FOLDER / "translations" / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()

    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        extensions=[i18n],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    catalogue = translations(language)
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals["language"] = language
    environment.globals["html_language"] = "zh-Hans" if language == "zh" else "en"
    environment.filters["moment"] = lambda iso, zone: moment(iso, zone, language=language)
    environment.filters["happened"] = lambda kind, is_correction: happened(
        str(kind), language, is_correction=bool(is_correction)
    )
    environment.filters["role"] = lambda code: role_of(str(code)).name(language)
    return environment


def happened(kind: str, language: str, *, is_correction: bool) -> str:
    """Return what happened by a type of event; of a correction, what it says happened."""
    label = engine_say(KINDS[kind].label, language)
    return engine_say("Corrected: %(what)s", language, what=label) if is_correction else label


def moment(iso: str, zone: str, *, language: str) -> str:
    """Return a stored moment as its reader's wall shows it, with the offset that makes it exact."""
    # str() of a fact that is missing says which one; without it the parser only says "not a text"
    local = datetime.fromisoformat(str(iso)).astimezone(ZoneInfo(str(zone)))
    shape = "y年M月d日 HH:mm" if language == "zh" else "d MMMM y HH:mm"
    words = format_datetime(local, shape, locale="zh_Hans_CN" if language == "zh" else "en_GB")
    offset = local.strftime("%z")
    return f"{words} (UTC{offset[:3]}:{offset[3:]})"
