"""The first whole case"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""

    op.create_table(
        "case_file",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL)", name=op.f("ck_case_file_ended_if_not_open")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'closed', 'void')", name=op.f("ck_case_file_state_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_case_file_instance_id")),
        sa.UniqueConstraint("number", name=op.f("uq_case_file_number")),
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index("ix_case_file_state", ["process", "state", "opened_at"], unique=False)

    op.create_table(
        "checkpoint",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("seal_key_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "checkpoint_head",
        sa.Column(
            "checkpoint",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("checkpoint", "stream", name=op.f("pk_checkpoint_head")),
    )
    op.create_table(
        "child_group",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("open_count", sa.Integer(), nullable=False),
        sa.Column("delivered_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "open_count BETWEEN 0 AND total_count", name=op.f("ck_child_group_open_within_total")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_child_group_instance_id_process_instance"),
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_group")),
    )
    with op.batch_alter_table("child_group", schema=None) as batch_op:
        batch_op.create_index("ix_child_group_instance_id", ["instance_id"], unique=False)

    op.create_table(
        "command",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("result", db.Json(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_command")),
    )
    op.create_table(
        "document",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("download_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("signature_ids", db.Json(), nullable=True),
        sa.Column("attached_ids", db.Json(), nullable=True),
        sa.Column("review_sha256", sa.Text(), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sealed_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sealing') = (sha256 IS NULL)", name=op.f("ck_document_bytes_unless_sealing")
        ),
        sa.CheckConstraint(
            "(state IN ('sealing', 'sealed')) = (record IS NOT NULL)",
            name=op.f("ck_document_record_if_sealed"),
        ),
        sa.CheckConstraint(
            "state IN ('sealing', 'sealed', 'attached', 'review')",
            name=op.f("ck_document_known_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("key", name=op.f("uq_document_key")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_sha256"), ["sha256"], unique=False)
        batch_op.create_index("ix_document_stream", ["stream", "state"], unique=False)

    op.create_table(
        "draft",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("answers", db.Json(), nullable=False),
        sa.Column("saved_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("person_id", "place", name=op.f("uq_draft_person_id_place")),
    )
    op.create_table(
        "external_id",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=False),
        sa.Column(
            "value", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_id")),
        sa.UniqueConstraint(
            "source", "entity", "value", name=op.f("uq_external_id_source_entity_value")
        ),
    )
    with op.batch_alter_table("external_id", schema=None) as batch_op:
        batch_op.create_index("ix_external_id_entity", ["entity", "entity_id"], unique=False)
        batch_op.create_index("ix_external_id_value", ["value"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scheduler", sa.Text(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("ticked_at", db.UtcDateTime(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("failed_at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", "scheduler", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "import_file",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_import_file")),
    )
    op.create_table(
        "job",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", db.Json(), nullable=False),
        sa.Column("asked_at", db.UtcDateTime(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("done_at", db.UtcDateTime(), nullable=True),
        sa.Column("result", db.Json(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("leased_until", db.UtcDateTime(), nullable=True),
        sa.Column("given_up_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "done_at IS NULL OR given_up_at IS NULL", name=op.f("ck_job_done_or_given_up")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_due", ["due_at"], unique=False)

    op.create_table(
        "ledger_entry",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("stream", "seq", name=op.f("uq_ledger_entry_stream_seq")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entry_action"), ["action"], unique=False)

    op.create_table(
        "ledger_head",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "number_series",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_number_series")),
    )
    op.create_table(
        "outgoing",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("body", db.Json(), nullable=False),
        sa.Column("said_at", db.UtcDateTime(), nullable=False),
        sa.Column("sent_at", db.UtcDateTime(), nullable=True),
        sa.Column("sent_sha256", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("leased_until", db.UtcDateTime(), nullable=True),
        sa.Column("given_up_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(sent_at IS NULL) = (sent_sha256 IS NULL)",
            name=op.f("ck_outgoing_sent_bytes_are_kept"),
        ),
        sa.CheckConstraint(
            "sent_at IS NULL OR given_up_at IS NULL", name=op.f("ck_outgoing_sent_or_given_up")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing")),
        sa.UniqueConstraint("key", name=op.f("uq_outgoing_key")),
    )
    with op.batch_alter_table("outgoing", schema=None) as batch_op:
        batch_op.create_index("ix_outgoing_due", ["due_at"], unique=False)

    op.create_table(
        "party",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "code", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("gln", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('site', 'manufacturer', 'supplier', 'third_party', 'distributor', 'consignee', 'economic_operator', 'authority')",
            name=op.f("ck_party_kind_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("code", name=op.f("uq_party_code")),
        sa.UniqueConstraint("gln", name=op.f("uq_party_gln")),
    )
    op.create_table(
        "pending_sign",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("record_sha256", sa.Text(), nullable=False),
        sa.Column("record_content", sa.Text(), nullable=False),
        sa.Column("record", db.Json(), nullable=False),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=False),
        sa.Column("used_at", db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_pending_sign")),
    )
    op.create_table(
        "person_account",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("printed_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("disabled_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "disabled_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("identity_verified_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "identity_verified_by_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("identity_evidence", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_set_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "password_set_by_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "password_given_by_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.CheckConstraint(
            "language IN ('en', 'zh')", name=op.f("ck_person_account_language_is_known")
        ),
        sa.CheckConstraint(
            "(identity_verified_at IS NULL) = (identity_evidence IS NULL)",
            name=op.f("ck_person_account_identity_has_evidence"),
        ),
        sa.CheckConstraint(
            "(password_hash IS NULL) = (password_set_at IS NULL)",
            name=op.f("ck_person_account_password_has_a_time"),
        ),
        sa.CheckConstraint(
            "user_name = lower(user_name)", name=op.f("ck_person_account_user_name_is_folded")
        ),
        sa.ForeignKeyConstraint(
            ["disabled_by_id"],
            ["person_account.id"],
            name=op.f("fk_person_account_disabled_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["identity_verified_by_id"],
            ["person_account.id"],
            name=op.f("fk_person_account_identity_verified_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"],
            ["person_account.id"],
            name=op.f("fk_person_account_opened_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["password_given_by_id"],
            ["person_account.id"],
            name=op.f("fk_person_account_password_given_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["password_set_by_id"],
            ["person_account.id"],
            name=op.f("fk_person_account_password_set_by_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_account")),
        sa.UniqueConstraint("user_name", name=op.f("uq_person_account_user_name")),
    )
    op.create_table(
        "process_definition",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("files", db.Json(), nullable=False),
        sa.Column("spec_gz", sa.LargeBinary(), nullable=False),
        sa.Column("lint_report", db.Json(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner_role", sa.Text(), nullable=False),
        sa.Column(
            "installed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("installed_at", db.UtcDateTime(), nullable=False),
        sa.Column("effective_from", db.UtcDateTime(), nullable=True),
        sa.Column("retired_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'draft') = (effective_from IS NULL)",
            name=op.f("ck_process_definition_effective_if_released"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'released', 'retired')",
            name=op.f("ck_process_definition_known_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_definition")),
        sa.UniqueConstraint("key", "sha256", name=op.f("uq_process_definition_key_sha256")),
    )
    with op.batch_alter_table("process_definition", schema=None) as batch_op:
        batch_op.create_index(
            "uq_process_definition_in_force",
            ["key"],
            unique=True,
            sqlite_where=sa.text("state = 'released'"),
            postgresql_where=sa.text("state = 'released'"),
        )

    op.create_table(
        "sign_in_throttle",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.Column("last_at", db.UtcDateTime(), nullable=False),
        sa.Column("open_at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_throttle")),
    )
    op.create_table(
        "signature",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.Column("record_sha256", sa.Text(), nullable=False),
        sa.Column("review_pdf_sha256", sa.Text(), nullable=True),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("process_version", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("printed_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column(
            "on_behalf_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("component_count", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("assertion", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("seal_key_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "meaning IN ('author', 'review', 'approve', 'reject', 'perform', 'verify', 'witness', 'release', 'close', 'void', 'reopen', 'correct', 'attest')",
            name=op.f("ck_signature_known_meaning"),
        ),
        sa.CheckConstraint(
            "component_count IN (1, 2)", name=op.f("ck_signature_one_or_two_components")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("nonce", name=op.f("uq_signature_nonce")),
    )
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.create_index("ix_signature_record", ["record_type", "record_id"], unique=False)
        batch_op.create_index("ix_signature_session", ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_signature_stream"), ["stream"], unique=False)

    op.create_table(
        "signature_voided",
        sa.Column(
            "signature_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_signature_voided")),
    )
    op.create_table(
        "signed_record",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_signed_record")),
    )
    op.create_table(
        "signing_failure",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_failure")),
    )
    op.create_table(
        "signing_lock",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("locked_at", db.UtcDateTime(), nullable=False),
        sa.Column("unlocked_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "unlocked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("unlock_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(unlocked_at IS NULL) = (unlock_reason IS NULL)",
            name=op.f("ck_signing_lock_unlocked_with_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_lock")),
    )
    op.create_table(
        "trace_node",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('lot', 'segment')", name=op.f("ck_trace_node_kind_is_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_node")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "trace_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("seeds", db.Json(), nullable=False),
        sa.Column("result", db.Json(), nullable=False),
        sa.Column("result_sha256", sa.Text(), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column(
            "last_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_run")),
    )
    op.create_table(
        "access_review",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("done_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "done_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("next_due_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(done_at IS NULL) = (done_by_id IS NULL)",
            name=op.f("ck_access_review_done_by_if_done"),
        ),
        sa.CheckConstraint(
            "(done_at IS NULL) = (next_due_at IS NULL)",
            name=op.f("ck_access_review_next_due_if_done"),
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"],
            ["person_account.id"],
            name=op.f("fk_access_review_done_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"],
            ["person_account.id"],
            name=op.f("fk_access_review_opened_by_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review")),
    )
    op.create_table(
        "answer",
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
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answers", db.Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "on_behalf_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL",
            name=op.f("ck_answer_corrected_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_answer_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["answer.id"], name=op.f("fk_answer_supersedes_id_answer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_answer_supersedes_id")),
        sa.UniqueConstraint("task_id", "version", name=op.f("uq_answer_task_id_version")),
    )
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.create_index(
            "ix_answer_element", ["case_id", "process", "element_id", "id"], unique=False
        )

    op.create_table(
        "attachment",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column(
            "document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_attachment_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachment_case_id"), ["case_id"], unique=False)

    op.create_table(
        "case_fact",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL",
            name=op.f("ck_case_fact_corrected_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_case_fact_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["case_fact.id"], name=op.f("fk_case_fact_supersedes_id_case_fact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_fact")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_case_fact_supersedes_id")),
    )
    with op.batch_alter_table("case_fact", schema=None) as batch_op:
        batch_op.create_index("ix_case_fact_name", ["case_id", "name"], unique=False)

    op.create_table(
        "case_subject",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("quantity", db.Quantity(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "unit_id IS NOT NULL OR lot_id IS NOT NULL OR description IS NOT NULL",
            name=op.f("ck_case_subject_described_if_unidentified"),
        ),
        sa.CheckConstraint(
            "unit_id IS NULL OR lot_id IS NULL", name=op.f("ck_case_subject_unit_or_lot")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_case_subject_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_subject")),
    )
    with op.batch_alter_table("case_subject", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_subject_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_case_subject_lot", ["lot_id"], unique=False)
        batch_op.create_index("ix_case_subject_unit", ["unit_id"], unique=False)

    op.create_table(
        "comment",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_comment_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comment_case_id"), ["case_id"], unique=False)

    op.create_table(
        "definition_release",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "definition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "capacity IN ('process_owner', 'quality')",
            name=op.f("ck_definition_release_known_capacity"),
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"],
            ["process_definition.id"],
            name=op.f("fk_definition_release_definition_id_process_definition"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition_release")),
        sa.UniqueConstraint(
            "definition_id", "by_id", name=op.f("uq_definition_release_definition_id_by_id")
        ),
        sa.UniqueConstraint(
            "definition_id", "capacity", name=op.f("uq_definition_release_definition_id_capacity")
        ),
    )
    op.create_table(
        "delegation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "delegate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("starts_at", db.UtcDateTime(), nullable=False),
        sa.Column("ends_at", db.UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delegated_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "delegated_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("revoked_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "revoked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_delegation_ends_later")),
        sa.CheckConstraint(
            "principal_id <> delegate_id", name=op.f("ck_delegation_to_someone_else")
        ),
        sa.ForeignKeyConstraint(
            ["delegate_id"],
            ["person_account.id"],
            name=op.f("fk_delegation_delegate_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["delegated_by_id"],
            ["person_account.id"],
            name=op.f("fk_delegation_delegated_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["person_account.id"],
            name=op.f("fk_delegation_principal_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"],
            ["person_account.id"],
            name=op.f("fk_delegation_revoked_by_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index("ix_delegation_delegate", ["delegate_id", "ends_at"], unique=False)

    op.create_table(
        "disposition_round",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'proposed', 'approved', 'rejected')",
            name=op.f("ck_disposition_round_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_disposition_round_case_id_case_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposition_round")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_disposition_round_case_id_number")),
    )
    op.create_table(
        "import_batch",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("rolled_back_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "rolled_back_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'rolled_back') = (rolled_back_at IS NOT NULL)",
            name=op.f("ck_import_batch_rolled_back_when"),
        ),
        sa.CheckConstraint(
            "state IN ('quarantined', 'loaded', 'rolled_back')",
            name=op.f("ck_import_batch_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["file_sha256"],
            ["import_file.sha256"],
            name=op.f("fk_import_batch_file_sha256_import_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "location",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "code", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('warehouse', 'quarantine', 'line', 'laboratory', 'transit', 'third_party', 'consignee')",
            name=op.f("ck_location_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["party.id"], name=op.f("fk_location_party_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("code", name=op.f("uq_location_code")),
    )
    with op.batch_alter_table("location", schema=None) as batch_op:
        batch_op.create_index("ix_location_party", ["party_id"], unique=False)

    op.create_table(
        "part",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "manufacturer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "part_no", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=True),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column(
            "di", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("is_released", sa.Boolean(), nullable=False),
        sa.CheckConstraint("control IN ('serial', 'lot')", name=op.f("ck_part_control_is_known")),
        sa.CheckConstraint(
            "issuer IN ('gs1', 'hibcc', 'iccbba')", name=op.f("ck_part_issuer_is_known")
        ),
        sa.CheckConstraint(
            "kind IN ('device', 'component', 'material', 'packaging')",
            name=op.f("ck_part_kind_is_known"),
        ),
        sa.CheckConstraint(
            "(di IS NULL) = (issuer IS NULL)", name=op.f("ck_part_di_names_its_issuer")
        ),
        sa.ForeignKeyConstraint(
            ["manufacturer_id"], ["party.id"], name=op.f("fk_part_manufacturer_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part")),
        sa.UniqueConstraint("issuer", "di", name=op.f("uq_part_issuer_di")),
        sa.UniqueConstraint(
            "manufacturer_id", "part_no", name=op.f("uq_part_manufacturer_id_part_no")
        ),
    )
    with op.batch_alter_table("part", schema=None) as batch_op:
        batch_op.create_index("ix_part_di", ["di"], unique=False)

    op.create_table(
        "posting",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_account", sa.Text(), nullable=False),
        sa.Column("to_account", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(subject_id IS NULL AND (unit_id IS NULL) <> (lot_id IS NULL)) OR (subject_id IS NOT NULL AND unit_id IS NULL AND lot_id IS NULL)",
            name=op.f("ck_posting_unit_lot_or_described"),
        ),
        sa.CheckConstraint("from_account <> to_account", name=op.f("ck_posting_moves")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_posting_quantity_above_zero")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_posting_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["case_subject.id"], name=op.f("fk_posting_subject_id_case_subject")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index("ix_posting_case", ["case_id", "to_account"], unique=False)
        batch_op.create_index("ix_posting_lot", ["lot_id", "case_id"], unique=False)
        batch_op.create_index("ix_posting_unit", ["unit_id", "case_id"], unique=False)

    op.create_table(
        "process_instance",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "definition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "parent_group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("parent_key", sa.Text(), nullable=True),
        sa.Column("business_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("state_sha256", sa.Text(), nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("started_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "started_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (status IN ('running', 'incident'))",
            name=op.f("ck_process_instance_ended_if_over"),
        ),
        sa.CheckConstraint(
            "status IN ('running', 'completed', 'cancelled', 'incident')",
            name=op.f("ck_process_instance_known_status"),
        ),
        sa.CheckConstraint(
            "(parent_id IS NULL) = (root_id = id)",
            name=op.f("ck_process_instance_root_has_no_parent"),
        ),
        sa.ForeignKeyConstraint(
            ["definition_id"],
            ["process_definition.id"],
            name=op.f("fk_process_instance_definition_id_process_definition"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_group_id"],
            ["child_group.id"],
            name=op.f("fk_process_instance_parent_group_id_child_group"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["process_instance.id"],
            name=op.f("fk_process_instance_parent_id_process_instance"),
        ),
        sa.ForeignKeyConstraint(
            ["root_id"],
            ["process_instance.id"],
            name=op.f("fk_process_instance_root_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instance")),
        sa.UniqueConstraint(
            "parent_group_id",
            "parent_key",
            name=op.f("uq_process_instance_parent_group_id_parent_key"),
        ),
    )
    with op.batch_alter_table("process_instance", schema=None) as batch_op:
        batch_op.create_index("ix_process_instance_business_key", ["business_key"], unique=False)
        batch_op.create_index("ix_process_instance_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_process_instance_root_id", ["root_id"], unique=False)

    op.create_table(
        "qualification",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("valid_from", db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", db.UtcDateTime(), nullable=True),
        sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "recorded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("withdrawn_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "withdrawn_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "expires_at IS NULL OR expires_at > valid_from",
            name=op.f("ck_qualification_expires_later"),
        ),
        sa.CheckConstraint(
            "recorded_by_id <> person_id", name=op.f("ck_qualification_not_recorded_by_self")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_qualification_person_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["person_account.id"],
            name=op.f("fk_qualification_recorded_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by_id"],
            ["person_account.id"],
            name=op.f("fk_qualification_withdrawn_by_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification")),
    )
    with op.batch_alter_table("qualification", schema=None) as batch_op:
        batch_op.create_index("ix_qualification_person", ["person_id", "code"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_signing", sa.Boolean(), nullable=False),
        sa.Column("granted_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "granted_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("confirmed_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "confirmed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("ends_at", db.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "revoked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (reason IS NULL)",
            name=op.f("ck_role_grant_revoked_with_a_reason"),
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> granted_by_id",
            name=op.f("ck_role_grant_granted_and_confirmed_by_two"),
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> person_id",
            name=op.f("ck_role_grant_not_confirmed_by_self"),
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"],
            ["person_account.id"],
            name=op.f("fk_role_grant_confirmed_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["granted_by_id"],
            ["person_account.id"],
            name=op.f("fk_role_grant_granted_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_role_grant_person_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"],
            ["person_account.id"],
            name=op.f("fk_role_grant_revoked_by_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(
            "uq_role_grant_open",
            ["person_id", "role"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )

    op.create_table(
        "sign_in_attempt",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name_sha256", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_sign_in_attempt_person_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempt_person", ["person_id", "at"], unique=False)

    op.create_table(
        "web_session",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", db.UtcDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_why IS NULL)",
            name=op.f("ck_web_session_ended_for_a_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_web_session_person_id_person_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_web_session_token_sha256")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index("ix_web_session_person", ["person_id", "ended_at"], unique=False)

    op.create_table(
        "access_review_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "review_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('kept', 'removed')", name=op.f("ck_access_review_line_kept_or_removed")
        ),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_by_id IS NULL)",
            name=op.f("ck_access_review_line_decided_by_if_decided"),
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> person_id",
            name=op.f("ck_access_review_line_not_own"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["person_account.id"],
            name=op.f("fk_access_review_line_decided_by_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["role_grant.id"], name=op.f("fk_access_review_line_grant_id_role_grant")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person_account.id"],
            name=op.f("fk_access_review_line_person_id_person_account"),
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["access_review.id"],
            name=op.f("fk_access_review_line_review_id_access_review"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_review_line")),
        sa.UniqueConstraint(
            "review_id", "grant_id", name=op.f("uq_access_review_line_review_id_grant_id")
        ),
    )
    op.create_table(
        "child_report",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("taken_up_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["child_id"],
            ["process_instance.id"],
            name=op.f("fk_child_report_child_id_process_instance"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["child_group.id"], name=op.f("fk_child_report_group_id_child_group")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["process_instance.id"],
            name=op.f("fk_child_report_parent_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child_report")),
        sa.UniqueConstraint("child_id", name=op.f("uq_child_report_child_id")),
    )
    with op.batch_alter_table("child_report", schema=None) as batch_op:
        batch_op.create_index("ix_child_report_group_id", ["group_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("inputs", db.Json(), nullable=False),
        sa.Column("outputs", db.Json(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_decision_instance_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_instance_id", ["instance_id"], unique=False)

    op.create_table(
        "disposition_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("done_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'rejected', 'running', 'done', 'returned')",
            name=op.f("ck_disposition_line_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_file.id"], name=op.f("fk_disposition_line_case_id_case_file")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["disposition_round.id"],
            name=op.f("fk_disposition_line_round_id_disposition_round"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposition_line")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_disposition_line_round_id_number")),
    )
    with op.batch_alter_table("disposition_line", schema=None) as batch_op:
        batch_op.create_index("ix_disposition_line_case", ["case_id", "state"], unique=False)

    op.create_table(
        "event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("recording", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("biz_step", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("event_at", db.UtcDateTime(), nullable=False),
        sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("payload", db.Json(), nullable=False),
        sa.Column(
            "corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "corrects_id IS NULL OR corrects_id <> id", name=op.f("ck_event_corrects_another")
        ),
        sa.CheckConstraint(
            "corrects_id IS NULL OR reason IS NOT NULL", name=op.f("ck_event_correction_has_reason")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["event.id"], name=op.f("fk_event_corrects_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_event_location_id_location")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_event_corrects_id")),
        sa.UniqueConstraint("uuid", name=op.f("uq_event_uuid")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_at", ["event_at"], unique=False)
        batch_op.create_index("ix_event_recording", ["recording"], unique=False)

    op.create_table(
        "incident",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("facts", db.Json(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resolved_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "resolved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_incident_instance_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index("ix_incident_instance_id", ["instance_id"], unique=False)

    op.create_table(
        "lot",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "manufacturer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "lot_no", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("is_unknown", sa.Boolean(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("is_released", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["trace_node.id"], name=op.f("fk_lot_id_trace_node")),
        sa.ForeignKeyConstraint(
            ["manufacturer_id"], ["party.id"], name=op.f("fk_lot_manufacturer_id_party")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_lot_part_id_part")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sa.UniqueConstraint(
            "manufacturer_id",
            "part_id",
            "lot_no",
            name=op.f("uq_lot_manufacturer_id_part_id_lot_no"),
        ),
    )
    with op.batch_alter_table("lot", schema=None) as batch_op:
        batch_op.create_index("ix_lot_lot_no", ["lot_no"], unique=False)
        batch_op.create_index(
            "ix_lot_one_unknown",
            ["part_id", "manufacturer_id"],
            unique=True,
            sqlite_where=sa.text("is_unknown"),
            postgresql_where=sa.text("is_unknown"),
        )
        batch_op.create_index("ix_lot_part", ["part_id"], unique=False)

    op.create_table(
        "market_authorisation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("licence_kind", sa.Text(), nullable=False),
        sa.Column("licence_no", sa.Text(), nullable=False),
        sa.Column(
            "holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "authorised_representative_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "importer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("srn", sa.Text(), nullable=True),
        sa.Column("registration_no", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from",
            name=op.f("ck_market_authorisation_ends_after_it"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["party.id"], name=op.f("fk_market_authorisation_agent_id_party")
        ),
        sa.ForeignKeyConstraint(
            ["authorised_representative_id"],
            ["party.id"],
            name=op.f("fk_market_authorisation_authorised_representative_id_party"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["party.id"], name=op.f("fk_market_authorisation_holder_id_party")
        ),
        sa.ForeignKeyConstraint(
            ["importer_id"], ["party.id"], name=op.f("fk_market_authorisation_importer_id_party")
        ),
        sa.ForeignKeyConstraint(
            ["part_id"], ["part.id"], name=op.f("fk_market_authorisation_part_id_part")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_authorisation")),
        sa.UniqueConstraint(
            "part_id",
            "country",
            "licence_no",
            name=op.f("uq_market_authorisation_part_id_country_licence_no"),
        ),
    )
    op.create_table(
        "renewal",
        sa.Column(
            "instance_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "signature_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_renewal_instance_id_process_instance"),
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"], ["signature.id"], name=op.f("fk_renewal_signature_id_signature")
        ),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_renewal")),
        sa.UniqueConstraint("signature_id", name=op.f("uq_renewal_signature_id")),
    )
    op.create_table(
        "staging_row",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("raw", db.Json(), nullable=False),
        sa.Column("values", db.Json(), nullable=False),
        sa.Column("problems", db.Json(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_staging_row_batch_id_import_batch")
        ),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_staging_row")),
    )
    with op.batch_alter_table("staging_row", schema=None) as batch_op:
        batch_op.create_index("ix_staging_row_entity", ["entity", "entity_id"], unique=False)

    op.create_table(
        "subscription",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_subscription_instance_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("name", "key", name=op.f("uq_subscription_name_key")),
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index("ix_subscription_instance_id", ["instance_id"], unique=False)

    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("loop_key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("sla", sa.Text(), nullable=True),
        sa.Column("due_at", db.UtcDateTime(), nullable=True),
        sa.Column("follow_up_at", db.UtcDateTime(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("separate_from", sa.Text(), nullable=True),
        sa.Column("qualification", sa.Text(), nullable=True),
        sa.Column("procedure", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("opened_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "claimed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("claimed_at", db.UtcDateTime(), nullable=True),
        sa.Column("done_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "done_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "on_behalf_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("cancelled_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(claimed_at IS NULL) = (claimed_by_id IS NULL)",
            name=op.f("ck_task_claimed_at_if_claimed"),
        ),
        sa.CheckConstraint(
            "done_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_task_done_or_cancelled")
        ),
        sa.CheckConstraint(
            "done_by_id IS NULL OR done_at IS NOT NULL", name=op.f("ck_task_done_by_if_done")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_task_instance_id_process_instance"),
        ),
        sa.ForeignKeyConstraint(
            ["root_id"], ["process_instance.id"], name=op.f("fk_task_root_id_process_instance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index("ix_task_instance_id", ["instance_id"], unique=False)
        batch_op.create_index(
            "ix_task_open",
            ["role", "due_at", "opened_at", "id", "claimed_by_id", "signature"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
        )
        batch_op.create_index(
            "ix_task_open_due_at",
            ["due_at", "root_id"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND cancelled_at IS NULL"),
        )
        batch_op.create_index(
            "ix_task_root_element", ["root_id", "process", "element_id"], unique=False
        )

    op.create_table(
        "timer",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("due_at", db.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_timer_instance_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.UniqueConstraint("task_id", "due_at", name=op.f("uq_timer_task_id_due_at")),
    )
    with op.batch_alter_table("timer", schema=None) as batch_op:
        batch_op.create_index("ix_timer_due_at", ["due_at"], unique=False)
        batch_op.create_index("ix_timer_instance_id", ["instance_id"], unique=False)

    op.create_table(
        "token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("since", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f("fk_token_instance_id_process_instance"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index("ix_token_instance_id", ["instance_id"], unique=False)

    op.create_table(
        "disposition_line_part",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (lot_id IS NULL)",
            name=op.f("ck_disposition_line_part_unit_or_lot"),
        ),
        sa.CheckConstraint(
            "quantity > 0", name=op.f("ck_disposition_line_part_quantity_above_zero")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["disposition_line.id"],
            name=op.f("fk_disposition_line_part_line_id_disposition_line"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposition_line_part")),
    )
    with op.batch_alter_table("disposition_line_part", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_disposition_line_part_line_id"), ["line_id"], unique=False
        )
        batch_op.create_index("ix_disposition_line_part_unit", ["unit_id"], unique=False)

    op.create_table(
        "edge",
        sa.Column("inp", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("out", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("qty", db.Quantity(), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("inp <> out", name=op.f("ck_edge_into_another")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_edge_event_id_event")),
        sa.ForeignKeyConstraint(["inp"], ["trace_node.id"], name=op.f("fk_edge_inp_trace_node")),
        sa.ForeignKeyConstraint(["out"], ["trace_node.id"], name=op.f("fk_edge_out_trace_node")),
        sa.PrimaryKeyConstraint("inp", "out", name=op.f("pk_edge")),
    )
    with op.batch_alter_table("edge", schema=None) as batch_op:
        batch_op.create_index("ix_edge_out", ["out", "inp"], unique=False)

    op.create_table(
        "event_link",
        sa.Column(
            "unit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("custody", sa.Text(), nullable=True),
        sa.Column("usability", sa.Text(), nullable=True),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "custody IN ('in_house', 'in_transit', 'at_third_party', 'at_consignee', 'returned', 'consumed', 'destroyed', 'never_existed', 'unknown')",
            name=op.f("ck_event_link_custody_is_known"),
        ),
        sa.CheckConstraint(
            "usability IN ('unreleased', 'conforming', 'nonconforming', 'scrapped', 'unknown')",
            name=op.f("ck_event_link_usability_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_link_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_event_link_location_id_location")
        ),
        sa.PrimaryKeyConstraint("unit_id", "event_id", name=op.f("pk_event_link")),
    )
    with op.batch_alter_table("event_link", schema=None) as batch_op:
        batch_op.create_index("ix_event_link_event", ["event_id"], unique=False)

    op.create_table(
        "event_node",
        sa.Column(
            "node_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_node_event_id_event")
        ),
        sa.PrimaryKeyConstraint("node_id", "event_id", name=op.f("pk_event_node")),
    )
    with op.batch_alter_table("event_node", schema=None) as batch_op:
        batch_op.create_index("ix_event_node_event", ["event_id"], unique=False)

    op.create_table(
        "hold",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_count", sa.Integer(), nullable=False),
        sa.Column("review_by", db.UtcDateTime(), nullable=True),
        sa.Column("placed_at", db.UtcDateTime(), nullable=False),
        sa.Column(
            "placed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "placed_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("released_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "released_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.Column(
            "release_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "target_kind IN ('unit', 'lot', 'segment', 'stock', 'scope')",
            name=op.f("ck_hold_target_kind_is_known"),
        ),
        sa.CheckConstraint(
            "(released_at IS NULL) = (release_event_id IS NULL)",
            name=op.f("ck_hold_released_by_event"),
        ),
        sa.CheckConstraint(
            "(released_at IS NULL) = (release_reason IS NULL)", name=op.f("ck_hold_released_why")
        ),
        sa.ForeignKeyConstraint(
            ["placed_event_id"], ["event.id"], name=op.f("fk_hold_placed_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["release_event_id"], ["event.id"], name=op.f("fk_hold_release_event_id_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index("ix_hold_case", ["case_number"], unique=False)

    op.create_table(
        "lot_stock",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("usability", sa.Text(), nullable=False),
        sa.Column(
            "tranche_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.CheckConstraint(
            "custody IN ('in_house', 'in_transit', 'at_third_party', 'at_consignee', 'returned', 'consumed', 'destroyed', 'never_existed', 'unknown')",
            name=op.f("ck_lot_stock_custody_is_known"),
        ),
        sa.CheckConstraint(
            "usability IN ('unreleased', 'conforming', 'nonconforming', 'scrapped', 'unknown')",
            name=op.f("ck_lot_stock_usability_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_lot_stock_location_id_location")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_lot_stock_lot_id_lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_stock")),
        sa.UniqueConstraint(
            "lot_id",
            "location_id",
            "custody",
            "usability",
            "tranche_id",
            name=op.f("uq_lot_stock_lot_id_location_id_custody_usability_tranche_id"),
        ),
    )
    with op.batch_alter_table("lot_stock", schema=None) as batch_op:
        batch_op.create_index("ix_lot_stock_location", ["location_id"], unique=False)
        batch_op.create_index("ix_lot_stock_tranche", ["tranche_id"], unique=False)

    op.create_table(
        "segment",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "work_order",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("from_at", db.UtcDateTime(), nullable=False),
        sa.Column("to_at", db.UtcDateTime(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_segment_event_id_event")),
        sa.ForeignKeyConstraint(["id"], ["trace_node.id"], name=op.f("fk_segment_id_trace_node")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_segment_part_id_part")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["location.id"], name=op.f("fk_segment_site_id_location")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
    )
    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_segment_work_order"), ["work_order"], unique=False)

    op.create_table(
        "shipment",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "consignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("shipped_at", db.UtcDateTime(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["consignee_id"], ["party.id"], name=op.f("fk_shipment_consignee_id_party")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_shipment_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_shipment_location_id_location")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
    )
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.create_index("ix_shipment_consignee", ["consignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_document_no"), ["document_no"], unique=False)

    op.create_table(
        "stock_posting",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("usability", sa.Text(), nullable=False),
        sa.Column("tranche_id", sa.Integer(), nullable=False),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.CheckConstraint(
            "custody IN ('in_house', 'in_transit', 'at_third_party', 'at_consignee', 'returned', 'consumed', 'destroyed', 'never_existed', 'unknown')",
            name=op.f("ck_stock_posting_custody_is_known"),
        ),
        sa.CheckConstraint(
            "usability IN ('unreleased', 'conforming', 'nonconforming', 'scrapped', 'unknown')",
            name=op.f("ck_stock_posting_usability_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_stock_posting_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_stock_posting_location_id_location")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_stock_posting_lot_id_lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_posting")),
    )
    with op.batch_alter_table("stock_posting", schema=None) as batch_op:
        batch_op.create_index("ix_stock_posting_event", ["event_id"], unique=False)
        batch_op.create_index("ix_stock_posting_lot", ["lot_id"], unique=False)

    op.create_table(
        "tranche",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_tranche_event_id_event")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_tranche_lot_id_lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tranche")),
    )
    with op.batch_alter_table("tranche", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tranche_lot_id"), ["lot_id"], unique=False)

    op.create_table(
        "hold_door",
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_door_hold_id_hold")),
        sa.PrimaryKeyConstraint("hold_id", "door", name=op.f("pk_hold_door")),
    )
    op.create_table(
        "hold_exemption",
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "target_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_hold_exemption_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["hold.id"], name=op.f("fk_hold_exemption_hold_id_hold")
        ),
        sa.PrimaryKeyConstraint("hold_id", "kind", "target_id", name=op.f("pk_hold_exemption")),
    )
    op.create_table(
        "hold_target",
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "target_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "release_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "kind IN ('unit', 'lot', 'segment', 'stock')", name=op.f("ck_hold_target_kind_is_known")
        ),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_target_hold_id_hold")),
        sa.ForeignKeyConstraint(
            ["release_event_id"], ["event.id"], name=op.f("fk_hold_target_release_event_id_event")
        ),
        sa.PrimaryKeyConstraint("hold_id", "kind", "target_id", name=op.f("pk_hold_target")),
    )
    with op.batch_alter_table("hold_target", schema=None) as batch_op:
        batch_op.create_index(
            "ix_hold_target_active",
            ["kind", "target_id", "hold_id"],
            unique=False,
            sqlite_where=sa.text("release_event_id IS NULL"),
            postgresql_where=sa.text("release_event_id IS NULL"),
        )

    op.create_table(
        "unit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "serial", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seg_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("usability", sa.Text(), nullable=False),
        sa.Column(
            "location_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("is_released", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "custody IN ('in_house', 'in_transit', 'at_third_party', 'at_consignee', 'returned', 'consumed', 'destroyed', 'never_existed', 'unknown')",
            name=op.f("ck_unit_custody_is_known"),
        ),
        sa.CheckConstraint(
            "usability IN ('unreleased', 'conforming', 'nonconforming', 'scrapped', 'unknown')",
            name=op.f("ck_unit_usability_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_unit_location_id_location")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_unit_lot_id_lot")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_unit_part_id_part")),
        sa.ForeignKeyConstraint(["seg_id"], ["segment.id"], name=op.f("fk_unit_seg_id_segment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("part_id", "serial", name=op.f("uq_unit_part_id_serial")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index("ix_unit_location", ["location_id"], unique=False)
        batch_op.create_index("ix_unit_lot", ["lot_id"], unique=False)
        batch_op.create_index("ix_unit_segment", ["seg_id"], unique=False)
        batch_op.create_index("ix_unit_serial", ["serial"], unique=False)

    op.create_table(
        "hold_breach",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "tranche_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("found_at", db.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (lot_id IS NULL)", name=op.f("ck_hold_breach_unit_or_lot")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_hold_breach_event_id_event")
        ),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_breach_hold_id_hold")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_hold_breach_lot_id_lot")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_hold_breach_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold_breach")),
    )
    with op.batch_alter_table("hold_breach", schema=None) as batch_op:
        batch_op.create_index("ix_hold_breach_hold", ["hold_id"], unique=False)

    op.create_table(
        "install",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column(
            "from_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "to_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint("child_id <> host_id", name=op.f("ck_install_in_another_unit")),
        sa.ForeignKeyConstraint(["child_id"], ["unit.id"], name=op.f("fk_install_child_id_unit")),
        sa.ForeignKeyConstraint(
            ["from_event_id"], ["event.id"], name=op.f("fk_install_from_event_id_event")
        ),
        sa.ForeignKeyConstraint(["host_id"], ["unit.id"], name=op.f("fk_install_host_id_unit")),
        sa.ForeignKeyConstraint(
            ["to_event_id"], ["event.id"], name=op.f("fk_install_to_event_id_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_install")),
    )
    with op.batch_alter_table("install", schema=None) as batch_op:
        batch_op.create_index("ix_install_child", ["child_id", "host_id"], unique=False)
        batch_op.create_index("ix_install_host", ["host_id", "child_id"], unique=False)
        batch_op.create_index(
            "ix_install_one_open",
            ["child_id"],
            unique=True,
            sqlite_where=sa.text("to_event_id IS NULL"),
            postgresql_where=sa.text("to_event_id IS NULL"),
        )

    op.create_table(
        "shipment_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "shipment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "tranche_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quantity", db.Quantity(), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(lot_id IS NULL) = (quantity IS NULL)", name=op.f("ck_shipment_line_lot_has_quantity")
        ),
        sa.CheckConstraint(
            "(unit_id IS NULL) <> (lot_id IS NULL)", name=op.f("ck_shipment_line_unit_or_lot")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_shipment_line_event_id_event")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_shipment_line_lot_id_lot")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id_shipment")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_shipment_line_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_line")),
    )
    with op.batch_alter_table("shipment_line", schema=None) as batch_op:
        batch_op.create_index("ix_shipment_line_lot", ["lot_id"], unique=False)
        batch_op.create_index("ix_shipment_line_shipment", ["shipment_id"], unique=False)
        batch_op.create_index("ix_shipment_line_unit", ["unit_id"], unique=False)

    op.create_table(
        "unit_input",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("qty", db.Quantity(), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_unit_input_event_id_event")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_unit_input_lot_id_lot")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_input_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_input")),
    )
    with op.batch_alter_table("unit_input", schema=None) as batch_op:
        batch_op.create_index("ix_unit_input_lot", ["lot_id", "unit_id"], unique=False)

    op.create_table(
        "unit_root",
        sa.Column(
            "unit_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seg_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_unit_root_lot_id_lot")),
        sa.ForeignKeyConstraint(["root_id"], ["unit.id"], name=op.f("fk_unit_root_root_id_unit")),
        sa.ForeignKeyConstraint(
            ["seg_id"], ["segment.id"], name=op.f("fk_unit_root_seg_id_segment")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_root_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_unit_root")),
    )
    with op.batch_alter_table("unit_root", schema=None) as batch_op:
        batch_op.create_index("ix_unit_root_lot", ["lot_id", "root_id", "unit_id"], unique=False)
        batch_op.create_index("ix_unit_root_root", ["root_id"], unique=False)
        batch_op.create_index("ix_unit_root_seg", ["seg_id", "root_id", "unit_id"], unique=False)

    op.create_table(
        "upload",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint(
            "person_id", "place", "sha256", name=op.f("uq_upload_person_id_place_sha256")
        ),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_sha256"), ["sha256"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        # the two tables name each other; SQLite cannot add a foreign key later
        op.create_foreign_key(
            op.f("fk_child_group_instance_id_process_instance"),
            "child_group",
            "process_instance",
            ["instance_id"],
            ["id"],
        )


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
