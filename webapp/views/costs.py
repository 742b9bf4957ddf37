"""What a case cost: its lines, one more, and one put right."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.costs import lines, recording
from engine.cases.costs.recording import Given
from engine.cases.overview import case_facts, case_named
from engine.clock import now
from engine.errors import Invalid, Problem
from forms.spending import CATEGORIES, CURRENCIES, GROUPS
from webapp.permissions import allow
from webapp.queries.stock import actors
from webapp.reading import read
from webapp.sentences import translated
from webapp.session import person
from webapp.transactions import begin, request_key
from webapp.views.tasks import page_addresses, page_of_all

PAGE = 100  # lines of cost
bp = Blueprint("costs", __name__, url_prefix="/nonconformances/<number>/costs")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show every line of cost of a case, and what they come to."""
    return _page(number, [])


def _page(number: str, problems: list[Problem]) -> str:
    db = read()
    case = case_named(db, number)
    found = lines.of_case(db, case)
    page, shown = page_of_all(found, PAGE)
    replaced = lines.history(db, case)
    return render_template(
        "costs/index.html",
        facts=case_facts(db, case),
        lines=shown,
        page=page,
        page_address=page_addresses(number=number),
        replaced=replaced,
        sums=lines.sums(found),
        unvalued=lines.unvalued_hours(found),
        names=actors(db, [one.line.by_id for one in shown] + [one.by_id for one in replaced]),
        categories=CATEGORIES,
        groups=GROUPS,
        **_lists(),
        entered=request.form,
        problems=problems,
        today=now().date(),
        may_correct_all="qa_manager" in person().roles,
        tab="costs",
    )


def _lists() -> dict[str, list[tuple[str, str]]]:
    """Return what the two lists of the form offer: codes and words."""
    return {
        "choices": [(code, translated(one.label)) for code, one in CATEGORIES.items()],
        "currencies": [(code, code) for code in CURRENCIES],
    }


@bp.post("")
@allow("cost.record")
def record(number: str) -> ResponseReturnValue:
    """Write down hours or an amount."""
    try:
        with begin() as db:
            recording.record(db, number, _given(), by=person(), at=now(), key=request_key())
    except Invalid as wrong:
        return _page(number, wrong.problems), 422
    flash(gettext("The cost is written down."))
    return redirect(url_for(".index", number=number), 303)


def _given() -> Given:
    names = ("category", "hours", "amount", "currency", "what", "who", "spent_on")
    return Given(**{name: request.form.get(name, "").replace("\x00", "") for name in names})


@bp.get("/<int:cost_id>")
@allow("case.read")
def one(number: str, cost_id: int) -> ResponseReturnValue:
    """Show one line, to be corrected."""
    return _one_page(number, cost_id, [])


def _one_page(number: str, cost_id: int, problems: list[Problem]) -> str:
    db = read()
    case = case_named(db, number)
    return render_template(
        "costs/one.html",
        facts=case_facts(db, case),
        line=lines.standing_line(db, case, cost_id),
        **_lists(),
        entered=request.form,
        problems=problems,
        tab="costs",
    )


@bp.post("/<int:cost_id>")
@allow("cost.record")
def correct(number: str, cost_id: int) -> ResponseReturnValue:
    """Write a new version of a line with its reason."""
    try:
        with begin() as db:
            reason = request.form.get("reason", "").replace("\x00", "")
            recording.correct(
                db, number, cost_id, _given(),
                reason=reason, by=person(), at=now(), key=request_key(),
            )  # fmt: skip
    except Invalid as wrong:
        return _one_page(number, cost_id, wrong.problems), 422
    flash(gettext("The new version is written down, with its reason."))
    return redirect(url_for(".index", number=number), 303)
