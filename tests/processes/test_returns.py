"""Stories of what comes back in a recall, is put right where it is, or is never found."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock
from engine.cases import balance, dispositions, facts, lying
from engine.cases.models import Case
from engine.cases.returns import authorising, closing, correcting, receiving
from engine.cases.returns.closing import Closing
from engine.cases.returns.correcting import Correction
from engine.cases.returns.models import FieldCorrection, ReturnLine
from engine.cases.returns.receiving import Line, Parcel
from engine.cases.signing import Signing
from engine.errors import Invalid
from engine.evidence.documents import store_file
from engine.serials import ship
from tests.processes.company import Company
from tests.processes.recalling import contain, report_signal
from tests.processes.recalls import Recall, add_hospital, open_recall
from tests.processes.visiting import enter, visiting
from tests.support.files import png
from tests.support.personas import PASSWORD


def parcel(company: Company, *said: str, **more) -> Parcel:
    lines = [Line(one, "used") for one in said]
    return Parcel(lines, company.places["TARN"], **more)


def issued(recall: Recall) -> str:
    company = recall.company
    given = recall.does(
        authorising.issue, company.places["HOSP_party"], by="customer_service",
        location_id=company.places["TARN"], instructions="Empty the pump first.",
    )  # fmt: skip
    return given.number


def lines_of(company: Company) -> dict[str, tuple[str, str | None]]:
    rows = company.reads(lambda db: db.scalars(select(ReturnLine).order_by(ReturnLine.id)).all())
    return {row.said: (row.finding, row.other_cases) for row in rows}


def delivered(company: Company, *serials: str) -> None:
    with company.holdfast.database.begin() as db:
        ship.deliver(
            db, location_id=company.places["HOSP"], by=company.people.customer_service,
            units=[company.unit(serial).id for serial in serials], at=company.at,
        )  # fmt: skip


def decided(recall: Recall, action: str = "correction") -> None:
    """Have the physical action of a recall be decided."""
    how: Any = {"by": recall.company.people.executive, "at": recall.company.at}
    with recall.company.holdfast.database.begin() as db:
        facts.record(db, recall.case, "decided_action", action, **how)
        correcting.settle_read(db, recall.case, **how)


def test_a_correction_settles_nothing_where_units_are_to_come_back(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    delivered(company, "P-1")
    recall = open_recall(company, "P-1")
    decided(recall, "removal")
    told = Correction(company.unit("P-1").id, "software", "Loaded 4.2.", "4.2")
    with pytest.raises(Invalid, match="a correction settles nothing") as wrong:
        recall.does(correcting.record, told, by="field_service")
    assert [one.at for one in wrong.value.problems] == ["although"]
    told = replace(told, although="The ward cannot spare it yet.")
    made = recall.does(correcting.record, told, by="field_service")
    with visiting(company, app, company.people.customer_service) as visitor:
        address = f"/recalls/{recall.number}/corrections"
        read = {"second_reading": "4.2", "request_key": "second-reading"}
        assert visitor.post(f"{address}/{made.id}/verify", read).status_code == 303
        page = visitor.get(address).text
    assert "The unit stays open until it is back" in page
    assert "still to come back" in page
    assert recall.totals == {"at_consignee": 1}
    assert company.holding_cases("P-1") == {recall.number}
    recall.does(receiving.receive, parcel(company, "P-1"), by="warehouse")
    assert recall.totals == {"held": 1}


def test_what_was_corrected_before_the_decision_counts_once_correction_is_decided(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=2)
    delivered(company, "P-1", "P-2")
    recall = open_recall(company, "P-1", "P-2")
    for serial in ("P-1", "P-2"):
        told = Correction(company.unit(serial).id, "software", "Loaded 4.2.", "4.2")
        made = recall.does(correcting.record, told, by="field_service")
        recall.does(correcting.verify, made.id, reading="4.2", by="customer_service")
    assert recall.totals == {"at_consignee": 2}
    recall.does(receiving.receive, parcel(company, "P-2"), by="warehouse")
    decided(recall)
    assert recall.totals == {"held": 1, "corrected": 1}


def test_what_comes_back_is_counted_held_and_never_taken_for_released(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"], shipped=2)
    lot = company.make_lot("SET-1", 100, shipped=40)
    recall = open_recall(company, "P-1", "P-2", "P-3", lots=[lot])
    assert recall.totals == {"held": 61, "in_transit": 42}
    delivered(company, "P-1", "P-2")
    assert recall.totals == {"held": 61, "in_transit": 40, "at_consignee": 2}

    number = issued(recall)
    assert number == "RMA-2026-0001"
    photo = company.reads(lambda db: store_file(db, name="box.png", content=png()))
    back = parcel(company, "P-1", "SET-1 x 15", authorisation=number.lower(), photo=photo)
    receipt = recall.does(receiving.receive, back, by="warehouse")
    assert receipt.photo_id is not None
    assert recall.totals == {"held": 77, "in_transit": 25, "at_consignee": 1}
    assert recall.shares("consignee") == {
        "HOSP": {"held": 16, "in_transit": 25, "at_consignee": 1},
        None: {"held": 61},
    }
    assert company.unit("P-1").custody == "returned"
    assert company.holding_cases("P-1") == {recall.number}
    assert set(lines_of(company).values()) == {("expected", None)}
    assert company.reads(lambda db: lying.agree(db, recall.case.id))


def test_what_does_not_fit_is_recorded_and_said_on_its_line(company: Company) -> None:
    add_hospital(company, "CLINIC", country="FR")
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3", "P-4"], shipped=3)
    delivered(company, "P-1", "P-2", "P-3")
    lot = company.make_lot("SET-1", 100, shipped=40)
    recall = open_recall(company, "P-1", "P-2", "P-4", lots=[lot])
    also = open_recall(company, "P-1", number="RC-2026-0002")
    with company.holdfast.database.begin() as db:
        ship.deliver(db, location_id=company.places["CLINIC"], by=company.people.customer_service,
                     units=[company.unit("P-2").id], at=company.at)  # fmt: skip
    assert recall.shares("consignee")["CLINIC"] == {"at_consignee": 1}

    back = parcel(
        company, "P-1", "P-2", "P-3", "P-4", "P-9", "SET-1 x 50", authorisation=issued(recall)
    )
    recall.does(receiving.receive, back, by="warehouse")
    assert lines_of(company) == {
        "P-1": ("expected", also.number),
        "P-2": ("of_another_consignee", None),
        "P-3": ("not_on_list", None),
        "P-4": ("already_returned", None),
        "P-9": ("unknown", None),
        "SET-1 x 50": ("more_than_there", None),
    }
    # each is here now, whatever was known of it; no more is counted than was in the case
    assert company.unit("P-3").custody == "returned"
    assert recall.totals == {"held": 103}
    assert also.totals == {"held": 1}


def test_a_parcel_says_of_each_line_what_is_missing(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    lot = company.make_lot("SET-1", 10, shipped=4)
    recall = open_recall(company, "P-1", lots=[lot])
    lines = [Line("P-1", ""), Line("P-1", "used"), Line("SET-1", "used"), Line("P-1 x 2", "used")]
    with pytest.raises(Invalid) as wrong:
        recall.does(receiving.receive, Parcel(lines, company.places["TARN"]), by="warehouse")
    assert [one.at for one in wrong.value.problems] == [
        "lines.0.condition", "lines.1", "lines.2", "lines.3", "lines.3"
    ]  # fmt: skip
    assert company.unit("P-1").custody == "in_transit"


def test_a_correction_counts_once_a_second_person_reads_the_same(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=1)
    delivered(company, "P-1")
    recall = open_recall(company, "P-1", "P-2")
    decided(recall)
    also = open_recall(company, "P-1", number="RC-2026-0002")
    unit = company.unit("P-1").id
    told = Correction(unit, "software", "Loaded 4.2 and restarted.", "4.2.0 (b17)")
    made = recall.does(correcting.record, told, by="field_service")
    assert recall.totals == {"held": 1, "at_consignee": 1}
    verify = correcting.verify
    with pytest.raises(correcting.DoneByYou):
        recall.does(verify, made.id, reading="4.2.0 (b17)", by="field_service")
    recall.does(verify, made.id, reading="4.2.0  (B17)", by="customer_service")

    assert recall.totals == {"held": 1, "corrected": 1}
    # the other recall counts it and holds it still
    assert also.totals == {"at_consignee": 1}
    assert company.holding_cases("P-1") == {also.number}
    with pytest.raises(correcting.VerifiedAlready):
        recall.does(verify, made.id, reading="4.2.0 (b17)", by="customer_service")
    with pytest.raises(correcting.CorrectedAlready):
        recall.does(correcting.record, told, by="field_service")
    here = Correction(company.unit("P-2").id, "label", "Stuck on.", "Rev. C")
    with pytest.raises(correcting.NotAway):
        recall.does(correcting.record, here, by="field_service")


def test_a_reading_that_differs_is_kept_and_tells_nobody_the_first(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    delivered(company, "P-1")
    recall = open_recall(company, "P-1")
    decided(recall)
    told = Correction(company.unit("P-1").id, "software", "Loaded.", "4.2.0")
    made = recall.does(correcting.record, told, by="field_service")
    address = f"/recalls/{recall.number}/corrections"
    with clock.at(company.at):
        visitor = enter(app, company.people.customer_service)
        sent = {"second_reading": "9.9", "request_key": "first-reading"}
        assert visitor.post(f"{address}/{made.id}/verify", sent).status_code == 303
        page = visitor.get(address).text
        assert "The readings differ" in page
        assert "4.2.0" not in page
        sent = {"second_reading": "4.2.0", "request_key": "read-again"}
        again = visitor.post(f"{address}/{made.id}/verify", sent)
        assert again.status_code == 422
        assert "Write why you read it again" in again.text
    assert recall.totals == {"at_consignee": 1}
    with pytest.raises(correcting.DoneByYou):
        recall.does(correcting.verify, made.id, reading="4.2.0", by="field_service")
    recall.does(
        correcting.verify, made.id, reading="4.2.0", again_because="Read the wrong pump first.",
        by="customer_service",
    )  # fmt: skip
    assert recall.totals == {"corrected": 1}


def test_what_a_correction_leaves_unclear_is_asked(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    delivered(company, "P-1")
    recall = open_recall(company, "P-1")
    decided(recall)
    unit = company.unit("P-1").id

    def wrong(*told: str) -> list[str]:
        with pytest.raises(Invalid) as refused:
            recall.does(correcting.record, Correction(unit, *told), by="field_service")
        return [one.at for one in refused.value.problems]

    assert wrong("part", "Exchanged.", "Board C") == ["fitted"]
    assert wrong("software", "A" * 4_001, "\x00") == ["done", "reading"]
    first = recall.does(
        correcting.record, Correction(unit, "software", "Loaded.", "4.2"), by="field_service"
    )
    assert wrong("software", "Loaded.", "4.3") == ["again_because"]
    again = Correction(unit, "software", "Loaded.", "4.3", again_because="4.2 was the wrong file.")
    second = recall.does(correcting.record, again, by="field_service")
    with pytest.raises(correcting.DoneAgain):
        recall.does(correcting.verify, first.id, reading="4.2", by="customer_service")
    recall.does(correcting.verify, second.id, reading="4.3", by="customer_service")
    assert recall.totals == {"corrected": 1}


def test_a_correction_is_not_dated_before_its_unit_or_the_signal(company: Company) -> None:
    signal = company.at
    company.at += timedelta(days=1)
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    delivered(company, "P-1")
    company.at += timedelta(days=1)
    recall = open_recall(company, "P-1")
    with company.holdfast.database.begin() as db:
        how: Any = {"by": company.people.qa_engineer, "at": company.at}
        facts.record(db, recall.case, "awareness", signal.isoformat(), **how)
    told = Correction(company.unit("P-1").id, "software", "Loaded 4.2.", "4.2.0")

    def recorded(event_at: datetime) -> FieldCorrection:
        return recall.does(correcting.record, told, by="field_service", event_at=event_at)

    minute = timedelta(minutes=1)
    with pytest.raises(Invalid) as wrong:
        recorded(signal + minute)
    assert [(one.at, one.sentence) for one in wrong.value.problems] == [
        ("event_at", correcting.BEFORE_IT_WAS)
    ]
    with company.holdfast.database.begin() as db:
        facts.record(db, recall.case, "awareness", company.at.isoformat(), **how)
    with pytest.raises(Invalid) as wrong:
        recorded(company.at - minute)
    assert wrong.value.problems[0].sentence == correcting.BEFORE_THE_SIGNAL
    assert recorded(company.at).event_id


def test_what_has_come_back_is_serviced_and_never_reworked(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=1)
    lot = company.make_lot("SET-1", 100, shipped=40)
    recall = open_recall(company, "P-1", "P-2", lots=[lot])
    recall.does(receiving.receive, parcel(company, "P-1", "SET-1 x 15"), by="warehouse")
    came, stayed = ([{"unit_id": company.unit(one).id}] for one in ("P-1", "P-2"))

    def proposed(kind: str, **what: object) -> None:
        with company.holdfast.database.begin() as db:
            case = db.get_one(Case, recall.case.id)
            dispositions.open_round(db, case, instance_id=1, at=company.at)
            line = {"type": kind, "justification": "As found.", **what}
            dispositions.propose(db, case, [line])
            db.rollback()

    for refused in ({"units": came}, {"lot": {"lot_id": lot}, "quantity": "61"}):
        with pytest.raises(dispositions.WasDistributed):
            proposed("rework", **refused)
    proposed("rework", units=stayed)
    proposed("rework", lot={"lot_id": lot}, quantity="60")
    proposed("service", units=came)
    proposed("recondition", lot={"lot_id": lot}, quantity="75")


def closes(recall: Recall, act: str, reason: str, *, by: str = "qa_manager") -> Decimal:
    company = recall.company
    asked = Closing(recall.number, company.places["HOSP_party"], act, reason)
    person = getattr(company.people, by)
    how = {"by": person, "at": company.at}
    with company.holdfast.database.begin() as db:
        pending = closing.open_signing(db, asked, session_id="s", **how)
    signing = Signing(pending.nonce, PASSWORD, "s", person.user_name)
    with company.holdfast.database.begin() as db:
        quantity = closing.close_open(db, asked, signing, key="one form", **how)
    with company.holdfast.database.begin() as db:
        assert closing.close_open(db, asked, signing, key="one form", **how) == quantity
    return quantity


def test_a_hospital_that_never_answers_ends_unresolved_after_three_attempts(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"], shipped=2)
    lot = company.make_lot("SET-1", 100, shipped=40)
    recall = open_recall(company, "P-1", "P-2", "P-3", lots=[lot])
    hospital = company.places["HOSP_party"]
    recall.tries(hospital, "no_answer", "message_left")
    with pytest.raises(closing.TooFewAttempts):
        closes(recall, "unresolved", "Nobody answers.")
    recall.tries(hospital, "no_answer")
    assert closes(recall, "unresolved", "Nobody answers.") == 42
    assert recall.totals == {"held": 61, "unresolved": 42}
    with pytest.raises(closing.NothingOpen):
        closes(recall, "unresolved", "Nobody answers.")

    # one turns up after all: it is to be decided on again
    recall.does(receiving.receive, parcel(company, "P-2", "SET-1 x 3"), by="warehouse")
    assert recall.totals == {"held": 65, "unresolved": 38}
    assert recall.shares("consignee")["HOSP"] == {"held": 4, "unresolved": 38}


def test_what_is_lost_is_signed_for_and_what_a_consignee_has_is_not_lost(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=2)
    delivered(company, "P-1")
    recall = open_recall(company, "P-1", "P-2")
    assert closes(recall, "lost", "The carrier's depot burned down on 27 February.") == 1
    assert recall.totals == {"at_consignee": 1, "lost": 1}
    with pytest.raises(balance.BalanceIncomplete):
        company.reads(lambda db: balance.refuse_unless_complete(db, recall.case))


def test_the_check_of_a_parcel_says_what_it_leaves_unclear(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    delivered(company, "P-1")
    address = f"/recalls/{open_recall(company, 'P-1').number}/returns/look"
    with clock.at(company.at):
        visitor = enter(app, company.people.warehouse)
        slip = visitor.post(address, {"scanned": "P-1", "usual": "used", "came_from": "ZZ"})
        assert slip.status_code == 422
        assert "ZZ" in slip.text.partition('role="alert"')[2].partition("</ul>")[0]
        twice = visitor.post(address, {"scanned": "P-1\nP-1", "usual": "used"}).text
        assert "is in this parcel twice" in twice


def test_a_signal_that_holds_nothing_takes_no_parcel(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    signal = Recall(company, report_signal(company, "SENS-1"))
    parcel = Parcel([Line("P-1", "used")], company.places["TARN"])
    with pytest.raises(receiving.NothingHeld):
        signal.does(receiving.receive, parcel, by="warehouse")
    contain(company, "SENS-1")
    signal.does(receiving.receive, parcel, by="warehouse")


def test_what_is_refused_on_these_pages_is_said_with_its_facts(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    number = open_recall(company, "P-1").number
    wrong_file = {"request_key": company.new_key()}
    sent = {
        f"/recalls/{number}/returns/look": (
            {"scanned": "P-1", "usual": "used", "authorisation": "RMA-0000"}, "RMA-0000"
        ),
        f"/recalls/{number}/returns": (
            {"said": "P-1", "condition": "used", "remark": "", "place": "TARN",
             "photo": (BytesIO(b"PK no picture"), "box.pdf")} | wrong_file, "box.pdf"
        ),
        f"/recalls/{number}/corrections": (
            {"unit": "P-1", "kind": "software", "done": "Loaded.", "reading": "4.2.0",
             "evidence": (BytesIO(b"PK no picture"), "screen.pdf")} | wrong_file, "screen.pdf"
        ),
    }  # fmt: skip
    people = company.people
    with clock.at(company.at):
        for address, (form, fact) in sent.items():
            visitor = enter(app, people.field_service if "corr" in address else people.warehouse)
            page = visitor.post(address, form)
            assert page.status_code == 422
            assert fact in page.text.partition('role="alert"')[2].partition("</ul>")[0], address
            assert "%(" not in page.text
