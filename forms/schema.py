"""The marshmallow schema of one form: it reads what was entered and tells every problem at once."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, NoReturn

from marshmallow import RAISE, Schema, ValidationError, pre_load

from forms.context import Context
from forms.errors import FormProblems, Problem
from forms.expressions import ExpressionFailed, evaluate
from forms.field import Field, Json
from forms.kind import Kind
from forms.words import N_

MAX_DEPTH = 6  # no kind nests deeper
MAX_MEMBERS = 50_000

NOT_A_FORM = N_("Send the answers as one object with a name for each field.")
NOT_ASKED = N_("This form does not ask for %(name)s.")
TOO_LARGE = N_("This is more than one form can take. Shorten it and send it again.")
NOT_JSON = N_("This holds values or characters that cannot be kept. Take them out.")
NOT_UNDERSTOOD = N_("“%(label)s” is not in the shape this field takes.")


class FormSchema(Schema):
    """The base of every form's schema; one instance reads one set of answers."""

    class Meta:
        """An answer nobody asked for is a mistake to be told, never dropped."""

        unknown = RAISE

    asked: ClassVar[tuple[Field, ...]] = ()

    def __init__(self, asked_with: Context, **options: Any) -> None:
        """Read answers with what `asked_with` knows of the world."""
        super().__init__(**options)
        self.asked_with = asked_with
        self.accepted: dict[str, Json] = {}

    def shows(self, field: Field) -> bool:
        """Say whether `field` is asked, given the answers accepted so far."""
        return is_shown(field, self.accepted)

    @pre_load
    def start_afresh(self, data: Any, **_: Any) -> Any:
        """Forget earlier answers and refuse what no form can take before looking at it."""
        self.accepted = dict.fromkeys(field.id for field in self.asked)
        if _is_too_large(data):
            raise ValidationError([Problem("", TOO_LARGE)])
        if not _is_json(data):
            raise ValidationError([Problem("", NOT_JSON)])
        return data

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> NoReturn:
        """Tell every problem in the order of the form."""
        order = {field.id: place for place, field in enumerate(self.asked)}
        problems = list(_problems(error.messages_dict, order))
        problems.sort(key=lambda problem: order.get(problem.at.partition(".")[0], -1))
        raise FormProblems(problems) from None


def schema_class(name: str, kinds: Iterable[Kind]) -> type[FormSchema]:
    """Make the schema class of a form from the kinds of its fields."""
    kinds = tuple(kinds)
    made = FormSchema.from_dict({kind.asked.id: kind for kind in kinds}, name=name)
    made.asked = tuple(kind.asked for kind in kinds)  # type: ignore[attr-defined]  # a mark of our own on it
    return made  # type: ignore[return-value]  # made is one of these, put together at run time


def is_shown(field: Field, compared: Mapping[str, Json]) -> bool:
    """Say whether the answers so far ask for `field`; what cannot be worked out does not."""
    if not field.show_when:
        return True
    try:
        return bool(evaluate(field.show_when, compared))
    except ExpressionFailed:  # it compares with an answer that is not there
        return False


def _problems(messages: Mapping[Any, Any], known: Mapping[str, int]) -> Iterator[Problem]:
    for name, said in messages.items():
        where = str(name)[:80]
        for message in said if isinstance(said, list) else [said]:
            if name == "_schema":
                yield message if isinstance(message, Problem) else Problem("", NOT_A_FORM)
            elif name not in known:
                yield Problem(where, NOT_ASKED, (("name", where),))
            elif isinstance(message, Problem):
                yield message.under(where)
            else:
                yield Problem(where, NOT_UNDERSTOOD, (("label", where),))


def _is_too_large(data: Any) -> bool:
    """Say whether data nests or grows beyond what any field takes."""
    count, level = 0, [data]
    for _ in range(MAX_DEPTH + 1):
        members = [member for parent in level for member in _members(parent)]
        count += len(members)
        if count > MAX_MEMBERS:
            return True
        if not members:
            return False
        level = members
    return True


def _members(parent: Any) -> Iterable[Any]:
    if isinstance(parent, dict):
        return parent.values()
    return parent if isinstance(parent, list) else ()


def _is_json(data: Any) -> bool:
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True
