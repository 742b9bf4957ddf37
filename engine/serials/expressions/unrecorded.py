"""What is not recorded as typed: a range after all, a slip of the hand, or only words."""

from sqlalchemy import select

from engine.serials.expressions import described, sentences as say
from engine.serials.expressions.groups import range_inside
from engine.serials.expressions.saying import Said
from engine.serials.expressions.state import Mention, Reading, facts_of, term_of
from engine.serials.expressions.understood import LEAVE, Choice
from engine.serials.models import Lot, Part, Party
from engine.serials.near import near
from engine.serials.parties import UNKNOWN

MOST_NEAR = 20  # “did you mean” costs a look for each


def unrecorded(reading: Reading, said: Said) -> None:
    """Ask what was meant, where that can be asked; else say that it is not recorded."""
    token = said.value
    if described.lone(reading, said) or _is_unknown(reading, said):
        return
    if range_inside(reading, said) or _slash_inside(reading, said):
        return
    if reading.context == "part":
        reading.part = Mention(None, token)
    if not any(one.isdigit() for one in token):
        _unread(reading, said)
    elif not (_is_near(reading, said) or _may_be_unknown(reading, said)):
        reading.missing(said, say.NOT_RECORDED_AS.get(reading.context, say.NOT_RECORDED))


def _is_near(reading: Reading, said: Said) -> bool:
    """Ask whether something that is written nearly so is meant."""
    if reading.near_count >= MOST_NEAR:
        return False
    reading.near_count += 1
    meant = near(reading.db, said.value)
    if not meant:
        return False
    choices = (
        *(
            Choice(f"{m.kind}:{m.id}", say.THIS[m.kind], facts_of(m), (term_of(m),))
            for m in meant[:6]
        ),
        Choice(LEAVE, say.LEAVE_UNRECORDED),
    )
    reading.asked(said, reading.question("near", said, say.DID_YOU_MEAN, (), choices))
    return True


def _may_be_unknown(reading: Reading, said: Said) -> bool:
    """Ask about the UNKNOWN lots of a part: a lot that nobody noted may have been this one."""
    if reading.context != "lot" or reading.part is None or reading.part.term is None:
        return False
    part = reading.part.term["part"]
    unknown = reading.db.execute(
        select(Lot.id, Lot.lot_no).where(Lot.part_id == part["id"], Lot.is_unknown)
    ).all()
    if not unknown:
        return False
    terms = tuple(
        {"lot": {"id": row.id, "number": row.lot_no, "part": part["number"], "maker": None}}
        for row in unknown
    )
    choices = (Choice("unknown", say.TAKE_UNKNOWN, (), terms), Choice(LEAVE, say.LEAVE_OUT))
    facts = (("part", part["number"]),)
    reading.asked(said, reading.question("unknown", said, say.MAY_BE_UNKNOWN, facts, choices))
    return True


def _is_unknown(reading: Reading, said: Said) -> bool:
    """Ask of which part the lots that nobody noted are meant."""
    if said.value.upper() != UNKNOWN and said.value != "未知":
        return False
    rows = reading.db.execute(
        select(Lot.id, Lot.lot_no, Part.id.label("part_id"), Part.part_no, Party.name)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Lot.manufacturer_id)
        .where(Lot.is_unknown)
        .order_by(Part.part_no, Lot.id)
    ).all()
    if reading.part is not None and reading.part.term is not None:
        wanted = reading.part.term["part"]["id"]
        rows = [one for one in rows if one.part_id == wanted]
    if not rows:
        return False
    choices = [
        Choice(
            f"lot:{one.id}",
            say.UNKNOWN_OF,
            (("part", one.part_no), ("maker", one.name)),
            (
                {
                    "lot": {
                        "id": one.id,
                        "number": one.lot_no,
                        "part": one.part_no,
                        "maker": one.name,
                    }
                },
            ),
        )
        for one in rows
    ]
    if len(choices) > 1:
        terms = tuple(term for one in choices for term in one.terms)
        choices.append(Choice("all", say.ALL_OF_THEM, (), terms))
    choices.append(Choice(LEAVE, say.LEAVE_OUT))
    reading.asked(said, reading.question("unknown", said, say.WHICH_UNKNOWN, (), tuple(choices)))
    return True


def _slash_inside(reading: Reading, said: Said) -> bool:
    pieces = [one for one in said.value.split("/") if one]
    if len(pieces) < 2 or not all(reading.recorded.knows(one) for one in pieces):
        return False
    matches = [
        match
        for one in pieces
        for match in (*reading.recorded.lots.get(one, ()), *reading.recorded.units.get(one, ()))
    ]
    terms = tuple(term_of(one) for one in matches)
    named = ", ".join(pieces)
    choices = (
        *((Choice("ends", say.ONLY_THESE, (("named", named),), terms),) if terms else ()),
        Choice(LEAVE, say.LEAVE_OUT),
    )
    reading.asked(said, reading.question("slash", said, say.SLASH, (), choices))
    return True


def _unread(reading: Reading, said: Said) -> None:
    """Ask about words that nobody recorded; words side by side are asked about once."""
    before = reading.pieces[-1] if reading.pieces else None
    earlier = reading.pieces[-2] if len(reading.pieces) > 1 else None
    is_next = (
        before is not None
        and earlier is not None
        and before.kind == "blank"
        and before.text.strip(" ") == ""
        and earlier.question is not None
        and earlier.question.key.startswith("unread")
    )
    if is_next and earlier is not None:
        del reading.pieces[-2:]
        said = Said(earlier.start, said.end, "number", reading.text[earlier.start : said.end])
    if reading.context not in ("lot", "serial"):
        reading.context = ""
    choices = (Choice(LEAVE, say.LEAVE_WORDS),)
    reading.asked(said, reading.question("unread", said, say.NOT_UNDERSTOOD, (), choices))
