"""Rules on what people are asked to do."""

from collections.abc import Iterator

from engine.bpmn import durations, segregation
from engine.bpmn.lint.around import called_diagram, form_fields, form_table
from engine.bpmn.lint.diagram import Complaint, Diagram
from engine.bpmn.lint.naming import SNAKE
from engine.bpmn.xml import NAMES
from engine.evidence.meanings import MEANINGS


def user_task_has_a_form(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a task that asks nothing: its form is forms/<process>/<task>.toml."""
    for key, _node in diagram.of("userTask"):
        if form_table(diagram.around, diagram.id, key) is None:
            yield key, f"Write its form, forms/{diagram.id}/{key}.toml."


def user_task_has_a_role(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a task nobody holds: the id of its lane is the role."""
    for key, _node in diagram.of("userTask"):
        role = diagram.lane_of.get(key)
        if role is not None and not SNAKE.match(role):
            yield key, f"Its lane's id {role!r} is not the code of a role."


def user_task_has_an_sla(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a task without a time: an ISO duration or the id of an obligation."""
    for key, node in diagram.of("userTask"):
        sla = diagram.properties(node).get("sla", "")
        if not durations.is_duration(sla) and not SNAKE.match(sla):
            yield key, "Give it the property sla: a duration such as P2D, or an obligation."


def signature_meanings_are_known(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse signatures with a meaning that is not in the closed list, or on no answer."""
    for key, node in diagram.of("userTask", "startEvent"):
        for part in (diagram.properties(node).get("signature") or "").split(","):
            answer, colon, meaning = part.strip().partition(":")
            if part.strip() and (not colon or meaning.strip() not in MEANINGS):
                yield key, f"{part.strip()!r} is no meaning of a signature, as *:approve is."
            elif part.strip() and not _is_an_answer(diagram, key, answer.strip()):
                yield key, f"The form has no answer {answer.strip()!r} to sign."


def _is_an_answer(diagram: Diagram, key: str, answer: str) -> bool:
    """Say whether `decision=approve`, `approve` or `*` can be answered in the form of `key`."""
    table = form_table(diagram.around, diagram.id, key)
    if answer == "*" or table is None:
        return True
    field, equals, value = answer.partition("=")
    fields = [f for f in form_fields(table) if not equals or f.get("id") == field]
    choices = {str(c.get("value")) for f in fields for c in f.get("choices", [])}
    asked = value if equals else answer
    is_yes_no = any(f.get("kind") == "yes_no" for f in fields)
    return asked in choices or (is_yes_no and asked in ("yes", "no", "true", "false"))


def separate_from_names_a_user_task(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a segregation of duties that points nowhere: it would never be enforced."""
    for key, node in diagram.of("userTask"):
        asked = diagram.properties(node).get("separate_from")
        for process, element in segregation.elements(asked):
            other = diagram.root
            if process != diagram.id:
                found = called_diagram(diagram.around, process)
                if found is None:
                    yield key, f"There is no process {process}: write process.element."
                    continue
                other = found
            # whoever starts a diagram by a command stands for its start event
            deeds = {
                deed.get("id")
                for kind in ("userTask", "startEvent")
                for deed in other.iterfind(f".//bpmn:{kind}", NAMES)
            }
            if element not in deeds or (process, element) == (diagram.id, key):
                yield key, f"{process}.{element} is not another user task."
