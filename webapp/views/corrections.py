"""Field corrections of a recall: what was done to a unit, and the second reading that counts it."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.overview import recall_named
from engine.cases.returns import correcting
from engine.cases.returns.correcting import Correction
from engine.cases.returns.models import CORRECTION_KINDS, FieldCorrection
from engine.errors import EngineError, Problem
from engine.serials import use
from engine.serials.record import LotInput
from webapp.permissions import allow
from webapp.queries.returns import corrections
from webapp.reading import read
from webapp.recording import Done, Entered, carry_out, how_of, too_early
from webapp.session import person
from webapp.uploads import stored_file
from webapp.views.record.shared import scanned_goods
from webapp.words import N_

bp = Blueprint("corrections", __name__, url_prefix="/recalls/<number>/corrections")

ONE_UNIT = N_("Scan the one unit that was corrected")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show what was corrected and what waits for a second reading."""
    return _page(number, [], "")


def _page(number: str, problems: list[Problem], sentence: str) -> str:
    db = read()
    case = recall_named(db, number)
    return render_template(
        "returns/corrections.html",
        case=case,
        lines=corrections(db, case),
        kinds=CORRECTION_KINDS,
        other_action=correcting.other_action(db, case),
        entered=request.form,
        problems=problems,
        sentence=sentence,
    )


@bp.post("")
@allow("correction.record")
def record(number: str) -> ResponseReturnValue:
    """Record what was done to one unit."""
    try:
        recall_named(read(), number)  # nothing is kept for a case that is not there
        evidence = stored_file("evidence")
    except EngineError as refused:
        return _page(number, [refused.problem("evidence")], ""), 422

    def run(db: Session) -> Done:
        form = Entered()
        unit = scanned_goods(db, form, "unit")
        if not form.problems and (len(unit.units) != 1 or unit.lots):
            form.problems.append(Problem("unit", ONE_UNIT))
        kind = form.one_of("kind", CORRECTION_KINDS)
        done, reading = form.text("done", required=True), form.text("reading", required=True)
        removed = scanned_goods(db, form, "removed", may_be_empty=True)
        fitted = scanned_goods(db, form, "fitted", may_be_empty=True)
        how = how_of(form)
        form.check()
        exchange = use.Exchange(
            removed.units,
            [(key, None) for key in fitted.units],
            [LotInput(lot_id, quantity) for lot_id, quantity in fitted.lots],
        )
        again = form.text("again_because")
        although = form.text("although")
        told = Correction(unit.units[0], kind, done, reading, evidence, again, although, exchange)
        made = correcting.record(
            db, number, told, by=person(), at=how["at"], event_at=how.get("event_at")
        )
        words = (
            gettext("It is recorded, to be read by a second person. The unit stays open until "
                    "it is back.")
            if made.although_because
            else gettext("It is recorded. It counts once a second person has read the same.")
        )  # fmt: skip
        return Done(
            made.event_id, url_for(".index", number=number), words, too_early(db, made.event_id)
        )

    return carry_out("record_correction", run, lambda *wrong: _page(number, *wrong))


@bp.post("/<int:correction_id>/verify")
@allow("correction.verify")
def verify(number: str, correction_id: int) -> ResponseReturnValue:
    """Record the second reading."""

    def run(db: Session) -> Done:
        form = Entered()
        reading = form.text("second_reading", required=True)
        form.check()
        made = correcting.verify(
            db, number, correction_id, reading=reading, again_because=form.text("again_because"),
            by=person(), at=how_of(form)["at"],
        )  # fmt: skip
        words = _read(db, number, made)
        return Done(made.event_id, url_for(".index", number=number), words)

    return carry_out("verify_correction", run, lambda *wrong: _page(number, *wrong))


def _read(db: Session, number: str, made: FieldCorrection) -> str:
    if not made.verified_at:
        return gettext("The readings differ. Yours is kept; let another person read the unit.")
    if correcting.is_settled(db, recall_named(db, number), made.unit_id):
        return gettext("Both read the same: the unit counts as corrected.")
    if made.although_because:
        return gettext("Both read the same. The unit stays open until it is back.")
    return gettext("Both read the same. It counts once correction is the decided action.")
