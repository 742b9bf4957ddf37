"""Labels and parts: a label names a unit, a lot or a part; a part tells numbers apart."""

from engine.errors import Problem
from engine.serials.expressions import sentences as say
from engine.serials.expressions.matches import one_match, which
from engine.serials.expressions.saying import Said
from engine.serials.expressions.state import Element, Mention, Reading, facts_of, term_of
from engine.serials.expressions.understood import LEAVE, Choice
from engine.serials.find import Found
from engine.serials.identifiers import parse
from engine.serials.named import Match


def label(reading: Reading, said: Said, found: Found) -> None:
    """Take a label for what it names here, or say what is wrong with it."""
    reading.context = "" if reading.context == "di" else reading.context
    if (sscc := parse(said.value).sscc) and container(reading, said, sscc):
        return
    if found.problem is not None and not found.matches:
        problem = Problem(f"{said.start}-{said.end}", found.problem.sentence, found.problem.facts)
        reading.piece(said, "not_recorded", problem.sentence, problem.facts, problem=problem)
        told = parse(said.value)
        if told.is_label and not (told.lot_no or told.serial):
            reading.part = Mention(None, told.di or said.value)
        return
    if len(found.matches) == 1 and found.problem is None:
        match = found.matches[0]
        if match.kind == "part":
            _mention(reading, said, match)
        else:
            one_match(reading, said, match)
        return
    if found.problem is not None:
        which(reading, said, found.matches, found.problem.sentence, found.problem.facts)
    else:
        which(reading, said, found.matches, say.SAME_NUMBER)


def container(reading: Reading, said: Said, sscc: str | None) -> bool:
    """Take a carton or pallet for all that is or was in it."""
    known = reading.recorded.containers.get(sscc) if sscc else None
    if known is None:
        return False
    term = {"container": {"id": known, "number": sscc}}
    reading.named(said, say.CONTAINER, (term,), (("number", sscc),))
    return True


def part(reading: Reading, said: Said, token: str) -> None:
    """Take a part number or device identifier: the numbers after it are of this part."""
    matches = reading.recorded.parts.get(token, ())
    if not matches:
        reading.part = Mention(None, token)
        reading.missing(said, say.NOT_RECORDED_AS["part"])
    elif len(matches) == 1:
        _mention(reading, said, matches[0])
    else:
        choices = (
            *(
                Choice(f"part:{m.id}", say.THIS["part"], facts_of(m), (term_of(m),))
                for m in matches
            ),
            Choice(LEAVE, say.LEAVE_OUT),
        )
        question = reading.question("part", said, say.SAME_PART_NUMBER, (), choices)
        reading.asked(said, question, is_kept=False)
        chosen = question.chosen
        if chosen and chosen.terms:
            reading.part = Mention(chosen.terms[0], token)
            reading.elements.append(Element("part", chosen.terms, mention=reading.part))


def _mention(reading: Reading, said: Said, match: Match) -> None:
    reading.part = Mention(term_of(match), reading.said_text(said))
    reading.piece(said, "understood", say.AS["part"], facts_of(match), terms=(term_of(match),))
    reading.elements.append(Element("part", (term_of(match),), mention=reading.part))
