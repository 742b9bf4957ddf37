"""What a deny list says, in words, of a label or a number that somebody has in hand."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509

from engine.errors import Refused
from engine.serials.errors import NotAnSscc
from engine.serials.exchange.deny_check import Checked, checked
from engine.serials.exchange.deny_format import Entry
from engine.serials.identifiers import Parsed, parse, several
from engine.serials.near import folded
from engine.serials.packing import sscc_of

FREE, HELD, UNSAID = 0, 1, 2  # exit codes: only the first lets anything pass
NOTHING_NAMED = "Nothing was named. Scan the label, or type a serial or a lot number."
NO_DEVICE = "“{text}” is the label of a case or a place. Scan each device in it."
NO_NUMBER = (
    "“{text}” says which device it is, and neither a serial nor a lot number. "
    "Scan the whole label, or type the number."
)


def told(
    file: Path, text: str | None, roots: Sequence[x509.Certificate], *, at: datetime
) -> tuple[list[str], int]:
    """Return what holds of a list, and of what was scanned or typed, in words; 0: it may pass.

    1: it is held. 2: the list cannot be used or does not say, so nothing may pass by it.
    """
    if not file.is_file():
        return [f"There is no such list: {file}"], UNSAID
    beside = file.with_suffix(".csv")
    try:
        csv = beside.read_bytes() if beside.exists() and beside != file else None
        found = checked(file.read_bytes(), roots, csv=csv)
    except Refused as refused:
        return [str(refused)], UNSAID
    except OSError as problem:
        return [f"{problem.filename} cannot be read: {problem.strerror}"], UNSAID

    good = f"made {_moment(found.made_at)}, good until {_moment(found.valid_until)}"
    lines = [
        f"Deny list of {found.company}, {good}. The signature holds.",
        "{unit} units, {lot} whole lots, {stock} parts of lots.".format(**found.counts),
    ]
    if csv is not None:
        lines.append(f"{beside.name} belongs to it and is whole.")
    if found.is_over(at=at):
        return [*lines, "It is out of date: nothing may pass by it. Get a newer one."], UNSAID
    if text is None:
        return lines, FREE
    said, result = asked(found, text)
    return [*lines, *said], result


def asked(found: Checked, text: str) -> tuple[list[str], int]:
    """Return what is said of each thing in `text`, and the worst of it: held before not said."""
    answers = [_asked(found, parse(one)) for one in several(text)]
    if not answers:
        return [NOTHING_NAMED], UNSAID
    results = {result for _, result in answers}
    worst = next(one for one in (HELD, UNSAID, FREE) if one in results)
    return [line for lines, _ in answers for line in lines], worst


def _asked(found: Checked, said: Parsed) -> tuple[list[str], int]:
    is_of_part = said.problem is None and (said.is_label or said.part_no is not None)
    names = [n for n in (said.serial, said.lot_no) if n] if is_of_part else _numbers(said)
    held = [one for one in found.entries if _is_named(one, said, names, str)]
    lines = []
    if not held:
        held = [one for one in found.entries if _is_named(one, said, names, folded)]
        lines = [f"{_number(one, names)} is held; you typed {said.text}." for one in held]
    held = [one for one in held if not (one.kind == "lot" and _is_let_out(found, said))]
    if held:
        return [*lines, *(f"HELD: {_said(one)}" for one in held)], HELD
    if said.problem is not None:
        return [str(said.problem)], UNSAID
    if said.sscc or said.gln or said.location or _is_case(said.text):
        return [NO_DEVICE.format(text=said.text)], UNSAID
    if not names:
        return [NO_NUMBER.format(text=said.text)], UNSAID
    others = [one for one in found.entries if is_of_part and one.number in names]
    return [
        f"{said.text} is not on this list.",
        *(f"Another part bears the same number and is held: {_said(one)}" for one in others),
    ], FREE


def _numbers(said: Parsed) -> list[str]:
    # what is no label after all may be a serial that looks like one
    return list(dict.fromkeys(one for one in (said.text, said.serial, said.lot_no) if one))


def _is_named(one: Entry, said: Parsed, names: Sequence[str], plain: Callable[[str], str]) -> bool:
    if said.problem is None and (said.is_label or said.part_no is not None):
        number = said.serial if one.kind == "unit" else said.lot_no
        return number is not None and plain(number) == plain(one.number) and _is_of(one, said)
    wanted = {plain(name) for name in names}
    return any(plain(name) in wanted for name in _names(one))


def _is_of(one: Entry, said: Parsed) -> bool:
    """Say whether an entry may be of the label's part: without a DI it cannot be told apart."""
    if said.part_no is not None:
        return one.part_no == said.part_no
    return one.di in ("", said.di)


def _is_case(text: str) -> bool:
    try:
        return bool(sscc_of(text))
    except NotAnSscc:
        return False


def _is_let_out(found: Checked, said: Parsed) -> bool:
    return any(
        one.serial == said.serial and one.di == said.di
        if said.is_label
        else one.serial == said.serial and one.part_no == said.part_no
        for one in found.let_out
    )


def _names(one: Entry) -> Iterator[str]:
    yield one.number
    yield from one.also.splitlines()


def _number(one: Entry, names: Sequence[str]) -> str:
    """Return the name of an entry that was nearly typed."""
    wanted = {folded(name) for name in names}
    return next(name for name in _names(one) if folded(name) in wanted)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _said(one: Entry) -> str:
    what = {"unit": "", "lot": "the whole lot ", "stock": f"{one.quantity} of lot "}[one.kind]
    where = f" at {one.location}" if one.location and one.kind == "stock" else ""
    return f"{what}{one.number} of {one.part_no}{where}, for {one.cases} ({one.reasons})"
