"""Drills that are planned again and again"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "drill_plan",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("owner_id", _KEY, nullable=False),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column("made_by_id", _KEY, nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=True),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "every IN ('weekly', 'monthly', 'quarterly')", name=op.f("ck_drill_plan_every_is_known")
        ),
        sa.CheckConstraint(
            "(due_at IS NULL) = (ended_at IS NOT NULL)",
            name=op.f("ck_drill_plan_due_until_it_ends"),
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["person_account.id"],
            name=op.f("fk_drill_plan_made_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person_account.id"], name=op.f("fk_drill_plan_owner_id_person_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_plan")),
    )
    with op.batch_alter_table("drill_plan", schema=None) as batch_op:
        batch_op.create_index("ix_drill_plan_due", ["due_at"], unique=False)

    op.create_table(
        "drill_planned_run",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("plan_id", _KEY, nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("case_id", _KEY, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("told_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_drill_planned_run_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["drill_plan.id"], name=op.f("fk_drill_planned_run_plan_id_drill_plan")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_planned_run")),
        sa.UniqueConstraint("plan_id", "due_at", name=op.f("uq_drill_planned_run_plan_id_due_at")),
    )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
