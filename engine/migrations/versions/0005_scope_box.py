"""Readings of the gap radar"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "gap_reading",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_count", sa.Integer(), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("worst", db.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_reading")),
        sa.UniqueConstraint("at", "kind", name=op.f("uq_gap_reading_at_kind")),
    )
    with op.batch_alter_table("gap_reading", schema=None) as batch_op:
        batch_op.create_index("ix_gap_reading_kind", ["kind", "at"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
