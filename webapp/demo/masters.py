"""The demo company's agreements with suppliers, a few changes of master data, and its reports."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials import authorisations, master, parties, reports
from engine.serials.asking import Asked, Filter
from engine.serials.models import Location, Part, Party, SupplierAgreement
from webapp.demo import catalogue as cat
from webapp.demo.stage import Stage
from webapp.demo.timeline import Telling

BUYER, REGULATORY = "ines.kruger", "sofia.lindgren"
ENGINEER, CHINESE_ENGINEER = "daniel.brandt", "chen.xiaoyu"
# part, what one costs, currency, what the supplier calls it
AGREED = (
    (cat.BOARD, "84.60", "EUR", "CE-4410-B"),
    (cat.SENSOR, "31.25", "CHF", "HS220/5"),
    (cat.BATTERY, "22.90", "EUR", "VC37-P"),
    (cat.MOTOR, "18.40", "EUR", "DA-12.6"),
    (cat.HOUSING, "6.15", "GBP", "LM-FW-301"),
    (cat.SPRING, "0.0825", "EUR", "F-0917"),
    (cat.TUBE, "0.31", "EUR", "PX-30/41"),
    (cat.CHAMBER, "0.86", "CNY", "QL-DC20"),
    (cat.FILTER, "1.42", "CNY", "HM-15"),
    (cat.LUER, "0.39", "CNY", "QL-LL6"),
    (cat.FILM, "0.118", "EUR", "PW-80T"),
)
# part, country, kind of licence, its number, who answers for it there, valid for how many years
LICENCES = (
    (cat.V3, "DE", "CE certificate", "CE 741203", "FENW", 5),
    (cat.V3, "CN", "注册证", "国械注进20263140117", "FENW-SZ", 5),
    (cat.S7, "DE", "CE certificate", "CE 741204", "FENW", 5),
    (cat.SET, "DE", "CE certificate", "CE 741377", "FENW", 5),
    (cat.SET, "CN", "注册证", "苏械注准20262140038", "FENW-SZ", 5),
    (cat.NEO_SET, "CN", "注册证", "苏械注准20262140039", "FENW-SZ", 1),
    (cat.DARK_SET, "CN", "注册证", "苏械注准20262140041", "FENW-SZ", 5),
    (cat.LINE_30, "CN", "注册证", "苏械注准20262140042", "FENW-SZ", 5),
)
# how many days ago, who, what, its number, what changed, why
CHANGES: tuple[tuple[int, str, str, str, dict[str, Any], str], ...] = (
    (
        40,
        ENGINEER,
        "part",
        cat.V3,
        {"revision": "C"},
        "ECO-0231: quieter door latch, drawing revised",
    ),
    (
        33,
        BUYER,
        "party",
        "LUXM",
        {"telephone": "+44 1482 496 0117", "language": "en"},
        "New number of their sales office",
    ),
    (
        21,
        BUYER,
        "supplier_agreement",
        cat.BOARD,
        {"price": Decimal("87.10")},
        "Copper surcharge from the second half of the year",
    ),
    (
        12,
        CHINESE_ENGINEER,
        "location",
        cat.SUZHOU_CAGE,
        {"name": "苏州隔离区（二楼） Suzhou, quarantine area, 2nd floor"},
        "隔离区已搬至二楼",
    ),
)
QUESTIONS = (
    # whose, name, what is asked, how often it is mailed and as what
    (
        ENGINEER,
        "Stock that is not released, by place",
        Asked(
            "stock",
            ("quantity",),
            (
                Filter("usability", "one_of", ("unreleased", "nonconforming")),
                Filter("quantity", "between", ("1", "1000000")),  # rows that are used up stay
            ),
            ("location", "lot_no.part_no", "usability"),
        ),
        "weekly",
        "xlsx",
    ),
    (
        CHINESE_ENGINEER,
        "器械批的失效日期",
        Asked(
            "lot",
            ("lot_no", "part_no", "part_no.name_zh", "expires_on"),
            (Filter("part_no.kind", "is", ("device",)), Filter("expires_on", "not_empty")),
        ),
        "monthly",
        "pdf",
    ),
    (
        BUYER,
        "What we pay our suppliers",
        Asked(
            "supplier_agreement",
            ("supplier", "supplier.name", "part_no", "part_no.name", "price", "currency"),
        ),
        "monthly",
        "csv",
    ),
)


def agree(db: Session, *, by: Person, at: datetime) -> None:
    """Agree on a price with the supplier of every part that is bought."""
    found = {part.part_no: part for part in db.scalars(select(Part))}
    for part_no, price, currency, theirs in AGREED:
        parties.agree_with_supplier(
            db,
            found[part_no].id,
            found[part_no].manufacturer_id,
            valid_from=date(at.year, at.month, 1),
            price=Decimal(price),
            currency=currency,
            supplier_part_no=theirs,
            by=by,
            at=at,
        )


def authorise(db: Session, *, by: Person, at: datetime) -> None:
    """Describe the licences under which the devices are sold."""
    parts = {part.part_no: part.id for part in db.scalars(select(Part))}
    holders = {party.code: party.id for party in db.scalars(select(Party))}
    for part_no, country, kind, number, agent, years in LICENCES:
        authorisations.authorise(
            db,
            parts[part_no],
            country,
            licence_kind=kind,
            licence_no=number,
            holder_id=holders[cat.MAKER],
            agent_id=holders[agent] if agent != cat.MAKER else None,
            valid_from=date(at.year, at.month, 1),
            valid_until=date(at.year + years, at.month, 1),
            by=by,
            at=at,
        )


def keep(stage: Stage, present: datetime) -> Telling:
    """Change master data as it changes in a company, and save the reports people look at."""
    for days_ago, user_name, kind, which, changes, reason in CHANGES:
        yield present - timedelta(days=days_ago)
        record_id = _id(stage, kind, which)
        with stage.holdfast.database.begin() as db:
            by = stage.who(user_name)
            master.change(db, kind, record_id, changes, reason=reason, by=by, at=stage.at)
    yield present - timedelta(days=9)
    _save_reports(stage)


def _id(stage: Stage, kind: str, name: str) -> int:
    """Return a record by the number it goes by; an agreement by its part's."""
    where = {
        "part": select(Part.id).where(Part.part_no == name),
        "party": select(Party.id).where(Party.code == name),
        "location": select(Location.id).where(Location.code == name),
        "supplier_agreement": select(SupplierAgreement.id)
        .join(Part, Part.id == SupplierAgreement.part_id)
        .where(Part.part_no == name),
    }[kind]
    return stage.reads(lambda db: db.scalars(where).one())


def _save_reports(stage: Stage) -> None:
    with stage.holdfast.database.begin() as db:
        for user_name, name, asked, every, format_ in QUESTIONS:
            by = stage.who(user_name)
            draft = reports.Draft(name, asked, is_shared=True)
            report = reports.save(db, draft, by=by, at=stage.at)
            reports.schedule(db, report.id, every=every, format=format_, by=by, at=stage.at)
