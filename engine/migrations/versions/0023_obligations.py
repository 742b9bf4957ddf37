"""Obligations of a recall, and every due time they had"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _number(name: str, *, nullable: bool = False, counts: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=counts, nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, db.UtcDateTime(), nullable=nullable)


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "obligation",
        _number("id", counts=True),
        _number("case_id"),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("shared", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("opened_at", nullable=False),
        _moment("started_at"),
        _moment("latest_at"),
        _moment("alarm_at"),
        _moment("target_at"),
        sa.Column("arithmetic", db.Json(), nullable=False),
        _moment("met_at"),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        _number("met_by_id", nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'met', 'dropped')", name=op.f("ck_obligation_state_is_known")
        ),
        sa.CheckConstraint(
            "(state = 'met') = (met_at IS NOT NULL) AND (met_at IS NULL) = (receipt IS NULL)"
            " AND (met_at IS NULL) = (channel IS NULL) AND (met_at IS NULL) = (met_by_id IS NULL)",
            name=op.f("ck_obligation_met_with_its_receipt"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_obligation_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation")),
        sa.UniqueConstraint(
            "case_id",
            "jurisdiction",
            "authority",
            "shared",
            "number",
            name=op.f("uq_obligation_case_id_jurisdiction_authority_shared_number"),
        ),
    )
    with op.batch_alter_table("obligation", schema=None) as batch_op:
        batch_op.create_index("ix_obligation_due", ["state", "alarm_at"], unique=False)
    op.create_table(
        "obligation_clock",
        _number("id", counts=True),
        _number("obligation_id"),
        _moment("at", nullable=False),
        _number("by_id", nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        _moment("alarm_at"),
        sa.Column("arithmetic", db.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"],
            ["obligation.id"],
            name=op.f("fk_obligation_clock_obligation_id_obligation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation_clock")),
    )
    with op.batch_alter_table("obligation_clock", schema=None) as batch_op:
        batch_op.create_index("ix_obligation_clock_of", ["obligation_id"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
