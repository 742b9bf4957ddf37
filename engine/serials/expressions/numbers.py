"""A number by itself: a lot, a unit, or what the words before it say it is."""

from engine.serials.expressions import described, groups, labels, sentences as say
from engine.serials.expressions.looking import sscc_in
from engine.serials.expressions.matches import one_match, which
from engine.serials.expressions.saying import Said
from engine.serials.expressions.state import FACTS, PLACES, Reading
from engine.serials.expressions.unrecorded import unrecorded
from engine.serials.named import Match


def number(reading: Reading, said: Said) -> None:
    """Take a number as what the words before it say it is, or look what it is."""
    token = said.value
    if reading.is_beginning and reading.context in ("", "lot", "serial"):
        groups.groups(reading, said, beginning=token)
    elif reading.context in FACTS:
        described.fact(reading, said)
    elif reading.context in PLACES:
        described.place(reading, said)
    elif reading.context == "work_order" and token in reading.recorded.orders:
        reading.named(said, say.WORK_ORDER, ({"work_order": {"number": token}},))
    elif reading.context == "di" or (reading.context == "part" and token in reading.recorded.parts):
        labels.part(reading, said, token)
    else:
        _lot_or_unit(reading, said)


def _lot_or_unit(reading: Reading, said: Said) -> None:
    token, known = said.value, reading.recorded
    lots = reading.of_part(known.lots.get(token, ()))
    units = reading.of_part(known.units.get(token, ()))
    if reading.context == "lot" and lots:
        units = []
    if reading.context == "serial" and units:
        lots = []
    matches = [*lots, *units]
    if len(matches) == 1 and _is_as_said(reading, matches[0]):
        one_match(reading, said, matches[0])
    elif matches:
        which(reading, said, matches)
    elif outside := [*known.lots.get(token, ()), *known.units.get(token, ())]:
        named = reading.part.text if reading.part else ""
        which(reading, said, outside, say.OTHER_PART, (("part", named),))
    elif token in known.orders and reading.context in ("", "work_order"):
        reading.named(said, say.WORK_ORDER, ({"work_order": {"number": token}},))
    elif token in known.parts and not reading.context:
        labels.part(reading, said, token)
    elif not labels.container(reading, said, sscc_in(token)):
        unrecorded(reading, said)


def _is_as_said(reading: Reading, match: Match) -> bool:
    """Say whether a thing is of the kind, and of the part, that the words before it name."""
    if reading.part is not None and reading.part.term is None:
        return False
    return reading.context not in ("lot", "serial") or (reading.context == "lot") == (
        match.kind == "lot"
    )
