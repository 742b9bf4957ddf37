"""Finds the kind of a field by the name of its file in `forms/kinds`."""

from functools import cache
from importlib import import_module
from pathlib import Path

from forms.field import Field
from forms.kind import Kind

FOLDER = Path(__file__).parent / "kinds"


@cache
def kind_names() -> tuple[str, ...]:
    """Return the name of every kind there is."""
    return tuple(sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_")))


@cache
def kind_class(name: str) -> type[Kind]:
    """Return the class of a kind: `forms/kinds/long_text.py` holds `LongText`."""
    module = import_module(f"forms.kinds.{name}")
    found: type[Kind] = getattr(module, "".join(word.title() for word in name.split("_")))
    return found


def kind_of(field: Field) -> Kind:
    """Return the kind of `field`, ready to read and show its answers."""
    return kind_class(field.kind)(field)
