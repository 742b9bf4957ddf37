"""Receiving what comes back: each line as it was scanned, what it turned out to be, what moved.

A parcel is a fact: nothing in it is refused. What does not fit is noted on its line, and what
nobody could identify is kept by what was scanned. Custody moves by one event of the serial store,
and the balance follows it; the hold stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import balance, commands, scopes
from engine.cases.balance import Holding
from engine.cases.drills.apart import refuse_to_move
from engine.cases.models import BalanceTotal, BalanceUnit, Case
from engine.cases.returns.authorising import authorisation_of, recall_of
from engine.cases.returns.models import CONDITIONS, ReturnLine, ReturnReceipt
from engine.errors import Invalid, Problem, Refused
from engine.evidence import ledger
from engine.evidence.documents import StoredFile
from engine.people import Person, authorize
from engine.serials import ship
from engine.serials.find import Found, resolve_many
from engine.serials.models import IN_OUR_HANDS, Location, LotStock, Unit
from engine.serials.named import Match
from engine.serials.receive import place
from engine.serials.record import StockPart
from engine.serials.scanned import ONE_UNIT, SAY_HOW_MANY, counted
from engine.serials.sets import id_set
from engine.words import N_

NOTHING = N_("Scan at least one unit or lot.")
NO_CONDITION = N_("Say in which condition it is.")
TWICE = N_("“%(text)s” is in this parcel twice. Take one line out.")


class NothingHeld(Refused):
    """%(number)s holds nothing yet. Receive it in the recall that counts it, or record a return."""


@dataclass(frozen=True)
class Line:
    """One line of a parcel as a person told it: what was scanned, its condition, a remark."""

    said: str
    condition: str
    remark: str = ""


@dataclass(frozen=True)
class Seen:
    """What a scanned line turned out to be; `finding` is one of `FINDINGS`."""

    said: str
    unit_id: int | None
    lot_id: int | None
    label: str | None
    quantity: Decimal | None  # None: nobody said how many of the lot
    finding: str
    other_cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parcel:
    """What was opened: under which leave, from whom if anybody knows, and where it now lies."""

    lines: Sequence[Line]
    location_id: int
    authorisation: str | None = None
    party_id: int | None = None
    photo: StoredFile | None = None


def look_over(db: Session, case: Case, texts: Sequence[str], *, party_id: int | None) -> list[Seen]:
    """Return what each scanned line is, and whether it fits the recall and who sent it."""
    pairs = [counted(text) for text in texts]
    found = resolve_many(db, [what for what, _ in pairs])
    units = _ids(found, "unit")
    lots = _ids(found, "lot")
    lying = [
        *(balance.holdings_of(db, case.id, units=units) if units else ()),
        *(balance.holdings_of(db, case.id, lots=lots) if lots else ()),
    ]
    there: dict[tuple[int | None, int | None], list[Holding]] = {}
    for part in lying:
        there.setdefault((part.unit_id, part.lot_id), []).append(part)
    custody = _custody(db, units)
    others = _other_cases(db, case, units, lots)
    seen = []
    for text, one, (_, quantity) in zip(texts, found, pairs, strict=True):
        match = _match(one, there)
        if match is None:
            seen.append(Seen(text, None, None, None, quantity or Decimal(1), "unknown"))
            continue
        unit_id = match.id if match.kind == "unit" else None
        lot_id = None if unit_id else match.id
        many = Decimal(1) if unit_id else quantity
        finding = (
            _of_unit(custody[unit_id], there.get((unit_id, None), []), party_id)
            if unit_id
            else _of_lot(there.get((None, lot_id), []), many, party_id)
        )
        numbers = others.get((match.kind, match.id), ())
        seen.append(Seen(text, unit_id, lot_id, match.label, many, finding, numbers))
    return seen


def receive(db: Session, number: str, parcel: Parcel, *, by: Person, at: datetime) -> ReturnReceipt:
    """Record a parcel line by line and move what is in it; flushes.

    Raises `Invalid` with every line that says too little (`lines.3`): a lot without a quantity, no
    condition, one unit twice. What does not fit is recorded and noted.
    """
    authorize(by, "return.receive")
    case = recall_of(db, number)
    refuse_to_move(case)
    given = authorisation_of(db, case, parcel.authorisation) if parcel.authorisation else None
    party_id = given.party_id if given is not None else parcel.party_id
    place(db, parcel.location_id)
    seen = look_over(db, case, [line.said for line in parcel.lines], party_id=party_id)
    _refuse_where_nothing_is_held(db, case)
    if problems := unclear(parcel.lines, seen):
        raise Invalid(problems)
    photo_id = None
    if parcel.photo is not None:
        photo_id = commands.attach(db, number, parcel.photo, by=by, at=at).document_id
    papers = [case.number, *([given.number] if given is not None else [])]
    event_id = _move(db, case, seen, parcel, party_id, papers, by=by, at=at)
    receipt = ReturnReceipt(
        case_id=case.id,
        authorisation_id=given.id if given is not None else None,
        party_id=party_id,
        location_id=parcel.location_id,
        event_id=event_id,
        photo_id=photo_id,
        by_id=by.id,
        at=at,
    )
    db.add(receipt)
    db.flush()
    db.add_all(
        ReturnLine(
            receipt_id=receipt.id,
            said=one.said,
            unit_id=one.unit_id,
            lot_id=one.lot_id,
            quantity=one.quantity,
            condition=line.condition,
            finding=one.finding,
            other_cases=", ".join(one.other_cases) or None,
            remark=line.remark.strip() or None,
        )
        for line, one in zip(parcel.lines, seen, strict=True)
    )
    db.flush()
    body = {
        "receipt": receipt.id,
        "authorisation": given.number if given is not None else None,
        "event": event_id,
        "lines": [
            [one.said, f"{one.quantity:f}", line.condition, one.finding]
            for line, one in zip(parcel.lines, seen, strict=True)
        ],
    }
    ledger.append(db, case.stream, "return_received", body, by=by, at=at)
    case.version += 1
    return receipt


def unclear(lines: Sequence[Line], seen: Sequence[Seen]) -> list[Problem]:
    """Return what each line of a parcel leaves to say: how many, in which condition, one twice."""
    problems = [] if lines else [Problem("lines", NOTHING)]
    before: set[int] = set()
    for number, (line, one) in enumerate(zip(lines, seen, strict=True)):
        at = f"lines.{number}"
        said = counted(line.said)[1]
        if line.condition not in CONDITIONS:
            problems.append(Problem(f"{at}.condition", NO_CONDITION))
        if one.lot_id is not None and one.quantity is None:
            problems.append(Problem(at, SAY_HOW_MANY, (("lot", one.label or one.said),)))
        if one.unit_id is not None and said not in (None, Decimal(1)):
            problems.append(Problem(at, ONE_UNIT, (("text", one.said),)))
        if one.unit_id in before:
            problems.append(Problem(at, TWICE, (("text", one.said),)))
        before |= {one.unit_id} if one.unit_id is not None else set()
    return problems


def _refuse_where_nothing_is_held(db: Session, case: Case) -> None:
    """Raise `NothingHeld` for a signal that nobody has contained: what came belongs elsewhere."""
    held = select(BalanceTotal.case_id).where(BalanceTotal.case_id == case.id)
    if scopes.standing(db, case) is None and db.scalar(held.limit(1)) is None:
        raise NothingHeld(number=case.number)


def _move(
    db: Session,
    case: Case,
    seen: Sequence[Seen],
    parcel: Parcel,
    party_id: int | None,
    papers: Sequence[str],
    *,
    by: Person,
    at: datetime,
) -> int | None:
    """Record the return of what was away until now; None when nothing was."""
    custody = _custody(db, {one.unit_id for one in seen if one.unit_id is not None})
    units = [unit_id for unit_id, word in custody.items() if word not in IN_OUR_HANDS]
    parts = _stock(db, [one for one in seen if one.lot_id is not None], party_id)
    if not units and not parts:
        return None
    recorded = ship.receive_return(
        db,
        location_id=parcel.location_id,
        units=units,
        stock_parts=parts,
        by=by,
        at=at,
        stream=case.stream,
        documents=papers,
    )
    return recorded.event.id


def _stock(db: Session, seen: Sequence[Seen], party_id: int | None) -> list[StockPart]:
    """Return the stock rows that quantities come out of: the sender's, else the one place's.

    Where several places have a lot and the sender has none, nobody knows whose it is: it stays
    where it is recorded, and the line says so.
    """
    lots = {one.lot_id for one in seen if one.lot_id is not None}
    away: dict[int, list[tuple[LotStock, int]]] = {}
    for stock, owner in db.execute(
        select(LotStock, Location.party_id)
        .join(Location, Location.id == LotStock.location_id)
        .where(
            LotStock.lot_id.in_(id_set(db, lots)),
            LotStock.quantity > 0,
            LotStock.custody.in_(ship.AWAY),
        )
        .order_by(LotStock.id)
    ):
        away.setdefault(stock.lot_id, []).append((stock, owner))
    parts = []
    for one in seen:
        rows = away.get(one.lot_id or 0, [])
        theirs = [stock for stock, owner in rows if owner == party_id]
        if not theirs and len({owner for _, owner in rows}) == 1:
            theirs = [stock for stock, _ in rows]
        left = one.quantity or Decimal(0)
        for stock in theirs:
            drawn = min(left, stock.quantity)
            if drawn > 0:
                parts.append(StockPart(stock.id, drawn))
                left -= drawn
        if left > 0 and theirs:  # more came than we knew of: the store says so itself
            parts.append(StockPart(theirs[0].id, left))
    return _summed(parts)


def _summed(parts: Iterable[StockPart]) -> list[StockPart]:
    sums: dict[int, Decimal] = {}
    for part in parts:
        sums[part.stock_id] = sums.get(part.stock_id, Decimal(0)) + part.quantity
    return [StockPart(stock_id, quantity) for stock_id, quantity in sums.items()]


def _ids(found: Iterable[Found], kind: str) -> set[int]:
    return {match.id for one in found for match in one.matches if match.kind == kind}


def _match(
    one: Found, there: Mapping[tuple[int | None, int | None], Sequence[Holding]]
) -> Match | None:
    """Return what a text names; of several things the one that this recall knows of."""
    matches = [match for match in one.matches if match.kind in ("unit", "lot")]
    if len({(match.kind, match.id) for match in matches}) > 1:
        matches = [
            match
            for match in matches
            if ((match.id, None) if match.kind == "unit" else (None, match.id)) in there
        ]
    return matches[0] if len({(match.kind, match.id) for match in matches}) == 1 else None


def _of_unit(custody: str, lying: Sequence[Holding], party_id: int | None) -> str:
    if custody in IN_OUR_HANDS:
        return "already_returned" if lying else "not_on_list"
    if not lying:
        return "not_on_list"
    return "expected" if _is_theirs(lying[0], party_id) else "of_another_consignee"


def _of_lot(lying: Sequence[Holding], many: Decimal | None, party_id: int | None) -> str:
    away = [one for one in lying if one.account in balance.LEFT_CONTROL]
    if not lying:
        return "not_on_list"
    theirs = [one for one in away if _is_theirs(one, party_id)]
    if away and not theirs:
        return "of_another_consignee"
    there = sum((one.quantity for one in theirs), Decimal(0))
    return "more_than_there" if (many or Decimal(0)) > there else "expected"


def _is_theirs(one: Holding, party_id: int | None) -> bool:
    return party_id is None or one.party_id in (None, party_id)


def _custody(db: Session, units: Iterable[int]) -> dict[int, str]:
    rows = db.execute(select(Unit.id, Unit.custody).where(Unit.id.in_(id_set(db, units))))
    return {unit_id: word for unit_id, word in rows}  # noqa: C416  rows are not pairs to mypy


def _other_cases(
    db: Session, case: Case, units: Iterable[int], lots: Iterable[int]
) -> dict[tuple[str, int], tuple[str, ...]]:
    """Return the numbers of the other open cases that count each unit and lot too."""
    kept, total = BalanceUnit, BalanceTotal
    of_units = select(kept.unit_id, Case.number).where(
        kept.case_id == Case.id, kept.unit_id.in_(id_set(db, units))
    )
    of_lots = select(total.lot_id, Case.number).where(
        total.case_id == Case.id, ~total.counts_units, total.lot_id.in_(id_set(db, lots))
    )
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for kind, query in (("unit", of_units), ("lot", of_lots)):
        others = query.where(Case.state == "open", Case.id != case.id, ~Case.is_drill).distinct()
        for key, number in db.execute(others.order_by(Case.number)):
            found[kind, key] = (*found.get((kind, key), ()), number)
    return found
