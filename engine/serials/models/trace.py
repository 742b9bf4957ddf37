"""What was traced, when, and what came out."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref
from engine.serials.models.axes import freeze


class TraceRun(Base):
    """One trace as it was answered; never recomputed, only run again."""

    __tablename__ = "trace_run"

    id: Mapped[Key]
    direction: Mapped[str]
    seeds: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    result_sha256: Mapped[str]
    unit_count: Mapped[int]
    last_event_id: Mapped[int] = mapped_column(KeyType)  # the newest event it could see
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


freeze(TraceRun.__table__)
