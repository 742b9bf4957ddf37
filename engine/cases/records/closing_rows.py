"""The rows behind the closure record, as CSV: paper names the sums, the files every unit and try.

They are written once, in the step that closes the case: what lies where is then what the ledger
enters with the closing.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.checks.models import EffectivenessCheck, EffectivenessFrame, EffectivenessPlan
from engine.cases.models import Attachment, Case, Subject
from engine.cases.notices.models import Notice, NoticeLetter, OutreachAttempt
from engine.cases.replies.models import Reply, ReplyLine
from engine.evidence.documents import Document, StoredFile, attach_stored
from engine.evidence.signatures import Signature
from engine.evidence.store import DocumentStore
from engine.exports.column import Column
from engine.exports.delimited import csv_of
from engine.people import Person, PersonAccount
from engine.serials.models import Lot, Part, Party, Unit

READ_AT_ONCE = 5_000


@dataclass(frozen=True)
class Rows:
    """One file: its name, its columns as `name` or `name:type`, and what is in it."""

    name: str
    columns: str
    query: Select[*tuple[Any, ...]]


def attach(db: Session, case: Case, *, by: Person, at: datetime) -> list[Document]:
    """Write every file and give it to the case; flushes and enters the ledger for each."""
    documents = [_attach(db, case, rows, by=by, at=at) for rows in files(case)]
    db.add_all(
        Attachment(case_id=case.id, document_id=one.id, by_id=by.id, at=at) for one in documents
    )
    db.flush()
    return documents


def files(case: Case) -> list[Rows]:
    """Return what is written out."""
    return [
        Rows(
            "balance",
            "part serial lot description quantity:quantity account consignee consignee_name"
            " country",
            _balance(case),
        ),
        Rows(
            "notices",
            "notice consignee consignee_name country jurisdiction language state opened:datetime"
            " first_sent:datetime answered:datetime closed:datetime letters:integer"
            " attempts:integer replies:integer",
            _notices(case),
        ),
        Rows("attempts", "notice at:datetime channel outcome by note", _attempts(case)),
        Rows(
            "replies",
            "reply received:datetime channel name role serial lot said quantity:quantity outcome"
            " passed_on_to",
            _replies(case),
        ),
        Rows(
            "checks",
            "plan:integer notice stratum check:integer channel result received:boolean"
            " understood:boolean acted:boolean by at:datetime",
            _checks(case),
        ),
        Rows("signatures", "signature:integer name meaning record at:datetime", _signatures(case)),
        Rows("exhibits", "document:integer name state sha256 at:datetime", _exhibits(case)),
    ]


def _attach(db: Session, case: Case, rows: Rows, *, by: Person, at: datetime) -> Document:
    named = [one.partition(":") for one in rows.columns.split()]
    columns = [Column(name, name, kind or "text") for name, _, kind in named]
    store: DocumentStore = db.info["documents"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("wb") as file:
            for piece in csv_of(columns, _read(db, rows.query), bom=True):
                file.write(piece)
        size = path.stat().st_size
        sha256 = store.put_file(path)
    stored = StoredFile(f"{case.number} {rows.name}.csv", "text/csv", sha256, size)
    return attach_stored(db, stream=case.stream, file=stored, by=by, at=at)


def _read(db: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    how = {"stream_results": True, "yield_per": READ_AT_ONCE}
    for some in db.execute(query, execution_options=how).partitions(READ_AT_ONCE):
        yield from some


# --- what is in each -------------------------------------------------------------------------


def _balance(case: Case) -> Select[*tuple[Any, ...]]:
    lying = balance.lying_in(case.id).subquery()
    return (
        select(
            Part.part_no, Unit.serial, Lot.lot_no, Subject.description, lying.c.quantity,
            lying.c.account, Party.code, Party.name, Party.country,
        )
        .select_from(lying)
        .outerjoin(Unit, Unit.id == lying.c.unit_id)
        .outerjoin(Lot, Lot.id == func.coalesce(lying.c.lot_id, Unit.lot_id))
        .outerjoin(Part, Part.id == func.coalesce(Unit.part_id, Lot.part_id))
        .outerjoin(Subject, Subject.id == lying.c.subject_id)
        .outerjoin(Party, Party.id == lying.c.party_id)
        .order_by(lying.c.unit_id, lying.c.lot_id, lying.c.account)
    )  # fmt: skip


def _notices(case: Case) -> Select[*tuple[Any, ...]]:
    def count(of: type[NoticeLetter | OutreachAttempt | Reply]) -> Any:
        return select(func.count()).where(of.notice_id == Notice.id).scalar_subquery()

    return (
        select(
            Notice.number, Party.code, Party.name, Notice.country, Notice.jurisdiction,
            Notice.language, Notice.state, Notice.opened_at, Notice.first_sent_at,
            Notice.answered_at, Notice.closed_at, count(NoticeLetter), count(OutreachAttempt),
            count(Reply),
        )
        .join(Party, Party.id == Notice.party_id)
        .where(Notice.case_id == case.id)
        .order_by(Notice.id)
    )  # fmt: skip


def _attempts(case: Case) -> Select[*tuple[Any, ...]]:
    tried = OutreachAttempt
    return (
        select(
            Notice.number, tried.at, tried.channel, tried.outcome, PersonAccount.printed_name,
            tried.note,
        )
        .join(Notice, Notice.id == tried.notice_id)
        .outerjoin(PersonAccount, PersonAccount.id == tried.by_id)
        .where(Notice.case_id == case.id)
        .order_by(tried.id)
    )  # fmt: skip


def _replies(case: Case) -> Select[*tuple[Any, ...]]:
    line = ReplyLine
    return (
        select(
            Reply.number, Reply.received_at, Reply.channel, Reply.name, Reply.role, Unit.serial,
            Lot.lot_no, line.said, line.quantity, line.outcome, line.passed_on_to,
        )
        .join(Notice, Notice.id == Reply.notice_id)
        .outerjoin(line, line.reply_id == Reply.id)
        .outerjoin(Unit, Unit.id == line.unit_id)
        .outerjoin(Lot, Lot.id == line.lot_id)
        .where(Notice.case_id == case.id)
        .order_by(Reply.id, line.id)
    )  # fmt: skip


def _checks(case: Case) -> Select[*tuple[Any, ...]]:
    plan, asked, found = EffectivenessPlan, EffectivenessFrame, EffectivenessCheck
    return (
        select(
            plan.number, asked.notice_number, asked.stratum, found.number, found.channel,
            found.result, found.received, found.understood, found.acted,
            PersonAccount.printed_name, found.at,
        )
        .join(asked, asked.plan_id == plan.id)
        .outerjoin(found, found.frame_id == asked.id)
        .outerjoin(PersonAccount, PersonAccount.id == found.by_id)
        .where(plan.case_id == case.id, asked.is_drawn.is_(True))
        .order_by(asked.id, found.number)
    )  # fmt: skip


def _signatures(case: Case) -> Select[*tuple[Any, ...]]:
    one = Signature
    return (
        select(one.id, one.printed_name, one.meaning, one.record_id, one.at)
        .where(one.stream == case.stream)
        .order_by(one.id)
    )


def _exhibits(case: Case) -> Select[*tuple[Any, ...]]:
    one = Document
    return (
        select(one.id, one.name, one.state, one.sha256, one.at)
        .where(one.stream == case.stream, one.state != "review")
        .order_by(one.id)
    )
