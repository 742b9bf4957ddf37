"""Scope Lab: candidates beside the scope that stands, why a unit is in, and freezing one."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases import scopes
from engine.cases.overview import recall_named
from engine.cases.scopes import signed
from engine.cases.scopes.figures import PLACE_WORDS
from engine.cases.tasks import lock_case
from engine.clock import now
from engine.errors import EngineError, Problem, Refused
from engine.evidence.failures import SigningLocked
from engine.serials import expressions, tracing
from webapp import signing
from webapp.permissions import allow
from webapp.queries import scopes as queries, trace_why, tracing as traces
from webapp.reading import read
from webapp.session import person, session_id
from webapp.times import zone
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint("scopes", __name__, url_prefix="/recalls/<number>/scopes")
ANSWER = "a."  # before the key of a question in the form
NO_REASON = N_("Write why this scope is proposed.")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show the scope that stands, the candidates beside it, and the box."""
    return _lab(number, request.args.get("text", ""))


@bp.post("")
@allow("scope.propose")
def propose(number: str) -> ResponseReturnValue:
    """Show how a text is understood; trace it as a candidate when that is asked."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    reason = request.form.get("reason", "").strip()
    said = expressions.understand(read(), text, answers=_answers(), zone=zone())
    if request.form.get("do") != "trace":
        return _lab(number, text, said, reason=reason)
    problems = [] if reason else [Problem("reason", NO_REASON)]
    if problems or said.open_questions or not said.expression.get("any"):
        return _lab(number, text, said, reason=reason, problems=problems, is_refused=True), 422
    with begin() as db:
        case = lock_case(db, number)
        expression = tracing.expression_of(said)
        version = scopes.propose(
            db, case, text, reason=reason, by=person(), at=now(), expression=expression
        )
        scope = version.number
    flash(gettext("Scope %(number)s is a candidate.", number=scope))
    return redirect(url_for(".index", number=number, _anchor=f"scope-{scope}"), 303)


@bp.get("/<int:scope>/why")
@allow("case.read")
def why(number: str, scope: int) -> ResponseReturnValue:
    """Say why a unit is in a scope, or why it is not."""
    db = read()
    version = scopes.numbered(db, recall_named(db, number), scope)
    typed = request.args.get("unit", "").strip()[:300]
    told = trace_why.told(db, version.run_id, typed=typed)
    return render_template(
        "scopes/why.html", number=number, version=version, told=told, typed=typed
    )


@bp.post("/<int:scope>/withdraw")
@allow("scope.propose")
def withdraw(number: str, scope: int) -> ResponseReturnValue:
    """Take a candidate back."""
    with begin() as db:
        case = lock_case(db, number)
        version = scopes.numbered(db, case, scope)
        scopes.withdraw(db, case, version, by=person(), at=now())
    flash(gettext("Scope %(number)s was withdrawn.", number=scope))
    return redirect(url_for(".index", number=number), 303)


@bp.post("/<int:scope>/anew")
@allow("scope.propose")
def anew(number: str, scope: int) -> ResponseReturnValue:
    """Trace a scope again as of now: a candidate of its own."""
    with begin() as db:
        case = lock_case(db, number)
        version = scopes.numbered(db, case, scope)
        found = scopes.trace_anew(db, case, version, by=person(), at=now()).number
    flash(gettext("Scope %(number)s is a candidate.", number=found))
    return redirect(url_for(".index", number=number, _anchor=f"scope-{found}"), 303)


# --- freezing ---------------------------------------------------------------------------------


@bp.get("/<int:scope>/freeze")
@allow("scope.freeze")
def check(number: str, scope: int) -> ResponseReturnValue:
    """Show all that freezing a candidate brings on, before it is signed."""
    return _check_page(number, scope, [])


def _check_page(number: str, scope: int, problems: list[Problem]) -> str:
    view = queries.check_page(read(), number, scope)
    return render_template(
        "scopes/check.html", number=number, view=view, problems=problems, places=PLACE_WORDS
    )


@bp.post("/<int:scope>/freeze")
@allow("scope.freeze")
def review(number: str, scope: int) -> ResponseReturnValue:
    """Draw up the record that freezes a candidate."""
    try:
        with begin() as db:
            opened = signed.open_signing(
                db, number, scope, by=person(), session_id=str(session_id()), at=now()
            )
    except SigningLocked:
        raise
    except Refused as refused:
        return _check_page(number, scope, [Problem("", str(refused))]), 422
    return redirect(url_for(".sign", number=number, scope=scope, nonce=opened.nonce), 303)


@bp.get("/<int:scope>/freeze/<nonce>")
@allow("scope.freeze")
def sign(number: str, scope: int, nonce: str) -> ResponseReturnValue:
    """Show what freezes a candidate, to be signed."""
    try:
        return _sign_page(number, scope, nonce, [])
    except signing.OUT_OF_DATE as error:
        if signing.has_signed(read(), nonce, f"{number}/{scope}"):
            return _signed(number, scope)
        return _out_of_date(number, scope, error)


def _sign_page(number: str, scope: int, nonce: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "scopes/sign.html",
        number=number,
        scope=scope,
        case=recall_named(db, number),
        sign=signing.sign_page(
            db,
            nonce,
            consequence=gettext(
                "What it adds is held at once; what leaves waits for its release to be signed."
            ),
        ),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(number: str, scope: int, error: EngineError) -> ResponseReturnValue:
    again = url_for(".review", number=number, scope=scope)
    back = url_for(".check", number=number, scope=scope)
    return signing.out_of_date(error, again=again, back=back, values={})


@bp.post("/<int:scope>/freeze/<nonce>")
@allow("scope.freeze")
def freeze(number: str, scope: int, nonce: str) -> ResponseReturnValue:
    """Freeze the candidate under the signature."""
    key = request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: signed.sign_and_freeze(
                db, number, scope, signing.typed(nonce), by=person(), at=now(), key=key
            ),
        )
        if problems:
            return _sign_page(number, scope, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, scope, error)
    return _signed(number, scope)


def _signed(number: str, scope: int) -> ResponseReturnValue:
    flash(gettext("Scope %(number)s is signed.", number=scope))
    return redirect(url_for(".index", number=number, _anchor=f"scope-{scope}"), 303)


def _answers() -> Mapping[str, str]:
    return {
        name.removeprefix(ANSWER): value
        for name, value in request.form.items()
        if name.startswith(ANSWER) and value
    }


def _lab(
    number: str,
    text: str,
    said: expressions.Understood | None = None,
    *,
    reason: str = "",
    problems: list[Problem] | None = None,
    is_refused: bool = False,
) -> str:
    return render_template(
        "scopes/index.html",
        number=number,
        view=queries.lab(read(), number),
        text=text,
        reason=reason,
        read_as=said,
        shown=traces.understood(said) if said else None,
        is_refused=is_refused,
        problems=problems or [],
        places=PLACE_WORDS,
    )
