"""Statements compiled once in a test process, and not once for the engine of every test."""

from collections import defaultdict

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

STATEMENTS = 5_000
_compiled: dict[type, LRUCache] = defaultdict(lambda: LRUCache(STATEMENTS))


def compile_once() -> None:
    """Let the engines of one kind share their cache: a tenth of a run was compiling the same SQL.

    The cache asks for the dialect; every database of a run is of one server or one SQLite, so two
    dialects of a kind compile alike.
    """
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        dialect.__eq__ = lambda self, other: type(self) is type(other)
        dialect.__hash__ = lambda self: hash(type(self))
    Engine._compiled_cache = property(
        lambda engine: _compiled[type(engine.dialect)], lambda _engine, _own: None
    )
