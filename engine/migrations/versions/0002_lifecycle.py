"""The whole life: requirements, purchases, inspections, tests, packing, service"""

import json

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "recall_contact",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("party_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("verified_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "verified_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("ended_at", db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('email', 'telephone', 'letter', 'fax', 'portal')",
            name=op.f("ck_recall_contact_channel_is_known"),
        ),
        sa.CheckConstraint(
            "role IN ('recall', 'vigilance', 'quality', 'logistics', 'management')",
            name=op.f("ck_recall_contact_role_is_known"),
        ),
        sa.CheckConstraint(
            "verified_at IS NOT NULL OR verified_by_id IS NULL",
            name=op.f("ck_recall_contact_verified_by"),
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["party.id"], name=op.f("fk_recall_contact_party_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_contact")),
    )
    with op.batch_alter_table("recall_contact", schema=None) as batch_op:
        batch_op.create_index("ix_recall_contact_party", ["party_id"], unique=False)

    op.create_table(
        "certificate",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "number", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "issuer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_sha256", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('conformity', 'material', 'sterilisation', 'calibration', 'destruction', 'test_report')",
            name=op.f("ck_certificate_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_certificate_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["issuer_id"], ["party.id"], name=op.f("fk_certificate_issuer_id_party")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_certificate")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index("ix_certificate_file", ["file_sha256"], unique=False)
        batch_op.create_index("ix_certificate_number", ["number"], unique=False)

    op.create_table(
        "container",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "sscc", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind IN ('case', 'pallet')", name=op.f("ck_container_kind_is_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_container_event_id_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container")),
        sa.UniqueConstraint("sscc", name=op.f("uq_container_sscc")),
    )
    op.create_table(
        "event_fact",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "value", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_event_fact_event_id_event")
        ),
        sa.PrimaryKeyConstraint("event_id", "name", "value", name=op.f("pk_event_fact")),
    )
    with op.batch_alter_table("event_fact", schema=None) as batch_op:
        batch_op.create_index("ix_event_fact_value", ["name", "value", "event_id"], unique=False)

    op.create_table(
        "examination",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("sample_size", sa.Integer(), nullable=True),
        sa.Column("failed_count", sa.Integer(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('inspection', 'test')", name=op.f("ck_examination_kind_is_known")
        ),
        sa.CheckConstraint(
            "outcome IN ('passed', 'sorted', 'failed')",
            name=op.f("ck_examination_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "failed_count IS NULL OR failed_count <= sample_size",
            name=op.f("ck_examination_failed_of_sample"),
        ),
        sa.CheckConstraint(
            "sample_size IS NULL OR sample_size > 0", name=op.f("ck_examination_looked_at_some")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_examination_event_id_event")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_examination_part_id_part")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_examination")),
    )
    with op.batch_alter_table("examination", schema=None) as batch_op:
        batch_op.create_index("ix_examination_outcome", ["outcome", "event_id"], unique=False)
        batch_op.create_index("ix_examination_part", ["part_id"], unique=False)

    op.create_table(
        "flag",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("facts", db.Json(), nullable=False),
        sa.Column("found_at", db.UtcDateTime(), nullable=False),
        sa.Column("seen_at", db.UtcDateTime(), nullable=True),
        sa.Column(
            "seen_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("seen_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "rule IN ('held_used', 'held_installed', 'held_shipped', 'held_put_into_use', 'held_moved', 'expired_used', 'expired_shipped', 'not_usable', 'inside_another', 'before_it_was', 'over_consumed', 'over_received', 'packed_elsewhere', 'not_away', 'arrived_elsewhere', 'more_than_away', 'unknown_goods', 'unknown_place', 'does_not_fit', 'inputs_not_placed', 'not_withdrawn')",
            name=op.f("ck_flag_rule_is_known"),
        ),
        sa.CheckConstraint(
            "(seen_at IS NULL) = (seen_by_id IS NULL)", name=op.f("ck_flag_seen_by_someone")
        ),
        sa.CheckConstraint(
            "(seen_at IS NULL) = (seen_note IS NULL)", name=op.f("ck_flag_seen_with_a_note")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_flag_event_id_event")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_flag_lot_id_lot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    with op.batch_alter_table("flag", schema=None) as batch_op:
        batch_op.create_index("ix_flag_event", ["event_id"], unique=False)
        batch_op.create_index(
            "ix_flag_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("seen_at IS NULL"),
            postgresql_where=sa.text("seen_at IS NULL"),
        )

    op.create_table(
        "purchase_order",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "number", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "supplier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ordered_at", db.UtcDateTime(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("withdrawn_at", db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_purchase_order_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["party.id"], name=op.f("fk_purchase_order_supplier_id_party")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_order")),
    )
    with op.batch_alter_table("purchase_order", schema=None) as batch_op:
        batch_op.create_index(
            "ix_purchase_order_number",
            ["number"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
        batch_op.create_index("ix_purchase_order_supplier", ["supplier_id"], unique=False)

    op.create_table(
        "measurement",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("characteristic", sa.Text(), nullable=False),
        sa.Column("lower", sa.Text(), nullable=True),
        sa.Column("upper", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("is_met", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["examination.event_id"], name=op.f("fk_measurement_event_id_examination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
    )
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.create_index("ix_measurement_event", ["event_id"], unique=False)

    op.create_table(
        "purchase_line",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("unit_price", db.Quantity(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(unit_price IS NULL) = (currency IS NULL)",
            name=op.f("ck_purchase_line_price_has_currency"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_purchase_line_orders_something")),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["purchase_order.id"],
            name=op.f("fk_purchase_line_order_id_purchase_order"),
        ),
        sa.ForeignKeyConstraint(
            ["part_id"], ["part.id"], name=op.f("fk_purchase_line_part_id_part")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_line")),
        sa.UniqueConstraint("order_id", "line_no", name=op.f("uq_purchase_line_order_id_line_no")),
    )
    with op.batch_alter_table("purchase_line", schema=None) as batch_op:
        batch_op.create_index("ix_purchase_line_part", ["part_id"], unique=False)

    op.create_table(
        "packed",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "container_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "tranche_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("inner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "from_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "to_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(CASE WHEN unit_id IS NULL THEN 0 ELSE 1 END + CASE WHEN tranche_id IS NULL THEN 0 ELSE 1 END + CASE WHEN inner_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_packed_one_thing"),
        ),
        sa.CheckConstraint(
            "(tranche_id IS NULL) = (lot_id IS NULL)", name=op.f("ck_packed_tranche_of_lot")
        ),
        sa.CheckConstraint(
            "inner_id IS NULL OR inner_id <> container_id", name=op.f("ck_packed_in_another")
        ),
        sa.ForeignKeyConstraint(
            ["container_id"], ["container.id"], name=op.f("fk_packed_container_id_container")
        ),
        sa.ForeignKeyConstraint(
            ["from_event_id"], ["event.id"], name=op.f("fk_packed_from_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["inner_id"], ["container.id"], name=op.f("fk_packed_inner_id_container")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_packed_lot_id_lot")),
        sa.ForeignKeyConstraint(
            ["to_event_id"], ["event.id"], name=op.f("fk_packed_to_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["tranche_id"], ["tranche.id"], name=op.f("fk_packed_tranche_id_tranche")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_packed_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packed")),
    )
    with op.batch_alter_table("packed", schema=None) as batch_op:
        batch_op.create_index("ix_packed_container", ["container_id"], unique=False)
        batch_op.create_index("ix_packed_from", ["from_event_id"], unique=False)
        batch_op.create_index(
            "ix_packed_open_inner",
            ["inner_id"],
            unique=True,
            sqlite_where=sa.text("to_event_id IS NULL"),
            postgresql_where=sa.text("to_event_id IS NULL"),
        )
        batch_op.create_index(
            "ix_packed_open_tranche",
            ["tranche_id"],
            unique=True,
            sqlite_where=sa.text("to_event_id IS NULL"),
            postgresql_where=sa.text("to_event_id IS NULL"),
        )
        batch_op.create_index(
            "ix_packed_open_unit",
            ["unit_id"],
            unique=True,
            sqlite_where=sa.text("to_event_id IS NULL"),
            postgresql_where=sa.text("to_event_id IS NULL"),
        )

    op.create_table(
        "purchase_receipt",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "line_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_purchase_receipt_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["purchase_line.id"],
            name=op.f("fk_purchase_receipt_line_id_purchase_line"),
        ),
        sa.PrimaryKeyConstraint("event_id", "line_id", name=op.f("pk_purchase_receipt")),
    )
    with op.batch_alter_table("purchase_receipt", schema=None) as batch_op:
        batch_op.create_index("ix_purchase_receipt_line", ["line_id"], unique=False)

    op.create_table(
        "unit_label",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "serial", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("label_version", sa.Text(), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "never_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "serial IS NOT NULL OR label_version IS NOT NULL",
            name=op.f("ck_unit_label_says_something"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_unit_label_event_id_event")
        ),
        sa.ForeignKeyConstraint(
            ["never_event_id"], ["event.id"], name=op.f("fk_unit_label_never_event_id_event")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_unit_label_part_id_part")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_label_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_label")),
    )
    with op.batch_alter_table("unit_label", schema=None) as batch_op:
        batch_op.create_index(
            "ix_unit_label_serial",
            ["serial", "part_id"],
            unique=True,
            sqlite_where=sa.text("never_event_id IS NULL"),
            postgresql_where=sa.text("never_event_id IS NULL"),
        )
        batch_op.create_index("ix_unit_label_unit", ["unit_id"], unique=False)

    # the same lot may go into the same run again once a correction said that it never did
    with op.batch_alter_table("edge", recreate="auto") as batch_op:
        batch_op.add_column(sa.Column("never_event_id", KEY, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_edge_never_event_id_event"), "event", ["never_event_id"], ["id"]
        )
        batch_op.drop_constraint("pk_edge", type_="primary")
        batch_op.create_primary_key("pk_edge", ["inp", "out", "event_id"])

    with op.batch_alter_table("install", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "never_event_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_install_never_event_id_event"), "event", ["never_event_id"], ["id"]
        )

    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.create_index("ix_segment_to_at", ["to_at"], unique=False)

    with op.batch_alter_table("unit_input", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "never_event_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
            )
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_unit_input_never_event_id_event"), "event", ["never_event_id"], ["id"]
        )

    _strike_installs()
    _name_facts()


def _strike_installs() -> None:
    """Say which installs never were by a column of their own; until now a join said so."""
    op.execute(
        "UPDATE install SET never_event_id = (SELECT c.id FROM event c"
        " WHERE c.corrects_id = install.from_event_id AND c.type = 'did_not_occur')"
        " WHERE from_event_id IN (SELECT corrects_id FROM event WHERE type = 'did_not_occur')"
    )


def _name_facts() -> None:
    """Give rows to the documents and work orders that events have named so far."""
    connection = op.get_bind()
    events = sa.table("event", sa.column("id"), sa.column("payload"))
    facts = sa.table("event_fact", sa.column("event_id"), sa.column("name"), sa.column("value"))
    after = 0
    while True:
        some = connection.execute(
            sa.select(events.c.id, events.c.payload)
            .where(events.c.id > after)
            .order_by(events.c.id)
            .limit(5000)
        ).all()
        if not some:
            return
        after = some[-1].id
        rows = [
            {"event_id": key, "name": name, "value": value}
            for key, payload in some
            for name, value in sorted(_named(json.loads(payload)))
        ]
        if rows:
            connection.execute(sa.insert(facts), rows)


def _named(payload: dict[str, object]) -> set[tuple[str, str]]:
    documents, order = payload.get("documents"), payload.get("work_order")
    said = {("document", str(one).strip()) for one in documents or () if one}  # type: ignore[attr-defined]
    return said | ({("work_order", str(order).strip())} if order else set())


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
