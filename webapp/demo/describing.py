"""Describing what the demo company knows: parties, their places, parts, and the hospitals."""

from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import parties
from engine.serials.models import Party
from engine.serials.record import How
from webapp.demo import catalogue as cat


def lay_catalogue(db: Session, **how: Unpack[How]) -> None:
    """Describe parties, places and parts."""
    for code, name, kind, country, address in cat.OWN:
        parties.add_party(db, code, name, kind=kind, country=country, address=address, **how)
    for code, name, country in cat.SUPPLIERS:
        party = parties.add_party(
            db,
            code,
            name,
            kind="supplier",
            country=country,
            email=f"quality@{code.lower()}.example",
            **how,
        )
        parties.add_location(db, party.id, f"{code}-1", name, kind="warehouse", **how)
    known = {party.code: party.id for party in db.scalars(select(Party))}
    for party_code, code, name, kind in cat.PLACES:
        parties.add_location(db, known[party_code], code, name, kind=kind, **how)
    for item in cat.PARTS:
        parties.add_part(
            db,
            known[item.maker],
            item.part_no,
            item.name,
            control=item.control,
            kind=item.kind,
            name_zh=item.name_zh,
            di=item.di,
            **how,
        )


def lay_hospitals(db: Session, **how: Unpack[How]) -> None:
    """Describe the hospitals that are shipped to, each with its receiving store."""
    for country, names in cat.HOSPITALS.items():
        for number, name in enumerate(names.split(", "), start=1):
            code = f"{country}-{number:02d}"
            party = parties.add_party(
                db,
                code,
                name,
                kind="consignee",
                country=country,
                language="zh" if country == "CN" else "en",
                email=f"devices@{code.lower()}.example",
                **how,
            )
            parties.add_location(
                db, party.id, f"{code}-S", f"{name}, store", kind="consignee", **how
            )
