"""The engine's own words in the languages records are written in; English is the msgid."""

from functools import cache
from pathlib import Path

from forms.words import N_, messages_in

__all__ = ["N_", "say"]

FOLDER = Path(__file__).parent / "translations"


def say(text: str, language: str, **facts: object) -> str:
    """Return `text` in `language` with its facts filled in; English where nobody translated it."""
    words = text if language == "en" else _catalogue(language).get(text, text)
    return words % facts if facts else words


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = FOLDER / language / "LC_MESSAGES" / "engine.po"
    return messages_in(path, language) if path.exists() else {}
