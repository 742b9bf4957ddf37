"""One line of text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json
from forms.kind import Kind, Option, is_count, is_words
from forms.texts import clean
from forms.words import N_

PATTERN: Mapping[str, Option] = {"pattern": (is_words, ""), "pattern_words": (is_words, "")}


def pattern_faults(kind: Kind) -> Sequence[str]:
    """Refuse a pattern that cannot be read or that comes without words for people."""
    pattern, words = kind.option("pattern"), kind.option("pattern_words")
    if bool(pattern) != bool(words):
        return ["pattern and pattern_words come together"]
    try:
        re.compile(pattern)
    except re.error as error:
        return [f"the pattern cannot be read: {error}"]
    return []


class Text(Kind):
    """One line of text."""

    options: ClassVar[Mapping[str, Option]] = {"max_length": (is_count, 200), **PATTERN}
    translated = ("pattern_words",)
    one_line = N_("Write “%(label)s” on one line.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take one trimmed line that fits the pattern."""
        text = clean(raw, max_length=self.option("max_length"), lines=True)
        if "\n" in text:
            raise self.wrong(self.one_line)
        if self.option("pattern") and not re.fullmatch(self.option("pattern"), text):
            raise self.wrong(self.option("pattern_words"))
        return text

    def lint(self) -> Sequence[str]:
        """Refuse a pattern without words."""
        return pattern_faults(self)

    def json_schema(self) -> dict[str, Any]:
        """Describe one line of text."""
        return {"type": "string", "maxLength": self.option("max_length")}
