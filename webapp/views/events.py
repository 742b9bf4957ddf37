"""Correcting what was recorded, from the timeline; and the flags that facts have raised."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import Problem, Refused
from engine.serials import correct, flags
from engine.serials.errors import NoteMissing
from engine.serials.record import How, LotInput
from webapp.permissions import allow
from webapp.queries.events import Shown, event_shown, flags_page, inputs_of, open_flag_count
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out
from webapp.sentences import in_words
from webapp.session import person
from webapp.transactions import begin
from webapp.views.record.shared import scanned_goods
from webapp.views.tasks import page_addresses, up_to_last
from webapp.words import N_

bp = Blueprint("events", __name__)

MOST = 2000  # characters of a note
ONLY_LOTS = N_("Only lots are corrected here. Parts with serials are removed and installed")
NO_OTHER = N_("Choose what never went in, or scan what did")
NOTHING_NEW = N_("Enter what it really was, or say that it did not happen")


@bp.get("/events/<int:event_id>/correct")
@allow("event.correct")
def correction(event_id: int) -> ResponseReturnValue:
    """Show what was recorded and ask what it really was, and why."""
    return _correction_page(event_id, [], "")


def _correction_page(event_id: int, problems: list[Problem], sentence: str) -> str:
    shown = event_shown(read(), event_id)
    return render_template(
        "record/correction.html", shown=shown, problems=problems, sentence=sentence,
        entered=request.form,
    )  # fmt: skip


@bp.post("/events/<int:event_id>/correct")
@allow("event.correct")
def save(event_id: int) -> ResponseReturnValue:
    """Record the correction: that it did not happen, or what it really was."""
    shown = event_shown(read(), event_id)
    return carry_out(
        f"correct_event_{event_id}",
        lambda db: _correct(db, shown),
        lambda problems, sentence: _correction_page(event_id, problems, sentence),
    )


def _correct(db: Session, shown: Shown) -> Done:
    form = Entered()
    reason = form.text("reason", required=True)
    is_never = form.text("what") == "never"
    quantity, moment = form.quantity("quantity"), form.moment("event_at")
    facts = {name: form.words(f"fact-{name}") for name, _ in shown.facts}
    changed = {name: said for name, said in facts.items() if said != list(dict(shown.facts)[name])}
    if not is_never and not (quantity or moment or changed):
        form.problems.append(Problem("what", NOTHING_NEW))
    form.check()
    how: How = {"by": person(), "at": now(), "reason": reason}
    if is_never:
        recorded = correct.withdraw(db, shown.event_id, **how)
    else:
        said: How = {**how, "event_at": moment, "facts": changed}
        recorded = correct.replace(db, shown.event_id, quantity=quantity, **said)
    address = _address_of(shown)
    return Done(recorded.event.id, address, gettext("The correction is recorded."))


@bp.get("/events/<int:event_id>/inputs")
@allow("event.correct")
def inputs(event_id: int) -> ResponseReturnValue:
    """Show which lots went in as it was recorded, and ask which really did."""
    return _inputs_page(event_id, [], "")


def _inputs_page(event_id: int, problems: list[Problem], sentence: str) -> str:
    db = read()
    return render_template(
        "record/inputs.html", shown=event_shown(db, event_id), inputs=inputs_of(db, event_id),
        problems=problems, sentence=sentence, entered=request.form,
    )  # fmt: skip


@bp.post("/events/<int:event_id>/inputs")
@allow("event.correct")
def save_inputs(event_id: int) -> ResponseReturnValue:
    """Record which lots really went in, in place of those that never did."""
    shown = event_shown(read(), event_id)
    return carry_out(
        f"correct_inputs_{event_id}",
        lambda db: _correct_inputs(db, shown),
        lambda problems, sentence: _inputs_page(event_id, problems, sentence),
    )


def _correct_inputs(db: Session, shown: Shown) -> Done:
    form = Entered()
    known = {str(one.lot_id): one.lot_id for one in inputs_of(db, shown.event_id)}
    wrong = [known[said] for said in request.form.getlist("wrong") if said in known]
    right = scanned_goods(db, form, "right", needs_quantity=False, may_be_empty=True)
    reason = form.text("reason", required=True)
    if right.units or right.containers:
        form.problems.append(Problem("right", ONLY_LOTS))
    elif not (wrong or right.lots):
        form.problems.append(Problem("wrong", NO_OTHER))
    form.check()
    how: How = {"by": person(), "at": now(), "reason": reason}
    lots = [LotInput(lot_id, quantity) for lot_id, quantity in right.lots]
    recorded = correct.correct_inputs(db, shown.event_id, wrong=wrong, right=lots, **how)
    words = gettext("The correction is recorded.")
    return Done(recorded.event.id, _address_of(shown), words, recorded.warnings)


def _address_of(shown: Shown) -> str:
    """Return the page of the first thing an event is about."""
    for one in shown.goods:
        return url_for(f"units.{one.kind}", **{f"{one.kind}_id": one.id})  # type: ignore[arg-type]  # the names of an address are its own
    return url_for("units.index")


# --- flags -----------------------------------------------------------------------------------


@bp.get("/flags")
@allow("flag.read")
def flagged() -> ResponseReturnValue:
    """List what facts have broken, what nobody has looked at first."""
    return _flags_page([])


def _flags_page(problems: list[Problem]) -> str:
    state = "seen" if request.args.get("state") == "seen" else "open"
    found = up_to_last(
        lambda page: flags_page(read(), is_seen=state == "seen", page=page),
        lambda found: found.page,
    )
    return render_template(
        "record/flags.html", found=found, state=state, problems=problems, entered=request.form,
        open_count=open_flag_count(read()),
        page_address=page_addresses(state=state if state == "seen" else None),
    )  # fmt: skip


@bp.post("/flags/<int:flag_id>")
@allow("flag.see")
def see(flag_id: int) -> ResponseReturnValue:
    """Record that a flag was looked at, and what came of it."""
    note = Entered().text("note")
    try:
        with begin() as db:
            flags.see(db, flag_id, note=note[:MOST], by=person(), at=now())
    except NoteMissing as missing:
        return _flags_page([missing.problem(f"note-{flag_id}")]), 422
    except Refused as refused:
        flash(in_words(refused))
        return redirect(url_for(".flagged"), 303)
    flash(gettext("The flag is closed."))
    return redirect(url_for(".flagged"), 303)
