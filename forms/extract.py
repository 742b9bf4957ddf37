"""Collects every sentence of the forms for translation: `python -m forms.extract`."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from forms import library
from forms.field import Field
from forms.words import FOLDER, languages

ROOT = Path(__file__).parent.parent
Message = tuple[str, str]  # where it stands, and the English


def messages() -> Iterator[Message]:
    """Go through every sentence a person may read: of forms, of kinds, of their templates."""
    yield from form_messages()
    yield from _marked("forms", "**.py", "python", "N_")
    for folder in ("kinds", "forms"):
        yield from _marked(f"webapp/templates/{folder}", "**.html", "jinja2", "say")


def form_messages() -> Iterator[Message]:
    """Go through every sentence of the form files."""
    for form in library.all_forms():
        place = f"forms/{form.process}/{form.element}.toml"
        texts = [form.title, form.intro]
        for section in form.sections:
            texts += [section.heading, section.intro]
            for field in section.fields:
                texts += _texts(field, form.kinds[field.id].translated)
        yield from ((place, text) for text in texts if text)


def _texts(field: Field, translated: tuple[str, ...]) -> list[str]:
    texts = [field.label, field.hint, field.missing]
    texts += [text for choice in field.choices for text in (choice.label, choice.hint)]
    return texts + [field.options[name] for name in translated if name in field.options]


def _marked(folder: str, pattern: str, method: str, keyword: str) -> Iterator[Message]:
    found = extract_from_dir(
        ROOT / folder, method_map=[(pattern, method)], keywords={keyword: None}
    )
    for name, _line, message, _comments, _context in found:
        yield f"{folder}/{name}", str(message)


def collected() -> Catalog:
    """Return all messages as one catalogue; a place is a file: moving lines is no change."""
    catalogue = Catalog(project="Holdfast", fuzzy=False)
    for place, text in sorted(messages()):
        catalogue.add(text, locations=[(place, 0)])
    return catalogue


def path_of(language: str) -> Path:
    """Return the file of one language."""
    return FOLDER / language / "LC_MESSAGES" / "forms.po"


def updated(language: str) -> bytes:
    """Return the file of one language with every message of today and none of yesterday."""
    old = read_po(BytesIO(path_of(language).read_bytes()), locale=language)
    new = collected()
    new.locale = language
    for message in new:
        before = old.get(message.id) if message.id else None
        if before is not None and before.string:
            message.string = before.string
    out = BytesIO()
    write_po(out, new, width=100, include_lineno=False, omit_header=False, sort_by_file=True)
    return _without_dates(out.getvalue())


def _without_dates(content: bytes) -> bytes:
    """Leave out the dates Babel writes: the same sentences make the same file."""
    lines = content.decode().split("\n")
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', "# ")
    return "\n".join(line for line in lines if not line.startswith(dated)).encode()


def main() -> None:
    """Write the file of every language anew."""
    for language in sorted(languages()):
        path_of(language).write_bytes(updated(language))


if __name__ == "__main__":
    main()
