"""The key figures there are: one file each in `definitions`, whose docstring is its definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules

from sqlalchemy.orm import Session

from engine.cases.kpis import definitions
from engine.cases.kpis.measure import Measured, Rows, Window
from engine.errors import NotFound
from engine.words import N_

SECTIONS: Mapping[str, str] = {
    "Formula": N_("Formula"),
    "Population": N_("Population"),
    "Window": N_("Window"),
    "Exclusions": N_("Exclusions"),
    "Unit": N_("Unit"),
    "Source": N_("Source"),
}
PARTS: Mapping[str, str] = {
    "trace": N_("Finding it"),
    "recall": N_("Recalls"),
    "nonconformance": N_("Nonconformances"),
    "cost": N_("What it costs"),
    "compliance": N_("Compliance"),
}


class KpiUnknown(NotFound):
    """There is no such key figure. Look at the list of key figures."""


@dataclass(frozen=True)
class Kpi:
    """One key figure: its code, its definition in words, and how it is reckoned."""

    code: str
    name: str
    sections: Mapping[str, str]
    part: str
    place: int
    unit: str  # of the number it is known by
    measured: Callable[[Session, Window], Measured]
    rows: Callable[[Session, Window], Rows]


def definition(document: str) -> tuple[str, dict[str, str]]:
    """Return the name of a key figure and its sections, out of the docstring of its file."""
    name, _, body = document.partition("\n\n")
    sections: dict[str, str] = {}
    for block in body.split("\n\n"):
        heading, _, words = block.partition(": ")
        if heading in SECTIONS:
            sections[heading] = " ".join(words.split())
    return " ".join(name.split()).removesuffix("."), sections


@cache
def kpis() -> Mapping[str, Kpi]:
    """Return every key figure by its code, in the order of the page."""
    found = []
    for module in iter_modules(definitions.__path__):
        made = import_module(f"{definitions.__name__}.{module.name}")
        name, sections = definition(getdoc(made) or "")
        found.append(
            Kpi(module.name, name, sections, made.PART, made.PLACE, made.UNIT, made.measured,
                made.rows)
        )  # fmt: skip
    order = list(PARTS)
    return {one.code: one for one in sorted(found, key=lambda k: (order.index(k.part), k.place))}


def named(code: str) -> Kpi:
    """Return one key figure; raises `KpiUnknown`."""
    if code not in kpis():
        raise KpiUnknown
    return kpis()[code]
