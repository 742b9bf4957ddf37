"""The drawing of a process as it is served: every name in the reader's language."""

from functools import lru_cache

from lxml import etree
from sqlalchemy.orm import Session

from engine.bpmn import diagrams
from engine.bpmn.xml import read_xml
from webapp.sentences import translated
from webapp.times import language

TEXT = "{http://www.omg.org/spec/BPMN/20100524/MODEL}text"


def drawing(db: Session, definition_id: int, process: str) -> bytes:
    """Return the BPMN of one process with translated names; raises `NoDrawing`."""
    return _spoken(diagrams.drawing(db, definition_id, process), language())


@lru_cache(maxsize=64)
def _spoken(text: str, _language: str) -> bytes:
    """Translate the names; a version never changes, so each language is made once."""
    root = read_xml(text.encode(), "diagram")
    for element in root.iter(etree.Element):
        name = element.get("name")
        if name:
            element.set("name", translated(name))
        if element.tag == TEXT and element.text:
            element.text = translated(element.text.strip())
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
