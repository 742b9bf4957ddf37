"""What a person has scanned and not yet done anything with: working paper, not a record."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref
from engine.serials.models.axes import Exact


class ScanLine(Base):
    """One scan in a person's batch; scanned again it counts again and stays one line."""

    __tablename__ = "scan_line"
    __table_args__ = (
        UniqueConstraint("person_id", "text"),
        CheckConstraint("times > 0", name="scanned_at_least_once"),
    )

    id: Mapped[Key]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    text: Mapped[Exact]
    times: Mapped[int] = mapped_column(default=1)
    scanned_at: Mapped[datetime]
