"""Which letters are due, and asking for them: released text, open gate, the consignee's language.

A gate of an authority holds back the letters of its own country and no other's.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import scopes
from engine.cases.carrying_out import case_of
from engine.cases.models import Case
from engine.cases.notices import lists, printing
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter, NoticeText
from engine.cases.recalls import gates
from engine.cases.recalls.models import Gate
from engine.cases.scopes import ScopeVersion
from engine.errors import Conflict, NotFound
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.serials.sets import id_set


class RunUnknown(NotFound):
    """There is no such run of letters."""


class RunEnded(Conflict):
    """These letters are all printed."""


def release(step: Step, text_id: int) -> int:
    """Let the letters of an approved text go out; return how many were asked for. Flushes."""
    text = step.db.get_one(NoticeText, text_id, with_for_update=True)
    text.released_at = step.at
    step.db.flush()
    return _send(step.db, case_of(step), text, by=step.by, at=step.at)


def send_due(db: Session, case: Case, *, by: Person | None, at: datetime) -> int:
    """Ask for every letter that is due and was not asked for; return how many. Flushes.

    Call it when notices were opened or a gate has opened; what went out stays out.
    """
    return sum(_send(db, case, text, by=by, at=at) for text in _released(db, case))


def _send(db: Session, case: Case, text: NoticeText, *, by: Person | None, at: datetime) -> int:
    has_it = (
        select(NoticeLetter.id)
        .where(
            NoticeLetter.notice_id == Notice.id,
            NoticeLetter.text_id == text.id,
            NoticeLetter.state != "void",
        )
        .exists()
    )
    if text.version > 1:
        return _ask(db, case, text, ~has_it, kind="amendment", by=by, at=at)
    # who was told by a recall that was merged into this one has no letter of it
    wrote = select(NoticeLetter.id).where(NoticeLetter.notice_id == Notice.id).exists()
    untold = ~has_it & (Notice.first_sent_at.is_(None) | wrote)
    return _ask(db, case, text, untold, kind="notice", by=by, at=at)


def send_differences(
    db: Session,
    case: Case,
    before: ScopeVersion,
    after: ScopeVersion,
    *,
    by: Person | None,
    at: datetime,
    but: Collection[int] = (),
) -> int:
    """Send each consignee whose list a new scope version changed what changed for it. Flushes.

    Those the new version reaches first get the whole notice instead: open them before. Consignees
    in `but` are left out.
    """
    changes = _changes(db, case, before, after, but)
    if not changes:
        return 0
    asked = 0
    which = Notice.id.in_(id_set(db, changes))
    for text in _released(db, case):
        asked += _ask(db, case, text, which, kind="difference", changes=changes, by=by, at=at)
    return asked


def _released(db: Session, case: Case) -> list[NoticeText]:
    return list(
        db.scalars(
            select(NoticeText)
            .where(
                NoticeText.case_id == case.id,
                NoticeText.state == "approved",
                NoticeText.released_at.is_not(None),
            )
            .order_by(NoticeText.id)
        )
    )


def _changes(
    db: Session, case: Case, before: ScopeVersion, after: ScopeVersion, but: Collection[int]
) -> dict[int, dict[str, list[str]]]:
    """Return by notice what was added and what is cleared, of those already written to."""
    changed = {
        one.party_id
        for one in scopes.differences_by_consignee(db, before, after)
        if one.added_units or one.cleared_units or one.added_quantity or one.cleared_quantity
    }
    changes = {}
    written = db.scalars(
        select(Notice).where(
            Notice.case_id == case.id,
            Notice.first_sent_at.is_not(None),
            Notice.party_id.in_(id_set(db, changed.difference(but))),
        )
    ).all()
    for notice in written:
        changes[notice.id] = lists.difference(
            lists.list_of(db, case, before, notice.party_id),
            lists.list_of(db, case, after, notice.party_id),
        )
    return changes


def _ask(
    db: Session,
    case: Case,
    text: NoticeText,
    which: ColumnElement[bool],
    *,
    kind: str,
    by: Person | None,
    at: datetime,
    changes: Mapping[int, dict[str, Any]] | None = None,
) -> int:
    """Add a run with a letter for each notice, in a few statements, and have it printed."""
    due = [
        Notice.case_id == case.id,
        Notice.jurisdiction == text.jurisdiction,
        Notice.language == text.language,
        Notice.instance_id.is_not(None),
        Notice.state != "closed",
        which,
    ]
    if not case.is_drill:  # a drill writes to nobody: nothing holds it back
        due.append(Notice.country.is_not(None))  # where nobody knows the law, nothing goes out
        due.append(Notice.country.not_in(_held_back(db, case, due)))
    count = db.scalar(select(func.count(Notice.id)).where(*due)) or 0
    if not count:
        return 0

    version = scopes.standing(db, case)
    run = LetterRun(
        case_id=case.id,
        kind=kind,
        text_id=text.id,
        scope_version_id=version.id if version else None,
        total_count=count,
        asked_at=at,
        asked_by_id=by.id if by else None,
    )
    db.add(run)
    db.flush()
    ids = select(Notice.id).where(*due)
    db.execute(
        update(NoticeLetter)
        .where(
            NoticeLetter.notice_id.in_(ids),
            NoticeLetter.run_id != run.id,
            NoticeLetter.state.in_(("waiting", "failed")),
        )
        .values(state="void", failure=None)
        .execution_options(synchronize_session=False)
    )
    _add_letters(db, run, due)
    if changes:
        of_run = select(NoticeLetter.id, NoticeLetter.notice_id).where(
            NoticeLetter.run_id == run.id
        )
        told = [{"id": i, "change": changes[notice]} for i, notice in db.execute(of_run)]
        db.execute(update(NoticeLetter), told)
    printing.ask(db, run, at=at)
    body = {"run": run.id, "kind": kind, "text": text.id, "count": count}
    ledger.append(db, case.stream, "letters_asked", body, by=by, at=at)
    return count


def _held_back(db: Session, case: Case, due: list[ColumnElement[bool]]) -> list[str]:
    """Return the countries whose letters wait for an authority, or for what the law there is."""
    countries = db.scalars(select(Notice.country).where(*due).distinct()).all()
    return [
        country
        for country in countries
        if country and gates.is_closed(db, case, country, gates.NOTICES) is not None
    ]


def went_out(db: Session, case: Case, gate: Gate) -> bool:
    """Say whether a letter there was printed since a gate opened. Locks the runs of the case."""
    running = select(LetterRun.id).where(LetterRun.case_id == case.id, LetterRun.ended_at.is_(None))
    db.execute(running.with_for_update()).all()  # no part is kept between this and the closing
    printed = (
        select(NoticeLetter.id)
        .join(Notice, Notice.id == NoticeLetter.notice_id)
        .where(
            Notice.case_id == case.id,
            Notice.jurisdiction == gate.jurisdiction,
            NoticeLetter.stored_at >= gate.opened_at,
        )
    )
    return db.scalar(printed.limit(1)) is not None


def hold_back(db: Session, case: Case, jurisdiction: str) -> None:
    """Take the letters there that were not printed yet out of their runs; flushes.

    They are asked for anew when the gate opens again.
    """
    there = select(Notice.id).where(Notice.case_id == case.id, Notice.jurisdiction == jurisdiction)
    db.flush()
    db.execute(
        update(NoticeLetter)
        .where(NoticeLetter.notice_id.in_(there), NoticeLetter.state.in_(("waiting", "failed")))
        .values(state="void", failure=None)
        .execution_options(synchronize_session=False)
    )


def _add_letters(db: Session, run: LetterRun, due: list[ColumnElement[bool]]) -> None:
    of_notice = NoticeLetter.notice_id == Notice.id
    number = select(func.max(NoticeLetter.number)).where(of_notice).scalar_subquery()
    last = (
        select(func.max(NoticeLetter.id))
        .where(of_notice, NoticeLetter.state == "stored")
        .scalar_subquery()
    )
    db.execute(
        insert(NoticeLetter).from_select(
            [
                "notice_id", "number", "run_id", "text_id", "scope_version_id", "supersedes_id",
                "state",
            ],
            select(
                Notice.id,
                func.coalesce(number, 0) + 1,
                literal(run.id),
                literal(run.text_id),
                literal(run.scope_version_id, NoticeLetter.scope_version_id.type),
                last,
                literal("waiting"),
            )
            .where(*due)
            .order_by(Notice.id),
        )
    )  # fmt: skip


# --- a run, as a person steers it ------------------------------------------------------------


def pause(db: Session, run_id: int, *, by: Person, at: datetime) -> LetterRun:
    """Stop printing after the part that is under way; flushes and enters the ledger."""
    run, case = _run(db, run_id, by)
    if run.ended_at is not None:
        raise RunEnded
    if run.paused_at is None:
        run.paused_at, run.paused_by_id = at, by.id
        db.flush()
        ledger.append(db, case.stream, "letters_paused", {"run": run.id}, by=by, at=at)
    return run


def resume(db: Session, run_id: int, *, by: Person, at: datetime) -> LetterRun:
    """Go on where it was paused; flushes and enters the ledger."""
    run, case = _run(db, run_id, by)
    if run.paused_at is not None:
        run.paused_at = run.paused_by_id = None
        printing.ask(db, run, at=at)
        ledger.append(db, case.stream, "letters_resumed", {"run": run.id}, by=by, at=at)
    return run


def retry_failed(db: Session, run_id: int, *, by: Person, at: datetime) -> int:
    """Print the failed letters of a run again; return how many. Flushes, enters the ledger."""
    run, case = _run(db, run_id, by)
    failed = db.scalars(
        select(NoticeLetter).where(NoticeLetter.run_id == run.id, NoticeLetter.state == "failed")
    ).all()
    for letter in failed:
        letter.state, letter.failure = "waiting", None
    if failed:
        run.ended_at = None
        db.flush()
        printing.ask(db, run, at=at)
        body = {"run": run.id, "count": len(failed)}
        ledger.append(db, case.stream, "letters_retried", body, by=by, at=at)
    return len(failed)


def _run(db: Session, run_id: int, by: Person) -> tuple[LetterRun, Case]:
    authorize(by, "notice.send")
    run = db.get(LetterRun, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise RunUnknown
    return run, db.get_one(Case, run.case_id)
