"""Rules on expressions and variables: only safe ones, and nothing read before it is written."""

from collections.abc import Iterator

from engine.bpmn.lint.around import called_diagram
from engine.bpmn.lint.diagram import Complaint, Diagram, data_names
from engine.bpmn.lint.places import cells_of, expressions_of
from engine.bpmn.lint.writes import written
from engine.bpmn.step import PARAMETER
from engine.bpmn.xml import NAMES
from forms import expressions


def expressions_are_safe(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse every expression the evaluator would refuse, wherever it stands."""
    places = list(expressions_of(diagram))
    for key, _node in diagram.of("businessRuleTask"):
        places += [(key, cell) for cell in cells_of(diagram, key)]
    for key, text in places:
        try:
            expressions.check(text)
        except expressions.ExpressionRefused as error:
            yield key, f"{text.strip()[:60]!r}: {error}"


def names_are_written_before(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a name read where it may have no value; `get` may read what is written somewhere."""
    before = written_before(diagram)
    anywhere = set(diagram.data_inputs())
    complete = True
    for key in diagram.nodes:
        anywhere |= written(diagram, key).all
        complete = complete and written(diagram, key).known

    for key, read in _reads(diagram):
        available = before.get(key)
        if available is not None:
            for name in sorted(read.needed - available):
                yield key, f"{name} is not written on every way here. Write get('{name}', …)."
        for name in sorted(read.optional) if complete else ():
            if name not in anywhere:
                yield key, f"Nothing ever writes {name}."


def outputs_are_written(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse an end where a declared output may be missing: the caller would stop there."""
    before = written_before(diagram)
    for key, _node in diagram.of("endEvent"):
        available = before.get(key)
        if available is not None:
            for name in sorted(set(diagram.data_outputs()) - available):
                yield key, f"The output {name} is not written on every way to this end."


def _reads(diagram: Diagram) -> Iterator[tuple[str, expressions.Reads]]:
    places = list(expressions_of(diagram))
    for key, _node in diagram.of("businessRuleTask"):
        places += [(key, cell) for cell in cells_of(diagram, key)]
    for key, text in places:
        try:
            yield key, expressions.reads(text)
        except expressions.ExpressionRefused:
            continue  # expressions_are_safe speaks of it
    for key, node in diagram.of("callActivity"):
        called = called_diagram(diagram.around, node.get("calledElement", ""))
        process = called.find("bpmn:process", NAMES) if called is not None else None
        if process is not None:
            needed = frozenset(data_names(process, "dataInput"))
            yield key, expressions.Reads(needed, frozenset())


def written_before(diagram: Diagram) -> dict[str, set[str] | None]:
    """Return the names surely written when a token comes to each element; None: anyone's guess.

    Ways that cannot be told (a form or action is missing) carry None on, so that one missing
    file does not raise a finding at every later element.
    """
    # None stands for "every name": where nothing has arrived yet and where nobody can tell
    before: dict[str, set[str] | None] = dict.fromkeys(diagram.nodes)
    for key, _node in diagram.of("startEvent"):
        before[key] = set(diagram.data_inputs())
    arrows = _arrows_into(diagram)
    changed = True
    while changed:
        changed = False
        for key in diagram.nodes:
            if not arrows[key]:
                continue
            joined = _join(diagram, key, [_after(diagram, n, before, e) for n, e in arrows[key]])
            if joined != before[key]:
                before[key], changed = joined, True
    return before


def _arrows_into(diagram: Diagram) -> dict[str, list[tuple[str, bool]]]:
    """Return, per element, where its tokens come from, and whether from the element's edge."""
    arrows: dict[str, list[tuple[str, bool]]] = {
        key: [(f.source, False) for f in flows if f.source in diagram.nodes]
        for key, flows in diagram.incoming.items()
    }
    for key, node in diagram.of("boundaryEvent"):
        if node.get("attachedToRef") in diagram.nodes:
            arrows[key].append((str(node.get("attachedToRef")), True))
    return arrows


def _after(
    diagram: Diagram,
    key: str,
    before: dict[str, set[str] | None],
    on_the_edge: bool,  # noqa: FBT001
) -> set[str] | None:
    here, writes = before[key], written(diagram, key)
    if on_the_edge:
        return here
    return here | writes.always if here is not None and writes.known else None


def _join(diagram: Diagram, key: str, ways: list[set[str] | None]) -> set[str] | None:
    known = [way for way in ways if way is not None]
    if diagram.tag(key) == "parallelGateway":
        return set().union(*known) if len(known) == len(ways) else None
    return set.intersection(*known) if known else None


def service_task_names_an_action(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a service task whose id is not a verb of engine/actions."""
    for key, _node in diagram.of("serviceTask"):
        if diagram.actions is not None and diagram.actions(key) is None:
            yield key, f"There is no action engine/actions/{key}.py."


def service_task_parameters_fit(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse parameters the action does not take, lacks, or cannot read."""
    for key, node in diagram.of("serviceTask"):
        action = diagram.actions(key) if diagram.actions else None
        if action is None:
            continue
        given = {name.removeprefix(PARAMETER): value
                 for name, value in diagram.properties(node).items()
                 if name.startswith(PARAMETER)}  # fmt: skip
        literals = {}
        for name, text in given.items():
            try:
                if not any(vars(expressions.reads(text)).values()):
                    literals[name] = expressions.evaluate(text, {})
            except ValueError:
                continue  # expressions_are_safe speaks of it
        schema = action.parameters()
        missing = {n for n, f in schema.fields.items() if f.required} - set(given)
        unknown = set(given) - set(schema.fields)
        known = {n: v for n, v in literals.items() if n in schema.fields}
        for name in sorted(missing):
            yield key, f"It needs the property parameter.{name}."
        for name in sorted(unknown):
            yield key, f"The action takes no parameter {name}."
        for name, words in schema.validate(known, partial=True).items():
            yield key, f"parameter.{name} does not fit: {words}"
