"""Every table of the house, found by looking: no list to forget one in."""

import importlib
import sys
from pathlib import Path

from sqlalchemy.exc import NoReferencedTableError

from engine import db as engine_db
from engine.db import Base, Database, create_schema
from tests.support.personas import settle

ROOT = Path(__file__).parents[2]


def model_modules() -> list[str]:
    """Name the modules of the engine that lay tables."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "engine").rglob("*.py")
        if "migrations" not in path.parts
        and ("__tablename__" in (code := path.read_text("utf-8")) or " Table(" in code)
    )


def load_models() -> None:
    """Import them all, so that `create_schema` knows every table."""
    for name in model_modules():
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - one room's unfinished table must not stop the others
            print(f"tests: {name} cannot be imported: {error!r}", file=sys.stderr)
    _set_aside_unresolvable()


def _set_aside_unresolvable() -> None:
    while True:
        for table in list(Base.metadata.tables.values()):
            try:
                for key in table.foreign_keys:
                    _ = key.column
            except NoReferencedTableError as error:
                print(f"tests: table {table.name} is set aside: {error}", file=sys.stderr)
                Base.metadata.remove(table)
                engine_db._guards.pop(table.name, None)
                break
        else:
            return


def lay_schema(url: str, *, peopled: bool) -> None:
    """Create every table in the empty database at `url`, and the personas if `peopled`."""
    load_models()
    database = Database(url)
    try:
        create_schema(database.writer)
        if peopled:
            with database.begin() as db:
                settle(db)
    finally:
        database.close()
