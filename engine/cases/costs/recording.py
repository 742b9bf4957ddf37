"""Writing down what a case cost: at a task, on the page of its costs, and put right afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine import commands
from engine.cases.costs.models import CostLine
from engine.cases.models import Answer, Case
from engine.cases.tasks import lock_case
from engine.cases.typed import problems_of
from engine.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.words import N_
from forms.decimals import decimal_of, places_of, text_of
from forms.form import Form
from forms.kinds.effort import MOST, MOST_HOURS, PARTS
from forms.spending import CATEGORIES, CURRENCIES

STREAM = "costs"  # not the case's own: an invoice comes after the entry that closes it
KIND = "effort"
LONGEST, NAME = 500, 200  # characters
EARLIEST = date(2000, 1, 1)
HOURS_WRONG = N_("Write the hours as a number above 0, at most %(most)s, such as 1.25.")
AMOUNT_WRONG = N_(
    "Write the amount as a number above 0, at most %(most)s, with at most %(places)s decimals."
)
DAY_WRONG = N_("Enter the day as YYYY-MM-DD.")
_PARTS = frozenset(PARTS)

_later = aliased(CostLine)
REPLACED = select(_later.id).where(_later.supersedes_id == CostLine.id).exists()


class CostUnknown(NotFound):
    """There is no such line of cost. Open the costs of the case and look at its lines."""


class CostCorrected(Conflict):
    """This line of cost was corrected while you had it open. Look at the newer version."""


class NotYourCost(NotAllowed):
    """Only the person who wrote down this cost, or a quality manager, may correct it."""


@dataclass(frozen=True)
class Given:
    """What somebody typed of one line of cost; hours or an amount, as texts."""

    category: str
    hours: str = ""
    amount: str = ""
    currency: str = ""
    what: str = ""
    who: str = ""
    spent_on: str = ""


def record(
    db: Session, number: str, given: Given, *, by: Person, at: datetime, key: str
) -> CostLine:
    """Write down hours or an amount of a case, open or closed; a repeated `key` gives the first.

    Raises `Invalid` with every problem.
    """
    authorize(by, "cost.record")
    case = lock_case(db, number)
    asked = {"case": number, "given": vars(given), "by": by.id}
    if earlier := commands.earlier_result(db, key, name="record_cost", request=asked):
        return db.get_one(CostLine, earlier["line"])

    line = CostLine(case_id=case.id, by_id=by.id, at=at, **_read(given, by=by, at=at))
    return _add(db, case, line, key, "record_cost", asked, by=by, at=at)


def correct(
    db: Session,
    number: str,
    line_id: int,
    given: Given,
    *,
    reason: str,
    by: Person,
    at: datetime,
    key: str,
) -> CostLine:
    """Write a new version of a line, or strike it out where neither hours nor amount is left.

    Raises `Invalid` with every problem, `CostCorrected` when a newer version stands.
    """
    authorize(by, "cost.record")
    case = lock_case(db, number)
    old = db.get(CostLine, line_id)
    if old is None or old.case_id != case.id:
        raise CostUnknown
    asked = {"line": line_id, "given": vars(given), "reason": reason, "by": by.id}
    if earlier := commands.earlier_result(db, key, name="correct_cost", request=asked):
        return db.get_one(CostLine, earlier["line"])

    if by.id != old.by_id and "qa_manager" not in by.roles:
        raise NotYourCost
    if db.scalar(select(CostLine.id).where(CostLine.supersedes_id == old.id)) is not None:
        raise CostCorrected
    line = CostLine(
        case_id=case.id,
        answer_id=old.answer_id,
        by_id=by.id,
        at=at,
        supersedes_id=old.id,
        reason=reason.strip(),
        **_read(given, by=by, at=at, reason=reason, may_strike=True),
    )
    return _add(db, case, line, key, "correct_cost", asked, by=by, at=at)


def _add(
    db: Session,
    case: Case,
    line: CostLine,
    key: str,
    name: str,
    asked: dict[str, Any],
    *,
    by: Person,
    at: datetime,
) -> CostLine:
    db.add(line)
    db.flush()
    commands.remember(
        db, key, name=name, request=asked, result={"line": line.id}, by_id=by.id, at=at
    )
    action = "cost_recorded" if line.supersedes_id is None else "cost_corrected"
    ledger.append(db, STREAM, action, _said(case, line), by=by, at=at)
    return line


def _said(case: Case, line: CostLine) -> dict[str, Any]:
    return {
        "case": case.number,
        "line": line.id,
        "category": line.category,
        "hours": None if line.hours is None else text_of(line.hours),
        "amount": None if line.amount is None else text_of(line.amount),
        "currency": line.currency,
        "what": line.what,
        "who": line.who,
        "spent_on": line.spent_on.isoformat(),
        "supersedes": line.supersedes_id,
        "reason": line.reason,
    }


def _read(
    given: Given,
    *,
    by: Person,
    at: datetime,
    reason: str | None = None,
    may_strike: bool = False,
) -> dict[str, Any]:
    hours = _number(given.hours, Decimal(MOST_HOURS), places=2)
    amount = _number(given.amount, MOST, places=_places(given.currency))
    spent_on = _day(given.spent_on)
    problems = [
        *_wrong_numbers(given, hours, amount, may_strike=may_strike),
        *_wrong_words(given, spent_on, amount, reason, today=at.astimezone(UTC).date()),
    ]
    if problems:
        raise Invalid(problems)
    return {
        "category": given.category,
        "hours": hours,
        "amount": amount,
        "currency": given.currency if amount is not None else None,
        "what": given.what.strip(),
        "who": given.who.strip() or by.printed_name,
        "spent_on": spent_on,
    }


def _wrong_numbers(
    given: Given, hours: Decimal | None, amount: Decimal | None, *, may_strike: bool
) -> Iterator[Problem]:
    if given.hours.strip() and given.amount.strip():
        yield Problem("amount", N_("Enter hours or an amount: two lines for both."))
    elif given.hours.strip() and hours is None:
        yield Problem("hours", HOURS_WRONG, (("most", f"{MOST_HOURS:,}"),))
    elif given.amount.strip() and amount is None:
        facts = (("most", f"{MOST:,}"), ("places", _places(given.currency)))
        yield Problem("amount", AMOUNT_WRONG, facts)
    elif hours is None and amount is None and not may_strike:
        yield Problem("hours", N_("Enter hours or an amount."))


def _wrong_words(
    given: Given, spent_on: date | None, amount: Decimal | None, reason: str | None, *, today: date
) -> Iterator[Problem]:
    if given.category not in CATEGORIES:
        yield Problem("category", N_("Choose what it was spent on."))
    if amount is not None and given.currency not in CURRENCIES:
        yield Problem("currency", N_("Choose the currency."))
    yield from problems_of(
        given.what, "what", N_("What it was for"), missing=N_("Say what it was for."),
        most=LONGEST, lines=False,
    )  # fmt: skip
    if given.who.strip():
        yield from problems_of(given.who, "who", N_("Who"), missing="", most=NAME, lines=False)
    if spent_on is None:
        yield Problem("spent_on", DAY_WRONG)
    elif spent_on > today:
        yield Problem("spent_on", N_("This day is still to come."))
    elif spent_on < EARLIEST:
        yield Problem("spent_on", N_("This day lies too far back. Check the year."))
    if reason is not None:
        missing = N_("Write the reason for the correction.")
        yield from problems_of(reason, "reason", N_("Reason"), missing=missing, most=LONGEST)


def _places(currency: str) -> int:
    """Return how many decimals an amount has: of yen none."""
    return get_currency_precision(currency) if currency in CURRENCIES else 2


def _number(typed: str, most: Decimal, *, places: int) -> Decimal | None:
    number = decimal_of(typed)
    if number is None or not 0 < number <= most or places_of(number) > places:
        return None
    return number


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


# --- what was said at a task -----------------------------------------------------------------


def says_effort(answers: dict[str, Any]) -> bool:
    """Say whether one of these answers can be an effort, so that the form is worth a look."""
    return any(isinstance(said, dict) and said and set(said) <= _PARTS for said in answers.values())


def keep_effort(db: Session, form: Form, answer: Answer, *, by: Person, at: datetime) -> None:
    """Keep the hours and costs of an answer as lines of its case; flushes.

    A corrected answer corrects the lines of the version before it, whatever became of them since.
    """
    fields = [field for field in form.fields if field.kind == KIND]
    if not fields:
        return
    before = _lines_of(db, answer.supersedes_id) if answer.supersedes_id else []
    wanted = [
        one
        for field in fields
        for one in _parts(
            answer.answers.get(field.id) or {}, form.kinds[field.id].option("category")
        )
    ]
    lines: list[tuple[CostLine | None, dict[str, Any]]] = []
    for old in before:
        same = next((one for one in wanted if ("hours" in one) == (old.hours is not None)), {})
        wanted = [one for one in wanted if one is not same]
        lines.append((old, same))
    lines += [(None, one) for one in wanted]
    for replaced, parts in lines:
        db.add(_line(form, answer, replaced, parts, by=by, at=at))
    db.flush()


def _lines_of(db: Session, answer_id: int) -> list[CostLine]:
    rows = select(CostLine).where(CostLine.answer_id == answer_id, ~REPLACED)
    return list(db.scalars(rows.order_by(CostLine.id)))


def _parts(effort: dict[str, Any], category: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if "hours" in effort:
        parts.append({"category": category, "hours": Decimal(effort["hours"])})
    if "amount" in effort:
        parts.append(
            {
                "category": effort["category"],
                "amount": Decimal(effort["amount"]),
                "currency": effort["currency"],
            }
        )
    return parts


def _line(
    form: Form,
    answer: Answer,
    replaced: CostLine | None,
    parts: dict[str, Any],
    *,
    by: Person,
    at: datetime,
) -> CostLine:
    said = parts if parts or replaced is None else {"category": replaced.category}
    return CostLine(
        case_id=answer.case_id,
        what=form.title,
        who=replaced.who if replaced else by.printed_name,
        spent_on=replaced.spent_on if replaced else at.astimezone(UTC).date(),
        answer_id=answer.id,
        by_id=by.id,
        at=at,
        supersedes_id=replaced.id if replaced else None,
        reason=answer.reason if replaced else None,
        **said,
    )
