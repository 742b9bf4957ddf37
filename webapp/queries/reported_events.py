"""What the pages of reported events show: an event, what changed, where it is decided on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import facts
from engine.cases.history import history_of_stream
from engine.cases.models import Case
from engine.cases.pages import DocumentLine, HistoryLine
from engine.cases.reported import (
    aware,
    decisions as decisions_room,
    feeding,
    finding,
    listing,
    places,
    running,
)
from engine.cases.reported.aware import Doubt
from engine.cases.reported.given import LABELS, WANTED, given_of
from engine.cases.reported.models import (
    CaseEvent,
    EventReportability,
    EventSecondLook,
    ReportedEvent,
)
from engine.cases.reported.understanding import Understood, understand, understood_of
from engine.evidence.documents import documents_of
from engine.evidence.signatures import Signature
from engine.exports import Column
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Jurisdiction
from engine.regulators.reportability import Report, reporting
from engine.serials.dictionary import seen
from engine.serials.models import Lot, Unit
from webapp import words
from webapp.ceremony import document_line
from webapp.queries import rules
from webapp.queries.rules import DueShown
from webapp.queries.stock import actors
from webapp.sentences import translated
from webapp.session import person
from webapp.times import as_typed, on_day, write, zone
from webapp.words import N_

# what is on the page of an event in words: where it is, and how it reads
OURS = {False: N_("Ours"), True: N_("The reporter's")}
NO_SUCH_CASE = N_("There is no such case any more, or never was.")
DRILL = N_("The case is a drill: a real event feeds real cases only.")
ENDED = N_("The case has ended since: nothing feeds it any more.")
UNDERSTOOD = ("unit_id", "lot_id", "part_id")  # said together, as what was understood


@dataclass(frozen=True)
class Decided:
    """One decision with who signed it."""

    row: EventReportability
    report: Report | None
    by: str
    signature: Signature
    is_standing: bool
    due: DueShown | None
    asked_for: Report | None  # by the answers that were given
    look: EventSecondLook | None  # of a second person, where it goes against the answers
    looked_by: str
    looked: Signature | None


@dataclass(frozen=True)
class Running:
    """What an event runs as while no decision holds, and which of its versions asked for it."""

    report: Report
    due: DueShown | None
    version: int
    is_current: bool  # what the event says now asks for it, or a signature on that
    is_signed: bool


@dataclass(frozen=True)
class Place:
    """One jurisdiction of an event: what was decided, or what it runs as meanwhile."""

    here: Jurisdiction
    because: str
    decisions: Sequence[Decided]  # the newest first
    is_current: bool  # the standing decision was signed on what the event says now
    holds: bool  # and a second person confirmed it, where it goes against its answers
    runs_as: Sequence[Running]  # the earliest due first: it governs

    @property
    def waits(self) -> bool:
        """Say whether a no waits for a second person."""
        last = self.standing
        return not self.holds and self.is_current and bool(last and last.look and not last.look.at)

    @property
    def standing(self) -> Decided | None:
        """Return the decision that no other supersedes."""
        return next((one for one in self.decisions if one.is_standing), None)


@dataclass(frozen=True)
class Version:
    """One version of an event, who wrote it, and what it changed."""

    event: ReportedEvent
    by: str
    changes: Sequence[tuple[str, str, str]]  # label, before, now


@dataclass(frozen=True)
class Link:
    """A case that an event feeds or once fed."""

    row: CaseEvent
    case: Case
    doubt: Doubt | None  # this event is why the awareness of the case may be wrong
    by: str
    ended_by: str


@dataclass(frozen=True)
class EventPage:
    """Everything the page of one event shows."""

    event: ReportedEvent
    by: str
    understood: str
    known_now: Understood | None  # what an identification that meant nothing means by now
    missing: Sequence[tuple[str, str]]  # what the law wants recorded: label and clause
    places: Sequence[Place]
    elsewhere: Sequence[Jurisdiction]  # where nobody asked, and regulatory affairs may decide too
    links: Sequence[Link]
    versions: Sequence[Version]
    lines: Sequence[HistoryLine]
    documents: Sequence[DocumentLine]

    @property
    def undecided(self) -> list[Place]:
        """Return the jurisdictions in which it runs as if it were reportable."""
        return [one for one in self.places if not one.holds]


def event_page(db: Session, number: str) -> EventPage:
    """Return what the page of an event shows. Raises `EventUnknown`."""
    event = finding.named(db, number)
    events = finding.versions_of(db, number)
    decisions, links = decisions_room.decisions_of(db, number), feeding.links_of(db, number)
    looks = decisions_room.looks_of(db, decisions)
    people = actors(
        db,
        [
            *(one.recorded_by_id for one in events),
            *(one.by_id for one in decisions),
            *(one.by_id for one in looks.values() if one.by_id),
            *(id_ for link, _ in links for id_ in (link.by_id, link.ended_by_id)),
        ],
    )
    names = understood_of(db, events)
    asked = _places(db, events, decisions, looks, people)
    there = {one.here.code for one in asked}
    return EventPage(
        event=event,
        by=people[event.recorded_by_id],
        understood=names[event.id],
        known_now=_known_now(db, event),
        missing=[(LABELS[name], clause) for name, clause in WANTED.items()
                 if not getattr(event, name)],
        places=asked,
        elsewhere=[one for one in law.listed() if one.code not in there],
        links=[
            Link(link, case, _doubt(db, case, event.number), people[link.by_id],
                 people.get(link.ended_by_id or 0, ""))
            for link, case in links
        ],
        versions=list(_versions(events, names, people)),
        lines=history_of_stream(db, event.stream),
        documents=[document_line(db, one) for one in documents_of(db, event.stream)],
    )  # fmt: skip


def _doubt(db: Session, case: Case, number: str) -> Doubt | None:
    """Return what this event says against the awareness of an open case."""
    found = aware.doubt(db, case) if case.state == "open" else None
    return found if found is not None and found.event == number else None


def _known_now(db: Session, event: ReportedEvent) -> Understood | None:
    if event.unit_id or event.lot_id or not event.identification:
        return None
    given = given_of(event)
    found = understand(db, given.identification, given.device_name)
    return found if found.match or found.candidates else None


def _places(
    db: Session,
    versions: Sequence[ReportedEvent],
    decisions: Sequence[EventReportability],
    looks: Mapping[int, EventSecondLook],
    people: Mapping[int, str],
) -> list[Place]:
    event = versions[0]
    ids = [*(one.signature_id for one in decisions), *(one.signature_id for one in looks.values())]
    signed = {one.id: one for one in db.scalars(select(Signature).where(Signature.id.in_(ids)))}
    replaced = {one.supersedes_id for one in decisions}
    by_code: dict[str, list[Decided]] = {}
    for row in decisions:
        asks = reporting(row.jurisdiction)
        report = asks.report(row.report) if row.report else None
        by_code.setdefault(row.jurisdiction, []).append(
            Decided(
                row,
                report,
                people[row.by_id],
                signed[row.signature_id],
                row.id not in replaced,
                due_of(event, row.jurisdiction, report) if report else None,
                asks.report(row.suggested) if row.suggested else None,
                look := looks.get(row.id),
                people.get(look.by_id or 0, "") if look else "",
                signed.get(look.signature_id or 0) if look else None,
            )
        )
    asked = places.jurisdictions_of(db, event.number)
    found = [_place(versions, code, why, by_code.get(code, ()), looks)
             for code, why in asked.items()]  # fmt: skip
    return sorted(found, key=lambda one: (one.holds, one.here.code))


def _place(
    versions: Sequence[ReportedEvent],
    code: str,
    because: str,
    decisions: Sequence[Decided],
    looks: Mapping[int, EventSecondLook],
) -> Place:
    event = versions[0]
    last = next((one for one in decisions if one.is_standing), None)
    is_current = last is not None and last.row.version >= event.judged_version
    holds = decisions_room.counts(event, last.row if last else None, last.look if last else None)
    runs_as = running_as(code, versions, [one.row for one in decisions], looks)
    return Place(law.named(code), because, decisions, is_current, holds, runs_as)


def running_as(
    code: str,
    versions: Sequence[ReportedEvent],
    decisions: Sequence[EventReportability],
    looks: Mapping[int, EventSecondLook],
) -> list[Running]:
    """Return what an event runs as while no decision holds: the strictest, and what it says now.

    `versions` and `decisions`, those of the jurisdiction, are newest first.
    """
    found = running.runs(code, versions, decisions, looks)
    now = next(one for one in found if one.event is versions[0] and not one.is_signed)
    return [
        Running(
            one.report,
            due_of(one.event, code, one.report),
            one.event.version,
            one.event.judged_version == versions[0].judged_version,
            one.is_signed,
        )
        for one in dict.fromkeys((found[0], now))
    ]


def due_of(event: ReportedEvent, code: str, report: Report) -> DueShown | None:
    """Return when a kind of report on an event is due in a jurisdiction."""
    return rules.reported(code, report.code, event.aware_at, event.country)


# --- the case it was begun at ------------------------------------------------------------------


@dataclass(frozen=True)
class Fed:
    """What an event that is about to be recorded would do to the case it was begun at."""

    case: Case | None
    known_at: datetime | None  # the awareness of the case so far
    is_earlier: bool
    refused: str = ""  # why it cannot feed the case


def would_feed(db: Session, number: str, aware_at: datetime | None) -> Fed | None:
    """Return what feeding a case would do to it, None where none was named."""
    if not number:
        return None
    case = db.scalars(select(Case).where(Case.number == number)).one_or_none()
    if case is None:
        return Fed(None, None, is_earlier=False, refused=NO_SUCH_CASE)
    known = facts.latest(db, case, "awareness")
    known_at = datetime.fromisoformat(known.value) if known else None
    is_earlier = aware_at is not None and (known_at is None or aware_at < known_at)
    if case.is_drill or case.state != "open":
        return Fed(case, known_at, is_earlier, DRILL if case.is_drill else ENDED)
    return Fed(case, known_at, is_earlier)


# --- versions --------------------------------------------------------------------------------


def _versions(
    events: Sequence[ReportedEvent], names: Mapping[int, str], people: Mapping[int, str]
) -> Iterator[Version]:
    by_id = {one.id: one for one in events}
    for event in events:
        before = by_id.get(event.supersedes_id or 0)
        changes = list(_changes(before, event, names)) if before else []
        yield Version(event, people[event.recorded_by_id], changes)


def _changes(
    before: ReportedEvent, event: ReportedEvent, names: Mapping[int, str]
) -> Iterator[tuple[str, str, str]]:
    mine = seen_names() - set(UNDERSTOOD)
    for name in (one for one in LABELS if one in mine):
        if getattr(before, name) != getattr(event, name):
            yield LABELS[name], shown(before, name), shown(event, name)
    was, is_now = names[before.id], names[event.id]
    if was != is_now:
        yield N_("Understood as"), was or "–", is_now or "–"


def shown(event: ReportedEvent, name: str) -> str:
    """Return a field of an event as it reads, in the reader's language."""
    value = getattr(event, name)
    if name == "outcome":
        return words.event_outcome(value)
    if name == "country":
        return words.country(value) if value else "–"
    if name == "is_external":
        return translated(OURS[value])
    if isinstance(value, datetime):
        return write(value, "year")
    return on_day(value) if isinstance(value, date) else str(value or "–")


def rows_shown(event: ReportedEvent, *names: str) -> list[tuple[str, str]]:
    """Return fields of an event as label and words, as far as this person may see them.

    What nobody said is left out.
    """
    mine = seen_names()
    return [(translated(LABELS[one]), shown(event, one)) for one in names
            if one in mine and getattr(event, one) not in (None, "")]  # fmt: skip


def seen_names() -> set[str]:
    """Return the columns of an event that the person who asks may see."""
    return {field.kept for field in seen("reported_event", person())}


# --- a case that begins with it -----------------------------------------------------------------


def begun_recall(db: Session, number: str) -> dict[str, Any]:
    """Return the start of a signal about an event. Raises `EventUnknown`."""
    event = finding.named(db, number)
    return {
        "source": "reported_event",
        "complaint_number": event.complaint_number,
        "scope": {"text": _goods(db, event)},
        **_told(event),
    }


def begun_nonconformance(db: Session, number: str) -> dict[str, Any]:
    """Return the start of a nonconformance about an event. Raises `EventUnknown`."""
    event = finding.named(db, number)
    goods = _goods(db, event)
    is_known = bool(event.unit_id or event.lot_id)
    described = {"description": f"{event.device_name} {goods}".strip(), "quantity": ""}
    return {
        "source": "field",
        "source_reference": event.complaint_number,
        "suspects": {
            "scanned": goods if is_known else "",
            "unidentified": [] if is_known else [described],
        },
        **_told(event),
    }


def _told(event: ReportedEvent) -> dict[str, Any]:
    return {
        "reported_events": event.number,
        "description": event.what_happened,
        "aware_at": {
            "local": as_typed(event.aware_at),
            "zone": zone().key,
        },
        "aware_by": f"{event.aware_by}; {event.aware_how}"[:200],
    }


def _goods(db: Session, event: ReportedEvent) -> str:
    """Return the serial or lot number an event is about, or what was told of it."""
    if event.unit_id:
        return db.get_one(Unit, event.unit_id).serial
    if event.lot_id:
        return db.get_one(Lot, event.lot_id).lot_no
    return event.identification or ""


# --- a file of the register ------------------------------------------------------------------


def columns() -> list[Column]:
    """Return the columns of the register as a file, in the reader's language."""
    fields = (
        ("number", N_("Number")),
        ("version", N_("Version")),
        *((name, LABELS[name]) for name in _fields()),
        ("understood", N_("Understood as")),
        ("cases", N_("Cases")),
        ("reportable", N_("Reportable in")),
        ("undecided", N_("Not decided in")),
        ("refused", N_("Not reportable in")),
        ("answers", N_("Answers beside the no")),
        ("waiting", N_("Waits for a second person in")),
    )
    return [Column(name, translated(label)) for name, label in fields]


_FIELDS = (
    "complaint_number", "device_name", "received_on", "reporter_name", "reporter_address",
    "reporter_phone", "identification", "what_happened",
    "happened_on", "country", "outcome", "corrective_action", "reply", "why_no_investigation",
    "aware_at", "aware_by", "aware_how",
)  # fmt: skip


def file_rows(db: Session, wanted: listing.Wanted) -> Iterator[tuple[str, ...]]:
    """Yield the register as rows of a file, newest first, as far as this person may see it."""
    fields = _fields()
    for row in listing.all_rows(db, wanted):
        yield (
            row.event.number,
            str(row.event.version),
            *(_written(row.event, name) for name in fields),
            row.understood,
            ", ".join(number for number, _ in row.cases),
            ", ".join(row.reportable),
            ", ".join(row.undecided),
            ", ".join(one.jurisdiction for one in row.refused),
            "\n".join(_answers_written(one) for one in row.refused),
            ", ".join(row.waiting),
        )


def _answers_written(row: EventReportability) -> str:
    said = (f"{one.question} {one.given}." for one in words.event_answers(row))
    return f"{row.jurisdiction}: {' '.join(said)}"


def _fields() -> list[str]:
    mine = seen_names()
    return [name for name in _FIELDS if name in mine]


def _written(event: ReportedEvent, name: str) -> str:
    value = getattr(event, name)
    if name == "outcome":
        return words.event_outcome(value)
    return value.isoformat() if isinstance(value, date) else str(value or "")
