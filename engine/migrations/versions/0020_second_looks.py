"""A second person looks at a no that goes against its own answers"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HARM = " OR ".join(
    f"""REPLACE(CAST(decided.answers AS TEXT), ' ', '') LIKE '%"{question}":"yes"%'"""
    for question in ("death", "serious", "caused", "threat")
)
# what stands and was decided against its answers, or against the harm that they or the event tell
# of, waits for a second person from now on
WAITING = f"""
    INSERT INTO event_second_look (decision_id)
    SELECT decided.id FROM event_reportability AS decided
    WHERE NOT decided.is_reportable
      AND (decided.suggested IS NOT NULL OR {HARM} OR EXISTS (
        SELECT 1 FROM reported_event AS told
        WHERE told.number = decided.number AND told.version = decided.version
          AND told.outcome IN ('death', 'serious_injury')
      ))
      AND NOT EXISTS (
        SELECT 1 FROM event_reportability AS later WHERE later.supersedes_id = decided.id
      )
"""  # noqa: S608  words of this file, no input


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=False, nullable=nullable)


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "event_second_look",
        _number("decision_id"),
        sa.Column("is_confirmed", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        _number("by_id", nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=True),
        _number("signature_id", nullable=True),
        sa.CheckConstraint(
            "(at IS NULL) = (by_id IS NULL) AND (at IS NULL) = (is_confirmed IS NULL)"
            " AND (at IS NULL) = (reason IS NULL) AND (at IS NULL) = (signature_id IS NULL)",
            name=op.f("ck_event_second_look_given_or_not"),
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["event_reportability.id"],
            name=op.f("fk_event_second_look_decision_id_event_reportability"),
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_event_second_look")),
    )
    op.execute(WAITING)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
