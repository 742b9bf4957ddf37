"""What happens inside one step: conditions, decisions, actions and messages of the diagram."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any, Protocol

from marshmallow import Schema, ValidationError
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.util.task import TaskState
from sqlalchemy.orm import Session

from engine.bpmn import decisions
from engine.bpmn.errors import DiagramFault, TooManyRounds
from engine.bpmn.models import Decision, Instance
from engine.bpmn.variables import check_variables
from engine.people.person import Person
from forms import expressions

STEP_BUDGET = 500
MAX_DEPTH = 900  # the library stops looking at 1000 and then calls the process complete
MAX_INSTANCES = 50  # of one multi-instance element; above that open children

PARAMETER = "parameter."


class OpenChildren(Protocol):
    """Opens one child instance per (key, variables); `message` comes when all have ended.

    Returns the id of each child by its key.
    """

    def __call__(
        self, process: str, message: str, items: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class Step:
    """What an action is handed: the transaction, where it stands, who acts and when."""

    db: Session
    instance: Instance
    element_id: str
    variables: Mapping[str, Any]
    by: Person | None
    at: datetime
    open_children: OpenChildren


@dataclass(frozen=True)
class Action:
    """A verb of `engine/actions`: its function and what goes in and comes out."""

    run: Callable[..., dict[str, Any]]
    parameters: type[Schema]
    result: type[Schema]

    @classmethod
    def of(cls, module: "ModuleType | Action") -> "Action":
        """Return the action a module describes: the function bears the module's name."""
        if isinstance(module, Action):
            return module
        verb = module.__name__.rpartition(".")[2]
        return cls(run=getattr(module, verb), parameters=module.Parameters, result=module.Result)


def properties_of(spec: Any) -> dict[str, str]:
    """Return the extension properties an element carries in the diagram."""
    properties: dict[str, str] = getattr(spec, "extensions", {}).get("properties", {})
    return properties


def element_id_of(spec: Any) -> str:
    """Return the element's id in the diagram; an instance of many has the id of all."""
    return str(spec.name).removesuffix(" [child]")


def depth_of(task: Any) -> int:
    """Return how deep a task lies, counting on through called processes."""
    depth: int = task.depth
    parent_id = task.workflow.parent_task_id
    if parent_id is None:
        return depth
    return depth + 1 + depth_of(task.workflow.top_workflow.get_task_from_id(parent_id))


class _Correlations:
    """Evaluates correlation keys, which the library asks for without a task."""

    def evaluate(
        self, expression: str, context: Mapping[str, Any], external_context: object = None
    ) -> Any:
        return expressions.evaluate(expression, context)


@dataclass
class StepEngine(PythonScriptEngine):  # type: ignore[misc]  # the library has no types
    """The library's script engine with every `eval` taken out and our verbs put in."""

    db: Session
    instance: Instance
    by: Person | None
    at: datetime
    open_children: OpenChildren
    element_id: str | None = None  # where the step is now: named by an incident
    steps: int = 0
    environment: _Correlations = field(default_factory=_Correlations)

    # --- expressions ---

    def validate(self, expression: str) -> None:
        try:
            expressions.check(expression)
        except expressions.ExpressionRefused as error:
            # the library asks in this way whether a decision cell begins with an operator
            if isinstance(error.__cause__, SyntaxError):
                raise error.__cause__ from error
            raise

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        return expressions.evaluate(expression, {**task.data, **(external_context or {})})

    def execute(self, task: Any, script: str, external_context: Any = None) -> bool:
        raise DiagramFault(why=f"{task.task_spec.name} holds a script, and scripts never run")

    def call_service(self, task: Any, **kwargs: Any) -> str:
        raise DiagramFault(why=f"{task.task_spec.name} calls a service that is no action")

    # --- bounds ---

    def before(self, task: Any) -> None:
        """Refuse the step that goes too far: the budget, the depth, the rounds."""
        self.element_id = element_id_of(task.task_spec)
        self.steps += 1
        if self.steps > STEP_BUDGET:
            raise DiagramFault(why=f"one step ran through more than {STEP_BUDGET} elements")
        self.check_bounds(task)

    def check_bounds(self, task: Any) -> None:
        """Refuse a task that lies too deep or was visited more often than `max_rounds`."""
        if depth_of(task) > MAX_DEPTH:
            raise DiagramFault(why=f"the diagram was gone through {MAX_DEPTH} elements deep")
        limit = properties_of(task.task_spec).get("max_rounds")
        if limit is None:
            return
        reached = TaskState.READY | TaskState.STARTED | TaskState.COMPLETED
        visits = sum(
            other.task_spec is task.task_spec and other.has_state(reached)
            for other in task.workflow.tasks.values()
        )
        if visits > int(limit):
            raise TooManyRounds(element=task.task_spec.name, count=int(limit))

    # --- verbs ---

    def act(self, task: Any) -> None:
        """Run the action the service task names and merge what it returns."""
        verb = self.element_id = element_id_of(task.task_spec)
        action = Action.of(self.db.info["actions"](verb))
        given = {
            name.removeprefix(PARAMETER): self.evaluate(task, value)
            for name, value in properties_of(task.task_spec).items()
            if name.startswith(PARAMETER)
        }
        try:
            parameters = action.parameters().load(given)
        except ValidationError as error:
            raise DiagramFault(why=f"{verb} cannot take {error.messages}") from error
        result = action.run(self._step(task), **parameters)
        schema = action.result()
        errors = schema.validate(result) or sorted(set(schema.fields) - set(result))
        if errors:
            raise DiagramFault(why=f"{verb} returned {result}, which is wrong in {errors}")
        task.data.update(check_variables(result))

    def send(self, task: Any) -> None:
        """Hand the send task to the composition root, which puts it in the outbox."""
        self.element_id = element_id_of(task.task_spec)
        self.db.info["send"](self._step(task), self.element_id)

    def _step(self, task: Any) -> Step:
        return Step(
            db=self.db,
            instance=self.instance,
            element_id=element_id_of(task.task_spec),
            # a copy: nested data is shared with completed tasks, and an action must not edit them
            variables=deepcopy(task.data),
            by=self.by,
            at=self.at,
            open_children=self.open_children,
        )

    def decide(self, task: Any, engine: Any) -> None:
        """Work out a decision table and keep which rule answered."""
        self.element_id = element_id_of(task.task_spec)
        table = engine.decision_table
        matched = [rule for rule in table.rules if _matches(rule, task.data)]
        # the library stops at the first match of any policy, and stays silent without one
        if not matched or (table.hit_policy == "UNIQUE" and len(matched) > 1):
            raise DiagramFault(why=f"{len(matched)} rules of {table.id} match, one must")

        outputs = check_variables(dict(matched[0].output_as_dict(task)))
        inputs = {i.expression: self.evaluate(task, i.expression) for i in table.inputs}
        self.db.add(
            Decision(
                instance_id=self.instance.id,
                process=task.workflow.spec.name,
                element_id=self.element_id,
                rule_id=matched[0].id,
                inputs=inputs,
                outputs=outputs,
                at=self.at,
            )
        )
        task.data.update(outputs)


def _matches(rule: Any, data: Mapping[str, Any]) -> bool:
    return all(
        decisions.matches(entry.input.expression, cell, data)
        for entry in rule.inputEntries
        for cell in entry.lhs
    )
