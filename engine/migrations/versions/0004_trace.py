"""Traces at full size, kept row by row"""

import sqlalchemy as sa
from alembic import op

from engine import db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _number(name: str, *, nullable: bool = False, counts: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=counts, nullable=nullable)


def upgrade() -> None:
    """Take the step; nothing ever wrote a row of the old `trace_run`."""
    op.drop_table("trace_run")
    op.create_table(
        "trace_run",
        _number("id", counts=True),
        sa.Column("expression", db.Json(), nullable=False),
        sa.Column("seeds", db.Json(), nullable=False),
        _number("as_of_event_id", nullable=True),
        _number("last_event_id"),
        sa.Column("ledger_head", sa.Text(), nullable=True),
        sa.Column("counts", db.Json(), nullable=False),
        _number("unit_count"),
        _number("root_count"),
        _number("stock_count"),
        _number("node_count"),
        sa.Column("result_sha256", sa.Text(), nullable=False),
        _number("by_id", nullable=True),
        sa.Column("at", db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_run")),
    )
    op.create_table(
        "trace_run_unit",
        _number("run_id"),
        _number("unit_id"),
        _number("root_id"),
        _number("part_id"),
        _number("location_id", nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("is_certain", sa.Boolean(), nullable=False),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("usability", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "how IN ('named', 'contains', 'contained')",
            name=op.f("ck_trace_run_unit_how_is_known"),
        ),
        sa.PrimaryKeyConstraint("run_id", "unit_id", name=op.f("pk_trace_run_unit")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trace_run_stock",
        _number("run_id"),
        _number("stock_id"),
        _number("lot_id"),
        _number("part_id"),
        _number("location_id"),
        _number("tranche_id"),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("usability", sa.Text(), nullable=False),
        sa.Column("quantity", db.Quantity(), nullable=False),
        sa.Column("is_certain", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "stock_id", name=op.f("pk_trace_run_stock")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trace_run_node",
        _number("run_id"),
        _number("node_id"),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.Column("is_certain", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "is_certain OR NOT is_named", name=op.f("ck_trace_run_node_named_is_certain")
        ),
        sa.PrimaryKeyConstraint("run_id", "node_id", name=op.f("pk_trace_run_node")),
        sqlite_with_rowid=False,
    )
    _pasts()
    _indexes()


def _pasts() -> None:
    """Mark what left a host once, and what is inside it: only there former hosts are looked for."""
    op.add_column(
        "unit_root",
        sa.Column("has_past", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.execute(
        """
        WITH RECURSIVE inside(id) AS (
          SELECT child_id FROM install WHERE to_event_id IS NOT NULL
          UNION
          SELECT n.child_id FROM inside i
          JOIN install n ON n.host_id = i.id AND n.to_event_id IS NULL
        )
        UPDATE unit_root SET has_past = true WHERE unit_id IN (SELECT id FROM inside)
        """
    )
    for of in ("seg", "lot"):
        past = sa.text("has_past")
        op.create_index(
            f"ix_unit_root_{of}_past", "unit_root", [f"{of}_id"],
            sqlite_where=past, postgresql_where=past,
        )  # fmt: skip


def _indexes() -> None:
    """Leave out of an index what nobody looks up in it; former hosts get a small one."""
    for name, table, columns, without in (
        ("ix_unit_root_lot", "unit_root", ["lot_id", "root_id", "unit_id"], "lot_id"),
        ("ix_unit_lot", "unit", ["lot_id"], "lot_id"),
        ("ix_shipment_line_lot", "shipment_line", ["lot_id"], "lot_id"),
        ("ix_shipment_line_unit", "shipment_line", ["unit_id", "shipment_id"], None),
        ("ix_install_ended", "install", ["child_id", "host_id"], "to_event_id"),
    ):
        if name != "ix_install_ended":
            op.drop_index(name, table_name=table)
        where = sa.text(f"{without} IS NOT NULL") if without else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
