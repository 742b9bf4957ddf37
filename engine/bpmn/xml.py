"""Reading XML that a stranger may have written: no DOCTYPE, no network, two megabytes."""

from lxml import etree

from engine.errors import Refused

MAX_BYTES = 2_000_000

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
NAMES = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "di": DI, "spiffworkflow": SPIFF}


class UnreadableFile(Refused):
    """%(file)s cannot be read: %(why)s"""  # noqa: D400, D415  the reason ends the sentence


def read_xml(data: bytes, file: str) -> etree._Element:
    """Return the root of `data`; raise `UnreadableFile` for anything but plain, small XML."""
    if len(data) > MAX_BYTES:
        raise UnreadableFile(file=file, why=f"it has more than {MAX_BYTES} bytes.")

    # one parser per call: lxml parsers are not to be shared between threads
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableFile(file=file, why=f"it is not well-formed ({error}).") from error
    if root.getroottree().docinfo.doctype:
        raise UnreadableFile(file=file, why="it has a DOCTYPE, which no diagram needs.")

    return root
