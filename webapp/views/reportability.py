"""Whether one event is reportable in one jurisdiction: the questions, the decision, its signing."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.reported import deciding, decisions, finding
from engine.cases.reported.decisions import SAID, Asked, Decision
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from engine.regulators.reportability import GIVEN
from webapp import signing
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.reported_events import Running, due_of, rows_shown, running_as
from webapp.reading import read
from webapp.recording import KEPT, Entered
from webapp.session import person, session_id
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint(
    "reportability", __name__, url_prefix="/reported-events/<number>/reportability/<code>"
)
CONSEQUENCE = N_("Your decision and its grounds are kept; an earlier one is superseded by it.")
NOT_REPORTED = "no"


def _place(number: str, code: str) -> str:
    """Return where the decision waits that is about to be signed."""
    return f"reportability:{number}:{code.upper()}"


def _typed(number: str, code: str, kept: Mapping[str, str] | None = None) -> Decision:
    """Return the decision that was typed, that travels with the signature, or that was kept."""
    entered = Entered(kept)
    chosen, replaces = entered.text("decision"), entered.text("replaces")
    return Decision(
        number=number,
        jurisdiction=code.upper(),
        is_reportable=None if not chosen else chosen != NOT_REPORTED,
        report=chosen if chosen != NOT_REPORTED else None,
        reason=entered.text("reason").replace("\r\n", "\n"),
        reported_under=entered.text("reported_under") or None,
        answers={
            name.removeprefix("answer."): text
            for name, text in entered.typed.items()
            if name.startswith("answer.") and text in GIVEN
        },
        replaces=whole(replaces),
    )


@bp.get("")
@allow("reported_event.decide")
def ask(number: str, code: str) -> ResponseReturnValue:
    """Ask the questions of the jurisdiction, with what was answered last."""
    asked = decisions.look(read(), number, code)
    last = asked.standing
    values = {f"answer.{name}": given for name, given in last.answers.items()} if last else {}
    return _page(asked, values, [])


def _page(asked: Asked, values: dict[str, str], problems: list[Problem]) -> str:
    answers = {one.code: values.get(f"answer.{one.code}", "unknown") for one in asked.law.questions}
    has_answers = any(name.startswith("answer.") for name in values)
    return render_template(
        "reported_events/decide.html",
        asked=asked,
        event=asked.event,
        rows=lambda *names: rows_shown(asked.event, *names),
        reports=asked.law.offered(asked.where),
        suggested=asked.law.suggested(answers, asked.where) if has_answers else None,
        has_answers=has_answers,
        runs_as=_runs_as(asked),
        due={one.code: due_of(asked.event, asked.here.code, one) for one in asked.law.reports},
        said_by={code: SAID[code] for code in GIVEN},
        values=values,
        problems=problems,
    )


def _runs_as(asked: Asked) -> list[Running]:
    """Return what the event runs as here until a decision holds."""
    db, number = read(), asked.event.number
    decided = [one for one in decisions.decisions_of(db, number)
               if one.jurisdiction == asked.here.code]  # fmt: skip
    looks = decisions.looks_of(db, decided)
    return running_as(asked.here.code, finding.versions_of(db, number), decided, looks)


@bp.post("")
@allow("reported_event.decide")
def review(number: str, code: str) -> ResponseReturnValue:
    """Draw up the record of the decision, or show every problem and what the answers ask for."""
    decision = _typed(number, code)
    values = {name: request.form[name] for name in request.form if name not in KEPT}
    if request.form.get("then") == "suggest":
        return _page(decisions.look(read(), number, code), values, [])
    try:
        with begin() as db:
            opened = deciding.open_signing(
                db, decision, by=person(), session_id=str(session_id()), at=now()
            )
            commands.save_draft(db, _place(number, code), values, by=person(), at=now())
    except Invalid as wrong:
        return _page(decisions.look(read(), number, code), values, wrong.problems), 422
    return redirect(url_for(".to_sign", number=number, code=code, nonce=opened.nonce), 303)


@bp.get("/sign/<nonce>")
@allow("reported_event.decide")
def to_sign(number: str, code: str, nonce: str) -> ResponseReturnValue:
    """Show the record of the decision, to be signed."""
    kept = commands.find_draft(read(), _place(number, code), by=person())
    if kept is None:
        return redirect(url_for("reported_events.one", number=number), 303)
    decision = _typed(number, code, kept.answers)
    try:
        return _sign_page(decision, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(decision, error)


def _sign_page(decision: Decision, nonce: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "reported_events/sign.html",
        title=gettext("Reportability of an event"),
        number=decision.number,
        send_to=url_for(".sign", number=decision.number, code=decision.jurisdiction, nonce=nonce),
        back=url_for(".ask", number=decision.number, code=decision.jurisdiction),
        sign=signing.sign_page(db, nonce, consequence=CONSEQUENCE),
        values=_values(decision),
        entered=request.form,
        problems=problems,
    )


def _values(decision: Decision) -> dict[str, str]:
    """Return what travels with the signature: the decision as it was typed."""
    return {
        **{f"answer.{name}": given for name, given in decision.answers.items()},
        "decision": decision.report or NOT_REPORTED,
        "reason": decision.reason,
        "reported_under": decision.reported_under or "",
        "replaces": str(decision.replaces or ""),
    }


@bp.post("/sign/<nonce>")
@allow("reported_event.decide")
def sign(number: str, code: str, nonce: str) -> ResponseReturnValue:
    """Decide under the signature."""
    decision, key = _typed(number, code), request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: _decide(db, decision, nonce, key),
        )
        if problems:
            return _sign_page(decision, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(decision, error)
    flash(gettext("The decision on %(event)s is signed.", event=number))
    return redirect(url_for("reported_events.one", number=number), 303)


def _decide(db: Session, decision: Decision, nonce: str, key: str) -> None:
    deciding.sign_and_decide(db, decision, signing.typed(nonce), by=person(), at=now(), key=key)
    commands.drop_draft(db, person(), _place(decision.number, decision.jurisdiction))


def _out_of_date(decision: Decision, error: EngineError) -> ResponseReturnValue:
    number, code = decision.number, decision.jurisdiction
    return signing.out_of_date(
        error,
        again=url_for(".review", number=number, code=code),
        back=url_for(".ask", number=number, code=code),
        values=_values(decision),
    )
