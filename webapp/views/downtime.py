"""Downtime: forms to print before Holdfast is away, and what was done by them, entered after."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.register import is_a_case
from engine.clock import now
from engine.errors import Invalid, Problem
from engine.evidence.render import render_pdf
from engine.serials.exchange import downtime
from engine.serials.exchange.downtime import LateEntry
from engine.serials.exchange.paper import record_of
from webapp.config import LANGUAGES, holdfast
from webapp.downloads import download
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.downtime import form_line, form_lines
from webapp.reading import read
from webapp.session import person
from webapp.times import language, typed_moment
from webapp.transactions import begin
from webapp.views.tasks import page_addresses, up_to_last
from webapp.words import N_

bp = Blueprint("downtime", __name__, url_prefix="/interfaces/downtime")
NO_CASE = N_("Enter the number of the case that holds it. Report a nonconformance first.")


@bp.get("")
@allow("interface.read")
def index() -> ResponseReturnValue:
    """List the forms that were given out, and what became of each."""
    return _page([])


def _page(problems: list[Problem]) -> str:
    only_open = request.args.get("state") == "open"
    lines, page = up_to_last(
        lambda asked: form_lines(read(), only_open=only_open, page=asked),
        lambda found: found[1],
    )
    return render_template(
        "interfaces/downtime.html",
        lines=lines,
        page=page,
        only_open=only_open,
        page_address=page_addresses(state="open" if only_open else None),
        kinds=list(downtime.KINDS.items()),
        form_languages=list(LANGUAGES.items()),
        default_language=language(),
        entered=request.form,
        problems=problems,
    )


@bp.post("")
@allow("downtime.print")
def give_out() -> ResponseReturnValue:
    """Give out blank forms with running numbers."""
    count = request.form.get("count", "")
    said = request.form.get("language", "en")
    try:
        with begin() as db:
            forms = downtime.print_forms(
                db,
                request.form.get("kind", ""),
                whole(count, most=999) or 0,
                language=said if said in LANGUAGES else "en",
                by=person(),
                at=now(),
            )
            first, last = forms[0].number, forms[-1].number
    except Invalid as wrong:
        return _page(wrong.problems), 422
    flash(
        gettext(
            "%(first)s to %(last)s are given out. Print them from the list.", first=first, last=last
        )
    )
    return redirect(url_for(".index", state="open"), 303)


@bp.get("/<number>.pdf")
@allow("interface.read")
def paper(number: str) -> ResponseReturnValue:
    """Hand out one form to be printed."""
    form = downtime.form_numbered(read(), number)
    settings = holdfast().settings
    record = record_of(form, company=settings.company, mark=settings.mark)
    pdf = render_pdf("downtime/downtime_form", record, language=form.language)
    return download(pdf, name=f"{form.number}.pdf", media_type="application/pdf")


@bp.get("/<number>")
@allow("interface.read")
def one(number: str) -> ResponseReturnValue:
    """Show one form, and ask for what stands on it."""
    return _one(number, [])


def _one(number: str, problems: list[Problem]) -> str:
    form = downtime.form_numbered(read(), number)
    return render_template(
        "interfaces/downtime_form.html",
        line=form_line(read(), form),
        entered=request.form,
        problems=problems,
    )


@bp.post("/<number>/enter")
@allow("late_entry.record")
def enter(number: str) -> ResponseReturnValue:
    """Record what was done by a form while Holdfast was away."""
    said = request.form
    entry = LateEntry(
        happened_at=typed_moment(said.get("happened_at", "")),
        done_by=said.get("done_by", ""),
        reason=said.get("reason", ""),
        numbers=said.get("numbers", ""),
        place=said.get("place", ""),
        part_no=said.get("part_no", ""),
        document_no=said.get("document_no", ""),
        case_number=said.get("case_number", "").strip(),
    )
    form = downtime.form_numbered(read(), number)
    if form.kind == "hold_tag" and not is_a_case(read(), entry.case_number):
        return _one(number, [Problem("case_number", NO_CASE)]), 422
    try:
        with begin() as db:
            downtime.enter(db, number, entry, by=person(), at=now())
    except Invalid as wrong:
        return _one(number, wrong.problems), 422
    flash(gettext("%(number)s is entered.", number=number))
    return redirect(url_for(".one", number=number), 303)


@bp.post("/<number>/not-used")
@allow("late_entry.record")
def not_used(number: str) -> ResponseReturnValue:
    """Write down what became of a form that nothing is entered from."""
    try:
        with begin() as db:
            downtime.not_used(
                db, number, reason=request.form.get("not_used_reason", ""), by=person(), at=now()
            )
    except Invalid as wrong:
        return _one(number, wrong.problems), 422
    flash(gettext("%(number)s is accounted for.", number=number))
    return redirect(url_for(".one", number=number), 303)
