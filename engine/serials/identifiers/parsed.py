"""What one text came to once it was read, and the sentences about what is wrong with it."""

import unicodedata
from dataclasses import dataclass
from datetime import date

from engine.errors import Problem
from engine.words import N_

WRONG_CHECK_DIGIT = N_(
    "The check digit of %(di)s is wrong. Scan the label again, or type the number as printed"
)
UNREADABLE = N_(
    "“%(text)s” is not a complete device label. Scan it again, or type the serial number"
)
WRITTEN_TWICE = N_("“%(text)s” can be read in two ways. Scan the label instead of typing it")
SECOND_CODE = N_(
    "“%(text)s” is the second code of a label and does not say which device it is. "
    "Scan the first code too"
)
Elements = tuple[tuple[str, str], ...]


class Broken(ValueError):
    """This text is not what it looks like; `sentence` says why where there is more to say."""

    def __init__(self, sentence: str = UNREADABLE, **facts: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = facts


@dataclass
class Said:
    """What the label of an agency other than GS1 says, while it is read."""

    di: str | None = None
    lot_no: str | None = None
    serial: str | None = None
    made_on: date | None = None
    expires_on: date | None = None
    elements: Elements = ()


@dataclass(frozen=True)
class Parsed:
    """What one text says: a label's parts, or a plain number that may be a serial or a lot.

    `scheme` is gs1, hibc, iccbba, own (a link of ours) or plain; `elements` are the label's
    elements as they stand on it, in order, by their application or data identifiers.
    """

    text: str
    di: str | None = None
    lot_no: str | None = None
    serial: str | None = None
    made_on: date | None = None
    expires_on: date | None = None
    problem: Problem | None = None
    line: int = 1
    scheme: str = "plain"
    issuer: str | None = None
    sscc: str | None = None
    gln: str | None = None
    site: str | None = None  # whose link of our own kind this is: "https://holdfast.example.com"
    maker: str | None = None
    part_no: str | None = None
    location: str | None = None
    elements: Elements = ()

    @property
    def is_label(self) -> bool:
        """Say whether this was a device label (UDI) and not a plain number."""
        return self.di is not None


def standard(text: str) -> str:
    """Return a number as we keep it: NFC, trimmed, nothing else."""
    return unicodedata.normalize("NFC", text).strip()
