"""All forms there are, by the ids of the diagram."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from forms.errors import FormNotFound
from forms.form import Form
from forms.reading import read_form

FOLDER = Path(__file__).parent
Step = tuple[str, str]  # process, element


@cache
def form(process: str, element: str) -> Form:
    """Return the form of one user task or start event; it is read once.

    Raises `FormNotFound`, or `FormRefused` when its file cannot be used.
    """
    if (process, element) not in steps():
        message = f"There is no form forms/{process}/{element}.toml."
        raise FormNotFound(message)
    return read_form(path_of(process, element))


def path_of(process: str, element: str) -> Path:
    """Return where the form of a step stands: its file belongs to the closure of a diagram."""
    return FOLDER / process / f"{element}.toml"


@cache
def steps() -> frozenset[Step]:
    """Return every step that has a form."""
    return frozenset((path.parent.name, path.stem) for path in FOLDER.glob("*/*.toml"))


def all_forms() -> tuple[Form, ...]:
    """Return every form, sorted by process and element."""
    return tuple(form(*step) for step in sorted(steps()))


def written(process: str, element: str) -> dict[str, str]:
    """Return the variables the form of a step writes into the diagram, each with its kind.

    A step without a form writes nothing.
    """
    return form(process, element).written if (process, element) in steps() else {}


def values(process: str, element: str) -> dict[str, tuple[str, ...]]:
    """Return, for the variables a form writes from choices, the values they can take."""
    if (process, element) not in steps():
        return {}
    asked = form(process, element)
    return {
        field.variable: tuple(choice.value for choice in field.choices)
        for field in asked.fields
        if field.variable and field.kind == "choice"
    }


def missing_forms(asked: Iterable[Step]) -> list[str]:
    """Name the files that are missing for the steps a diagram asks forms of."""
    return [f"forms/{p}/{e}.toml" for p, e in sorted(set(asked) - steps())]


def orphan_forms(asked: Iterable[Step]) -> list[str]:
    """Name the form files no diagram asks for."""
    return [f"forms/{p}/{e}.toml" for p, e in sorted(steps() - set(asked))]
