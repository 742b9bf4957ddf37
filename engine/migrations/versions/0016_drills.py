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
    _clocks()
    _robots()
    _drills()


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


def _clocks() -> None:
    """Let what goes by a clock of its own say by which; what was there goes by the server's."""
    for table in ("process_instance", "job"):
        op.add_column(table, sa.Column("clock", sa.Text(), nullable=True))


def _robots() -> None:
    op.create_table(
        "drill_robot",
        _number("person_id"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_drill_robot_person_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_drill_robot")),
        sa.UniqueConstraint("role", "number", name=op.f("uq_drill_robot_role_number")),
    )


def _drills() -> None:
    op.create_table(
        "drill",
        _number("case_id"),
        sa.Column("is_attended", sa.Boolean(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=True),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("seed_sha256", sa.Text(), nullable=False),
        sa.Column("started_at", db.UtcDateTime(), nullable=False),
        _number("started_by_id", nullable=True),
        sa.Column("beat_at", db.UtcDateTime(), nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("result", db.Json(), nullable=True),
        _number("document_id", nullable=True),
        sa.CheckConstraint(
            "outcome IN ('passed', 'failed', 'abandoned')", name=op.f("ck_drill_outcome_is_known")
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_drill_outcome_at_the_end")
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome = 'abandoned' OR result IS NOT NULL",
            name=op.f("ck_drill_scored"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome <> 'abandoned' OR reason IS NOT NULL",
            name=op.f("ck_drill_abandoned_with_a_reason"),
        ),
        sa.CheckConstraint(
            "is_attended = (clock IS NULL)", name=op.f("ck_drill_robots_have_a_clock")
        ),
        sa.CheckConstraint("speed > 0", name=op.f("ck_drill_speed_above_zero")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_drill_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_drill")),
        sa.UniqueConstraint("clock", name=op.f("uq_drill_clock")),
    )
    op.create_index("ix_drill_ended", "drill", ["outcome", "ended_at"], unique=False)
    op.create_table(
        "simulated_hold",
        _number("id", counts=True),
        _number("case_id"),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("target_count", sa.Integer(), nullable=False),
        sa.Column("placed_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_simulated_hold_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulated_hold")),
    )
    op.create_index("ix_simulated_hold_case", "simulated_hold", ["case_id"], unique=False)
    op.create_table(
        "synthetic_answer",
        _number("id", counts=True),
        _number("case_id"),
        _number("notice_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=True),
        sa.Column("given_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_synthetic_answer_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_synthetic_answer_notice_id_notice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_synthetic_answer")),
        sa.UniqueConstraint(
            "notice_id", "number", name=op.f("uq_synthetic_answer_notice_id_number")
        ),
    )
    op.create_index("ix_synthetic_answer_case_id", "synthetic_answer", ["case_id"], unique=False)
    op.create_index(
        "ix_synthetic_answer_due",
        "synthetic_answer",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("given_at IS NULL"),
        postgresql_where=sa.text("given_at IS NULL"),
    )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
