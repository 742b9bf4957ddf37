"""What stands beside a form: the panels its file names, each filled for the case and the step."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import affected, differences, dispositions
from engine.cases.checks import board
from engine.cases.history import history
from engine.cases.models import Case, Line, Round
from engine.cases.names import stock_names
from engine.cases.overview import case_balance, case_page
from engine.cases.reach import amount, reached
from engine.cases.recalls import reviewing, showing
from engine.cases.replies import restoring
from engine.cases.reporting import reports
from engine.cases.scope import scope_of
from engine.cases.scopes.about import change_of
from engine.cases.scopes.releasing import Left, left, left_units
from engine.clock import now
from engine.evidence import documents
from engine.people import Person
from engine.serials.models import Unit
from engine.words import say
from forms.form import Form
from webapp import words
from webapp.ceremony import document_line
from webapp.queries.case import answer_sections
from webapp.queries.case_holds import case_holds
from webapp.queries.hold_targets import tag_lines
from webapp.times import language
from webapp.words import N_

HISTORY_LINES = 8
SERIALS = 24
NAMES = 6  # units named in a line before they are counted


@dataclass(frozen=True)
class Panel:
    """One panel: `kind` names its template `beside/<kind>.html`; nothing to show leaves it out."""

    kind: str
    title: str
    content: Any


@dataclass(frozen=True)
class Beside:
    """Where the panels look: the case, who looks, and the running diagram of the step."""

    case: Case
    person: Person
    instance_id: int | None


def panels(
    db: Session, case: Case, form: Form, person: Person, *, instance_id: int | None
) -> list[Panel]:
    """Return the panels of a form and of its fields, each once, in the order of the file."""
    wanted = dict.fromkeys([*form.beside, *(one for f in form.fields for one in f.beside)])
    place = Beside(case, person, instance_id)
    found = []
    for name in wanted:
        kind, _, step = name.partition(":")
        if kind == "answers":
            content = _answered(db, place, step, form.process)
            named = step if "." in step else f"{form.process}.{step}"
            panel = Panel(kind, words.element(named), content)
        else:
            title, fill = PANELS[kind]
            panel = Panel(kind, title, fill(db, place))
        if panel.content:
            found.append(panel)
    return found


def _answered(db: Session, place: Beside, step: str, process: str) -> Any:
    """Return what stands of the last answer at a step, of this line or round where it has one."""
    of_process, _, element = f"{process}.{step}".rpartition(".")
    if "." in step:
        of_process = step.partition(".")[0]
    given = [
        one
        for one in answer_sections(db, place.case, language())
        if (one.process, one.element_id) == (of_process, element)
    ]
    own = [one for one in given if one.instance_id == place.instance_id]
    return (own or given)[-1:]


def _subjects(db: Session, place: Beside) -> Any:
    rows = affected.subjects_of(db, place.case)
    names = stock_names(db, [(row.unit_id, row.lot_id) for row in rows])
    named = [(row, names.get((row.unit_id, row.lot_id))) for row in rows]
    return (named, scope_of(db, place.case)) if named else None


def _holds(db: Session, place: Beside) -> Any:
    return case_holds(db, place.case)


@dataclass(frozen=True)
class Reach:
    """How far a trace goes: everything affected, by custody, and who has what has left."""

    total: Decimal
    left: Decimal
    by_custody: tuple[tuple[str, Decimal], ...]
    parties: tuple[tuple[str, Decimal], ...]


def _trace(db: Session, place: Beside) -> Any:
    parts = reached(affected.trace_of(db, place.case))
    if not parts:
        return None
    left = [part for part in parts if part.has_left]
    return Reach(
        total=amount(parts),
        left=amount(left),
        by_custody=_sums((part.custody, part.quantity) for part in parts),
        parties=_sums((part.party, part.quantity) for part in left if part.party),
    )


def _sums(rows: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, Decimal], ...]:
    sums: dict[str, Decimal] = {}
    for name, quantity in rows:
        sums[name] = sums.get(name, Decimal(0)) + quantity
    return tuple(sorted(sums.items(), key=lambda one: -one[1]))


@dataclass(frozen=True)
class LineShown:
    """One line of a disposition as it stands beside a form."""

    line: Line
    label: str
    quantity: Decimal
    names: tuple[str, ...]
    more: int
    is_in_hand: bool


def _disposition_lines(db: Session, place: Beside) -> Any:
    """Return the lines of the newest round that has any, or the one line this step carries out."""
    rounds = select(Round).where(Round.case_id == place.case.id).order_by(Round.number.desc())
    lines: list[Line] = []
    for one in db.scalars(rounds):
        lines = dispositions.lines_of(db, one)
        if lines:
            break
    in_hand = [line for line in lines if line.instance_id == place.instance_id]
    parts = {line.id: dispositions.parts_of_line(db, line) for line in in_hand or lines}
    names = stock_names(db, [part.key for some in parts.values() for part in some])
    return [
        LineShown(
            line=line,
            label=say(dispositions.TYPES[line.type].label, language()),
            quantity=sum((part.quantity for part in parts[line.id]), Decimal(0)),
            names=tuple(names[part.key].name for part in parts[line.id][:NAMES]),
            more=max(0, len(parts[line.id]) - NAMES),
            is_in_hand=bool(in_hand),
        )
        for line in in_hand or lines
    ]


def _effectiveness(db: Session, place: Beside) -> Any:
    """Return the plan that stands, and at a check the consignee it is about."""
    asked = board.consignee_of(db, place.instance_id)
    planned = None if asked else board.board(db, place.case)
    return (planned, asked) if planned or asked else None


def _status_figures(db: Session, place: Beside) -> Any:
    """Return the figures of the report that this step makes."""
    report = reports.of_instance(db, place.instance_id)
    return reports.with_before(db, report) if report else None


def _documents(db: Session, place: Beside) -> Any:
    kept = documents.documents_of(db, place.case.stream)
    return [document_line(db, one) for one in kept if one.state != "review"]


def _diagram(db: Session, place: Beside) -> Any:
    return case_page(db, place.case.number, place.person, at=now()).diagrams[:1]


@dataclass(frozen=True)
class ScopeLeft:
    """What left a scope, beside its release: which scope, how much, and the first of the units."""

    number: int
    reason: str
    left: Left
    serials: tuple[str, ...]


def _scope_left(db: Session, place: Beside) -> Any:
    if place.instance_id is None:
        return None
    version, _ = change_of(db, place.instance_id)
    units = left_units(db, place.case, number=version.number).subquery()
    named = select(Unit.serial).join(units, units.c.unit_id == Unit.id).order_by(Unit.serial)
    return ScopeLeft(
        number=version.number,
        reason=version.reason,
        left=left(db, place.case, number=version.number),
        serials=tuple(db.scalars(named.limit(SERIALS))),
    )


Fill = Callable[[Session, Beside], Any]
PANELS: Mapping[str, tuple[str, Fill]] = MappingProxyType(
    {
        "subjects": (N_("What the case is about"), _subjects),
        "holds": (N_("Holds of this case"), _holds),
        "balance": (N_("Unit balance"), lambda db, place: case_balance(db, place.case)),
        "history": (
            N_("History"),
            lambda db, place: history(db, place.case, last=HISTORY_LINES),
        ),
        "documents": (N_("Documents"), _documents),
        "diagram": (N_("Diagram"), _diagram),
        "trace": (N_("What the trace reaches"), _trace),
        "disposition_lines": (N_("Disposition lines"), _disposition_lines),
        "differences": (
            N_("What differs"),
            lambda db, place: differences.of_count(db, place.case, instance_id=place.instance_id),
        ),
        "reply_findings": (
            N_("What to look into"),
            lambda db, place: restoring.differing(db, place.instance_id),
        ),
        "scope_left": (N_("What left the scope"), _scope_left),
        "effectiveness": (N_("Effectiveness checks"), _effectiveness),
        "jurisdiction": (
            N_("The jurisdiction"),
            lambda db, place: showing.of_instance(db, place.case, place.instance_id),
        ),
        "device_added": (
            N_("Other device named"),
            lambda db, place: reviewing.of_instance(db, place.case, place.instance_id),
        ),
        "status_figures": (N_("Figures of this report"), _status_figures),
        "hold_tags": (N_("Hold tags"), lambda db, place: tag_lines(db, place.case.number)),
    }
)
