"""Consignees that do not reply.

Formula: Consignees without a reply after the policy ÷ consignees notified; attempts to reach a
consignee, on average.

Population: Consignees whose first notice went out in the window. After the policy: with a person
after three documented attempts, or closed as unresolved.

Window: First notice in the chosen days.

Exclusions: Drills; consignees whose time to reply is not over are shown apart.

Unit: Percent; attempts per consignee notified.

Source: House definition: three documented attempts.
"""

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.kpis.measure import REAL, Bucket, Col, Figure, Measured, Rows, Window, share
from engine.cases.models import Case
from engine.cases.notices.models import NOTICE_STATES, Notice, OutreachAttempt
from engine.serials.models import Party
from engine.words import N_

PART, PLACE, UNIT = "recall", 5, "percent"
NONE_SENT = N_("No notice went out in this time")
GIVEN_UP = ("escalated", "closed")


def measured(db: Session, window: Window) -> Measured:
    """Count the notices of the window by state, and the attempts on them."""
    sent = (
        select(Notice.id, Notice.state, Notice.answered_at)
        .join(Case, Case.id == Notice.case_id)
        .where(REAL, window.within(Notice.first_sent_at))
        .subquery()
    )
    unanswered = sent.c.answered_at.is_(None)
    many, silent, waiting = db.execute(
        select(
            func.count(),
            func.count().filter(unanswered & sent.c.state.in_(GIVEN_UP)),
            func.count().filter(unanswered & sent.c.state.not_in(GIVEN_UP)),
        ).select_from(sent)
    ).one()
    attempts = db.scalar(
        select(func.count()).select_from(OutreachAttempt).join(
            sent, sent.c.id == OutreachAttempt.notice_id
        )
    ) or 0  # fmt: skip
    mean = Decimal(attempts) / many if many else None
    return Measured(
        share(N_("Without a reply after the policy"), silent, many, why=NONE_SENT),
        (
            Figure(
                N_("Attempts per consignee"), mean, "quantity", of=Decimal(many), why=NONE_SENT
            ),
        ),
        unknown=(Bucket(N_("Time to reply not over"), Decimal(waiting)),),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every consignee notified in the window, with its attempts."""
    tried = (
        select(OutreachAttempt.notice_id, func.count().label("many"))
        .group_by(OutreachAttempt.notice_id)
        .subquery()
    )
    found = db.execute(
        select(
            Case.number, Notice.number, Party.name, Notice.country, Notice.state,
            Notice.first_sent_at, Notice.answered_at, func.coalesce(tried.c.many, 0),
        )
        .join(Case, Case.id == Notice.case_id)
        .join(Party, Party.id == Notice.party_id)
        .outerjoin(tried, tried.c.notice_id == Notice.id)
        .where(REAL, window.within(Notice.first_sent_at))
        .order_by(Notice.first_sent_at.desc(), Notice.id)
    )  # fmt: skip
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("notice", N_("Notice"), "notice"),
            Col("consignee", N_("Consignee")),
            Col("country", N_("Country"), "country"),
            Col("state", N_("State"), "words"),
            Col("sent_at", N_("First notice"), "moment"),
            Col("answered_at", N_("Replied"), "moment"),
            Col("attempts", N_("Attempts"), "integer"),
        ),
        [
            (number, notice, name, country, NOTICE_STATES[state], *rest)
            for number, notice, name, country, state, *rest in found
        ],
    )
