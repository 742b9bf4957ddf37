"""EPCIS: every record that was made of a partner's event"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# of a document, an event's records follow each other: from its first to the first of the next
RECORDS = """
    INSERT INTO epcis_record (epcis_event_id, event_id)
    SELECT x.id, e.id
    FROM epcis_event AS x
    JOIN event AS f ON f.id = x.event_id
    JOIN event AS e ON e.id >= f.id AND e.recorded_at = f.recorded_at AND e.source = f.source
        AND e.event_at = f.event_at AND e.type <> 'hold_breached'
        AND (e.corrects_id IS NULL) = (f.corrects_id IS NULL)
    WHERE NOT EXISTS (
        SELECT 1 FROM epcis_event AS y
        WHERE y.capture_id = x.capture_id AND y.event_id > f.id AND y.event_id <= e.id
    )
"""


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "epcis_record",
        sa.Column("epcis_event_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["epcis_event_id"],
            ["epcis_event.id"],
            name=op.f("fk_epcis_record_epcis_event_id_epcis_event"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_epcis_record_event_id_event")
        ),
        sa.PrimaryKeyConstraint("epcis_event_id", "event_id", name=op.f("pk_epcis_record")),
    )
    with op.batch_alter_table("epcis_record", schema=None) as batch_op:
        batch_op.create_index("ix_epcis_record_event", ["event_id"], unique=False)
    op.execute(RECORDS)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
