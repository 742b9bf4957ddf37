"""An index by which a scan finds a part number, whoever makes it"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_part_part_no", "part", ["part_no"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
