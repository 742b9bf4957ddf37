"""A form: what one step asks, how answers are read, kept, shown and told to the diagram."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from forms.conditions import for_script
from forms.context import Context
from forms.field import Choice, Field, Json, Posted, Shown, posted_text
from forms.kind import Kind
from forms.kinds_found import kind_of
from forms.schema import FormSchema, is_shown, schema_class
from forms.words import N_, say

NOT_ANSWERED = N_("Not answered")
ADD, REMOVE = "_add", "_remove"  # names of the buttons that change the rows of a field

__all__ = ["Answers", "Choice", "Field", "Form", "Section", "Shown"]


@dataclass(frozen=True)
class Section:
    """Fields under one heading."""

    heading: str
    fields: tuple[Field, ...]
    intro: str = ""


@dataclass(frozen=True)
class Answers:
    """Answers that were accepted: what is kept, and what the diagram is told."""

    answers: dict[str, Json]
    variables: dict[str, Json]


@dataclass(frozen=True)
class Form:
    """One form file."""

    process: str
    element: str
    title: str
    sections: tuple[Section, ...]
    intro: str = ""
    beside: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Return every field in the order it is asked."""
        return tuple(field for section in self.sections for field in section.fields)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Return the kind of every field by the field's id."""
        return {field.id: kind_of(field) for field in self.fields}

    @cached_property
    def written(self) -> dict[str, str]:
        """Return the variables this form writes into the diagram, each with its field's kind."""
        return {field.variable: field.kind for field in self.fields if field.variable}

    @cached_property
    def schema_class(self) -> type[FormSchema]:
        """Return the marshmallow schema class of this form, for OpenAPI and for `schema`."""
        words = f"{self.process}_{self.element}".split("_")
        return schema_class("".join(word.title() for word in words), self.kinds.values())

    def schema(self, context: Context) -> FormSchema:
        """Return a schema that reads one set of answers with `context`."""
        return self.schema_class(context)

    def load(self, raw: Mapping[str, Json], context: Context) -> Answers:
        """Read raw answers; raise `FormProblems` with every problem at once.

        The accepted answers are JSON and can be loaded again unchanged. Every variable is
        written, with None where there is no answer, so that no condition meets a missing name.
        """
        answers: dict[str, Json] = self.schema(context).load(raw)
        variables = {
            field.variable: self.kinds[field.id].variable(answers[field.id])
            if field.id in answers
            else None
            for field in self.fields
            if field.variable
        }
        return Answers(answers, variables)

    def raw(self, posted: Posted) -> dict[str, Json]:
        """Take the raw answers out of what a browser posted; nothing is judged yet."""
        read = {name: kind.read(posted, name) for name, kind in self.kinds.items()}
        return {name: raw for name, raw in read.items() if raw is not None}

    def rearranged(self, posted: Posted) -> dict[str, Json] | None:
        """Return the raw answers with a row more or less when such a button was pressed.

        None means that no such button was pressed: the answers were really sent.
        """
        raw = self.raw(posted)
        if (name := posted_text(posted, ADD)) in self.kinds:
            return {**raw, str(name): self.kinds[str(name)].with_row(raw.get(str(name)))}
        name, _, row = (posted_text(posted, REMOVE) or "").rpartition("-")
        if name in self.kinds and row.isdecimal() and len(row) < 6:
            return {**raw, name: self.kinds[name].without_row(raw.get(name), int(row))}
        return None

    @cached_property
    def file_inputs(self) -> dict[str, str]:
        """Return the names a page posts files under, each with the id of its field."""
        return {f"{name}-file": name for name, kind in self.kinds.items() if kind.takes_files}

    def with_files(
        self, raw: Mapping[str, Json], stored: Mapping[str, Sequence[str]]
    ) -> dict[str, Json]:
        """Return the raw answers with the sha256 of files stored for some of the fields added."""
        kept = {name: raw.get(name) or [] for name in stored}
        return {**raw, **{name: [*kept[name], *files] for name, files in stored.items() if files}}

    def compared(self, answers: Mapping[str, Json]) -> dict[str, Any]:
        """Return the answers as `show_when` compares them."""
        known = dict.fromkeys(self.kinds)
        return known | {
            name: kind.compared(answers[name])
            for name, kind in self.kinds.items()
            if answers.get(name) is not None
        }

    def asks(self, answers: Mapping[str, Json]) -> tuple[Field, ...]:
        """Return the fields that are asked with these accepted answers."""
        compared = self.compared(answers)
        return tuple(field for field in self.fields if is_shown(field, compared))

    def condition(self, field: Field) -> str:
        """Return when `field` is asked, as JSON its page's script follows, or nothing."""
        return for_script(field.show_when)

    @cached_property
    def has_rows(self) -> bool:
        """Say whether a page of this form has buttons that add and take away rows."""
        return any(kind.has_rows for kind in self.kinds.values())

    @cached_property
    def takes_files(self) -> bool:
        """Say whether a page of this form sends files."""
        return any(kind.takes_files for kind in self.kinds.values())

    def shown(self, answers: Mapping[str, Json], language: str) -> list[tuple[str, str, Shown]]:
        """Say accepted answers in words: section, label and answer of every field that is asked."""
        asked = {field.id for field in self.asks(answers)}
        return [
            (say(section.heading, language), say(field.label, language), shown)
            for section in self.sections
            for field in section.fields
            if field.id in asked and (shown := self.show(field, answers, language)) is not None
        ]

    def show(self, field: Field, answers: Mapping[str, Json], language: str) -> Shown | None:
        """Say the answer of one field in words; None for a field that takes no answer."""
        kind = self.kinds[field.id]
        if not kind.takes_answer:
            return None
        if answers.get(field.id) is None:
            return Shown((say(NOT_ANSWERED, language),))
        return kind.show(answers[field.id], language)
