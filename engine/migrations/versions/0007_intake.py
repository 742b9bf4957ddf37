"""Intake at full size: mappings, staging, quarantine, priority lists"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = "state IN ('received', 'checked', 'loaded', 'rolled_back')"


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "import_group",
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("usability", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "group_no", name=op.f("pk_import_group")),
    )
    op.create_table(
        "import_line",
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_import_line")),
    )
    with op.batch_alter_table("import_line", schema=None) as batch_op:
        batch_op.create_index("ix_import_line_record", ["entity_id", "entity"], unique=False)

    op.create_table(
        "import_mapping",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("how", db.Json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("source", "kind", name=op.f("uq_import_mapping_source_kind")),
    )
    op.create_table(
        "import_row",
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("other_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("group_no", sa.Integer(), nullable=True),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('new', 'same', 'fill', 'quarantined', 'left_out')",
            name=op.f("ck_import_row_state_is_known"),
        ),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_import_row")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_row_waiting",
            ["batch_id"],
            unique=False,
            sqlite_where=sa.text("state = 'quarantined'"),
            postgresql_where=sa.text("state = 'quarantined'"),
        )

    op.create_table(
        "import_approval",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_approval_batch_id_import_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_approval")),
    )
    with op.batch_alter_table("import_approval", schema=None) as batch_op:
        batch_op.create_index("ix_import_approval_batch", ["batch_id"], unique=False)

    op.create_table(
        "import_correction",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["import_batch.id"],
            name=op.f("fk_import_correction_batch_id_import_batch"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_correction")),
    )
    with op.batch_alter_table("import_correction", schema=None) as batch_op:
        batch_op.create_index("ix_import_correction_row", ["batch_id", "line"], unique=False)

    op.create_table(
        "import_problem",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("facts", db.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_problem_batch_id_import_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problem")),
    )
    with op.batch_alter_table("import_problem", schema=None) as batch_op:
        batch_op.create_index("ix_import_problem_code", ["batch_id", "code"], unique=False)
        batch_op.create_index("ix_import_problem_row", ["batch_id", "line"], unique=False)

    op.create_table(
        "import_progress",
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("failure", db.Json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_progress_batch_id_import_batch")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_import_progress")),
    )
    op.create_table(
        "priority_serial",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "serial", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("removed_why", sa.Text(), nullable=True),
        sa.Column(
            "removed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("removed_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_why IS NULL)",
            name=op.f("ck_priority_serial_removed_why"),
        ),
        sa.ForeignKeyConstraint(
            ["part_id"], ["part.id"], name=op.f("fk_priority_serial_part_id_part")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_serial")),
    )
    with op.batch_alter_table("priority_serial", schema=None) as batch_op:
        batch_op.create_index(
            "ix_priority_serial_one",
            ["serial", "part_id"],
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        )

    op.create_table(
        "legacy_case",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "number",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("continued_as", sa.Text(), nullable=True),
        sa.Column("continued_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "continued_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "state = 'open' OR continued_as IS NULL",
            name=op.f("ck_legacy_case_only_open_goes_on"),
        ),
        sa.CheckConstraint(
            "(continued_as IS NULL) = (continued_at IS NULL)",
            name=op.f("ck_legacy_case_continued_when"),
        ),
        sa.CheckConstraint(
            "state IN ('closed', 'open')", name=op.f("ck_legacy_case_state_is_known")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_legacy_case_lot_id_lot")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_legacy_case_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legacy_case")),
        sa.UniqueConstraint("source", "number", name=op.f("uq_legacy_case_source_number")),
    )
    with op.batch_alter_table("legacy_case", schema=None) as batch_op:
        batch_op.create_index("ix_legacy_case_number", ["number"], unique=False)
        batch_op.create_index("ix_legacy_case_unit", ["unit_id"], unique=False)
        batch_op.create_index("ix_legacy_case_lot", ["lot_id"], unique=False)
        batch_op.create_index("ix_legacy_case_continued_as", ["continued_as"], unique=False)
    for table, name in (("case_file", "migrating_to"), ("answer", "migrated_from")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column(name, sa.Text(), nullable=True))

    # what each row became is kept; a file that waited in quarantine is checked anew from its bytes
    op.execute(
        "INSERT INTO import_line (batch_id, line, entity, entity_id, is_new)"
        " SELECT r.batch_id, r.line, r.entity, r.entity_id, r.is_new FROM staging_row AS r"
        " WHERE r.entity_id IS NOT NULL"
    )
    op.drop_table("staging_row")
    _alter_batches()
    # a column more only: on SQLite a table that others refer to cannot be laid anew in a transaction
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )


def _alter_batches() -> None:
    new: tuple[sa.Column[Any], ...] = (
        sa.Column("mapping", db.Json(), nullable=False, server_default="{}"),
        sa.Column("counts", db.Json(), nullable=False, server_default="{}"),
        sa.Column("checked_at", db.UtcDateTime(), nullable=True),
        sa.Column("loaded_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "loaded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
    )
    # the state that goes is no state of the new rule, and the new ones are none of the old
    name = op.f("ck_import_batch_state_is_known")
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        for column in new:
            batch_op.add_column(column)
    op.execute(
        "UPDATE import_batch SET state = 'received', problem_count = 0 WHERE state = 'quarantined'"
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_check_constraint(name, STATES)
        batch_op.alter_column("mapping", server_default=None)
        batch_op.alter_column("counts", server_default=None)
        batch_op.create_index("ix_import_batch_file", ["file_sha256"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
