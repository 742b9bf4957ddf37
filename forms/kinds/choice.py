"""One of a few answers."""

from typing import Any

from forms.context import Context
from forms.field import Json, Shown
from forms.kind import Kind
from forms.words import N_


class Choice(Kind):
    """One of a few answers: radio buttons, or a list when there are many."""

    takes_choices = True
    is_group = True
    sentence_if_missing = N_("Choose an answer for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take one of the values offered."""
        if not isinstance(raw, str) or raw not in {choice.value for choice in self.asked.choices}:
            raise self.wrong(N_("Choose one of the answers offered for “%(label)s”."))
        return raw

    def show(self, value: Json, language: str) -> Shown:
        """Say the words of the choice."""
        return Shown((self.say_choice(str(value), language),))

    def json_schema(self) -> dict[str, Any]:
        """Describe the values offered."""
        return {"type": "string", "enum": [choice.value for choice in self.asked.choices]}
