"""The tables of people: accounts, roles, qualifications, delegations, sessions, access reviews."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows


class PersonAccount(Base):
    """One human being: the account is never shared, renamed to someone else or deleted."""

    __tablename__ = "person_account"
    __table_args__ = (
        CheckConstraint("user_name = lower(user_name)", name="user_name_is_folded"),
        CheckConstraint("language IN ('en', 'zh')", name="language_is_known"),
        CheckConstraint(
            "(password_hash IS NULL) = (password_set_at IS NULL)", name="password_has_a_time"
        ),
        CheckConstraint(
            "(identity_verified_at IS NULL) = (identity_evidence IS NULL)",
            name="identity_has_evidence",
        ),
    )

    id: Mapped[Key]
    user_name: Mapped[str] = mapped_column(unique=True)
    printed_name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    time_zone: Mapped[str] = mapped_column(default="UTC")  # IANA, "Asia/Shanghai"
    site: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    disabled_at: Mapped[datetime | None]
    disabled_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    identity_verified_at: Mapped[datetime | None]  # 21 CFR 11.100(b): before any signature
    identity_verified_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    identity_evidence: Mapped[str | None]  # "passport seen", never its number
    password_hash: Mapped[str | None]
    password_set_at: Mapped[datetime | None]
    password_set_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    # who last set it for them: not the one to verify their identity afterwards
    password_given_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))

    @property
    def is_active(self) -> bool:
        """Say whether the account may sign in at all."""
        return self.disabled_at is None

    @property
    def must_change_password(self) -> bool:
        """Say whether someone else knows the password: then it opens the profile page only."""
        return self.password_set_by_id != self.id


class RoleGrant(Base):
    """One role given to one person; a role that decides counts only once quality confirmed it."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (reason IS NULL)", name="revoked_with_a_reason"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> person_id", name="not_confirmed_by_self"
        ),
        CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> granted_by_id",
            name="granted_and_confirmed_by_two",
        ),
        Index(
            "uq_role_grant_open",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    role: Mapped[str]
    is_signing: Mapped[bool]  # as the role was when granted: needs `confirmed_at`
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    reason: Mapped[str | None]


class Qualification(Base):
    """What a person is trained and assessed for, from when until when, proved by what."""

    __tablename__ = "qualification"
    __table_args__ = (
        CheckConstraint("expires_at IS NULL OR expires_at > valid_from", name="expires_later"),
        CheckConstraint("recorded_by_id <> person_id", name="not_recorded_by_self"),
        Index("ix_qualification_person", "person_id", "code"),
    )

    id: Mapped[Key]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    code: Mapped[str]
    evidence: Mapped[str]  # training record or certificate number
    valid_from: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))


class Delegation(Base):
    """One role of a principal, used by a delegate for a period, in the delegate's own name."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("principal_id <> delegate_id", name="to_someone_else"),
        CheckConstraint("ends_at > starts_at", name="ends_later"),
        Index("ix_delegation_delegate", "delegate_id", "ends_at"),
    )

    id: Mapped[Key]
    principal_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    delegate_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    role: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    delegated_at: Mapped[datetime]
    delegated_by_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))


class WebSession(Base):
    """One signed-in browser; the cookie holds a random token, this row only its hash."""

    __tablename__ = "web_session"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="ended_for_a_reason"),
        Index("ix_web_session_person", "person_id", "ended_at"),
    )

    id: Mapped[Key]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(default="")
    browser: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None]  # signed_out, idle, expired, disabled, role_revoked, password


class SignInAttempt(Base):
    """One try to sign in; the name typed is kept only as a hash: people type passwords there."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_person", "person_id", "at"),)

    id: Mapped[Key]
    name_sha256: Mapped[str]
    person_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    address: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool]


class SignInThrottle(Base):
    """How long one account or one address must wait: `account:<sha256>` or `address:<ip>`."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    failure_count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]
    open_at: Mapped[datetime]


class AccessReview(Base):
    """One look through every role that is held: who looked, when, when the next is due."""

    __tablename__ = "access_review"
    __table_args__ = (
        CheckConstraint("(done_at IS NULL) = (done_by_id IS NULL)", name="done_by_if_done"),
        CheckConstraint("(done_at IS NULL) = (next_due_at IS NULL)", name="next_due_if_done"),
    )

    id: Mapped[Key]
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    next_due_at: Mapped[datetime | None]


class AccessReviewLine(Base):
    """One grant looked at in a review, and whether it was kept or removed."""

    __tablename__ = "access_review_line"
    __table_args__ = (
        UniqueConstraint("review_id", "grant_id"),
        CheckConstraint("decision IN ('kept', 'removed')", name="kept_or_removed"),
        CheckConstraint(
            "(decision IS NULL) = (decided_by_id IS NULL)", name="decided_by_if_decided"
        ),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> person_id", name="not_own"),
    )

    id: Mapped[Key]
    review_id: Mapped[Ref] = mapped_column(ForeignKey("access_review.id"))
    grant_id: Mapped[Ref] = mapped_column(ForeignKey("role_grant.id"))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    reason: Mapped[str] = mapped_column(default="")


only_grows(SignInAttempt)
