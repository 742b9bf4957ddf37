"""How a recall is carried out: depth, warning, checks, and what becomes of the units."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.models import Answer, Case
from engine.cases.recalls import jurisdictions
from engine.cases.recalls.models import Strategy
from engine.cases.reporting import schedule
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.words import N_

# how many in a hundred consignees are checked at each level; B is the strategy's to say
PERCENT = {"A": 100, "C": 10, "D": 2, "E": 0}
ANNOUNCED_IN = "CN"  # order 29 art. 14: the announcement is due for every grade
B_IS_BETWEEN = N_("At level B more than 10 and less than 100 in a hundred are checked.")


def standing(db: Session, case: Case) -> Strategy | None:
    """Return the strategy in force, None before the first is approved."""
    return db.scalar(
        select(Strategy).where(Strategy.case_id == case.id).order_by(Strategy.version.desc())
        .limit(1)
    )  # fmt: skip


def refuse_disagreement(given: dict[str, Any]) -> None:
    """Raise `Invalid` where level and sample do not go together."""
    percent = given.get("sample_percent")
    if given.get("check_level") == "b" and not 10 < int(percent or 0) < 100:
        raise Invalid([Problem("sample_percent", B_IS_BETWEEN)])


def record(step: Step, case: Case) -> bool:
    """Keep the approved strategy as the version in force; say whether it must be announced."""
    draft = answers.latest(step.db, case, case.process, "draft_strategy")
    approval = answers.latest(step.db, case, case.process, "approve_strategy")
    assert draft is not None  # the diagram comes here from no other step  # noqa: S101
    assert approval is not None  # as above  # noqa: S101
    kept = keep(step.db, case, draft.answers, approval, at=step.at)
    schedule.schedule(step.db, case, every_days=kept.report_every_days, by=step.by, at=step.at)
    decided = jurisdictions.decided(step.db, case)
    in_china = ANNOUNCED_IN in decided and decided[ANNOUNCED_IN].is_action
    return kept.public_warning or in_china


def keep(
    db: Session, case: Case, content: dict[str, Any], approval: Answer, *, at: datetime
) -> Strategy:
    """Write a version of the strategy as it was approved; flushes."""
    last = db.scalar(select(func.max(Strategy.version)).where(Strategy.case_id == case.id)) or 0
    level = content["check_level"].upper()
    kept = Strategy(
        case_id=case.id,
        version=last + 1,
        content=content,
        depth=content["depth"],
        public_warning=bool(content["public_warning"]),
        check_level=level,
        sample_percent=PERCENT.get(level, int(content.get("sample_percent") or 0)),
        returned_units=content["returned_units"],
        report_every_days=int(content["report_every_days"]),
        approved_by_id=approval.by_id,
        approved_at=approval.at,
        signature_id=approval.signature_id,
    )
    db.add(kept)
    db.flush()
    body = {
        "version": kept.version,
        "depth": kept.depth,
        "public_warning": kept.public_warning,
        "check_level": kept.check_level,
        "sample_percent": kept.sample_percent,
        "signature": kept.signature_id,
    }
    ledger.append(db, case.stream, "strategy_approved", body, by=None, at=at)
    return kept
