"""A person who may be named."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json, Shown
from forms.kind import Kind, Option, is_words
from forms.words import N_


class Person(Kind):
    """One of the people, or of those who hold a role."""

    options: ClassVar[Mapping[str, Option]] = {"role": (is_words, "")}
    sentence_if_missing = N_("Choose a person for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a person by id; the name is kept as it was when the answer was given."""
        chosen = raw.get("person_id") if isinstance(raw, dict) else raw
        for person in context.people(self.option("role") or None):
            if not isinstance(chosen, bool) and str(chosen) == str(person.person_id):
                return {"person_id": person.person_id, "name": person.name}
        raise self.wrong(self.sentence_if_missing)

    def filled(self, raw: Json, context: Context) -> Any:
        """Return who is chosen and who can be."""
        chosen = raw.get("person_id") if isinstance(raw, dict) else raw
        people = [(str(p.person_id), p.name) for p in context.people(self.option("role") or None)]
        return {"chosen": "" if chosen is None else str(chosen), "people": people}

    def show(self, value: Json, language: str) -> Shown:
        """Write the name."""
        return Shown((str(value["name"]),))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the person's id."""
        return value["person_id"]

    def json_schema(self) -> dict[str, Any]:
        """Describe a person."""
        properties = {"person_id": {"type": "integer"}, "name": {"type": "string"}}
        return {"type": "object", "properties": properties}
