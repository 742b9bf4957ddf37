"""Master data: parties, places, parts, lots, agreements and authorisations, by the dictionary."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import NotAllowed, NotFound, Problem
from engine.serials import contacts, master
from engine.serials.asking import answer
from engine.serials.dictionary import changeable, describable, entity
from engine.serials.dictionary.reading import Read, read_fields, written
from engine.serials.errors import ChangedMeanwhile
from engine.serials.models import FieldChange
from engine.serials.other_names import names_of
from webapp.permissions import allow
from webapp.queries.master import (
    KINDS,
    NOT_BY_HAND,
    asked_list,
    fields_to_change,
    inputs,
    record_page,
    row_of,
)
from webapp.queries.stock import actors
from webapp.reading import read
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin
from webapp.views.tasks import FAR_BEYOND
from webapp.words import N_

bp = Blueprint("master", __name__, url_prefix="/master-data")


class KindUnknown(NotFound):
    """There is no such kind of master data. Choose one from the list."""


@bp.get("")
@allow("master.read")
def index() -> ResponseReturnValue:
    """Lead on to the parties, the first of the lists."""
    return redirect(url_for(".listing", record_kind=KINDS[0]))


@bp.get("/<record_kind>")
@allow("master.read")
def listing(record_kind: str) -> ResponseReturnValue:
    """List the records of a kind that begin with what was searched."""
    kind = _known(record_kind)
    what, said = entity(kind), request.args
    choices = next((f.words for f in what.fields if f.name == "kind" and f.choices), {})
    kind_of = said.get("of", "") if said.get("of", "") in choices else ""
    asked = asked_list(kind, person(), text=said.get("q", "")[:100], kind_of=kind_of)
    return render_template(
        "master/index.html",
        what=what,
        kinds=[entity(one) for one in KINDS],
        asked=asked,
        found=answer(read(), asked, person=person(), after=said.get("after")),
        kind_of=kind_of,
        choices=choices,
        is_first=not said.get("after"),
        may_describe=_may_describe(kind),
    )


@bp.get("/<record_kind>/<int:record_id>")
@allow("master.read")
def one(record_kind: str, record_id: int) -> ResponseReturnValue:
    """Show one record, what refers to it, and how its fields changed."""
    return _record(_known(record_kind), record_id, [])


@bp.get("/<record_kind>/new")
@allow("master.change")
def new(record_kind: str) -> ResponseReturnValue:
    """Show the form for a new record; an address may fill it in."""
    return _form(_known(record_kind), None, request.args, [])


@bp.post("/<record_kind>/new")
@allow("master.change")
def describe(record_kind: str) -> ResponseReturnValue:
    """Describe a new record."""
    kind = _known(record_kind)
    if not _may_describe(kind):
        raise NotAllowed
    what, entered = entity(kind), request.form
    found = read_fields(read(), describable(kind, person()), entered, language())
    _together(kind, found)
    if found.problems:
        return _form(kind, None, entered, found.problems), 422
    try:
        with begin() as db:
            row = master.describe(
                db, kind, found.values, reason=entered.get("reason") or None, by=person(), at=now()
            )
    except IntegrityError:
        problems = _taken(kind)
        return _form(kind, None, entered, problems), 409
    flash(gettext("%(kind)s is described.", kind=what.says(language())))
    return redirect(url_for(".one", record_kind=kind, record_id=row.id), 303)


@bp.get("/<record_kind>/<int:record_id>/change")
@allow("master.change")
def change_form(record_kind: str, record_id: int) -> ResponseReturnValue:
    """Show the form that changes a record."""
    kind = _must_change(record_kind)
    return _form(kind, row_of(read(), kind, record_id), {}, [])


@bp.post("/<record_kind>/<int:record_id>/change")
@allow("master.change")
def change(record_kind: str, record_id: int) -> ResponseReturnValue:
    """Change the fields that differ from what the person saw, with the reason."""
    kind = _must_change(record_kind)
    db, entered = read(), request.form
    row = row_of(db, kind, record_id)
    fields = fields_to_change(kind, row, person())
    differing = [f for f in fields if entered.get(f.name, "") != entered.get(f"was-{f.name}", "")]
    found = read_fields(db, differing, entered, language())
    saw = read_fields(db, differing, {f.name: entered.get(f"was-{f.name}", "") for f in differing})
    _together(kind, found, row)
    if not differing:
        found.wrong("", N_("Nothing differs. Change a field, or go back."))
    if not entered.get("reason", "").strip():
        found.wrong("reason", N_("Write why this changes: it is kept with what it was."))
    if found.problems:
        return _form(kind, row, entered, found.problems), 422
    how: Any = {"reason": entered["reason"].strip(), "by": person(), "at": now()}
    try:
        with begin() as writing:
            if kind == "contact":  # another address is not verified any more
                contacts.change_contact(writing, record_id, found.values, was=saw.values, **how)
            else:
                master.change(writing, kind, record_id, found.values, was=saw.values, **how)
    except ChangedMeanwhile as late:
        return _form(
            kind, row_of(read(), kind, record_id), entered, [_late(kind, record_id, late)]
        ), 409
    except IntegrityError:
        return _form(kind, row_of(read(), kind, record_id), entered, _taken(kind)), 409
    flash(gettext("The change is kept with its reason."))
    return redirect(url_for(".one", record_kind=kind, record_id=record_id), 303)


@bp.post("/contact/<int:record_id>/verify")
@allow("master.change")
def verify(record_id: int) -> ResponseReturnValue:
    """Record that somebody reached the contact this way just now."""
    _must_change("contact")
    with begin() as db:
        contacts.verify_contact(db, record_id, by=person(), at=now())
    flash(gettext("It is recorded that the contact was reached today."))
    return redirect(url_for(".one", record_kind="contact", record_id=record_id), 303)


@bp.post("/contact/<int:record_id>/end")
@allow("master.change")
def end(record_id: int) -> ResponseReturnValue:
    """Record that nobody is reached this way any more, with the reason."""
    _must_change("contact")
    reason = request.form.get("reason", "").strip()
    if not reason:
        wrong = Problem("reason", N_("Write why this changes: it is kept with what it was."))
        return _record("contact", record_id, [wrong]), 422
    with begin() as db:
        party = contacts.end_contact(db, record_id, reason=reason, by=person(), at=now()).party_id
    flash(gettext("The contact is not used any more. It stays in the history."))
    return redirect(url_for(".one", record_kind="party", record_id=party), 303)


def _record(kind: str, record_id: int, problems: list[Problem]) -> str:
    number = min(max(1, request.args.get("changes", 1, type=int)), FAR_BEYOND)
    view = record_page(read(), kind, record_id, person=person(), page=number)
    mine = {one for one in KINDS if _may_describe(one)}
    return render_template(
        "master/one.html",
        view=view,
        kinds=KINDS,
        may_describe=mine,
        problems=problems,
        names=names_of(read(), kind, record_id),
    )


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise KindUnknown
    return kind


def _must_change(kind: str) -> str:
    """Return the kind; refuse whose roles change no field of such a record."""
    if not changeable(_known(kind), person()):
        raise NotAllowed
    return kind


def _may_describe(kind: str) -> bool:
    """Say whether this person may describe a new one: they fill in all that is required."""
    mine = {field.name for field in describable(kind, person())}
    required = {field.name for field in entity(kind).fields if field.required}
    return kind not in NOT_BY_HAND and bool(mine) and required <= mine


def _form(kind: str, row: Any | None, entered: Mapping[str, str], problems: list[Problem]) -> str:
    if row is None and not _may_describe(kind):
        raise NotAllowed
    db = read()
    return render_template(
        "master/form.html",
        what=entity(kind),
        row=row,
        inputs=inputs(db, kind, row=row, entered=entered, person=person()),
        entered=entered,
        problems=problems,
    )


def _together(kind: str, found: Read, row: Any | None = None) -> None:
    """Note what two fields say together that cannot be."""

    def value(column: str) -> Any:
        return found.values.get(column, getattr(row, column, None))

    for column, said in found.values.items():
        if said is None and row is not None and not row.__table__.c[column].nullable:
            field = entity(kind).keeping(column)
            if not field.required:  # what is required has its problem already
                found.wrong(field.name, N_("Enter %(label)s."), label=field.says(language()))
    if kind in ("supplier_agreement", "market_authorisation"):
        first, last = value("valid_from"), value("valid_until")
        if first and last and last < first:
            found.wrong("valid_until", N_("This is before the first day it is valid."))
    if kind == "supplier_agreement" and (value("price") is None) != (value("currency") is None):
        at = "price" if value("price") is None else "currency"
        found.wrong(at, N_("A price and its currency go together: enter both or neither."))
    if kind == "part" and found.values.get("issuer") and not value("di"):
        found.wrong("di", N_("Enter the device identifier that this agency issued."))
    if kind == "part" and row is not None and "di" in found.values:
        found.values["issuer"] = (value("issuer") or "gs1") if value("di") else None


def _taken(kind: str) -> list[Problem]:
    """Return that another record has the same key, at the field that names it."""
    field = next(field for field in entity(kind).fields if field.unique)
    return [Problem(field.name, N_("Another record already has this. Look it up first."))]


def _late(kind: str, record_id: int, late: ChangedMeanwhile) -> Problem:
    """Say at the field who was quicker, and what it says now."""
    field = next(f for f in entity(kind).fields if f.label == late.facts["field"])
    db = read()
    who = _last_to_change(db, kind, record_id, field.kept) or gettext("A colleague")
    is_now = written(db, entity(kind), row_of(db, kind, record_id))[field.name]
    sentence = N_(
        "%(name)s changed this to “%(value)s” while you had it open. Send it again to put yours"
        " in its place."
    )
    return Problem(field.name, sentence, (("name", who), ("value", is_now)))


def _last_to_change(db: Session, kind: str, record_id: int, column: str) -> str | None:
    by_id = db.scalar(
        select(FieldChange.by_id)
        .where(
            FieldChange.entity == kind,
            FieldChange.entity_id == record_id,
            FieldChange.field == column,
        )
        .order_by(FieldChange.id.desc())
        .limit(1)
    )
    return actors(db, [by_id]).get(by_id or 0)
