"""What a person typed beside a form: trimmed and printable, or a problem of its field."""

from engine.errors import Invalid, Problem
from engine.words import N_
from forms.texts import TextRefused, clean

WRITE_REASON = N_("Write the reason first.")
LINE, TEXT = 300, 4_000  # characters: of one line, of what is told in sentences


def problems_of(
    text: str, at: str, label: str, *, missing: str, most: int = TEXT, lines: bool = True
) -> list[Problem]:
    """Return what is wrong with a text: nothing in it, too long, or what cannot be printed."""
    try:
        found = clean(text, max_length=most, lines=lines)
    except TextRefused as refused:
        facts = {**refused.facts, "label": (label,)}
        return [Problem(at, refused.sentence, tuple(facts.items()))]
    return [] if found else [Problem(at, missing)]


def written(
    text: str, at: str, label: str, *, missing: str, most: int = TEXT, lines: bool = True
) -> str:
    """Return a text as it is kept; raises `Invalid`, as `problems_of` tells."""
    if problems := problems_of(text, at, label, missing=missing, most=most, lines=lines):
        raise Invalid(problems)
    return clean(text, max_length=most, lines=lines)
