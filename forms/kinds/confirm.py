"""One sentence that must be ticked."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json, Posted, Shown
from forms.kind import Kind, Option, Wrong, is_words
from forms.words import N_, say


class Confirm(Kind):
    """A statement of the person's own, ticked by hand and never preset."""

    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"sentence": (is_words, "")}
    translated = ("sentence",)
    sentence_if_missing = N_("Tick the sentence under “%(label)s” if it is true.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a tick and nothing else."""
        if raw is not True and raw != "yes":
            raise Wrong([self.missing_problem()])
        return True

    def read(self, posted: Posted, name: str) -> Json:
        """Take the tick."""
        return "yes" in posted.getlist(name) or None

    def filled(self, raw: Json, context: Context) -> Any:
        """Return whether it is ticked."""
        return raw is True or raw == "yes"

    def show(self, value: Json, language: str) -> Shown:
        """Write the sentence that was confirmed."""
        return Shown((say(self.option("sentence"), language),))

    def lint(self) -> Sequence[str]:
        """Refuse a tick without a sentence."""
        return [] if self.option("sentence") else ["sentence is missing"]

    def json_schema(self) -> dict[str, Any]:
        """Describe a tick."""
        return {"type": "boolean", "enum": [True]}
