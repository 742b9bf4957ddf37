"""The base of every kind of field: a marshmallow field that also reads a page and shows itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from marshmallow import ValidationError, fields, missing

from forms.context import Context
from forms.errors import Problem
from forms.field import Field, Json, Posted, Shown, posted_text
from forms.texts import MAX_RAW, TextRefused, says_nothing
from forms.words import N_, say

if TYPE_CHECKING:
    from forms.schema import FormSchema

Check = Callable[[object], bool]
Option = tuple[Check, Any]  # what the form file may say, and what holds when it says nothing
MAX_ROWS = 500


class Wrong(ValidationError):
    """This answer cannot be taken; `problems` say why, with paths below the field."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Carry the problems through marshmallow unchanged."""
        super().__init__(cast("Any", list(problems)))
        self.problems = list(problems)


def is_count(value: object) -> bool:
    """Say whether an option is a whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_flag(value: object) -> bool:
    """Say whether an option is true or false."""
    return isinstance(value, bool)


def is_words(value: object) -> bool:
    """Say whether an option is a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_list_of_words(value: object) -> bool:
    """Say whether an option is a list of texts with at least one."""
    return isinstance(value, list) and bool(value) and all(is_words(member) for member in value)


class Kind(fields.Field[Any]):
    """One kind of field, for the one question `asked`.

    A kind says in `accept` which JSON answer a raw value becomes; an accepted answer is accepted
    again unchanged, so that a saved answer can be edited.
    """

    options: ClassVar[Mapping[str, Option]] = {}
    translated: ClassVar[tuple[str, ...]] = ()  # options whose text people read
    takes_choices: ClassVar[bool] = False
    takes_answer: ClassVar[bool] = True
    has_rows: ClassVar[bool] = False
    takes_files: ClassVar[bool] = False
    has_script: ClassVar[bool] = False  # webapp/static/kinds/<kind>.js
    anchors_itself: ClassVar[bool] = True  # one of its controls carries the id of the field
    is_wide: ClassVar[bool] = False  # takes the whole width of the page
    is_group: ClassVar[bool] = False  # several controls under one legend
    sentence_if_missing: ClassVar[str] = N_("Enter an answer for “%(label)s”.")

    def __init__(self, asked: Field) -> None:
        """Make the marshmallow field of one question."""
        self.asked = asked
        must = asked.required and not asked.show_when
        about = {"title": asked.label, "description": asked.hint or asked.label}
        super().__init__(
            required=must, allow_none=not must, metadata={**about, **self.json_schema()}
        )

    def option(self, name: str) -> Any:
        """Return what the form file says for `name`, or what holds when it says nothing."""
        return self.asked.options.get(name, self.options[name][1])

    # --- what each kind decides ----------------------------------------------------------

    def accept(self, raw: Json, context: Context) -> Json:
        """Turn a raw answer into the JSON that is kept, or raise `Wrong` with every problem."""
        raise NotImplementedError

    def read(self, posted: Posted, name: str) -> Json:
        """Take the raw answer out of what a browser posted."""
        return posted_text(posted, name)

    def filled(self, raw: Json, context: Context) -> Any:
        """Return what the page's controls show for a raw or an accepted answer."""
        return raw if isinstance(raw, str) else ""

    def show(self, value: Json, language: str) -> Shown:
        """Say an accepted answer in words."""
        return Shown(tuple(str(value).split("\n")))

    def variable(self, value: Json) -> Json:
        """Return what the diagram is told about an accepted answer."""
        return value

    def compared(self, value: Json) -> Any:
        """Return what `show_when` compares: the variable, or something easier to compare."""
        return self.variable(value)

    def with_row(self, raw: Json) -> Json:
        """Return a raw answer with an empty row more, for kinds that have rows."""
        return raw

    def without_row(self, raw: Json, row: int) -> Json:
        """Return a raw answer without one of its rows."""
        return raw

    def json_schema(self) -> dict[str, Any]:
        """Describe the accepted answer for OpenAPI."""
        return {"type": "string"}

    def lint(self) -> Sequence[str]:
        """Return what is wrong with the description of this field, as sentences."""
        return ()

    def is_blank(self, raw: Json) -> bool:
        """Say whether nothing was answered: no text, no row, no tick."""
        return blank(raw)

    # --- what all kinds share ------------------------------------------------------------

    def wrong(self, sentence: str, at: str = "", **facts: object) -> Wrong:
        """Make the refusal with one problem; `label` is always among its facts."""
        return Wrong([self.problem(sentence, at, **facts)])

    def problem(self, sentence: str, at: str = "", **facts: object) -> Problem:
        """Make one problem at a path below this field."""
        return Problem(at, sentence, tuple({"label": self.asked.label, **facts}.items()))

    def missing_problem(self) -> Problem:
        """Make the problem of an answer that is missing, in the field's own words if it has any."""
        return self.problem(self.asked.missing or self.sentence_if_missing)

    def say_choice(self, value: str, language: str) -> str:
        """Return the words of one of the choices."""
        labels = {choice.value: choice.label for choice in self.asked.choices}
        return say(labels.get(value, value), language)

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> Any:
        """Accept a raw value within its form: a field that is not shown takes no answer.

        Marshmallow calls this in the order of the form, also for fields that are missing.
        """
        schema = cast("FormSchema", self.root)
        is_missing = value is missing or self.is_blank(value)
        if not schema.shows(self.asked):
            if not is_missing:
                raise self.wrong(N_("Leave this empty: it is not asked with your other answers."))
            return missing
        if is_missing:
            if self.asked.required:
                raise Wrong([self.missing_problem()])
            return missing

        try:
            accepted = self.accept(value, schema.asked_with)
        except TextRefused as refused:
            raise Wrong([self.problem(refused.sentence, "", **refused.facts)]) from refused
        schema.accepted[self.asked.id] = self.compared(accepted)
        return accepted


def blank(raw: Json) -> bool:
    """Say whether a raw value holds nothing at any depth (False and 0 are something)."""
    if raw is None:
        return True
    if isinstance(raw, str):
        return len(raw) <= MAX_RAW and says_nothing(raw)
    if isinstance(raw, list):
        return all(blank(member) for member in raw)
    return isinstance(raw, dict) and all(blank(member) for member in raw.values())
