"""Every table of the house, found by looking: no list to forget one in."""

import importlib
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from engine.db import Database, create_schema

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
        importlib.import_module(name)


def lay_schema(url: str, *rows: Callable[[Session], None]) -> None:
    """Create every table in the empty database at `url`, and lay `rows` in them, in this order."""
    load_models()
    database = Database(url)
    try:
        create_schema(database.writer)
    finally:
        database.close()
    for lay in rows:
        lay_rows(url, lay)


def lay_rows(url: str, lay: Callable[[Session], None]) -> None:
    """Lay rows in the tables at `url`."""
    database = Database(url)
    try:
        with database.begin() as db:
            lay(db)
    finally:
        database.close()
