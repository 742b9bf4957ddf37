"""The proof of a text: the letter as consignees get it, with an example for their list."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from lxml import html
from sqlalchemy.orm import Session

from engine import outbox
from engine.cases.models import Case
from engine.cases.notices import letters
from engine.cases.notices.laws import law_of
from engine.cases.notices.lists import Listed
from engine.cases.notices.models import NoticeText
from engine.evidence import layouts, ledger
from engine.people import Person, authorize
from engine.people.queries import account_of

EXAMPLE = {"name": "…", "address": "…", "country": None}
BLOCKS = {"p", "h1", "h2", "li", "tr", "div"}


def request_of(db: Session, case: Case, text: NoticeText, *, at: datetime) -> dict[str, Any]:
    """Return what draws the proof: no consignee, no link, an example of a list."""
    listed = [Listed("…", "…", "…", "…", "…", Decimal(1), "each")]
    files = {"csv": b"", "jws": b""}
    record = letters.record_of(
        db,
        case,
        text,
        number=f"{case.number}/N-…",
        at=at,
        consignee=EXAMPLE,
        listed=listed,
        path=None,
        files=files,
    )
    return letters.request_of(text, record, files)


def word_for_word(db: Session, case: Case, text: NoticeText, *, at: datetime) -> str:
    """Return the letter as plain paragraphs: what is signed holds the law's words too."""
    request = request_of(db, case, text, at=at)
    layout = law_of(text.jurisdiction).layout
    page = html.fromstring(layouts.letter_of(layout, request["record"], language=text.language))
    body = page.find("body")
    paragraphs: list[str] = []
    for element in body.iter() if body is not None else ():
        holds_blocks = any(child.tag in BLOCKS for child in element)
        if element.tag in BLOCKS and not holds_blocks:
            words = " ".join("  ".join(element.itertext()).split())
            if words:
                paragraphs.append(words)
    return "\n\n".join(paragraphs)


def send_test(
    db: Session, case: Case, text: NoticeText, pdf: bytes, *, by: Person, at: datetime
) -> str | None:
    """Mail the proof to the person, by the way that letters go; return the address, or None.

    A drill has no way out. Flushes and enters the ledger.
    """
    authorize(by, "notice.send")
    account = account_of(db, by.id)
    if case.is_drill or not account.email:
        return None
    sha256 = db.info["documents"].put(pdf)
    record = request_of(db, case, text, at=at)["record"]
    name = f"{case.number}-{text.jurisdiction}-{text.language}.pdf"
    file = {"name": name, "type": "application/pdf", "sha256": sha256}
    body = letters.mail_body(record, [file]) | {
        "notice_number": f"{case.number} TEST",
        "printed_name": by.printed_name,
        "path": f"/recalls/{case.number}/consignees",
    }
    outbox.say(
        db,
        f"letter-test:{text.id}:{by.id}:{at.isoformat()}",
        receiver=account.email,
        language=text.language,
        layout=letters.LAYOUT,
        body=body,
        at=at,
    )
    said = {"text": text.id, "sha256": sha256, "to": account.email}
    ledger.append(db, case.stream, "test_letter_sent", said, by=by, at=at)
    return account.email
