"""Reading a text as a whole: taken apart, looked up at once, decided piece by piece, joined."""

from collections.abc import Mapping
from datetime import UTC, tzinfo

from sqlalchemy.orm import Session

from engine.errors import Refused
from engine.serials.expressions.deciding import candidates, decide
from engine.serials.expressions.joining import join
from engine.serials.expressions.looking import recorded
from engine.serials.expressions.saying import taken_apart
from engine.serials.expressions.sheet import sheet
from engine.serials.expressions.state import Reading
from engine.serials.expressions.understood import Understood

MOST_LETTERS = 500_000  # some 50,000 serial numbers


class TextTooLong(Refused):
    """This text is longer than %(most)s characters. Trace it in parts, or by a range or a lot."""


def understand(
    db: Session, text: str, *, answers: Mapping[str, str] | None = None, zone: tzinfo = UTC
) -> Understood:
    """Return how a text is understood here, piece by piece, and what is asked back.

    `answers` are those to earlier questions, by their keys; dates are days of `zone`. A fixed
    number of queries for the numbers, two for each range or beginning. Nothing is dropped: the
    pieces cover the text, and the expression keeps what was left out or is not recorded.
    """
    if len(text) > MOST_LETTERS:
        raise TextTooLong(most=f"{MOST_LETTERS:,}")

    given = answers or {}
    said = sheet(text) or taken_apart(text)
    known = recorded(db, candidates(text, said))
    reading = Reading(db, text, known, given, zone)
    decide(reading, said)
    expression, questions = join(reading.elements, given)
    left = [one.text for one in reading.pieces if one.kind == "left_out"]
    missing = [one.text for one in reading.pieces if one.kind == "not_recorded"]
    if left:
        expression["left_out"] = list(dict.fromkeys(left))
    if missing:
        expression["not_recorded"] = list(dict.fromkeys(missing))
    return Understood(text, tuple(reading.pieces), expression, questions)
