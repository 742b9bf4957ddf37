"""Reads a form file and refuses, with a sentence for its author, whatever it does not know."""

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from forms.errors import FormRefused
from forms.expressions import ExpressionRefused, is_variable_name, reads
from forms.field import Choice, Field
from forms.form import Form, Section
from forms.kind import Check, Kind, is_flag, is_words
from forms.kinds_found import kind_class, kind_names

Table = dict[str, Any]

PANELS = frozenset(
    "subjects holds balance history documents diagram trace disposition_lines hold_tags "
    "reply_findings differences effectiveness scope_left status_figures jurisdiction "
    "device_added".split()
)
_ANSWERS = re.compile(r"answers:[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")
_ID = re.compile(r"[a-z][a-z0-9_]{0,60}")
_FORM_KEYS = frozenset({"title", "intro", "beside", "section"})
_SECTION_KEYS = frozenset({"heading", "intro", "field"})
_CHOICE_KEYS = frozenset({"value", "label", "hint"})
_FIELD_KEYS = frozenset(
    "id kind label hint required show_when variable missing beside choices".split()
)


def read_form(path: Path) -> Form:
    """Read one form file; its folder is the process, its name the element.

    Raises `FormRefused` with the file and the place in it.
    """
    return parse_form(path.read_bytes(), path.parent.name, path.stem)


def parse_form(content: bytes, process: str, element: str) -> Form:
    """Read the form of a step from its text: a case keeps the one its diagram was released with."""
    try:
        return _form(tomllib.loads(content.decode("utf-8")), process, element)
    except (FormRefused, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors
        message = f"forms/{process}/{element}.toml: {error}"
        raise FormRefused(message) from error


def _form(table: Table, process: str, element: str) -> Form:
    _only(table, _FORM_KEYS, "the form")
    sections = _tables(table, "section", "the form")
    form = Form(
        process=process,
        element=element,
        title=_words(table, "title", "the form"),
        intro=_words(table, "intro", "the form", default=""),
        beside=_panels(table, "the form"),
        sections=tuple(_section(section) for section in sections),
    )
    _check_names(form.fields)
    return form


def _section(table: Table) -> Section:
    heading = _words(table, "heading", "a section")
    place = f"section “{heading}”"
    _only(table, _SECTION_KEYS, place)
    fields = _tables(table, "field", place)
    return Section(
        heading=heading,
        intro=_words(table, "intro", place, default=""),
        fields=tuple(_field(field, place) for field in fields),
    )


def _field(table: Table, section: str) -> Field:
    name = _words(table, "id", section)
    place = f"field {name}"
    kind_name = _words(table, "kind", place)
    if kind_name not in kind_names():
        _refuse(f"{place}: there is no kind {kind_name}; the kinds are {', '.join(kind_names())}")
    kind = kind_class(kind_name)
    _only(table, _FIELD_KEYS | kind.options.keys(), place)
    field = Field(
        id=name,
        kind=kind_name,
        label=_words(table, "label", place),
        hint=_words(table, "hint", place, default=""),
        required=_value(table, "required", is_flag, place, default=kind.takes_answer),
        show_when=_words(table, "show_when", place, default=""),
        variable=_words(table, "variable", place, default=""),
        missing=_words(table, "missing", place, default=""),
        beside=_panels(table, place),
        choices=_choices(table, kind, place),
        options=_options(table, kind, place),
    )
    for sentence in kind(field).lint():
        _refuse(f"{place}: {sentence}")
    return field


def _choices(table: Table, kind: type[Kind], place: str) -> tuple[Choice, ...]:
    if not kind.takes_choices:
        if "choices" in table:
            _refuse(f"{place}: this kind has no choices")
        return ()
    choices = []
    for choice in _tables(table, "choices", place):
        _only(choice, _CHOICE_KEYS, f"{place}, a choice")
        value = _words(choice, "value", f"{place}, a choice")
        if not _ID.fullmatch(value):
            _refuse(f"{place}: the choice {value} is not snake_case")
        label = _words(choice, "label", f"{place}, choice {value}")
        choices.append(Choice(value, label, _words(choice, "hint", place, default="")))
    if len({choice.value for choice in choices}) != len(choices):
        _refuse(f"{place}: two choices have the same value")
    return tuple(choices)


def _options(table: Table, kind: type[Kind], place: str) -> dict[str, Any]:
    given = {name: table[name] for name in kind.options if name in table}
    for name, value in given.items():
        check, default = kind.options[name]
        if not check(value):
            _refuse(f"{place}: {name} cannot be {value!r}; an example is {default!r}")
    return given


def _check_names(fields: Collection[Field]) -> None:
    """Refuse names asked twice, reserved names, and conditions over later or unknown fields."""
    earlier: set[str] = set()
    variables: set[str] = set()
    for field in fields:
        place = f"field {field.id}"
        if not (_ID.fullmatch(field.id) and is_variable_name(field.id)):
            _refuse(f"{place}: this id is reserved or not snake_case")
        if field.id in earlier:
            _refuse(f"{place}: two fields have this id")
        if field.variable and not is_variable_name(field.variable):
            _refuse(f"{place}: the variable {field.variable} is a reserved name")
        if field.variable in variables:
            _refuse(f"{place}: two fields write the variable {field.variable}")
        _check_condition(field, earlier, place)
        earlier.add(field.id)
        variables |= {field.variable} - {""}


def _check_condition(field: Field, earlier: Collection[str], place: str) -> None:
    if not field.show_when:
        return
    try:
        read = reads(field.show_when)
    except ExpressionRefused as error:
        _refuse(f"{place}: show_when: {error}")
    if unknown := (read.needed | read.optional) - set(earlier):
        names = ", ".join(sorted(unknown))
        _refuse(f"{place}: show_when reads {names}, which is not asked earlier in this form")


# --- the parts of a table ----------------------------------------------------------------


def _only(table: Table, allowed: Collection[str], place: str) -> None:
    if unknown := sorted(set(table) - set(allowed)):
        known = ", ".join(sorted(allowed))
        _refuse(f"{place}: {', '.join(unknown)} is not a key here; the keys are {known}")


def _value(table: Mapping[str, Any], key: str, check: Check, place: str, *, default: Any) -> Any:
    value = table.get(key, default)
    if key in table and not check(value):
        _refuse(f"{place}: {key} cannot be {value!r}")
    return value


def _words(table: Mapping[str, Any], key: str, place: str, *, default: str | None = None) -> str:
    if key not in table and default is None:
        _refuse(f"{place}: {key} is missing")
    return str(_value(table, key, is_words, place, default=default)).strip()


def _tables(table: Mapping[str, Any], key: str, place: str) -> list[Table]:
    tables = table.get(key)
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        _refuse(f"{place}: it needs at least one {key}")
    return list(tables)


def _panels(table: Mapping[str, Any], place: str) -> tuple[str, ...]:
    panels = table.get("beside", [])
    for panel in panels if isinstance(panels, list) else [panels]:
        if not (isinstance(panel, str) and (panel in PANELS or _ANSWERS.fullmatch(panel))):
            known = ", ".join(sorted(PANELS))
            _refuse(f"{place}: beside takes {known} and answers:<element>, not {panel!r}")
    return tuple(panels)


def _refuse(sentence: str) -> NoReturn:
    raise FormRefused(sentence)
