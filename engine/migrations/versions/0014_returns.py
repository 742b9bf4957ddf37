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
    _returns()


def _returns() -> None:
    op.create_table(
        "field_correction",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("supersedes_id", KEY, nullable=True),
        sa.Column("again_because", sa.Text(), nullable=True),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("evidence_id", KEY, nullable=True),
        sa.Column("by_id", KEY, nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("verified_by_id", KEY, nullable=True),
        sa.Column("verified_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('software', 'label', 'part')", name=op.f("ck_field_correction_kind_is_known")
        ),
        sa.CheckConstraint(
            "(verified_by_id IS NULL) = (verified_at IS NULL)",
            name=op.f("ck_field_correction_verified_by_one"),
        ),
        sa.CheckConstraint(
            "verified_by_id IS NULL OR verified_by_id <> by_id",
            name=op.f("ck_field_correction_by_another"),
        ),
        sa.CheckConstraint(
            "(supersedes_id IS NULL) = (again_because IS NULL)",
            name=op.f("ck_field_correction_again_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["field_correction.id"],
            name=op.f("fk_field_correction_supersedes_id_field_correction"),
        ),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_field_correction_supersedes_id")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_field_correction_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_correction")),
    )
    with op.batch_alter_table("field_correction", schema=None) as batch_op:
        batch_op.create_index("ix_field_correction_case", ["case_id", "unit_id"], unique=False)

    op.create_table(
        "correction_reading",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("correction_id", KEY, nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("again_because", sa.Text(), nullable=True),
        sa.Column("by_id", KEY, nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["field_correction.id"],
            name=op.f("fk_correction_reading_correction_id_field_correction"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_reading")),
    )
    with op.batch_alter_table("correction_reading", schema=None) as batch_op:
        batch_op.create_index("ix_correction_reading_correction", ["correction_id"], unique=False)

    op.create_table(
        "return_authorisation",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("location_id", KEY, nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("issued_by_id", KEY, nullable=False),
        sa.Column("issued_at", db.UtcDateTime(), nullable=False),
        sa.Column("withdrawn_by_id", KEY, nullable=True),
        sa.Column("withdrawn_at", db.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)",
            name=op.f("ck_return_authorisation_withdrawn_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_return_authorisation_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["location.id"],
            name=op.f("fk_return_authorisation_location_id_location"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["party.id"], name=op.f("fk_return_authorisation_party_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_authorisation")),
        sa.UniqueConstraint("number", name=op.f("uq_return_authorisation_number")),
    )
    with op.batch_alter_table("return_authorisation", schema=None) as batch_op:
        batch_op.create_index("ix_return_authorisation_case", ["case_id", "party_id"], unique=False)

    op.create_table(
        "return_receipt",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("authorisation_id", KEY, nullable=True),
        sa.Column("party_id", KEY, nullable=True),
        sa.Column("location_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=True),
        sa.Column("photo_id", KEY, nullable=True),
        sa.Column("by_id", KEY, nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorisation_id"],
            ["return_authorisation.id"],
            name=op.f("fk_return_receipt_authorisation_id_return_authorisation"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_return_receipt_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_return_receipt_location_id_location")
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["party.id"], name=op.f("fk_return_receipt_party_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_receipt")),
    )
    with op.batch_alter_table("return_receipt", schema=None) as batch_op:
        batch_op.create_index("ix_return_receipt_case", ["case_id", "id"], unique=False)

    op.create_table(
        "return_line",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("receipt_id", KEY, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("unit_id", KEY, nullable=True),
        sa.Column("lot_id", KEY, nullable=True),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("other_cases", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(finding = 'unknown') = (unit_id IS NULL AND lot_id IS NULL)",
            name=op.f("ck_return_line_unknown_names_nothing"),
        ),
        sa.CheckConstraint(
            "condition IN ('sealed', 'opened', 'used', 'damaged', 'contaminated')",
            name=op.f("ck_return_line_condition_is_known"),
        ),
        sa.CheckConstraint(
            "finding IN ('unknown', 'not_on_list', 'already_returned', 'of_another_consignee', 'more_than_there', 'expected')",
            name=op.f("ck_return_line_finding_is_known"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_line_quantity_above_zero")),
        sa.CheckConstraint(
            "unit_id IS NULL OR lot_id IS NULL", name=op.f("ck_return_line_unit_or_lot")
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"],
            ["return_receipt.id"],
            name=op.f("fk_return_line_receipt_id_return_receipt"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_line")),
    )
    with op.batch_alter_table("return_line", schema=None) as batch_op:
        batch_op.create_index("ix_return_line_receipt", ["receipt_id"], unique=False)
        batch_op.create_index("ix_return_line_unit", ["unit_id"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
