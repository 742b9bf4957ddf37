"""Rows of recall contacts: new, as recorded, or reached again since."""

from typing import Any

from sqlalchemy import select

from engine.serials.dictionary.reading import is_address
from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known
from engine.serials.intake.referring.naming import JOIN, Groups, party_of, refuse_future
from engine.serials.models import RecallContact
from engine.serials.sets import id_set


def of_contacts(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold contacts against those of their party, role, channel and address."""
    party_of(c, known, "party")
    refuse_future(c, known, "verified_on")
    roles, channels, addresses = c.column("role"), c.column("channel"), c.column("address")
    keys: list[tuple[Any, ...]] = list(
        zip(c.refers["party_id"], roles, channels, addresses, strict=True)
    )
    c.keys = [JOIN.join(map(str, key)) for key in keys]
    for place in range(len(c)):
        if channels[place] == "email" and not is_address(addresses[place]):
            c.wrong(place, "address", "not_an_address", value=addresses[place])
    rows = select(RecallContact).where(
        RecallContact.party_id.in_(id_set(known.db, {one for one, *_ in keys if one})),
        RecallContact.ended_at.is_(None),
    )
    there = {
        (one.party_id, one.role, one.channel, one.address): one for one in known.db.scalars(rows)
    }
    for place in c.sound():
        recorded = there.get(keys[place])
        if recorded is not None:
            _compare(c, place, recorded)


def _compare(c: Chunk, place: int, recorded: RecallContact) -> None:
    c.refers["other_id"][place] = recorded.id
    differing = [
        name for name in ("name", "language") if c.column(name)[place] != getattr(recorded, name)
    ]
    day = c.column("verified_on")[place]
    is_later = day and (
        recorded.verified_at is None or day > recorded.verified_at.date().isoformat()
    )
    if differing:
        value, fields = c.column("address")[place], ", ".join(differing)
        c.wrong(place, differing[0], "differs", value=value, fields=fields)
    else:
        c.states[place] = "fill" if is_later else "same"
