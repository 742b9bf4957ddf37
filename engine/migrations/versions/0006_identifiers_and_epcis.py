"""Scans, labels and EPCIS capture jobs"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "scan_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "text", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("scanned_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_scan_line_scanned_at_least_once")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person_account.id"], name=op.f("fk_scan_line_person_id_person_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_line")),
        sa.UniqueConstraint("person_id", "text", name=op.f("uq_scan_line_person_id_text")),
    )

    op.create_table(
        "epcis_capture",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("received_at", db.UtcDateTime(), nullable=False),
        sa.Column("error_behaviour", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("finished_at", db.UtcDateTime(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("captured_count", sa.Integer(), nullable=False),
        sa.Column("known_count", sa.Integer(), nullable=False),
        sa.Column("errors", db.Json(), nullable=False),
        sa.CheckConstraint(
            "error_behaviour IN ('rollback', 'proceed')",
            name=op.f("ck_epcis_capture_error_behaviour_is_known"),
        ),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (success IS NULL)",
            name=op.f("ck_epcis_capture_finished_somehow"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_epcis_capture_person_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epcis_capture")),
        sa.UniqueConstraint("uuid", name=op.f("uq_epcis_capture_uuid")),
    )
    op.create_table(
        "epcis_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "capture_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "epcis_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("is_declaration", sa.Boolean(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("event_at", db.UtcDateTime(), nullable=False),
        sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
        sa.Column("body", db.Json(), nullable=False),
        sa.Column("context", db.Json(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("flags", db.Json(), nullable=False),
        sa.Column("taken_back_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["capture_id"],
            ["epcis_capture.id"],
            name=op.f("fk_epcis_event_capture_id_epcis_capture"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_epcis_event_event_id_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epcis_event")),
    )
    with op.batch_alter_table("epcis_event", schema=None) as batch_op:
        batch_op.create_index("ix_epcis_event_at", ["event_at", "id"], unique=False)
        batch_op.create_index(
            "ix_epcis_event_id",
            ["epcis_id", "is_declaration"],
            unique=True,
            sqlite_where=sa.text("taken_back_at IS NULL"),
            postgresql_where=sa.text("taken_back_at IS NULL"),
        )
        batch_op.create_index("ix_epcis_event_ours", ["event_id"], unique=False)
        batch_op.create_index("ix_epcis_event_recorded", ["recorded_at", "id"], unique=False)

    op.create_table(
        "epcis_name",
        sa.Column(
            "epcis_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "value", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["epcis_event_id"],
            ["epcis_event.id"],
            name=op.f("fk_epcis_name_epcis_event_id_epcis_event"),
        ),
        sa.PrimaryKeyConstraint("epcis_event_id", "role", "value", name=op.f("pk_epcis_name")),
    )
    with op.batch_alter_table("epcis_name", schema=None) as batch_op:
        batch_op.create_index("ix_epcis_name_value", ["value"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
