"""Intake: files as they came, batches, staged rows, what is wrong, and what each row became."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import Exact, Usability, one_of
from engine.words import N_

BATCH_STATES = {
    "received": N_("Not checked yet"),
    "checked": N_("Checked, nothing loaded yet"),
    "loaded": N_("Loaded"),
    "rolled_back": N_("Taken back"),
}
ROW_STATES = {
    "new": "New",
    "same": "Already recorded",
    "fill": "Fills empty fields",
    "quarantined": "In quarantine",
    "left_out": "Left out by a person",
}
BatchRef = Annotated[int, mapped_column(KeyType, ForeignKey("import_batch.id"))]
# half a million rows are checked one by one against a foreign key: these two tables have none
BatchId = Annotated[int, mapped_column(KeyType, primary_key=True, autoincrement=False)]


class ImportFile(Base):
    """A file as it came, by its SHA-256; its bytes lie in the document store.

    `content` holds the bytes of files that were taken in before the store kept them: they have no
    `size`.
    """

    __tablename__ = "import_file"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int | None] = mapped_column(KeyType)
    content: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class ImportBatch(Base):
    """One file of one kind from one source: kept, checked, loaded, perhaps taken back.

    `mapping` is how it is read (columns, encoding, date order, aliases), `counts` what the last
    check found, `recording` the events of its loads.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        one_of("state", BATCH_STATES),
        CheckConstraint(
            "(state = 'rolled_back') = (rolled_back_at IS NOT NULL)", name="rolled_back_when"
        ),
        Index("ix_import_batch_file", "file_sha256"),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(ForeignKey("import_file.sha256"))
    source: Mapped[str]
    state: Mapped[str]
    line_count: Mapped[int]
    problem_count: Mapped[int]  # rows in quarantine
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    loaded_at: Mapped[datetime | None]
    loaded_by_id: Mapped[Ref | None]
    rolled_back_at: Mapped[datetime | None]
    rolled_back_by_id: Mapped[Ref | None]


class ImportProgress(Base):
    """How far the long work on a batch is; in a row of its own, for the batch itself is locked."""

    __tablename__ = "import_progress"

    batch_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("import_batch.id"), primary_key=True, autoincrement=False
    )
    phase: Mapped[str]
    done_count: Mapped[int]
    total_count: Mapped[int]
    at: Mapped[datetime]
    failure: Mapped[dict[str, Any] | None]  # the sentence and its facts, for a page to translate


class ImportRow(Base):
    """One row on its way in: its cells as standardised text, and what they refer to.

    `key` together with the part says what would be the same thing; without one it is never the
    same. Rows that are loaded leave this table: `ImportLine` keeps what became of them.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        one_of("state", ROW_STATES),
        Index(
            "ix_import_row_waiting",
            "batch_id",
            sqlite_where=text("state = 'quarantined'"),
            postgresql_where=text("state = 'quarantined'"),
        ),
    )

    batch_id: Mapped[BatchId]
    line: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    key: Mapped[Exact | None]
    part_id: Mapped[Ref | None]
    party_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    unit_id: Mapped[Ref | None]
    location_id: Mapped[Ref | None]
    other_id: Mapped[Ref | None]  # the host, the lot made of it, or what is there already
    group_no: Mapped[int | None]  # rows of one become one event; of a row twice, the first's line
    cells: Mapped[str]  # in the order of the batch's columns, split by U+001F


class ImportGroup(Base):
    """Rows that become one event, while they are being loaded."""

    __tablename__ = "import_group"

    batch_id: Mapped[BatchId]
    group_no: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[Ref]
    usability: Mapped[Usability]


class ImportProblem(Base):
    """One thing wrong with one row in quarantine: its column, a code, and the facts to say it."""

    __tablename__ = "import_problem"
    __table_args__ = (
        Index("ix_import_problem_row", "batch_id", "line"),
        Index("ix_import_problem_code", "batch_id", "code"),
    )

    id: Mapped[Key]
    batch_id: Mapped[BatchRef]
    line: Mapped[int]
    column: Mapped[str]
    code: Mapped[str]
    facts: Mapped[dict[str, Any]]


class ImportLine(Base):
    """What a row of a file became: the record, and whether the row made it or filled it."""

    __tablename__ = "import_line"
    __table_args__ = (Index("ix_import_line_record", "entity_id", "entity"),)

    batch_id: Mapped[BatchId]
    line: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str]
    entity_id: Mapped[int] = mapped_column(KeyType)
    is_new: Mapped[bool]
    event_id: Mapped[Ref | None]


class ImportCorrection(Base):
    """One cell of a row that a person corrected: what it was, what it is, who and when."""

    __tablename__ = "import_correction"
    __table_args__ = (Index("ix_import_correction_row", "batch_id", "line"),)

    id: Mapped[Key]
    batch_id: Mapped[BatchRef]
    line: Mapped[int]
    column: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


class ImportMapping(Base):
    """How the files of one kind from one source are read, kept for the next one."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("source", "kind"),)

    id: Mapped[Key]
    source: Mapped[str]
    kind: Mapped[str]
    how: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


class PrioritySerial(Base):
    """One serial number that no file touches without a second person; and why."""

    __tablename__ = "priority_serial"
    __table_args__ = (
        CheckConstraint("(removed_at IS NULL) = (removed_why IS NULL)", name="removed_why"),
        Index(
            "ix_priority_serial_one",
            "serial",
            "part_id",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    part_id: Mapped[int] = mapped_column(KeyType, ForeignKey("part.id"))
    serial: Mapped[Exact]
    reason: Mapped[str]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]
    removed_why: Mapped[str | None]
    removed_by_id: Mapped[Ref | None]
    removed_at: Mapped[datetime | None]


class ImportApproval(Base):
    """A second person's leave to load a batch that touches protected serials, bound to the file."""

    __tablename__ = "import_approval"
    __table_args__ = (Index("ix_import_approval_batch", "batch_id"),)

    id: Mapped[Key]
    batch_id: Mapped[BatchRef]
    shown: Mapped[str]  # what was shown: the fingerprint of the check that it approves
    reason: Mapped[str]
    by_id: Mapped[Ref]
    at: Mapped[datetime]


only_grows(ImportFile)
only_grows(ImportCorrection)
only_grows(ImportApproval)
only_grows(PrioritySerial, but=("removed_why", "removed_by_id", "removed_at"))
