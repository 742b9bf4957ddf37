"""Costs of a case, and what they are held against"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CATEGORIES = (
    "'investigation', 'test_lab', 'retrieval', 'line_stop', 'expedite', 'scrap', 'disposition',"
    " 'rework', 'retest', 'returns', 'field_action', 'warranty', 'penalties', 'appraisal',"
    " 'prevention'"
)


def _number(name: str, *, nullable: bool = False, counts: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=counts, nullable=nullable)


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "cost_line",
        _number("id", counts=True),
        _number("case_id"),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("hours", db.Quantity(), nullable=True),
        sa.Column("amount", db.Quantity(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("spent_on", sa.Date(), nullable=False),
        _number("answer_id", nullable=True),
        _number("by_id", nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        _number("supersedes_id", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            f"category IN ({CATEGORIES})", name=op.f("ck_cost_line_category_is_known")
        ),
        sa.CheckConstraint(
            "(amount IS NULL) = (currency IS NULL)", name=op.f("ck_cost_line_amount_in_a_currency")
        ),
        sa.CheckConstraint(
            "hours IS NULL OR amount IS NULL", name=op.f("ck_cost_line_hours_or_amount")
        ),
        sa.CheckConstraint(
            "hours IS NULL OR hours > 0", name=op.f("ck_cost_line_hours_above_zero")
        ),
        sa.CheckConstraint(
            "amount IS NULL OR amount > 0", name=op.f("ck_cost_line_amount_above_zero")
        ),
        sa.CheckConstraint(
            "hours IS NOT NULL OR amount IS NOT NULL OR supersedes_id IS NOT NULL",
            name=op.f("ck_cost_line_says_something"),
        ),
        sa.CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL",
            name=op.f("ck_cost_line_corrected_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_cost_line_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["answer.id"], name=op.f("fk_cost_line_answer_id_answer")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["cost_line.id"], name=op.f("fk_cost_line_supersedes_id_cost_line")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_line")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_cost_line_supersedes_id")),
    )
    with op.batch_alter_table("cost_line", schema=None) as batch_op:
        batch_op.create_index("ix_cost_line_case", ["case_id", "spent_on"], unique=False)
        batch_op.create_index("ix_cost_line_spent", ["spent_on"], unique=False)
        batch_op.create_index("ix_cost_line_answer", ["answer_id"], unique=False)
    op.create_table(
        "cost_standard",
        _number("id", counts=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", db.Quantity(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _number("by_id"),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "name IN ('labour_rate', 'net_sales', 'baseline')",
            name=op.f("ck_cost_standard_name_is_known"),
        ),
        sa.CheckConstraint(
            "(name = 'baseline') = (from_on IS NULL)",
            name=op.f("ck_cost_standard_baseline_is_of_no_day"),
        ),
        sa.CheckConstraint(
            "(name = 'baseline') = (currency IS NULL)",
            name=op.f("ck_cost_standard_money_has_a_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_standard")),
    )
    with op.batch_alter_table("cost_standard", schema=None) as batch_op:
        batch_op.create_index("ix_cost_standard_name", ["name", "key", "from_on"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
