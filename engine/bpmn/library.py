"""The library of definitions: installed as drafts, put in force by two signatures."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.bpmn import closure, spiff
from engine.bpmn.errors import NothingReleased
from engine.bpmn.lint import Finding, check_closure
from engine.bpmn.lint.diagram import Lookup
from engine.bpmn.models import Definition, DefinitionRelease
from engine.bpmn.xml import NAMES, read_xml
from engine.errors import Conflict, NotAllowed, NotFound, Refused
from engine.people.person import Person

QUALITY_ROLES = frozenset({"qa_manager", "qa_engineer", "management_representative"})
CAPACITIES = ("process_owner", "quality")
DEFAULT_OWNER = "qa_manager"

_specs: dict[str, bytes] = {}  # by the closure's sha256: what it names never changes


class DiagramRefused(Refused):
    """The process %(process)s has problems and was not installed: %(findings)s"""  # noqa: D400, D415

    def __init__(self, process: str, findings: list[Finding]) -> None:
        """Carry every finding."""
        self.findings = findings
        super().__init__(process=process, findings=" ".join(str(f) for f in findings))


class InstallerCannotRelease(NotAllowed):
    """You installed this version, so two other people have to release it."""


class SecondPersonNeeded(NotAllowed):
    """You have already signed this release. The second signature is another person's."""


class WrongCapacity(NotAllowed):
    """Signing a release as %(capacity)s needs one of these roles: %(roles)s."""


class NotADraft(Conflict):
    """This version is not waiting to be released."""


class NoSuchDefinition(NotFound):
    """There is no such version of a process."""


def install(
    db: Session,
    process: str,
    *,
    root: Path,
    by: Person | None,
    at: datetime,
    actions: Lookup | None = None,
) -> Definition:
    """Install the closure of `process` below `root` as a draft; the same closure only once.

    Raises `DiagramRefused` with every finding of the linter. `root` holds `workflows/` and
    `forms/`; `actions` is the verb lookup, by default the one the session carries.
    """
    files = closure.closure(root, process)
    sha256 = closure.sha256_of(files)
    same = select(Definition).where(Definition.key == process, Definition.sha256 == sha256)
    if known := db.scalar(same):
        return known

    # the texts just read, not the files: what changes on the disk meanwhile passes no gate
    if findings := check_closure(files, actions=actions or db.info.get("actions")):
        raise DiagramRefused(process, findings)

    path = f"workflows/{process}/{process}.bpmn"
    element = read_xml(files[path].encode(), path).find("bpmn:process", NAMES)
    properties = _process_properties(element)
    definition = Definition(
        key=process,
        name=element.get("name") or process,
        version=properties.get("version_tag", ""),
        sha256=sha256,
        files=dict(files),
        spec_gz=spiff.parse(files, closure.processes(files)),
        lint_report=[],
        owner_role=properties.get("owner", DEFAULT_OWNER),
        installed_by_id=by.id if by else None,
        installed_at=at,
    )
    db.add(definition)
    db.flush()
    return definition


def sign_release(
    db: Session,
    definition_id: int,
    *,
    capacity: str,
    signature_id: int,
    by: Person,
    at: datetime,
) -> Definition:
    """Add one of the two signatures of a release; with the second the version is in force.

    `capacity` is `process_owner` (the role in the diagram's property `owner`) or `quality`;
    `signature_id` is the signature given in `engine.evidence`. The version before it is retired
    for new cases and runs on for those that started with it.
    """
    found = select(Definition).where(Definition.id == definition_id).with_for_update()
    draft = db.scalar(found.execution_options(populate_existing=True))
    if draft is None:
        raise NoSuchDefinition
    if draft.state != "draft":
        raise NotADraft
    _refuse_signer(db, draft, capacity, by)

    db.add(
        DefinitionRelease(
            definition_id=draft.id,
            capacity=capacity,
            signature_id=signature_id,
            by_id=by.id,
            at=at,
        )
    )
    db.flush()
    if len(releases(db, draft.id)) == len(CAPACITIES):
        _put_in_force(db, draft, at)
    return draft


def _refuse_signer(db: Session, draft: Definition, capacity: str, by: Person) -> None:
    owners = frozenset({draft.owner_role})
    roles = {"process_owner": owners, "quality": QUALITY_ROLES}.get(capacity, frozenset())
    if not roles & by.roles:
        raise WrongCapacity(capacity=capacity, roles=", ".join(sorted(roles)))
    if by.id == draft.installed_by_id:
        raise InstallerCannotRelease
    for release in releases(db, draft.id):
        if release.by_id == by.id:
            raise SecondPersonNeeded
        if release.capacity == capacity:
            raise NotADraft


def _put_in_force(db: Session, draft: Definition, at: datetime) -> None:
    in_force = (Definition.key == draft.key, Definition.state == "released")
    db.execute(update(Definition).where(*in_force).values(state="retired", retired_at=at))
    draft.state, draft.effective_from = "released", at
    db.flush()


def releases(db: Session, definition_id: int) -> list[DefinitionRelease]:
    """Return the signatures a version has, in the order given."""
    query = select(DefinitionRelease).where(DefinitionRelease.definition_id == definition_id)
    return list(db.scalars(query.order_by(DefinitionRelease.id)))


def released(db: Session, process: str) -> Definition:
    """Return the version of `process` that new cases start on; raise `NothingReleased`."""
    in_force = (Definition.key == process, Definition.state == "released")
    found = db.scalar(select(Definition).where(*in_force))
    if found is None:
        raise NothingReleased(process=process)

    return found


def is_released(db: Session, process: str) -> bool:
    """Say whether new cases of `process` can start."""
    in_force = (Definition.key == process, Definition.state == "released")
    return db.scalar(select(Definition.id).where(*in_force)) is not None


def definition(db: Session, definition_id: int) -> Definition:
    """Return one version; raise `NoSuchDefinition`."""
    found = db.get(Definition, definition_id)
    if found is None:
        raise NoSuchDefinition

    return found


def spec_gz(definition: Definition) -> bytes:
    """Return the specs of a version as they were parsed; loaded once for all its instances."""
    if definition.sha256 not in _specs:
        _specs[definition.sha256] = definition.spec_gz
    return _specs[definition.sha256]


def holds(definition: Definition, process: str) -> bool:
    """Say whether the closure of `definition` holds the diagram of `process`."""
    return process in spiff.processes(spec_gz(definition))


def _process_properties(process: Any) -> dict[str, str]:
    path = "bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property"
    return {p.get("name"): p.get("value") for p in process.iterfind(path, NAMES)}
