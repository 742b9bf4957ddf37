"""One number that is recorded, once or more often: what it is, or which of them is meant."""

from collections.abc import Sequence

from engine.serials.expressions import sentences as say
from engine.serials.expressions.saying import Said
from engine.serials.expressions.state import Reading, facts_of, term_of
from engine.serials.expressions.understood import LEAVE, Choice, Facts
from engine.serials.named import Match


def matches_of(reading: Reading, number: str) -> list[Match]:
    """Return the lots and units recorded under a number, of the part that the text names."""
    known = reading.recorded
    return [
        *reading.of_part(known.lots.get(number, ())),
        *reading.of_part(known.units.get(number, ())),
    ]


def one_match(reading: Reading, said: Said, match: Match) -> None:
    """Take the one thing that is recorded under it."""
    reading.last_lots = [match] if match.kind == "lot" else []
    reading.named(said, say.AS[match.kind], (term_of(match),), facts_of(match))


def which(
    reading: Reading, said: Said, matches: Sequence[Match], sentence: str = "", facts: Facts = ()
) -> None:
    """Ask which of several things is meant, or whether the one that is not as said is."""
    if not sentence:
        kinds = {one.kind for one in matches}
        sentence = say.SAME_NUMBER if len(matches) > 1 else say.OTHER_KIND
        if len(matches) == 1 and reading.part is not None and reading.part.term is None:
            sentence, facts = say.PART_UNKNOWN, (("part", reading.part.text),)
        elif len(kinds) == 1 and kinds == {"lot"} and len(matches) > 1:
            sentence = say.SAME_LOT_NUMBER
    choices = [
        Choice(f"{one.kind}:{one.id}", say.THIS[one.kind], facts_of(one), (term_of(one),))
        for one in matches
    ]
    if len(matches) > 1:
        all_terms = tuple(term_of(one) for one in matches)
        choices.append(Choice("all", say.ALL_OF_THEM, (), all_terms))
    choices.append(Choice(LEAVE, say.LEAVE_OUT))
    question = reading.question("which", said, sentence, facts, tuple(choices))
    reading.asked(said, question)
    chosen = question.chosen
    reading.last_lots = [
        one for one in matches if chosen and term_of(one) in chosen.terms and one.kind == "lot"
    ]
