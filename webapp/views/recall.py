"""One recall: where it stands, and what its authorities know, allow and answer."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import closing, countries
from engine.cases.overview import case_facts, case_named, recall_named, recall_page
from engine.cases.recalls import (
    authorities as room,
    gates,
    joining,
    passing,
    showing,
    strategies,
)
from engine.cases.recalls.passing import Passing
from engine.cases.reported import aware, listing
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from webapp import signing
from webapp.case_tabs import RECALL
from webapp.permissions import allow
from webapp.queries.case import in_order
from webapp.queries.joined import around
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint("recall", __name__, url_prefix="/recalls/<number>")


@bp.get("")
@allow("case.read")
def overview(number: str) -> ResponseReturnValue:
    """Show where the recall stands: its days, its steps, its countries, its balance."""
    db = read()
    case = case_named(db, number)
    if case.process != RECALL:
        return redirect(url_for("case.overview", number=number))
    page = recall_page(db, case, person(), at=now())
    asked = request.args.get("diagram", 1, type=int) - 1
    return render_template(
        "recalls/overview.html",
        page=page,
        facts=page.facts,
        gate_label=gates.label,
        joined=around(db, case),
        releasing=closing.under_way(db, number),
        joining_now=joining.under_way(db, number),
        not_joined=joining.why_not_joined(db, case),
        dates=showing.dates(db, case),
        doubt=aware.doubt(db, case),
        jurisdictions=showing.shown(db, case),
        strategy=strategies.standing(db, case),
        fed_by=listing.newest(db, listing.Wanted(case_id=case.id)),
        countries=countries.of_recall(db, case),
        groups=countries.GROUPS,
        steps=in_order(page.steps),
        chosen=asked if 0 <= asked < len(page.diagrams) else 0,
        tab="overview",
    )


@bp.get("/authorities")
@allow("case.read")
def authorities(number: str) -> ResponseReturnValue:
    """Show every jurisdiction: what was decided, what waits, what its authority answered."""
    return _authorities(number, [])


def _authorities(number: str, problems: list[Problem]) -> str:
    db = read()
    case = recall_named(db, number)
    return render_template(
        "recalls/authorities.html",
        facts=case_facts(db, case),
        jurisdictions=showing.shown(db, case),
        joined=around(db, case),
        rules=gates.RULES,
        gate_label=gates.label,
        outcomes=room.OUTCOMES,
        problems=problems,
        entered=request.form,
        tab="authorities",
    )


def _do(number: str, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    try:
        with begin() as db:
            act(db)
    except Invalid as wrong:
        return _authorities(number, wrong.problems), 422
    flash(done)
    return redirect(url_for(".authorities", number=number), 303)


@bp.post("/authorities/class")
@allow("recall.authority")
def receive_class(number: str) -> ResponseReturnValue:
    """Record the class that an authority gave."""
    key, form = request_key(), request.form
    return _do(
        number,
        lambda db: room.receive_class(
            db, number, form.get("jurisdiction", ""), form.get("class_name", ""),
            evidence=form.get("evidence", ""), by=person(), at=now(), key=key,
        ),
        gettext("The class is recorded. Wording, checks and warning are looked at again."),
    )  # fmt: skip


# --- gates: opened, closed again, or passed in urgency ---------------------------------------

CONSEQUENCES = {
    passing.OPEN: N_("What waits for this authority in its country goes on at once."),
    passing.CLOSE: N_("What has not gone out or been done yet in its country waits again."),
    passing.OVERRIDE: N_("It goes on at once in this country, before its authority has answered."),
}
DONE = {
    passing.OPEN: N_("The gate is open."),
    passing.CLOSE: N_("The gate is closed again."),
    passing.OVERRIDE: N_("The gate is passed. Its authority still has to answer."),
}


@bp.get("/authorities/gate/<act>/<int:gate_id>")
@allow("recall.authority")
def gate(number: str, act: str, gate_id: int) -> ResponseReturnValue:
    """Ask what the authority said that opens a gate, or why one is closed again."""
    return _gate_page(number, _known(act), gate_id, [])


@bp.get("/authorities/override/<int:gate_id>")
@allow("recall.override")
def override(number: str, gate_id: int) -> ResponseReturnValue:
    """Ask why a gate is passed before its authority answered."""
    return _gate_page(number, passing.OVERRIDE, gate_id, [])


def _known(act: str) -> str:
    """Return what is done to a gate here; to pass one in urgency is for other roles."""
    if act not in (passing.OPEN, passing.CLOSE):
        raise passing.GateUnknown
    return act


def _gate_page(number: str, act: str, gate_id: int, problems: list[Problem]) -> str:
    db = read()
    case = recall_named(db, number)
    gate = next((one for one in gates.gates_of(db, case) if one.id == gate_id), None)
    if gate is None:
        raise passing.GateUnknown
    return render_template(
        "recalls/gate.html",
        facts=case_facts(db, case),
        act=act,
        of=passing.ACTS[act],
        gate=gate,
        place=next(one for one in showing.shown(db, case) if one.row.code == gate.jurisdiction),
        rules=gates.RULES,
        gate_label=gates.label,
        problems=problems,
        entered=request.form,
        address=_address(number, act, gate_id),
    )


def _address(number: str, act: str, gate_id: int, nonce: str | None = None) -> str:
    name = "override" if act == passing.OVERRIDE else "gate"
    said: dict[str, Any] = {"number": number, "gate_id": gate_id}
    if name == "gate":
        said["act"] = act
    if nonce is not None:
        said["nonce"] = nonce
    return url_for(f".{name}_sign" if nonce else f".{name}", **said)


@bp.post("/authorities/gate/<act>/<int:gate_id>")
@allow("recall.authority")
def gate_review(number: str, act: str, gate_id: int) -> ResponseReturnValue:
    """Draw up the record that opens the gate, or closes it again."""
    return _review(number, _known(act), gate_id)


@bp.post("/authorities/override/<int:gate_id>")
@allow("recall.override")
def override_review(number: str, gate_id: int) -> ResponseReturnValue:
    """Draw up the record that passes the gate."""
    return _review(number, passing.OVERRIDE, gate_id)


def _review(number: str, act: str, gate_id: int) -> ResponseReturnValue:
    asked = Passing(number, gate_id, act, request.form.get("ground", ""))
    try:
        with begin() as db:
            opened = passing.open_signing(
                db, asked, by=person(), session_id=str(session_id()), at=now()
            )
    except Invalid as wrong:
        return _gate_page(number, act, gate_id, wrong.problems), 422
    return redirect(_address(number, act, gate_id, opened.nonce), 303)


@bp.get("/authorities/gate/<act>/<int:gate_id>/sign/<nonce>")
@allow("recall.authority")
def gate_sign(number: str, act: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    """Show what opens the gate or closes it again, to be signed."""
    return _to_sign(number, _known(act), gate_id, nonce)


@bp.get("/authorities/override/<int:gate_id>/sign/<nonce>")
@allow("recall.override")
def override_sign(number: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    """Show what passes the gate, to be signed."""
    return _to_sign(number, passing.OVERRIDE, gate_id, nonce)


def _to_sign(number: str, act: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    try:
        return _sign_page(number, act, gate_id, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, act, gate_id, error, "")


def _sign_page(number: str, act: str, gate_id: int, nonce: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "recalls/gate_sign.html",
        facts=case_facts(db, case_named(db, number)),
        of=passing.ACTS[act],
        address=_address(number, act, gate_id, nonce),
        back=_address(number, act, gate_id),
        sign=signing.sign_page(db, nonce, consequence=CONSEQUENCES[act]),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(
    number: str, act: str, gate_id: int, error: EngineError, ground: str
) -> ResponseReturnValue:
    address = _address(number, act, gate_id)
    return signing.out_of_date(error, again=address, back=address, values={"ground": ground})


@bp.post("/authorities/gate/<act>/<int:gate_id>/sign/<nonce>")
@allow("recall.authority")
def gate_now(number: str, act: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    """Open the gate or close it again under the signature."""
    return _now(number, _known(act), gate_id, nonce)


@bp.post("/authorities/override/<int:gate_id>/sign/<nonce>")
@allow("recall.override")
def override_now(number: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    """Pass the gate under the signature."""
    return _now(number, passing.OVERRIDE, gate_id, nonce)


def _now(number: str, act: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    asked = Passing(number, gate_id, act, request.form.get("ground", ""))
    key = request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: passing.act_on(
                db, asked, signing.typed(nonce), by=person(), at=now(), key=key
            ),
        )
        if problems:
            return _sign_page(number, act, gate_id, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, act, gate_id, error, asked.ground)
    flash(gettext(DONE[act]))
    return redirect(url_for(".authorities", number=number), 303)
