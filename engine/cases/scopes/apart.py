"""Who changed a scope: they do not release what left it."""

from typing import Any

from sqlalchemy import Select, Subquery, literal, select

from engine.cases.models import Case
from engine.cases.scopes.models import ScopeVersion

PROCESS, NARROWED = "scope_change", "scope_narrowed"


def changed(asked: Subquery) -> Select[*tuple[Any, ...]]:
    """Return who froze and who proposed any scope after the first, of the cases `asked` is about.

    They stand for the start of the diagram that releases what left.
    """
    return (
        select(
            asked.c.case,
            literal(PROCESS),
            literal(NARROWED),
            ScopeVersion.frozen_by_id,
            ScopeVersion.proposed_by_id,
        )
        .join(Case, Case.number == asked.c.case)
        .join(ScopeVersion, ScopeVersion.case_id == Case.id)
        .where(ScopeVersion.supersedes_id.is_not(None))
    )
