"""How a recall of the demo is told: what people decide, what they write, what comes back."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import replies, scopes
from engine.cases.notices.models import Notice, NoticeText
from engine.cases.obligations import acting, keeping
from engine.cases.obligations.acting import Submission
from engine.cases.obligations.models import OPEN
from engine.cases.recalls import gates, jurisdictions, passing
from engine.cases.recalls.passing import Passing
from engine.cases.replies.given import Given, Instruction, Line
from engine.cases.replies.models import NoticeLink
from engine.cases.returns import authorising, correcting, receiving
from engine.cases.returns.correcting import Correction
from engine.cases.returns.receiving import Parcel
from engine.regulators.authorities import OTHERS
from engine.serials.models import Location, Party, Unit
from webapp.demo.history import History
from webapp.demo.recall_letters import Words, words_of

SERVICE, FIELD, REGULATORY = "nora.byrne", "tom.hadley", "sofia.lindgren"
SIGNED = ("verify_translation", "approve_text_regulatory", "approve_text_medical")
DECIDERS = ((6, "regulatory"), (5, "medical"), (4, "quality"), (3, "executive"))
LEGAL_NAMES = {
    "US": {"legal_name": "us_removal", "class_name": "fda_class_ii"},
    "EU": {"legal_name": "eu_fsca"},
    "CN": {"legal_name": "cn_recall", "class_name": "nmpa_2"},
    "CA": {"legal_name": "ca_recall"},
    "GB": {"legal_name": "gb_fsca"},
    "AU": {"legal_name": "au_recall", "class_name": "tga_class_ii"},
    "JP": {"legal_name": "jp_recall", "class_name": "jp_class_ii"},
}
OTHER = {"legal_name": "other_recall"}


class RecallHistory(History):
    """One recall as it happens."""

    def signal(self, by: str, scope: str, answers: dict[str, Any]) -> None:
        """Let someone report what begins it."""
        self.number = self.stage.signal(by, scope, answers)

    def decide_jurisdictions(self) -> None:
        """Let regulatory affairs sign what it is in every jurisdiction."""
        for task in self.stage.open_tasks(self.number, "decide_jurisdiction"):
            answers = LEGAL_NAMES.get(self._jurisdiction(task.instance_id), OTHER)
            self.stage.do(task, self.number, answers)

    def _jurisdiction(self, instance_id: int) -> str:
        row = self.stage.reads(lambda db: jurisdictions.row_of(db, instance_id))
        return str(row.code) if row else ""

    def submit_what_is_owed(self) -> None:
        """Let regulatory affairs record what went to authorities with the notification."""
        stage, by = self.stage, self.stage.who(REGULATORY)
        case = stage.case(self.number)
        rows = stage.reads(lambda db: keeping.of_case(db, case))
        for row in rows:
            if row.state != OPEN or row.started_at is None or row.authority in OTHERS:
                continue
            sent = Submission(stage.at, "mail", f"{row.authority.upper()} {stage.at:%y%m}-{row.id}")
            with stage.holdfast.database.begin() as db:
                acting.meet(db, self.number, row.id, sent, by=by, at=stage.at, key=uuid4().hex)

    # --- letters -------------------------------------------------------------------------------

    def write_letters(self, letter: Mapping[str, Words]) -> None:
        """Let the text be written that every jurisdiction and language waits for."""
        for task in self.stage.open_tasks(self.number, "draft_text"):
            words = words_of(letter, self._language(task), at=self.stage.at)
            self.stage.do(task, self.number, words)

    def sign_letters(self) -> None:
        """Let both who answer for them sign every text."""
        for element in SIGNED:
            for task in self.stage.open_tasks(self.number, element):
                self.stage.do(task, self.number, {})

    def _language(self, task: Task) -> str:
        row = select(NoticeText.language).where(NoticeText.instance_id == task.instance_id)
        return self.stage.reads(lambda db: db.scalars(row).one())

    def open_gate(self, jurisdiction: str, letter: str, *, what: str = gates.NOTICES) -> None:
        """Sign that an authority lets the notices go out, or something be destroyed."""
        stage, by = self.stage, self.stage.who(REGULATORY)
        case = stage.case(self.number)
        gate = stage.reads(
            lambda db: next(
                one for one in gates.gates_of(db, case, jurisdiction) if one.what == what
            )
        )
        asked = Passing(self.number, gate.id, passing.OPEN, letter)
        signing = stage.asked_to_sign(
            by,
            lambda db, session: passing.open_signing(
                db, asked, by=by, session_id=session, at=stage.at
            ),
        )
        with stage.holdfast.database.begin() as db:
            passing.act_on(db, asked, signing, by=by, at=stage.at, key=uuid4().hex)
        stage.take_up()

    # --- what comes back -----------------------------------------------------------------------

    def answer(
        self, code: str, name: str, role: str, *outcomes: tuple[str, int], by: str | None = None,
        channel: str = "telephone", **said: Any,
    ) -> None:  # fmt: skip
        """Have a customer say what became of how many; without `by`, on the page of its link."""
        notice = self._notice(code)
        with self.stage.holdfast.database.begin() as db:
            link = select(NoticeLink.id).where(NoticeLink.notice_id == notice.id)
            given = Given(
                channel=channel if by else "link",
                link_id=None if by else db.scalars(link.order_by(NoticeLink.id)).first(),
                name=name, role=role, language=notice.language, received_at=self.stage.at,
                lines=self._lines(db, notice, outcomes),
                instructions=_all_done(db, notice), **said,
            )  # fmt: skip
            replies.record(
                db, db.get_one(Notice, notice.id), given, by=self.stage.who(by) if by else None,
                at=self.stage.at, key=uuid4().hex,
            )  # fmt: skip
        self.stage.take_up()

    def _lines(
        self, db: Session, notice: Notice, outcomes: Sequence[tuple[str, int]]
    ) -> tuple[Line, ...]:
        case = self.stage.case(self.number)
        units = [one.unit_id for one in scopes.units_of(db, case, notice.party_id, limit=100)]
        lots = [one.lot_id for one in scopes.stock_of(db, case, notice.party_id)]
        lines: list[Line] = []
        for outcome, many in outcomes:
            if lots:
                lines.append(Line(outcome, Decimal(many), lot_id=lots[0]))
            else:
                lines += [Line(outcome, Decimal(1), unit_id=one) for one in units[:many]]
                units = units[many:]
        return tuple(lines)

    def _notice(self, code: str) -> Notice:
        case = self.stage.case(self.number)
        rows = select(Notice).join(Party, Party.id == Notice.party_id)
        rows = rows.where(Notice.case_id == case.id, Party.code == code)
        return self.stage.reads(lambda db: db.scalars(rows).one())

    def try_to_reach(self, code: str, note: str, **own: Any) -> None:
        """Try one who has not answered, on another way than the letter."""
        instance = self._notice(code).instance_id
        [task] = [
            one
            for one in self.stage.open_tasks(self.number, "reach_consignee")
            if one.instance_id == instance
        ]
        tried = {"local": f"{self.stage.at:%Y-%m-%dT%H:%M}", "zone": "UTC"}
        self.stage.do(task, self.number, {"tried_at": tried, "note": note, **own})

    def let_return(self, code: str, to: str) -> str:
        """Give a customer leave to send back what it has; return the number on the label."""
        party = self._notice(code).party_id
        with self.stage.holdfast.database.begin() as db:
            return authorising.issue(
                db, self.number, party, location_id=_place(db, to),
                instructions="Empty and wipe the pump; pack it with its power supply.",
                by=self.stage.who(SERVICE), at=self.stage.at,
            ).number  # fmt: skip

    def receive(self, authorisation: str, to: str, *lines: receiving.Line, by: str) -> None:
        """Open a parcel and record what is in it."""
        with self.stage.holdfast.database.begin() as db:
            parcel = Parcel(lines, _place(db, to), authorisation)
            receiving.receive(db, self.number, parcel, by=self.stage.who(by), at=self.stage.at)
        self.stage.take_up()

    def correct(self, serial: str, done: str, reading: str, although: str) -> int:
        """Put a unit right that is to come back; it waits for its second reading."""
        with self.stage.holdfast.database.begin() as db:
            unit = db.scalars(select(Unit.id).where(Unit.serial == serial)).one()
            told = Correction(unit, "software", done, reading, although=although)
            return correcting.record(
                db, self.number, told, by=self.stage.who(FIELD), at=self.stage.at
            ).id

    def verify_correction(self, correction: int, reading: str) -> None:
        """Have a second person read the unit."""
        with self.stage.holdfast.database.begin() as db:
            correcting.verify(
                db, self.number, correction, reading=reading, by=self.stage.who(SERVICE),
                at=self.stage.at,
            )  # fmt: skip
        self.stage.take_up()


def _all_done(db: Session, notice: Notice) -> tuple[Instruction, ...]:
    """Return what the letter asks for, each with its tick."""
    rows = select(NoticeText.words).where(
        NoticeText.case_id == notice.case_id,
        NoticeText.jurisdiction == notice.jurisdiction,
        NoticeText.language == notice.language,
    )
    words = db.scalars(rows.order_by(NoticeText.id.desc())).first() or {}
    asked = str(words.get("instructions", "")).splitlines()
    return tuple(Instruction(text, is_done=True) for text in asked)


def _place(db: Session, code: str) -> int:
    return db.scalars(select(Location.id).where(Location.code == code)).one()
