"""Everything that passed between systems in one list, and how each of them does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.people.models import PersonAccount
from engine.people.token_models import InterfaceCall
from engine.serials.models import (
    CanaryRun,
    DenyList,
    ImportBatch,
    ReconciliationRun,
    ReconciliationSource,
    WebhookAttempt,
    WebhookDelivery,
    WebhookSubscription,
)

HEALTH_OF = timedelta(days=30)
NOBODY = "Holdfast"
CHANNELS = ("api", "webhook", "import", "comparison", "deny_list", "canary")


@dataclass(frozen=True)
class LogLine:
    """One thing that passed between systems."""

    channel: str
    id: int
    at: datetime
    system: str
    about: str
    went_well: bool
    said: str


@dataclass(frozen=True)
class Health:
    """How one system does over one channel."""

    channel: str
    system: str
    good_at: datetime | None
    failing_since: datetime | None
    count: int


def log(
    db: Session, *, channel: str = "", system: str = "", failed: bool = False, page: int = 1
) -> tuple[list[LogLine], Page]:
    """Return one page of what passed, the newest first; `system` is a part of a name or address."""
    rows = _everything()
    wanted: list[ColumnElement[bool]] = []
    if channel in CHANNELS:
        wanted.append(rows.c.channel == channel)
    if system:
        said = system.lower()
        wanted.append(
            or_(
                func.lower(rows.c.system).contains(said, autoescape=True),
                func.lower(rows.c.about).contains(said, autoescape=True),
            )
        )
    if failed:
        wanted.append(rows.c.went_well == 0)
    total = db.scalar(select(func.count()).select_from(rows).where(*wanted)) or 0
    shown = Page(number=page, total_count=total)
    found = db.execute(
        select(rows)
        .where(*wanted)
        .order_by(rows.c.at.desc(), rows.c.channel, rows.c.id.desc())
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    )
    return [_line(row) for row in found], shown


def health(db: Session, *, at: datetime) -> list[Health]:
    """Return each system that something passed with lately: what fails first."""
    rows = _everything()
    good = func.max(case((rows.c.went_well == 1, rows.c.at)), type_=rows.c.at.type)
    bad = func.max(case((rows.c.went_well == 0, rows.c.at)), type_=rows.c.at.type)
    grouped = db.execute(
        select(rows.c.channel, rows.c.system, good, bad, func.count())
        .where(rows.c.at > at - HEALTH_OF)
        .group_by(rows.c.channel, rows.c.system)
    ).all()
    found = [
        Health(
            channel=channel,
            system=system,
            good_at=good_at,
            failing_since=_since(db, rows, channel, system, good_at)
            if bad_at is not None and (good_at is None or bad_at > good_at)
            else None,
            count=count,
        )
        for channel, system, good_at, bad_at, count in grouped
    ]
    return sorted(found, key=lambda one: (one.failing_since is None, one.channel, one.system))


def _since(
    db: Session, rows: Subquery, channel: str, system: str, good_at: datetime | None
) -> datetime | None:
    wanted = [rows.c.channel == channel, rows.c.system == system, rows.c.went_well == 0]
    if good_at is not None:
        wanted.append(rows.c.at > good_at)
    first: datetime | None = db.scalar(select(func.min(rows.c.at)).where(*wanted))
    return first


def _line(row: Any) -> LogLine:
    return LogLine(
        channel=row.channel,
        id=row.id,
        at=row.at,
        system=row.system,
        about=row.about,
        went_well=bool(row.went_well),
        said=row.said or "",
    )


def _everything() -> Subquery:
    return union_all(
        _calls(), _webhooks(), _imports(), _comparisons(), _deny_lists(), _tries()
    ).subquery("passed")


def _row(
    channel: str, key: Any, at: Any, system: Any, about: Any, well: Any, said: Any
) -> Select[*tuple[Any, ...]]:
    return select(
        literal(channel).label("channel"),
        key.label("id"),
        at.label("at"),
        func.coalesce(system, NOBODY).label("system"),
        about.label("about"),
        case((well, 1), else_=0).label("went_well"),
        func.coalesce(said, "").label("said"),
    )


def _calls() -> Select[*tuple[Any, ...]]:
    call = InterfaceCall
    about = call.method + " " + call.path
    who = PersonAccount.printed_name
    rows = _row("api", call.id, call.at, who, about, call.status < 400, call.said)
    return rows.select_from(call).outerjoin(PersonAccount, PersonAccount.id == call.person_id)


def _webhooks() -> Select[*tuple[Any, ...]]:
    one, told = WebhookAttempt, WebhookDelivery
    name = WebhookSubscription.name
    taken = and_(one.status >= 200, one.status < 300)
    said = func.coalesce(cast(one.status, String), "") + literal(" ") + one.answer
    rows = _row("webhook", one.outgoing_id, one.at, name, told.event_type, taken, said)
    return (
        rows.select_from(one)
        .join(told, told.outgoing_id == one.outgoing_id)
        .join(WebhookSubscription, WebhookSubscription.id == told.subscription_id)
    )


def _imports() -> Select[*tuple[Any, ...]]:
    batch = ImportBatch
    # rows that wait in quarantine are no trouble of the exchange, a file that is not taken in is
    well = or_(batch.problem_count == 0, batch.loaded_at.is_not(None))
    said = cast(batch.problem_count, String)
    return _row("import", batch.id, batch.at, batch.source, batch.file_name, well, said)


def _comparisons() -> Select[*tuple[Any, ...]]:
    run = ReconciliationRun
    name = ReconciliationSource.name
    well = run.problem.is_(None)
    rows = _row("comparison", run.source_id, run.at, name, run.file_name, well, run.problem)
    source = ReconciliationSource
    return rows.select_from(run).join(source, source.id == run.source_id)


def _deny_lists() -> Select[*tuple[Any, ...]]:
    one = DenyList
    about = cast(one.unit_count + one.lot_count + one.part_count, String)
    well = one.failure.is_(None)
    return _row("deny_list", one.id, one.made_at, literal(NOBODY), about, well, one.failure)


def _tries() -> Select[*tuple[Any, ...]]:
    run = CanaryRun
    well = run.outcome == "refused"
    return _row("canary", run.id, run.at, literal(NOBODY), run.outcome, well, run.answer)
