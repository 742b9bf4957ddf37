"""What consignees answer: the links they answer by, each reply word for word, and its lines."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.serials.models.axes import one_of
from engine.words import N_

LINK_KINDS = {
    "consignee": N_("The consignee's own link"),
    "colleague": N_("Passed to a colleague"),
    "customers": N_("For the customers of a distributor"),
    "customer": N_("One customer of a distributor"),
}
CHANNELS = {
    "link": N_("Reply page"),
    "telephone": N_("Telephone"),
    "fax": N_("Fax"),
    "email": N_("E-mail"),
    "letter": N_("Letter"),
    "visit": N_("Visit"),
}
# what became of a unit or a quantity of a lot, in the consignee's words
OUTCOMES = {
    "quarantined": N_("Have it, quarantined"),
    "in_use_until_corrected": N_("Still in use until corrected"),
    "used": N_("Used or implanted"),
    "returned": N_("Returned"),
    "destroyed": N_("Destroyed"),
    "passed_on": N_("Passed on"),
    "not_found": N_("Not found"),
    "not_ours": N_("Not ours"),
    "none": N_("None left"),
}
FINDINGS = {
    "differs": N_("Differs from an earlier reply"),
    "more_than_shipped": N_("More than was shipped"),
    "not_listed": N_("Not among what was shipped there"),
    "not_ours": N_("Said never to have been theirs"),
    "elsewhere": N_("Recorded with another consignee"),
    "with_us": N_("Recorded as back with us already"),
    "destroyed_too_early": N_("Destroyed before the authority let it be"),
    "case_over": N_("Came when the recall was over"),
}


class NoticeLink(Base):
    """One address that answers one notice; only the hash of its token is kept.

    A link that is passed on names the one it came from. It ends by time, or by hand.
    """

    __tablename__ = "notice_link"
    __table_args__ = (
        one_of("kind", LINK_KINDS),
        CheckConstraint("expires_at > issued_at", name="expires_later"),
        CheckConstraint(
            "(forwarded_from_id IS NULL) = (kind = 'consignee')", name="forwarded_has_source"
        ),
        Index("ix_notice_link_notice", "notice_id", "kind"),
    )

    id: Mapped[Key]
    notice_id: Mapped[Ref] = mapped_column(ForeignKey("notice.id"))
    kind: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[Ref | None]  # nobody where a newer one took its place
    forwarded_from_id: Mapped[Ref | None] = mapped_column(ForeignKey("notice_link.id"))
    name: Mapped[str | None]  # whom it was passed on to: a person, or a customer
    address: Mapped[str | None]  # where it was sent
    # of a customer: when somebody said that it is one; by nobody of ours where its distributor did
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[Ref | None]


class Reply(Base):
    """One version of what a consignee, or a customer of a distributor, said; never rewritten."""

    __tablename__ = "reply"
    __table_args__ = (
        one_of("channel", CHANNELS),
        CheckConstraint("(channel = 'link') = (link_id IS NOT NULL)", name="link_if_by_link"),
        CheckConstraint("(channel = 'link') = (by_id IS NULL)", name="recorded_by_one"),
        CheckConstraint(
            "(customer IS NULL) = (customer_link_id IS NULL)", name="customer_has_its_link"
        ),
        UniqueConstraint("notice_id", "version"),
    )

    id: Mapped[Key]
    notice_id: Mapped[Ref] = mapped_column(ForeignKey("notice.id"))
    link_id: Mapped[Ref | None] = mapped_column(ForeignKey("notice_link.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)  # RC-2026-0001/N-0007/R-2
    version: Mapped[int]
    channel: Mapped[str]
    # of which customer of a distributor it is: its own link, and how it named itself
    customer_link_id: Mapped[Ref | None] = mapped_column(ForeignKey("notice_link.id"))
    customer: Mapped[str | None]
    name: Mapped[str]
    role: Mapped[str]
    contact: Mapped[str | None]  # a telephone number or address to ask back
    language: Mapped[str]
    text_id: Mapped[Ref | None]  # the text it answers
    instructions: Mapped[list[Any]]  # which were carried out: {"text", "is_done"}
    is_none: Mapped[bool] = mapped_column(default=False)  # they have none of it
    replacement: Mapped[str | None]  # how many they need, in their words
    patients_informed_count: Mapped[int | None]
    customer_count: Mapped[int | None]  # of a distributor: how many it sold to,
    customer_informed_count: Mapped[int | None]  # … told,
    customer_answered_count: Mapped[int | None]  # … and heard from
    note: Mapped[str | None]
    warnings: Mapped[list[Any]]  # what looked like a patient's identity when it was sent
    document_ids: Mapped[list[Any]]
    received_at: Mapped[datetime]  # when it came
    recorded_at: Mapped[datetime]
    by_id: Mapped[Ref | None]  # who wrote down what came otherwise
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("reply.id"), unique=True)
    sha256: Mapped[str]  # of all it says


class ReplyLine(Base):
    """What a reply says of one unit, of a quantity of one lot, or of something we do not list."""

    __tablename__ = "reply_line"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint(
            "CASE WHEN unit_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN lot_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN said IS NULL THEN 0 ELSE 1 END = 1",
            name="one_target",
        ),
        CheckConstraint("quantity > 0", name="quantity_above_zero"),
        Index("ix_reply_line_reply", "reply_id"),
        Index("ix_reply_line_unit", "unit_id"),
    )

    id: Mapped[Key]
    reply_id: Mapped[Ref] = mapped_column(ForeignKey("reply.id"))
    unit_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    said: Mapped[str | None]  # a number that is not on their list, as it was typed
    quantity: Mapped[Decimal]
    outcome: Mapped[str]
    passed_on_to: Mapped[str | None]


class ReplyFinding(Base):
    """Something in a reply that a person looks into."""

    __tablename__ = "reply_finding"
    __table_args__ = (
        one_of("kind", FINDINGS),
        Index("ix_reply_finding_reply", "reply_id"),
        Index("ix_reply_finding_instance", "instance_id"),
    )

    id: Mapped[Key]
    reply_id: Mapped[Ref] = mapped_column(ForeignKey("reply.id"))
    kind: Mapped[str]
    unit_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    said: Mapped[str | None]
    before: Mapped[str | None]  # what stood: outcomes and quantities
    after: Mapped[str | None]  # what this reply says
    instance_id: Mapped[Ref | None]  # the diagram that has it looked into; none when all is over


class ReplyDraft(Base):
    """What was typed on the page and not sent yet; gone when it is sent or grown old."""

    __tablename__ = "reply_draft"
    __table_args__ = (UniqueConstraint("link_id", "key"),)

    id: Mapped[Key]
    link_id: Mapped[Ref] = mapped_column(ForeignKey("notice_link.id"))
    key: Mapped[str]  # of the form: the reply is sent under it, once
    typed: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime] = mapped_column(index=True)


class ReplyUpload(Base):
    """A file that came with a draft."""

    __tablename__ = "reply_upload"
    __table_args__ = (UniqueConstraint("draft_id", "sha256"),)

    id: Mapped[Key]
    draft_id: Mapped[Ref] = mapped_column(ForeignKey("reply_draft.id"))
    sha256: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int]
    at: Mapped[datetime]


only_grows(Reply)
only_grows(ReplyLine)
only_grows(ReplyFinding, but=("instance_id",))
only_grows(NoticeLink, but=("revoked_at", "revoked_by_id", "confirmed_at", "confirmed_by_id"))
