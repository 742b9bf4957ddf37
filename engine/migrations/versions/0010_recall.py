"""The recall: a drill's mark, reported events, what was decided where"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_drill", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
