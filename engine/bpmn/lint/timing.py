"""Rules on timers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from engine.bpmn import durations
from engine.bpmn.lint.diagram import Complaint, Diagram
from engine.bpmn.lint.places import TIMES
from engine.bpmn.xml import NAMES
from forms import expressions


def timers_can_be_read(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a timer that fails only when it runs: it is a quoted ISO text with an offset."""
    for key, node in diagram.of("intermediateCatchEvent", "boundaryEvent"):
        for tag in TIMES:
            for element in node.iterfind(f".//bpmn:{tag}", NAMES):
                if sentence := _wrong_with(tag, element.text or ""):
                    yield key, sentence
        definition = node.find("bpmn:timerEventDefinition", NAMES)
        if definition is not None and not len(definition):
            yield key, "Say when it fires: timeDate or timeDuration."


def timers_do_not_repeat(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse cycles: after a pause of the server all missed rounds would fire at once."""
    for key, node in diagram.nodes.items():
        if node.find(".//bpmn:timeCycle", NAMES) is not None:
            yield key, "Reminders are rows of ours. Draw one timer, or a child per round."


def _wrong_with(tag: str, text: str) -> str | None:
    unquoted = f'Write the time as a quoted text, "{text.strip()}".'
    if durations.is_duration(text.strip()):
        return unquoted
    try:
        if any(vars(expressions.reads(text)).values()):
            return None  # known only when it runs
        value: Any = expressions.evaluate(text, {})
    except ValueError:
        return unquoted
    return _wrong_with_literal(tag, value) if isinstance(value, str) else unquoted


def _wrong_with_literal(tag: str, value: str) -> str | None:
    if tag == "timeDuration":
        return None if durations.is_duration(value) else f"{value} is no ISO duration such as PT8H."
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return f"{value} is no ISO date and time."
    return None if moment.tzinfo else f"{value} needs an offset, such as +00:00."
