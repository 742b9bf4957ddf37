"""What Alembic runs: on the connection it is handed, never on one of its own."""

from typing import Any, Literal

from alembic import context

from engine.db import Base, Json, Quantity, UtcDateTime


def render(kind: str, obj: Any, autogen_context: Any) -> str | Literal[False]:
    """Write our own column types by their names."""
    if kind == "type" and isinstance(obj, UtcDateTime | Quantity | Json):
        autogen_context.imports.add("from engine import db")
        return f"db.{type(obj).__name__}()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
    compare_type=True,
)
context.run_migrations()
