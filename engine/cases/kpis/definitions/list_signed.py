"""Time to a signed list.

Formula: Time from the proposal of a scope to the signature of its list of units: median and
longest.

Population: Scope versions of recalls that were frozen by a signature.

Window: Signed in the chosen days.

Exclusions: Drills; candidates that nobody signed.

Unit: Calendar time.

Source: House definition; 21 CFR 821.25(a) asks a manufacturer of tracked devices where a device is
within 3 working days, or 10 once it is with a patient.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.kpis.measure import REAL, Col, Measured, Rows, Window, median, most, seconds
from engine.cases.models import Case
from engine.cases.scopes.models import ScopeVersion
from engine.words import N_

PART, PLACE, UNIT = "trace", 3, "seconds"


def _signed(db: Session, window: Window) -> list[tuple[str, int, ScopeVersion]]:
    found = db.execute(
        select(Case.number, ScopeVersion)
        .join(Case, Case.id == ScopeVersion.case_id)
        .where(REAL, window.within(ScopeVersion.frozen_at), ScopeVersion.signature_id.is_not(None))
        .order_by(ScopeVersion.frozen_at.desc())
    )
    return [
        (number, seconds(row.proposed_at, row.frozen_at), row)
        for number, row in found
        if row.frozen_at is not None
    ]


def measured(db: Session, window: Window) -> Measured:
    """Take the signed versions of the window."""
    took = [many for _, many, _ in _signed(db, window)]
    return Measured(median(N_("Median"), took), (most(N_("Longest"), took),))


def rows(db: Session, window: Window) -> Rows:
    """Return every signed version."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("version", N_("Scope version"), "integer"),
            Col("proposed_at", N_("Proposed"), "moment"),
            Col("signed_at", N_("Signed"), "moment"),
            Col("took", N_("Took"), "seconds"),
        ),
        [
            (number, row.number, row.proposed_at, row.frozen_at, took)
            for number, took, row in _signed(db, window)
        ],
    )
