"""What one letter says: its number, its words and files, and the short mail that brings it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.cases import facts
from engine.cases.models import Case
from engine.cases.notices import lists, wordings
from engine.cases.notices.laws import law_of
from engine.cases.notices.models import NoticeLetter, NoticeText
from engine.evidence import bulk, layouts
from engine.evidence.canonical import moment

LAYOUT = "layouts/consignee_letter"
# what a consignee gets, by kind, with its media type
FILES = {"pdf": "application/pdf", "csv": "text/csv", "jws": "application/jose"}


def letter_number(notice_number: str, number: int) -> str:
    """Return what a letter is called: the notice's number, and from the second on its own."""
    return notice_number if number == 1 else f"{notice_number}-{number}"


def record_of(
    db: Session,
    case: Case,
    text: NoticeText,
    *,
    number: str,
    at: datetime,
    consignee: Mapping[str, Any],
    listed: Sequence[lists.Listed],
    path: str | None,
    files: Mapping[str, bytes],
    supersedes: str | None = None,
    change: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what one letter says; the layout adds the law's words and nothing else does."""
    action = facts.latest(db, case, "decided_action")
    is_correction = action is not None and action.value == "correction"
    marking = law_of(text.jurisdiction).marked(is_correction=is_correction)
    wording = wordings.of_text(db, text)
    return {
        "number": number,
        "case_number": case.number,
        "company": db.info.get("company", ""),
        "date": f"{at:%Y-%m-%d}",
        "created_at": moment(at),
        "mark": "drill" if case.is_drill else (db.info.get("mark") or "").lower() or None,
        "consignee": dict(consignee),
        "words": dict(text.words),
        "is_correction": is_correction,
        "wording": wording,
        "marking": layouts.said(marking, text.language, wording["words"] if wording else None),
        "grade": None,
        "supersedes": supersedes,
        "difference": change,
        "list": lists.grouped(listed),
        "path": path,
        "url": f"{str(db.info.get('site_url', '')).rstrip('/')}{path}" if path else None,
        **{kind: _file(number, kind, content) for kind, content in files.items()},
    }


def request_of(
    text: NoticeText, record: dict[str, Any], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return what a worker needs to draw a letter: plain data."""
    return {
        "layout": law_of(text.jurisdiction).layout,
        "record": record,
        "language": text.language,
        "attachments": [
            {
                "name": record[kind]["name"],
                "content": content,
                "description": record["number"],
                "relationship": "Data",
            }
            for kind, content in files.items()
        ],
    }


def _file(number: str, kind: str, content: bytes) -> dict[str, str]:
    return {"name": f"{number.replace('/', '_')}.{kind}", "sha256": bulk.sha256_of(content)}


def mail_body(record: Mapping[str, Any], files: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the facts of the short mail that brings a letter, and its files by digest."""
    return {
        "notice_number": record["number"],
        "marking": record["marking"],
        "headline": record["words"]["headline"],
        "printed_name": record["consignee"]["name"],
        "company": record["company"],
        "reply_until": record["words"]["reply_until"],
        "telephone": record["words"]["telephone"],
        "written_at": record["created_at"],
        "time_zone": "UTC",
        "path": record["path"],
        "files": list(files),
    }


def files_of(record: Mapping[str, Any], letter: NoticeLetter) -> list[dict[str, str]]:
    """Return the files that a printed letter is sent with: what they are called, and digests."""
    names = {"pdf": record["csv"]["name"].removesuffix("csv") + "pdf"}
    names |= {kind: record[kind]["name"] for kind in ("csv", "jws")}
    return [
        {"name": names[kind], "type": media_type, "sha256": getattr(letter, f"{kind}_sha256")}
        for kind, media_type in FILES.items()
    ]
