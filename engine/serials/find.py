"""From what a person scanned or typed to what we have: units, lots and parts, or a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import named
from engine.serials.identifiers import Parsed, parse, parse_many
from engine.serials.named import Match, Named, Recorded
from engine.words import N_

__all__ = ["Found", "Match", "look_up", "look_up_column", "resolve", "resolve_many"]

NOT_RECORDED = N_(
    "There is nothing recorded under “%(text)s”. Check the number, or report it as unidentified"
)
OF_ANOTHER_LOT = N_(
    "Serial number %(serial)s is recorded in lot %(lot)s, not in lot %(said)s. Check the label"
)
OF_ANOTHER_PART = N_(
    "The label says part %(said)s, but %(number)s is recorded only for part %(part)s. "
    "Check the label"
)
DI_NOT_RECORDED = N_("The device identifier %(di)s is not one of ours. Check the label")
NOT_A_DEVICE = N_(
    "“%(text)s” is the label of a place, not of a device. Scan the device's own label"
)
OF_ANOTHER_SITE = N_("This label was printed by %(site)s, not here. Type the serial or lot number")
EXPIRES_OTHERWISE = N_("Lot %(lot)s is recorded as expiring on %(expiry)s, the label says %(said)s")


Own: TypeAlias = Mapping[tuple[str, str], Match]  # by the maker's code and the part number


@dataclass(frozen=True)
class Found:
    """What one text came to: the matches, and what to tell the person when something is wrong."""

    text: str
    matches: tuple[Match, ...] = ()
    problem: Problem | None = None
    line: int = 1


def resolve(db: Session, text: str) -> list[Match]:
    """Return what `text` may mean: serial, lot number, label (UDI), Digital Link, other name.

    A label's units come before its lot; a wrong check digit matches nothing. `look_up` also
    says what is wrong.
    """
    return list(look_up(db, text).matches)


def look_up(db: Session, text: str) -> Found:
    """Return the matches of one text and the sentence about what is wrong with it."""
    return resolve_many(db, [text])[0]


def look_up_column(db: Session, text: str) -> list[Found]:
    """Return what a pasted column comes to, line by line."""
    return _found(db, parse_many(text))


def resolve_many(db: Session, texts: Sequence[str]) -> list[Found]:
    """Return what each text comes to, in order; the same few queries for one and for thousands."""
    return _found(db, [parse(text) for text in texts])


def _found(db: Session, said: Sequence[Parsed]) -> list[Found]:
    good = [one for one in said if one.problem is None]
    # what is no label after all may be a serial that looks like one
    written = {one.text for one in said if not one.is_label}
    recorded = named.recorded(
        db,
        units=written | {one.serial for one in good if one.serial},
        lots=written | {one.lot_no for one in good if one.lot_no},
        parts=written | {one.di for one in good if one.di},
        others=written,
    )
    own = named.own_parts(db, {(one.maker, one.part_no) for one in good if one.maker})
    return [_one(db, one, recorded, own) for one in said]


def _one(db: Session, one: Parsed, recorded: Recorded, own: Own) -> Found:
    if one.problem is None and one.is_label:
        part = next(iter(recorded.parts.get(one.di or "", ())), None)
        return _label_found(one, part, recorded.units, recorded.lots)
    if one.problem is None and one.scheme == "own" and one.location is None:
        return _own_found(db, one, recorded, own)
    found = _plain_found(one, recorded)
    if found.matches or one.problem is None:
        return found
    return Found(one.text, problem=one.problem, line=one.line)


def _plain_found(one: Parsed, recorded: Recorded) -> Found:
    sources = (recorded.units, recorded.lots, recorded.others, recorded.parts)
    names = dict.fromkeys(name for name in (one.text, one.serial, one.lot_no) if name)
    found = [match for each in sources for name in names for match in each.get(name, ())]
    if found:
        return Found(one.text, tuple(dict.fromkeys(found)), None, one.line)
    sentence = NOT_A_DEVICE if one.gln or one.location else NOT_RECORDED
    return Found(one.text, (), Problem("", sentence, (("text", one.text),)), one.line)


def _own_found(db: Session, one: Parsed, recorded: Recorded, own: Own) -> Found:
    """Find what a link of our own names; one of another site names nothing here."""
    if one.site != db.info.get("site_url"):
        return Found(one.text, (), Problem("", OF_ANOTHER_SITE, (("site", one.site),)), one.line)
    part = own.get((one.maker or "", one.part_no or ""))
    if part is None:
        return Found(one.text, (), Problem("", NOT_RECORDED, (("text", one.text),)), one.line)
    return _label_found(one, part, recorded.units, recorded.lots)


def _label_found(one: Parsed, part: Match | None, units: Named, lots: Named) -> Found:
    if part is None:
        return Found(one.text, (), Problem("", DI_NOT_RECORDED, (("di", one.di),)), one.line)

    recorded = units.get(one.serial, ()) if one.serial else lots.get(one.lot_no or "", ())
    of_part = [match for match in recorded if match.part_id == part.part_id]
    if recorded and not of_part:
        return _of_another_part(one, part, recorded[0])
    if one.serial:
        return _serial_found(one, of_part)
    if one.lot_no:
        return _lot_found(one, of_part)
    return Found(one.text, (part,), None, one.line)


def _of_another_part(one: Parsed, said: Match, recorded: Match) -> Found:
    facts = (("number", recorded.label), ("said", said.part_no), ("part", recorded.part_no))
    return Found(one.text, (), Problem("", OF_ANOTHER_PART, facts), one.line)


def _serial_found(one: Parsed, units: list[Match]) -> Found:
    if not units:
        return Found(one.text, (), Problem("", NOT_RECORDED, (("text", one.serial),)), one.line)

    recorded = units[0].lot_no
    if one.lot_no and recorded and recorded != one.lot_no:
        facts = (("serial", one.serial), ("lot", recorded), ("said", one.lot_no))
        return Found(one.text, (), Problem("", OF_ANOTHER_LOT, facts), one.line)
    return Found(one.text, tuple(units), None, one.line)


def _lot_found(one: Parsed, lots: list[Match]) -> Found:
    if not lots:
        return Found(one.text, (), Problem("", NOT_RECORDED, (("text", one.lot_no),)), one.line)

    recorded = lots[0].expires_on
    if one.expires_on and recorded and recorded != one.expires_on:
        facts = (("lot", one.lot_no), ("expiry", recorded), ("said", one.expires_on))
        return Found(one.text, tuple(lots), Problem("", EXPIRES_OTHERWISE, facts), one.line)
    return Found(one.text, tuple(lots), None, one.line)
