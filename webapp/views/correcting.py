"""Correcting an answer: the form with what was said, old and new side by side, then the reason."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import delete

from engine.cases import commands
from engine.cases.correcting import correct_answer
from engine.cases.models import Draft
from engine.cases.overview import case_facts
from engine.clock import now
from engine.errors import Conflict, EngineError, Invalid, Problem
from webapp.permissions import allow
from webapp.queries.correction import Correction, compared, correction
from webapp.reading import read
from webapp.session import person
from webapp.times import saved_words
from webapp.transactions import begin, request_key
from webapp.uploads import posted_with_files

bp = Blueprint(
    "correcting", __name__, url_prefix="/nonconformances/<number>/answers/<int:answer_id>"
)


def _place(answer_id: int) -> str:
    return f"answer:{answer_id}"


def _asked(number: str, answer_id: int) -> Correction:
    return correction(read(), number, answer_id, person(), at=now())


@bp.get("/correct")
@allow("answer.correct")
def form(number: str, answer_id: int) -> ResponseReturnValue:
    """Show what was answered, to be corrected; what was carried out is not among it."""
    asked = _asked(number, answer_id)
    kept = commands.find_draft(read(), _place(answer_id), by=person())
    return _form_page(asked, kept.answers if kept else asked.answer.answers, [])


def _form_page(asked: Correction, raw: dict[str, Any], problems: list[Problem]) -> str:
    return render_template(
        "cases/correct.html",
        facts=case_facts(read(), asked.case),
        asked=asked,
        form=asked.form,
        context=asked.context,
        raw=raw,
        problems=problems,
    )


@bp.post("/correct")
@allow("answer.correct")
def send(number: str, answer_id: int) -> ResponseReturnValue:
    """Keep the corrected answers as a draft and go on to compare them."""
    asked = _asked(number, answer_id)
    posted, refused = posted_with_files(_place(answer_id))
    rearranged = asked.form.rearranged(posted)
    raw = rearranged if rearranged is not None else asked.form.raw(posted)
    with begin() as db:
        commands.save_draft(db, _place(answer_id), raw, by=person(), at=now())
    if refused:
        return _form_page(asked, raw, refused), 422
    if rearranged is not None:
        return redirect(url_for(".form", number=number, answer_id=answer_id) + "#form", 303)
    return redirect(url_for(".check", number=number, answer_id=answer_id), 303)


@bp.post("/correct/draft")
@allow("answer.correct")
def draft(number: str, answer_id: int) -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    raw = _asked(number, answer_id).form.raw(request.form)
    with begin() as db:
        kept = commands.save_draft(db, _place(answer_id), raw, by=person(), at=now())
    return {"words": saved_words(kept.saved_at)}


@bp.get("/correct/check")
@allow("answer.correct")
def check(number: str, answer_id: int) -> ResponseReturnValue:
    """Show old and new side by side, and ask for the reason."""
    return _check_page(number, answer_id, [])


def _check_page(number: str, answer_id: int, problems: list[Problem]) -> ResponseReturnValue:
    asked = _asked(number, answer_id)
    kept = commands.find_draft(read(), _place(answer_id), by=person())
    if kept is None:
        return redirect(url_for(".form", number=number, answer_id=answer_id), 303)
    try:
        rows = compared(asked, kept.answers)
    except Invalid as wrong:
        return _form_page(asked, kept.answers, wrong.problems), 422
    page = render_template(
        "cases/correct_check.html",
        facts=case_facts(read(), asked.case),
        asked=asked,
        rows=rows,
        entered=request.form,
        problems=problems,
    )
    return page, 422 if problems else 200


@bp.post("/correct/save")
@allow("answer.correct")
def save(number: str, answer_id: int) -> ResponseReturnValue:
    """Keep the corrected version; what was signed on the old one is asked again."""
    kept = commands.find_draft(read(), _place(answer_id), by=person())
    back = url_for("case.answers", number=number)
    if kept is None:  # sent twice: the first one saved it
        return redirect(back, 303)
    try:
        with begin() as db:
            done = correct_answer(
                db,
                answer_id,
                kept.answers,
                reason=request.form.get("reason", ""),
                by=person(),
                at=now(),
                key=request_key(),
            )
            db.execute(delete(Draft).where(Draft.id == kept.id))
    except Invalid as wrong:
        return _check_page(number, answer_id, wrong.problems)
    except Conflict:
        raise
    except EngineError as refused:
        problem = refused.problem("")
        return _check_page(number, answer_id, [problem])
    flash(_told(done.voided_count))
    return redirect(f"{back}#answer-{done.answer.id}", 303)


def _told(voided_count: int) -> str:
    if not voided_count:
        return gettext("The answer is corrected.")
    return ngettext(
        "The answer is corrected. %(num)d signature is void and asked again.",
        "The answer is corrected. %(num)d signatures are void and asked again.",
        voided_count,
    )
