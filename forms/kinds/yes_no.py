"""Yes or no."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, is_words
from forms.words import N_, say

_POSTED: Mapping[str, bool] = {"yes": True, "no": False}


class YesNo(Kind):
    """Yes or no, asked so that neither is preset: nobody says no by looking away."""

    is_group = True
    options: ClassVar[Mapping[str, Option]] = {
        "yes": (is_words, N_("Yes")),
        "no": (is_words, N_("No")),
    }
    translated = ("yes", "no")
    sentence_if_missing = N_("Choose yes or no for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take true or false, or the words the page posts."""
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw in _POSTED:
            return _POSTED[raw]
        raise self.wrong(self.sentence_if_missing)

    def read(self, posted: Posted, name: str) -> Json:
        """Take the radio button as true or false."""
        text = posted_text(posted, name)
        return _POSTED.get(text, text) if text is not None else None

    def filled(self, raw: Json, context: Context) -> Any:
        """Return which button is on."""
        if isinstance(raw, bool):
            return "yes" if raw else "no"
        return raw if isinstance(raw, str) else ""

    def show(self, value: Json, language: str) -> Shown:
        """Say the field's own word for yes or no."""
        return Shown((say(self.option("yes" if value else "no"), language),))

    def json_schema(self) -> dict[str, Any]:
        """Describe true or false."""
        return {"type": "boolean"}
