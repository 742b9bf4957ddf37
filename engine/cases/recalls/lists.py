"""What a form of a recall offers to choose from: it depends on the jurisdiction it is about."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.recalls import jurisdictions
from engine.regulators import jurisdictions as law


def offered(
    db: Session, case: Case | None, instance_id: int | None, name: str, language: str
) -> Sequence[tuple[str, str]]:
    """Return the values and words of a list: the legal names or the classes of one law."""
    row = jurisdictions.row_about(db, case, instance_id) if case else None
    if row is None or row.code is None:
        return ()
    here = law.named(row.code)
    named = {"legal_names": here.legal_names, "classes": here.classes}[name]
    return [(one.code, one.said(language)) for one in named]
