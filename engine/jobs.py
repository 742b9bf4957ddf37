"""Long work as rows: what is to be done, how far it is, what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, Key


class Job(Base):
    """One piece of work for later, done at least once; `key` makes asking twice harmless."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "due_at"),)

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]  # the verb that does it, looked up in `db.info["job_verbs"]`
    body: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    done_count: Mapped[int] = mapped_column(default=0)
    total_count: Mapped[int] = mapped_column(default=1)
    done_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    failure: Mapped[str | None]  # the last one, in words


def ask(
    db: Session, key: str, *, name: str, body: dict[str, Any], at: datetime, total_count: int = 1
) -> Job:
    """Ask for work to be done after this transaction commits; flushes."""
    job = Job(key=key, name=name, body=body, asked_at=at, due_at=at, total_count=total_count)
    db.add(job)
    db.flush()
    return job
