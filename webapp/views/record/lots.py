"""Lots that become other lots, and goods that get another label."""

from collections.abc import Callable, Sequence

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import lots, relabel, scanned
from engine.serials.record import How, Recorded
from webapp.permissions import allow
from webapp.recording import Done, Entered, carry_out, how_of
from webapp.views.record.shared import address_of, bp, form_page, scanned_goods
from webapp.words import N_

EACH_ITS_OWN = N_("Enter as many new serials as units: %(units)s scanned, %(serials)s entered")
LOT_OR_UNITS = N_("Units keep their own label. Scan units here, or a quantity of a lot")
NOTHING_NEW = N_("Enter the new serials, or the version of the label")


@bp.get("/lot-split")
@allow("lot.change")
def split() -> ResponseReturnValue:
    """Ask which part of a lot becomes a lot of its own."""
    return _lot_page("split")([], "")


@bp.get("/lot-merge")
@allow("lot.change")
def merge() -> ResponseReturnValue:
    """Ask which lots become one."""
    return _lot_page("merge")([], "")


def _lot_page(do: str) -> Callable[[list[Problem], str], str]:
    return lambda problems, sentence: form_page("lot", problems, sentence, do=do)


@bp.post("/lot-split")
@allow("lot.change")
def save_split() -> ResponseReturnValue:
    """Make part of a lot a lot of its own."""
    return carry_out("record_lot_split", _became("split"), _lot_page("split"))


@bp.post("/lot-merge")
@allow("lot.change")
def save_merge() -> ResponseReturnValue:
    """Make one lot of several."""
    return carry_out("record_lot_merge", _became("merge"), _lot_page("merge"))


def _became(do: str) -> Callable[[Session], Done]:
    def run(db: Session) -> Done:
        form = Entered()
        goods = scanned_goods(db, form, "scanned", needs_quantity=False)
        lot_no = form.text("lot_no", required=True)
        how = _why(form)
        form.check()
        make = lots.split_lot if do == "split" else lots.merge_lots
        parts = scanned.stock_of(db, goods.lots)
        recorded = make(db, lot_no, units=goods.units, stock_parts=parts, **how)
        words = gettext("The lot is split.") if do == "split" else gettext("The lots are merged.")
        address = url_for("units.lot", lot_id=recorded.lot_id)
        return Done(recorded.event.id, address, words)

    return run


@bp.get("/relabelling")
@allow("goods.relabel")
def relabelling() -> ResponseReturnValue:
    """Ask what gets which new label."""
    return _relabel_page([], "")


def _relabel_page(problems: list[Problem], sentence: str) -> str:
    return form_page("relabelling", problems, sentence)


@bp.post("/relabelling")
@allow("goods.relabel")
def save_relabelling() -> ResponseReturnValue:
    """Record new serials or label versions of units, or the new number of goods of one lot."""
    return carry_out("record_relabelling", _relabel, _relabel_page)


def _relabel(db: Session) -> Done:
    form = Entered()
    goods = scanned_goods(db, form, "scanned", needs_quantity=False)
    serials, version = form.words("serials"), form.text("label_version") or None
    lot_no = form.text("lot_no", required=bool(goods.lots))
    how = _why(form)
    if goods.lots and goods.units:
        form.problems.append(Problem("scanned", LOT_OR_UNITS))
    elif goods.units:
        form.problems += _wrong_labels(goods.units, serials, version)
    form.check()
    words = gettext("The new label is recorded.")
    if goods.lots:
        parts = scanned.stock_of(db, goods.lots)
        made = lots.relabel_lot(db, lot_no, stock_parts=parts, label_version=version, **how)
        return Done(made.event.id, url_for("units.lot", lot_id=made.lot_id), words)
    return Done(
        _of_units(db, goods.units, serials, version, how).event.id, address_of(goods), words
    )


def _wrong_labels(
    units: Sequence[int], serials: Sequence[str], version: str | None
) -> list[Problem]:
    if not serials:
        return [] if version else [Problem("serials", NOTHING_NEW)]
    if len(serials) == len(units):
        return []
    counted = (("units", len(units)), ("serials", len(serials)))
    return [Problem("serials", EACH_ITS_OWN, counted)]


def _of_units(
    db: Session, units: Sequence[int], serials: Sequence[str], version: str | None, how: How
) -> Recorded:
    named: list[str | None] = [*serials] or [None] * len(units)
    labels = [relabel.NewLabel(key, serial) for key, serial in zip(units, named, strict=True)]
    return relabel.relabel_units(db, labels, label_version=version, **how)


def _why(form: Entered) -> How:
    how = how_of(form)
    if reason := form.text("reason", required=True):
        how["reason"] = reason
    return how
