"""Any number of a few answers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json, Posted, Shown
from forms.kind import Kind, Option, is_count
from forms.words import N_


class Choices(Kind):
    """Any number of a few answers: a tick for each."""

    takes_choices = True
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {
        "min_count": (is_count, 1),
        "max_count": (is_count, 100),
    }
    sentence_if_missing = N_("Tick at least one answer for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take values offered, each once and in the order of the form."""
        offered = [choice.value for choice in self.asked.choices]
        ticked = [raw] if isinstance(raw, str) else raw
        if not isinstance(ticked, list) or not all(value in offered for value in ticked):
            raise self.wrong(N_("Choose one of the answers offered for “%(label)s”."))
        if len(set(ticked)) < self.option("min_count"):
            raise self.wrong(
                N_("Tick at least %(min)s for “%(label)s”."), min=self.option("min_count")
            )
        if len(set(ticked)) > self.option("max_count"):
            raise self.wrong(
                N_("Tick at most %(max)s for “%(label)s”."), max=self.option("max_count")
            )
        return [value for value in offered if value in ticked]

    def read(self, posted: Posted, name: str) -> Json:
        """Take every tick."""
        return posted.getlist(name)

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the values that are ticked."""
        return [raw] if isinstance(raw, str) else raw if isinstance(raw, list) else []

    def show(self, value: Json, language: str) -> Shown:
        """Say the words of every tick."""
        return Shown(tuple(self.say_choice(str(member), language) for member in value))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the values between commas: `words(name)` takes them apart."""
        return ",".join(value)

    def compared(self, value: Json) -> Any:
        """Compare with the list: `'field' in where_seen`."""
        return value

    def json_schema(self) -> dict[str, Any]:
        """Describe the values offered."""
        offered = [choice.value for choice in self.asked.choices]
        return {"type": "array", "items": {"type": "string", "enum": offered}}
