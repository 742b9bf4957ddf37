"""Key figures, each worked out by hand of a small company; what is not known is never a zero."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.bpmn.models import Definition, Instance, Task
from engine.cases import balance
from engine.cases.balance import SCOPE, Holding
from engine.cases.checks.models import EffectivenessCheck, EffectivenessFrame, EffectivenessPlan
from engine.cases.costs.models import CostLine, Standard
from engine.cases.kpis.definitions.audit_score import Passed, score
from engine.cases.kpis.found import SECTIONS, kpis, named
from engine.cases.kpis.measure import Figure, Measured, Window, working_seconds
from engine.cases.models import Answer, Case, Fact, Line, LinePart, Round, Subject
from engine.cases.notices.models import Notice, OutreachAttempt
from engine.cases.recalls.models import JurisdictionDecision, Notification
from engine.serials import parties
from engine.serials.models import NightTrace, TraceNight

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WINDOW = Window(date(2026, 3, 1), date(2026, 3, 31), datetime(2026, 4, 1, tzinfo=UTC))
HOUR = 3600
_ids = count(1)


class Made:
    """Lays the rows of a small company by hand."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.numbers = count(1)

    def add(self, row: Any) -> Any:
        self.db.add(row)
        self.db.flush()
        return row

    def case(self, process: str = "nonconformance", *, opened: datetime = MONDAY,
             days: float | None = None, drill: bool = False) -> Case:  # fmt: skip
        prefix = {"nonconformance": "NC", "recall": "DR" if drill else "RC"}[process]
        ended = None if days is None else opened + timedelta(days=days)
        return self.add(
            Case(
                number=f"{prefix}-2026-{next(self.numbers):04d}", process=process, title="x",
                language="en", opened_by_id=1, opened_at=opened, is_drill=drill,
                state="open" if ended is None else "closed", ended_at=ended,
            )
        )  # fmt: skip

    def facts(self, case: Case, **days: float) -> None:
        for name, after in days.items():
            at = MONDAY + timedelta(days=after)
            self.add(Fact(case_id=case.id, name=name, value=at.isoformat(), recorded_at=at))

    def answer(self, case: Case, element: str, at: datetime, **said: Any) -> Answer:
        return self.add(
            Answer(
                case_id=case.id, instance_id=None, task_id=UUID(int=next(_ids)), version=1,
                process="nonconformance" if element == "investigate" else "disposition",
                element_id=element, answers=said, sha256="0", by_id=1, at=at,
            )
        )  # fmt: skip

    def lot(self, part_no: str) -> int:
        maker = parties.add_party(
            self.db, f"M-{part_no}", "M", kind="manufacturer", country="DE", by=None, at=MONDAY
        )
        part = parties.add_part(
            self.db, maker.id, part_no, part_no, control="lot", kind="device", by=None, at=MONDAY
        )
        return parties.ensure_lot(self.db, part.id, "L1", by=None, at=MONDAY).id

    def party(self, code: str, country: str | None = "FR") -> int:
        return parties.add_party(
            self.db, code, code, kind="consignee", country=country, by=None, at=MONDAY
        ).id

    def spent(self, case: Case, category: str, day: int, currency: str | None = None,
              **much: Any) -> CostLine:  # fmt: skip
        numbers = {name: Decimal(many) for name, many in much.items()}
        return self.add(
            CostLine(
                case_id=case.id, category=category, spent_on=date(2026, 3, day), what="x",
                who="x", at=MONDAY, currency=currency, **numbers,
            )
        )  # fmt: skip

    def standard(self, name: str, value: str, day: date, currency: str = "EUR") -> None:
        self.add(
            Standard(
                name=name, key=currency if name == "net_sales" else "", value=Decimal(value),
                currency=currency, from_on=day, reason="x", by_id=1, at=MONDAY,
            )
        )  # fmt: skip

    def tree(self, case: Case) -> Instance:
        definition = self.add(
            Definition(
                key=f"p{next(_ids)}", name="x", version="1", sha256="0", files={}, spec_gz=b"",
                lint_report=[], owner_role="qa_manager", installed_at=MONDAY,
            )
        )  # fmt: skip
        id_ = next(_ids) + 1000
        return self.add(
            Instance(
                id=id_, root_id=id_, definition_id=definition.id, process=case.process,
                business_key=case.number, engine_version="1", started_at=MONDAY,
            )
        )  # fmt: skip

    def task(self, tree: Instance, element: str, *, hours: tuple[float | None, ...],
             role: str = "qa_engineer", **more: Any) -> Task:  # fmt: skip
        opened, claimed, done, due = (
            None if after is None else MONDAY + timedelta(hours=after) for after in hours
        )
        return self.add(
            Task(
                id=UUID(int=next(_ids)), instance_id=tree.id, root_id=tree.id,
                process=tree.process, element_id=element, name="x", role=role, opened_at=opened,
                claimed_at=claimed, claimed_by_id=None if claimed is None else 1, done_at=done,
                done_by_id=None if done is None else 1, due_at=due, **more,
            )
        )  # fmt: skip


@pytest.fixture
def made(db: Session) -> Made:
    return Made(db)


@pytest.fixture
def look(db: Session) -> Callable[[str], Measured]:
    def measure(code: str) -> Measured:
        rows = named(code).rows(db, WINDOW)
        assert all(len(row) == len(rows.columns) for row in rows.rows), code
        measured = named(code).measured(db, WINDOW)
        assert measured.main.unit == named(code).unit, code
        return measured

    return measure


def beside(measured: Measured, label: str, group: str = "") -> Figure:
    [found] = [
        one
        for one in (measured.main, *measured.beside, *measured.groups)
        if one.label == label and one.group == group
    ] if measured.main not in measured.beside else [
        one for one in (*measured.beside, *measured.groups)
        if one.label == label and one.group == group
    ]  # fmt: skip
    return found


def unknown(measured: Measured) -> dict[str, int]:
    return {one.label: int(one.count) for one in measured.unknown if one.count}


# --- definitions -----------------------------------------------------------------------------


def test_every_key_figure_says_its_definition() -> None:
    assert len(kpis()) >= 18
    for code, kpi in kpis().items():
        assert kpi.name, code
        assert kpi.sections.keys() == SECTIONS.keys(), code
        assert all(kpi.sections.values()), code


def test_of_an_empty_company_nothing_is_known_and_nothing_is_zero_percent(
    look: Callable[[str], Measured],
) -> None:
    for code in kpis():
        measured = look(code)
        assert unknown(measured) == {}, code
        for one in (measured.main, *measured.beside, *measured.groups):
            counts = one.unit in ("count", "quantity") or code == "audit_score"
            assert one.value is None or counts, (code, one)
            assert one.value is not None or one.why, (code, one)


@contextmanager
def counted(db: Session) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(db.get_bind(), "before_cursor_execute", note)
    yield said
    event.remove(db.get_bind(), "before_cursor_execute", note)


def test_ten_cases_are_measured_with_the_queries_of_one(db: Session, made: Made) -> None:
    def lay() -> None:
        recall = made.case("recall", days=3)
        made.facts(recall, awareness=0, decision=1, closure=3, containment=1, stop_ship=1)
        case = made.case(days=2)
        made.answer(case, "investigate", MONDAY, cause="supplier")
        made.spent(case, "test_lab", 2, amount=10, currency="EUR")
        made.task(made.tree(case), "triage", hours=(0, 1, 2, 3))

    def queries() -> int:
        with counted(db) as said:
            for kpi in kpis().values():
                kpi.measured(db, WINDOW)
                kpi.rows(db, WINDOW)
        return len(said)

    lay()
    of_one = queries()
    for _ in range(9):
        lay()
    assert queries() == of_one


# --- finding it ------------------------------------------------------------------------------


def night(made: Made, day: int, *traces: tuple[str, int, int, bool, int]) -> None:
    at = MONDAY + timedelta(days=day)
    row = made.add(
        TraceNight(committed_at=at, wanted_count=4, seed="s", seed_sha256="h", drawn_at=at,
                   ended_at=at, outcome="held")
    )  # fmt: skip
    for number, (direction, units, resolved, complete, ms) in enumerate(traces):
        made.add(
            NightTrace(
                night_id=row.id, number=number, direction=direction, what="lot", what_id=1,
                label="L", part_no="P", unit_count=units, resolved_count=resolved, input_count=2,
                known_input_count=1, broken_count=0, broken=[], compared="equal",
                is_complete=complete, took_us=ms * 1000,
            )
        )  # fmt: skip


def test_traces_are_counted_over_the_nights_of_the_window(
    made: Made, look: Callable[[str], Measured]
) -> None:
    night(made, 0, ("forward", 10, 10, True, 1), ("forward", 30, 20, False, 2))
    night(made, 1, ("forward", 10, 10, True, 9), ("backward", 1, 1, True, 4))
    night(made, 40, ("forward", 99, 0, False, 500))  # after the window

    measured = look("trace_success")
    assert (measured.main.value, measured.main.of) == (Decimal(3) / 4, 4)
    assert beside(measured, "By units").value == Decimal(41) / 51
    low, high = measured.main.interval or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.301, 0.954)  # Wilson, by hand

    speed = look("trace_response")
    times = {one.label: one.value for one in (speed.main, *speed.beside)}
    assert times["Forward, half within"] == 2
    assert times["Forward, longest"] == 9
    assert times["Backward, 90 of 100 within"] == 4


# --- recalls ---------------------------------------------------------------------------------


def test_the_stages_of_a_recall_are_timed_and_drills_are_not(
    made: Made, look: Callable[[str], Measured]
) -> None:
    first = made.case("recall", days=18)
    made.facts(first, awareness=0, decision=1, initiation=2, completion=12,
               termination_requested=13, closure=18)  # fmt: skip
    second = made.case("recall", days=7)
    made.facts(second, awareness=3, closure=7)
    made.facts(made.case("recall", days=1, drill=True), awareness=0, closure=0.1)
    made.facts(made.case("recall", days=60), awareness=0, closure=60)  # after the window
    for n in range(10):
        sent = MONDAY + timedelta(days=2)
        made.add(
            Notice(case_id=first.id, party_id=made.party(f"H{n}"), number=f"N-{n}", country="FR",
                   jurisdiction="EU", language="fr", state="answered" if n < 9 else "sent",
                   opened_at=sent, first_sent_at=sent,
                   answered_at=sent + timedelta(hours=n + 1) if n < 9 else None)
        )  # fmt: skip
    made.add(
        JurisdictionDecision(case_id=first.id, key="US", code="US", countries=["US"],
                             reached_by="units", legal_name="us_removal", class_name="FDA Class I",
                             reason="x", opened_at=MONDAY, decided_at=MONDAY)
    )  # fmt: skip

    measured = look("recall_times")
    day = 24 * HOUR
    assert measured.main.value == Decimal(11 * day)  # of 18 and 4 days
    assert beside(measured, "Awareness to closure", "Longest").value == 18 * day
    # Monday to Friday of them: 14 and 2 days
    assert beside(measured, "Awareness to closure", "Working time, median").value == 8 * day
    assert beside(measured, "Awareness to decision", "Median").value == day
    assert beside(measured, "First notice to 90 % answered", "Median").value == 9 * HOUR
    assert beside(measured, "First notice to completion", "Median").value == 10 * day
    assert [(one.group, one.value) for one in measured.groups] == [("FDA Class I", 18 * day)]


def test_working_time_leaves_out_the_weekend() -> None:
    friday = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
    assert working_seconds(friday, friday + timedelta(hours=62)) == 4 * HOUR + 10 * HOUR
    assert working_seconds(friday, friday + timedelta(days=14)) == 10 * 24 * HOUR
    assert working_seconds(friday, friday - timedelta(hours=1)) == 0


def test_effectiveness_is_told_by_its_four_shares(
    made: Made, look: Callable[[str], Measured]
) -> None:
    recall = made.case("recall")
    lot_id = made.lot("SET")
    france, brazil = made.party("H1", "FR"), made.party("H2", "BR")
    for with_whom, many, to in (
        (france, 6, "destroyed"), (france, 2, "in_use_until_corrected"),
        (brazil, 2, "at_consignee"), (brazil, 5, "released_not_affected"), (None, 90, "held"),
    ):  # fmt: skip
        parts = [Holding(SCOPE, None, lot_id, Decimal(many), party_id=with_whom)]
        balance.post(made.db, recall, parts, to=to, evidence="x", by=None, at=MONDAY)
    told = {"case_id": recall.id, "jurisdiction": "EU", "language": "fr", "opened_at": MONDAY}
    first = made.add(Notice(party_id=france, number="N-1", country="FR", state="answered",
                            first_sent_at=MONDAY, answered_at=MONDAY, **told))  # fmt: skip
    silent = made.add(Notice(party_id=brazil, number="N-2", country="BR", state="escalated",
                             first_sent_at=MONDAY, **told))  # fmt: skip
    made.add(Notice(party_id=made.party("H3", None), number="N-3", state="open", **told))
    for _ in range(3):
        made.add(OutreachAttempt(notice_id=silent.id, channel="telephone", at=MONDAY, by_id=1,
                                 recorded_at=MONDAY, outcome="no_answer", note=""))  # fmt: skip
    plan = made.add(
        EffectivenessPlan(case_id=recall.id, number=1, level="A", percent=Decimal(100),
                          census_below=5, channel="telephone", seed="s", seed_sha256="h",
                          frame_sha256="f", committed_at=MONDAY, frozen_at=MONDAY, drawn_at=MONDAY)
    )  # fmt: skip
    for notice, to in ((first, france), (silent, brazil)):
        frame = made.add(
            EffectivenessFrame(plan_id=plan.id, notice_number=notice.number, party_id=to,
                               stratum="consignee", is_drawn=True)
        )  # fmt: skip
        if notice is first:
            made.add(EffectivenessCheck(frame_id=frame.id, number=1, channel="telephone",
                                        result="effective", received=True, understood=True,
                                        acted=True, by_id=1, at=MONDAY))  # fmt: skip

    measured = look("recall_effectiveness")
    shares = {one.label[:3]: (one.good, one.of) for one in measured.beside[:4]}
    assert shares == {"(a)": (1, 3), "(b)": (1, 2), "(c)": (6, 10), "(d)": (1, 2)}
    assert beside(measured, "Still in use until corrected").value == 2
    recovered = [one for one in measured.groups if one.label.startswith("(c)")]
    assert {one.group: one.value for one in recovered} == {
        "BR": Decimal(0), "FR": Decimal(6) / 8, "??": None,
    }  # fmt: skip
    assert unknown(measured) == {"Notified, no reply yet": 1, "Sampled, not checked yet": 1}

    silence = look("non_responders")
    assert (silence.main.good, silence.main.of) == (1, 2)
    assert beside(silence, "Attempts per consignee").value == Decimal("1.5")
    gap = look("reconciliation_gap")
    assert gap.main.value is None
    assert unknown(gap) == {"Recalls without a frozen scope": 1}


def test_a_submission_is_on_time_late_or_not_due_yet(
    made: Made, look: Callable[[str], Measured]
) -> None:
    recall = made.case("recall")
    for place, hours in enumerate(((0, 0, 5, 8), (0, 0, 30, 24), (0, None, None, 48))):
        tree = made.tree(recall)
        made.task(tree, "submit_notification", hours=hours)
        made.add(Notification(case_id=recall.id, jurisdiction="US", round=place,
                              instance_id=tree.id, opened_at=MONDAY))  # fmt: skip

    measured = look("deadline_adherence")
    assert (measured.main.good, measured.main.of) == (1, 3)  # the third is late already
    assert beside(measured, "Least time left").value == -6 * HOUR


# --- nonconformances -------------------------------------------------------------------------


def test_steps_are_told_as_waiting_and_working(made: Made, look: Callable[[str], Measured]) -> None:
    for days in (2, 4, 12):
        tree = made.tree(made.case(days=days))
        made.task(tree, "triage", hours=(0, days, days + 1, 4))
    made.case(opened=WINDOW.at - timedelta(days=9))  # still open
    drill = made.tree(made.case("recall", days=1, drill=True))
    made.task(drill, "triage", hours=(0, 90, 91, 1))

    measured = look("ncr_cycle_time")
    day = 24 * HOUR
    assert (measured.main.value, measured.main.of) == (4 * day, 3)
    assert beside(measured, "90 of 100 within").value == 12 * day
    assert beside(measured, "Age of those open, median").value == 9 * day
    step = "nonconformance.triage"
    assert beside(measured, "Waiting, median", step).value == 4 * HOUR
    assert beside(measured, "Working, median", step).value == HOUR

    overdue = look("overdue_rate")  # due after 4 h: done after 3, 5 and 13
    assert [(one.group, one.good, one.of) for one in overdue.groups] == [("qa_engineer", 2, 3)]


def test_a_proposal_handed_in_again_is_no_first_pass(
    made: Made, look: Callable[[str], Measured]
) -> None:
    case = made.case()
    lines = []
    for number, state in enumerate(("rejected", "approved", "approved"), 1):
        opened = MONDAY + timedelta(days=number)
        made.answer(case, "propose_disposition", opened + timedelta(hours=1))
        decided = opened + timedelta(hours=1 + 2 * number)
        lines.append(
            made.add(Round(case_id=case.id, instance_id=1, number=number, state=state,
                           opened_at=opened, decided_at=decided))
        )  # fmt: skip
    lot_id = made.lot("SET")
    for number, (type_, many, state) in enumerate(
        (("use_as_is", 5, "done"), ("scrap", 15, "done"), ("rework", 80, "returned")), 1
    ):
        line = made.add(Line(case_id=case.id, round_id=lines[1].id, number=number, type=type_,
                             justification="x", state=state, done_at=MONDAY))  # fmt: skip
        made.add(LinePart(line_id=line.id, lot_id=lot_id, quantity=Decimal(many)))

    board = look("mrb_decision")
    assert board.main.value == 4 * HOUR  # of 2, 4 and 6
    first = beside(board, "First-pass yield")
    assert (first.good, first.of) == (1, 2)  # the second round is the first proposal again
    conceded = look("concession_rate")
    assert (conceded.main.value, conceded.main.of) == (Decimal("0.25"), 20)
    assert beside(conceded, "Concessions").value == 1


def test_the_same_cause_at_the_same_part_within_a_year_repeats(
    made: Made, look: Callable[[str], Measured]
) -> None:
    lots = [made.lot("A"), made.lot("B")]

    def reported(days: int, lot: int, cause: str | None) -> Case:
        case = made.case(opened=MONDAY + timedelta(days=days))
        made.add(Subject(case_id=case.id, lot_id=lots[lot], source="report", at=MONDAY))
        if cause:
            made.answer(case, "investigate", case.opened_at, cause=cause)
        return case

    reported(-400, 0, "design")  # too long ago
    before = reported(-300, 0, "supplier")
    reported(0, 0, "design")
    again = reported(1, 0, "supplier")
    reported(2, 1, "supplier")  # another part
    reported(3, 0, "not_found")
    reported(4, 0, None)

    measured = look("repeat_nc")
    assert (measured.main.good, measured.main.of) == (1, 3)
    assert unknown(measured) == {"Cause not known": 2}
    rows = named("repeat_nc").rows(made.db, WINDOW).rows
    assert {row[0]: row[4] for row in rows if row[4]} == {again.number: before.number}


# --- what it costs ---------------------------------------------------------------------------


def test_localisation_is_what_was_spent_until_the_cause_was_found(
    made: Made, look: Callable[[str], Measured]
) -> None:
    made.standard("labour_rate", "50", date(2026, 3, 1))
    found, bare, without = (made.case(days=10) for _ in range(3))
    drill = made.case("recall", days=1, drill=True)
    for case in (found, bare):
        made.answer(case, "investigate", MONDAY + timedelta(days=3), cause="supplier")
    made.answer(without, "investigate", MONDAY, cause="not_found")
    made.spent(found, "investigation", 3, hours=4)  # 200
    made.spent(found, "test_lab", 5, amount=100, currency="EUR")
    made.spent(found, "line_stop", 6, amount=999, currency="EUR")  # after it was found
    made.spent(found, "scrap", 3, amount=70, currency="EUR")  # finds nothing
    made.spent(found, "expedite", 3, amount=30, currency="CNY")
    made.spent(without, "test_lab", 2, amount=500, currency="EUR")
    made.spent(drill, "test_lab", 2, amount=1000, currency="EUR")

    measured = look("localisation_cost")
    money = {one.currency: one.value for one in (measured.main, *measured.beside)}
    assert money == {"CNY": 30, "EUR": 300}
    assert unknown(measured) == {
        "Cause not found or not investigated": 1, "No cost written down": 1,
    }  # fmt: skip


def test_poor_quality_costs_what_failed_and_hours_without_a_rate_stay_unknown(
    made: Made, look: Callable[[str], Measured]
) -> None:
    made.standard("labour_rate", "50", date(2026, 3, 10))
    made.standard("net_sales", "10000", date(2026, 3, 1))
    made.standard("net_sales", "9000", date(2026, 2, 1))
    case = made.case()
    made.spent(case, "rework", 12, hours=2)  # 100, internal
    made.spent(case, "investigation", 9, hours=3)  # the day before there was a rate
    made.spent(case, "warranty", 12, amount=300, currency="EUR")  # external
    made.spent(case, "prevention", 12, amount=40, currency="EUR")
    old = made.spent(case, "scrap", 12, amount=5000, currency="EUR")
    made.add(
        CostLine(case_id=case.id, category="scrap", what="x", who="x", at=MONDAY,
                 spent_on=date(2026, 3, 12), supersedes_id=old.id, reason="Not ours.")
    )  # fmt: skip
    made.spent(made.case("recall", drill=True), "scrap", 12, amount=9, currency="EUR")

    measured = look("cost_of_poor_quality")
    assert (measured.main.value, measured.main.currency) == (400, "EUR")
    sales = beside(measured, "Of net sales")
    assert (sales.value, sales.of) == (Decimal("0.04"), 10000)  # of March, not of February
    assert unknown(measured) == {"Hours without a rate": 3}
    groups = {one.group: one.value for one in measured.groups if one.group_kind == "cost_group"}
    assert groups == {"internal_failure": 100, "external_failure": 300, "prevention": 40}


# --- compliance ------------------------------------------------------------------------------


def test_a_critical_control_that_fails_caps_the_score() -> None:
    good = {code: Passed(4, 4) for code in ("signed", "apart", "held", "trained")}
    assert score(good) == 100
    assert score({**good, "in_time": Passed(1, 2)}) == 100 * (11 + Decimal(1)) / 13
    assert score({**good, "held": Passed(99, 100)}) == 59
    assert score({"signed": Passed(0, 0)}) is None


def test_each_control_finds_what_breaks_it(made: Made, look: Callable[[str], Measured]) -> None:
    case = made.case(days=1)
    tree = made.tree(case)
    proposed = made.task(tree, "propose", hours=(0, 0, 1, None))
    made.task(tree, "approve", hours=(1, 1, 2, None), separate_from="nonconformance.propose",
              qualification="board")  # fmt: skip
    answer = made.answer(case, "triage", MONDAY, decision="approve")
    made.db.flush()
    signed = made.task(tree, "triage", hours=(0, 0, 1, 2), signature="decision=approve:approve")
    made.add(Answer(case_id=case.id, task_id=signed.id, version=1, process="nonconformance",
                    element_id="triage", answers={"decision": "approve"}, sha256="0", by_id=1,
                    at=MONDAY))  # fmt: skip
    assert (answer.signature_id, proposed.done_by_id) == (None, 1)

    measured = look("audit_score")
    assert {one.group: (one.good, one.of) for one in measured.groups} == {
        "Signatures present": (0, 1),
        "Separation of duties kept": (0, 1),
        "Holds enforced": (None, None),
        "Training valid": (0, 1),
        "Deadlines met": (1, 1),
        "Closed cases have a sealed record": (0, 1),
        "A drill within a year": (0, 1),
    }
    assert measured.main.value == 100 * Decimal(2) / 13
