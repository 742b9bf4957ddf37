"""The second look at a no that goes against its own answers: read, confirmed or refused, signed."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.reported import confirming, drawing
from engine.cases.reported.confirming import Look
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from webapp import signing
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.reported_events import rows_shown
from webapp.reading import read
from webapp.recording import KEPT, Entered
from webapp.session import person, session_id
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint(
    "second_looks",
    __name__,
    url_prefix="/reported-events/<number>/reportability/<code>/second-look",
)
CONSEQUENCE = {
    True: N_("The no holds from now on, with both signatures, and is sealed."),
    False: N_("The event runs as if reportable until it is decided on again."),
}
SAID = {"yes": True, "no": False}


def _place(number: str, code: str) -> str:
    """Return where the look waits that is about to be signed."""
    return f"second_look:{number}:{code.upper()}"


def _typed(number: str, code: str, kept: Mapping[str, str] | None = None) -> Look:
    entered = Entered(kept)
    return Look(
        number=number,
        jurisdiction=code.upper(),
        decision_id=whole(entered.text("seen")),
        is_confirmed=SAID.get(entered.text("decision")),
        reason=entered.text("reason").replace("\r\n", "\n"),
    )


@bp.get("")
@allow("reported_event.confirm")
def ask(number: str, code: str) -> ResponseReturnValue:
    """Show the no, the answers it goes against and the event, and ask whether it is right."""
    return _page(number, code, {}, [])


def _page(number: str, code: str, values: Mapping[str, str], problems: list[Problem]) -> str:
    asked, _ = confirming.waiting(read(), number, code)
    return render_template(
        "reported_events/second_look.html",
        asked=asked,
        event=asked.event,
        decision=asked.standing,
        rows=lambda *names: rows_shown(asked.event, *names),
        ways=[("yes", gettext(drawing.CONFIRMED)), ("no", gettext(drawing.REFUSED))],
        values=values,
        problems=problems,
    )


@bp.post("")
@allow("reported_event.confirm")
def review(number: str, code: str) -> ResponseReturnValue:
    """Draw up the record of the second look, or show every problem."""
    look = _typed(number, code)
    values = {name: request.form[name] for name in request.form if name not in KEPT}
    try:
        with begin() as db:
            opened = confirming.open_signing(
                db, look, by=person(), session_id=str(session_id()), at=now()
            )
            commands.save_draft(db, _place(number, code), values, by=person(), at=now())
    except Invalid as wrong:
        return _page(number, code, values, wrong.problems), 422
    return redirect(url_for(".to_sign", number=number, code=code, nonce=opened.nonce), 303)


@bp.get("/sign/<nonce>")
@allow("reported_event.confirm")
def to_sign(number: str, code: str, nonce: str) -> ResponseReturnValue:
    """Show the record of the second look, to be signed."""
    kept = commands.find_draft(read(), _place(number, code), by=person())
    if kept is None:
        return redirect(url_for("reported_events.one", number=number), 303)
    look = _typed(number, code, kept.answers)
    try:
        return _sign_page(look, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(look, error)


def _sign_page(look: Look, nonce: str, problems: list[Problem]) -> str:
    return render_template(
        "reported_events/sign.html",
        title=gettext("Second look at a no"),
        number=look.number,
        sign=signing.sign_page(read(), nonce, consequence=CONSEQUENCE[look.is_confirmed is True]),
        send_to=url_for(".sign", number=look.number, code=look.jurisdiction, nonce=nonce),
        back=url_for(".ask", number=look.number, code=look.jurisdiction),
        values=_values(look),
        entered=request.form,
        problems=problems,
    )


def _values(look: Look) -> dict[str, str]:
    """Return what travels with the signature: the look as it was typed."""
    return {
        "seen": str(look.decision_id or ""),
        "decision": "yes" if look.is_confirmed else "no",
        "reason": look.reason,
    }


@bp.post("/sign/<nonce>")
@allow("reported_event.confirm")
def sign(number: str, code: str, nonce: str) -> ResponseReturnValue:
    """Confirm or refuse the no under the signature."""
    look, key = _typed(number, code), request_key()
    try:
        problems = signing.attempt(nonce, lambda db: _sign(db, look, nonce, key))
        if problems:
            return _sign_page(look, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(look, error)
    flash(gettext("The second look at %(event)s is signed.", event=number))
    return redirect(url_for("reported_events.one", number=number), 303)


def _sign(db: Session, look: Look, nonce: str, key: str) -> None:
    confirming.sign(db, look, signing.typed(nonce), by=person(), at=now(), key=key)
    commands.drop_draft(db, person(), _place(look.number, look.jurisdiction))


def _out_of_date(look: Look, error: EngineError) -> ResponseReturnValue:
    number, code = look.number, look.jurisdiction
    return signing.out_of_date(
        error,
        again=url_for(".review", number=number, code=code),
        back=url_for(".ask", number=number, code=code),
        values=_values(look),
    )
