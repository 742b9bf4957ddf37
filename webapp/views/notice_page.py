"""The hospital's page: a consignee reads its notice and answers it, without account or script.

Reading changes nothing. A form takes effect only with its seal and what a person types: a name
and a role. No cookie is set; the address is the key, so nothing on these pages leads elsewhere.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from engine.cases import replies
from engine.cases.replies import confirming, drafts, links
from engine.cases.replies.errors import LinkUnknown, NotADistributor, ReplyUnknown
from engine.cases.replies.filling import all_over_filled_in, shape_of, typed_of
from engine.cases.replies.given import Given
from engine.cases.replies.links import Answering
from engine.cases.replies.models import OUTCOMES, Reply, ReplyDraft
from engine.cases.replies.patients import LOOKS_LIKE
from engine.cases.replies.typed import ASKED, added, see, understood
from engine.cases.replies.wording import wording_of
from engine.clock import now
from engine.commands import Command
from engine.errors import EngineError, Gone, Invalid, Problem
from engine.exports import Column
from engine.people.throttle import TriedTooOften, refuse_waiting, reserve
from engine.serials.models import Party
from webapp import ceremony, errors
from webapp.config import LANGUAGES, holdfast
from webapp.errors import http_sentence, status_of
from webapp.exports import exported
from webapp.i18n import language, write_in
from webapp.numbers import whole
from webapp.permissions import PUBLIC, allow
from webapp.queries.replies import Here, answered, rows_of, shipped, summary_of
from webapp.reading import read, reading
from webapp.sealed_forms import new_key, seal
from webapp.sentences import fill, in_words
from webapp.transactions import begin
from webapp.words import N_

bp = Blueprint("notice_page", __name__, url_prefix="/n/<token>")

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# the page with the camera, and no other page of a link, runs our own script
CAMERA = {
    "Content-Security-Policy": f"{POLICY}; script-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
LONGEST_SCAN = 2_000
PAGE_ROWS = 200
LONGEST_KEY = 80
LONGEST_TYPED = 400_000  # letters of one form
NOT_ANSWERS = frozenset({"csrf_token", "request_key", "checked", "then"})
OUTCOME_MISSING = N_("Choose what became of what you scanned")
COLUMNS = (Column("part", "Part"), Column("lot", "Lot"), Column("serial", "Serial"),
           Column("quantity", "Quantity"))  # fmt: skip


# --- who asks ----------------------------------------------------------------------------------


def _here(token: str, *, may_be_over: bool = False) -> Here:
    """Return what a token answers; a wrong one is counted against its address."""
    answering = links.find(read(), token)
    if answering is None:
        reading.session.remove()
        with holdfast().database.begin() as db:
            wait = reserve(db, [f"link:{request.remote_addr or ''}"], at=now())
        refuse_waiting(wait)
        raise LinkUnknown
    write_in(_chosen(answering))
    if not may_be_over and (over := links.ended(answering, at=now())) is not None:
        raise over
    db = read()
    return Here(
        db=db,
        token=token,
        answering=answering,
        consignee=db.get_one(Party, answering.notice.party_id).name,
        company=db.info.get("company", ""),
        wording=wording_of(db, answering.notice, _chosen(answering)),
    )


def _chosen(answering: Answering) -> str:
    """Return the language that was asked for, else the notice's: a page may not be there in it."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else answering.notice.language


def _at(endpoint: str, here: Here, **more: Any) -> str:
    """Return the address of another page of this link, in the language that was chosen."""
    if (chosen := request.args.get("lang")) in LANGUAGES:
        more["lang"] = chosen
    return url_for(f".{endpoint}", **{"token": here.token, **more})


def _page(template: str, here: Here, status: int = 200, **more: Any) -> Response:
    def at(endpoint: str, **parts: Any) -> str:
        return _at(endpoint, here, **parts)

    other = "en" if language() == "zh" else "zh"
    shown = {
        "visit": here,
        "at": at,
        "seal": seal,
        "problems": (),
        "typed": {},
        "outcomes": {code: fill(OUTCOMES[code]) for code in ASKED},
        "all_outcomes": OUTCOMES,
        "switch": _switched(other) if request.method == "GET" else "",
        **more,
    }
    page = render_template(f"notice_page/{template}.html", **shown)
    return Response(page, status=status)


def _switched(other: str) -> str:
    """Return this very page in the other language."""
    asked = {**request.args.to_dict(), **(request.view_args or {}), "lang": other}
    return url_for(str(request.endpoint), **asked)


def _may_send(here: Here) -> None:
    """Count what a link sends: many of them wait. Raises `TriedTooOften`."""
    with begin() as db:
        wait = reserve(db, [f"sending:{here.answering.link.id}"], at=now())
    refuse_waiting(wait)


@bp.after_request
def _dress(response: Response) -> Response:
    """Say what no page of a link may be: kept, found, framed, scripted."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


# --- reading -----------------------------------------------------------------------------------


@bp.get("")
@allow(PUBLIC)
def notice(token: str) -> ResponseReturnValue:
    """Show what happened, the risk, what to do now, and what of it they have."""
    here = _here(token)
    groups = shipped(here.listed, language())
    return _page("notice", here, groups=groups, answered=_own_replies(here))


@bp.get("/list")
@allow(PUBLIC)
def units(token: str) -> ResponseReturnValue:
    """Show their units and lots, a page at a time."""
    here = _here(token)
    rows = list(rows_of(here.listed, language()))
    number = max(request.args.get("page", 1, type=int), 1)
    first = (number - 1) * PAGE_ROWS
    if first and first >= len(rows):
        abort(404)
    return _page(
        "list",
        here,
        rows=rows[first : first + PAGE_ROWS],
        first=first + 1,
        count=len(rows),
        page=number,
        pages=(len(rows) + PAGE_ROWS - 1) // PAGE_ROWS,
    )


@bp.get("/list.csv")
@allow(PUBLIC)
def file(token: str) -> ResponseReturnValue:
    """Send their list as a file."""
    here = _here(token)
    columns = [Column(one.name, gettext(one.label)) for one in COLUMNS]
    rows = list(rows_of(here.listed, language()))
    name = here.answering.notice.number.replace("/", "-")
    answer = exported(columns, rows, format="csv", name=name, at=now())
    answer.make_sequence()  # nothing is left to read when the request is over
    return answer


def _own_replies(here: Here) -> list[Reply]:
    """Return what this link's speaker has replied; of a link for all customers nothing."""
    link = here.answering.link
    if link.kind == "customers":
        return []
    speaker = links.speaker_of(here.db, link)
    all_of_notice = replies.replies_of(here.db, here.answering.notice.id)
    return [one for one in all_of_notice if one.customer_link_id == speaker]


# --- replying ----------------------------------------------------------------------------------


@bp.get("/reply")
@allow(PUBLIC)
def reply(token: str) -> ResponseReturnValue:
    """Show the form: empty, with a draft, or with what was replied last."""
    here = _here(token)
    key = request.args.get("draft", "")
    draft = drafts.find(here.db, here.answering.link, key) if key else None
    if draft is not None:
        return _form(here, draft.typed, [], key=draft.key, draft=draft)
    own = _own_replies(here)
    typed = {}
    if own:
        lines = replies.lines_of(here.db, own[-1].id)
        typed = typed_of(own[-1], lines, here.listed, is_customer=here.is_customer)
    return _form(here, typed, [], key=new_key(), own=own)


def _form(
    here: Here,
    typed: dict[str, str],
    problems: Sequence[Problem],
    *,
    key: str,
    draft: ReplyDraft | None = None,
    own: Sequence[Reply] = (),
) -> Response:
    return _page(
        "reply",
        here,
        422 if problems else 200,
        key=key,
        typed=typed,
        problems=problems,
        listed=here.listed,
        groups=shipped(here.listed, language()),
        pasted=any(name.startswith("list.") for name in typed),
        shape=shape_of(here.listed, is_customer=here.is_customer),
        files=drafts.files_of(here.db, draft) if draft else (),
        own=own,
    )


@bp.post("/reply")
@allow(PUBLIC)
def fill_in(token: str) -> ResponseReturnValue:
    """Take the form on to its check page, or back with every problem; nothing is recorded yet."""
    here = _here(token)
    typed = _typed()
    if not here.is_customer:  # the list is the distributor's
        typed = all_over_filled_in(here.db, here.answering.notice.id, typed, here.listed)
    key = request.form["request_key"][:LONGEST_KEY]
    if request.form.get("then") == "scan":
        return _go_and_scan(here, key, typed)
    try:
        _understood(here, typed)
    except Invalid as wrong:
        return _form(here, typed, wrong.problems, key=key)
    _may_send(here)
    refused = _keep(here, key, typed)
    if refused:
        draft = drafts.find(here.db, here.answering.link, key)
        return _form(here, typed, refused, key=key, draft=draft)
    return redirect(_at("check", here, draft=key), 303)


def _typed() -> dict[str, str]:
    """Return what was typed, as text; more than a form holds is refused."""
    typed = {
        name: text.replace("\x00", "").replace("\r\n", "\n")
        for name, text in request.form.items()
        if name not in NOT_ANSWERS and text.strip()
    }
    if sum(len(name) + len(text) for name, text in typed.items()) > LONGEST_TYPED:
        abort(413)
    return typed


def _understood(here: Here, typed: dict[str, str]) -> Given:
    return understood(
        here.db,
        typed,
        here.listed,
        channel="link",
        language=language(),
        at=now(),
        instructions=here.wording.instructions,
        is_customer=here.is_customer,
    )


def _keep(here: Here, key: str, typed: dict[str, str]) -> list[Problem]:
    """Keep the draft and its files; return what is wrong with a file, the others are kept."""
    problems = []
    with begin() as db:
        draft = drafts.save(db, here.answering.link, key, typed, at=now())
    for sent in request.files.getlist("files"):
        if not sent.filename:
            continue
        try:
            with begin() as db:
                drafts.add_file(db, draft, sent.filename, sent.read(), at=now())
        except EngineError as refused:
            problems.append(refused.problem("files"))
    return problems


# --- scanning ----------------------------------------------------------------------------------


def _go_and_scan(here: Here, key: str, typed: dict[str, str]) -> ResponseReturnValue:
    """Keep what was typed so far, unchecked, and go on to the camera."""
    _may_send(here)
    refused = _keep(here, key, typed)
    if refused:
        draft = drafts.find(here.db, here.answering.link, key)
        return _form(here, typed, refused, key=key, draft=draft)
    return redirect(_at("scan", here, draft=key), 303)


@bp.get("/scan")
@allow(PUBLIC)
def scan(token: str) -> ResponseReturnValue:
    """Show the camera and a box beside it; the box alone does where no script runs."""
    here = _here(token)
    draft = drafts.find(here.db, here.answering.link, request.args.get("draft", ""))
    if draft is None:
        return redirect(_at("reply", here), 303)
    return _scan_page(here, draft.key)


def _scan_page(here: Here, key: str, *, wrong: str = "", scanned: str = "") -> Response:
    problems = [Problem("outcome", wrong)] if wrong else []
    page = _page(
        "scan", here, 422 if wrong else 200, key=key, problems=problems,
        typed={"scanned": scanned},
    )  # fmt: skip
    page.headers.update(CAMERA)
    return page


@bp.post("/scan")
@allow(PUBLIC)
def take_scans(token: str) -> ResponseReturnValue:
    """Take what was scanned into the answer that is being written; nothing is sent yet."""
    here = _here(token)
    key, outcome = request.form["request_key"][:LONGEST_KEY], request.form.get("outcome", "")
    scanned = request.form.get("scanned", "").replace("\r\n", "\n")
    draft = drafts.find(here.db, here.answering.link, key)
    if draft is None:
        return redirect(_at("reply", here), 303)
    if len(scanned) > LONGEST_TYPED:
        abort(413)
    if outcome not in ASKED and scanned.strip():
        return _scan_page(here, key, wrong=OUTCOME_MISSING, scanned=scanned)
    if scanned.strip():
        _may_send(here)
        with begin() as db:
            typed = added(db, draft.typed, outcome, scanned)
            drafts.save(db, here.answering.link, key, typed, at=now())
    return redirect(_at("reply", here, draft=key) + "#units", 303)


@bp.get("/scan/look")
@allow(PUBLIC)
def look_at_scan(token: str) -> ResponseReturnValue:
    """Say what one scan is on their list; it changes nothing."""
    here = _here(token)
    found = see(here.db, request.args.get("text", "").replace("\x00", "")[:LONGEST_SCAN],
                here.listed)  # fmt: skip
    label = f"{found.label} · {found.part_no}" if found.part_no else found.label
    return {"label": label, "sentence": gettext(found.sentence), "is_wrong": found.is_wrong}


@bp.get("/check")
@allow(PUBLIC)
def check(token: str) -> ResponseReturnValue:
    """Show once more what will be recorded, and what looks like a patient's identity."""
    here = _here(token)
    draft = drafts.find(here.db, here.answering.link, request.args.get("draft", ""))
    if draft is None:
        return redirect(_at("notice", here), 303)
    try:
        given = _understood(here, draft.typed)
    except Invalid as wrong:
        return _form(here, draft.typed, wrong.problems, key=draft.key, draft=draft)
    return _page(
        "check",
        here,
        key=draft.key,
        given=given,
        looks_like=[fill(LOOKS_LIKE[kind]) for kind in given.warnings],
        summary=summary_of(given, here.listed),
        files=drafts.files_of(here.db, draft),
        checked=ceremony.fingerprint(draft.typed),
    )


@bp.post("/send")
@allow(PUBLIC)
def send(token: str) -> ResponseReturnValue:
    """Record the reply that was checked; sent twice it is one."""
    here = _here(token)
    key = request.form["request_key"]
    draft = drafts.find(here.db, here.answering.link, key)
    if draft is None:
        return _sent_already(here, key)
    if request.form.get("checked", "") != ceremony.fingerprint(draft.typed):
        return redirect(_at("check", here, draft=key), 303)
    try:
        given = _understood(here, draft.typed)
    except Invalid as wrong:
        return _form(here, draft.typed, wrong.problems, key=key, draft=draft)
    _may_send(here)
    with begin() as db:
        answering = links.live(db, token, at=now())
        said, own_token = _record(db, answering, given, draft, key)
        drafts.drop(db, [draft.id])
    own = {"token": own_token} if own_token else {}
    return redirect(_at("receipt", here, version=said.version, **own), 303)


def _record(
    db: Session, answering: Answering, given: Given, draft: ReplyDraft, key: str
) -> tuple[Reply, str]:
    """Record a reply; a customer of a distributor gets a link of its own with its first one."""
    link, token = answering.link, ""
    speaker = links.speaker_of(db, link)
    if link.kind == "customers":
        token, link = links.of_customer(db, answering, given.customer or "", at=now())
        speaker = link.id
    whole = replace(
        given,
        link_id=link.id,
        customer=(given.customer or link.name) if speaker is not None else None,
        customer_link_id=speaker,
        text_id=wording_of(db, answering.notice, _chosen(answering)).text_id,
        files=tuple(drafts.files_of(db, draft)),
    )
    at = now()
    sent_as = f"reply:{answering.link.id}:{key}"
    return replies.record(db, answering.notice, whole, by=None, at=at, key=sent_as), token


def _sent_already(here: Here, key: str) -> ResponseReturnValue:
    done = here.db.get(Command, f"reply:{here.answering.link.id}:{key}")
    if done is None:
        return redirect(_at("notice", here), 303)
    said = here.db.get_one(Reply, done.result["reply_id"])
    if here.answering.link.kind == "customers":
        return _page("sent", here, reply=said)
    return redirect(_at("receipt", here, version=said.version), 303)


@bp.get("/receipt/<int:version>")
@allow(PUBLIC)
def receipt(token: str, version: int) -> ResponseReturnValue:
    """Show what was recorded under its reference, to print and to keep."""
    here = _here(token)
    own = _own_replies(here)
    found = next((one for one in own if one.version == version), None)
    if found is None:
        raise ReplyUnknown
    return _page("receipt", here, shown=answered(here.db, found, here.listed), own=own)


# --- passing on --------------------------------------------------------------------------------


@bp.get("/pass-on")
@allow(PUBLIC)
def pass_on(token: str) -> ResponseReturnValue:
    """Ask who the right person is, where the notice came to the wrong department."""
    return _page("pass_on", _here(token), key=new_key(), typed={}, problems=())


@bp.post("/pass-on")
@allow(PUBLIC)
def pass_on_to(token: str) -> ResponseReturnValue:
    """Mail a link to the colleague who was named, and record who named them."""
    here = _here(token)
    typed = _typed()
    said = {name: typed.get(name, "")[:254] for name in ("said_by", "name", "email")}
    try:
        links.refuse_wrong(**said)
        _may_send(here)
        with begin() as db:
            link = links.forward(db, links.live(db, token, at=now()), **said, at=now())
    except Invalid as wrong:
        key = request.form["request_key"]
        problems = wrong.problems
        return _page("pass_on", here, 422, key=key, typed=typed, problems=problems)
    return _page("passed_on", here, link=link)


def _distributor(token: str) -> Here:
    """Return whose link it is, where a distributor itself has it; raises `NotADistributor`."""
    here = _here(token)
    if not here.answering.is_of_distributor:
        raise NotADistributor
    return here


@bp.get("/customers")
@allow(PUBLIC)
def customers(token: str) -> ResponseReturnValue:
    """Show a distributor how its customers answer, and how many have."""
    return _customers_page(_distributor(token))


def _customers_page(
    here: Here, status: int = 200, *, link: str = "", problems: Sequence[Problem] = ()
) -> ResponseReturnValue:
    everyone = replies.replies_of(here.db, here.answering.notice.id)
    heard = {one.customer_link_id: one for one in everyone if one.customer_link_id is not None}
    known = {
        one.id for one in links.links_of(here.db, here.answering.notice.id) if one.confirmed_at
    }
    return _page("customers", here, status, key=new_key(), heard=list(heard.values()),
                 known=known, link=link, problems=problems)  # fmt: skip


@bp.post("/customers/confirm")
@allow(PUBLIC)
def confirm_customer(token: str) -> ResponseReturnValue:
    """Have the distributor say that who answered is a customer of its own."""
    here = _distributor(token)
    said = _typed().get("customer", "")
    _may_send(here)
    with begin() as db:
        answering = links.live(db, token, at=now())
        confirming.confirm(db, answering.notice, whole(said) or 0, by=None, at=now())
    return redirect(_at("customers", here), 303)


@bp.post("/customers")
@allow(PUBLIC)
def make_customers_link(token: str) -> ResponseReturnValue:
    """Make the link that a distributor passes on to its customers; it is shown this once."""
    here = _here(token)
    said_by = _typed().get("name", "").strip()
    if not said_by:
        problem = Problem("name", links.NAME_MISSING)
        return _customers_page(here, 422, problems=[problem])
    _may_send(here)
    with begin() as db:
        made = links.for_customers(db, links.live(db, token, at=now()), said_by=said_by, at=now())
    address = url_for(".notice", token=made, _external=True)
    return _customers_page(here, link=address)


# --- what is over ------------------------------------------------------------------------------


@bp.post("/new-link")
@allow(PUBLIC)
def new_link(token: str) -> ResponseReturnValue:
    """Mail a new link to where the old one went, or to the addresses on file; to no other."""
    here = _here(token, may_be_over=True)
    said_by = _typed().get("name", "")[:200].strip()
    if not said_by:
        problem = Problem("name", links.NAME_MISSING)
        over = links.ended(here.answering, at=now())
        return _over(here, 422, in_words(over) if over else "", [problem])
    _may_send(here)
    with begin() as db:
        answering = links.find(db, token)
        if answering is None:
            raise LinkUnknown
        count = links.send_anew(db, answering, said_by=said_by, at=now())
    return _page("sent_anew", here, count=count)


def _over(here: Here, status: int, sentence: str, problems: Sequence[Problem] = ()) -> Response:
    return _page("over", here, status, sentence=sentence, key=new_key(), problems=problems)


@bp.errorhandler(EngineError)
def on_engine_error(error: EngineError) -> ResponseReturnValue:
    """Show the sentence on a page of its own; of a link that is over, how to get a new one."""
    status = 429 if isinstance(error, TriedTooOften) else status_of(error)
    if status == 500:
        errors.on_engine_error(error)  # an incident: it is noted for those who can mend it
    reading.session.remove()
    token = str((request.view_args or {}).get("token", ""))
    if isinstance(error, Gone):
        return _over(_here(token, may_be_over=True), 410, in_words(error))
    return _apart(status, in_words(error))


@bp.errorhandler(HTTPException)
def on_http_error(error: HTTPException) -> ResponseReturnValue:
    """Show Flask's own errors without the ways into Holdfast."""
    if error.response is not None or error.code is None:
        return error
    return _apart(error.code, http_sentence(error))


def _apart(status: int, sentence: str) -> Response:
    page = render_template("notice_page/apart.html", status=status, sentence=sentence)
    return Response(page, status=status)
