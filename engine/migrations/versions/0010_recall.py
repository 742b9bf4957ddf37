"""The recall: a drill's mark, reported events, what was decided where"""

import sqlalchemy as sa
from alembic import op

from engine import db

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

    op.create_table(
        "event_jurisdiction",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "because IN ('happened', 'authorised', 'device_unknown', 'nothing_known', 'chosen')",
            name=op.f("ck_event_jurisdiction_because_is_known"),
        ),
        sa.PrimaryKeyConstraint("number", "jurisdiction", name=op.f("pk_event_jurisdiction")),
    )
    op.create_table(
        "event_reportability",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("is_reportable", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("answers", db.Json(), nullable=False),
        sa.Column("suggested", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reported_under", sa.Text(), nullable=True),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(is_reportable AND report IS NOT NULL) OR (NOT is_reportable AND report IS NULL)",
            name=op.f("ck_event_reportability_report_if_reportable"),
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["event_reportability.id"],
            name=op.f("fk_event_reportability_supersedes_id_event_reportability"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_reportability")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_event_reportability_supersedes_id")),
    )
    with op.batch_alter_table("event_reportability", schema=None) as batch_op:
        batch_op.create_index(
            "ix_event_reportability_event", ["number", "jurisdiction"], unique=False
        )

    op.create_table(
        "reported_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("complaint_number", sa.Text(), nullable=False),
        sa.Column("is_external", sa.Boolean(), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("identification", sa.Text(), nullable=True),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reporter_name", sa.Text(), nullable=True),
        sa.Column("reporter_address", sa.Text(), nullable=True),
        sa.Column("reporter_phone", sa.Text(), nullable=True),
        sa.Column("what_happened", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("corrective_action", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("why_no_investigation", sa.Text(), nullable=True),
        sa.Column("aware_at", db.UtcDateTime(), nullable=False),
        sa.Column("aware_by", sa.Text(), nullable=False),
        sa.Column("aware_how", sa.Text(), nullable=False),
        sa.Column("warnings", db.Json(), nullable=False),
        sa.Column("judged_version", sa.Integer(), nullable=False),
        sa.Column(
            "recorded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('death', 'serious_injury', 'malfunction', 'other', 'unknown')",
            name=op.f("ck_reported_event_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL",
            name=op.f("ck_reported_event_corrected_with_reason"),
        ),
        sa.CheckConstraint(
            "(version = 1) = (supersedes_id IS NULL)",
            name=op.f("ck_reported_event_first_or_later"),
        ),
        sa.CheckConstraint(
            "unit_id IS NULL OR lot_id IS NULL", name=op.f("ck_reported_event_unit_or_lot")
        ),
        sa.CheckConstraint(
            "(unit_id IS NULL AND lot_id IS NULL) OR part_id IS NOT NULL",
            name=op.f("ck_reported_event_of_a_part"),
        ),
        sa.CheckConstraint(
            "judged_version <= version", name=op.f("ck_reported_event_judged_by_now")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["reported_event.id"],
            name=op.f("fk_reported_event_supersedes_id_reported_event"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported_event")),
        sa.UniqueConstraint("number", "version", name=op.f("uq_reported_event_number_version")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_reported_event_supersedes_id")),
    )
    with op.batch_alter_table("reported_event", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reported_event_complaint_number"), ["complaint_number"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_reported_event_lot_id"), ["lot_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reported_event_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_reported_event_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "case_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "ended_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL)"
            " AND (ended_at IS NULL) = (ended_reason IS NULL)",
            name=op.f("ck_case_event_ended_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_case_event_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
    )
    with op.batch_alter_table("case_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_event_number"), ["number"], unique=False)
        batch_op.create_index(
            "ix_case_event_standing",
            ["case_id", "number"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "jurisdiction_decision",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("countries", db.Json(), nullable=False),
        sa.Column("asked_again_scope", sa.Integer(), nullable=True),
        sa.Column("reached_by", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("class_name", sa.Text(), nullable=True),
        sa.Column("is_reportable", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (legal_name IS NULL)",
            name=op.f("ck_jurisdiction_decision_named_if_decided"),
        ),
        sa.CheckConstraint(
            "decided_at IS NULL OR reason IS NOT NULL",
            name=op.f("ck_jurisdiction_decision_decided_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_jurisdiction_decision_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jurisdiction_decision")),
        sa.UniqueConstraint("case_id", "key", name=op.f("uq_jurisdiction_decision_case_id_key")),
    )
    op.create_table(
        "recall_gate",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_at", db.UtcDateTime(), nullable=False),
        sa.Column("opened_at", db.UtcDateTime(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (opened_at IS NULL)",
            name=op.f("ck_recall_gate_opened_if_not_closed"),
        ),
        sa.CheckConstraint(
            "state <> 'overridden' OR (reason IS NOT NULL AND signature_id IS NOT NULL)",
            name=op.f("ck_recall_gate_overridden_with_reason_and_signature"),
        ),
        sa.CheckConstraint(
            "state IN ('closed', 'opened', 'overridden')",
            name=op.f("ck_recall_gate_state_is_known"),
        ),
        sa.CheckConstraint(
            "what IN ('notices', 'destruction')", name=op.f("ck_recall_gate_what_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_recall_gate_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_gate")),
        sa.UniqueConstraint(
            "case_id", "jurisdiction", "what", name=op.f("uq_recall_gate_case_id_jurisdiction_what")
        ),
    )
    op.create_table(
        "recall_strategy",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", db.Json(), nullable=False),
        sa.Column("depth", sa.Text(), nullable=False),
        sa.Column("public_warning", sa.Boolean(), nullable=False),
        sa.Column("check_level", sa.Text(), nullable=False),
        sa.Column("sample_percent", sa.Integer(), nullable=False),
        sa.Column("returned_units", sa.Text(), nullable=False),
        sa.Column("report_every_days", sa.Integer(), nullable=False),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("approved_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "check_level IN ('A', 'B', 'C', 'D', 'E')",
            name=op.f("ck_recall_strategy_check_level_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_recall_strategy_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_strategy")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_recall_strategy_case_id_version")),
    )
    op.create_table(
        "recall_termination",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("requested_at", db.UtcDateTime(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("answered_at", db.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('ended', 'upgrade', 'extend', 'recall_again')",
            name=op.f("ck_recall_termination_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (outcome IS NULL)",
            name=op.f("ck_recall_termination_outcome_if_answered"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_recall_termination_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_termination")),
        sa.UniqueConstraint(
            "case_id",
            "jurisdiction",
            "round",
            name=op.f("uq_recall_termination_case_id_jurisdiction_round"),
        ),
    )
    op.create_table(
        "regulator_notification",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("sent_at", db.UtcDateTime(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(sent_at IS NULL) = (receipt IS NULL)",
            name=op.f("ck_regulator_notification_receipt_if_sent"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_regulator_notification_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulator_notification")),
        sa.UniqueConstraint(
            "case_id",
            "jurisdiction",
            "round",
            name=op.f("uq_regulator_notification_case_id_jurisdiction_round"),
        ),
    )
    op.create_table(
        "recall_succession",
        sa.Column(
            "case_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint(
            "kind IN ('merged', 'superseded')", name=op.f("ck_recall_succession_kind_is_known")
        ),
        sa.CheckConstraint("case_id <> into_id", name=op.f("ck_recall_succession_into_another")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_recall_succession_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["into_id"], ["case_file.id"], name=op.f("fk_recall_succession_into_id_case_file")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_recall_succession")),
    )
    with op.batch_alter_table("recall_succession", schema=None) as batch_op:
        batch_op.create_index("ix_recall_succession_into", ["into_id"], unique=False)

    with op.batch_alter_table("flag", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_flag_rule_is_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_flag_rule_is_known"),
            "rule IN ('held_used', 'held_installed', 'held_shipped', 'held_put_into_use',"
            " 'held_moved', 'expired_used', 'expired_shipped', 'not_usable', 'inside_another',"
            " 'before_it_was', 'over_consumed', 'over_received', 'packed_elsewhere', 'not_away',"
            " 'arrived_elsewhere', 'more_than_away', 'unknown_goods', 'unknown_place',"
            " 'does_not_fit', 'inputs_not_placed', 'destroyed_too_early', 'not_withdrawn')",
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
