"""A recall's notices: one to a consignee, the texts they are written in, letters and attempts."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.serials.models.axes import one_of
from engine.words import N_

NOTICE_STATES = {
    "open": N_("Not sent yet"),
    "sent": N_("Sent, no reply"),
    "answered": N_("Answered"),
    "escalated": N_("With a person"),
    "closed": N_("Unresolved after documented effort"),
}
TEXT_STATES = {
    "draft": N_("Draft"),
    "translated": N_("Translated"),
    "verified": N_("Translation verified"),
    "approved": N_("Approved"),
    "withdrawn": N_("Withdrawn"),
}
WORDING_STATES = {
    "draft": N_("Draft"),
    "in_force": N_("In force"),
    "withdrawn": N_("Replaced"),
}
RUN_KINDS = {
    "notice": N_("First notice"),
    "difference": N_("Notice of a changed scope"),
    "amendment": N_("Amended notice"),
}
LETTER_STATES = {
    "waiting": N_("Not printed yet"),
    "stored": N_("Printed and kept"),
    "failed": N_("Could not be printed"),
    "void": N_("Replaced before it went out"),
}
LETTER_CHANNELS = {"mail": N_("E-mail"), "print": N_("Printed letter")}
OUTREACH_CHANNELS = {
    "email": N_("E-mail"),
    "telephone": N_("Telephone"),
    "letter": N_("Letter"),
    "fax": N_("Fax"),
    "portal": N_("Portal"),
    "visit": N_("Visit"),
}
OUTREACH_OUTCOMES = {
    "reached": N_("Reached, reply promised"),
    "message_left": N_("Message left"),
    "no_answer": N_("No answer"),
    "wrong_contact": N_("Wrong contact"),
    "refused": N_("Refuses to reply"),
}


class Notice(Base):
    """What one consignee is told in one recall, from the first letter to its answer."""

    __tablename__ = "notice"
    __table_args__ = (
        one_of("state", NOTICE_STATES),
        CheckConstraint("state <> 'sent' OR first_sent_at IS NOT NULL", name="sent_has_time"),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="answer_has_time"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_time"),
        UniqueConstraint("case_id", "party_id"),
        Index("ix_notice_board", "case_id", "state", "country"),
        Index("ix_notice_party", "party_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    party_id: Mapped[Ref] = mapped_column(ForeignKey("party.id"))
    instance_id: Mapped[Ref | None] = mapped_column(unique=True)  # None until its turn to start
    number: Mapped[str] = mapped_column(unique=True)  # RC-2026-0001/N-0007
    country: Mapped[str | None]  # ISO 3166-1 alpha-2, as it was when the notice was opened
    jurisdiction: Mapped[str]
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    is_distributor: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    first_sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # where its recall goes on in another: the notice that its links and replies now belong to
    continued_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("notice.id"), index=True)


class LetterWording(Base):
    """The law's and the house's sentences of letters in a language that Holdfast does not have.

    What is kept is a new version each time; one is in force once another person has signed it.
    """

    __tablename__ = "letter_wording"
    __table_args__ = (
        one_of("state", WORDING_STATES),
        CheckConstraint("(state = 'draft') = (signature_id IS NULL)", name="signed_unless_draft"),
        CheckConstraint("(state = 'draft') = (in_force_at IS NULL)", name="since_unless_draft"),
        CheckConstraint("language NOT IN ('en', 'zh')", name="not_built_in"),
        UniqueConstraint("language", "version"),
        Index(
            "uq_letter_wording_in_force",
            "language",
            unique=True,
            sqlite_where=text("state = 'in_force'"),
            postgresql_where=text("state = 'in_force'"),
        ),
    )

    id: Mapped[Key]
    language: Mapped[str]
    version: Mapped[int]
    state: Mapped[str] = mapped_column(default="draft")
    words: Mapped[dict[str, Any]]  # by the key of the sentence
    sha256: Mapped[str]
    written_at: Mapped[datetime]
    written_by_id: Mapped[Ref]
    in_force_at: Mapped[datetime | None]
    signed_by_id: Mapped[Ref | None]
    signature_id: Mapped[Ref | None]


only_grows(LetterWording, but=("state", "in_force_at", "signed_by_id", "signature_id"))


class NoticeText(Base):
    """What letters of one jurisdiction say in one language; a change is a new version."""

    __tablename__ = "notice_text"
    __table_args__ = (
        one_of("state", TEXT_STATES),
        CheckConstraint(
            "state <> 'approved' OR (approved_at IS NOT NULL AND sha256 IS NOT NULL)",
            name="approved_has_words",
        ),
        CheckConstraint(
            "(language IN ('en', 'zh')) = (wording_id IS NULL)", name="other_language_has_wording"
        ),
        UniqueConstraint("case_id", "jurisdiction", "language", "version"),
        Index(
            "uq_notice_text_standing",
            "case_id",
            "jurisdiction",
            "language",
            unique=True,
            sqlite_where=text("state = 'approved'"),
            postgresql_where=text("state = 'approved'"),
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    instance_id: Mapped[Ref | None] = mapped_column(unique=True)  # the diagram it is approved in
    jurisdiction: Mapped[str]
    language: Mapped[str]
    version: Mapped[int]
    state: Mapped[str] = mapped_column(default="draft")
    words: Mapped[dict[str, Any]]  # what people wrote into the fields of the layout
    sha256: Mapped[str | None]  # of the words as approved
    # the sentences that its letters have around the words, where Holdfast has them not
    wording_id: Mapped[Ref | None] = mapped_column(ForeignKey("letter_wording.id"))
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("notice_text.id"))
    opened_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]  # from then on its letters may go out


class LetterRun(Base):
    """One going out of letters: of one text, to everyone it is due to."""

    __tablename__ = "letter_run"
    __table_args__ = (one_of("kind", RUN_KINDS),)

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"), index=True)
    kind: Mapped[str]
    text_id: Mapped[Ref] = mapped_column(ForeignKey("notice_text.id"))
    scope_version_id: Mapped[Ref | None]
    total_count: Mapped[int]
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[Ref | None]
    paused_at: Mapped[datetime | None]
    paused_by_id: Mapped[Ref | None]
    ended_at: Mapped[datetime | None]


class NoticeLetter(Base):
    """What one consignee got: the letter and its list byte for byte, and how it arrived."""

    __tablename__ = "notice_letter"
    __table_args__ = (
        one_of("state", LETTER_STATES),
        one_of("channel", LETTER_CHANNELS),
        CheckConstraint(
            "(state = 'stored') = (pdf_sha256 IS NOT NULL) OR state = 'void'",
            name="stored_has_bytes",
        ),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_has_cause"),
        CheckConstraint("sent_at IS NULL OR pdf_sha256 IS NOT NULL", name="sent_has_bytes"),
        UniqueConstraint("notice_id", "number"),
        Index("ix_notice_letter_run", "run_id", "state", "id"),
    )

    id: Mapped[Key]
    notice_id: Mapped[Ref] = mapped_column(ForeignKey("notice.id"))
    number: Mapped[int]  # counts the letters of a notice
    run_id: Mapped[Ref] = mapped_column(ForeignKey("letter_run.id"))
    text_id: Mapped[Ref] = mapped_column(ForeignKey("notice_text.id"))
    scope_version_id: Mapped[Ref | None]
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("notice_letter.id"))
    state: Mapped[str] = mapped_column(default="waiting")
    failure: Mapped[str | None]
    change: Mapped[dict[str, Any] | None]  # {"added": […], "cleared": […]} since the one before
    pdf_sha256: Mapped[str | None]
    csv_sha256: Mapped[str | None]
    jws_sha256: Mapped[str | None]
    stored_at: Mapped[datetime | None]
    channel: Mapped[str | None]
    address: Mapped[str | None]  # whom it was sent to, as it was then
    outgoing_key: Mapped[str | None] = mapped_column(unique=True)  # of its mail in the outbox
    sent_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str | None]  # what the mail system said
    courier: Mapped[str | None]
    courier_number: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    delivery_document_id: Mapped[Ref | None]  # proof of delivery


class OutreachAttempt(Base):
    """One try to reach a consignee that has not answered; never rewritten."""

    __tablename__ = "outreach_attempt"
    __table_args__ = (one_of("channel", OUTREACH_CHANNELS), one_of("outcome", OUTREACH_OUTCOMES))

    id: Mapped[Key]
    notice_id: Mapped[Ref] = mapped_column(ForeignKey("notice.id"), index=True)
    channel: Mapped[str]
    at: Mapped[datetime]  # when it was tried
    recorded_at: Mapped[datetime]
    by_id: Mapped[Ref | None]
    outcome: Mapped[str]
    note: Mapped[str]


only_grows(OutreachAttempt)
