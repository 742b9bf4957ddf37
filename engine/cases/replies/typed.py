"""From what was typed into the form to a reply: every problem at once, nothing refused as a fact.

A form names a unit `u7`, a quantity of a lot by its outcome `l7.used`, all the rest of a part and
lot `g3-9`, and what was scanned or pasted by its outcome `list.used`. What is on nobody's or on
another's list is kept as it was typed: it is not said which of the two it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from sqlalchemy.orm import Session

from engine.cases.replies import patients
from engine.cases.replies.given import Given, Instruction, Line
from engine.cases.replies.listed import Listed
from engine.cases.replies.models import OUTCOMES
from engine.errors import Invalid, Problem
from engine.serials.expressions.ranges import plain_range
from engine.serials.find import resolve_many
from engine.serials.identifiers import several
from engine.serials.scanned import counted
from engine.words import N_

Typed = Mapping[str, str]
ASKED = tuple(code for code in OUTCOMES if code != "none")  # of a unit; "none" is said of all
MOST = 5_000  # numbers of one form
LONGEST = {"note": 4_000, "list": 200_000}
LONG = 300
_RANGE = re.compile(r"^(\S+)\s*(?:\.\.|…|~|〜|至|到|\s-\s|\s–\s|\sto\s)\s*(\S+)$", re.IGNORECASE)
# what somebody meant as a quantity: `L7 x 12,000`, `L7 x -3`, `L7 x 1e9`
_MEANT = re.compile(r"\S\s+[x×*]\s*[-+−]?\d[\d.,'’ ]*(?:e[-+]?\d+)?$", re.IGNORECASE)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
MORE_THAN_ANY = 10**9

NAME_MISSING = N_("Enter your name")
ROLE_MISSING = N_("Enter what you do there, for example “pharmacist”")
CUSTOMER_MISSING = N_("Enter the name of your organisation")
NOTHING_SAID = N_("Say what became of at least one of them, or tick that you have none")
NONE_AND_SOME = N_("You ticked that you have none, and named some. Correct one of the two")
NOT_A_QUANTITY = N_("Enter a number above 0, or leave it empty")
NOT_A_COUNT = N_("Enter a whole number, or leave it empty")
IS_LISTED = N_("On your list")
IS_LOT = N_("On your list: write how many behind it, such as x 12")
IS_SEVERAL = N_("Names several things on your list. Scan the whole label")
NOT_LISTED = N_("Not on your list. We record it as it is and look into it")
SAID_TWICE = N_("“%(text)s” is under more than one answer. Leave it under one")
SEVERAL = N_("“%(text)s” names several things on your list. Scan the whole label")
COUNT_UNREAD = N_(
    "“%(text)s” has no quantity that can be read. Write a plain number above 0, such as "
    "L7 x 12000; what you cannot say so, say under Remarks"
)
RANGE_UNREAD = N_(
    "“%(text)s” is no range that can be read. Both ends begin alike and are equally long, such as "
    "A100 - A120; what you cannot say so, say under Remarks"
)
ONE_UNIT = N_(
    "“%(text)s” is one unit: leave the quantity out; what you cannot say so, say under Remarks"
)
TWO_WAYS = N_("“%(text)s” can be read in two ways. Write it without a comma")
TO_WHOM = N_("Enter to whom they were passed on")
TOO_MANY = N_("These are too many numbers at once. Send %(most)s at most")
TOO_LONG = N_("This is too long. Attach it as a file instead")


@dataclass
class _Taken:
    """What has been said so far: of units one outcome each, of lots quantities by outcome."""

    listed: Listed
    units: dict[int, str] = field(default_factory=dict)
    lots: dict[int, dict[str, Decimal]] = field(default_factory=dict)
    others: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def unit(self, unit_id: int, outcome: str, at: str, text: str) -> None:
        if self.units.setdefault(unit_id, outcome) != outcome:
            self.problems.append(Problem(at, SAID_TWICE, (("text", text),)))

    def lot(self, lot_id: int, outcome: str, quantity: Decimal) -> None:
        of_lot = self.lots.setdefault(lot_id, {})
        of_lot[outcome] = of_lot.get(outcome, Decimal(0)) + quantity

    def left_of(self, lot_id: int) -> Decimal:
        """Return how much of a lot nothing was said of yet."""
        said = sum(self.lots.get(lot_id, {}).values(), Decimal(0))
        return self.listed.lot_of[lot_id].quantity - said


def understood(
    db: Session,
    typed: Typed,
    listed: Listed,
    *,
    channel: str,
    language: str,
    at: datetime,
    instructions: Sequence[str] = (),
    is_customer: bool = False,
) -> Given:
    """Return the reply that was typed. Raises `Invalid` with every problem, in the form's order."""
    taken = _Taken(listed)
    _take_units(taken, typed)
    _take_lots(taken, typed)
    _take_lists(db, taken, typed)
    if not is_customer:  # the list is the distributor's: nobody else speaks of all of it
        _take_groups(taken, typed)
    lines, is_none = _lines(taken, typed, is_customer=is_customer)
    given = Given(
        channel=channel,
        name=_text(typed, "name"),
        role=_text(typed, "role"),
        language=language,
        received_at=at,
        lines=lines,
        customer=_text(typed, "customer") or None,
        contact=_text(typed, "contact") or None,
        instructions=tuple(
            Instruction(text, typed.get(f"i{n}") == "yes") for n, text in enumerate(instructions, 1)
        ),
        is_none=is_none,
        replacement=_text(typed, "replacement") or None,
        patients_informed_count=_count(taken, typed, "patients_informed"),
        customer_count=_count(taken, typed, "customer_count"),
        customer_informed_count=_count(taken, typed, "customer_informed"),
        customer_answered_count=_count(taken, typed, "customer_answered"),
        passed_on_to=_text(typed, "passed_on_to") or None,
        note=_text(typed, "note") or None,
    )
    taken.problems += _missing(given, typed, is_customer=is_customer)
    if taken.problems:
        raise Invalid(taken.problems)
    free = (given.note, given.replacement, given.passed_on_to, given.contact)
    return replace(given, warnings=patients.found_in(*free))


def _missing(given: Given, typed: Typed, *, is_customer: bool) -> Iterator[Problem]:
    if not given.lines and not given.is_none:
        yield Problem("units", NOTHING_SAID)
    if any(line.outcome == "passed_on" for line in given.lines) and not given.passed_on_to:
        yield Problem("passed_on_to", TO_WHOM)
    for name in ("note", *(f"list.{code}" for code in ASKED)):
        if len(typed.get(name, "")) > LONGEST[name.partition(".")[0]]:
            yield Problem(name, TOO_LONG)
    if is_customer and not given.customer:
        yield Problem("customer", CUSTOMER_MISSING)
    if not given.name:
        yield Problem("name", NAME_MISSING)
    if not given.role:
        yield Problem("role", ROLE_MISSING)


def _take_units(taken: _Taken, typed: Typed) -> None:
    for unit in taken.listed.units:
        outcome = typed.get(f"u{unit.id}", "")
        if outcome in ASKED:
            taken.units[unit.id] = outcome


def _take_lots(taken: _Taken, typed: Typed) -> None:
    for lot in taken.listed.lots:
        for outcome in ASKED:
            name = f"l{lot.id}.{outcome}"
            if not (said := typed.get(name, "").strip()):
                continue
            quantity = _quantity(said)
            if _GROUPED.fullmatch(said):
                taken.problems.append(Problem(name, TWO_WAYS, (("text", said),)))
            elif quantity is None:
                taken.problems.append(Problem(name, NOT_A_QUANTITY))
            elif quantity > 0:
                taken.lot(lot.id, outcome, quantity)


@dataclass(frozen=True)
class Seen:
    """What one scan is on a consignee's list."""

    label: str  # a serial, a lot, or what was scanned where it is neither
    part_no: str
    sentence: str
    is_wrong: bool


def see(db: Session, text: str, listed: Listed) -> Seen:
    """Say what one scan is on a list: a unit, a lot, several things, or not on it. Read only."""
    what, _ = _apart(text)
    one = resolve_many(db, [what])[0]
    units = [m.id for m in one.matches if m.kind == "unit" and m.id in listed.unit_of]
    lots = [m.id for m in one.matches if m.kind == "lot" and m.id in listed.lot_of]
    if len(units) + len(lots) > 1:
        return Seen(what, "", IS_SEVERAL, is_wrong=True)
    if units:
        unit = listed.unit_of[units[0]]
        return Seen(unit.serial, listed.parts[unit.part_id].part_no, IS_LISTED, is_wrong=False)
    if lots:
        lot = listed.lot_of[lots[0]]
        return Seen(lot.lot_no, listed.parts[lot.part_id].part_no, IS_LOT, is_wrong=False)
    if any(m.kind == "lot" and m.id in listed.lot_numbers for m in one.matches):
        return Seen(what, "", IS_LISTED, is_wrong=False)
    return Seen(what[:LONG], "", NOT_LISTED, is_wrong=True)


def added(db: Session, typed: Typed, outcome: str, scanned: str) -> dict[str, str]:
    """Return what was typed with what was scanned under one outcome; the scan wins over before."""
    fresh = several(scanned[: LONGEST["list"]])
    found = resolve_many(db, [_apart(text)[0] for text in fresh])
    boxes = {f"u{m.id}" for one in found for m in one.matches if m.kind == "unit"}
    kept = {name: text for name, text in typed.items() if name not in boxes}
    for code in ASKED:
        lines = kept.pop(f"list.{code}", "").split("\n")
        left = [line for line in lines if line.strip() and line not in fresh]
        if code == outcome:
            left = list(dict.fromkeys([*left, *fresh]))
        if left:
            kept[f"list.{code}"] = "\n".join(left)
    return kept


def _take_lists(db: Session, taken: _Taken, typed: Typed) -> None:
    said = [
        (outcome, text)
        for outcome in ASKED
        for text in several(typed.get(f"list.{outcome}", "")[: LONGEST["list"]])
    ]
    if len(said) > MOST:
        taken.problems.append(Problem("list", TOO_MANY, (("most", MOST),)))
        return
    plain = []
    for outcome, text in said:
        within = _units_within(taken.listed, text)
        for unit_id in within:
            taken.unit(unit_id, outcome, f"list.{outcome}", text)
        if not within:
            plain.append((outcome, text))
    _take_numbers(db, taken, plain)


def _units_within(listed: Listed, text: str) -> list[int]:
    """Return the units of a range that was typed: `AP-0447 - AP-0463`."""
    ends = _RANGE.match(text)
    found = plain_range(ends[1], ends[2]) if ends else None
    if found is None:
        return []
    return [
        unit.id
        for unit in listed.units
        if len(unit.serial) == len(found.first)
        and found.first <= unit.serial <= found.last
        and unit.serial[len(found.before) :].isdecimal()
    ]


def _take_numbers(db: Session, taken: _Taken, said: Sequence[tuple[str, str]]) -> None:
    listed = taken.listed
    split = [(outcome, text, *_apart(text)) for outcome, text in said]
    found = resolve_many(db, [what for _, _, what, _ in split])
    for (outcome, text, what, quantity), one in zip(split, found, strict=True):
        at = f"list.{outcome}"
        units = {m.id for m in one.matches if m.kind == "unit"} & listed.unit_of.keys()
        lots = {m.id for m in one.matches if m.kind == "lot"} & listed.lot_of.keys()
        made_as = {m.id for m in one.matches if m.kind == "lot"} & listed.lot_numbers.keys()
        sentence = _wrong_with(text, quantity, units, lots, is_made_as=bool(made_as))
        if sentence is not None:
            taken.problems.append(Problem(at, sentence, (("text", text[:LONG]),)))
        elif units:
            taken.unit(units.pop(), outcome, at, what)
        elif lots:
            lot_id = lots.pop()
            left = max(taken.left_of(lot_id), Decimal(0)) if quantity is None else quantity
            if left > 0:
                taken.lot(lot_id, outcome, left)
        elif made_as and quantity is None:
            for unit in listed.units:
                if unit.lot_id in made_as:
                    taken.unit(unit.id, outcome, at, what)
        else:
            key = (what[:LONG], outcome)
            taken.others[key] = taken.others.get(key, Decimal(0)) + (quantity or Decimal(1))


def _apart(text: str) -> tuple[str, Decimal | None]:
    """Return what a line names and how many; `X1 - X99` is a range and no 99 of anything."""
    return (text, None) if _RANGE.match(text) else counted(text)


def _wrong_with(
    text: str, quantity: Decimal | None, units: set[int], lots: set[int], *, is_made_as: bool
) -> str | None:
    """Return the sentence for a line that names several things, or is read by nobody."""
    if quantity is not None and not 0 < quantity < MORE_THAN_ANY:
        return COUNT_UNREAD
    if len(units) + len(lots) > 1:
        return SEVERAL
    if units and quantity not in (None, Decimal(1)):
        return ONE_UNIT
    if units or lots or is_made_as or quantity is not None:
        return None
    if (ends := _RANGE.match(text)) is not None:
        return RANGE_UNREAD if plain_range(ends[1], ends[2]) is None else None
    return COUNT_UNREAD if _MEANT.search(text) else None


def _take_groups(taken: _Taken, typed: Typed) -> None:
    """Take what was said of all the rest, of a part and lot or of everything."""
    everything = typed.get("rest", "")
    for group in taken.listed.groups:
        outcome = typed.get(f"g{group.key}", "") or everything
        if outcome in ASKED:
            for unit in group.units:
                taken.units.setdefault(unit.id, outcome)
    for lot in taken.listed.lots:
        outcome = typed.get(f"g{lot.part_id}-l{lot.id}", "") or everything
        if outcome in ASKED and (left := taken.left_of(lot.id)) > 0:
            taken.lot(lot.id, outcome, left)


def _lines(taken: _Taken, typed: Typed, *, is_customer: bool) -> tuple[tuple[Line, ...], bool]:
    """Return the lines in the order of the list; where they have none, each unit is none left."""
    lines = [
        Line(taken.units[unit.id], Decimal(1), unit_id=unit.id)
        for unit in taken.listed.units
        if unit.id in taken.units
    ]
    lines += [
        Line(outcome, quantity, lot_id=lot.id)
        for lot in taken.listed.lots
        for outcome, quantity in taken.lots.get(lot.id, {}).items()
    ]
    lines += [Line(code, much, said=text) for (text, code), much in taken.others.items()]
    is_none = typed.get("none") == "yes"
    if is_none and lines:
        taken.problems.append(Problem("none", NONE_AND_SOME))
    elif is_none and not is_customer:
        lines = [Line("none", Decimal(1), unit_id=unit.id) for unit in taken.listed.units]
        lines += [Line("none", lot.quantity, lot_id=lot.id) for lot in taken.listed.lots]
    return tuple(lines), is_none


def _text(typed: Typed, name: str) -> str:
    most = LONGEST.get(name, LONG)
    return "".join(c for c in typed.get(name, "") if c == "\n" or c >= " ").strip()[:most]


def _quantity(said: str) -> Decimal | None:
    try:
        quantity = Decimal(said.replace(",", "."))
    except InvalidOperation:
        return None
    if not quantity.is_finite() or not 0 <= quantity < MORE_THAN_ANY:
        return None
    return quantity if quantity == round(quantity, 6) else None


def _count(taken: _Taken, typed: Typed, name: str) -> int | None:
    said = typed.get(name, "").strip()
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= 9):
        taken.problems.append(Problem(name, NOT_A_COUNT))
        return None
    return int(said)
