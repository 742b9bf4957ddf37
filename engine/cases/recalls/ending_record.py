"""The sealed record of a recall that ends in another: what it held, and where it goes on."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.recalls.models import Succession
from engine.cases.recalls.succession import MERGED, SUPERSEDED
from engine.cases.records import closing_rows
from engine.cases.records.closure_record import given_in, whole_action
from engine.cases.records.sections import Section, head, minute, sources
from engine.evidence import sealing
from engine.evidence.canonical import moment
from engine.evidence.documents import Document
from engine.evidence.meanings import sentence
from engine.evidence.signatures import Signature
from engine.people import Person
from engine.words import N_, say

LAYOUT = "recall_ending/ending_record"
TITLE = N_("Record of a recall that goes on in another")
KINDS = {
    MERGED: N_("Merged: both have one cause"),
    SUPERSEDED: N_("Superseded by one that names all of it"),
}
LYING = N_("The unit balance below is as it lay here before it went on there.")


def seal(
    db: Session, other: Case, case: Case, row: Succession, *, by: Person, at: datetime
) -> Document:
    """Ask for the record of the recall that ends to be sealed, with a file of every row; flushes.

    Call it before its balance is handed over: afterwards it holds nothing.
    """
    given = given_in(db, other)
    signature = db.get_one(Signature, row.signature_id)
    drawn = head(db, other, title=TITLE, number=other.number, created_at=at)
    drawn["case"]["closed_at"] = moment(at)
    record = {
        **drawn,
        "sources": sources(given),
        "sections": [_goes_on(other, case, row, signature), *whole_action(db, other, given)],
    }
    return sealing.request_sealed(
        db,
        stream=other.stream,
        layout=LAYOUT,
        record=record,
        signatures=[signature],
        by=by,
        at=at,
        key=f"{other.number}:ending_record",
        attachments=closing_rows.attach(db, other, by=by, at=at),
    )


def _goes_on(other: Case, case: Case, row: Succession, signature: Signature) -> Section:
    language = other.language
    signed = (signature.printed_name, sentence(signature.meaning, language), minute(signature.at))
    return {
        "heading": say(N_("Where it goes on"), language),
        "note": say(LYING, language),
        "rows": [
            [say(N_("How it ended"), language), say(KINDS[row.kind], language)],
            [say(N_("Goes on"), language), f"{case.number}: {case.title}"],
            [say(N_("Reason"), language), row.reason],
            [say(N_("Signed by"), language), "\n".join(one for one in signed if one)],
        ],
    }
