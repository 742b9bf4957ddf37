"""What is recorded under nearly the text that was typed, for "did you mean".

Serials and lots are never changed when they are looked up; this only suggests.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product

from sqlalchemy.orm import Session

from engine.serials import named
from engine.serials.identifiers import gtin_14
from engine.serials.named import Match

MOST_LETTERS = 8  # 2^8 ways to write them: one look into an index
DASHES = re.compile("[‐‑‒–—―−－]")


def near(db: Session, text: str) -> tuple[Match, ...]:
    """Return what is recorded under nearly `text`: other case, full width, unseen characters,
    another dash, spaces inside, a GTIN without its leading zeros. By index; nothing is scanned.
    """  # noqa: D205  the list is the sentence
    tried = {way for plain in _plain(text) for way in _cases(plain)} - {text, ""}
    if gtin := gtin_14(text):
        tried.add(gtin)
    if not tried:
        return ()

    sources = (named.units(db, tried), named.lots(db, tried), named.parts(db, tried))
    return tuple(dict.fromkeys(_all(sources)))


def _all(sources: Iterable[named.Named]) -> Iterator[Match]:
    for source in sources:
        for matches in source.values():
            yield from matches


def folded(text: str) -> str:
    """Return what two texts that a person takes for the same have in common."""
    dashed = DASHES.sub("-", visible(unicodedata.normalize("NFKC", text)))
    return "".join(dashed.split()).casefold()


def visible(text: str) -> str:
    """Return a text without characters nobody can see: controls, joiners, marks of order."""
    return "".join(one for one in text if unicodedata.category(one) not in ("Cc", "Cf", "Co"))


def _plain(text: str) -> set[str]:
    narrow = visible(unicodedata.normalize("NFKC", text)).strip()
    dashed = DASHES.sub("-", narrow)
    return {dashed, "".join(dashed.split())}


def _cases(text: str) -> set[str]:
    ways = [{one.lower(), one.upper()} for one in text]
    if any(len(way) > 1 and max(map(len, way)) > 1 for way in ways):  # ß is no letter of a serial
        return {text}
    letters = sum(len(way) > 1 for way in ways)
    if letters > MOST_LETTERS:
        return {text, text.upper(), text.lower()}
    return {"".join(one) for one in product(*ways)}
