"""Instructions with a tick for each."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.errors import Problem
from forms.field import Json, Posted, Shown
from forms.kind import Kind, Option, Wrong, is_flag
from forms.words import N_, say

NOT_TICKED = N_("Tick “%(label)s” when it is done.")
DONE, NOT_DONE = N_("done"), N_("not done")


class Checklist(Kind):
    """A tick per instruction; unless the form says otherwise, every one must be ticked."""

    takes_choices = True
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"all": (is_flag, True)}
    sentence_if_missing = N_("Tick what is done for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take the ticks in the order of the form and name every one that is missing."""
        offered = [choice.value for choice in self.asked.choices]
        ticked = [raw] if isinstance(raw, str) else raw
        if not isinstance(ticked, list) or not all(value in offered for value in ticked):
            raise self.wrong(N_("Choose one of the answers offered for “%(label)s”."))
        if self.option("all") and self.asked.required:
            missing = [choice for choice in self.asked.choices if choice.value not in ticked]
            if missing:
                raise Wrong([Problem(c.value, NOT_TICKED, (("label", c.label),)) for c in missing])
        return [value for value in offered if value in ticked]

    def read(self, posted: Posted, name: str) -> Json:
        """Take every tick."""
        return posted.getlist(name)

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the values that are ticked."""
        return [raw] if isinstance(raw, str) else raw if isinstance(raw, list) else []

    def show(self, value: Json, language: str) -> Shown:
        """Write every instruction and whether it was ticked."""
        return Shown(
            tuple(
                f"{say(c.label, language)}: {say(DONE if c.value in value else NOT_DONE, language)}"
                for c in self.asked.choices
            )
        )

    def variable(self, value: Json) -> Json:
        """Tell the diagram whether every instruction is ticked."""
        return len(value) == len(self.asked.choices)

    def compared(self, value: Json) -> Any:
        """Compare with the list of ticks."""
        return value

    def json_schema(self) -> dict[str, Any]:
        """Describe the instructions."""
        offered = [choice.value for choice in self.asked.choices]
        return {"type": "array", "items": {"type": "string", "enum": offered}}
