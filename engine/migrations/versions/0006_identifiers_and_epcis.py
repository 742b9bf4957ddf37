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


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
