"""Consignees of a recall: the dashboard, one consignee, and what people record about letters."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.notices import outreach, proof, sending, sent, texts
from engine.cases.notices.letters import FILES
from engine.cases.notices.models import (
    LETTER_STATES,
    NOTICE_STATES,
    OUTREACH_CHANNELS,
    OUTREACH_OUTCOMES,
    RUN_KINDS,
    TEXT_STATES,
    Notice,
    NoticeLetter,
    NoticeText,
)
from engine.cases.overview import recall_named
from engine.clock import now
from engine.errors import Invalid, NotFound, Problem
from engine.evidence import documents, render
from engine.evidence.documents import Document, DocumentStore
from webapp.downloads import download
from webapp.permissions import allow
from webapp.queries.joined import notices_around
from webapp.queries.notices import Asked, dashboard, notice_at, one_consignee
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin
from webapp.views.tasks import addresses, page_addresses, up_to_last
from webapp.words import N_

bp = Blueprint("consignees", __name__, url_prefix="/recalls/<number>/consignees")

WAITS = ("language", "post", "bounced")
NO_MOMENT = N_("Enter a date and time")


@bp.get("")
@allow("case.read")
def index(number: str) -> ResponseReturnValue:
    """Show how far the notices of a recall are, and list them."""
    db = read()
    case = recall_named(db, number)
    asked = Asked(
        state=state if (state := request.args.get("state", "")) in NOTICE_STATES else "",
        country=request.args.get("country", "").strip()[:2].replace("\x00", ""),
        waits=waits if (waits := request.args.get("waits", "")) in WAITS else "",
        q=request.args.get("q", "").strip()[:80].replace("\x00", ""),
    )
    found = up_to_last(lambda page: dashboard(db, case, asked, page=page), lambda found: found.page)
    return render_template(
        "consignees/index.html",
        case=case,
        found=found,
        asked=asked,
        states=NOTICE_STATES,
        text_states=TEXT_STATES,
        run_kinds=RUN_KINDS,
        address=addresses(number=number, **asked.kept),
        page_address=page_addresses(number=number, **asked.kept),
    )


@bp.get("/<int:place>")
@allow("case.read")
def one(number: str, place: int) -> ResponseReturnValue:
    """Show one consignee: what it received, how it was tried, what it replied."""
    return _one(number, place, [])


def _one(number: str, place: int, problems: list[Problem]) -> str:
    db = read()
    case = recall_named(db, number)
    notice = notice_at(db, case, place)
    before, became = notices_around(db, notice)
    return render_template(
        "consignees/one.html",
        case=case,
        place=place,
        one=one_consignee(db, notice),
        before=before,
        became=became,
        states=NOTICE_STATES,
        letter_states=LETTER_STATES,
        run_kinds=RUN_KINDS,
        channels=OUTREACH_CHANNELS,
        outcomes=OUTREACH_OUTCOMES,
        problems=problems,
        entered=request.form,
        files=FILES,
        now_local=f"{now():%Y-%m-%dT%H:%M}",
    )


@bp.get("/<int:place>/letters/<int:letter>/<kind>")
@allow("document.read")
def letter_file(number: str, place: int, letter: int, kind: str) -> ResponseReturnValue:
    """Send a letter, its list or its signed list, byte for byte as the consignee got it."""
    db = read()
    notice = notice_at(db, recall_named(db, number), place)
    found = _letter(db, notice, letter)
    sha256 = getattr(found, f"{kind}_sha256", None) if kind in FILES else None
    if sha256 is None:
        raise NotFound
    store: DocumentStore = db.info["documents"]
    name = f"{notice.number.replace('/', '_')}-{letter}.{kind}"
    return download(store.open(sha256), name=name, media_type=FILES[kind])


def _letter(db: Session, notice: Notice, letter: int) -> NoticeLetter:
    wanted = select(NoticeLetter).where(
        NoticeLetter.notice_id == notice.id, NoticeLetter.number == letter
    )
    found = db.scalar(wanted)
    if found is None:
        raise sent.LetterUnknown
    return found


@bp.post("/<int:place>/attempts")
@allow("notice.attempt")
def attempt(number: str, place: int) -> ResponseReturnValue:
    """Write down one attempt to reach a consignee."""
    form = request.form

    def act(db: Session, notice: Notice) -> None:
        outreach.record_attempt(
            db,
            notice,
            channel=form.get("channel", ""),
            outcome=form.get("outcome", ""),
            note=form.get("note", ""),
            tried_at=_moment(form.get("tried_at", ""), "tried_at"),
            by=person(),
            at=now(),
        )

    return _acted(number, place, act, gettext("The attempt is written down."))


@bp.post("/<int:place>/letters/<int:letter>/posted")
@allow("notice.post")
def posted(number: str, place: int, letter: int) -> ResponseReturnValue:
    """Note that a printed letter was posted."""
    form = request.form

    def act(db: Session, notice: Notice) -> None:
        sent.post(
            db,
            _letter(db, notice, letter).id,
            courier=form.get("courier", ""),
            number=form.get("courier_number", ""),
            by=person(),
            at=now(),
        )

    return _acted(number, place, act, gettext("The letter counts as sent."))


@bp.post("/<int:place>/letters/<int:letter>/came-back")
@allow("notice.post")
def came_back(number: str, place: int, letter: int) -> ResponseReturnValue:
    """Note that a letter came back."""

    def act(db: Session, notice: Notice) -> None:
        sent.came_back(
            db,
            _letter(db, notice, letter).id,
            why=request.form.get("bounce", ""),
            by=person(),
            at=now(),
        )

    return _acted(number, place, act, gettext("It is recorded, and somebody is asked to try."))


@bp.post("/<int:place>/letters/<int:letter>/delivered")
@allow("notice.post")
def delivered(number: str, place: int, letter: int) -> ResponseReturnValue:
    """Note that a letter was handed over, with the proof."""
    file = request.files.get("proof")

    def act(db: Session, notice: Notice) -> None:
        kept: Document | None = None
        if file is not None and file.filename:
            kept = documents.attach(
                db,
                stream=db.get_one(Case, notice.case_id).stream,
                name=file.filename,
                content=file.read(),
                by=person(),
                at=now(),
            )
        sent.delivered(
            db,
            _letter(db, notice, letter).id,
            on=_moment(request.form.get("delivered_at", ""), "delivered_at"),
            proof=kept,
            by=person(),
            at=now(),
        )

    return _acted(number, place, act, gettext("The delivery is recorded."))


def _acted(
    number: str, place: int, act: Callable[[Session, Notice], None], said: str
) -> ResponseReturnValue:
    try:
        with begin() as db:
            act(db, notice_at(db, recall_named(db, number), place))
    except Invalid as wrong:
        return _one(number, place, wrong.problems), 422
    flash(said)
    return redirect(url_for(".one", number=number, place=place), 303)


def _moment(text: str, field: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as wrong:
        raise Invalid([Problem(field, NO_MOMENT)]) from wrong


# --- texts and runs ----------------------------------------------------------------------------


@bp.get("/texts/<int:text_id>.pdf")
@allow("document.read")
def text_proof(number: str, text_id: int) -> ResponseReturnValue:
    """Send the proof of a text: the letter as consignees will get it."""
    db = read()
    case = recall_named(db, number)
    text = _text(db, case, text_id)
    pdf = render.render_letter(proof.request_of(db, case, text, at=now()))
    name = f"{case.number}-{text.jurisdiction}-{text.language}-{text.version}.pdf"
    return download(pdf, name=name, media_type="application/pdf")


def _text(db: Session, case: Case, text_id: int) -> NoticeText:
    text = db.get(NoticeText, text_id)
    if text is None or text.case_id != case.id or not text.words:
        raise texts.TextUnknown
    return text


@bp.post("/texts/<int:text_id>/test")
@allow("notice.send")
def text_test(number: str, text_id: int) -> ResponseReturnValue:
    """Send the proof to oneself, by the way that letters go."""
    db = read()
    case = recall_named(db, number)
    text = _text(db, case, text_id)
    pdf = render.render_letter(proof.request_of(db, case, text, at=now()))
    with begin() as writing:
        told = proof.send_test(writing, case, text, pdf, by=person(), at=now())
    if told is None:
        flash(gettext("A drill has no way out, and you have no address: nothing was sent."))
    else:
        flash(gettext("The test letter is on its way to %(address)s.", address=told))
    return redirect(url_for(".index", number=number), 303)


@bp.post("/texts/<int:text_id>/amend")
@allow("notice.write")
def text_amend(number: str, text_id: int) -> ResponseReturnValue:
    """Begin a new version of a text that is in force."""
    with begin() as db:
        case = recall_named(db, number)
        text = _text(db, case, text_id)
        texts.open_text(db, case, text.jurisdiction, text.language, by=person(), at=now())
    flash(gettext("A new version is begun. It goes out once it is approved and released."))
    return redirect(url_for(".index", number=number), 303)


@bp.post("/runs/<int:run_id>/<what>")
@allow("notice.send")
def run(number: str, run_id: int, what: str) -> ResponseReturnValue:
    """Pause a run of letters, go on with it, or print its failed letters again."""
    verbs = {"pause": sending.pause, "resume": sending.resume, "retry": sending.retry_failed}
    if what not in verbs:
        raise NotFound
    with begin() as db:
        recall_named(db, number)
        verbs[what](db, run_id, by=person(), at=now())
    return redirect(url_for(".index", number=number), 303)
