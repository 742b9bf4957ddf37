"""Which line or round a task is of: what tells tasks apart that are called alike."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases.dispositions import TYPES
from engine.cases.models import Answer, Line, LinePart, Round
from engine.cases.names import stock_names
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Named
from engine.serials.models import Party
from engine.words import N_, say

# children of a recall that are of one jurisdiction, which is their key
OF_A_JURISDICTION = frozenset(
    {"jurisdiction_decision", "regulator_notification", "termination_request", "class_review"}
)
ROUND, LINE, PROPOSAL = "disposition", "disposition_line", "propose_disposition"
LINE_KEY = "line-"  # what a line's own diagram is called by the one that opened it
PARTY_KEY = "party-"  # before the id of a consignee whose country nobody knows
MOST_SERIALS = 3


@dataclass(frozen=True)
class About:
    """A round of disposition, one of its lines with what becomes of how much, or a jurisdiction."""

    round: int = 0
    line: int | None = None
    type: str = ""
    serials: tuple[str, ...] = ()
    lots: tuple[tuple[Decimal, str], ...] = ()
    jurisdiction: Named | None = None

    def said(self, language: str) -> str:
        """Return it in words: `Line 2 · Use as is (concession) · 240 of E2605`."""
        if self.jurisdiction is not None:
            return self.jurisdiction.said(language)
        if self.line is None:
            return say(N_("Round %(round)s"), language, round=self.round)
        numbered = N_("Line %(line)s") if self.round == 1 else N_("Round %(round)s, line %(line)s")
        facts = {"round": self.round, "line": self.line}
        named = [say(numbered, language, **facts), say(TYPES[self.type].label, language)]
        return " · ".join([*named, *filter(None, [self._what(language)])])

    def _what(self, language: str) -> str:
        serials = list(self.serials)
        if len(serials) > MOST_SERIALS:
            serials = [say(N_("%(count)s units"), language, count=len(serials))]
        of = N_("%(quantity)s of %(lot)s")
        lots = [
            say(of, language, quantity=f"{quantity.normalize():f}", lot=lot)
            for quantity, lot in self.lots
        ]
        return (", " if language == "en" else "，").join([*serials, *lots])


def about(db: Session, tasks: Iterable[Task]) -> dict[UUID, About]:
    """Return what each task is about; a task that is of no line and no round is left out.

    Costs the same few queries for one task as for a page of them.
    """
    named = list(tasks)
    lines = _lines(db, {one.instance_id for one in named if one.process == LINE})
    rounds = _rounds(db, [one for one in named if one.process == ROUND])
    places = about_jurisdictions(
        db, {one.instance_id for one in named if one.process in OF_A_JURISDICTION}
    )
    found = {
        one.id: lines.get(one.instance_id) or rounds.get(one.id) or places.get(one.instance_id)
        for one in named
    }
    return {task_id: one for task_id, one in found.items() if one is not None}


def about_answers(db: Session, answers: Sequence[Answer]) -> dict[UUID, About]:
    """Return what each answer is about, by its task."""
    ids = [one.task_id for one in answers if one.process in {ROUND, LINE, *OF_A_JURISDICTION}]
    return about(db, db.scalars(select(Task).where(Task.id.in_(ids)))) if ids else {}


def about_jurisdictions(db: Session, instances: set[int]) -> dict[int, About]:
    """Return the jurisdiction, or the consignee of unknown country, that each child is of.

    By the key of the diagram: its first task is told of before a row knows its diagram.
    """
    if not instances:
        return {}
    keys = {
        row.id: str(row.parent_key)
        for row in db.execute(
            select(Instance.id, Instance.parent_key).where(Instance.id.in_(instances))
        )
    }
    parties = {int(key.removeprefix(PARTY_KEY)) for key in keys.values() if PARTY_KEY in key}
    names = dict(db.execute(select(Party.id, Party.name).where(Party.id.in_(parties))).all())
    return {id_: About(jurisdiction=_place(key, names)) for id_, key in keys.items()}


def _place(key: str, names: Mapping[int, str]) -> Named:
    if key.startswith(PARTY_KEY):
        name = names.get(int(key.removeprefix(PARTY_KEY)), key)
        return Named(key, name, name)
    code = key.partition(":")[0]  # a later visit of one authority carries a number behind it
    here = law.named(code)
    return Named(code, here.said("en"), here.said("zh"))


def _lines(db: Session, instances: set[int]) -> dict[int, About]:
    """Return the line that each of these diagrams carries out.

    By the key of the diagram: its first task is told of before the line knows its diagram.
    """
    if not instances:
        return {}
    keys = db.execute(
        select(Instance.id, Instance.parent_key).where(
            Instance.id.in_(instances), Instance.parent_key.startswith(LINE_KEY)
        )
    )
    of = {instance: int(str(key).removeprefix(LINE_KEY)) for instance, key in keys}
    rows = db.execute(
        select(Line.id, Line.number, Line.type, Round.number)
        .join(Round, Round.id == Line.round_id)
        .where(Line.id.in_(set(of.values())))
    )
    parts = _parts(db, set(of.values()))
    known = {
        id_: About(round_number, number, type_, *parts[id_])
        for id_, number, type_, round_number in rows
    }
    return {instance: known[line] for instance, line in of.items() if line in known}


def _parts(
    db: Session, lines: set[int]
) -> Mapping[int, tuple[tuple[str, ...], tuple[tuple[Decimal, str], ...]]]:
    rows = db.scalars(select(LinePart).where(LinePart.line_id.in_(lines)).order_by(LinePart.id))
    parts = defaultdict(list)
    for part in rows:
        parts[part.line_id].append(part)
    names = stock_names(db, [(p.unit_id, p.lot_id) for each in parts.values() for p in each])
    return defaultdict(
        lambda: ((), ()),
        {
            line: (
                tuple(names[p.unit_id, None].name for p in each if p.unit_id is not None),
                tuple((p.quantity, names[None, p.lot_id].name) for p in each if p.lot_id),
            )
            for line, each in parts.items()
        },
    )


def _rounds(db: Session, tasks: Sequence[Task]) -> dict[UUID, About]:
    """Return the round of each task: of an open one the newest, of a done one its proposal's.

    Rounds of a case share a diagram, so what is done is told apart by the order of the answers.
    """
    if not tasks:
        return {}
    rounds = list(
        db.scalars(
            select(Round)
            .where(Round.instance_id.in_({one.instance_id for one in tasks}))
            .order_by(Round.number)
        )
    )
    answered = _rounds_answered(db, rounds) if any(not one.is_open for one in tasks) else {}
    found: dict[UUID, About] = {}
    for task in tasks:
        own = [one for one in rounds if one.instance_id == task.instance_id]
        number = answered.get(task.id) or next(
            (one.number for one in reversed(own) if one.opened_at <= task.opened_at), None
        )
        if number is not None:
            found[task.id] = About(number)
    return found


def _rounds_answered(db: Session, rounds: Sequence[Round]) -> dict[UUID, int]:
    """Return the round's number by the task that answered in it."""
    cases = {one.case_id for one in rounds}
    proposed = db.execute(
        select(Round.case_id, Round.number)
        .where(
            Round.case_id.in_(cases),
            Round.id.in_(select(Line.round_id).where(Line.case_id.in_(cases))),
        )
        .order_by(Round.number)
    )
    numbers = defaultdict(list)
    for case_id, number in proposed:
        numbers[case_id].append(number)
    given = db.execute(
        select(Answer.case_id, Answer.task_id, Answer.element_id)
        .where(Answer.case_id.in_(cases), Answer.process == ROUND, Answer.version == 1)
        .order_by(Answer.id)
    )
    proposals: dict[int, int] = defaultdict(int)
    found: dict[UUID, int] = {}
    for case_id, task_id, element_id in given:
        proposals[case_id] += element_id == PROPOSAL
        place = proposals[case_id] - 1
        if 0 <= place < len(numbers[case_id]):
            found[task_id] = numbers[case_id][place]
    return found
