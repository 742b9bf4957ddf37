"""The data dictionary: versions, field history, views of a role, saved reports"""

import json

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "dictionary_version",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("files", db.Json(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dictionary_version")),
        sa.UniqueConstraint("sha256", name=op.f("uq_dictionary_version_sha256")),
    )
    op.create_table(
        "field_change",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column(
            "entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("before", db.Json(), nullable=True),
        sa.Column("after", db.Json(), nullable=True),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "field IS NULL OR reason IS NOT NULL", name=op.f("ck_field_change_change_has_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_change")),
    )
    with op.batch_alter_table("field_change", schema=None) as batch_op:
        batch_op.create_index("ix_field_change_record", ["entity", "entity_id", "id"], unique=False)

    op.create_table(
        "report",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("columns", db.Json(), nullable=False),
        sa.Column("filters", db.Json(), nullable=False),
        sa.Column("groups", db.Json(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("every", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("due_at", db.UtcDateTime(), nullable=True),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("retry_at", db.UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", db.UtcDateTime(), nullable=False),
        sa.Column("removed_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "every IN ('daily', 'weekly', 'monthly')", name=op.f("ck_report_every_is_known")
        ),
        sa.CheckConstraint(
            "format IN ('csv', 'xlsx', 'pdf')", name=op.f("ck_report_format_is_known")
        ),
        sa.CheckConstraint(
            "(every IS NULL) = (due_at IS NULL)", name=op.f("ck_report_due_if_scheduled")
        ),
        sa.CheckConstraint(
            "(every IS NULL) = (format IS NULL)", name=op.f("ck_report_format_if_scheduled")
        ),
        sa.CheckConstraint(
            "removed_at IS NULL OR every IS NULL", name=op.f("ck_report_removed_is_not_due")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person_account.id"], name=op.f("fk_report_owner_id_person_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index("ix_report_due", ["due_at"], unique=False)
        batch_op.create_index("ix_report_owner", ["owner_id"], unique=False)

    op.create_table(
        "report_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("due_at", db.UtcDateTime(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("paths", db.Json(), nullable=False),
        sa.Column("left_out", db.Json(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(sha256 IS NULL) = (refused IS NOT NULL)", name=op.f("ck_report_run_file_or_refusal")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person_account.id"], name=op.f("fk_report_run_owner_id_person_account")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_run_report_id_report")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_run")),
        sa.UniqueConstraint("report_id", "due_at", name=op.f("uq_report_run_report_id_due_at")),
    )
    op.create_table(
        "role_view",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("entered_at", db.UtcDateTime(), nullable=False),
        sa.Column("left_at", db.UtcDateTime(), nullable=True),
        sa.Column("left_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(left_at IS NULL) = (left_why IS NULL)", name=op.f("ck_role_view_left_for_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person_account.id"], name=op.f("fk_role_view_person_id_person_account")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["web_session.id"], name=op.f("fk_role_view_session_id_web_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_view")),
    )
    with op.batch_alter_table("role_view", schema=None) as batch_op:
        batch_op.create_index(
            "uq_role_view_open",
            ["session_id"],
            unique=True,
            sqlite_where=sa.text("left_at IS NULL"),
            postgresql_where=sa.text("left_at IS NULL"),
        )

    op.create_table(
        "supplier_agreement",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "supplier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "supplier_part_no",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("price", db.Quantity(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(price IS NULL) = (currency IS NULL)",
            name=op.f("ck_supplier_agreement_price_has_currency"),
        ),
        sa.CheckConstraint(
            "price IS NULL OR price >= 0", name=op.f("ck_supplier_agreement_price_is_not_negative")
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from",
            name=op.f("ck_supplier_agreement_ends_after_it"),
        ),
        sa.ForeignKeyConstraint(
            ["part_id"], ["part.id"], name=op.f("fk_supplier_agreement_part_id_part")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["party.id"], name=op.f("fk_supplier_agreement_supplier_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_agreement")),
        sa.UniqueConstraint(
            "part_id",
            "supplier_id",
            "valid_from",
            name=op.f("uq_supplier_agreement_part_id_supplier_id_valid_from"),
        ),
    )
    with op.batch_alter_table("supplier_agreement", schema=None) as batch_op:
        batch_op.create_index("ix_supplier_agreement_supplier", ["supplier_id"], unique=False)

    _tell_earlier_changes()


def _tell_earlier_changes() -> None:
    """Take the changes that the ledger already holds into the history of the fields."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT action, by_id, at, content FROM ledger_entry WHERE action IN "
            "('master_data_described', 'master_data_changed') ORDER BY id"
        ).columns(at=db.UtcDateTime())
    )
    history = sa.table(
        "field_change",
        *map(sa.column, ("entity", "entity_id", "field", "by_id", "reason")),
        sa.column("before", db.Json()),
        sa.column("after", db.Json()),
        sa.column("at", db.UtcDateTime()),
    )
    for action, by_id, at, content in found.all():
        body = json.loads(content)["body"]
        told = body["changes"] if action == "master_data_changed" else {None: (None, None)}
        op.bulk_insert(
            history,
            [
                {
                    "entity": body["kind"],
                    "entity_id": body["id"],
                    "field": field,
                    "before": before,
                    "after": after,
                    "by_id": by_id,
                    "at": at,
                    "reason": body["reason"],
                }
                for field, (before, after) in told.items()
            ],
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
