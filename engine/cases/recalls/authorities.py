"""The authorities of a recall: told, answering with a class, asked to end their oversight."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.bpmn.step import Step
from engine.cases import answers, facts
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.recalls import gates, jurisdictions, strategies
from engine.cases.recalls.models import Notification, Termination
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import LINE, written
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.regulators import jurisdictions as law
from engine.words import N_

NOTIFICATION, TERMINATION, CLASS_REVIEW = (
    "regulator_notification",
    "termination_request",
    "class_review",
)
OUTCOMES = {
    "ended": N_("Oversight ended"),
    "upgrade": N_("A higher class is asked for"),
    "extend": N_("A wider scope is asked for"),
    "recall_again": N_("The recall is to be carried out again"),
}
LETTER = N_("Its letter, number or call")
NAME_IT = N_("Name the letter, the number or the call first.")
NOT_ITS_CLASS = N_("This authority gives no such class. Choose one of its own.")


# --- notifications ---------------------------------------------------------------------------


def open_notifications(step: Step, case: Case) -> None:
    """Open a notification for every jurisdiction where the action is reportable. Flushes."""
    reportable = [
        code for code, one in jurisdictions.decided(step.db, case).items() if one.is_reportable
    ]
    rounds = {one.jurisdiction: one.round for one in notifications_of(step.db, case)}
    rows = [
        Notification(
            case_id=case.id, jurisdiction=code, round=rounds.get(code, 0) + 1, opened_at=step.at
        )
        for code in reportable
    ]
    step.db.add_all(rows)
    items = [
        (
            row.jurisdiction,
            {
                "jurisdiction": row.jurisdiction,
                "gate_key": gates.key_of(case, row.jurisdiction),
            },
        )
        for row in rows
    ]
    _open(step, NOTIFICATION, "notifications_done", items, rows)


def notify_further(step: Step, case: Case) -> None:
    """Open a notification where the action is found reportable after the others were opened."""
    db, row = step.db, jurisdictions.row_of(step.db, step.instance.id)
    if row is None or not row.is_reportable or strategies.standing(db, case) is None:
        return
    code = str(row.code)
    if any(one.jurisdiction == code for one in notifications_of(db, case)):
        return
    told = Notification(case_id=case.id, jurisdiction=code, round=1, opened_at=step.at)
    variables = {"jurisdiction": code, "gate_key": gates.key_of(case, code)}
    child = open_child(
        db, case, NOTIFICATION, by=step.by, at=step.at, variables=variables, key=code
    )
    told.instance_id = child.id
    db.add(told)
    db.flush()


def notifications_of(db: Session, case: Case) -> list[Notification]:
    """Return the notifications of a case, by round and jurisdiction."""
    return list(
        db.scalars(
            select(Notification)
            .where(Notification.case_id == case.id)
            .order_by(Notification.round, Notification.jurisdiction)
        )
    )


def record_submission(step: Step, case: Case) -> bool:
    """Keep when it was sent and its receipt; say whether the notices wait for an answer."""
    db = step.db
    row = db.scalars(select(Notification).where(Notification.instance_id == step.instance.id)).one()
    answer = answers.latest(
        db, case, NOTIFICATION, "submit_notification", instance_id=step.instance.id
    )
    assert answer is not None  # the diagram comes here from no other step  # noqa: S101
    row.sent_at = datetime.fromisoformat(answer.answers["submitted_at"]["at"])
    row.receipt = answer.answers["receipt"]
    db.flush()
    body = {"jurisdiction": row.jurisdiction, "receipt": row.receipt}
    ledger.append(db, case.stream, "authority_notified", body, by=step.by, at=step.at)
    waiting = gates.gates_of(db, case, row.jurisdiction)
    return any(one.what == gates.NOTICES and one.state == "closed" for one in waiting)


# --- a class that an authority gave ----------------------------------------------------------


def receive_class(
    db: Session,
    number: str,
    code: str,
    class_name: str,
    *,
    evidence: str,
    by: Person,
    at: datetime,
    key: str,
) -> None:
    """Record the class an authority gave; wording, checks and warning are looked at again."""
    authorize(by, "recall.authority")
    case = lock_case(db, number)
    asked = {"case": number, "jurisdiction": code, "class": class_name, "by": by.id}
    if commands.earlier_result(db, key, name="class_received", request=asked) is not None:
        return

    refuse_ended(case)
    if law.named(code).class_named(class_name) is None:
        raise Invalid([Problem("class_name", NOT_ITS_CLASS)])
    told = written(evidence, "evidence", LETTER, missing=NAME_IT, most=LINE, lines=False)
    fact = facts.record(
        db, case, "class_received", class_name, by=by, at=at, evidence=told, jurisdiction=code,
    )  # fmt: skip
    body = {"jurisdiction": code, "class": class_name, "evidence": told}
    ledger.append(db, case.stream, "class_received", body, by=by, at=at)
    if strategies.standing(db, case) is not None:
        variables = {"jurisdiction": code, "class_name": class_name}
        # the same authority may change its mind: each answer is looked at for itself
        visit = f"{code}:{fact.id}"
        open_child(db, case, CLASS_REVIEW, by=by, at=at, variables=variables, key=visit)
    case.version += 1
    commands.remember(
        db, key, name="class_received", request=asked, result={"case": number}, by_id=by.id, at=at
    )


def apply_class_review(step: Step, case: Case) -> None:
    """Put what was approved after a class was received into a new version of the strategy."""
    db = step.db
    review, approval = (
        answers.latest(db, case, CLASS_REVIEW, element, instance_id=step.instance.id)
        for element in ("review_class", "approve_class_review")
    )
    standing = strategies.standing(db, case)
    assert review is not None  # the diagram comes here from no other step  # noqa: S101
    assert approval is not None  # as above  # noqa: S101
    assert standing is not None  # a review opens only where there is one  # noqa: S101
    strategies.keep(db, case, {**standing.content, **review.answers}, approval, at=step.at)


# --- ending ----------------------------------------------------------------------------------


def open_terminations(step: Step, case: Case) -> None:
    """Ask every authority whose answer the closing waits for to end its oversight. Flushes."""
    db = step.db
    asked = terminations_of(db, case)
    ended = {one.jurisdiction for one in asked if one.outcome == "ended"}
    rounds = {one.jurisdiction: one.round for one in asked}
    rows = [
        Termination(case_id=case.id, jurisdiction=code, round=rounds.get(code, 0) + 1,
                    opened_at=step.at)
        for code, one in jurisdictions.decided(db, case).items()
        if one.is_action and one.is_reportable and law.named(code).waits_to_end
        and code not in ended
    ]  # fmt: skip
    db.add_all(rows)
    items = [(row.jurisdiction, {"jurisdiction": row.jurisdiction}) for row in rows]
    facts.record(db, case, "completion", step.at.isoformat(), by=step.by, at=step.at,
                 evidence="balance")  # fmt: skip
    _open(step, TERMINATION, "terminations_done", items, rows)


def terminations_of(db: Session, case: Case) -> list[Termination]:
    """Return what was asked of authorities to end, by round and jurisdiction."""
    return list(
        db.scalars(
            select(Termination)
            .where(Termination.case_id == case.id)
            .order_by(Termination.round, Termination.jurisdiction)
        )
    )


def record_termination(step: Step, case: Case) -> None:
    """Keep what was asked and what the authority answered. Flushes."""
    db, instance_id = step.db, step.instance.id
    row = db.scalars(select(Termination).where(Termination.instance_id == instance_id)).one()
    request, outcome = (
        answers.latest(db, case, TERMINATION, element, instance_id=instance_id)
        for element in ("request_termination", "record_outcome")
    )
    assert request is not None  # the diagram comes here from no other step  # noqa: S101
    assert outcome is not None  # as above  # noqa: S101
    row.requested_at = datetime.fromisoformat(request.answers["sent_at"]["at"])
    row.reference = request.answers["reference"]
    row.answered_at = datetime.fromisoformat(outcome.answers["answered_at"]["at"])
    row.outcome = outcome.answers["outcome"]
    told = [("termination_requested", row.requested_at)]
    if row.outcome == "ended":
        told.append(("termination", row.answered_at))
    for name, moment in told:
        facts.record(
            db, case, name, moment.isoformat(), by=step.by, at=step.at,
            jurisdiction=row.jurisdiction,
        )  # fmt: skip
    db.flush()
    body = {
        "jurisdiction": row.jurisdiction,
        "outcome": row.outcome,
        "reference": outcome.answers["letter"],
    }
    ledger.append(db, case.stream, "authority_answered", body, by=step.by, at=step.at)


def all_ended(db: Session, case: Case) -> bool:
    """Say whether no authority asked for more in its last answer."""
    last = {one.jurisdiction: one.outcome for one in terminations_of(db, case)}
    return all(outcome == "ended" for outcome in last.values())


def _open(
    step: Step, process: str, message: str, items: list[tuple[str, dict[str, Any]]], rows: list[Any]
) -> None:
    """Open the children and tell each row which one carries it out; flushes."""
    step.db.flush()
    children = step.open_children(process, message, items)
    for row in rows:
        row.instance_id = children[row.jurisdiction]
    step.db.flush()
