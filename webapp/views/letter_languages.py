"""Letter languages: the sentences of letters in the languages of consignees, written and signed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.notices import putting_in_force, wordings
from engine.cases.notices.models import WORDING_STATES
from engine.clock import now
from engine.errors import EngineError, Invalid, Problem
from engine.evidence import layouts
from webapp import signing, words
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.letter_languages import languages, one_language
from webapp.reading import read
from webapp.session import person, session_id
from webapp.transactions import begin, request_key
from webapp.words import N_

bp = Blueprint("letter_languages", __name__, url_prefix="/letter-languages")

CONSEQUENCE = N_("New notice texts take these sentences, and notices that waited for them go on.")


@bp.get("")
@allow("letter_wording.read")
def index() -> str:
    """List the languages that consignees need, and what there is in each."""
    return render_template("letter_languages/index.html", lines=languages(read()))


@bp.get("/<code>")
@allow("letter_wording.read")
def one(code: str) -> str:
    """Show every sentence beside its translation, and the versions there are."""
    return _one(code, [])


def _one(code: str, problems: list[Problem]) -> str:
    found = one_language(read(), code)
    newest = found.newest
    return render_template(
        "letter_languages/one.html",
        one=found,
        states=WORDING_STATES,
        entered=request.form if "after" in request.form else newest.words if newest else {},
        after=request.form.get("after") or (newest.version if newest else 0),
        problems=problems,
        longest=wordings.LONGEST,
    )


@bp.post("/<code>")
@allow("letter_wording.write")
def write(code: str) -> ResponseReturnValue:
    """Keep what was translated as a new version."""
    after, form = request.form.get("after", ""), request.form
    try:
        with begin() as db:
            kept = wordings.write(
                db,
                code,
                {key: form.get(key, "") for key in layouts.letter_words()},
                after=whole(after) or 0,
                by=person(),
                at=now(),
                key=request_key(),
            )
    except Invalid as wrong:
        return _one(code, wrong.problems), 422
    flash(
        gettext("Version %(number)s is kept. Another person puts it in force.", number=kept.version)
    )
    return redirect(url_for(".one", code=code), 303)


@bp.post("/<code>/<int:version>")
@allow("letter_wording.sign")
def review(code: str, version: int) -> ResponseReturnValue:
    """Draw up every sentence of a version, to be signed."""
    try:
        with begin() as db:
            opened = putting_in_force.open_signing(
                db, code, version, by=person(), session_id=str(session_id()), at=now()
            )
    except Invalid as wrong:
        return _one(code, wrong.problems), 422
    return redirect(url_for(".sign", code=code, version=version, nonce=opened.nonce), 303)


@bp.get("/<code>/<int:version>/sign/<nonce>")
@allow("letter_wording.sign")
def sign(code: str, version: int, nonce: str) -> ResponseReturnValue:
    """Show what is put in force, to be signed."""
    try:
        return _sign_page(code, version, nonce, [])
    except signing.OUT_OF_DATE as error:
        return _again(code, version, error)


def _sign_page(code: str, version: int, nonce: str, problems: list[Problem]) -> str:
    return render_template(
        "letter_languages/sign.html",
        code=code,
        version=version,
        address=url_for(".sign_now", code=code, version=version, nonce=nonce),
        sign=signing.sign_page(read(), nonce, consequence=CONSEQUENCE),
        entered=request.form,
        problems=problems,
    )


def _again(code: str, version: int, error: EngineError) -> ResponseReturnValue:
    return signing.out_of_date(
        error,
        again=url_for(".review", code=code, version=version),
        back=url_for(".one", code=code),
    )


@bp.post("/<code>/<int:version>/sign/<nonce>")
@allow("letter_wording.sign")
def sign_now(code: str, version: int, nonce: str) -> ResponseReturnValue:
    """Put a version in force under the signature."""
    key = request_key()
    try:
        problems = signing.attempt(
            nonce,
            lambda db: putting_in_force.put_in_force(
                db, code, version, signing.typed(nonce), by=person(), at=now(), key=key
            ),
        )
        if problems:
            return _sign_page(code, version, nonce, problems), 422
    except signing.OUT_OF_DATE as error:
        return _again(code, version, error)
    flash(
        gettext(
            "Letters can now be written in this language: %(language)s.",
            language=words.tongue(code),
        )
    )
    return redirect(url_for(".one", code=code), 303)
