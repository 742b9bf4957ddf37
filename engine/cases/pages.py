"""What the pages show of tasks and cases: frozen values, shaped for reading, filled by queries."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from engine.cases.about import About
from engine.errors import EngineError

TaskFilter = Literal["mine", "teams", "signature", "decision", "unclaimed"]
TaskSort = Literal["deadline", "opened", "case"]
TaskGroup = Literal["overdue", "day", "week", "later"]
StepState = Literal["done", "now", "not_started", "cannot_start", "cancelled", "incident"]
Tone = Literal["neutral", "accent", "green", "amber", "red"]


@dataclass(frozen=True)
class Page:
    """Where a page of a list stands: the page shown and how many rows there are in all."""

    number: int = 1
    size: int = 50
    total_count: int = 0

    @property
    def page_count(self) -> int:
        """Return how many pages there are, at least one."""
        return max(1, -(-self.total_count // self.size))

    @property
    def first(self) -> int:
        """Return the number of the first row shown, counted from one."""
        return (self.number - 1) * self.size + 1 if self.total_count else 0

    @property
    def last(self) -> int:
        """Return the number of the last row shown."""
        return min(self.number * self.size, self.total_count)


@dataclass(frozen=True)
class TaskRow:
    """One task as a list shows it: what, about what, by when, and why this person sees it."""

    id: UUID
    name: str  # the label in the diagram, in English
    process: str
    element_id: str
    role: str  # the lane
    case_number: str
    case_title: str
    subject: str  # "IP-300 · lot 8841A"; "" when nothing is identified
    severity: str | None  # minor | major | critical
    needs_signature: bool  # whatever is answered
    opened_at: datetime
    due_at: datetime | None
    group: TaskGroup
    claimed_by: str | None = None  # printed name
    is_mine: bool = False  # claimed by the person who looks
    principal: str | None = None  # for whom the role is held, when it is delegated
    refused: EngineError | None = None  # why this person cannot take it
    may_need_signature: bool = False  # some of its answers are signed, others are not
    about: About | None = None  # its line or round, which tells it from others called alike


@dataclass(frozen=True)
class SystemTask:
    """What one person is to settle with one system, as one row of their list."""

    # differences; what a try of the gate came to: passed, failed; night_low, night_differs
    kind: str
    id: int  # of the comparison, or of the newest try or night
    system: str
    count: int
    since: datetime
    numbers: tuple[str, ...]
    role: str  # why it is theirs
    is_mine: bool
    claimed_by: str | None


@dataclass(frozen=True)
class TasksPage:
    """A person's task list: the rows of one page with the counts of the whole."""

    rows: tuple[TaskRow, ...]
    page: Page
    open_count: int
    overdue_count: int
    day_count: int
    group_counts: dict[TaskGroup, int] = field(default_factory=dict)
    teams_waiting_count: int = 0  # said when nothing is mine
    teams: tuple[str, ...] = ()  # roles with waiting tasks
    between_systems: tuple[SystemTask, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What an approval is asked for: what becomes of how much, whose work it was, when."""

    amounts: tuple[tuple[str, str], ...]  # what becomes of it, and how much; in words
    by: str | None = None
    step: str | None = None  # `process.element` of that work
    at: datetime | None = None
    refused: EngineError | None = None  # why this person may not sign it


@dataclass(frozen=True)
class SignedDecision:
    """A decision someone signed lately."""

    task_id: UUID
    name: str  # the task's, in English
    case_number: str
    meaning: str
    at: datetime
    is_void: bool
    about: About | None = None


@dataclass(frozen=True)
class HistoryLine:
    """One line of history: when, who, what; `facts` fill the sentence, a gettext msgid."""

    at: datetime
    by: str | None  # printed name; None is the system
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    on_behalf_of: str | None = None
    sequence: int | None = None  # of the ledger entry
    sha256: str | None = None


@dataclass(frozen=True)
class Draft:
    """Answers kept without validation, as they were typed."""

    raw: dict[str, Any]
    saved_at: datetime


@dataclass(frozen=True)
class CaseFacts:
    """The short facts of a case that stand beside a form and at the head of its page."""

    number: str
    process: str
    title: str
    status: str  # open | closed | void
    severity: str | None
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None = None
    subjects: tuple[str, ...] = ()
    affected: Decimal = Decimal(0)  # everything in the unit balance
    migrating_to: str | None = None  # the step it is brought to from another system
    owner: str | None = None
    mark: str | None = None  # "DEMO" | "DRILL"


@dataclass(frozen=True)
class TaskPage:
    """One task as the person who does it sees it."""

    row: TaskRow
    case: CaseFacts
    version: int  # of the case's record: sent back with the answers, a stale one is a conflict
    procedure: str | None
    instructions: str | None  # the documentation in the diagram
    draft: Draft | None
    history: tuple[HistoryLine, ...]  # the last few
    beside: tuple[tuple[str, str], ...] = ()  # label, shown value: what the form says to show
    on_behalf_of: str | None = None
    done_by: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True)
class Clock:
    """A deadline with its arithmetic in words; `done_at` when it was met."""

    name: str
    due_at: datetime
    started_at: datetime
    arithmetic: str = ""
    zone: str | None = None  # the authority's
    done_at: datetime | None = None


@dataclass(frozen=True)
class StepLine:
    """One step of the diagram: its state in a word, who and when."""

    element_id: str
    name: str
    process: str
    state: StepState
    by: str | None = None
    at: datetime | None = None
    due_at: datetime | None = None
    task_id: UUID | None = None  # when it can be opened
    role: str | None = None
    why: str | None = None  # why it cannot start yet
    round: int | None = None
    about: About | None = None


@dataclass(frozen=True)
class BalanceLine:
    """One account of the unit balance."""

    account: str
    quantity: Decimal
    tone: Tone = "neutral"
    is_affected: bool = True  # what never existed is shown and not counted


@dataclass(frozen=True)
class Balance:
    """Every affected unit in exactly one account, and what was struck out."""

    total: Decimal
    lines: tuple[BalanceLine, ...]
    is_complete: bool


@dataclass(frozen=True)
class DiagramMark:
    """What the live diagram shows at one element."""

    element_id: str
    state: StepState
    token_count: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True)
class DiagramView:
    """One diagram of the case: its definition and what has happened in it."""

    instance_id: int
    process: str
    name: str
    version: str
    marks: tuple[DiagramMark, ...]


@dataclass(frozen=True)
class SignatureLine:
    """A signature manifestation in full words: printed name, meaning, time."""

    printed_name: str
    meaning: str
    at: datetime
    role: str | None = None
    reason: str | None = None
    is_void: bool = False


@dataclass(frozen=True)
class DocumentLine:
    """One document or attachment of the case."""

    id: int
    name: str
    kind: str
    state: str  # sealing | sealed | attached | review
    media_type: str
    bytes: int
    sha256: str
    at: datetime
    by: str | None
    signatures: tuple[SignatureLine, ...] = ()
    version: int | None = None  # of a sealed document, with the newest there is
    newest: int | None = None
    standing: str | None = None  # stands | superseded | voided | reopened | case_void


@dataclass(frozen=True)
class AnswerSection:
    """What was answered at one step, as it was shown."""

    element_id: str
    name: str
    process: str
    version: int
    by: str
    at: datetime
    shown: tuple[tuple[str, str, str], ...]  # section, label, value
    signatures: tuple[SignatureLine, ...] = ()
    reason: str | None = None
    answer_id: int | None = None
    on_behalf_of: str | None = None
    about: About | None = None


@dataclass(frozen=True)
class UnitLine:
    """One unit or lot quantity of the case, on its three axes; or what was only described."""

    kind: Literal["unit", "lot", "description"]
    id: int
    name: str  # serial or lot number
    part: str
    quantity: Decimal
    custody: str
    usability: str
    holds: tuple[str, ...]  # case numbers of the holds that stand
    account: str | None = None
    place: str = ""


@dataclass(frozen=True)
class HoldLine:
    """One hold in the register."""

    id: int
    case_number: str
    target: str
    target_kind: str
    reason: str
    basis: str
    location: str
    quantity: Decimal | None
    placed_by: str | None
    placed_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    uom: str | None = None
    custody: str | None = None
    target_count: int = 0  # how many units, lots and runs it names
    acknowledged: tuple[tuple[str, datetime], ...] = ()  # the doors that know of it, since when
    unaware: tuple[str, ...] = ()  # the connected doors that have not asked since


@dataclass(frozen=True)
class Comment:
    """A remark on the case."""

    by: str
    at: datetime
    text: str


@dataclass(frozen=True)
class CasePage:
    """One case with everything its overview shows."""

    facts: CaseFacts
    clocks: tuple[Clock, ...]
    diagrams: tuple[DiagramView, ...]
    steps: tuple[StepLine, ...]
    balance: Balance | None
    tasks: tuple[TaskRow, ...]  # open ones, mine first
    comments: tuple[Comment, ...] = ()
    answers: tuple[AnswerSection, ...] = ()
    may_void: bool = False
    open_task_count: int = 0  # of a recall only the first are among `tasks`


@dataclass(frozen=True)
class CaseRow:
    """One case in a list."""

    number: str
    title: str
    status: str
    severity: str | None
    subject: str
    opened_by: str
    opened_at: datetime
    waiting_at: tuple[str, ...]  # names of the open steps
    due_at: datetime | None
    quantity: Decimal | None = None


@dataclass(frozen=True)
class CasesPage:
    """A list of cases with its counts."""

    rows: tuple[CaseRow, ...]
    page: Page
    open_count: int
    overdue_count: int


@dataclass(frozen=True)
class Receipt:
    """What a person gets after completing a task: what was recorded, signed, and comes next."""

    task_name: str
    case_number: str
    at: datetime
    by: str
    signature: SignatureLine | None = None
    record_sha256: str | None = None
    document: DocumentLine | None = None
    next_steps: tuple[TaskRow, ...] = ()
