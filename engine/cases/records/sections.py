"""The building blocks of a record: its head, answers as sections, the balance, the subjects."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept
from engine.cases.about import About, about_answers
from engine.cases.asking import form_at
from engine.cases.balance import ACCOUNTS, affected, totals
from engine.cases.models import Answer, Case, Subject
from engine.cases.names import StockName, Target, stock_names
from engine.cases.records import listing
from engine.cases.tasks import printed_name
from engine.evidence.canonical import moment
from engine.words import N_, say
from forms import words
from forms.form import NOT_ANSWERED, Form

Record = dict[str, Any]
Section = dict[str, Any]
WHOLE_LOT = N_(
    "A lot that was named is affected as a whole, with what was made from it: the unit balance "
    "counts all of it."
)
GIVEN = N_("%(name)s, %(at)s")
MIGRATED = N_("%(name)s, %(at)s. Migrated from %(source)s, without a signature of this step")
SEVERITIES = {"minor": N_("Minor"), "major": N_("Major"), "critical": N_("Critical")}


def head(
    db: Session,
    case: Case,
    *,
    title: str,
    number: str,
    created_at: datetime | None = None,
    language: str | None = None,
) -> Record:
    """Return the head of a record: what it is, of which case, in `language` or the case's own.

    `created_at` is when its newest fact was recorded; the same facts give the same record.
    """
    language = language or case.language
    return {
        "title": say(title, language),
        "number": number,
        "language": language,
        "company": db.info.get("company"),
        "mark": mark_of(db, case),
        "created_at": moment(created_at or case.opened_at),
        "case": {
            "number": case.number,
            "title": case.title,
            "severity": say(SEVERITIES[case.severity], language) if case.severity else None,
            "severity_code": case.severity,
            "opened_at": moment(case.opened_at),
        },
    }


def mark_of(db: Session, case: Case) -> str | None:
    """Return what stands on every page of a case's documents: that it is a drill, or the demo's."""
    return "drill" if case.is_drill else (db.info.get("mark") or "").lower() or None


def table(
    heading: str, columns: Sequence[str], rows: list[list[Any]], language: str, **more: Any
) -> Section:
    """Return a section that is one table, its words in the language of the record."""
    said = {"columns": [say(one, language) for one in columns], "rows": rows}
    return {"heading": say(heading, language), "table": said, **more}


def minute(at: datetime | None) -> str | None:
    """Return a moment as records print it to people."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None


def answered(
    form: Form,
    answers: dict[str, Any],
    language: str,
    *,
    by: str = "",
    named: About | None = None,
) -> list[Section]:
    """Return the sections of one answered form, in the official language of the record.

    `named` is the line or round it was answered for: steps of two lines are called alike.
    """
    title = words.say(form.title, language)
    if named is not None:
        title = f"{title} ({named.said(language)})"
    unanswered = (words.say(NOT_ANSWERED, language),)
    sections: list[Section] = []
    for heading, group in groupby(form.shown(answers, language), key=lambda one: one[0]):
        shown = [(label, answer) for _, label, answer in group if answer.lines != unanswered]
        rows = [[label, "\n".join(one.lines)] for label, one in shown if not one.rows]
        if rows:
            sections.append({"heading": f"{title}: {heading}", "note": by, "rows": rows})
        sections.extend(
            {
                "heading": f"{title}: {label}",
                "note": by,
                "text": "\n\n".join(one.lines) or None,
                **listing.rows_together(one.head, one.rows, language),
            }
            for label, one in shown
            if one.rows
        )
    return sections


def kept_answers(db: Session, case: Case, answers: Iterable[Answer]) -> list[Section]:
    """Return kept answers as sections, each with who gave it and when."""
    sections: list[Section] = []
    given = list(answers)
    named = about_answers(db, given)
    for answer in given:
        told = MIGRATED if answer.migrated_from else GIVEN
        who = say(
            told,
            case.language,
            name=printed_name(db, answer.by_id),
            at=minute(answer.at),
            source=answer.migrated_from or "",
        )
        form = form_at(
            db,
            answer.process,
            answer.element_id,
            instance_id=answer.instance_id or case.instance_id,
        )
        of = named.get(answer.task_id)
        sections += answered(form, answer.answers, case.language, by=who, named=of)
    return sections


def sources(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Name the answers a record was drawn from, so that a correction finds who relied on them."""
    return [
        {
            "element": f"{answer.process}.{answer.element_id}",
            "version": answer.version,
            "sha256": answer.sha256,
        }
        for answer in answers
    ]


def all_answers(db: Session, case: Case) -> list[Section]:
    """Return every standing answer of the case in the order given."""
    return kept_answers(db, case, kept.standing(db, case))


def subjects(db: Session, case: Case) -> Section:
    """Return what the case is about, as a table or, many units, as lists.

    How much was named is not what is affected: a lot is affected as a whole.
    """
    rows = list(db.scalars(select(Subject).where(Subject.case_id == case.id).order_by(Subject.id)))
    names = stock_names(db, [(row.unit_id, row.lot_id) for row in rows])
    language = case.language
    units = [names[row.unit_id, None] for row in rows if row.unit_id]
    lists = listing.lists_of_units(units, language) if len(rows) > listing.MOST_ROWS else []
    shown = [_subject(row, names, language) for row in rows if not (lists and row.unit_id)]
    words = (N_("Unit or lot"), N_("Part"), N_("Quantity named"))
    table = {"columns": [say(word, language) for word in words], "rows": shown}
    whole = any(row.lot_id is not None for row in rows)
    return {
        "heading": say(N_("What the case is about"), language),
        "note": say(WHOLE_LOT, language) if whole else "",
        **({"table": table} if shown or not lists else {}),
        **({"lists": lists} if lists else {}),
    }


def _subject(row: Subject, names: dict[Target, StockName], language: str) -> list[str]:
    known = names[row.unit_id, row.lot_id] if row.unit_id or row.lot_id else None
    unidentified = N_("Unidentified: %(words)s")
    return [
        known.name if known else say(unidentified, language, words=row.description or ""),
        known.part if known else "–",
        str(row.quantity) if row.quantity is not None else "–",
    ]


def balance(db: Session, case: Case, *, language: str | None = None) -> Section:
    """Return the unit balance of the case, as a table: its total, then what is not in it."""
    sums = totals(db, case.id)
    spoken = language or case.language

    def rows(*, counted: bool) -> list[list[str]]:
        some = (name for name in sums if ACCOUNTS[name].is_affected == counted)
        return [[say(ACCOUNTS[name].label, spoken), str(sums[name])] for name in some]

    return {
        "heading": say(N_("Unit balance"), spoken),
        "table": {
            "columns": [say(N_("Account"), spoken), say(N_("Quantity"), spoken)],
            "rows": [
                *rows(counted=True),
                [say(N_("All affected"), spoken), str(affected(sums))],
                *rows(counted=False),
            ],
        },
    }
