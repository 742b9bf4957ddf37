"""Frozen scope versions of a recall"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "scope_version",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counts", db.Json(), nullable=False),
        sa.Column(
            "proposed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("proposed_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "frozen_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("frozen_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "change_instance_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'frozen', 'withdrawn')",
            name=op.f("ck_scope_version_state_is_known"),
        ),
        sa.CheckConstraint(
            "(state = 'frozen') = (frozen_at IS NOT NULL)",
            name=op.f("ck_scope_version_frozen_at_if_frozen"),
        ),
        sa.CheckConstraint(
            "state = 'frozen' OR supersedes_id IS NULL",
            name=op.f("ck_scope_version_frozen_supersedes"),
        ),
        sa.CheckConstraint(
            "state = 'frozen' OR signature_id IS NULL",
            name=op.f("ck_scope_version_frozen_is_signed"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_scope_version_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["trace_run.id"], name=op.f("fk_scope_version_run_id_trace_run")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["scope_version.id"],
            name=op.f("fk_scope_version_supersedes_id_scope_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scope_version")),
        sa.UniqueConstraint("change_instance_id", name=op.f("uq_scope_version_change_instance_id")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_scope_version_case_id_number")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_scope_version_supersedes_id")),
    )
    with op.batch_alter_table("scope_version", schema=None) as batch_op:
        batch_op.create_index(
            "ix_scope_version_first",
            ["case_id"],
            unique=True,
            sqlite_where=sa.text("state = 'frozen' AND supersedes_id IS NULL"),
            postgresql_where=sa.text("state = 'frozen' AND supersedes_id IS NULL"),
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
