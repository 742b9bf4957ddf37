"""What a case adds to the segregation of duties: whoever wrote an answer, its corrections too."""

from typing import Any

from sqlalchemy import Select, Subquery, select

from engine.cases.models import Answer, Case


def answered(asked: Subquery) -> Select[*tuple[Any, ...]]:
    """Return who wrote any version of any answer of the cases that `asked` is about."""
    return (
        select(
            asked.c.case, Answer.process, Answer.element_id, Answer.by_id, Answer.on_behalf_of_id
        )
        .join(Case, Case.number == asked.c.case)
        .join(Answer, Answer.case_id == Case.id)
    )
