"""The tables of the interface: service accounts, tokens, and what was asked with them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows


class ServiceAccount(Base):
    """An account that is a system, not a human being: no password, no signature, tokens only."""

    __tablename__ = "service_account"

    person_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("person_account.id"), primary_key=True, autoincrement=False
    )
    purpose: Mapped[str]
    # the human being who answers for what it does
    responsible_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))


class ApiToken(Base):
    """One token of the interface: only its hash is kept, and the beginning that tells it apart."""

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_later"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by_one"),
        Index("ix_api_token_person", "person_id"),
    )

    id: Mapped[Key]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    name: Mapped[str]
    prefix: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_used_from: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))


class InterfaceCall(Base):
    """One request that changed something or was refused; the body is kept as its hash only."""

    __tablename__ = "interface_call"
    __table_args__ = (
        Index("ix_interface_call_at", "at"),
        Index("ix_interface_call_person", "person_id", "at"),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    person_id: Mapped[Ref | None] = mapped_column(ForeignKey("person_account.id"))
    token_id: Mapped[Ref | None] = mapped_column(ForeignKey("api_token.id"))
    address: Mapped[str]
    method: Mapped[str]
    path: Mapped[str]
    status: Mapped[int]
    said: Mapped[str]  # the sentence of a refusal, empty when it was carried out
    idempotency_key: Mapped[str | None]
    body_sha256: Mapped[str | None]
    milliseconds: Mapped[int]


only_grows(InterfaceCall)
only_grows(
    ApiToken,
    but=("last_used_at", "last_used_from", "revoked_at", "revoked_by_id"),
)
