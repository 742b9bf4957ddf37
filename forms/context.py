"""What a form may ask of the world while it reads answers: functions, never a database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from forms import words


@dataclass(frozen=True)
class UnitFound:
    """A unit the serial store knows."""

    unit_id: int
    serial: str
    part_no: str


@dataclass(frozen=True)
class LotFound:
    """A lot the serial store knows."""

    lot_id: int
    lot_number: str
    part_no: str
    uom: str = "each"


@dataclass(frozen=True)
class Stock:
    """One unit, or a quantity of one lot; `key` names it within the case.

    It lies at `location`, or, where that is several, at `places` with how much lies at each.
    """

    key: str
    part_no: str
    location: str = ""
    quantity: Decimal = Decimal(1)
    uom: str = "each"
    unit: UnitFound | None = None
    lot: LotFound | None = None
    places: tuple[tuple[str, Decimal], ...] = ()

    @property
    def name(self) -> str:
        """Say which unit or lot this is, as its label reads."""
        if self.unit is not None:
            return self.unit.serial
        return self.lot.lot_number if self.lot is not None else self.key


@dataclass(frozen=True)
class Description:
    """Something a case was told of that nobody could identify; how many, if somebody knew."""

    subject_id: int
    words: str
    quantity: Decimal | None = None


@dataclass(frozen=True)
class PersonFound:
    """A person who may be named in an answer."""

    person_id: int
    name: str


@dataclass(frozen=True)
class Attachment:
    """A file that is already stored under its sha256."""

    sha256: str
    name: str
    media_type: str
    bytes: int


@dataclass(frozen=True)
class ScopeQuestion:
    """What only a person can say about a piece of a scope's text, in their language."""

    key: str
    text: str
    words: str
    choices: tuple[tuple[str, str], ...]  # value and words
    answer: str | None = None


@dataclass(frozen=True)
class ScopeRead:
    """How a text was read: the expression, what it comes to now, and what is left to say."""

    expression: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, object] = field(default_factory=dict)
    understood: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    questions: tuple[ScopeQuestion, ...] = ()


ReadScope = Callable[[str, Mapping[str, str]], ScopeRead]
FindUnits = Callable[[Sequence[str]], Mapping[str, Sequence[UnitFound]]]
FindLots = Callable[[Sequence[str]], Mapping[str, Sequence[LotFound]]]


def _found_nothing(texts: Sequence[str]) -> dict[str, Sequence[object]]:
    return {}


@dataclass(frozen=True)
class Context:
    """The functions a form reads answers with; every default is harmlessly empty.

    `find_units` and `find_lots` take the texts as scanned (serials, lot numbers, UDI strings) and
    answer all of them at once. `pending` is what is held in the case and not yet dispositioned,
    `expected` what should stand in quarantine, `pieces` what is to be sorted, `unidentified` what
    was described and nobody has identified yet. `listed` are the values and words of a list
    that the case offers at this step. `read_scope` reads a text as a trace would, with what was
    answered to its questions.
    """

    language: str = words.ENGLISH
    zone: str = "UTC"
    now: datetime | None = None
    find_units: FindUnits = _found_nothing  # type: ignore[assignment]  # stands in for either search
    find_lots: FindLots = _found_nothing  # type: ignore[assignment]  # stands in for either search
    listed: Callable[[str], Sequence[tuple[str, str]]] = field(default=lambda _name: ())
    read_scope: ReadScope = field(default=lambda _text, _answers: ScopeRead())
    has_wrong_check_digit: Callable[[str], bool] = field(default=lambda _text: False)
    pending: Callable[[], Sequence[Stock]] = tuple
    expected: Callable[[], Sequence[Stock]] = tuple
    pieces: Callable[[], Sequence[Stock]] = tuple
    unidentified: Callable[[], Sequence[Description]] = tuple
    people: Callable[[str | None], Sequence[PersonFound]] = field(default=lambda _role: ())
    attachment: Callable[[str], Attachment | None] = field(default=lambda _sha256: None)

    def say(self, text: str, **facts: object) -> str:
        """Return `text` in the reader's language, with its facts filled in."""
        return words.say(text, self.language) % facts if facts else words.say(text, self.language)
