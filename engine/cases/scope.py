"""What was named and what is affected: two facts, never one number for both.

Somebody names five pieces of a lot; nobody can tell yet which five, so the whole lot and all that
was made of it is contained until somebody with authority lets a part of it go.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.cases import affected, balance, identifying
from engine.cases.balance import ACCOUNTS, IN_HOUSE, LEFT_CONTROL, NOT_HELD
from engine.cases.models import Case, Subject
from engine.cases.names import StockName, stock_names
from engine.cases.reach import Reached, reached
from engine.serials.trace import Affected


@dataclass(frozen=True)
class NamedLot:
    """A lot that was named: how much of it, and what of it and made of it is affected."""

    lot_id: int
    name: str
    part: str
    named: Decimal | None  # None: the lot as a whole
    stock: Decimal
    made: Decimal


@dataclass(frozen=True)
class Described:
    """What was only described: how many, and what was said of it since."""

    words: str
    quantity: Decimal | None
    outcome: str | None = None  # identified | not_identified | None: open
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """What was named beside what is affected, held, on its way or gone, and decided."""

    lots: tuple[NamedLot, ...]
    units: tuple[StockName, ...]
    described: tuple[Described, ...]
    affected: Decimal
    held: Decimal
    to_hold: Decimal
    left: Decimal
    settled: tuple[tuple[str, Decimal], ...] = ()  # how each part ended, by its account's words

    @property
    def decided(self) -> Decimal:
        """Return how much needs no decision any more: with the figures above it makes up all."""
        return sum((quantity for _, quantity in self.settled), Decimal(0))

    @property
    def open_descriptions(self) -> tuple[Described, ...]:
        """Return what nobody has identified yet: it is in no number above."""
        return tuple(one for one in self.described if one.outcome is None)


@dataclass(frozen=True)
class _Piece:
    unit_id: int | None
    lot_id: int | None
    account: str
    quantity: Decimal


def scope_of(db: Session, case: Case) -> Scope:
    """Return what a case was told and what it has come to, by its balance."""
    subjects = affected.subjects_of(db, case)
    lots = [(one.lot_id, one.quantity) for one in subjects if one.lot_id is not None]
    ways = _ways(affected.trace_of(db, case)) if lots else {}
    pieces = [
        _Piece(one.unit_id, one.lot_id, one.account, one.quantity)
        for one in balance.holdings(db, case.id)
    ]
    return _scope(
        db,
        lots=lots,
        unit_ids=[one.unit_id for one in subjects if one.unit_id is not None],
        described=_described(db, case, subjects),
        pieces=pieces,
        ways=ways,
    )


def scope_foreseen(
    db: Session, suspects: Mapping[str, Any], parts: Sequence[Reached], *, hold_now: bool
) -> Scope:
    """Return what a report that is not saved yet names and would come to."""
    of_hold = NOT_HELD if hold_now else {}
    return _scope(
        db,
        lots=[
            (one["lot_id"], Decimal(one["quantity"]) if one.get("quantity") else None)
            for one in suspects.get("lots") or ()
        ],
        unit_ids=[one["unit_id"] for one in suspects.get("units") or ()],
        described=tuple(
            Described(one["description"], Decimal(one["quantity"]) if one.get("quantity") else None)
            for one in suspects.get("unidentified") or ()
        ),
        pieces=[
            _Piece(one.unit_id, one.lot_id, of_hold.get(one.account, one.account), one.quantity)
            for one in parts
        ],
        ways={(one.unit_id, one.lot_id): one.by_lot for one in parts},
    )


def _ways(found: Affected) -> dict[tuple[int | None, int | None], int | None]:
    return {(one.unit_id, one.lot_id): one.by_lot for one in reached(found)}


def _scope(
    db: Session,
    *,
    lots: Sequence[tuple[int, Decimal | None]],
    unit_ids: Sequence[int],
    described: tuple[Described, ...],
    pieces: Sequence[_Piece],
    ways: Mapping[tuple[int | None, int | None], int | None],
) -> Scope:
    pieces = [piece for piece in pieces if ACCOUNTS[piece.account].is_affected]
    names = stock_names(db, [(None, lot_id) for lot_id, _ in lots] + [(u, None) for u in unit_ids])

    def of(accounts: Iterable[str]) -> Decimal:
        return _sum(piece for piece in pieces if piece.account in accounts)

    def through(lot_id: int, *, itself: bool) -> Decimal:
        return _sum(
            piece
            for piece in pieces
            if (piece.lot_id == lot_id) == itself
            and (itself or ways.get((piece.unit_id, piece.lot_id)) == lot_id)
        )

    return Scope(
        lots=tuple(
            NamedLot(
                lot_id=lot_id,
                name=names[None, lot_id].name,
                part=names[None, lot_id].part,
                named=quantity,
                stock=through(lot_id, itself=True),
                made=through(lot_id, itself=False),
            )
            for lot_id, quantity in lots
        ),
        units=tuple(names[unit_id, None] for unit_id in unit_ids),
        described=described,
        affected=_sum(pieces),
        held=of(IN_HOUSE),
        to_hold=of(NOT_HELD),
        left=of(LEFT_CONTROL),
        settled=tuple(
            (account.label, of((name,)))
            for name, account in ACCOUNTS.items()
            if account.is_affected and not account.is_open and of((name,))
        ),
    )


def _sum(pieces: Iterable[_Piece]) -> Decimal:
    return sum((piece.quantity for piece in pieces), Decimal(0))


def _described(db: Session, case: Case, subjects: Sequence[Subject]) -> tuple[Described, ...]:
    said = identifying.outcomes(db, case)
    return tuple(
        Described(
            words=one.description or "",
            quantity=one.quantity,
            outcome=said[one.id]["outcome"] if one.id in said else None,
            names=tuple(
                str(unit.get("serial") or unit.get("lot_number"))
                for unit in (*said[one.id]["units"], *said[one.id]["lots"])
            )
            if one.id in said
            else (),
        )
        for one in subjects
        if one.unit_id is None and one.lot_id is None
    )
