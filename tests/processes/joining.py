"""Ending one recall in another, as its page does: drawn up, then signed."""

from engine.cases.recalls import joining
from engine.cases.recalls.joining import Joining
from engine.cases.signing import Signing
from engine.evidence import ceremony
from engine.people import Person
from tests.processes.company import Company
from tests.support.personas import PASSWORD

WHY = "One supplier lot, one cause."


def join(
    company: Company, number: str, into: str, kind: str = "merged", *, by: Person | None = None
) -> None:
    """End one recall in another; afterwards the company is at the one that goes on."""
    person = by or company.people.qa_manager
    session = f"session-{person.id}"
    asked = Joining(number, into, kind, WHY)
    with company.holdfast.database.begin() as db:
        pending = joining.open_signing(db, asked, by=person, session_id=session, at=company.at)
        needs_name = ceremony.needs_user_name(db, session, company.at)
    user_name = person.user_name if needs_name else None
    signing = Signing(pending.nonce, PASSWORD, session, user_name)
    with company.holdfast.database.begin() as db:
        joining.join(db, asked, signing, by=person, at=company.at, key=company.new_key())
    company.number = into
