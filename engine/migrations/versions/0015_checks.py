"""Effectiveness checks and status reports"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "effectiveness_plan",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("percent", db.Quantity(), nullable=False),
        sa.Column("census_below", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("seed_sha256", sa.Text(), nullable=False),
        sa.Column("frame_sha256", sa.Text(), nullable=True),
        sa.Column("committed_at", db.UtcDateTime(), nullable=False),
        sa.Column("frozen_at", db.UtcDateTime(), nullable=True),
        sa.Column("drawn_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "level IN ('A', 'B', 'C', 'D', 'E')", name=op.f("ck_effectiveness_plan_level_is_known")
        ),
        sa.CheckConstraint(
            "(frozen_at IS NULL) = (frame_sha256 IS NULL)",
            name=op.f("ck_effectiveness_plan_frozen_with_its_frame"),
        ),
        sa.CheckConstraint(
            "drawn_at IS NULL OR frozen_at IS NOT NULL",
            name=op.f("ck_effectiveness_plan_drawn_after_frozen"),
        ),
        sa.CheckConstraint(
            "percent BETWEEN 0 AND 100000000", name=op.f("ck_effectiveness_plan_percent_is_a_share")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_effectiveness_plan_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effectiveness_plan")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_effectiveness_plan_case_id_number")),
    )
    op.create_table(
        "effectiveness_frame",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice_number", sa.Text(), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("is_drawn", sa.Boolean(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["effectiveness_plan.id"],
            name=op.f("fk_effectiveness_frame_plan_id_effectiveness_plan"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effectiveness_frame")),
        sa.UniqueConstraint(
            "plan_id", "notice_number", name=op.f("uq_effectiveness_frame_plan_id_notice_number")
        ),
    )
    with op.batch_alter_table("effectiveness_frame", schema=None) as batch_op:
        batch_op.create_index("ix_effectiveness_frame_instance", ["instance_id"], unique=False)

    op.create_table(
        "effectiveness_check",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("frame_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("received", sa.Boolean(), nullable=False),
        sa.Column("understood", sa.Boolean(), nullable=False),
        sa.Column("acted", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(result = 'effective') = (received AND understood AND acted)",
            name=op.f("ck_effectiveness_check_effective_if_it_acted"),
        ),
        sa.CheckConstraint(
            "result IN ('effective', 'not_effective', 'not_reached')",
            name=op.f("ck_effectiveness_check_result_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["frame_id"],
            ["effectiveness_frame.id"],
            name=op.f("fk_effectiveness_check_frame_id_effectiveness_frame"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effectiveness_check")),
        sa.UniqueConstraint(
            "frame_id", "number", name=op.f("uq_effectiveness_check_frame_id_number")
        ),
    )

    op.create_table(
        "status_report",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("taken_at", db.UtcDateTime(), nullable=False),
        sa.Column("figures", db.Json(), nullable=False),
        sa.Column("approved_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by_id IS NULL)",
            name=op.f("ck_status_report_approved_by_one"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_status_report_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_report")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_status_report_case_id_number")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_status_report_instance_id")),
    )
    op.create_table(
        "status_schedule",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("since", db.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "every_days BETWEEN 1 AND 366", name=op.f("ck_status_schedule_at_least_yearly")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_status_schedule_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_schedule")),
    )
    with op.batch_alter_table("status_schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_status_schedule_case_id"), ["case_id"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
