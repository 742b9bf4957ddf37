"""Stories of the scope: what was named, what is affected, and one number everywhere."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine.cases import affected, balance, identifying, segregated
from engine.cases.correcting import correct_answer
from engine.cases.foreseeing import foresee
from engine.cases.identifying import NotIdentifiedYet
from engine.cases.models import Subject
from engine.cases.overview import case_balance, case_facts
from engine.cases.reach import amount, reached
from engine.cases.records import sections
from engine.cases.scope import Scope, scope_of
from engine.errors import Invalid
from engine.serials import build, install, parties, state
from engine.serials.install import Fitting
from engine.serials.models import Part
from engine.serials.register import register
from tests.processes.company import Company
from tests.processes.test_ending import REOPEN, sign

DEVICES = [f"P-{n}" for n in range(1, 9)]
IN_HAND = ("in_house", "returned", "at_third_party")


def counted(company: Company) -> dict[str, Decimal]:
    """Return how much is affected, by everyone who says so."""

    def look(db: Any) -> dict[str, Decimal]:
        case = company.case
        printed = sections.balance(db, case)["table"]["rows"][-1][1]
        named = company.answer("report").answers["suspects"]
        shown = case_balance(db, case)
        return {
            "the check page": foresee(db, named, hold_now=True).scope.affected,
            "the panel beside a form": scope_of(db, case).affected,
            "what the trace reaches": amount(reached(affected.trace_of(db, case))),
            "the balance": shown.total if shown else Decimal(0),
            "the units page": sum(one.quantity for one in balance.holdings(db, case.id)),
            "the head of the case": case_facts(db, case).affected,
            "the printed report": Decimal(printed),
        }

    return dict(company.reads(look))


def held(company: Company) -> dict[str, Decimal]:
    """Return how much is held in our hands, by everyone who says so."""

    def look(db: Any) -> dict[str, Decimal]:
        case = company.case
        totals = balance.totals(db, case.id)
        named = company.answer("report").answers["suspects"]
        return {
            "the check page": foresee(db, named, hold_now=True).scope.held,
            "the panel beside a form": scope_of(db, case).held,
            "the balance": sum(totals.get(name, Decimal(0)) for name in balance.IN_HOUSE),
            "confirm segregation": sum(stock.quantity for stock in segregated.expected(db, case)),
            "the register of holds": sum(
                one.quantity
                for one in register(db, case_number=case.number)
                if one.custody in IN_HAND
            ),
        }

    return dict(company.reads(look))


def same(numbers: dict[str, Decimal], wanted: int) -> None:
    assert numbers == dict.fromkeys(numbers, Decimal(wanted))


def scope(company: Company) -> Scope:
    found: Scope = company.reads(lambda db: scope_of(db, company.case))
    return found


def install_module(company: Company, serial: str, host: str, *, lot: str) -> int:
    """Build a serialised module of a lot of its own, and install it in a device."""
    how = {"by": company.people.production, "at": company.at}
    with company.holdfast.database.begin() as db:
        part_id = db.scalar(select(Part.id).where(Part.part_no == "MODULE"))
        if part_id is None:
            part_id = parties.add_part(
                db, company.places["TARN_party"], "MODULE", "Drive module",
                control="serial", kind="component", **how,
            ).id  # fmt: skip
        lot_id = parties.ensure_lot(db, part_id, lot, **how).id
        made = build.build_units(
            db, part_id, [serial], location_id=company.places["TARN"], lot_id=lot_id, **how
        )
        state.release(db, units=made.unit_ids, **how)
        fittings = [Fitting(one, company.unit(host).id) for one in made.unit_ids]
        install.install_units(db, fittings, **how)
    return lot_id


def test_a_part_of_a_lot_holds_the_whole_lot_and_everyone_counts_the_same(
    company: Company,
) -> None:
    company.make_devices("SENS-1", DEVICES, shipped=2)  # 92 left of the lot, six devices here
    company.send_out("P-8")
    company.report(suspects={"scanned": "SENS-1 x 5"})
    same(counted(company), 100)
    same(held(company), 98)
    company.do("triage")
    same(counted(company), 100)
    same(held(company), 98)
    [lot] = scope(company).lots
    assert (lot.named, lot.stock, lot.made) == (5, 92, 8)
    assert scope(company).left == 2
    company.do("confirm_segregation")
    assert "resolve_count_mismatch" not in company.waiting_at
    assert company.case.subject.endswith("SENS-1")


def test_naming_serials_holds_these_and_says_nothing_of_a_lot(company: Company) -> None:
    company.make_devices("SENS-1", DEVICES)
    company.report("P-1 P-2")
    same(counted(company), 2)
    same(held(company), 2)
    assert scope(company).lots == ()
    assert len(scope(company).units) == 2


def test_a_suspect_inside_a_device_is_counted_as_the_device(company: Company) -> None:
    company.make_devices("SENS-1", DEVICES[:3])
    install_module(company, "M-1", "P-1", lot="ML-1")
    company.report("M-1")
    same(counted(company), 1)
    same(held(company), 1)
    assert not company.may_ship("P-1")
    company.do("triage")
    company.do("confirm_segregation")
    assert company.answer("confirm_segregation").answers["segregated"]["units"][0]["serial"] == (
        "P-1"
    )


def test_a_lot_of_modules_that_all_sit_in_devices_is_counted_as_the_devices(
    company: Company,
) -> None:
    company.make_devices("SENS-1", DEVICES[:3])
    for n in (1, 2):
        install_module(company, f"M-{n}", f"P-{n}", lot="ML-1")
    company.report("ML-1")
    same(counted(company), 2)
    same(held(company), 2)
    [lot] = scope(company).lots
    assert (lot.named, lot.stock, lot.made) == (None, 0, 2)
    company.do("triage")
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}


def test_two_cases_about_the_same_devices_each_count_them_once(company: Company) -> None:
    company.make_devices("SENS-1", DEVICES[:4])
    install_module(company, "M-1", "P-1", lot="ML-1")
    company.report(suspects={"scanned": "SENS-1 x 5"})
    same(counted(company), 100)
    same(held(company), 100)
    # the module, the device around it and a neighbour: two devices
    company.report("M-1 P-1 P-2")
    same(counted(company), 2)
    same(held(company), 2)
    company.do("triage")
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}


def test_a_component_lot_that_was_used_up_is_counted_as_what_was_made_of_it(
    company: Company,
) -> None:
    lot_id = company.make_component("SENS-1", 3)
    company.build(lot_id, DEVICES[:3])
    company.report(suspects={"scanned": "SENS-1 x 1"})
    same(counted(company), 3)
    same(held(company), 3)
    [lot] = scope(company).lots
    assert (lot.named, lot.stock, lot.made) == (1, 0, 3)


def test_what_comes_in_after_a_part_was_released_and_used_is_counted(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("no_fault_found", lot="S-1", quantity=25))
    company.do("confirm_no_fault")
    company.release()
    company.receive_more(lot, 10)
    assert company.totals == {"held": 25, "released_no_fault": 25}


# --- what nobody could identify ----------------------------------------------------------------


def described(company: Company, **more: Any) -> None:
    """Report something without a label, and come to the investigation."""
    row = {"description": "Pump without a label", **more}
    company.report(suspects={"scanned": "", "unidentified": [row]})
    company.do("triage")


def rows(company: Company, **said: str) -> dict[str, Any]:
    """Return an answer about the one description of the case."""

    def look(db: Any) -> int:
        return int(
            db.scalars(
                select(Subject.id).where(
                    Subject.case_id == company.case.id, Subject.description.is_not(None)
                )
            ).first()
        )

    return {"rows": [{"key": f"subject-{company.reads(look)}", **said}]}


def test_an_investigation_does_not_pass_over_what_nobody_identified(company: Company) -> None:
    described(company)
    assert [one.words for one in scope(company).open_descriptions] == ["Pump without a label"]
    with pytest.raises(Invalid, match="Say for each description"):
        company.do("investigate", identified={"rows": []})
    with pytest.raises(Invalid, match="how many it can be at most"):
        company.do(
            "investigate",
            identified=rows(company, outcome="not_identified", reason="Label lost.", quantity=""),
        )
    with pytest.raises(Invalid, match="what was done to identify"):
        company.do(
            "investigate",
            identified=rows(company, outcome="not_identified", reason="", quantity="2"),
        )


def test_what_was_identified_by_the_investigation_is_held_and_decided_on(
    company: Company,
) -> None:
    company.make_devices("SENS-1", DEVICES[:2])
    described(company)
    company.do("investigate", identified=rows(company, outcome="identified", scanned="P-1"))
    assert company.totals == {"held": 1}
    assert not company.may_ship("P-1")
    company.do("recount_held_stock")  # it was not there to be segregated with the others
    [one] = scope(company).described
    assert (one.outcome, one.names) == ("identified", ("P-1",))
    company.propose(company.line("scrap", "P-1"))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_what_could_not_be_identified_counts_as_not_found_until_two_have_signed(
    company: Company,
) -> None:
    described(company, quantity="3")
    company.do(
        "investigate",
        identified=rows(company, outcome="not_identified", reason="No record names it."),
    )
    assert company.totals == {"not_found": 3}
    assert company.waiting_at == {"evaluate_health_risk", "verify_and_close"}
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.totals == {"unresolved": 3}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"unresolved": 3}


def test_what_the_investigation_only_describes_is_asked_about_again(company: Company) -> None:
    company.make_devices("SENS-1", DEVICES[:2])
    company.report("P-1")
    company.do("triage")
    company.do("confirm_segregation")
    more = {"scanned": "", "unidentified": [{"description": "A tray from the same shift"}]}
    company.do("investigate", others_affected=True, other_suspects=more)
    assert company.waiting_at == {"investigate"}
    company.do("investigate", identified=rows(company, outcome="identified", scanned="P-2"))
    assert company.waiting_at == {"propose_disposition", "recount_held_stock"}
    assert company.totals == {"held": 2}


def test_a_description_may_be_identified_at_triage(company: Company) -> None:
    company.make_devices("SENS-1", DEVICES[:2])
    row = {"description": "Pump without a label"}
    company.report(suspects={"scanned": "", "unidentified": [row]})
    company.do("triage", identified=rows(company, outcome="identified", scanned="P-1"))
    assert company.totals == {"held": 1}
    company.do("confirm_segregation")
    company.do("investigate")
    assert company.waiting_at == {"propose_disposition"}
    assert company.case.subject.endswith("P-1")


def test_a_case_does_not_close_while_something_is_not_identified(company: Company) -> None:
    company.make_devices("SENS-1", DEVICES[:1])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    with company.holdfast.database.begin() as db:
        db.add(
            Subject(
                case_id=company.case.id, description="A box nobody looked into", source="story",
                by_id=None, at=company.at,
            )
        )  # fmt: skip
    with pytest.raises(NotIdentifiedYet, match="A box nobody looked into"):
        company.do("verify_and_close")
    assert company.case.state == "open"


def described_rows(company: Company) -> list[Subject]:
    return list(company.reads(lambda db: identifying.descriptions(db, company.case)))


def test_two_descriptions_in_the_same_words_are_two(company: Company) -> None:
    unlabelled = {"description": "No label"}
    two = [{**unlabelled, "quantity": "2"}, {**unlabelled, "quantity": "3"}]
    company.report(suspects={"scanned": "", "unidentified": two})
    assert [one.quantity for one in described_rows(company)] == [2, 3]
    company.do("triage")
    first, second = described_rows(company)
    said = {"outcome": "not_identified", "reason": "No record names it."}
    with pytest.raises(Invalid, match="Say what became of"):
        company.do("investigate", identified={"rows": [{"key": f"subject-{first.id}", **said}]})
    rows = [{"key": f"subject-{one.id}", **said} for one in (first, second)]
    company.do("investigate", identified={"rows": rows})
    assert company.totals == {"not_found": 5}


def test_what_is_described_again_in_the_same_words_is_asked_about_again(company: Company) -> None:
    described(company, quantity="2")
    said = {"outcome": "not_identified", "reason": "No record names it."}
    again = [{"description": "Pump without a label", "quantity": "2"}]
    company.do(
        "investigate",
        identified=rows(company, **said),
        others_affected=True,
        other_suspects={"scanned": "", "unidentified": again},
    )
    assert company.totals == {"not_found": 2}
    assert "investigate" in company.waiting_at
    _, second = described_rows(company)
    company.do("investigate", identified={"rows": [{"key": f"subject-{second.id}", **said}]})
    assert company.totals == {"not_found": 4}


def test_a_corrected_answer_does_not_double_what_it_described(company: Company) -> None:
    described(company, quantity="2")
    report = company.answer("report")
    kept = {name: value for name, value in report.answers.items() if name != "suspects"}
    raw = {**kept, "description": "The pouch seal is open on four of twenty."}
    with company.holdfast.database.begin() as db:
        correct_answer(
            db, report.id, raw, reason="Four, not three.", by=company.people.qa_manager,
            at=company.at, key=company.new_key(),
        )  # fmt: skip
    said = {"outcome": "not_identified", "reason": "No record names it."}
    company.do("investigate", identified=rows(company, **said))
    assert len(described_rows(company)) == 1


def test_a_reopened_case_takes_up_what_stayed_unresolved(company: Company) -> None:
    described(company, quantity="2")
    company.do(
        "investigate", identified=rows(company, outcome="not_identified", reason="No record.")
    )
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    company.do("verify_and_close")
    sign(company, REOPEN)
    assert company.totals == {"not_found": 2}
