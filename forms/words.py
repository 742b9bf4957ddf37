"""The words of forms in the languages people read; English is the msgid."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"
ENGLISH = "en"


def N_(text: str) -> str:  # noqa: N802  (the name every gettext tool looks for)
    """Mark `text` for translation where it is defined; `say` translates it where it is shown."""
    return text


def language_of(tag: str) -> str:
    """Return the language of a tag as browsers and Babel write them (`zh_Hans_CN` is `zh`)."""
    return tag.replace("-", "_").partition("_")[0].lower() or ENGLISH


def say(text: str, language: str) -> str:
    """Return `text` in `language`, or as it is when nobody has translated it."""
    if not text or language_of(language) == ENGLISH:
        return text
    return catalogue(language_of(language)).get(text, text)


@cache
def catalogue(language: str) -> dict[str, str]:
    """Read the translations of one language: a few hundred sentences, once per process."""
    path = FOLDER / language / "LC_MESSAGES" / "forms.po"
    if language not in languages():
        return {}

    return messages_in(path, language)


def messages_in(path: Path, language: str) -> dict[str, str]:
    """Return what a catalogue file translates; what is fuzzy or empty is not translated."""
    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string and not message.fuzzy
    }


@cache
def languages() -> frozenset[str]:
    """Return the languages forms are translated into, English aside."""
    return frozenset(path.parts[-3] for path in FOLDER.glob("*/LC_MESSAGES/forms.po"))
