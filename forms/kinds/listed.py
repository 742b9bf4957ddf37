"""One of what a case offers at this moment: the legal names or the classes of a jurisdiction."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json, Shown
from forms.kind import Kind, Option, is_words
from forms.words import N_, say


class Listed(Kind):
    """A choice whose answers are not in the form but in the case; the words are kept with it."""

    options: ClassVar[Mapping[str, Option]] = {"list": (is_words, "")}
    sentence_if_missing = N_("Choose one answer for “%(label)s”.")

    def offered(self, context: Context) -> dict[str, str]:
        """Return what can be chosen: values and their words."""
        return dict(context.listed(self.option("list")))

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a value that is offered, with its words."""
        value = (
            raw.get("value") if isinstance(raw, dict) and set(raw) <= {"value", "words"} else raw
        )
        offered = self.offered(context)
        if not isinstance(value, str) or value not in offered:
            raise self.wrong(self.sentence_if_missing)
        return {"value": value, "words": offered[value]}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return what is chosen and what can be."""
        value = raw.get("value") if isinstance(raw, dict) else raw
        return {"value": value if isinstance(value, str) else "", "offered": self.offered(context)}

    def show(self, value: Json, language: str) -> Shown:
        """Write the words as they were when it was chosen."""
        return Shown((say(value["words"], language),))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the value."""
        return value["value"]

    def lint(self) -> tuple[str, ...]:
        """Refuse a field that does not name its list."""
        return () if self.option("list") else ("needs the option list",)

    def json_schema(self) -> dict[str, Any]:
        """Describe the value and its words."""
        text = {"type": "string"}
        return {"type": "object", "properties": {"value": text, "words": text}}
