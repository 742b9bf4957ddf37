"""Traces at full size, kept row by row"""

from typing import Any

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
        sa.Column("custody", sa.SmallInteger(), nullable=False),
        sa.Column("usability", sa.SmallInteger(), nullable=False),
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
        sa.Column("custody", sa.SmallInteger(), nullable=False),
        sa.Column("usability", sa.SmallInteger(), nullable=False),
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
    _codes()


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
        ("ix_unit_lot", "unit", ["lot_id"], "lot_id"),
        ("ix_shipment_line_lot", "shipment_line", ["lot_id"], "lot_id"),
        ("ix_shipment_line_unit", "shipment_line", ["unit_id", "shipment_id"], None),
        ("ix_install_child", "install", ["child_id"], None),
        ("ix_install_host", "install", ["host_id"], None),
        ("ix_install_ended", "install", ["child_id", "host_id"], "to_event_id"),
        ("ix_unit_input_unit", "unit_input", ["unit_id"], None),
    ):
        if name not in ("ix_install_ended", "ix_unit_input_unit"):
            op.drop_index(name, table_name=table)
        where = sa.text(f"{without} IS NOT NULL") if without else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    for of, only in (("seg", None), ("lot", sa.text("lot_id IS NOT NULL"))):
        op.drop_index(f"ix_unit_root_{of}", table_name="unit_root")
        op.create_index(
            f"ix_unit_root_{of}", "unit_root", [f"{of}_id", "root_id"],
            postgresql_include=["unit_id"], sqlite_where=only, postgresql_where=only,
        )  # fmt: skip


CODES = {
    "custody": (
        "in_house", "in_transit", "at_third_party", "at_consignee", "returned", "consumed",
        "destroyed", "never_existed", "unknown",
    ),
    "usability": ("unreleased", "conforming", "nonconforming", "scrapped", "unknown"),
    "role": ("subject", "removed", "host", "child", "carried"),
}  # fmt: skip
AXES = ("custody", "usability")
CODED = {
    "unit": AXES, "event_link": ("role", *AXES), "lot_stock": AXES, "stock_posting": AXES,
}  # fmt: skip


def _codes() -> None:
    """Keep the words of the axes as small numbers; they were a third of a device's rows."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        _code_in_place()
    else:
        _lay_anew(connection)
    op.create_index("ix_unit_serial", "unit", ["serial", "part_id"], unique=True)
    corrects = sa.text("corrects_id IS NOT NULL")
    op.create_index(
        "ix_event_corrects", "event", ["corrects_id"], unique=True,
        sqlite_where=corrects, postgresql_where=corrects,
    )  # fmt: skip


def _code_in_place() -> None:
    op.drop_constraint(op.f("uq_unit_part_id_serial"), "unit", type_="unique")
    op.drop_constraint(op.f("uq_event_corrects_id"), "event", type_="unique")
    op.drop_index("ix_unit_serial", table_name="unit")
    for table, columns in CODED.items():
        # they name the columns; every trigger is laid anew after the last step
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_update ON {table}")
        for column in columns:
            if column != "role":
                op.drop_constraint(op.f(f"ck_{table}_{column}_is_known"), table, type_="check")
            op.alter_column(
                table, column, type_=sa.SmallInteger(), postgresql_using=_number_of(column)
            )
            op.create_check_constraint(op.f(f"ck_{table}_{column}_is_known"), table, _rule(column))


def _number_of(column: str) -> str:
    words = " ".join(f"WHEN '{word}' THEN {n}" for n, word in enumerate(CODES[column], 1))
    return f"CASE {column} {words} END"


def _rule(column: str) -> str:
    return f"{column} IN ({', '.join(str(n) for n, _ in enumerate(CODES[column], 1))})"


def _lay_anew(connection: sa.Connection) -> None:
    """Copy each table into one with numbers; `engine.migrations.upgrade` minds the references."""
    # a number is never given twice, whatever was taken away again
    last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'unit'"))
    found = sa.inspect(connection)
    indexes = {
        table: connection.scalars(
            sa.text(
                "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"
                " AND sql IS NOT NULL AND name <> 'ix_unit_serial'"
            ),
            {"table": table},
        ).all()
        for table in (*CODED, "event")
    }
    for table, columns in {**CODED, "event": ()}.items():
        names = [column["name"] for column in found.get_columns(table)]
        picked = [_number_of(name) if name in columns else name for name in names]
        _create(f"{table}_anew")
        op.execute(
            f"INSERT INTO {table}_anew ({', '.join(names)}) SELECT {', '.join(picked)} FROM {table}"  # noqa: S608  names are from here
        )
        op.drop_table(table)
        op.rename_table(f"{table}_anew", table)
        for index in indexes[table]:
            op.execute(index)
    if last is not None:
        connection.execute(
            sa.text("UPDATE sqlite_sequence SET seq = max(seq, :last) WHERE name = 'unit'"),
            {"last": last},
        )


def _create(anew: str) -> None:
    table = anew.removesuffix("_anew")
    laid: dict[str, tuple[sa.Column[Any] | sa.Constraint, ...]] = {
        "unit": (
            _number("id", counts=True), _number("part_id"), _text("serial"),
            _number("lot_id", nullable=True), _number("seg_id", nullable=True),
            *_axes(), _number("location_id", nullable=True), _text("grade", nullable=True),
            sa.Column("is_released", sa.Boolean(), nullable=False),
            sa.Column("version", sa.Integer(), nullable=False),
        ),
        "event": (
            _number("id", counts=True), sa.Column("uuid", sa.Uuid(), nullable=False),
            sa.Column("recording", sa.Uuid(), nullable=False), _text("type"),
            _text("biz_step", nullable=True), _text("disposition", nullable=True),
            sa.Column("event_at", db.UtcDateTime(), nullable=False),
            sa.Column("recorded_at", db.UtcDateTime(), nullable=False),
            _number("actor_id", nullable=True), _text("source"),
            _number("location_id", nullable=True),
            sa.Column("payload", db.Json(), nullable=False),
            _number("corrects_id", nullable=True), _text("reason", nullable=True),
            sa.UniqueConstraint("uuid", name=op.f("uq_event_uuid")),
            sa.CheckConstraint(
                "corrects_id IS NULL OR reason IS NOT NULL",
                name=op.f("ck_event_correction_has_reason"),
            ),
            sa.CheckConstraint(
                "corrects_id IS NULL OR corrects_id <> id", name=op.f("ck_event_corrects_another")
            ),
        ),
        "event_link": (
            _number("unit_id"), _number("event_id"),
            sa.Column("role", sa.SmallInteger(), nullable=False),
            *_axes(nullable=True), _number("location_id", nullable=True),
        ),
        "lot_stock": (
            _number("id", counts=True), _number("lot_id"), _number("location_id"), *_axes(),
            _number("tranche_id"), sa.Column("quantity", db.Quantity(), nullable=False),
            sa.UniqueConstraint(
                "lot_id", "location_id", "custody", "usability", "tranche_id",
                name=op.f("uq_lot_stock_lot_id_location_id_custody_usability_tranche_id"),
            ),
        ),
        "stock_posting": (
            _number("id", counts=True), _number("event_id"), _number("lot_id"),
            _number("location_id"), *_axes(), _number("tranche_id"),
            sa.Column("quantity", db.Quantity(), nullable=False),
        ),
    }  # fmt: skip
    columns = laid[table]
    named = {column.name for column in columns if isinstance(column, sa.Column)}
    key = ("unit_id", "event_id") if table == "event_link" else ("id",)
    op.create_table(
        anew,
        *columns,
        *(
            sa.CheckConstraint(_rule(column), name=op.f(f"ck_{table}_{column}_is_known"))
            for column in CODED.get(table, ())
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
            )
            for column, other in REFERENCES.items()
            if column in named
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        sqlite_autoincrement=table == "unit",
        sqlite_with_rowid=table != "event_link",
    )


REFERENCES = {
    "part_id": "part", "lot_id": "lot", "seg_id": "segment", "location_id": "location",
    "event_id": "event", "corrects_id": "event",
}  # fmt: skip


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _axes(*, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(axis, sa.SmallInteger(), nullable=nullable) for axis in AXES]


def downgrade() -> None:
    """Refuse: evidence is never taken back; restore the backup instead."""
    raise NotImplementedError
