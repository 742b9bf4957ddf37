"""One recall: where it stands, and what its authorities know, allow and answer."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.overview import case_facts, case_named, recall_named, recall_page
from engine.cases.recalls import authorities as room, gates, passing, showing, strategies
from engine.cases.recalls.passing import Override
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from webapp import signing
from webapp.case_tabs import RECALL
from webapp.config import LARGEST_ID
from webapp.permissions import allow
from webapp.queries.case import in_order
from webapp.queries.joined import around
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin, request_key

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
        joined=around(db, case),
        dates=showing.dates(db, case),
        jurisdictions=showing.shown(db, case),
        strategy=strategies.standing(db, case),
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
        whats=gates.WHAT,
        outcomes=room.OUTCOMES,
        problems=problems,
        entered=request.form,
        tab="authorities",
    )


def _gate_id(text: str) -> int:
    return int(text) if text.isdecimal() and int(text) <= LARGEST_ID else 0


def _do(number: str, act: Callable[[Session], object], done: str) -> ResponseReturnValue:
    try:
        with begin() as db:
            act(db)
    except Invalid as wrong:
        return _authorities(number, wrong.problems), 422
    flash(done)
    return redirect(url_for(".authorities", number=number), 303)


@bp.post("/authorities/gate")
@allow("recall.authority")
def open_gate(number: str) -> ResponseReturnValue:
    """Record that an authority let the action go on."""
    key, form = request_key(), request.form
    return _do(
        number,
        lambda db: passing.open_gate(
            db, number, _gate_id(form.get("gate", "")), evidence=form.get("evidence", ""),
            by=person(), at=now(), key=key,
        ),
        gettext("The gate is open."),
    )  # fmt: skip


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


@bp.get("/authorities/override/<int:gate_id>")
@allow("recall.override")
def override(number: str, gate_id: int) -> ResponseReturnValue:
    """Ask why a gate is passed before its authority answered."""
    return _override_page(number, gate_id, [])


def _override_page(number: str, gate_id: int, problems: list[Problem]) -> str:
    db = read()
    case = case_named(db, number)
    gate = next((one for one in gates.gates_of(db, case) if one.id == gate_id), None)
    if gate is None:
        raise passing.GateUnknown
    return render_template(
        "recalls/override.html",
        facts=case_facts(db, case),
        gate=gate,
        place=next(one for one in showing.shown(db, case) if one.row.code == gate.jurisdiction),
        rules=gates.RULES,
        whats=gates.WHAT,
        problems=problems,
        entered=request.form,
    )


@bp.post("/authorities/override/<int:gate_id>")
@allow("recall.override")
def override_review(number: str, gate_id: int) -> ResponseReturnValue:
    """Draw up the record that passes the gate."""
    asked = Override(number, gate_id, request.form.get("reason", ""))
    try:
        with begin() as db:
            opened = passing.open_signing(
                db, asked, by=person(), session_id=str(session_id()), at=now()
            )
    except Invalid as wrong:
        return _override_page(number, gate_id, wrong.problems), 422
    return redirect(
        url_for(".override_sign", number=number, gate_id=gate_id, nonce=opened.nonce), 303
    )


@bp.get("/authorities/override/<int:gate_id>/sign/<nonce>")
@allow("recall.override")
def override_sign(number: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    """Show what passes the gate, to be signed."""
    try:
        return _sign_page(number, gate_id, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, gate_id, error, "")


def _sign_page(number: str, gate_id: int, nonce: str, problems: list[Problem]) -> str:
    db = read()
    return render_template(
        "recalls/override_sign.html",
        facts=case_facts(db, case_named(db, number)),
        gate_id=gate_id,
        sign=signing.sign_page(db, nonce),
        entered=request.form,
        problems=problems,
    )


def _out_of_date(number: str, gate_id: int, error: EngineError, reason: str) -> ResponseReturnValue:
    return signing.out_of_date(
        error,
        again=url_for(".override_review", number=number, gate_id=gate_id),
        back=url_for(".override", number=number, gate_id=gate_id),
        values={"reason": reason},
    )


@bp.post("/authorities/override/<int:gate_id>/sign/<nonce>")
@allow("recall.override")
def override_now(number: str, gate_id: int, nonce: str) -> ResponseReturnValue:
    """Pass the gate under the signature."""
    asked, key = Override(number, gate_id, request.form.get("reason", "")), request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: passing.override_gate(
                db, asked, signing.typed(nonce), by=person(), at=now(), key=key
            ),
        )
        if problems:
            return _sign_page(number, gate_id, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _out_of_date(number, gate_id, error, asked.reason)
    flash(gettext("The gate is passed. Its authority still has to answer."))
    return redirect(url_for(".authorities", number=number), 303)
