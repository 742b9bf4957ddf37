"""What the diagrams name, read straight from the XML: the tests' own pair of eyes."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lxml import etree

from tests.support.tree import ROOT

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"


@dataclass(frozen=True)
class Diagram:
    """One process as drawn: for each kind of element the ids, and what its properties name."""

    path: Path
    process: str
    name: str
    documentation: str
    version: str
    ids: dict[str, set[str]] = field(default_factory=dict)  # "userTask" → {"triage", …}
    lanes: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)  # processes; one may be called at two places

    def of(self, kind: str) -> set[str]:
        return self.ids.get(kind, set())


@cache
def diagrams() -> tuple[Diagram, ...]:
    """Read every diagram of the house."""
    return tuple(_read(path) for path in sorted((ROOT / "workflows").glob("*/*.bpmn")))


def _read(path: Path) -> Diagram:
    tree = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True))
    processes = tree.findall(f"{BPMN}process")
    assert len(processes) == 1, f"{path.name} holds {len(processes)} processes: draw one"
    (process,) = processes
    diagram = Diagram(
        path=path,
        process=process.get("id"),
        name=process.get("name") or "",
        documentation=(process.findtext(f"{BPMN}documentation") or "").strip(),
        version=_properties(process.find(f"{BPMN}extensionElements")).get("version_tag", ""),
    )
    for element in process.iter(f"{BPMN}*"):
        kind = etree.QName(element).localname
        if kind == "lane":
            diagram.lanes.add(element.get("id"))
        elif element.get("id"):
            diagram.ids.setdefault(kind, set()).add(element.get("id"))
            if kind == "callActivity":
                diagram.called.add(element.get("calledElement"))
            properties = _properties(element.find(f"{BPMN}extensionElements"))
            if element is not process and "document" in properties:
                diagram.documents.add(properties["document"])
    return diagram


def _properties(extensions: etree._Element | None) -> dict[str, str]:
    if extensions is None:
        return {}
    return {p.get("name"): p.get("value") for p in extensions.iter(f"{SPIFF}property")}
