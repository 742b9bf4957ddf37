"""What a recall concerns: scopes that are proposed, frozen, widened and narrowed."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from engine.bpmn import runtime
from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases import balance, scopes
from engine.cases.models import Case
from engine.cases.scopes import signed
from engine.cases.scopes.errors import ScopeDecided, ScopeOutOfDate
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.obligations import RULES, Rule, obligations
from engine.cases.signing import Signing
from engine.evidence.ceremony import RecordChanged
from engine.evidence.ledger import LedgerEntry
from engine.people import Person
from engine.serials import holds
from engine.serials.events import recording_sha256
from engine.serials.models import Event, Hold, HoldTargetRow
from engine.serials.targets import HoldTarget
from engine.serials.trace.explain import REASONS
from tests.processes import founding
from tests.processes.company import Company
from tests.processes.recalling import contain, freeze_signed, propose_for, report_signal
from tests.processes.visiting import visiting
from tests.support.law import must_stand
from tests.support.personas import PASSWORD
from webapp.queries.scopes import lab

PUMPS = [f"P-{n}" for n in range(1, 7)]


class Recall:
    """A recall as a row, with what is done to its scope."""

    def __init__(self, company: Company, number: str = "RC-2026-0001") -> None:
        self.company, self.number = company, number
        by = company.people.qa_manager
        company.number = number
        with company.holdfast.database.begin() as db:
            case = Case(
                number=number, process="recall", title="Battery may overheat", language="en",
                opened_by_id=by.id, opened_at=company.at,
            )  # fmt: skip
            db.add(case)
            db.flush()
            root = runtime.start(
                db, "hold_breach", business_key=number, variables={}, by=by, at=company.at
            )
            case.instance_id = root.id

    def act(self, what: Callable[[Any, Case], Any]) -> Any:
        with self.company.holdfast.database.begin() as db:
            case = db.scalars(select(Case).where(Case.number == self.number)).one()
            return what(db, case)

    def how(self) -> Any:
        return {"by": self.company.people.qa_engineer, "at": self.company.at}

    def propose(self, said: str, reason: str = "supplier notice") -> int:
        def act(db: Any, case: Case) -> int:
            return scopes.propose(db, case, said, reason=reason, **self.how()).number

        number: int = self.act(act)
        return number

    def freeze(self, number: int, *, is_provisional: bool = False) -> scopes.Difference:
        """Freeze a candidate as regulatory affairs does."""
        how = {"by": self.company.people.regulatory_affairs, "at": self.company.at}

        def act(db: Any, case: Case) -> scopes.Difference:
            version = scopes.numbered(db, case, number)
            return scopes.freeze(db, case, version, is_provisional=is_provisional, **how)

        found: scopes.Difference = self.act(act)
        return found

    @property
    def froze(self) -> Person:
        """Return who freezes scopes, as a quality manager too."""
        return replace(self.company.people.regulatory_affairs, roles=frozenset({"qa_manager"}))

    @property
    def totals(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = self.act(lambda db, case: balance.totals(db, case.id))
        return found

    def targets(self) -> list[tuple[str, int]]:
        """Return what stands in the holds of the recall."""
        rows = (
            select(HoldTargetRow.kind, HoldTargetRow.target_id)
            .join(Hold, Hold.id == HoldTargetRow.hold_id)
            .where(Hold.case_number == self.number, HoldTargetRow.release_event_id.is_(None))
            .order_by(HoldTargetRow.kind, HoldTargetRow.target_id)
        )
        return [(kind, key) for kind, key in self.act(lambda db, _case: db.execute(rows).all())]


@pytest.fixture
def recall(company: Company) -> Recall:
    for process in ("hold_breach", "scope_change"):
        founding.release_process(company.holdfast, process, company.people)
    return Recall(company)


def test_freezing_holds_what_is_in_reach_and_counts_everything_where_it_is(
    company: Company, recall: Recall
) -> None:
    lot = company.make_devices("SENS-1", PUMPS, shipped=2)

    difference = recall.freeze(recall.propose("SENS-1"), is_provisional=True)

    assert recall.totals == {"held": 94 + 4, "in_transit": 2}
    assert (difference.added_units, difference.added_quantity) == (6, 94)
    assert recall.targets() == [("lot", lot), *(("unit", company.unit(p).id) for p in PUMPS)]
    assert not any(company.may_ship(pump) for pump in PUMPS)
    assert company.stock_that_may_ship(lot) == 0
    standing = recall.act(scopes.standing)
    assert (standing.number, standing.is_provisional) == (1, True)
    assert standing.counts["places"]["in_house"] == {"units": 4, "quantity": "94"}


def test_the_gate_sees_a_hold_of_a_scope_as_it_sees_any_other(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS)
    recall.freeze(recall.propose("P-1 P-2"))
    unit = company.unit("P-1").id
    with company.holdfast.database.begin() as db:
        holds.place(
            db, stream="case:NC-1", case_number="NC-1", reason="Battery may overheat",
            basis="scope 1", target=HoldTarget.scope([HoldTarget.unit(unit)]), **recall.how(),
        )  # fmt: skip

    found = company.reads(lambda db: holds.holds_on(db, unit_id=unit))
    assert [one.case_number for one in found] == ["RC-2026-0001", "NC-1"]
    assert {(one.reason, one.basis, one.through) for one in found} == {
        ("Battery may overheat", "scope 1", "P-1")
    }
    assert company.may_ship("P-3")


def test_what_freezing_recorded_is_what_its_ledger_entry_says(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS)
    recall.freeze(recall.propose("SENS-1"))

    def look(db: Any) -> tuple[str, str]:
        event = db.scalars(select(Event).where(Event.type == "hold_placed")).one()
        entries = db.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.action == "events_recorded")
            .order_by(LedgerEntry.id.desc())
        )
        return recording_sha256(db, event.recording), entries.first().content

    sha256, entry = company.reads(look)
    assert sha256 in entry


def test_a_wider_scope_adds_exactly_what_is_new(company: Company, recall: Recall) -> None:
    company.make_devices("SENS-1", PUMPS[:3])
    company.make_devices("SENS-2", PUMPS[3:], shipped=1)
    recall.freeze(recall.propose("P-1 P-2"))
    before = recall.targets()

    difference = recall.freeze(recall.propose("P-1 P-2 P-3 P-4 P-5"))

    added = [("unit", company.unit(pump).id) for pump in ("P-3", "P-4", "P-5")]
    assert recall.targets() == [*before, *added]
    assert (difference.added_units, difference.held_count) == (3, 3)
    assert recall.totals == {"held": 4, "in_transit": 1}
    assert difference.before is not None
    assert difference.version.supersedes_id == difference.before.id


def test_a_scope_is_frozen_from_where_things_are_when_it_is_frozen(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS)
    number = recall.propose("P-1 P-2")
    company.ship("P-2")

    recall.freeze(number)
    assert recall.totals == {"held": 1, "in_transit": 1}


def test_what_was_recorded_since_it_was_traced_has_to_be_traced(
    company: Company, recall: Recall
) -> None:
    lot = company.make_devices("SENS-1", PUMPS[:2])
    number = recall.propose("SENS-1")
    company.build(lot, PUMPS[2:4])

    with pytest.raises(ScopeOutOfDate):
        recall.freeze(number)
    assert recall.totals == {}

    contained = recall.freeze(number, is_provisional=True)
    assert (contained.version.number, contained.added_units) == (2, 4)
    assert recall.act(lambda db, case: scopes.numbered(db, case, 1).state) == "withdrawn"
    assert not company.may_ship("P-4")


def test_a_scope_is_frozen_once(company: Company, recall: Recall) -> None:
    company.make_devices("SENS-1", PUMPS)
    number = recall.propose("P-1")
    recall.freeze(number)

    with pytest.raises(ScopeDecided):
        recall.freeze(number)
    with pytest.raises(DBAPIError, match="only grows"):
        recall.act(lambda db, _: db.execute(text("UPDATE scope_version SET text = 'P-2'")))
    assert company.reads(lambda db: db.scalar(select(func.count()).select_from(ScopeVersion))) == 1


def test_everybody_who_was_ever_sent_any_of_it_is_reached(company: Company, recall: Recall) -> None:
    company.make_devices("SENS-1", PUMPS, shipped=3)
    lot = company.make_lot("SET-1", 50, shipped=20)
    company.receive_return("P-1")
    recall.freeze(recall.propose("SENS-1, SET-1"))

    def look(db: Any) -> Any:
        case = db.scalars(select(Case).where(Case.number == recall.number)).one()
        hospital = company.places["HOSP_party"]
        return (
            scopes.by_consignee(db, case),
            scopes.units_of(db, case, hospital, limit=2),
            scopes.stock_of(db, case, hospital),
        )

    [reached], units, [stock] = company.reads(look)
    assert (reached.name, reached.country, reached.unit_count, reached.quantity) == (
        "Hosp", "DE", 3, 20,
    )  # fmt: skip
    assert [(one.serial, one.is_there) for one in units] == [("P-1", False), ("P-2", False)]
    assert (stock.lot_id, stock.sent, stock.there) == (lot, 20, 0)


def test_a_scope_says_why_a_unit_is_in_and_why_another_is_not(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.make_devices("SENS-2", ["P-2"])
    number = recall.propose("SENS-1")

    def look(db: Any, case: Case) -> Any:
        version = scopes.numbered(db, case, number)
        return (
            scopes.why(db, version, company.unit("P-1").id),
            scopes.why_not(db, version, company.unit("P-2").id),
        )

    why, why_not = recall.act(look)
    assert next(step.label for step in why.path) == "SENS-1"
    assert why_not.reason == "other_parts"


def test_the_page_of_a_unit_and_of_its_lot_name_the_recall_that_affects_them(
    company: Company, recall: Recall, app: Flask
) -> None:
    lot = company.make_devices("SENS-1", PUMPS, shipped=2)
    recall.freeze(recall.propose("SENS-1"), is_provisional=True)

    with visiting(company, app, company.people.warehouse) as visitor:
        pages = [
            visitor.get(f"/units-and-lots/units/{company.unit(serial).id}").text
            for serial in (PUMPS[0], PUMPS[-1])
        ]
        pages.append(visitor.get(f"/units-and-lots/lots/{lot}").text)
    said = [page.partition("Affected by")[2].partition("</section>")[0] for page in pages]
    assert all("RC-2026-0001" in one and "Battery may overheat" in one for one in said)
    assert "In transit" in said[0]
    assert "On hold in house" in said[1]
    assert "On hold in house" in said[2]


# --- what comes back, and what leaves ---------------------------------------------------------


def test_what_comes_back_from_a_consignee_is_held_again(company: Company, recall: Recall) -> None:
    company.make_devices("SENS-1", PUMPS, shipped=2)
    company.arrive("P-1", "P-2")
    recall.freeze(recall.propose("P-1 P-2 P-3"))
    assert company.holding_cases("P-1") == set()
    assert recall.totals == {"at_consignee": 2, "held": 1}

    company.receive_return("P-1")

    assert recall.totals == {"at_consignee": 1, "held": 2}
    assert company.holding_cases("P-1") == {recall.number}


def test_a_part_that_comes_out_of_its_host_is_counted_and_held_by_itself(
    company: Company, recall: Recall
) -> None:
    board, pump = company.make_hosted("B-1", "P-1")
    recall.freeze(recall.propose("B-1"))
    assert recall.totals == {"held": 1}
    assert recall.targets() == [("unit", pump)]

    company.take_out(board)

    assert recall.totals == {"held": 2}
    assert ("unit", board) in recall.targets()


def test_what_leaves_a_scope_is_released_only_by_another_person_who_signs_for_it(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS, shipped=1)
    recall.freeze(recall.propose("SENS-1"))
    company.later(days=6)

    difference = recall.freeze(recall.propose("P-1 P-2", "supplier names the serials"))

    assert (difference.left.units, difference.left.units_here) == (4, 4)
    assert [(lot.lot_no, lot.quantity) for lot in difference.left.lots] == [("SENS-1", 94)]
    assert not company.may_ship("P-3")
    assert recall.totals == {"held": 99, "in_transit": 1}
    with pytest.raises(DoneByTheSamePerson):
        company.do("authorise_scope_release", by=recall.froze)

    company.do("authorise_scope_release")
    assert not company.may_ship("P-3")
    company.do("remove_tags")

    assert company.may_ship("P-3")
    assert not company.may_ship("P-2")
    assert recall.totals == {"held": 1, "in_transit": 1, "released_not_affected": 98}
    assert recall.targets() == [("unit", company.unit("P-1").id), ("unit", company.unit("P-2").id)]
    assert company.incidents == []


def test_what_is_kept_on_hold_is_offered_again_with_the_next_scope(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS)
    recall.freeze(recall.propose("P-1 P-2 P-3"))
    recall.freeze(recall.propose("P-1 P-2"))
    company.do("authorise_scope_release", release_decision="kept", kept_because="Complaint 12")
    assert not company.may_ship("P-3")

    difference = recall.freeze(recall.propose("P-1"))
    assert difference.left.units == 2


def test_what_a_newer_scope_takes_up_again_is_not_released(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS)
    recall.freeze(recall.propose("P-1 P-2 P-3"))
    recall.freeze(recall.propose("P-1"))
    recall.freeze(recall.propose("P-1 P-2"))
    [first, _second] = company.open_tasks_at("authorise_scope_release")

    company.do("authorise_scope_release", task=first)
    company.do("remove_tags")
    assert company.may_ship("P-3")
    assert not company.may_ship("P-2")
    assert recall.totals == {"held": 2, "released_not_affected": 1}


def test_what_was_released_comes_back_when_a_scope_names_it_again(
    company: Company, recall: Recall
) -> None:
    lot = company.make_devices("SENS-1", PUMPS)
    recall.freeze(recall.propose("SENS-1"))
    recall.freeze(recall.propose("P-1"))
    company.do("authorise_scope_release")
    company.do("remove_tags")
    assert recall.totals == {"held": 1, "released_not_affected": 5 + 94}

    recall.freeze(recall.propose("SENS-1"))

    assert recall.totals == {"held": 100}
    assert ("lot", lot) in recall.targets()
    assert not company.may_ship("P-6")
    assert company.stock_that_may_ship(lot) == 0


def test_a_unit_in_two_recalls_is_held_by_both_and_freed_by_neither_alone(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS)
    other = Recall(company, "RC-2026-0002")
    recall.freeze(recall.propose("P-1 P-2"))
    other.freeze(other.propose("P-2 P-3"))
    assert company.holding_cases("P-2") == {recall.number, other.number}

    recall.freeze(recall.propose("P-1"))
    company.number = recall.number
    company.do("authorise_scope_release")
    company.do("remove_tags")
    assert company.holding_cases("P-2") == {other.number}
    assert not company.may_ship("P-2")
    assert other.totals == {"held": 2}

    other.freeze(other.propose("P-3"))
    company.number = other.number
    company.do("authorise_scope_release")
    company.do("remove_tags")
    assert company.may_ship("P-2")


def test_a_consignee_is_told_what_is_new_and_what_is_cleared_for_it(
    company: Company, recall: Recall
) -> None:
    company.make_devices("SENS-1", PUMPS, shipped=5)
    company.make_lot("SET-1", 50, shipped=20)
    company.make_lot("SET-2", 50, shipped=10)
    recall.freeze(recall.propose("P-1 P-2 P-3 SET-1"))
    recall.freeze(recall.propose("P-2 P-3 P-4 P-5 P-6 SET-2"))

    def look(db: Any, case: Case) -> Any:
        before, after = (scopes.numbered(db, case, n) for n in (1, 2))
        hospital = company.places["HOSP_party"]
        return (
            scopes.differences_by_consignee(db, before, after),
            scopes.units_of(db, case, hospital, version=after, but=before),
            scopes.units_of(db, case, hospital, version=before, but=after),
            scopes.stock_of(db, case, hospital, version=before, but=after),
            scopes.differences_by_consignee(db, None, before),
        )

    [told], added, cleared, [no_more], [first] = recall.act(look)
    assert (told.added_units, told.cleared_units, told.same_units) == (2, 1, 2)
    assert (told.added_quantity, told.cleared_quantity) == (10, 20)
    assert [one.serial for one in added] == ["P-4", "P-5"]
    assert [one.serial for one in cleared] == ["P-1"]
    assert no_more.lot_no == "SET-1"
    assert (first.is_new, told.is_new) == (True, False)


def test_a_lot_that_a_candidate_drops_leaves_its_quantity_unprotected(
    company: Company, recall: Recall, app: Flask
) -> None:
    company.make_devices("SENS-1", PUMPS)
    lot = company.make_lot("SET-1", 666, shipped=460)
    company.arrive(lot=lot, quantity=400)
    recall.freeze(recall.propose("SET-1"))
    narrower = recall.propose("P-1")

    found = recall.act(
        lambda db, case: signed.consequences(db, case, scopes.numbered(db, case, narrower))
    )
    change = found.change
    assert (change.added_units, change.added_quantity) == (1, 0)
    assert (change.left_units, change.left_quantity, change.left_at_consignees) == (0, 666, 400)
    drawn = recall.act(
        lambda db, case: signed.record_of(db, case, scopes.numbered(db, case, narrower))
    ).content
    said = {row[0]: row[1] for part in drawn["sections"] for row in part.get("rows", ())}
    assert said["Quantity of lots that leaves"] == "666"
    with visiting(company, app, company.people.regulatory_affairs) as visitor:
        lab_page = visitor.get(f"/recalls/{recall.number}/scopes").text
        check = visitor.get(f"/recalls/{recall.number}/scopes/{narrower}/freeze").text
    total, unprotected = (_row(lab_page, head) for head in ("In all", "Leaves unprotected"))
    assert total == ["0 + 666", "1"]
    assert unprotected == ["–", "0 + 666"]
    assert "of it 400 at consignees" in check
    assert "1 units and 0 of lots, 0 consignees" in check


def _row(page: str, head: str) -> list[str]:
    """Return what a table shows in the row of this head."""
    row = page.partition(f'<th scope="row">{head}</th>')[2].partition("</tr>")[0]
    return [re.sub("<[^>]+>", "", cell).strip() for cell in row.split("</td>")[:-1]]


# --- the whole way, signed --------------------------------------------------------------------


def test_a_scope_is_widened_on_day_3_and_narrowed_on_day_9(company: Company) -> None:
    company.make_devices("SENS-1", PUMPS[:3], shipped=1)
    company.make_devices("SENS-2", PUMPS[3:], shipped=1)
    report_signal(company, "SENS-1")
    contain(company, "SENS-1")
    regulatory = company.people.regulatory_affairs
    assert company.totals == {"held": 97 + 2, "in_transit": 1}

    company.later(days=3)
    wider = propose_for(company, "SENS-1, SENS-2", "Second supplier notice")
    found = company.reads(lambda db: signed.consequences(db, company.case, scope_of(db, wider)))
    assert (found.change.added_units, found.change.left_units) == (3, 0)
    assert found.change.added_lots == ("SENS-2",)
    assert [(one.name, one.added_units, one.cleared_units) for one in found.told] == [
        ("Hosp", 1, 0)
    ]
    freeze_signed(company, wider, by=regulatory)
    assert not company.may_ship("P-6")
    assert company.totals == {"held": 2 * 97 + 4, "in_transit": 2}

    company.later(days=6)
    narrow = propose_for(company, "P-1, P-4, P-5", "Tests clear the rest")
    [beside] = company.reads(lambda db: lab(db, company.number)).candidates
    assert [one.serial for one in beside.unprotected] == ["P-2", "P-3", "P-6"]
    assert {one.reason for one in beside.unprotected} == {REASONS["other_parts"]}
    found = company.reads(lambda db: signed.consequences(db, company.case, scope_of(db, narrow)))
    assert {one.rule.citation for one in found.obligations} >= {
        "Regulation (EU) 2017/745, article 89(8)"
    }
    freeze_signed(company, narrow, by=regulatory)
    assert not company.may_ship("P-6")
    company.do("authorise_scope_release")
    company.do("remove_tags")

    assert company.may_ship("P-6")
    assert not company.may_ship("P-5")
    assert company.totals == {"held": 1, "in_transit": 2, "released_not_affected": 2 * 97 + 3}
    company.seal_documents()
    sealed = {one.kind for one in company.documents if one.state == "sealed"}
    assert "scope_change/scope_release" in sealed


def scope_of(db: Any, number: int) -> ScopeVersion:
    """Return the newest scope of this number."""
    rows = select(ScopeVersion).where(ScopeVersion.number == number).order_by(ScopeVersion.id)
    return db.scalars(rows).all()[-1]


def test_of_two_who_freeze_at_once_the_second_is_told_to_look_again(company: Company) -> None:
    company.make_devices("SENS-1", PUMPS)
    report_signal(company, "P-1")
    contain(company, "P-1")
    first = propose_for(company, "P-1 P-2", "one")
    second = propose_for(company, "P-1 P-3", "other")
    by = company.people.regulatory_affairs
    with company.holdfast.database.begin() as db:
        nonce = signed.open_signing(
            db, company.number, second, by=by, session_id="second", at=company.at
        ).nonce
    freeze_signed(company, first, by=company.people.qa_manager)

    signing = Signing(nonce, PASSWORD, "second", by.user_name)
    with pytest.raises(RecordChanged), company.holdfast.database.begin() as db:
        signed.sign_and_freeze(
            db, company.number, second, signing, by=by, at=company.at, key=company.new_key()
        )
    standing = company.reads(lambda db: scopes.standing(db, company.case))
    assert standing.number == first
    assert company.may_ship("P-3")


def test_another_device_is_a_new_report_and_more_lots_of_the_same_one_an_amendment(
    company: Company, recall: Recall
) -> None:
    company.make_lot("SET-1", 10)
    company.make_lot("SET-2", 10)
    recall.freeze(recall.propose("SET-1"))
    number = recall.propose("SET-1 SET-2")

    def look(db: Any, case: Case) -> Any:
        change = signed.consequences(db, case, scopes.numbered(db, case, number)).change
        return change, obligations(change, ["US", "CN", "FR", "BR"])

    change, asked = recall.act(look)
    assert (change.other_devices, change.has_more) == (("SET-SET-2",), False)
    assert [(one.rule.id, one.countries, one.rule.is_checked) for one in asked] == [
        ("us_new_report", ("US",), True),
        ("cn_plan_change", ("CN",), True),
        ("cn_notice", ("CN",), True),
        ("eu_fsn", ("FR",), True),
        ("eu_fsca_report", ("FR",), False),
        ("elsewhere", ("BR",), False),
    ]
    more = replace(change, other_devices=(), has_more=True)
    assert [one.rule.id for one in obligations(more, ["US"])] == ["us_amendment"]
    less = replace(change, other_devices=(), left_units=1)
    assert [one.rule.id for one in obligations(less, ["US"])] == ["us_supplementary_letter"]


@pytest.mark.parametrize("rule", [one for one in RULES if one.is_checked], ids=lambda one: one.id)
def test_a_rule_that_says_it_was_checked_stands_so_in_the_text_of_the_law(rule: Rule) -> None:
    must_stand(rule.source, rule.words)
