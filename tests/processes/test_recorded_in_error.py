"""Stories of what was struck out: it never existed, until the world says otherwise."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.cases import balance, correcting, missing
from engine.cases.correcting import DecidedTheWay
from engine.cases.overview import case_balance, case_facts
from engine.cases.records import sections
from engine.cases.scope import scope_of
from engine.errors import Invalid
from engine.serials import build, correct, parties, ship, state
from engine.serials.build import ToBuild
from engine.serials.errors import OnHold
from engine.serials.models import HoldBreach
from engine.serials.record import How
from engine.serials.register import register
from tests.processes.company import Answers, Company

UNITS = ["P-1", "P-2"]
SEEN = {"scanned": "P-1", "none": False, "counts": []}


def wrong(found: Any = SEEN) -> Answers:
    """Return the answer that what was not found never existed."""
    return {
        "explanation": "record_wrong",
        "found_units": found,
        "never_existed_because": "Booked twice from delivery note 4711; the supplier sent one.",
    }


def to_the_search(company: Company, found: Any = SEEN) -> None:
    """Report two devices of which only the first is found, up to the search for the second."""
    company.report("P-1 P-2")
    company.do("triage")
    company.do("confirm_segregation", segregated=found)


def strike_out(company: Company) -> None:
    """Have the second device struck out of the record."""
    company.make_devices("SENS-1", UNITS)
    to_the_search(company)
    company.do("resolve_count_mismatch", **wrong())
    assert company.totals == {"held": 1, "recorded_in_error": 1}


def breaches(company: Company) -> int:
    found: int = company.reads(lambda db: db.scalar(select(func.count()).select_from(HoldBreach)))
    return found


def ship_late(company: Company, serial: str, *, hours: int) -> int:
    """Record today that a unit was shipped some hours ago; return the event."""
    with company.holdfast.database.begin() as db:
        done = ship.report_shipment(
            db, to_location_id=company.places["HOSP"], units=[company.unit(serial).id],
            document_no="DN-9", event_at=company.at - timedelta(hours=hours),
            by=company.people.warehouse, at=company.at,
        )  # fmt: skip
        return done.event.id


def withdraw(company: Company, event_id: int) -> None:
    with company.holdfast.database.begin() as db:
        correct.withdraw(
            db, event_id, reason="wrong serial on DN-1", by=company.people.warehouse, at=company.at
        )


# --- what turns up after all -----------------------------------------------------------------


def test_a_struck_out_unit_that_turns_up_is_on_hold_and_nobody_releases_it(
    company: Company,
) -> None:
    strike_out(company)
    company.receive_return("P-2")
    assert company.totals == {"held": 2}
    assert company.holding_cases("P-2") == {company.number}
    with company.holdfast.database.begin() as db, pytest.raises(OnHold):
        state.release(
            db, units=[company.unit("P-2").id], by=company.people.warehouse, at=company.at
        )


def test_a_reported_shipment_of_a_struck_out_unit_is_a_breach_and_is_evaluated(
    company: Company,
) -> None:
    strike_out(company)
    company.report_shipment("P-2")
    assert company.unit("P-2").custody == "at_consignee"
    assert company.totals == {"held": 1, "at_consignee": 1}
    assert breaches(company) == 1
    assert "evaluate_health_risk" in company.waiting_at


def test_a_shipment_before_the_strike_out_that_is_recorded_after_it_counts(
    company: Company,
) -> None:
    company.make_devices("SENS-1", UNITS)
    company.later(hours=3)
    to_the_search(company)
    company.do("resolve_count_mismatch", **wrong())
    event_id = ship_late(company, "P-2", hours=1)
    assert company.unit("P-2").custody == "at_consignee"
    assert company.totals == {"held": 1, "at_consignee": 1}
    assert "evaluate_health_risk" in company.waiting_at
    withdraw(company, event_id)  # it was another unit after all
    assert company.unit("P-2").custody == "never_existed"
    assert company.totals == {"held": 1, "recorded_in_error": 1}


def test_a_quantity_shipped_beyond_what_is_left_comes_out_of_what_was_struck_out(
    company: Company,
) -> None:
    lot = company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    stock = company.answers(company.task("confirm_segregation"), company.people.warehouse)
    [count] = stock["segregated"]["counts"]
    found = {"scanned": "", "none": False, "counts": [{**count, "counted": "37"}]}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", **wrong(found))
    assert company.totals == {"held": 37, "recorded_in_error": 3}
    company.report_shipment(lot=lot, quantity=38)
    assert company.totals == {"at_consignee": 38, "recorded_in_error": 2}


# --- what existed cannot be struck out -------------------------------------------------------


def test_a_shipment_that_did_not_occur_does_not_keep_a_unit_in_the_record(
    company: Company,
) -> None:
    company.make_devices("SENS-1", UNITS)
    withdraw(company, company.report_shipment("P-2").event.id)
    to_the_search(company)
    company.do("resolve_count_mismatch", **wrong())
    assert company.totals == {"held": 1, "recorded_in_error": 1}


def test_what_was_sent_out_once_cannot_have_been_recorded_in_error(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.send_out("P-2")
    to_the_search(company)
    with pytest.raises(Invalid, match="P-2 was shipped"):
        company.do("resolve_count_mismatch", **wrong())


def build_around(company: Company, module: str, host: str) -> None:
    """Build and release a device with a module inside."""
    how: How = {"by": company.people.production, "at": company.at}
    with company.holdfast.database.begin() as db:
        pump = parties.add_part(
            db, company.places["TARN_party"], "PUMP-X", "Pump", control="serial", kind="device",
            **how,
        ).id  # fmt: skip
        inside = ((company.unit(module).id, None),)
        made = build.build_units(
            db, pump, [ToBuild(host, inside)], location_id=company.places["TARN"], **how
        )
        state.release(db, units=made.unit_ids, **how)


def test_a_unit_with_a_suspect_inside_cannot_have_been_recorded_in_error(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["M-1"])
    build_around(company, "M-1", "P-9")
    company.report("M-1")
    company.do("triage")
    assert company.totals == {"held": 1}  # the module counts as the device it is in
    found = {"scanned": "", "none": True, "counts": []}
    company.do("confirm_segregation", segregated=found)
    with pytest.raises(Invalid, match="P-9 was shipped, sent out or installed once, or something"):
        company.do("resolve_count_mismatch", **wrong(found))
    assert company.holding_cases("M-1") == {company.number}


def test_more_units_than_a_query_has_parameters_are_asked_about_at_once(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    found = company.reads(lambda db: missing.existed(db, range(1, 70_000)))
    assert found == "P-1"


# --- an answer that struck out is not rewritten ----------------------------------------------


def test_no_correction_says_afterwards_that_something_never_existed(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    to_the_search(company)
    company.do("resolve_count_mismatch", explanation="not_found", found_units=SEEN)
    old = company.answer("resolve_count_mismatch")
    with company.holdfast.database.begin() as db, pytest.raises(DecidedTheWay):
        correcting.correct_answer(
            db, old.id, {**old.answers, **wrong(old.answers["found_units"])}, reason="A typo.",
            by=company.people.qa_engineer, at=company.at, key="never-existed",
        )  # fmt: skip


# --- what is counted -------------------------------------------------------------------------


def test_what_never_existed_is_not_affected_and_does_not_vanish(company: Company) -> None:
    strike_out(company)

    def look(db: Any) -> dict[str, Decimal]:
        scope, shown = scope_of(db, company.case), case_balance(db, company.case)
        return {
            "the head of the case": case_facts(db, company.case).affected,
            "the panel beside a form": scope.affected,
            "its parts": scope.held + scope.to_hold + scope.left + scope.decided,
            "the balance": shown.total if shown else Decimal(0),
            "its lines": sum(
                (one.quantity for one in shown.lines if one.is_affected) if shown else (),
                Decimal(0),
            ),
        }

    numbers = company.reads(look)
    assert numbers == dict.fromkeys(numbers, Decimal(1))
    shown = company.reads(lambda db: case_balance(db, company.case))
    [struck] = [one for one in shown.lines if not one.is_affected]
    assert (struck.account, struck.quantity) == (balance.ACCOUNTS["recorded_in_error"].label, 1)


def test_the_printed_balance_ends_in_the_affected_and_says_what_never_existed_after_it(
    company: Company,
) -> None:
    strike_out(company)
    printed = company.reads(lambda db: sections.balance(db, company.case))["table"]["rows"]
    assert [(words, Decimal(quantity)) for words, quantity in printed] == [
        ("On hold in house", 1),
        ("All affected", 1),
        ("Never existed, recorded in error", 1),
    ]


def test_an_approver_is_told_the_same_number_of_affected_units(company: Company) -> None:
    strike_out(company)
    listed = company.reads(lambda db: balance.affected_of(db, [company.case.id]))
    assert listed == {company.case.id: 1}


# --- the registers ---------------------------------------------------------------------------


def in_register(company: Company) -> Decimal:
    """Return how much the register of holds says this case holds."""
    rows = company.reads(lambda db: register(db, case_number=company.number))
    return sum((one.quantity for one in rows), Decimal(0))


def test_the_register_of_holds_counts_no_unit_that_never_existed(company: Company) -> None:
    strike_out(company)
    assert in_register(company) == 1
    company.receive_return("P-2")
    assert in_register(company) == 2


def test_the_register_of_holds_counts_no_destroyed_unit(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("scrap", "P-1"))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    assert in_register(company) == 1
