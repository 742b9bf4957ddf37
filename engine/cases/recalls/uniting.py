"""Two recalls as one: their scopes united, what the one knows of each unit known in the other."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session, aliased

from engine.cases import balance, facts, scopes
from engine.cases.accounts import ACCOUNTS, LET_OUT
from engine.cases.balance import Holding
from engine.cases.models import BalanceTotal, BalanceUnit, Case, Posting
from engine.cases.names import stock_names
from engine.cases.recalls.deciding import CORRECTION
from engine.cases.scopes import ScopeVersion
from engine.cases.scopes.freezing import Difference
from engine.cases.scopes.standing import standing_or_refuse
from engine.people import Person
from engine.serials import expressions, trace
from engine.serials.models import TraceRun, TraceRunStock, TraceRunUnit

TRANSFERRED = "transferred_to_recall"
# what a unit's place says by itself, while nobody has said or done more
BY_PLACE = ("at_consignee", "in_transit", "held", "held_elsewhere")
AWAY = ("at_consignee", "in_transit")
DONE_HERE = ("destroyed", "kept_as_sample", "returned_to_supplier")
# what somebody said or did: it holds for the same cause whatever the number of the recall. What was
# let out is not taken over: the wider scope holds it again, and the board rules again
CARRIED = tuple(
    name
    for name in ACCOUNTS
    if name not in BY_PLACE
    and (name not in LET_OUT or name == "corrected")
    and name
    not in ("in_house", "at_third_party", "in_other_case", TRANSFERRED, "left_without_field_action")
)
# what stays in the recall that ends, as it ended there
STAYING = (*(name for name in LET_OUT if name != "corrected"), "in_other_case", TRANSFERRED)


def trace_either(db: Session, case: Case, other: Case, *, by: Person, at: datetime) -> TraceRun:
    """Trace what either recall concerns and keep it, for `unite`; flushes."""
    one, two = standing_or_refuse(db, case), standing_or_refuse(db, other)
    asked = _asked(db, one, two)
    return trace.run(db, expressions.seeds_of(db, asked), expression=asked, by=by, at=at)


def unite(
    db: Session,
    case: Case,
    other: Case,
    *,
    traced: TraceRun | None,
    signature_id: int,
    by: Person,
    at: datetime,
) -> Difference:
    """Freeze what either recall concerns as the next scope of `case`; flushes.

    Its holds are placed before anything of the other is let go. What was `traced` beforehand is
    traced again where a trace may find something else by now.
    """
    one, two = standing_or_refuse(db, case), standing_or_refuse(db, other)
    if (
        traced is None
        or traced.expression != _asked(db, one, two)
        or scopes.run_moved_on(db, traced)
    ):
        traced = trace_either(db, case, other, by=by, at=at)
    reason = f"{other.number}: {two.reason}"
    version = scopes.propose_run(db, case, traced, reason=reason, by=by, at=at)
    return scopes.freeze(
        db, case, version, by=by, at=at, is_provisional=one.is_provisional or two.is_provisional,
        signature_id=signature_id,
    )  # fmt: skip


def _asked(db: Session, one: ScopeVersion, two: ScopeVersion) -> dict[str, Any]:
    runs = [db.get_one(TraceRun, version.run_id) for version in (one, two)]
    return {**_either(db, [run.expression for run in runs]), "text": f"{one.text}\n{two.text}"}


def _either(db: Session, each: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the expression of what either means: an exception of one takes nothing from the other.

    With exceptions it names each lot, run and unit that it comes to today.
    """
    told = {
        name: [piece for one in each for piece in one.get(name, ())]
        for name in ("left_out", "not_recorded")
    }
    if not any(one.get("except") for one in each):
        return {"any": [term for one in each for term in one["any"]], **told}

    seeds = [expressions.seeds_of(db, one) for one in each]
    lots = frozenset().union(*(one.lots for one in seeds))
    segments = frozenset().union(*(one.segments for one in seeds))
    units = frozenset().union(*(one.units for one in seeds))
    names = stock_names(db, [*((None, i) for i in lots), *((i, None) for i in units)])
    return {
        "any": [
            *({"lot": {"id": i, "number": names[None, i].name}} for i in sorted(lots)),
            *({"segment": {"id": i, "number": str(i)}} for i in sorted(segments)),
            *({"unit": {"id": i, "serial": names[i, None].name}} for i in sorted(units)),
        ],
        **told,
    }


def not_in(db: Session, case: Case, other: Case) -> tuple[int, int]:
    """Return how many units, and how many lots, the scope of `other` names and that of `case` not.

    Of units only those that stand by themselves.
    """
    version, wider = standing_or_refuse(db, other), standing_or_refuse(db, case)
    unit, stock = aliased(TraceRunUnit), aliased(TraceRunStock)
    there = select(unit.unit_id).where(
        unit.run_id == wider.run_id, unit.unit_id == TraceRunUnit.unit_id
    )
    units = select(func.count()).where(
        TraceRunUnit.run_id == version.run_id,
        TraceRunUnit.unit_id == TraceRunUnit.root_id,
        ~there.exists(),
    )
    lots = select(func.count(TraceRunStock.lot_id.distinct())).where(
        TraceRunStock.run_id == version.run_id,
        TraceRunStock.lot_id.not_in(select(stock.lot_id).where(stock.run_id == wider.run_id)),
    )
    return db.scalar(units) or 0, db.scalar(lots) or 0


# --- balance ---------------------------------------------------------------------------------


def carry(db: Session, case: Case, other: Case, *, by: Person, at: datetime) -> None:
    """Put each unit and quantity of `case` where `other` knows it to be; flushes.

    What `case` knows itself stays: only what nobody has said more of than its place is moved.
    """
    evidence = f"known from {other.number}"
    carried = _carried(db, case)
    balance.post_set(db, case, _units(case, other, carried), evidence=evidence, by=by, at=at)
    for to, part in _quantities(db, case, other, carried):
        balance.post(db, case, [part], to=to, evidence=evidence, by=by, at=at)


def _carried(db: Session, case: Case) -> tuple[str, ...]:
    """Return what is taken over: where units are to come back, a correction settles none."""
    decided = facts.latest(db, case, "decided_action")
    if decided is None or decided.value == CORRECTION:
        return CARRIED
    return tuple(name for name in CARRIED if name != "corrected")


def hand_over(db: Session, case: Case, other: Case, *, by: Person, at: datetime) -> None:
    """Post what `case` counts from here on out of the accounts of `other`; flushes.

    What `other` has let go, and `case` has not taken up, stays as it ended there.
    """
    accounts = [name for name in ACCOUNTS if name not in STAYING]
    lying = balance.lying_in(other.id, accounts).subquery()
    unit, total = BalanceUnit, BalanceTotal
    counted = (
        select(unit.unit_id).where(unit.is_of(case.id), unit.unit_id == lying.c.unit_id)
    ).exists() | (
        select(total.lot_id).where(
            total.case_id == case.id, ~total.counts_units, total.lot_id == lying.c.lot_id
        )
    ).exists()
    balance.post_set(
        db, other, select(lying).where(counted), to=TRANSFERRED,
        evidence=f"goes on as {case.number}", by=by, at=at,
    )  # fmt: skip


def _units(case: Case, other: Case, carried: Sequence[str]) -> Select[*tuple[Any, ...]]:
    mine, theirs = aliased(BalanceUnit), aliased(BalanceUnit)
    return select(
        mine.account.label("account"),
        mine.unit_id.label("unit_id"),
        literal(None, Posting.lot_id.type).label("lot_id"),
        literal(Decimal(1), Posting.quantity.type).label("quantity"),
        literal(None, Posting.subject_id.type).label("subject_id"),
        mine.party_id.label("party_id"),
        theirs.account.label("to_account"),
        theirs.party_id.label("to_party_id"),
    ).where(
        mine.case_id == case.id,
        theirs.is_of(other.id),
        theirs.unit_id == mine.unit_id,
        mine.account.in_(BY_PLACE),
        theirs.account.in_(carried),
        # what is in our hands here is where we see it, whatever was said before it came
        mine.account.in_(AWAY) | theirs.account.in_(DONE_HERE),
    )


def _quantities(
    db: Session, case: Case, other: Case, carried: tuple[str, ...]
) -> list[tuple[str, Holding]]:
    """Return what of the quantities of lots goes where: lots are few."""
    known = _of_lots(db, other, carried)
    lying = _of_lots(db, case, BY_PLACE)
    moves = []
    for one in known:
        left = one.quantity
        for place, part in enumerate(lying):
            taken = min(left, part.quantity)
            is_same = (part.lot_id, part.party_id) == (one.lot_id, one.party_id)
            may_move = part.account in AWAY or one.account in DONE_HERE
            if not (is_same and may_move and taken > 0):
                continue
            moves.append((one.account, Holding(part.account, None, part.lot_id, taken,
                                               party_id=part.party_id)))  # fmt: skip
            rest = part.quantity - taken
            lying[place] = Holding(part.account, None, part.lot_id, rest, party_id=part.party_id)
            left -= taken
    return moves


def _of_lots(db: Session, case: Case, accounts: tuple[str, ...]) -> list[Holding]:
    lying = balance.lying_in(case.id, accounts).subquery()
    rows = db.execute(
        select(lying)
        .where(lying.c.unit_id.is_(None), lying.c.lot_id.is_not(None))
        .order_by(lying.c.lot_id, lying.c.party_id, lying.c.account)
    )
    return [Holding(*row) for row in rows]
