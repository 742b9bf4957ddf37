"""The engine's own words in the languages records are written in; English is the msgid."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"


def N_(text: str) -> str:  # noqa: N802  (the name every gettext tool looks for)
    """Mark `text` for translation where it is defined; `say` translates it where it is shown."""
    return text


def say(text: str, language: str, **facts: object) -> str:
    """Return `text` in `language` with its facts filled in; English where nobody translated it."""
    words = text if language == "en" else _catalogue(language).get(text, text)
    return words % facts if facts else words


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = FOLDER / language / "LC_MESSAGES" / "engine.po"
    if not path.exists():
        return {}

    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}
