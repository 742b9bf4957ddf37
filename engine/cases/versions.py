"""Which sealed version of a document stands: the newest, unless it was overtaken by the case."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.evidence.documents import Document
from engine.evidence.signatures import SignatureVoided

STANDS, SUPERSEDED, VOIDED = "stands", "superseded", "voided"
# records of a whole case: they are signed to close it
CLOSING = frozenset({"nonconformance/nonconformance_report", "recall/closure_record"})
REOPENED, CASE_VOID = "reopened", "case_void"


@dataclass(frozen=True)
class Version:
    """One sealed file among those of the same record: its number, the newest, and whether it holds.

    `superseded` by a newer version; `voided` while a signature on it is void and asked again;
    `reopened` when it closed a case that was opened again, `case_void` when that was then voided.
    """

    number: int
    newest: int
    standing: str


def versions(db: Session, case: Case, documents: Iterable[Document]) -> dict[int, Version]:
    """Return the version of each sealed document, by its id; files people attached have none."""
    series: dict[tuple[str, str], list[Document]] = defaultdict(list)
    for one in sorted(documents, key=lambda one: one.id):
        if one.state in ("sealing", "sealed"):
            series[one.kind, one.name].append(one)
    signed = {i for same in series.values() for one in same for i in one.signature_ids or ()}
    void = set(
        db.scalars(
            select(SignatureVoided.signature_id).where(SignatureVoided.signature_id.in_(signed))
        )
    )
    return {
        one.id: Version(
            number, len(same), _standing(case, one, void, is_newest=number == len(same))
        )
        for same in series.values()
        for number, one in enumerate(same, 1)
    }


def _standing(case: Case, document: Document, void: set[int], *, is_newest: bool) -> str:
    if not is_newest:
        return SUPERSEDED
    if void.intersection(document.signature_ids or ()):
        return VOIDED
    if case.state == "closed" or document.kind not in CLOSING:
        return STANDS
    return CASE_VOID if case.state == "void" else REOPENED
