"""Where the library is bent to our rules: parser, serializer, clock; nothing else imports it.

SpiffWorkflow 3.2.0 exactly: `ENGINE_VERSION` is kept with every state and compared on load.
"""

import gzip
import hashlib
import importlib.metadata
import json
import marshal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Self

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser, GatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter
from SpiffWorkflow.bpmn.specs.defaults import (
    ExclusiveGateway,
    InclusiveGateway,
    ParallelGateway,
)
from SpiffWorkflow.bpmn.specs.event_definitions import timer as library_timer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.parser.process import VALIDATOR
from SpiffWorkflow.spiff.parser.task_spec import BusinessRuleTaskParser, SpiffTaskParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.serializer.task_spec import (
    BusinessRuleTaskConverter,
    SpiffBpmnTaskConverter,
)
from SpiffWorkflow.spiff.specs.defaults import BusinessRuleTask
from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask

from engine import clock
from engine.bpmn.errors import DiagramFault
from engine.bpmn.xml import NAMES, read_xml

ENGINE_VERSION = f"SpiffWorkflow {importlib.metadata.version('SpiffWorkflow')}"


class UnreadableState(DiagramFault):
    """The saved state of this case cannot be read: %(why)s. Tell your administrator."""


# --- the clock -------------------------------------------------------------------------------


class _CommandsDatetime(datetime):
    """The library's `datetime`, whose now is the time of the running command."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        moment = clock.now()
        return cls.fromisoformat(moment.astimezone(tz).isoformat())


def set_library_clock() -> None:
    """Have the library's timers read `engine.clock`: a drill must never fire a real timer."""
    library_timer.datetime = _CommandsDatetime


set_library_clock()


# --- what the diagram's elements do ----------------------------------------------------------


class ServiceTask(SpiffBpmnTask):  # type: ignore[misc]  # the library has no types
    """A service task: its id is the verb."""

    def _run_hook(self, my_task: Any) -> bool:
        my_task.workflow.script_engine.act(my_task)
        return True


class SendTask(SpiffBpmnTask):  # type: ignore[misc]  # the library has no types
    """A send task: its id is the layout."""

    def _run_hook(self, my_task: Any) -> bool:
        my_task.workflow.script_engine.send(my_task)
        return True


class DecisionTask(BusinessRuleTask):  # type: ignore[misc]  # the library has no types
    """A business rule task: its id is the decision table, and the rule that matched is kept."""

    def _run_hook(self, my_task: Any) -> bool:
        my_task.workflow.script_engine.decide(my_task, self.dmnEngine)
        return True


class _DecisionTaskParser(BusinessRuleTaskParser):  # type: ignore[misc]  # the library has no types
    def create_task(self) -> DecisionTask:
        table = self.process_parser.parser.get_engine(self.get_decision_ref(self.node), self.node)
        return DecisionTask(self.spec, self.bpmn_id, dmnEngine=table, **self.bpmn_attributes)

    @staticmethod
    def get_decision_ref(node: Any) -> str:
        return str(BusinessRuleTaskParser.get_decision_ref(node) or node.get("id"))


class _ChoiceParser(ConditionalGatewayParser):  # type: ignore[misc]  # the library has no types
    """Keeps the properties of a gateway, which the library reads of tasks and events only."""

    def parse_extensions(self, node: Any = None) -> Any:
        return SpiffTaskParser._parse_extensions(self.node if node is None else node)  # noqa: SLF001


class _ParallelParser(GatewayParser):  # type: ignore[misc]  # the library has no types
    def parse_extensions(self, node: Any = None) -> Any:
        return SpiffTaskParser._parse_extensions(self.node if node is None else node)  # noqa: SLF001


class Parser(SpiffBpmnParser):  # type: ignore[misc]  # the library has no types
    """The library's parser with our service, send and decision tasks, and lanes by id."""

    OVERRIDE_PARSER_CLASSES = {  # noqa: RUF012  the library's own class attribute
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("serviceTask"): (SpiffTaskParser, ServiceTask),
        full_tag("sendTask"): (SpiffTaskParser, SendTask),
        full_tag("businessRuleTask"): (_DecisionTaskParser, DecisionTask),
        full_tag("exclusiveGateway"): (_ChoiceParser, ExclusiveGateway),
        full_tag("inclusiveGateway"): (_ChoiceParser, InclusiveGateway),
        full_tag("parallelGateway"): (_ParallelParser, ParallelGateway),
    }

    def __init__(self) -> None:
        super().__init__(validator=VALIDATOR)

    def _add_diagram_indexes(self, bpmn: Any) -> None:
        super()._add_diagram_indexes(bpmn)
        # the lane's id is the role; the library keeps its name
        self.document_lanes[self._document_key(bpmn)] = {
            ref.text: ref.getparent().get("id")
            for ref in bpmn.iterfind(".//bpmn:flowNodeRef", NAMES)
        }


class _CalledSpecs(Mapping[str, Any]):
    """The specs a diagram may call, each restored when it is first called: few ever are."""

    def __init__(self, frozen: Mapping[str, bytes]) -> None:
        self._frozen = frozen
        self._restored: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._restored:
            self._restored[name] = _serializer.from_dict(marshal.loads(self._frozen[name]))  # noqa: S302  we dumped it
        return self._restored[name]

    def __contains__(self, name: object) -> bool:
        return name in self._frozen

    def __iter__(self) -> Iterator[str]:
        return iter(self._frozen)

    def __len__(self) -> int:
        return len(self._frozen)


class _LeanConverter(BpmnWorkflowConverter):  # type: ignore[misc]  # the library has no types
    """Saves a workflow without its specs, which the definition keeps once for all instances."""

    def to_dict(self, workflow: Any) -> dict[str, Any]:
        state = super(BpmnWorkflowConverter, self).to_dict(workflow)
        state["subprocesses"] = self.mapping_to_dict(workflow.subprocesses)
        state["bpmn_events"] = self.registry.convert(workflow.bpmn_events)
        return dict(state)

    def mapping_from_dict(self, mapping: Any, key_class: Any = None, **given: Any) -> Any:
        if isinstance(mapping, _CalledSpecs):
            return mapping
        return super().mapping_from_dict(mapping, key_class, **given)


# `to_dict` and `json.dumps` instead of `serialize_json`, which switches a flag of the shared
# registry: two threads saving at once would break each other
_serializer = BpmnWorkflowSerializer(
    BpmnWorkflowSerializer.configure(
        {
            **SPIFF_CONFIG,
            ServiceTask: SpiffBpmnTaskConverter,
            SendTask: SpiffBpmnTaskConverter,
            DecisionTask: BusinessRuleTaskConverter,
            BpmnWorkflow: _LeanConverter,
        }
    )
)


# --- specs: cached serialized, restored fresh for every instance -----------------------------


def parse(files: Mapping[str, str], processes: list[str]) -> bytes:
    """Return the serialized specs of `processes` from the texts in `files`.

    Raises the library's `ValidationException` for what it cannot read; lint first.
    """
    parser = Parser()
    for path, content in files.items():
        if path.endswith((".dmn", ".bpmn")):
            root = read_xml(content.encode(), path)
            add = parser.add_dmn_xml if path.endswith(".dmn") else parser.add_bpmn_xml
            add(root, path)

    specs = {}
    for process in processes:
        spec = parser.get_spec(process)
        called = parser.get_subprocess_specs(process)
        specs[process] = {
            "spec": _serializer.to_dict(spec),
            "subprocess_specs": {name: _serializer.to_dict(sub) for name, sub in called.items()},
        }
    return gzip.compress(json.dumps(specs).encode(), mtime=0)


@dataclass(frozen=True)
class _Frozen:
    """One process's spec and those it calls, as bytes that every instance thaws for itself."""

    spec: bytes
    called: Mapping[str, bytes]


@lru_cache(maxsize=256)
def _frozen(spec_gz: bytes) -> dict[str, _Frozen]:
    specs = json.loads(gzip.decompress(spec_gz))
    return {
        process: _Frozen(
            marshal.dumps(one["spec"]),
            {name: marshal.dumps(sub) for name, sub in one["subprocess_specs"].items()},
        )
        for process, one in specs.items()
    }


def _fresh_spec(spec_gz: bytes, process: str) -> dict[str, Any]:
    """Return a new spec that nobody shares: running a workflow may change its spec."""
    frozen = _frozen(spec_gz)[process]
    spec = marshal.loads(frozen.spec)  # noqa: S302  dumped above; twice as fast as JSON
    return {"spec": spec, "subprocess_specs": _CalledSpecs(frozen.called)}


def processes(spec_gz: bytes) -> frozenset[str]:
    """Return the ids of the processes whose specs `spec_gz` holds."""
    return frozenset(_frozen(spec_gz))


def new_workflow(spec_gz: bytes, process: str, engine: PythonScriptEngine) -> BpmnWorkflow:
    """Return a fresh workflow that has not taken a step."""
    specs = _fresh_spec(spec_gz, process)
    spec = _serializer.from_dict(specs["spec"])
    return BpmnWorkflow(spec, specs["subprocess_specs"], script_engine=engine)


# --- state -----------------------------------------------------------------------------------


def save(workflow: BpmnWorkflow) -> tuple[bytes, str]:
    """Return the state as gzip bytes and their sha256.

    The bytes are kept as they are. Tasks hold differences to their parents and are restored in
    the order written, so a state that was sorted (jsonb does) silently loses data.
    """
    text = json.dumps(_serializer.to_dict(workflow), allow_nan=False, separators=(",", ":"))
    state = gzip.compress(text.encode(), compresslevel=6, mtime=0)
    return state, hashlib.sha256(state).hexdigest()


def load(
    state: bytes,
    state_sha256: str,
    engine_version: str,
    *,
    spec_gz: bytes,
    process: str,
    engine: PythonScriptEngine,
) -> BpmnWorkflow:
    """Return the workflow of a saved state, on a spec of its own."""
    if engine_version != ENGINE_VERSION:
        # the library accepts any version and its own migrations break with called processes
        raise UnreadableState(why=f"it was written by {engine_version}, this is {ENGINE_VERSION}")
    if hashlib.sha256(state).hexdigest() != state_sha256:
        raise UnreadableState(why="its bytes are not those that were saved")

    lean = json.loads(gzip.decompress(state))
    workflow = _serializer.from_dict({**lean, **_fresh_spec(spec_gz, process)})
    workflow.script_engine = engine
    return workflow


def lane_roles(root: etree._Element) -> dict[str, str]:
    """Return the role (lane id) of every element that sits in a lane."""
    return {
        str(ref.text): str(ref.getparent().get("id"))
        for ref in root.iterfind(".//bpmn:flowNodeRef", NAMES)
    }
