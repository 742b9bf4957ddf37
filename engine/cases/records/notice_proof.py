"""The proof of a notice text: what letters will say word for word, the law's sentences included."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.models import Case
from engine.cases.notices import proof
from engine.cases.notices.laws import law_of
from engine.cases.notices.models import NoticeText
from engine.cases.records.sections import Record, head, kept_answers, sources
from engine.words import N_, say

PROCESS = "notice_text"
APPROVALS = ("approve_text_regulatory", "approve_text_medical")


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of the proof; approvals are left out while the others still sign."""
    text = db.scalars(select(NoticeText).where(NoticeText.instance_id == task.instance_id)).one()
    given = kept.standing(db, case, process=PROCESS, instance_id=task.instance_id)
    written = [one for one in given if one.element_id == "draft_text"][-1:]
    checked = [one for one in given if one.element_id == "verify_translation"][-1:]
    approved = [[one for one in given if one.element_id == name][-1:] for name in APPROVALS]
    answers = [one for those in approved for one in those] if own is None else []
    law, language = law_of(text.jurisdiction), case.language
    number = f"{case.number}-T{text.id}"
    at = written[0].at if written else text.opened_at
    words = proof.word_for_word(db, case, text, at=at)
    facts = [
        [say(N_("Jurisdiction"), language), text.jurisdiction],
        [say(N_("Language"), language), text.language],
        [say(N_("Version"), language), str(text.version)],
        [say(N_("Law"), language), law.citation],
    ]
    return {
        **head(db, case, title=N_("Notice text"), number=number, created_at=at),
        "sources": sources([*written, *checked, *answers]),
        "sections": [
            {"heading": say(N_("Which letters"), language), "rows": facts},
            {"heading": say(N_("The letter, word for word"), language), "text": words},
            *kept_answers(db, case, checked),
            *(kept_answers(db, case, answers) if own is None else own),
        ],
    }
