"""Decision of the board, and first-pass yield.

Formula: Time from a proposal to the decision on it: median and longest. First-pass yield: proposals
accepted at once ÷ proposals decided that were not handed in again after a rejection.

Population: Rounds of disposition that were decided, in nonconformances and recalls.

Window: Decided in the chosen days.

Exclusions: Drills; a proposal that follows a rejected one of its case is the same one again.

Unit: Calendar time; percent, with the 95 % interval of Wilson.

Source: House definition.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.kpis.measure import (
    REAL,
    Bucket,
    Col,
    Measured,
    Rows,
    Window,
    median,
    most,
    seconds,
    share,
)  # fmt: skip
from engine.cases.models import Answer, Case, Round
from engine.words import N_

PART, PLACE, UNIT = "nonconformance", 2, "seconds"
STATES = {"approved": N_("Approved"), "rejected": N_("Rejected")}
NONE_DECIDED = N_("No proposal was decided in this time")


@dataclass(frozen=True)
class Decided:
    """One round that was decided."""

    number: str
    round: int
    state: str
    proposed_at: datetime | None
    decided_at: datetime
    follows_rejection: bool

    @property
    def took(self) -> int | None:
        """Return how long the board took; None where the proposal is not on record."""
        return None if self.proposed_at is None else seconds(self.proposed_at, self.decided_at)


def _decided(db: Session, window: Window) -> list[Decided]:
    before = (
        select(
            Round.id,
            func.lag(Round.state)
            .over(partition_by=Round.case_id, order_by=Round.number)
            .label("state"),
        ).subquery()
    )  # fmt: skip
    proposed = (
        select(func.min(Answer.at))
        .where(
            Answer.case_id == Round.case_id,
            Answer.element_id == "propose_disposition",
            Answer.at >= Round.opened_at,
            Answer.at <= Round.decided_at,
        )
        .correlate(Round)
        .scalar_subquery()
    )
    found = db.execute(
        select(Case.number, Round.number, Round.state, proposed, Round.decided_at, before.c.state)
        .join(Case, Case.id == Round.case_id)
        .join(before, before.c.id == Round.id)
        .where(REAL, window.within(Round.decided_at), Round.state.in_(STATES))
        .order_by(Round.decided_at.desc())
    )
    return [
        Decided(number, place, state, at, decided, earlier == "rejected")
        for number, place, state, at, decided, earlier in found
        if decided is not None
    ]


def measured(db: Session, window: Window) -> Measured:
    """Take the rounds decided in the window."""
    found = _decided(db, window)
    took = [one.took for one in found if one.took is not None]
    first = [one for one in found if not one.follows_rejection]
    return Measured(
        median(N_("Median"), took),
        (
            most(N_("Longest"), took),
            share(
                N_("First-pass yield"),
                sum(one.state == "approved" for one in first),
                len(first),
                why=NONE_DECIDED,
            ),
        ),
        unknown=(Bucket(N_("Proposal not on record"), len(found) - len(took)),),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every round decided in the window."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("round", N_("Round"), "integer"),
            Col("decision", N_("Decision"), "words"),
            Col("proposed_at", N_("Proposed"), "moment"),
            Col("decided_at", N_("Decided"), "moment"),
            Col("took", N_("Took"), "seconds"),
            Col("again", N_("Follows a rejection"), "yes_no"),
        ),
        [
            (
                one.number, one.round, STATES[one.state], one.proposed_at, one.decided_at,
                one.took, one.follows_rejection,
            )
            for one in _decided(db, window)
        ],
    )  # fmt: skip
