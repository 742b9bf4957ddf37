"""Freezing a scope: what it adds comes into the balance and on hold, what left waits for people."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.children import open_child
from engine.cases.drills.holding import simulate_run
from engine.cases.models import Case
from engine.cases.scopes.apart import PROCESS
from engine.cases.scopes.entering import enter
from engine.cases.scopes.errors import ScopeDecided, ScopeOutOfDate
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.proposing import trace_anew
from engine.cases.scopes.releasing import NOTHING_LEFT, Left, left
from engine.cases.scopes.standing import moved_on, standing
from engine.cases.tasks import refuse_ended
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials import holds
from engine.serials.exchange.announce import announce
from engine.serials.models import TraceRun


@dataclass(frozen=True)
class Difference:
    """What freezing a scope came to, beside the one that stood before."""

    version: ScopeVersion
    before: ScopeVersion | None
    added_units: int
    added_quantity: Decimal
    held_count: int  # units and lots put on hold; in a drill only counted
    left: Left = NOTHING_LEFT  # what it does not name any more, for people to let go


def freeze(
    db: Session,
    case: Case,
    version: ScopeVersion,
    *,
    by: Person | None,
    at: datetime,
    is_provisional: bool,
    signature_id: int | None = None,
) -> Difference:
    """Freeze a candidate: from here on it is what the case concerns. Flushes.

    A provisional one contains at once, so what was recorded since it was traced is traced with it,
    as a version of its own. Raises `ScopeDecided`, `ScopeOutOfDate`, `AnotherFrozen`, `CaseEnded`.
    """
    balance.lock(db, case)
    refuse_ended(case)
    db.refresh(version, with_for_update=True)
    if version.state != "proposed":
        raise ScopeDecided(scope=version.number)
    if moved_on(db, version):
        if not is_provisional:
            raise ScopeOutOfDate(scope=version.number)
        version = trace_anew(db, case, version, by=by, at=at)

    before = standing(db, case)
    beside = before.run_id if before else None
    words = f"scope {version.number}"
    units, quantity = enter(db, case, version.run_id, beside=beside, evidence=words, by=by, at=at)
    held = _hold(db, case, version, words, beside=beside, by=by, at=at)
    version.state, version.is_provisional = "frozen", is_provisional
    version.frozen_by_id, version.frozen_at = by.id if by else None, at
    version.signature_id, version.supersedes_id = signature_id, before.id if before else None
    db.flush()
    gone = left(db, case)
    if gone.is_any:
        # never by itself: a person says that nothing else keeps it, and takes its tag off
        variables = {"scope": version.number, "tags_to_remove": gone.is_here}
        child = open_child(db, case, PROCESS, by=by, at=at, variables=variables)
        version.change_instance_id = child.id
    difference = Difference(version, before, units, quantity, held, gone)
    _tell(db, case, difference, by=by, at=at)
    return difference


def _hold(
    db: Session,
    case: Case,
    version: ScopeVersion,
    words: str,
    *,
    beside: int | None,
    by: Person | None,
    at: datetime,
) -> int:
    """Hold what is new, as one hold; a drill only counts it. Returns how much."""
    if case.is_drill:
        return simulate_run(db, case, basis=words, run_id=version.run_id, beside=beside, at=at)
    hold = holds.place_run(
        db, stream=case.stream, case_number=case.number, reason=case.title, basis=words,
        run_id=version.run_id, beside=beside, by=by, at=at,
    )  # fmt: skip
    return hold.target_count if hold else 0


def _tell(
    db: Session, case: Case, difference: Difference, *, by: Person | None, at: datetime
) -> None:
    version, before = difference.version, difference.before
    run = db.get_one(TraceRun, version.run_id)
    body = {
        "scope": version.number,
        "supersedes": before.number if before else None,
        "is_provisional": version.is_provisional,
        "run": run.id,
        "result_sha256": run.result_sha256,
        "unit_count": run.root_count,
        "counts": version.counts,
        "added_units": difference.added_units,
        "added_quantity": f"{difference.added_quantity:f}",
        "held": difference.held_count,
        "left_units": difference.left.units,
        "left_lots": len(difference.left.lots),
        "signature": version.signature_id,
    }
    ledger.append(db, case.stream, "scope_frozen", body, by=by, at=at)
    if case.is_drill:
        return
    told = {
        "case_number": case.number,
        "title": case.title,
        "scope": version.number,
        "is_provisional": version.is_provisional,
        "unit_count": run.root_count,
        "lot_count": run.node_count,
        "left_control_count": str(_left_control(version)),
    }
    announce(db, "scope.frozen", f"{case.number}:scope:{version.number}", told, at=at)


def _left_control(version: ScopeVersion) -> int:
    places = version.counts["places"]
    return sum(places[name]["units"] for name in ("in_transit", "at_consignee", "not_known"))
