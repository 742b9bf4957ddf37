"""Drills: the list, one drill with its stages and score, starting one and ending one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from engine.cases.drills import answering, attending, planning, starting
from engine.cases.drills.measures import CRITICAL, MEASURES, PASSES_AT
from engine.cases.drills.models import RHYTHMS
from engine.cases.typed import LINE
from engine.clock import now
from engine.errors import Invalid, Problem
from engine.serials import expressions
from engine.serials.expressions import Understood
from engine.serials.tracing import NothingToTrace, StillAsking
from webapp.i18n import language
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.drills import drills, one_drill
from webapp.queries.tracing import answers_of, understood
from webapp.reading import read
from webapp.sentences import translated
from webapp.session import person
from webapp.times import zone
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint("drills", __name__, url_prefix="/drills")
TOO_LONG = N_("Write at most %(most)s characters.")
SPEEDS = {
    "1": N_("As in life: days"),
    "60": N_("Sixty times as fast: an hour takes a minute"),
    "1440": N_("1,440 times as fast: a day takes a minute"),
}


@bp.get("")
@allow("drill.read")
def index() -> ResponseReturnValue:
    """List the drills, and offer to start one."""
    return _index([])


def _index(problems: list[Problem], read_as: Understood | None = None) -> str:
    return render_template(
        "drills/index.html",
        read_as=read_as,
        shown=understood(read_as) if read_as else None,
        rows=drills(read()),
        plans=planning.standing(read()),
        rhythms=[(code, translated(words)) for code, words in RHYTHMS.items()],
        owners=[(str(one.id), one.printed_name) for one in planning.owners(read(), at=now())],
        entered=request.form,
        speeds=[(code, gettext(words)) for code, words in SPEEDS.items()],
        problems=problems,
        measures=MEASURES,
        critical=CRITICAL,
        passes_at=PASSES_AT,
    )


@bp.post("")
@allow("drill.start")
def start() -> ResponseReturnValue:
    """Start a drill that people work through."""
    scope, answers = request.form.get("scope", "").strip(), answers_of(request.form)
    if not scope:
        return _index([Problem("scope", N_("Write what is practised."))]), 422
    if len(scope) > LINE:
        return _index([Problem("scope", TOO_LONG, (("most", LINE),))]), 422
    try:
        with begin() as db:
            raw = answering.report_of(scope, at=now(), language=language(), answers=answers)
            case = starting.start(
                db, raw, by=person(), at=now(), key=request_key(), is_attended=True,
                speed=whole(request.form.get("speed")) or 0, language=language(),
            )  # fmt: skip
            number = case.number
    except (StillAsking, NothingToTrace):
        read_as = expressions.understand(read(), scope, answers=answers, zone=zone())
        return _index([], read_as), 422
    except Invalid as wrong:
        return _index(wrong.problems), 422
    flash(gettext("%(number)s is open. It is worked through like a recall.", number=number))
    return redirect(url_for(".drill", number=number), 303)


@bp.post("/plans")
@allow("drill.start")
def plan() -> ResponseReturnValue:
    """Have robots practise again and again, and somebody told what came of it."""
    form = request.form
    try:
        with begin() as db:
            planning.plan(
                db,
                scope=form.get("plan_scope", ""),
                every=form.get("every", ""),
                owner_id=whole(form.get("owner")) or 0,
                language=language(),
                by=person(),
                at=now(),
            )
    except (StillAsking, NothingToTrace) as wrong:
        return _index([wrong.problem("plan_scope")]), 422
    except Invalid as wrong:
        return _index(wrong.problems), 422
    flash(gettext("The drill is planned."))
    return redirect(url_for(".index"), 303)


@bp.post("/plans/<int:plan_id>/run")
@allow("drill.start")
def run_plan(plan_id: int) -> ResponseReturnValue:
    """Have a plan carried out now, in the background."""
    with begin() as db:
        planning.hasten(db, plan_id, by=person(), at=now())
    flash(gettext("Robots begin within five minutes. Load this page again then."))
    return redirect(url_for(".index"), 303)


@bp.post("/plans/<int:plan_id>/end")
@allow("drill.end")
def end_plan(plan_id: int) -> ResponseReturnValue:
    """Have a plan carried out no more."""
    with begin() as db:
        planning.end(db, plan_id, by=person(), at=now())
    flash(gettext("The plan has ended. What came of it stays on record."))
    return redirect(url_for(".index"), 303)


@bp.get("/<number>")
@allow("drill.read")
def drill(number: str) -> ResponseReturnValue:
    """Show a drill: how far it is, its score, hospitals, report."""
    return _drill(number, [])


def _drill(number: str, problems: list[Problem]) -> str:
    view = one_drill(read(), number, language=language())
    return render_template(
        "drills/drill.html", view=view, problems=problems, passes_at=PASSES_AT, at=now()
    )


@bp.post("/<number>/settle")
@allow("drill.settle")
def settle(number: str) -> ResponseReturnValue:
    """Account for what is open: nothing of a drill comes back."""
    with begin() as db:
        moved = attending.settle(db, number, by=person(), at=now())
    flash(
        ngettext("%(num)d entry was accounted for.", "%(num)d entries were accounted for.", moved)
    )
    return redirect(url_for(".drill", number=number), 303)


@bp.post("/<number>/end")
@allow("drill.end")
def end(number: str) -> ResponseReturnValue:
    """End a drill that is not carried through."""
    try:
        with begin() as db:
            reason = request.form.get("reason", "")
            starting.abandon(db, number, reason=reason, by=person(), at=now())
    except Invalid as wrong:
        return _drill(number, wrong.problems), 422
    flash(gettext("The drill has ended. What was done stays on record."))
    return redirect(url_for(".drill", number=number), 303)
