"""Consignee notices, their texts, letters and attempts"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "notice",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_distributor", sa.Boolean(), nullable=False),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("first_sent_at", db.UtcDateTime(), nullable=True),
        sa.Column("answered_at", db.UtcDateTime(), nullable=True),
        sa.Column("closed_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "continued_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_notice_closed_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'answered' OR answered_at IS NOT NULL", name=op.f("ck_notice_answer_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'sent' OR first_sent_at IS NOT NULL", name=op.f("ck_notice_sent_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'sent', 'answered', 'escalated', 'closed')",
            name=op.f("ck_notice_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_notice_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["continued_by_id"], ["notice.id"], name=op.f("fk_notice_continued_by_id_notice")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_notice_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("case_id", "party_id", name=op.f("uq_notice_case_id_party_id")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_notice_instance_id")),
        sa.UniqueConstraint("number", name=op.f("uq_notice_number")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_board", ["case_id", "state", "country"], unique=False)
        batch_op.create_index("ix_notice_party", ["party_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_notice_continued_by_id"), ["continued_by_id"], unique=False
        )

    op.create_table(
        "letter_wording",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", db.Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("written_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "written_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("in_force_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "signed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'draft') = (in_force_at IS NULL)",
            name=op.f("ck_letter_wording_since_unless_draft"),
        ),
        sa.CheckConstraint(
            "(state = 'draft') = (signature_id IS NULL)",
            name=op.f("ck_letter_wording_signed_unless_draft"),
        ),
        sa.CheckConstraint(
            "language NOT IN ('en', 'zh')", name=op.f("ck_letter_wording_not_built_in")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'in_force', 'withdrawn')",
            name=op.f("ck_letter_wording_state_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_wording")),
        sa.UniqueConstraint("language", "version", name=op.f("uq_letter_wording_language_version")),
    )
    with op.batch_alter_table("letter_wording", schema=None) as batch_op:
        batch_op.create_index(
            "uq_letter_wording_in_force",
            ["language"],
            unique=True,
            sqlite_where=sa.text("state = 'in_force'"),
            postgresql_where=sa.text("state = 'in_force'"),
        )

    op.create_table(
        "notice_text",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", db.Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column(
            "wording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("verified_at", db.UtcDateTime(), nullable=True),
        sa.Column("approved_at", db.UtcDateTime(), nullable=True),
        sa.Column("released_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state <> 'approved' OR (approved_at IS NOT NULL AND sha256 IS NOT NULL)",
            name=op.f("ck_notice_text_approved_has_words"),
        ),
        sa.CheckConstraint(
            "(language IN ('en', 'zh')) = (wording_id IS NULL)",
            name=op.f("ck_notice_text_other_language_has_wording"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'translated', 'verified', 'approved', 'withdrawn')",
            name=op.f("ck_notice_text_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_notice_text_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["notice_text.id"],
            name=op.f("fk_notice_text_supersedes_id_notice_text"),
        ),
        sa.ForeignKeyConstraint(
            ["wording_id"],
            ["letter_wording.id"],
            name=op.f("fk_notice_text_wording_id_letter_wording"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_text")),
        sa.UniqueConstraint(
            "case_id",
            "jurisdiction",
            "language",
            "version",
            name=op.f("uq_notice_text_case_id_jurisdiction_language_version"),
        ),
        sa.UniqueConstraint("instance_id", name=op.f("uq_notice_text_instance_id")),
    )
    with op.batch_alter_table("notice_text", schema=None) as batch_op:
        batch_op.create_index(
            "uq_notice_text_standing",
            ["case_id", "jurisdiction", "language"],
            unique=True,
            sqlite_where=sa.text("state = 'approved'"),
            postgresql_where=sa.text("state = 'approved'"),
        )

    op.create_table(
        "letter_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "scope_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("asked_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("paused_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "paused_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('notice', 'difference', 'amendment')",
            name=op.f("ck_letter_run_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_letter_run_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["notice_text.id"], name=op.f("fk_letter_run_text_id_notice_text")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_run")),
    )
    with op.batch_alter_table("letter_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_run_case_id"), ["case_id"], unique=False)

    op.create_table(
        "outreach_attempt",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('email', 'telephone', 'letter', 'fax', 'portal', 'visit')",
            name=op.f("ck_outreach_attempt_channel_is_known"),
        ),
        sa.CheckConstraint(
            "outcome IN ('reached', 'message_left', 'no_answer', 'wrong_contact', 'refused')",
            name=op.f("ck_outreach_attempt_outcome_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_outreach_attempt_notice_id_notice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach_attempt")),
    )
    with op.batch_alter_table("outreach_attempt", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outreach_attempt_notice_id"), ["notice_id"], unique=False
        )

    op.create_table(
        "notice_letter",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "scope_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("change", db.Json(), nullable=True),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("csv_sha256", sa.Text(), nullable=True),
        sa.Column("jws_sha256", sa.Text(), nullable=True),
        sa.Column("stored_at", db.UtcDateTime(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("outgoing_key", sa.Text(), nullable=True),
        sa.Column("sent_at", db.UtcDateTime(), nullable=True),
        sa.Column("bounced_at", db.UtcDateTime(), nullable=True),
        sa.Column("bounce", sa.Text(), nullable=True),
        sa.Column("courier", sa.Text(), nullable=True),
        sa.Column("courier_number", sa.Text(), nullable=True),
        sa.Column("delivered_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "delivery_document_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (failure IS NOT NULL)",
            name=op.f("ck_notice_letter_failed_has_cause"),
        ),
        sa.CheckConstraint(
            "(state = 'stored') = (pdf_sha256 IS NOT NULL) OR state = 'void'",
            name=op.f("ck_notice_letter_stored_has_bytes"),
        ),
        sa.CheckConstraint(
            "channel IN ('mail', 'print')", name=op.f("ck_notice_letter_channel_is_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'stored', 'failed', 'void')",
            name=op.f("ck_notice_letter_state_is_known"),
        ),
        sa.CheckConstraint(
            "sent_at IS NULL OR pdf_sha256 IS NOT NULL",
            name=op.f("ck_notice_letter_sent_has_bytes"),
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_letter_notice_id_notice")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["letter_run.id"], name=op.f("fk_notice_letter_run_id_letter_run")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["notice_letter.id"],
            name=op.f("fk_notice_letter_supersedes_id_notice_letter"),
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["notice_text.id"], name=op.f("fk_notice_letter_text_id_notice_text")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_letter")),
        sa.UniqueConstraint("notice_id", "number", name=op.f("uq_notice_letter_notice_id_number")),
        sa.UniqueConstraint("outgoing_key", name=op.f("uq_notice_letter_outgoing_key")),
    )
    with op.batch_alter_table("notice_letter", schema=None) as batch_op:
        batch_op.create_index("ix_notice_letter_run", ["run_id", "state", "id"], unique=False)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
