"""What the page says of a recall: the approved text of a notice, taken apart for a small screen."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.notices.models import Notice, NoticeText


@dataclass(frozen=True)
class Wording:
    """The words of one text; `language` is what they are written in."""

    language: str
    text_id: int | None = None
    headline: str = ""
    product: str = ""
    what_happened: str = ""
    reply_until: date | None = None
    risk: str = ""
    instructions: tuple[str, ...] = ()
    telephone: str = ""
    email: str = ""


def wording_of(db: Session, notice: Notice, language: str = "") -> Wording:
    """Return the newest approved text in `language`, else in the notice's own."""
    approved = select(NoticeText).where(
        NoticeText.case_id == notice.case_id,
        NoticeText.jurisdiction == notice.jurisdiction,
        NoticeText.state == "approved",
        NoticeText.language.in_({language, notice.language}),
    )
    found = db.scalars(
        approved.order_by(NoticeText.language != language, NoticeText.version.desc())
    ).first()
    if found is None:
        return Wording(notice.language)
    words = {name: str(value).strip() for name, value in found.words.items() if value}
    lines = words.get("instructions", "").splitlines()
    return Wording(
        language=found.language,
        text_id=found.id,
        headline=words.get("headline", ""),
        product=words.get("product", ""),
        what_happened=words.get("what_happened", ""),
        reply_until=_day(words.get("reply_until", "")),
        risk=words.get("risk", ""),
        instructions=tuple(line.strip() for line in lines if line.strip()),
        telephone=words.get("telephone", ""),
        email=words.get("email", ""),
    )


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
