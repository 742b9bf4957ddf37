"""The texts of a recall's letters: who needs which, the words people wrote, and which stand."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers as kept, children
from engine.cases.carrying_out import case_of
from engine.cases.models import Case
from engine.cases.notices import wordings
from engine.cases.notices.models import Notice, NoticeText
from engine.cases.notices.wording import FIELDS
from engine.errors import Conflict, NotFound
from engine.evidence import ledger
from engine.people import Person

PROCESS = "notice_text"


class TextUnknown(NotFound):
    """There is no such notice text."""


class TextUnderWay(Conflict):
    """A text for this jurisdiction and language is being written. Finish that one first."""


def open_needed(db: Session, case: Case, *, by: Person | None, at: datetime) -> list[NoticeText]:
    """Open a text for each jurisdiction and language that notices need and none was begun for.

    A language without the legal sentences is left: its notices wait and show why, until somebody
    puts a wording in force.
    """
    needed = db.execute(
        select(Notice.jurisdiction, Notice.language)
        .where(Notice.case_id == case.id, Notice.language.in_(wordings.spoken(db)))
        .distinct()
        .order_by(Notice.jurisdiction, Notice.language)
    ).all()
    begun = {
        (one.jurisdiction, one.language)
        for one in db.scalars(select(NoticeText).where(NoticeText.case_id == case.id))
    }
    return [
        open_text(db, case, jurisdiction, language, by=by, at=at)
        for jurisdiction, language in needed
        if (jurisdiction, language) not in begun
    ]


def open_text(
    db: Session,
    case: Case,
    jurisdiction: str,
    language: str,
    *,
    by: Person | None,
    at: datetime,
) -> NoticeText:
    """Begin a text; its diagram asks for the words, the translation check and both approvals.

    Raises `TextUnderWay` while another of the same jurisdiction and language is not settled.
    """
    of_it = (
        NoticeText.case_id == case.id,
        NoticeText.jurisdiction == jurisdiction,
        NoticeText.language == language,
    )
    under_way = select(NoticeText.id).where(
        *of_it, NoticeText.state.in_(("draft", "translated", "verified"))
    )
    if db.scalar(under_way.limit(1)) is not None:
        raise TextUnderWay
    before = standing(db, case, jurisdiction, language)
    text = NoticeText(
        case_id=case.id,
        jurisdiction=jurisdiction,
        language=language,
        version=1 + (db.scalar(select(func.max(NoticeText.version)).where(*of_it)) or 0),
        words=dict(before.words) if before else {},
        wording_id=wordings.id_for(db, language),
        supersedes_id=before.id if before else None,
        opened_at=at,
    )
    db.add(text)
    db.flush()
    is_translation = language != case.language
    instance = children.open_child(
        db,
        case,
        PROCESS,
        by=by,
        at=at,
        variables={"text_id": text.id, "is_translation": is_translation},
    )
    text.instance_id = instance.id
    db.flush()
    return text


def standing(db: Session, case: Case, jurisdiction: str, language: str) -> NoticeText | None:
    """Return the approved text in force for a jurisdiction and language, or None."""
    return db.scalars(
        select(NoticeText)
        .where(
            NoticeText.case_id == case.id,
            NoticeText.jurisdiction == jurisdiction,
            NoticeText.language == language,
            NoticeText.state == "approved",
        )
        .order_by(NoticeText.version.desc())
    ).first()


def keep(step: Step, text_id: int) -> None:
    """Keep what was written as the proof; it can be changed until it is approved. Flushes."""
    text = step.db.get_one(NoticeText, text_id, with_for_update=True)
    text.words = _written(step, text)
    text.wording_id = wordings.id_for(step.db, text.language)  # the newest, until it is approved
    text.state = "translated" if step.variables["is_translation"] else "draft"
    step.db.flush()


def approve(step: Step, text_id: int) -> None:
    """Put a text in force and withdraw the one before it. Flushes."""
    db, case = step.db, case_of(step)
    text = db.get_one(NoticeText, text_id, with_for_update=True)
    db.execute(
        update(NoticeText)
        .where(
            NoticeText.case_id == text.case_id,
            NoticeText.jurisdiction == text.jurisdiction,
            NoticeText.language == text.language,
            NoticeText.state == "approved",
        )
        .values(state="withdrawn")
    )
    checked = kept.latest(db, case, PROCESS, "verify_translation", instance_id=text.instance_id)
    text.verified_at = checked.at if checked else None
    text.state, text.approved_at = "approved", step.at
    text.sha256 = kept.answers_sha256(text.words)
    db.flush()
    said = {"text": text.id, "version": text.version, "sha256": text.sha256}
    if (wording := wordings.of_text(db, text)) is not None:
        said["wording"] = wording["sha256"]
    place = {"jurisdiction": text.jurisdiction, "language": text.language}
    ledger.append(db, case.stream, "notice_text_approved", said | place, by=step.by, at=step.at)


def _written(step: Step, text: NoticeText) -> dict[str, Any]:
    answer = kept.latest(
        step.db, case_of(step), PROCESS, "draft_text", instance_id=step.instance.id
    )
    assert answer is not None  # noqa: S101 (the diagram comes here from that task only)
    return {field: answer.answers[field] for field in FIELDS}
