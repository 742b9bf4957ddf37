"""Entering a reported event: a new one or a correction, looked at once more, then recorded."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.replies.patients import LOOKS_LIKE
from engine.cases.reported import feeding, finding, listing, recording
from engine.cases.reported.given import LABELS, Given, given_of, problems_of
from engine.cases.reported.models import OUTCOMES, ReportedEvent
from engine.cases.reported.understanding import key_of, understand
from engine.clock import now
from engine.commands import Command
from engine.errors import Invalid, Problem
from forms.kinds.country import countries
from webapp import ceremony, words
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.reported_events import would_feed
from webapp.reading import read
from webapp.recording import Entered
from webapp.session import person
from webapp.times import as_typed, language, same_minute
from webapp.transactions import begin, request_key

bp = Blueprint("event_entry", __name__, url_prefix="/reported-events")

TEXTS = (
    "complaint_number", "device_name", "identification", "reporter_name", "reporter_address",
    "reporter_phone", "what_happened", "corrective_action", "reply", "why_no_investigation",
    "aware_by", "aware_how",
)  # fmt: skip
NEVER_NONE = ("complaint_number", "device_name", "what_happened", "outcome", "aware_by",
              "aware_how", "meant")  # fmt: skip
FIELDS = (*TEXTS, "number_of", "received_on", "happened_on", "country", "outcome", "aware_at",
          "meant", "reason", "version")  # fmt: skip
LONGEST_NUMBER = 40  # of a case, in an address


@dataclass(frozen=True)
class Entry:
    """What is being entered: a new event, for `case` where one led here, or a correction."""

    number: str | None = None
    case: str = ""

    @property
    def place(self) -> str:
        """Return where its draft is kept: what is typed for one case never feeds another."""
        if self.case:
            return f"reported_event:new:{self.case}"
        return f"reported_event:{self.number or 'new'}"

    def address(self, endpoint: str) -> str:
        """Return the address of one of its pages."""
        if self.number is None:
            return url_for(f".new{endpoint}", case=self.case or None)
        return url_for(f".correct{endpoint}", number=self.number)


def _new() -> Entry:
    """Return the entry of a new event, for the case that the address names."""
    said = request.args.get("case", "").replace("\x00", "").strip().upper()
    return Entry(case=said[:LONGEST_NUMBER])


def _typed_of(event: ReportedEvent) -> dict[str, str]:
    """Return an event as it would be typed, in the reader's time zone."""
    given = given_of(event)
    typed = {name: getattr(given, name) or "" for name in (*TEXTS, "country", "outcome", "meant")}
    days = {name: getattr(given, name) for name in ("received_on", "happened_on")}
    return {
        **typed,
        **{name: day.isoformat() if day else "" for name, day in days.items()},
        "number_of": "theirs" if given.is_external else "ours",
        "aware_at": as_typed(event.aware_at),
        "version": str(event.version),
    }


def _given(typed: dict[str, str], *, before: ReportedEvent | None = None) -> Given:
    """Return the event that was typed. Raises `Invalid` with every problem of the form."""
    entered = Entered(typed)
    said: dict[str, Any] = {name: entered.text(name) or None for name in (*TEXTS, "country")}
    said |= {name: entered.text(name) for name in NEVER_NONE}
    said |= {name: entered.day(name) for name in ("received_on", "happened_on")}
    given = Given(
        **said,
        is_external=entered.text("number_of") == "theirs",
        aware_at=same_minute(entered.moment("aware_at"), before.aware_at if before else None),
    )
    named = {one.at for one in entered.problems}
    more = [one for one in problems_of(given, at=now()) if one.at not in named]
    if problems := [*entered.problems, *more]:
        raise Invalid(problems)
    return given


def _form(
    entry: Entry,
    typed: dict[str, str],
    problems: list[Problem],
    *,
    since: ReportedEvent | None = None,
) -> str:
    return render_template(
        "reported_events/form.html",
        entry=entry,
        typed=typed,
        problems=problems,
        since=since,
        outcomes=[(code, words.event_outcome(code)) for code in OUTCOMES],
        countries=[("", "–"), *countries(language()).items()],
    )


# --- typing ----------------------------------------------------------------------------------


@bp.get("/new")
@allow("reported_event.record")
def new() -> ResponseReturnValue:
    """Show the form of an event: what this person has typed so far, or what led here."""
    entry = _new()
    kept = commands.find_draft(read(), entry.place, by=person())
    if kept is not None:
        return _form(entry, kept.answers, [])
    begun = {
        name: request.args.get(name, "").replace("\x00", "").strip()[:500]
        for name in ("identification", "device_name")
    }
    return _form(entry, begun, [])


@bp.post("/new")
@allow("reported_event.record")
def new_send() -> ResponseReturnValue:
    """Keep what was typed; go on to check it, or show every problem."""
    return _send(_new())


@bp.get("/<number>/correct")
@allow("reported_event.record")
def correct(number: str) -> ResponseReturnValue:
    """Show the form with the event as it stands, or with what was typed of its correction."""
    event, entry = finding.named(read(), number), Entry(number)
    kept = commands.find_draft(read(), entry.place, by=person())
    if kept is None:
        return _form(entry, _typed_of(event), [])
    # told what changed since, they go on with the latest version, or drop what they typed
    typed = {**kept.answers, "version": str(event.version)}
    since = None if kept.answers.get("version") == typed["version"] else event
    return _form(entry, typed, [], since=since)


@bp.post("/<number>/correct")
@allow("reported_event.record")
def correct_send(number: str) -> ResponseReturnValue:
    """Keep what was typed; go on to check it, or show every problem."""
    finding.named(read(), number)
    return _send(Entry(number))


def _send(entry: Entry) -> ResponseReturnValue:
    typed = {
        name: request.form.get(name, "").replace("\x00", "").replace("\r\n", "\n")
        for name in FIELDS
    }
    with begin() as db:
        commands.save_draft(db, entry.place, typed, by=person(), at=now())
    if request.form.get("then") == "drop":
        return _drop(entry)
    try:
        _checked(read(), entry, typed)
    except Invalid as wrong:
        return _form(entry, typed, wrong.problems), 422
    return redirect(entry.address("_check"), 303)


def _drop(entry: Entry) -> ResponseReturnValue:
    with begin() as db:
        commands.drop_draft(db, person(), entry.place)
    flash(gettext("What you typed is dropped."))
    if entry.number is None:
        return redirect(url_for("reported_events.index"), 303)
    return redirect(url_for("reported_events.one", number=entry.number), 303)


def _checked(db: Session, entry: Entry, typed: dict[str, str]) -> Given:
    before = finding.named(db, entry.number) if entry.number else None
    problems: list[Problem] = []
    if entry.number:
        problems += recording.problems_of_reason(typed.get("reason", ""))
    try:
        given = _given(typed, before=before)
    except Invalid as wrong:
        raise Invalid([*problems, *wrong.problems]) from wrong
    if problems:
        raise Invalid(problems)
    return given


# --- checking --------------------------------------------------------------------------------


@bp.get("/new/check")
@allow("reported_event.record")
def new_check() -> ResponseReturnValue:
    """Show once more what will be recorded, and what was understood of it."""
    return _check(_new())


@bp.get("/<number>/correct/check")
@allow("reported_event.record")
def correct_check(number: str) -> ResponseReturnValue:
    """Show once more what the correction will say."""
    finding.named(read(), number)
    return _check(Entry(number))


def _check(entry: Entry) -> ResponseReturnValue:
    db = read()
    kept = commands.find_draft(db, entry.place, by=person())
    if kept is None:
        return redirect(entry.address(""))
    try:
        given = _checked(db, entry, kept.answers)
    except Invalid as wrong:
        return _form(entry, kept.answers, wrong.problems), 422
    return render_template(
        "reported_events/check.html",
        entry=entry,
        typed=kept.answers,
        given=given,
        labels=LABELS,
        found=understand(db, given.identification, given.device_name, meant=given.meant),
        key_of=key_of,
        same=listing.same_complaint(db, given.complaint_number, but=entry.number),
        looks_like=[LOOKS_LIKE[kind] for kind in given.warnings],
        feeds=would_feed(db, entry.case, given.aware_at),
        checked=ceremony.fingerprint(kept.answers),
    )


# --- recording -------------------------------------------------------------------------------


@bp.post("/new/record")
@allow("reported_event.record")
def new_record() -> ResponseReturnValue:
    """Record the event that was checked; sent twice it is one."""
    return _record(_new())


@bp.post("/<number>/correct/record")
@allow("reported_event.record")
def correct_record(number: str) -> ResponseReturnValue:
    """Record the correction that was checked; sent twice it is one."""
    finding.named(read(), number)
    return _record(Entry(number))


def _record(entry: Entry) -> ResponseReturnValue:
    key, db = request_key(), read()
    kept = commands.find_draft(db, entry.place, by=person())
    if kept is None:
        return _already_recorded(entry, key)
    if request.form.get("checked", "") != ceremony.fingerprint(kept.answers):
        return redirect(entry.address("_check"), 303)
    meant = request.form.get("meant", kept.answers.get("meant", ""))
    feeds = entry.case if request.form.get("feeds") == entry.case else ""
    try:
        with begin() as db:
            number = _act(db, entry, {**kept.answers, "meant": meant}, key, feeds=feeds)
            commands.drop_draft(db, person(), entry.place)
    except Invalid as wrong:
        return _form(entry, kept.answers, wrong.problems), 422
    flash(gettext("%(event)s is recorded.", event=number))
    return redirect(url_for("reported_events.one", number=number), 303)


def _already_recorded(entry: Entry, key: str) -> ResponseReturnValue:
    """Lead to what the form recorded when it was sent before, or to the form."""
    done = read().get(Command, key)
    verb = recording.CORRECT if entry.number else recording.RECORD
    if done is None or (done.name, done.by_id) != (verb, person().id):
        return redirect(entry.address(""), 303)
    number = entry.number or done.result["number"]
    return redirect(url_for("reported_events.one", number=number), 303)


def _act(db: Session, entry: Entry, typed: dict[str, str], key: str, *, feeds: str) -> str:
    given, by, at = _checked(db, entry, typed), person(), now()
    if entry.number is not None:
        shown = typed.get("version", "")
        return recording.correct(
            db, entry.number, given, version=whole(shown) or 0,
            reason=typed["reason"], by=by, at=at, key=key,
        ).number  # fmt: skip
    number = recording.record(db, given, by=by, at=at, key=key).number
    if feeds:
        feeding.link(db, feeds, [number], by=by, at=at, key=f"{key}:link")
    return number
