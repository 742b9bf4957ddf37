"""What may be recorded from outside: one schema and one command for each type of event."""

from importlib import import_module
from pkgutil import iter_modules

from webapp.api.recording.kind import RECORDABLE, Recordable

for _module in iter_modules(__path__):  # found by looking: each says what it records
    import_module(f"{__name__}.{_module.name}")

__all__ = ["RECORDABLE", "Recordable"]
