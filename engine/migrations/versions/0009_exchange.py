"""Exchange: webhooks, deny lists, reconciliation, canary"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""

    op.create_table(
        "canary_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answer_sha256", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "looked_at_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("looked_at_at", db.UtcDateTime(), nullable=True),
        sa.Column("looked_at_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('refused', 'passed', 'failed')",
            name=op.f("ck_canary_run_outcome_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary_run")),
    )
    with op.batch_alter_table("canary_run", schema=None) as batch_op:
        batch_op.create_index("ix_canary_run_at", ["at"], unique=False)
        batch_op.create_index(
            "ix_canary_run_unsettled",
            ["outcome", "owner_id"],
            unique=False,
            sqlite_where=sa.text("looked_at_at IS NULL AND outcome <> 'refused'"),
            postgresql_where=sa.text("looked_at_at IS NULL AND outcome <> 'refused'"),
        )

    op.create_table(
        "deny_list",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column("valid_until", db.UtcDateTime(), nullable=False),
        sa.Column(
            "made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("lot_count", sa.Integer(), nullable=False),
        sa.Column("part_count", sa.Integer(), nullable=False),
        sa.Column("csv_sha256", sa.Text(), nullable=False),
        sa.Column("jws_sha256", sa.Text(), nullable=False),
        sa.Column("ledger_stream", sa.Text(), nullable=True),
        sa.Column("ledger_seq", sa.Integer(), nullable=True),
        sa.Column("ledger_hash", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deny_list")),
    )
    op.create_table(
        "webhook_subscription",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("event_types", db.Json(), nullable=False),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("off_at", db.UtcDateTime(), nullable=True),
        sa.Column("off_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(off_at IS NULL) = (off_reason IS NULL)",
            name=op.f("ck_webhook_subscription_off_has_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscription")),
        sa.UniqueConstraint("name", name=op.f("uq_webhook_subscription_name")),
    )
    op.create_table(
        "door",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("registered_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "registered_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("retired_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "retired_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(["site_id"], ["party.id"], name=op.f("fk_door_site_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
        sa.UniqueConstraint("name", name=op.f("uq_door_name")),
    )
    op.create_table(
        "reconciliation_source",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("compares", sa.Text(), nullable=False),
        sa.Column("columns", db.Json(), nullable=False),
        sa.Column("words", db.Json(), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("due_at", db.UtcDateTime(), nullable=True),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("off_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "compares IN ('stock', 'status', 'ids', 'as_built')",
            name=op.f("ck_reconciliation_source_compares_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["party.id"], name=op.f("fk_reconciliation_source_site_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_source")),
        sa.UniqueConstraint("name", name=op.f("uq_reconciliation_source_name")),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "outgoing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outgoing_id"], ["outgoing.id"], name=op.f("fk_webhook_attempt_outgoing_id_outgoing")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    with op.batch_alter_table("webhook_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_attempt_outgoing", ["outgoing_id"], unique=False)

    op.create_table(
        "webhook_delivery",
        sa.Column(
            "outgoing_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outgoing_id"], ["outgoing.id"], name=op.f("fk_webhook_delivery_outgoing_id_outgoing")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["webhook_subscription.id"],
            name=op.f("fk_webhook_delivery_subscription_id_webhook_subscription"),
        ),
        sa.PrimaryKeyConstraint("outgoing_id", name=op.f("pk_webhook_delivery")),
    )
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhook_delivery_subscription", ["subscription_id", "outgoing_id"], unique=False
        )

    op.create_table(
        "webhook_secret",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("shut", sa.Text(), nullable=False),
        sa.Column("made_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ends_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["webhook_subscription.id"],
            name=op.f("fk_webhook_secret_subscription_id_webhook_subscription"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secret")),
    )
    with op.batch_alter_table("webhook_secret", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_webhook_secret_subscription_id"), ["subscription_id"], unique=False
        )

    op.create_table(
        "reconciliation_line",
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column(
            "line",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "part_no", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "number", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "location", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("quantity", db.Quantity(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column(
            "external_id",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "component",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("component_no", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["reconciliation_source.id"],
            name=op.f("fk_reconciliation_line_source_id_reconciliation_source"),
        ),
        sa.PrimaryKeyConstraint("source_id", "side", "line", name=op.f("pk_reconciliation_line")),
    )
    with op.batch_alter_table("reconciliation_line", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reconciliation_line_key",
            ["source_id", "side", "part_no", "number", "location"],
            unique=False,
        )

    op.create_table(
        "reconciliation_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("missing_here_count", sa.Integer(), nullable=False),
        sa.Column("missing_there_count", sa.Integer(), nullable=False),
        sa.Column("quantity_count", sa.Integer(), nullable=False),
        sa.Column("status_count", sa.Integer(), nullable=False),
        sa.Column("id_count", sa.Integer(), nullable=False),
        sa.Column("component_count", sa.Integer(), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("again_count", sa.Integer(), nullable=False),
        sa.Column("reopened_count", sa.Integer(), nullable=False),
        sa.Column("gone_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["reconciliation_source.id"],
            name=op.f("fk_reconciliation_run_source_id_reconciliation_source"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_run")),
    )
    with op.batch_alter_table("reconciliation_run", schema=None) as batch_op:
        batch_op.create_index("ix_reconciliation_run_source", ["source_id", "id"], unique=False)

    op.create_table(
        "downtime_form",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("printed_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "printed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("entered_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "entered_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("not_used_reason", sa.Text(), nullable=True),
        sa.Column(
            "not_used_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "kind IN ('receiving', 'segregation', 'shipping', 'hold_tag')",
            name=op.f("ck_downtime_form_kind_is_known"),
        ),
        sa.CheckConstraint(
            "(entered_at IS NULL) = (event_id IS NULL)",
            name=op.f("ck_downtime_form_entered_has_event"),
        ),
        sa.CheckConstraint(
            "entered_at IS NULL OR not_used_reason IS NULL",
            name=op.f("ck_downtime_form_entered_or_not_used"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_downtime_form_event_id_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime_form")),
        sa.UniqueConstraint("number", name=op.f("uq_downtime_form_number")),
    )
    op.create_table(
        "reconciliation_difference",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "part_no", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "number", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "location", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "component",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("here", sa.Text(), nullable=True),
        sa.Column("there", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "first_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "last_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("seen_count", sa.Integer(), nullable=False),
        sa.Column("reopened_count", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "resolved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolution IS NOT NULL)",
            name=op.f("ck_reconciliation_difference_resolved_has_resolution"),
        ),
        sa.CheckConstraint(
            "kind IN ('missing_here', 'missing_there', 'quantity', 'status', 'id', 'component')",
            name=op.f("ck_reconciliation_difference_kind_is_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'resolved', 'gone')",
            name=op.f("ck_reconciliation_difference_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["first_run_id"],
            ["reconciliation_run.id"],
            name=op.f("fk_reconciliation_difference_first_run_id_reconciliation_run"),
        ),
        sa.ForeignKeyConstraint(
            ["last_run_id"],
            ["reconciliation_run.id"],
            name=op.f("fk_reconciliation_difference_last_run_id_reconciliation_run"),
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["reconciliation_source.id"],
            name=op.f("fk_reconciliation_difference_source_id_reconciliation_source"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_difference")),
        sa.UniqueConstraint(
            "source_id",
            "kind",
            "part_no",
            "number",
            "location",
            "component",
            name="uq_reconciliation_difference_about",
        ),
    )
    with op.batch_alter_table("reconciliation_difference", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reconciliation_difference_state", ["source_id", "state", "kind"], unique=False
        )
        batch_op.create_index(
            "ix_reconciliation_difference_open",
            ["source_id", "owner_id", "first_run_id"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
