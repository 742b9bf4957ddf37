"""The balance by consignee, returns and corrections"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# what the postings of every case so far come to; nothing was kept of who had it
LYING = (
    "INSERT INTO balance_unit (case_id, unit_id, account, lot_id)"
    " SELECT p.case_id, p.unit_id, p.to_account, u.lot_id"
    " FROM posting p LEFT JOIN unit u ON u.id = p.unit_id"
    " WHERE p.unit_id IS NOT NULL AND p.to_account <> 'scope' AND p.id ="
    " (SELECT max(n.id) FROM posting n WHERE n.unit_id = p.unit_id AND n.case_id = p.case_id)"
)
UNITS = (
    "INSERT INTO balance_total"
    " (case_id, account, party_id, lot_id, subject_id, counts_units, quantity)"
    " SELECT case_id, account, 0, coalesce(lot_id, 0), 0, true, count(*) * 1000000"
    " FROM balance_unit GROUP BY case_id, account, coalesce(lot_id, 0)"
)
STOCK = (
    "INSERT INTO balance_total"
    " (case_id, account, party_id, lot_id, subject_id, counts_units, quantity)"
    " SELECT case_id, account, 0, coalesce(lot_id, 0), coalesce(subject_id, 0), false,"
    " CAST(sum(quantity) AS bigint) FROM ("
    "SELECT case_id, to_account AS account, lot_id, subject_id, quantity FROM posting"
    " WHERE unit_id IS NULL UNION ALL"
    " SELECT case_id, from_account, lot_id, subject_id, -quantity FROM posting"
    " WHERE unit_id IS NULL) m WHERE account <> 'scope'"
    " GROUP BY case_id, account, coalesce(lot_id, 0), coalesce(subject_id, 0)"
    " HAVING sum(quantity) <> 0"
)


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.add_column(sa.Column("from_party_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("to_party_id", KEY, nullable=True))
        batch_op.drop_constraint(op.f("ck_posting_moves"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_posting_moves"),
            "from_account <> to_account OR coalesce(from_party_id, 0) <> coalesce(to_party_id, 0)",
        )
    op.create_table(
        "balance_unit",
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.Column("unit_id", KEY, autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("party_id", KEY, nullable=True),
        sa.Column("lot_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_balance_unit_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("case_id", "unit_id", name=op.f("pk_balance_unit")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_balance_unit_account", "balance_unit", ["case_id", "account", "party_id", "unit_id"]
    )
    op.create_index("ix_balance_unit_unit", "balance_unit", ["unit_id"])
    op.create_table(
        "balance_total",
        sa.Column("case_id", KEY, autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("party_id", KEY, autoincrement=False, nullable=False),
        sa.Column("lot_id", KEY, autoincrement=False, nullable=False),
        sa.Column("subject_id", KEY, autoincrement=False, nullable=False),
        sa.Column("counts_units", sa.Boolean(), nullable=False),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_balance_total_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint(
            "case_id",
            "account",
            "party_id",
            "lot_id",
            "subject_id",
            "counts_units",
            name=op.f("pk_balance_total"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_balance_total_lot",
        "balance_total",
        ["lot_id"],
        sqlite_where=sa.text("NOT counts_units"),
        postgresql_where=sa.text("NOT counts_units"),
    )
    op.create_index(
        "ix_balance_total_empty",
        "balance_total",
        ["case_id"],
        sqlite_where=sa.text("quantity <= 0"),
        postgresql_where=sa.text("quantity <= 0"),
    )
    for statement in (LYING, UNITS, STOCK):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
