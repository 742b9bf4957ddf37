"""The register of reported events: one row an event, its latest version, searched and paged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.cases.models import Case
from engine.cases.pages import Page
from engine.cases.reported.decisions import REPLACED, counts, looks_of, standing_of
from engine.cases.reported.models import (
    CaseEvent,
    EventJurisdiction,
    EventReportability,
    EventSecondLook,
    ReportedEvent,
)
from engine.cases.reported.understanding import understood_of
from engine.serials.models import Unit

PAGE_SIZE = 50
AT_ONCE = 500  # events of a file that are in memory together


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; empty shows all."""

    text: str = ""
    is_reporter_seen: bool = True  # else whoever complained is not searched
    outcome: str | None = None
    country: str | None = None  # "none" where it is not known
    is_undecided: bool = False
    is_unlinked: bool = False
    case_id: int | None = None
    unit_id: int | None = None
    lot_id: int | None = None  # itself, or a unit of it

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions on the latest version of each event."""
        later = aliased(ReportedEvent)
        found = [~select(later.id).where(later.supersedes_id == ReportedEvent.id).exists()]
        if self.text.strip():
            found.append(_says(self.text.strip(), is_reporter_seen=self.is_reporter_seen))
        if self.outcome:
            found.append(ReportedEvent.outcome == self.outcome)
        if self.country == "none":
            found.append(ReportedEvent.country.is_(None))
        elif self.country:
            found.append(ReportedEvent.country == self.country)
        if self.is_undecided:
            found.append(_undecided())
        if self.is_unlinked:
            found.append(~_feeds(CaseEvent.id.is_not(None)))
        if self.case_id is not None:
            found.append(_feeds(CaseEvent.case_id == self.case_id))
        if self.unit_id is not None:
            found.append(ReportedEvent.unit_id == self.unit_id)
        if self.lot_id is not None:
            of_lot = select(Unit.id).where(Unit.lot_id == self.lot_id)
            found.append(
                or_(ReportedEvent.lot_id == self.lot_id, ReportedEvent.unit_id.in_(of_lot))
            )
        return found


@dataclass(frozen=True)
class EventRow:
    """One event as a list shows it: where it is undecided, and which cases it feeds."""

    event: ReportedEvent
    understood: str  # the unit, lot or part it is about, "" where that is not known
    cases: Sequence[tuple[str, str]]  # number and process
    undecided: Sequence[str]  # jurisdictions
    reportable: Sequence[str]
    refused: Sequence[EventReportability]  # a no that holds, or that waits for a second person
    waiting: Sequence[str]  # jurisdictions of a no that a second person has yet to confirm
    asked: Sequence[str]  # the jurisdictions in which it is to be decided on


@dataclass(frozen=True)
class EventsPage:
    """One page of the register."""

    rows: Sequence[EventRow]
    page: Page


def events(db: Session, wanted: Wanted, *, page: int = 1) -> EventsPage:
    """Return one page of the register, newest first."""
    conditions = wanted.conditions()
    found = db.scalars(_ordered(conditions).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    many = _count(db, conditions)
    return EventsPage(rows_of(db, found), Page(number=page, size=PAGE_SIZE, total_count=many))


def undecided_count(db: Session) -> int:
    """Return how many events run as if reportable, for want of a decision."""
    return _count(db, Wanted(is_undecided=True).conditions())


def countries(db: Session) -> list[str]:
    """Return the countries that any event happened in."""
    rows = select(ReportedEvent.country).where(ReportedEvent.country.is_not(None)).distinct()
    return sorted(code for code in db.scalars(rows) if code)


def newest(db: Session, wanted: Wanted, *, most: int = 8) -> list[EventRow]:
    """Return the newest events that are wanted; one query where there are none."""
    found = db.scalars(_ordered(wanted.conditions()).limit(most)).all()
    return rows_of(db, found) if found else []


def same_complaint(db: Session, complaint_number: str, *, but: str | None) -> list[str]:
    """Return the numbers of other events that were recorded under a complaint number."""
    conditions = [*Wanted().conditions(), ReportedEvent.complaint_number == complaint_number]
    rows = select(ReportedEvent.number).where(*conditions).order_by(ReportedEvent.number).limit(20)
    return [number for number in db.scalars(rows) if number != but]


def all_rows(db: Session, wanted: Wanted) -> Iterator[EventRow]:
    """Yield every row of the register that is wanted, newest first."""
    query = _ordered(wanted.conditions()).execution_options(yield_per=AT_ONCE)
    for found in db.scalars(query).partitions():
        yield from rows_of(db, found)


def rows_of(db: Session, found: Sequence[ReportedEvent]) -> list[EventRow]:
    """Return events as rows; the same few queries for one and for many."""
    numbers = [one.number for one in found]
    cases, asked, decided = _cases(db, numbers), _asked(db, numbers), standing_of(db, numbers)
    names = understood_of(db, found)
    looks = looks_of(db, [one for some in decided.values() for one in some.values()])
    return [
        _row(one, names[one.id], cases.get(one.number, ()), asked.get(one.number, ()),
             decided.get(one.number, {}), looks)
        for one in found
    ]  # fmt: skip


def _row(
    event: ReportedEvent,
    understood: str,
    cases: Sequence[tuple[str, str]],
    asked: Sequence[str],
    decided: Mapping[str, EventReportability],
    looks: Mapping[int, EventSecondLook],
) -> EventRow:
    current = {code: one for code, one in decided.items() if one.version >= event.judged_version}
    waiting = {code for code, one in current.items() if one.id in looks and not looks[one.id].at}
    holding = {code for code, one in current.items() if counts(event, one, looks.get(one.id))}
    return EventRow(
        event,
        understood,
        cases,
        [code for code in asked if code not in holding],
        [code for code in asked if code in holding and current[code].is_reportable],
        [current[code] for code in asked
         if code in holding | waiting and not current[code].is_reportable],
        [code for code in asked if code in waiting],
        asked,
    )  # fmt: skip


def _ordered(conditions: Sequence[ColumnElement[bool]]) -> Select[ReportedEvent]:
    newest = (ReportedEvent.received_on.desc(), ReportedEvent.number.desc())
    return select(ReportedEvent).where(*conditions).order_by(*newest)


def _count(db: Session, conditions: Sequence[ColumnElement[bool]]) -> int:
    rows = select(func.count()).select_from(ReportedEvent).where(*conditions)
    return db.scalar(rows) or 0


def _says(words: str, *, is_reporter_seen: bool) -> ColumnElement[bool]:
    reporter = (ReportedEvent.reporter_name,) if is_reporter_seen else ()
    return or_(
        ReportedEvent.number.startswith(words.upper(), autoescape=True),
        *(
            column.icontains(words, autoescape=True)
            for column in (
                ReportedEvent.complaint_number,
                ReportedEvent.device_name,
                ReportedEvent.identification,
                ReportedEvent.what_happened,
                *reporter,
            )
        ),
    )


def _feeds(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    links = select(CaseEvent.id).where(
        CaseEvent.number == ReportedEvent.number, CaseEvent.ended_at.is_(None), condition
    )
    return links.exists()


def _undecided() -> ColumnElement[bool]:
    """Return that a jurisdiction is asked in which no decision holds that was signed on it."""
    unconfirmed = (
        select(EventSecondLook.decision_id)
        .where(
            EventSecondLook.decision_id == EventReportability.id,
            EventSecondLook.is_confirmed.is_not(True),
        )
        .correlate(EventReportability)
        .exists()
    )
    holds = (
        select(EventReportability.id)
        .where(
            EventReportability.number == EventJurisdiction.number,
            EventReportability.jurisdiction == EventJurisdiction.jurisdiction,
            EventReportability.version >= ReportedEvent.judged_version,
            ~REPLACED,
            ~unconfirmed,
        )
        .correlate(EventJurisdiction, ReportedEvent)
        .exists()
    )
    return (
        select(EventJurisdiction.number)
        .where(and_(EventJurisdiction.number == ReportedEvent.number, ~holds))
        .correlate(ReportedEvent)
        .exists()
    )


def _cases(db: Session, numbers: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    rows = db.execute(
        select(CaseEvent.number, Case.number, Case.process)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(CaseEvent.number.in_(numbers), CaseEvent.ended_at.is_(None))
        .order_by(Case.number)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for event, number, process in rows:
        found.setdefault(event, []).append((number, process))
    return found


def _asked(db: Session, numbers: Sequence[str]) -> dict[str, list[str]]:
    rows = db.execute(
        select(EventJurisdiction.number, EventJurisdiction.jurisdiction)
        .where(EventJurisdiction.number.in_(numbers))
        .order_by(EventJurisdiction.jurisdiction)
    )
    found: dict[str, list[str]] = {}
    for number, code in rows:
        found.setdefault(number, []).append(code)
    return found
