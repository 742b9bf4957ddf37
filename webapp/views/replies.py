"""Replies of one consignee: all of them, and one that came by telephone, fax, mail or a visit."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import commands, replies, uploads
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.overview import case_named
from engine.cases.replies import links
from engine.cases.replies.filling import all_over_filled_in, shape_of, typed_of
from engine.cases.replies.given import Given
from engine.cases.replies.listed import listed
from engine.cases.replies.models import CHANNELS, LINK_KINDS, OUTCOMES
from engine.cases.replies.patients import LOOKS_LIKE
from engine.cases.replies.typed import ASKED, understood
from engine.cases.replies.wording import wording_of
from engine.clock import now
from engine.errors import Invalid, NotFound, Problem
from engine.evidence.documents import StoredFile
from engine.serials.models import Party
from webapp import ceremony
from webapp.permissions import allow
from webapp.queries.replies import replies_shown, shipped, summary_of
from webapp.reading import read
from webapp.recording import Entered
from webapp.session import person
from webapp.times import language
from webapp.transactions import begin, request_key
from webapp.uploads import posted_with_files
from webapp.words import N_

bp = Blueprint("replies", __name__, url_prefix="/recalls/<number>/consignees/<int:place>/replies")

BY_PEOPLE = tuple(code for code in CHANNELS if code != "link")
FILES = "files"
CHANNEL_MISSING = N_("Choose how it came")


class ConsigneeUnknown(NotFound):
    """There is no such consignee in this recall. Look it up in the list of its consignees."""


def _notice(db: Session, number: str, place: int) -> tuple[Case, Notice]:
    case = case_named(db, number)
    numbered = Notice.number == f"{case.number}/N-{place:04d}"
    notice = db.scalar(select(Notice).where(Notice.case_id == case.id, numbered))
    if notice is None:
        raise ConsigneeUnknown
    return case, notice


def _page(template: str, number: str, place: int, **more: Any) -> str:
    db = read()
    case, notice = _notice(db, number, place)
    return render_template(
        f"replies/{template}.html",
        case=case,
        notice=notice,
        consignee=db.get_one(Party, notice.party_id).name,
        at={"number": number, "place": place},
        **more,
    )


@bp.get("")
@allow("case.read")
def index(number: str, place: int) -> ResponseReturnValue:
    """Show every reply of a consignee, the newest first, and the links it answers by."""
    db = read()
    _, notice = _notice(db, number, place)
    return _page(
        "index",
        number,
        place,
        shown=replies_shown(db, notice),
        links=links.links_of(db, notice.id),
        kinds=LINK_KINDS,
    )


@bp.post("/links/<int:link_id>/revoke")
@allow("reply.revoke")
def revoke(number: str, place: int, link_id: int) -> ResponseReturnValue:
    """End a link, and every link that was made from it."""
    with begin() as db:
        _, notice = _notice(db, number, place)
        if link_id not in {one.id for one in links.links_of(db, notice.id)}:
            raise ConsigneeUnknown
        links.revoke(db, link_id, by=person(), at=now())
    flash(gettext("The link is over."))
    return redirect(url_for(".index", number=number, place=place), 303)


# --- one that came otherwise -------------------------------------------------------------------


def _draft_at(notice: Notice) -> str:
    return f"reply:{notice.number}"


@bp.get("/new")
@allow("reply.record")
def new(number: str, place: int) -> ResponseReturnValue:
    """Show the form: what this person has typed so far, or what the consignee said last."""
    db = read()
    _, notice = _notice(db, number, place)
    kept = commands.find_draft(db, _draft_at(notice), by=person())
    if kept is not None:
        return _form(number, place, kept.answers, [])
    last = replies.latest(db, notice.id, None)
    if last is None:
        return _form(number, place, {}, [])
    said = typed_of(last, replies.lines_of(db, last.id), listed(db, notice))
    return _form(number, place, {**said, "note": ""}, [], is_again=True)


def _form(
    number: str,
    place: int,
    typed: dict[str, Any],
    problems: list[Problem],
    *,
    is_again: bool = False,
) -> str:
    db = read()
    _, notice = _notice(db, number, place)
    of_them = listed(db, notice)
    return _page(
        "form",
        number,
        place,
        typed=typed,
        problems=problems,
        is_again=is_again,
        listed=of_them,
        groups=shipped(of_them, language()),
        shape=shape_of(of_them),
        channels=BY_PEOPLE,
        outcomes=[(code, OUTCOMES[code]) for code in ASKED],
        wording=wording_of(db, notice, language()),
        files=_files(db, typed),
    )


@bp.post("/new")
@allow("reply.record")
def fill_in(number: str, place: int) -> ResponseReturnValue:
    """Keep what was typed and the scan; go on to check it, or show every problem."""
    db = read()
    _, notice = _notice(db, number, place)
    posted, refused = posted_with_files(_draft_at(notice))
    typed: dict[str, Any] = {
        name: posted.get(name, "").replace("\x00", "").replace("\r\n", "\n")
        for name in posted
        if name not in ("csrf_token", "request_key", FILES)
    }
    typed = {**all_over_filled_in(db, notice.id, typed, listed(db, notice))}
    typed[FILES] = posted.getlist(FILES)
    with begin() as db:
        commands.save_draft(db, _draft_at(notice), typed, by=person(), at=now())
    try:
        _understood(read(), notice, typed)
    except Invalid as wrong:
        return _form(number, place, typed, [*wrong.problems, *refused]), 422
    if refused:
        return _form(number, place, typed, refused), 422
    return redirect(url_for(".check", number=number, place=place), 303)


def _understood(db: Session, notice: Notice, typed: dict[str, Any]) -> Given:
    """Return the reply that was typed. Raises `Invalid` with every problem."""
    problems: list[Problem] = []
    channel = str(typed.get("channel", ""))
    if channel not in BY_PEOPLE:
        problems.append(Problem("channel", CHANNEL_MISSING))
    entered = Entered({"received_at": str(typed.get("received_at", ""))})
    received: datetime = entered.moment("received_at") or now()
    problems += entered.problems
    try:
        given = understood(
            db,
            {name: text for name, text in typed.items() if isinstance(text, str)},
            listed(db, notice),
            channel=channel or BY_PEOPLE[0],
            language=notice.language,
            at=received,
            instructions=wording_of(db, notice, language()).instructions,
        )
    except Invalid as wrong:
        raise Invalid([*problems, *wrong.problems]) from wrong
    if problems:
        raise Invalid(problems)
    return replace(given, files=tuple(_files(db, typed)))


def _files(db: Session, typed: dict[str, Any]) -> list[StoredFile]:
    sent = (uploads.upload_of(db, sha256, by=person()) for sha256 in typed.get(FILES, []))
    return [StoredFile(one.name, one.media_type, one.sha256, one.bytes) for one in sent if one]


@bp.get("/check")
@allow("reply.record")
def check(number: str, place: int) -> ResponseReturnValue:
    """Show once more what will be recorded."""
    db = read()
    _, notice = _notice(db, number, place)
    kept = commands.find_draft(db, _draft_at(notice), by=person())
    if kept is None:
        return redirect(url_for(".index", number=number, place=place))
    try:
        given = _understood(db, notice, kept.answers)
    except Invalid as wrong:
        return _form(number, place, kept.answers, wrong.problems), 422
    return _page(
        "check",
        number,
        place,
        given=given,
        summary=summary_of(given, listed(db, notice)),
        looks_like=[LOOKS_LIKE[kind] for kind in given.warnings],
        checked=ceremony.fingerprint(kept.answers),
    )


@bp.post("/record")
@allow("reply.record")
def record(number: str, place: int) -> ResponseReturnValue:
    """Record the reply that was checked; sent twice it is one."""
    db = read()
    _, notice = _notice(db, number, place)
    key, home = request_key(), url_for(".index", number=number, place=place)
    kept = commands.find_draft(db, _draft_at(notice), by=person())
    if kept is None:
        return redirect(home, 303)
    if request.form.get("checked", "") != ceremony.fingerprint(kept.answers):
        return redirect(url_for(".check", number=number, place=place), 303)
    try:
        with begin() as db:
            _, notice = _notice(db, number, place)
            given = _understood(db, notice, kept.answers)
            given = replace(given, text_id=wording_of(db, notice, language()).text_id)
            said = replies.record(db, notice, given, by=person(), at=now(), key=key)
            commands.drop_draft(db, person(), _draft_at(notice))
            uploads.forget(db, _draft_at(notice), by=person())
    except Invalid as wrong:
        return _form(number, place, kept.answers, wrong.problems), 422
    flash(gettext("Reply %(number)s is recorded.", number=said.number))
    return redirect(home, 303)
