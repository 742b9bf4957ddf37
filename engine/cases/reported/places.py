"""Where an event is to be decided on: where it happened, and wherever its device could be sold."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.reported.models import EventJurisdiction, ReportedEvent
from engine.regulators import jurisdictions as law
from engine.regulators.reportability import ABROAD, HERE
from engine.serials.models import MarketAuthorisation


def ask(db: Session, event: ReportedEvent, *, at: datetime) -> list[str]:
    """Have an event decided on wherever it concerns and nobody asked yet; return where. Flushes.

    What was asked once stays asked until somebody signs a no: a correction takes no law away. A
    device that is not known may be any of ours.
    """
    there = set(jurisdictions_of(db, event.number))
    new = {code: why for code, why in _reached(db, event).items() if code not in there}
    db.add_all(
        EventJurisdiction(number=event.number, jurisdiction=code, because=why, at=at)
        for code, why in new.items()
    )
    db.flush()
    return sorted(new)


def ask_in(db: Session, number: str, code: str, *, at: datetime) -> None:
    """Have an event decided on in one more jurisdiction, where somebody does so. Flushes."""
    if code not in jurisdictions_of(db, number):
        row = EventJurisdiction(number=number, jurisdiction=code, because="chosen", at=at)
        db.add(row)
        db.flush()


def jurisdictions_of(db: Session, number: str) -> dict[str, str]:
    """Return where an event is decided on, and why there, by code."""
    rows = db.scalars(select(EventJurisdiction).where(EventJurisdiction.number == number))
    return {one.jurisdiction: one.because for one in rows}


def where_for(event: ReportedEvent, code: str) -> str:
    """Say whether an event happened in a jurisdiction or abroad; not known counts as here."""
    if event.country is None:
        return HERE
    return HERE if law.of_country(event.country).code == code else ABROAD


def _reached(db: Session, event: ReportedEvent) -> dict[str, str]:
    why = "authorised" if event.part_id is not None else "device_unknown"
    found = dict.fromkeys(_codes(_authorised(db, event.part_id)), why)
    if event.country is not None:
        found[law.of_country(event.country).code] = "happened"
    return found or {one.code: "nothing_known" for one in law.listed()}


def _codes(countries: Iterable[str]) -> Iterable[str]:
    return sorted({law.of_country(country).code for country in countries})


def _authorised(db: Session, part_id: int | None) -> set[str]:
    """Return the countries where a part, or any of ours, could ever be sold: it is still in use."""
    rows = select(MarketAuthorisation.country)
    if part_id is not None:
        rows = rows.where(MarketAuthorisation.part_id == part_id)
    return set(db.scalars(rows.distinct()))
