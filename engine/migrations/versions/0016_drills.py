"""Drills and the lot of the night"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _number(name: str, *, nullable: bool = False, counts: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=counts, nullable=nullable)


def upgrade() -> None:
    """Take the step."""
    _nights()
    _traces()


def _nights() -> None:
    op.create_table(
        "trace_night",
        _number("id", counts=True),
        sa.Column("committed_at", db.UtcDateTime(), nullable=False),
        sa.Column("wanted_count", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("seed_sha256", sa.Text(), nullable=False),
        sa.Column("drawn_at", db.UtcDateTime(), nullable=True),
        _number("last_unit_id", nullable=True),
        _number("last_lot_id", nullable=True),
        sa.Column("sample_sha256", sa.Text(), nullable=True),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        _number("owner_id", nullable=True),
        _number("looked_at_by_id", nullable=True),
        sa.Column("looked_at_at", db.UtcDateTime(), nullable=True),
        sa.Column("looked_at_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('held', 'low', 'differs')", name=op.f("ck_trace_night_outcome_is_known")
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR ended_at IS NOT NULL",
            name=op.f("ck_trace_night_outcome_at_the_end"),
        ),
        sa.CheckConstraint(
            "ended_at IS NULL OR drawn_at IS NOT NULL",
            name=op.f("ck_trace_night_drawn_before_it_ends"),
        ),
        sa.CheckConstraint(
            "looked_at_at IS NULL OR looked_at_reason IS NOT NULL",
            name=op.f("ck_trace_night_looked_at_with_a_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_night")),
    )
    with op.batch_alter_table("trace_night", schema=None) as batch_op:
        batch_op.create_index("ix_trace_night_ended", ["ended_at"], unique=False)
        batch_op.create_index(
            "ix_trace_night_unsettled",
            ["outcome", "owner_id"],
            unique=False,
            sqlite_where=sa.text("looked_at_at IS NULL AND outcome <> 'held'"),
            postgresql_where=sa.text("looked_at_at IS NULL AND outcome <> 'held'"),
        )


def _traces() -> None:
    op.create_table(
        "night_trace",
        _number("night_id"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        _number("what_id"),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("part_no", sa.Text(), nullable=False),
        _number("unit_count"),
        _number("resolved_count"),
        sa.Column("input_count", sa.Integer(), nullable=False),
        sa.Column("known_input_count", sa.Integer(), nullable=False),
        sa.Column("broken_count", sa.Integer(), nullable=False),
        sa.Column("broken", db.Json(), nullable=False),
        sa.Column("compared", sa.Text(), nullable=False),
        sa.Column("difference", db.Json(), nullable=True),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        _number("took_us"),
        sa.CheckConstraint(
            "direction IN ('forward', 'backward')", name=op.f("ck_night_trace_direction_is_known")
        ),
        sa.CheckConstraint("what IN ('lot', 'unit')", name=op.f("ck_night_trace_what_is_known")),
        sa.CheckConstraint(
            "compared IN ('equal', 'differs', 'not_compared')",
            name=op.f("ck_night_trace_compared_is_known"),
        ),
        sa.CheckConstraint(
            "resolved_count <= unit_count", name=op.f("ck_night_trace_resolves_what_is_there")
        ),
        sa.CheckConstraint(
            "known_input_count <= input_count", name=op.f("ck_night_trace_knows_what_went_in")
        ),
        sa.CheckConstraint(
            "(compared = 'equal') = (difference IS NULL)",
            name=op.f("ck_night_trace_says_what_differs"),
        ),
        sa.ForeignKeyConstraint(
            ["night_id"], ["trace_night.id"], name=op.f("fk_night_trace_night_id_trace_night")
        ),
        sa.PrimaryKeyConstraint("night_id", "number", name=op.f("pk_night_trace")),
    )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
