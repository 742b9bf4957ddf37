"""Rules on ids, names and words."""

import re
from collections.abc import Iterator
from pathlib import PurePath

from engine.bpmn.lint.diagram import GATEWAYS, Complaint, Diagram
from engine.bpmn.lint.writes import written
from engine.bpmn.xml import NAMES
from forms.expressions import is_variable_name

GENERATED = re.compile(
    r"^(Activity|Event|Gateway|Flow|Process|Participant|Collaboration|Lane|Task|StartEvent|EndEvent"
    r"|Definitions|SequenceFlow|Message|ExclusiveGateway|BusinessRule|IntermediateThrowEvent)_?\w*$"
)
SNAKE = re.compile(r"^[a-z][a-z0-9_]*$")


def no_generated_ids(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse ids a drawing tool made up: the id is the file name."""
    for key in diagram.nodes:
        if GENERATED.match(key):
            yield key, "Give it an id that says what it is: it is the name of a file."


def ids_are_snake_case(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse ids that cannot be file names, or that the library uses itself."""
    for key in [diagram.id, *diagram.nodes]:
        if not SNAKE.match(key) and not GENERATED.match(key):
            yield key, "Ids are snake_case words, such as confirm_segregation."


def ids_are_not_reserved(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse ids that would hide a function or break the saved state."""
    for key in diagram.nodes:
        if SNAKE.match(key) and not is_variable_name(key):
            yield key, f"{key} is a reserved word. Choose another id."


def variables_are_not_reserved(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse variables named like a function, a keyword or a key of the saved state."""
    for key in diagram.data_inputs():
        if not is_variable_name(key):
            yield diagram.id, f"The data input {key} is a reserved or unusable name."
    for node in diagram.nodes:
        for name in sorted(written(diagram, node).all):
            if not is_variable_name(name):
                yield node, f"It writes {name}, which is a reserved or unusable name."


def process_is_named_like_its_file(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a process whose id is not its file's name."""
    if PurePath(diagram.file).stem != diagram.id:
        yield diagram.id, f"Call the file {diagram.id}.bpmn, or the process like its file."


def process_is_documented(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a process that does not say what it is for."""
    if not (diagram.process.findtext("bpmn:documentation", "", NAMES) or "").strip():
        yield diagram.id, "Say in its documentation what this process is for."


def process_has_a_version_tag(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a process without a version: people and documents quote it."""
    if not diagram.properties(diagram.process).get("version_tag"):
        yield diagram.id, "Give the process the property version_tag."


def process_is_executable(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a process that is drawn only."""
    if diagram.process.get("isExecutable") != "true":
        yield diagram.id, 'Set isExecutable="true".'


def elements_are_named(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse elements without words; a gateway that asks nothing needs none."""
    for key, node in diagram.nodes.items():
        tag = diagram.tag(key)
        asks = tag != "parallelGateway" and len(diagram.outgoing[key]) > 1
        if not (node.get("name") or "").strip() and (asks or tag not in GATEWAYS):
            yield key, "Name it in the field's words."
