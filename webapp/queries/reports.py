"""Reports as their pages show them: what can be chosen, and a form read into a question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine.errors import Invalid, Problem
from engine.people.person import Person
from engine.serials.asking import (
    Asked,
    Chosen,
    ColumnHidden,
    ColumnUnknown,
    Filter,
    choosable,
    operators_of,
    read_filter,
)
from engine.serials.dictionary import Entity, entities
from engine.serials.models.report import Report
from engine.serials.reports import Draft, reports_for
from webapp.queries.stock import actors
from webapp.words import N_

LONGEST = 120  # letters of a name
SPARE = 2  # empty rows for filters below those that are filled in
# bytes, lines as they came, and versions: the register of reported events has a file of its own
UNASKED = frozenset({"import_file", "staging_row", "reported_event"})


@dataclass(frozen=True)
class Line:
    """One report in the list."""

    report: Report
    owner: str
    is_mine: bool


@dataclass(frozen=True)
class FilterRow:
    """One filter of the form as it stands there."""

    path: str = ""
    operator: str = ""
    text: str = ""


@dataclass
class Form:
    """The form of a report: what was entered, and what is wrong with it."""

    entity: str
    name: str = ""
    columns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    filters: tuple[FilterRow, ...] = ()
    is_shared: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def rows(self) -> list[FilterRow]:
        """Return the filters with a few empty rows below them."""
        return [*self.filters, *([FilterRow()] * SPARE)]


def askable() -> list[Entity]:
    """Return the kinds of record that a report can list."""
    return [one for one in entities() if one.name not in UNASKED]


def lines(db: Session, person: Person) -> list[Line]:
    """Return the reports a person may open, their own first."""
    found = reports_for(db, person)
    names = actors(db, (one.owner_id for one in found))
    shown = [Line(one, names.get(one.owner_id, ""), one.owner_id == person.id) for one in found]
    return sorted(shown, key=lambda line: not line.is_mine)


def form_of(report: Report) -> Form:
    """Return the form of a saved report."""
    rows = [
        FilterRow(one["path"], one["operator"], "\n".join(one["values"])) for one in report.filters
    ]
    return Form(
        report.entity,
        report.name,
        tuple(report.columns),
        tuple(report.groups),
        tuple(rows),
        report.is_shared,
    )


def read_form(said: "MultiDict[str, str]", name: str, person: Person) -> tuple[Form, Draft]:
    """Return the form as it was sent and the question it asks, with every problem in the form."""
    form = Form(
        name,
        said.get("name", "").strip(),
        tuple(dict.fromkeys(filter(None, said.getlist("columns")))),
        tuple(dict.fromkeys(filter(None, said.getlist("groups")))),
        tuple(_filter_rows(said)),
        said.get("is_shared") == "yes",
    )
    filters = _filters(form, person)
    if not form.columns and not form.groups:
        wrong = N_("Choose at least one column to show or to group by.")
        form.problems.append(Problem("columns", wrong))
    return form, Draft(form.name, Asked(name, form.columns, filters, form.groups), form.is_shared)


def check_name(form: Form) -> None:
    """Note what is wrong with the name of a report that is to be saved."""
    if not form.name:
        form.problems.append(Problem("name", N_("Enter a name that says what the report is for.")))
    elif len(form.name) > LONGEST:
        wrong = N_("A name has up to %(most)s letters.")
        form.problems.append(Problem("name", wrong, (("most", LONGEST),)))


def columns_by_path(name: str, person: Person) -> Mapping[str, Chosen]:
    """Return the columns a person may choose, by their paths."""
    return {column.path: column for column in choosable(name, person)}


def _filter_rows(said: "MultiDict[str, str]") -> list[FilterRow]:
    rows: list[FilterRow] = []
    for number in count():
        if f"filter-{number}-path" not in said:
            return rows
        row = FilterRow(
            said[f"filter-{number}-path"],
            said.get(f"filter-{number}-operator", ""),
            said.get(f"filter-{number}-text", "").strip(),
        )
        if row.path:
            rows.append(row)
    return rows


def _filters(form: Form, person: Person) -> tuple[Filter, ...]:
    filters = []
    for number, row in enumerate(form.filters):
        at = f"filter-{number}-text"
        try:
            filters.append(
                read_filter(form.entity, row.path, row.operator, row.text, person=person, at=at)
            )
        except Invalid as invalid:
            form.problems += invalid.problems
        except (ColumnHidden, ColumnUnknown) as hidden:
            form.problems.append(hidden.problem(at))
    return tuple(filters)


def operators(columns: Mapping[str, Chosen]) -> Mapping[str, tuple[str, ...]]:
    """Return what can be asked of each column."""
    return {path: operators_of(column) for path, column in columns.items()}
