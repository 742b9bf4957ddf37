"""The database: one declarative base, the column types both databases share, two engines.

Types are chosen so that SQLite and PostgreSQL behave alike: `Key` counts up on both, `UtcDateTime`
keeps its zone and refuses naive times, `Quantity` is exact, `Json` is text in the order written.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Text,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from engine import locks, triggers
from engine.errors import Busy, BusyWith

SCALE = 1_000_000  # a quantity is kept as millionths: exact, sortable and summable on SQLite too
LOCK_TIMEOUT_MS = 2_000
BUSY_TIMEOUT_MS = 10_000
KEPT_OPEN = 10  # connections: as many as threads of a server, for to open one takes milliseconds


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored as UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a stored moment needs a time zone"
            raise ValueError(message)
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Quantity(TypeDecorator[Decimal]):
    """An exact quantity with up to six places, stored as an integer of millionths."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        scaled = Decimal(value) * SCALE
        if scaled != scaled.to_integral_value():
            message = "a quantity has at most six decimal places"
            raise ValueError(message)
        return int(scaled)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else (Decimal(value) / SCALE).normalize() + 0


class Json(TypeDecorator[Any]):
    """JSON as text, keys in the order written: never `jsonb`, which reorders them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        return None if value is None else json.loads(value)


# 64 bits on both; SQLite autoincrements only a column declared INTEGER
KeyType = BigInteger().with_variant(Integer, "sqlite")
Key = Annotated[int, mapped_column(KeyType, primary_key=True, autoincrement=True)]
Ref = Annotated[int, mapped_column(KeyType)]
Word = Annotated[str, mapped_column(String(200))]


class Base(DeclarativeBase):
    """The one base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        Decimal: Quantity,
        UUID: Uuid(),
        dict[str, Any]: Json,
        list[Any]: Json,
        str: Text,
    }


# --- tables that only grow -------------------------------------------------------------------

_guards: dict[str, tuple[str, ...]] = {}
_locks: dict[str, tuple[tuple[str, ...], str]] = {}


def only_grows(model: type[Base], *, but: tuple[str, ...] = ()) -> None:
    """Have triggers refuse DELETE of its rows, and UPDATE of any column not named in `but`."""
    _guards[model.__tablename__] = but


def locks_fields(model: type[Base], columns: tuple[str, ...], *, when: str) -> None:
    """Have a trigger refuse UPDATE of `columns` on rows where `when` (SQL over OLD) holds."""
    _locks[model.__tablename__] = (columns, when)


def install_triggers(connection: Connection) -> None:
    """Have every guard stand, and leave alone what does.

    Call it after each migration (batch mode drops them on SQLite).
    """
    tables = Base.metadata.tables
    frozen = {
        name: [column.name for column in tables[name].columns if column.name not in but]
        for name, but in _guards.items()
    }
    triggers.install(connection, grows=frozen, locked=_locks)


# --- engines and transactions ----------------------------------------------------------------


class Looks(Session):
    """A session that only reads, and keeps nothing of what was put into it."""

    def close(self) -> None:
        """End the transaction by COMMIT: at a ROLLBACK psycopg forgets what it has prepared."""
        if self.in_transaction() and self.is_active:
            self.expunge_all()
            with suppress(DBAPIError):  # the connection is lost: there is nothing to end
                self.commit()
        super().close()


class Database:
    """Two engines on one database: `begin()` for the one writing transaction, `read()` to look.

    `info` is handed to every session as `session.info`: what the composition root gives to the
    rooms that must not import it (`actions`, `event_sinks`, …).
    """

    def __init__(self, url: str, *, info: Mapping[str, Any] | None = None) -> None:
        """Open `url` (`sqlite:///…` or `postgresql+psycopg://…`); nothing connects yet."""
        self.url = url
        self.info = dict(info or {})
        self.writer = _engine(url, immediate=True)
        self.reader = _engine(url, immediate=False)

    @contextmanager
    def begin(self, *, by_id: int | None = None) -> Iterator[Session]:
        """Give one session in one transaction; commit at the end, roll back on any error.

        `by_id` is the person it is for: whoever waits too long for it is told their name. Raises
        `Busy` when a colleague held a lock for too long, `BusyWith` when it is known who.
        """
        try:
            with Session(self.writer, info=self.info, expire_on_commit=False) as db, db.begin():
                if by_id is not None:
                    locks.sign(db.connection(), by_id)
                yield db
        except OperationalError as error:
            if locks.is_busy(error):
                raise self.busy(error) from error
            raise

    def busy(self, error: OperationalError) -> Busy:
        """Return the refusal of a wait that was given up, with who and since when if that is known.

        `info["printed_name"]` gives a person's name. Call it after the transaction has ended.
        """
        name = self.info.get("printed_name")
        try:
            with self.read() as db:
                found = locks.holder(db.connection(), error, tables=Base.metadata.tables.keys())
                if found is None or name is None:
                    return Busy()
                return BusyWith(by=name(db, found.person_id), since=found.since)
        except DBAPIError:  # a name is not worth another failure
            return Busy()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one snapshot and keeps nothing."""
        with Looks(self.reader, info=self.info, expire_on_commit=False) as db:
            yield db

    def close(self) -> None:
        """Let go of every connection."""
        self.writer.dispose()
        self.reader.dispose()


def _engine(url: str, *, immediate: bool) -> Engine:
    if url.startswith("sqlite"):
        return _sqlite_engine(url, immediate=immediate)

    # a waiting lock is a colleague's work: give up after two seconds and say so
    # and to compile a query as the server does by itself takes longer than any query of ours
    options = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC -c jit=off"
    if not immediate:
        options += " -c default_transaction_read_only=on"
    connect_args = {"options": options, "application_name": locks.APPLICATION}
    return create_engine(url, connect_args=connect_args, pool_pre_ping=True, pool_size=KEPT_OPEN)


def _sqlite_engine(url: str, *, immediate: bool) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False}, pool_size=KEPT_OPEN)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            *(() if immediate else ("query_only=ON",)),
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a deferred transaction that reads and then writes fails with "locked" at once: the
        # snapshot cannot be upgraded, and busy_timeout does not apply (2,153 of 2,400 tried)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def upserting(db: Session, table: Any) -> Any:
    """Return an INSERT that can say what happens `on_conflict`, in the words of this database."""
    dialect = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def create_schema(engine: Engine) -> None:
    """Create every table and trigger at once (tests and new databases before migrations)."""
    # a copy: creating a foreign key by ALTER, as PostgreSQL does where two tables name each other,
    # marks it in the metadata for good, and SQLite would then create its table without it
    tables = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(tables)
    with engine.begin() as connection:
        tables.create_all(connection)
        install_triggers(connection)
