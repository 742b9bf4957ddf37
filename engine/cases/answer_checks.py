"""Checks of a case's answers: is what is stored what people gave, by the ledger's entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.answers import answers_sha256, task_of_report
from engine.cases.models import Answer, Case
from engine.cases.names import person_named
from engine.evidence.findings import Result
from engine.evidence.ledger import LedgerEntry

Version = tuple[str, int]  # the task that was answered, and which version


@dataclass(frozen=True)
class Entered:
    """What the ledger says of one version of an answer."""

    element: str
    sha256: str
    by_id: int | None
    name: str
    principals: frozenset[int]
    at: datetime
    signature_id: int | None
    reason: str | None


def check_answers(
    result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]
) -> list[Answer]:
    """Hold every stored answer against the entry that names it, both ways; return the answers."""
    entered = _entered(case, entries)
    try:
        rows = list(db.scalars(select(Answer).where(Answer.case_id == case.id).order_by(Answer.id)))
    except ValueError:  # no JSON any more
        result.fail("The answers of the case cannot be read: what is stored was changed.")
        return []

    ids = {one.id: (str(one.task_id), one.version) for one in rows}
    problems = 0
    for row in rows:
        said = entered.pop(ids[row.id], None)
        cause = _cause(row, said, replaces=ids.get(row.supersedes_id or 0))
        if cause:
            problems += 1
            _say(result, cause, said, f"{row.process}.{row.element_id}", row.version,
                 said.name if said else person_named(db, row.by_id), row.at)  # fmt: skip
    for (_, version), said in entered.items():
        cause = "the ledger entered it, but it is gone."
        _say(result, cause, said, said.element, version, said.name, said.at)
    if not problems and not entered:
        result.ok("All %(count)s answers are those that the ledger entered.", count=len(rows))
    return rows


def _say(
    result: Result,
    cause: str,
    said: Entered | None,
    element: str,
    version: int,
    name: str,
    at: datetime,
) -> None:
    signed = f", signature {said.signature_id}" if said and said.signature_id else ""
    result.fail(
        "The answer “%(element)s” of %(name)s (%(at)s, version %(version)s%(signed)s): %(cause)s",
        element=element.partition(".")[2].replace("_", " "),
        name=name,
        at=f"{at:%Y-%m-%d %H:%M} UTC",
        version=version,
        signed=signed,
        cause=cause,
    )


def _cause(row: Answer, said: Entered | None, *, replaces: Version | None) -> str | None:
    if said is None:
        return "the ledger never entered it: it was put in."
    if answers_sha256(row.answers) != said.sha256:
        return "what is stored is not what was answered, it was changed (the hash differs)."
    if row.sha256 != said.sha256:
        return "the hash kept beside it was changed; what was answered is not."
    return _column_cause(row, said, replaces)


def _column_cause(row: Answer, said: Entered, replaces: Version | None) -> str | None:
    may_act_for = row.on_behalf_of_id is None or row.on_behalf_of_id in said.principals
    before = (str(row.task_id), row.version - 1) if row.version > 1 else None
    wrong = {
        "its row names another person or time than the ledger.": (
            (row.by_id, row.at) != (said.by_id, said.at)
        ),
        "its row says it was given for someone who had not delegated it.": not may_act_for,
        "its row names another step than the ledger.": (
            f"{row.process}.{row.element_id}" != said.element
        ),
        "its row names another signature than the ledger.": row.signature_id != said.signature_id,
        "the reason for its correction is not the one that the ledger entered.": (
            row.reason != said.reason
        ),
        "its row replaces another version than the one before.": replaces != before,
    }
    return next((cause for cause, is_wrong in wrong.items() if is_wrong), None)


def _entered(case: Case, entries: Sequence[LedgerEntry]) -> dict[Version, Entered]:
    """Return what the ledger entered by task and version; an edited entry is told elsewhere."""
    found: dict[Version, Entered] = {}
    for entry in entries:
        stated = entry.stated or {}
        body = stated.get("body") or {}
        if entry.action == "case_opened":
            opened = {**body, "element": f"{case.process}.report"}
            task = str(task_of_report(case))
            found[task, 1] = _said(entry, stated, opened, "answer_sha256")
        elif entry.action == "task_completed":
            found[str(body.get("task")), 1] = _said(entry, stated, body, "answer_sha256")
        elif entry.action == "answer_corrected":
            said = _said(entry, stated, body, "new_sha256")
            version = int(body.get("version") or 0)
            found[_corrected(found, body, version), version] = said
    return found


def _corrected(found: dict[Version, Entered], body: dict[str, Any], version: int) -> str:
    """Return the task of a correction; entries of before name the hash that it replaces only."""
    if "task" in body:
        return str(body["task"])
    return next(_replaced(found, body, version), "?")


def _replaced(found: dict[Version, Entered], body: dict[str, Any], version: int) -> Iterator[str]:
    for (task, earlier), said in found.items():
        is_it = (earlier, said.element, said.sha256) == (
            version - 1,
            body.get("element"),
            body.get("old_sha256"),
        )
        if is_it and (task, version) not in found:
            yield task


def _said(entry: LedgerEntry, stated: dict[str, Any], body: dict[str, Any], digest: str) -> Entered:
    by = stated.get("by") or {}
    return Entered(
        element=str(body.get("element")),
        sha256=str(body.get(digest)),
        by_id=entry.by_id,
        name=by.get("printed_name") or "Holdfast",
        principals=frozenset(one[1] for one in by.get("on_behalf_of") or ()),
        at=entry.at,
        signature_id=body.get("signature"),
        reason=body.get("reason"),
    )
