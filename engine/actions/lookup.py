"""Find a verb by its name: the service task's id is the file name."""

from importlib import import_module
from types import ModuleType


class NoSuchVerb(LookupError):
    """A diagram names a service task for which there is no file in engine/actions."""


def verb(name: str) -> ModuleType:
    """Return the module of a verb: `Parameters`, `Result`, and the function of its own name."""
    if not name.isidentifier() or name == "lookup":
        raise NoSuchVerb(name)
    try:
        return import_module(f"engine.actions.{name}")
    except ModuleNotFoundError as missing:
        if missing.name != f"engine.actions.{name}":
            raise
        raise NoSuchVerb(name) from missing
