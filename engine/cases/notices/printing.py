"""Printing a run of letters: planned in the database, drawn outside it, kept part by part.

Each part is a job of its own: what it drew is committed before the next begins, a pause takes hold
between two parts, a kill costs one part, and a letter that cannot be drawn keeps no other back.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, jobs, outbox
from engine.cases.models import Case
from engine.cases.notices import letters, lists, sent
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter, NoticeText
from engine.cases.replies import links
from engine.cases.scopes import ScopeVersion
from engine.db import Database
from engine.evidence import bulk, jws, ledger, render
from engine.evidence.canonical import moment
from engine.evidence.store import DocumentStore
from engine.serials.models import Party, RecallContact

VERB = "print_letters"
AT_ONCE = 100  # letters of one part: some twenty seconds of two processors
FEW = 8  # are drawn by the print worker that this server has anyway


@dataclass(frozen=True)
class Planned:
    """One letter before it is drawn, and the files that go with it."""

    letter_id: int
    token: str  # of the link it bears
    request: Mapping[str, Any]
    csv: bytes
    jws: bytes
    email: str | None
    postal: str


@dataclass(frozen=True)
class Printed:
    """One letter as it is kept: what it was planned as, and its bytes or why there are none."""

    planned: Planned
    sha256: Mapping[str, str]
    failure: str | None


def ask(db: Session, run: LetterRun, *, at: datetime) -> None:
    """Have the letters of a run printed that are not yet; flushes. The run is locked by now."""
    waiting = (NoticeLetter.run_id == run.id, NoticeLetter.state == "waiting")
    if db.scalar(select(NoticeLetter.id).where(*waiting).limit(1)) is None:
        return
    of_run = jobs.Job.key.startswith(f"{VERB}:{run.id}:", autoescape=True)
    part = 1 + (db.scalar(select(func.count(jobs.Job.id)).where(of_run)) or 0)
    jobs.ask(db, f"{VERB}:{run.id}:{part}", name=VERB, body={"run_id": run.id}, at=at)


class PrintLetters:
    """The job: `cluster` is the address of a Dask cluster, or empty for processes of this host."""

    def __init__(self, cluster: str = "", *, workers: int | None = None) -> None:
        self._cluster, self._workers = cluster, workers
        self._open = ExitStack()
        self._pool: Any = None
        self._printed: dict[int, list[Printed]] = {}

    def prepare(self, database: Database, job: jobs.Job) -> None:
        """Draw the next part, outside of the transaction that keeps it."""
        with database.read() as db:
            planned = plan(db, job.body["run_id"], at=clock.now())
        if not planned:
            self._printed[job.id] = []
            return
        store: DocumentStore = database.info["documents"]
        self._printed[job.id] = [_kept(store, *one) for one in self._drawn(planned)]

    def _drawn(self, planned: Sequence[Planned]) -> list[tuple[Planned, bytes | str]]:
        if len(planned) <= FEW:
            return [(one, _drawn_here(one)) for one in planned]
        if self._pool is None:
            pool = bulk.executor(self._cluster, workers=self._workers)
            self._pool = self._open.enter_context(pool)
        by_id = {one.letter_id: one for one in planned}
        requests = [(one.letter_id, one.request) for one in planned]
        try:
            return [(by_id[key], pdf) for key, pdf in bulk.draw_all(self._pool, requests)]
        except Exception:
            self.end()  # a pool that broke draws nothing more
            raise

    def __call__(self, db: Session, job: jobs.Job) -> dict[str, Any]:
        """Keep what was drawn, put it in the outbox, and ask for the next part."""
        at = clock.now()
        printed = self._printed.pop(job.id, [])
        run = db.get_one(LetterRun, job.body["run_id"], with_for_update=True)
        keep(db, run, printed, at=at)
        if run.paused_at is None:
            ask(db, run, at=at)
        if not printed or len(printed) < AT_ONCE:
            self.end()
        return {"printed": len(printed)}

    def end(self) -> None:
        """Let the processes go, until the next run."""
        self._open.close()
        self._pool = None


def _drawn_here(planned: Planned) -> bytes | str:
    try:
        return render.render_letter(planned.request)
    except render.NotPrinted as problem:
        return str(problem)


def plan(db: Session, run_id: int, *, at: datetime) -> list[Planned]:
    """Return the next letters of a run with everything they say; nothing while it is paused."""
    run = db.get_one(LetterRun, run_id)
    if run.paused_at is not None:
        return []
    case, text = db.get_one(Case, run.case_id), db.get_one(NoticeText, run.text_id)
    version = db.get(ScopeVersion, run.scope_version_id) if run.scope_version_id else None
    rows = db.execute(
        select(NoticeLetter, Notice, Party)
        .join(Notice, Notice.id == NoticeLetter.notice_id)
        .join(Party, Party.id == Notice.party_id)
        .where(NoticeLetter.run_id == run_id, NoticeLetter.state == "waiting")
        .order_by(NoticeLetter.id)
        .limit(AT_ONCE)
    ).all()
    emails = emails_of(db, [party.id for _, _, party in rows])
    earlier = {one.supersedes_id for one, _, _ in rows if one.supersedes_id}
    before = dict(
        db.execute(
            select(NoticeLetter.id, NoticeLetter.number).where(NoticeLetter.id.in_(earlier))
        ).all()
    )
    drawing = _Drawing(db, case, text, version, at)
    return [
        drawing.planned(letter, notice, party, emails.get(party.id), before)
        for letter, notice, party in rows
    ]


@dataclass(frozen=True)
class _Drawing:
    """What all letters of one part share."""

    db: Session
    case: Case
    text: NoticeText
    version: ScopeVersion | None
    at: datetime

    def planned(
        self,
        letter: NoticeLetter,
        notice: Notice,
        party: Party,
        email: str | None,
        before: Mapping[int, int],
    ) -> Planned:
        db = self.db
        listed = lists.list_of(db, self.case, self.version, party.id) if self.version else []
        number = letters.letter_number(notice.number, letter.number)
        csv = lists.as_csv(listed)
        payload = lists.as_payload(
            listed,
            number=number,
            consignee=party.name,
            scope=self.version.number if self.version else None,
            made_at=moment(self.at),
        )
        signed = jws.signed(payload, db.info["seal"], kind=lists.KIND).encode("ascii")
        token = links.new_token()
        replaced = before.get(letter.supersedes_id or 0)
        record = letters.record_of(
            db,
            self.case,
            self.text,
            number=number,
            at=self.at,
            consignee={
                "name": party.name,
                "address": party.address or "",
                "country": party.country,
            },
            listed=listed,
            path=links.address(token),
            files={"csv": csv, "jws": signed},
            supersedes=letters.letter_number(notice.number, replaced) if replaced else None,
            change=letter.change,
        )
        return Planned(
            letter_id=letter.id,
            token=token,
            request=letters.request_of(self.text, record, {"csv": csv, "jws": signed}),
            csv=csv,
            jws=signed,
            email=email,
            postal=party.address or party.name,
        )


def emails_of(db: Session, party_ids: Sequence[int]) -> dict[int, str]:
    """Return where each is mailed to: the recall contact, a verified one first, else its own."""
    found = {
        party_id: email
        for party_id, email in db.execute(
            select(Party.id, Party.email).where(Party.id.in_(party_ids))
        )
        if email
    }
    rows = db.execute(
        select(RecallContact.party_id, RecallContact.address)
        .where(
            RecallContact.party_id.in_(party_ids),
            RecallContact.channel == "email",
            RecallContact.ended_at.is_(None),
        )
        # the best comes last and stays
        .order_by(
            RecallContact.role == "recall",
            RecallContact.verified_at.is_not(None),
            RecallContact.id.desc(),
        )
    )
    return found | {row.party_id: row.address for row in rows}


def _kept(store: DocumentStore, planned: Planned, pdf: bytes | str) -> Printed:
    if isinstance(pdf, str):
        return Printed(planned, {}, pdf)
    content = {"pdf": pdf, "csv": planned.csv, "jws": planned.jws}
    return Printed(planned, {kind: store.put(one) for kind, one in content.items()}, None)


def keep(db: Session, run: LetterRun, printed: Sequence[Printed], *, at: datetime) -> None:
    """Note what was printed with its digests, in one ledger entry, and let it go out. Flushes."""
    case = db.get_one(Case, run.case_id)
    ids = [one.planned.letter_id for one in printed]
    waiting = {
        one.id: one
        for one in db.scalars(
            select(NoticeLetter).where(NoticeLetter.id.in_(ids), NoticeLetter.state == "waiting")
        )
    }
    stored = []
    for one in printed:
        letter = waiting.get(one.planned.letter_id)
        if letter is None:
            continue  # replaced while it was drawn
        if one.failure is not None:
            letter.state, letter.failure = "failed", one.failure[:2000]
            continue
        letter.state, letter.stored_at = "stored", at
        letter.pdf_sha256, letter.csv_sha256 = one.sha256["pdf"], one.sha256["csv"]
        letter.jws_sha256 = one.sha256["jws"]
        stored.append((letter, one.planned))
        links.issue(db, letter.notice_id, one.planned.token, at=at)
    db.flush()
    _let_out(db, case, stored, at=at)
    left = select(NoticeLetter.id).where(
        NoticeLetter.run_id == run.id, NoticeLetter.state == "waiting"
    )
    if run.ended_at is None and db.scalar(left.limit(1)) is None:
        run.ended_at = at
    if stored:
        digests = [
            [planned.request["record"]["number"], letter.pdf_sha256, letter.csv_sha256,
             letter.jws_sha256]
            for letter, planned in stored
        ]  # fmt: skip
        body: dict[str, Any] = {"run": run.id, "text": run.text_id, "letters": digests}
        wording = stored[0][1].request["record"]["wording"]
        if wording is not None:
            body["wording"] = wording["sha256"]
        ledger.append(db, case.stream, "letters_stored", body, by=None, at=at)


def _let_out(
    db: Session,
    case: Case,
    stored: Sequence[tuple[NoticeLetter, Planned]],
    *,
    at: datetime,
) -> None:
    """Put letters in the outbox, or in the print queue where no address is known.

    A drill has no way out: its letters count as sent where they are kept.
    """
    if case.is_drill:
        for letter, _ in stored:
            sent.mark(db, case, letter, by=None, at=at)
        return
    said = {}
    for letter, planned in stored:
        letter.channel = "mail" if planned.email else "print"
        letter.address = planned.email or planned.postal
        if planned.email:
            letter.outgoing_key = f"letter:{letter.id}"
            record = planned.request["record"]
            said[letter.outgoing_key] = {
                "receiver": planned.email,
                "language": planned.request["language"],
                "body": letters.mail_body(record, letters.files_of(record, letter)),
            }
    outbox.say_once(db, said, layout=letters.LAYOUT, at=at)
    db.flush()
