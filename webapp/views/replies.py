"""Replies of one consignee: all of them, and one that came by telephone, fax, mail or a visit."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands, replies, uploads
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.overview import recall_named
from engine.cases.replies import confirming, links
from engine.cases.replies.filling import all_over_filled_in, shape_of, typed_of
from engine.cases.replies.given import Given
from engine.cases.replies.listed import Listed, listed
from engine.cases.replies.models import CHANNELS, LINK_KINDS, OUTCOMES
from engine.cases.replies.patients import LOOKS_LIKE
from engine.cases.replies.typed import ASKED, understood
from engine.cases.replies.wording import Wording, wording_of
from engine.clock import now
from engine.errors import Invalid, Problem
from engine.evidence.documents import StoredFile
from engine.serials.models import Party
from webapp import ceremony
from webapp.permissions import allow
from webapp.queries.notices import ConsigneeUnknown, notice_at
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


@dataclass(frozen=True)
class Replying:
    """Whose replies a request is about, with what its pages read more than once."""

    db: Session
    case: Case
    notice: Notice
    at: dict[str, Any]  # the case and the place, as they stand in the address

    @cached_property
    def listed(self) -> Listed:
        """Return what the consignee is asked about."""
        return listed(self.db, self.notice)

    @cached_property
    def wording(self) -> Wording:
        """Return the words of its letter in the language of whoever looks."""
        return wording_of(self.db, self.notice, language())


def _here(db: Session, number: str, place: int) -> Replying:
    case = recall_named(db, number)
    return Replying(db, case, notice_at(db, case, place), {"number": number, "place": place})


def _page(template: str, here: Replying, **more: Any) -> str:
    return render_template(
        f"replies/{template}.html",
        case=here.case,
        notice=here.notice,
        consignee=here.db.get_one(Party, here.notice.party_id).name,
        at=here.at,
        **more,
    )


@bp.get("")
@allow("case.read")
def index(number: str, place: int) -> ResponseReturnValue:
    """Show every reply of a consignee, the newest first, and the links it answers by."""
    here = _here(read(), number, place)
    made = links.links_of(here.db, here.notice.id)
    return _page(
        "index",
        here,
        shown=replies_shown(here.db, here.notice),
        links=made,
        known={one.id for one in made if one.confirmed_at},
        kinds=LINK_KINDS,
    )


@bp.post("/links/<int:link_id>/revoke")
@allow("reply.revoke")
def revoke(number: str, place: int, link_id: int) -> ResponseReturnValue:
    """End a link, and every link that was made from it."""
    with begin() as db:
        here = _here(db, number, place)
        if link_id not in {one.id for one in links.links_of(db, here.notice.id)}:
            raise ConsigneeUnknown
        links.revoke(db, link_id, by=person(), at=now())
    flash(gettext("The link is over."))
    return redirect(url_for(".index", number=number, place=place), 303)


@bp.post("/customers/<int:customer_id>/confirm")
@allow("reply.record")
def confirm(number: str, place: int, customer_id: int) -> ResponseReturnValue:
    """Let what a customer of a distributor said count."""
    with begin() as db:
        here = _here(db, number, place)
        confirming.confirm(db, here.notice, customer_id, by=person(), at=now())
    flash(gettext("What this customer says counts now."))
    return redirect(url_for(".index", number=number, place=place), 303)


# --- one that came otherwise -------------------------------------------------------------------


def _draft_at(notice: Notice) -> str:
    return f"reply:{notice.number}"


@bp.get("/new")
@allow("reply.record")
def new(number: str, place: int) -> ResponseReturnValue:
    """Show the form: what this person has typed so far, or what the consignee said last."""
    here = _here(read(), number, place)
    kept = commands.find_draft(here.db, _draft_at(here.notice), by=person())
    if kept is not None:
        return _form(here, kept.answers, [])
    last = replies.latest(here.db, here.notice.id, None)
    if last is None:
        return _form(here, {}, [])
    said = typed_of(last, replies.lines_of(here.db, last.id), here.listed)
    return _form(here, {**said, "note": ""}, [], is_again=True)


def _form(
    here: Replying, typed: dict[str, Any], problems: list[Problem], *, is_again: bool = False
) -> str:
    return _page(
        "form",
        here,
        typed=typed,
        problems=problems,
        is_again=is_again,
        listed=here.listed,
        groups=shipped(here.listed, language()),
        shape=shape_of(here.listed),
        channels=BY_PEOPLE,
        outcomes=[(code, OUTCOMES[code]) for code in ASKED],
        wording=here.wording,
        files=_files(here.db, typed),
    )


@bp.post("/new")
@allow("reply.record")
def fill_in(number: str, place: int) -> ResponseReturnValue:
    """Keep what was typed and the scan; go on to check it, or show every problem."""
    here = _here(read(), number, place)
    posted, refused = posted_with_files(_draft_at(here.notice))
    typed: dict[str, Any] = {
        name: posted.get(name, "").replace("\x00", "").replace("\r\n", "\n")
        for name in posted
        if name not in ("csrf_token", "request_key", FILES)
    }
    typed = {**all_over_filled_in(here.db, here.notice.id, typed, here.listed)}
    typed[FILES] = posted.getlist(FILES)
    with begin() as db:
        commands.save_draft(db, _draft_at(here.notice), typed, by=person(), at=now())
    try:
        _understood(here, typed)
    except Invalid as wrong:
        return _form(here, typed, [*wrong.problems, *refused]), 422
    if refused:
        return _form(here, typed, refused), 422
    return redirect(url_for(".check", number=number, place=place), 303)


def _understood(here: Replying, typed: dict[str, Any]) -> Given:
    """Return the reply that was typed. Raises `Invalid` with every problem."""
    problems: list[Problem] = []
    channel = str(typed.get("channel", ""))
    if channel not in BY_PEOPLE:
        problems.append(Problem("channel", CHANNEL_MISSING))
    entered = Entered({"received_at": str(typed.get("received_at", ""))})
    received: datetime = entered.moment("received_at") or now()
    problems += entered.problems
    problems += replies.too_early(here.case, here.notice, received)
    try:
        given = understood(
            here.db,
            {name: text for name, text in typed.items() if isinstance(text, str)},
            here.listed,
            channel=channel or BY_PEOPLE[0],
            language=here.notice.language,
            at=received,
            instructions=here.wording.instructions,
        )
    except Invalid as wrong:
        raise Invalid([*problems, *wrong.problems]) from wrong
    if problems:
        raise Invalid(problems)
    return replace(given, files=tuple(_files(here.db, typed)))


def _files(db: Session, typed: dict[str, Any]) -> list[StoredFile]:
    sent = (uploads.upload_of(db, sha256, by=person()) for sha256 in typed.get(FILES, []))
    return [StoredFile(one.name, one.media_type, one.sha256, one.bytes) for one in sent if one]


@bp.get("/check")
@allow("reply.record")
def check(number: str, place: int) -> ResponseReturnValue:
    """Show once more what will be recorded."""
    here = _here(read(), number, place)
    kept = commands.find_draft(here.db, _draft_at(here.notice), by=person())
    if kept is None:
        return redirect(url_for(".index", number=number, place=place))
    try:
        given = _understood(here, kept.answers)
    except Invalid as wrong:
        return _form(here, kept.answers, wrong.problems), 422
    return _page(
        "check",
        here,
        given=given,
        summary=summary_of(given, here.listed),
        looks_like=[LOOKS_LIKE[kind] for kind in given.warnings],
        checked=ceremony.fingerprint(kept.answers),
    )


@bp.post("/record")
@allow("reply.record")
def record(number: str, place: int) -> ResponseReturnValue:
    """Record the reply that was checked; sent twice it is one."""
    seen = _here(read(), number, place)
    key, home = request_key(), url_for(".index", number=number, place=place)
    kept = commands.find_draft(seen.db, _draft_at(seen.notice), by=person())
    if kept is None:
        return redirect(home, 303)
    if request.form.get("checked", "") != ceremony.fingerprint(kept.answers):
        return redirect(url_for(".check", number=number, place=place), 303)
    try:
        with begin() as db:
            here = _here(db, number, place)
            given = _understood(here, kept.answers)
            given = replace(given, text_id=here.wording.text_id)
            said = replies.record(db, here.notice, given, by=person(), at=now(), key=key)
            commands.drop_draft(db, person(), _draft_at(here.notice))
            uploads.forget(db, _draft_at(here.notice), by=person())
    except Invalid as wrong:
        return _form(seen, kept.answers, wrong.problems), 422
    flash(gettext("Reply %(number)s is recorded.", number=said.number))
    return redirect(home, 303)
