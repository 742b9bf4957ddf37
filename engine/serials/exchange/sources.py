"""The systems that are compared with us: what of them, how their columns and words are called."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.dictionary import entity
from engine.serials.exchange.doors import sites
from engine.serials.exchange.errors import SourceUnknown
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.models import ReconciliationSource
from engine.words import N_

SYSTEMS = {"erp": "ERP", "mes": "MES", "wms": "WMS", "plm": "PLM"}
COMPARES = {
    "stock": N_("Stock of lots, by place"),
    "status": N_("Status of units"),
    "ids": N_("Numbers of units in the other system"),
    "as_built": N_("As-built record of units"),
}
# what each comparison reads: our column, and the dictionary's field that other systems name
COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "stock": {
        "part_no": ("part", "part_no"),
        "number": ("lot", "lot_no"),
        "location": ("location", "code"),
        "quantity": ("stock", "quantity"),
    },
    "status": {
        "part_no": ("part", "part_no"),
        "number": ("unit", "serial"),
        "status": ("unit", "usability"),
    },
    "ids": {
        "part_no": ("part", "part_no"),
        "number": ("unit", "serial"),
        "external_id": ("", ""),
    },
    "as_built": {
        "part_no": ("part", "part_no"),
        "number": ("unit", "serial"),
        "component": ("", ""),
        "component_no": ("", ""),
    },
}
FOLDER = re.compile(r"[A-Za-z0-9_-]{1,60}")
OPTIONAL = frozenset({"location"})  # without it a lot is compared over all places
# what we say of a unit; their words are mapped to these
STATUSES = {
    "held": N_("On hold"),
    "conforming": N_("Conforming"),
    "nonconforming": N_("Nonconforming"),
    "unreleased": N_("Not released"),
    "scrapped": N_("Scrapped"),
}


def usual_columns(system: str, compares: str) -> dict[str, str]:
    """Return how a system usually calls the columns, as the data dictionary knows it."""
    found = {}
    for ours, (what, field) in COLUMNS[compares].items():
        named = getattr(entity(what).field(field), system, "") if what else ""
        found[ours] = named.partition(",")[0].strip() or ours
    return found


def add_source(
    db: Session,
    name: str,
    *,
    system: str,
    compares: str,
    columns: Mapping[str, str],
    words: str = "",
    site_id: int | None = None,
    folder: str | None = None,
    hour: int | None = None,
    by: Person,
    at: datetime,
) -> ReconciliationSource:
    """Compare with a system from now on, each night at `hour` (UTC) when it is given. Flushes.

    `words` are lines like `BLOCKED = held`. Raises `Invalid` with every problem.
    """
    name, folder = name.strip(), (folder or "").strip() or None
    kept = {n: columns.get(n, "").strip() for n in COLUMNS.get(compares, {})}
    mapped = _mapped(words)
    problems = [
        *_wrong_names(db, name, system, compares),
        *_wrong_words(kept, mapped),
        *_wrong_places(db, site_id, folder, hour),
    ]
    if problems:
        raise Invalid(problems)

    source = ReconciliationSource(
        name=name,
        system=system,
        compares=compares,
        columns=kept,
        words=mapped,
        site_id=site_id,
        folder=folder,
        hour=hour,
        due_at=next_at(hour, at) if hour is not None else None,
        made_at=at,
        made_by_id=by.id,
    )
    db.add(source)
    db.flush()
    body = {"source": name, "system": system, "compares": compares, "columns": kept, "hour": hour}
    ledger.append(db, STREAM, "reconciliation_source_added", body, by=by, at=at)
    return source


def next_at(hour: int, at: datetime) -> datetime:
    """Return the next time that it is `hour` o'clock (UTC) after `at`."""
    today = at.astimezone(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > at else today + timedelta(days=1)


def source_of(db: Session, source_id: int) -> ReconciliationSource:
    """Return a source; raises `SourceUnknown`."""
    found = db.get(ReconciliationSource, source_id)
    if found is None:
        raise SourceUnknown
    return found


def source_named(db: Session, name: str) -> ReconciliationSource:
    """Return the source of a name; raises `SourceUnknown`."""
    found = db.scalars(
        select(ReconciliationSource).where(ReconciliationSource.name == name)
    ).first()
    if found is None:
        raise SourceUnknown
    return found


def _mapped(words: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in words.splitlines() if line.strip())
    return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


def _wrong_names(db: Session, name: str, system: str, compares: str) -> list[Problem]:
    problems = []
    taken = select(ReconciliationSource.id).where(ReconciliationSource.name == name)
    if not 1 <= len(name) <= 100:
        problems.append(Problem("name", N_("Enter a name of up to 100 characters.")))
    elif db.scalar(taken) is not None:
        problems.append(Problem("name", N_("There is a comparison of this name already.")))
    if system not in SYSTEMS or compares not in COMPARES:
        problems.append(Problem("compares", N_("Choose what is compared.")))
    return problems


def _wrong_words(columns: Mapping[str, str], words: Mapping[str, str]) -> list[Problem]:
    problems = [
        Problem(f"column.{ours}", N_("Enter what this column is called in the file."))
        for ours, theirs in columns.items()
        if not theirs and ours not in OPTIONAL
    ]
    wrong = sorted(set(words.values()) - set(STATUSES))
    if wrong:
        facts = (("words", ", ".join(wrong)), ("known", ", ".join(STATUSES)))
        problems.append(
            Problem("words", N_("%(words)s is not a status here. Use: %(known)s."), facts)
        )
    return problems


def _wrong_places(
    db: Session, site_id: int | None, folder: str | None, hour: int | None
) -> list[Problem]:
    problems = []
    if site_id is not None and site_id not in {one.id for one in sites(db)}:
        problems.append(Problem("site", N_("Choose the site.")))
    if folder is not None and not FOLDER.fullmatch(folder):
        problems.append(
            Problem("folder", N_("Name the folder with letters, figures, - and _ only."))
        )
    if hour is not None and not (0 <= hour <= 23 and folder):
        problems.append(Problem("hour", N_("Enter an hour from 0 to 23, and a folder to look in.")))
    return problems
