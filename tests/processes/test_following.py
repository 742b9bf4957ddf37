"""Stories of a case that follows its units, whoever tells what became of them."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.cases import tasks
from engine.cases.models import Case, Posting
from engine.errors import Busy, EngineError
from engine.serials import correct, intake, parties, receive, ship
from engine.serials.models import Flag
from engine.serials.units import units_by_id
from tests.processes.company import Company


def load(company: Company, kind: str, text: str, folder: Path) -> None:
    """Take in a file as quality does."""
    path = folder / f"{kind}.csv"
    path.write_text(text)
    how: Any = {"by": company.people.qa_engineer, "at": company.at}
    with company.holdfast.database.begin() as db:
        batch = intake.receive(db, kind, path, file_name=path.name, system="erp", **how)
        intake.check_here(db, batch.id, **how)
        intake.load(db, batch.id, was_shown=intake.shown(batch), **how)


def test_a_unit_whose_suspect_lot_a_file_fills_in_comes_into_the_case_and_on_hold(
    company: Company, tmp_path: Path
) -> None:
    how: Any = {"by": company.people.warehouse, "at": company.at}
    with company.holdfast.database.begin() as db:
        pump = parties.add_part(
            db, company.places["TARN_party"], "PUMP", "Pump", control="serial", kind="device", **how
        )
        lot = parties.ensure_lot(db, pump.id, "L-1", **how)
        store = company.places["TARN"]
        receive.receive_units(db, pump.id, ["P-1"], location_id=store, lot_id=lot.id, **how)
        receive.receive_units(db, pump.id, ["P-2"], location_id=store, **how)
    company.report("L-1")
    company.do("triage")
    assert company.totals == {"held": 1}

    load(company, "units", "part_no,serial,lot_no,location\nPUMP,P-2,L-1,TARN\n", tmp_path)
    assert company.totals == {"held": 2}
    assert company.holding_cases("P-2") == {company.number}


def test_a_held_unit_delivered_out_of_our_house_is_handled_by_quality(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1 P-2")
    how: Any = {"by": company.people.warehouse, "at": company.at}
    with company.holdfast.database.begin() as db:
        ship.deliver(db, location_id=company.places["HOSP"], units=[company.unit("P-1").id], **how)
    assert company.totals == {"held": 1, "at_consignee": 1}
    assert company.waiting_at == {"triage", "handle_hold_breach"}
    manager = f"{company.people.qa_manager.user_name}@holdfast.example"
    assert manager in company.mailed("layouts/hold_breached")
    # that it arrived without having left is a flag of its own, whatever was on hold
    rules = company.reads(lambda db: set(db.scalars(select(Flag.rule))))
    assert rules == {"held_shipped", "not_away"}


def test_a_unit_that_a_correction_drops_from_a_shipment_is_on_hold_here_again(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1 P-2")
    told = company.report_shipment("P-1")
    assert company.totals == {"held": 1, "at_consignee": 1}
    because: Any = {"by": company.people.warehouse, "at": company.at, "reason": "misread label"}
    with company.holdfast.database.begin() as db:
        correct.replace(db, told.event.id, units=[company.unit("P-2").id], **because)

    def places(db: Session) -> dict[int | None, str]:
        rows = db.execute(select(Posting.unit_id, Posting.to_account).order_by(Posting.id))
        return {unit_id: account for unit_id, account in rows}  # noqa: C416  rows are not pairs

    assert company.reads(places) == {
        company.unit("P-1").id: "held", company.unit("P-2").id: "at_consignee",
    }  # fmt: skip
    assert len(company.open_tasks_at("handle_hold_breach")) == 2


def test_each_unit_is_posted_with_the_event_that_moved_it(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1 P-2")
    told = company.report_shipment("P-1")
    last = company.reads(lambda db: db.scalars(select(Posting).order_by(Posting.id.desc())).first())
    assert (last.event_id, last.evidence) == (told.event.id, "shipment_reported")


def test_who_moves_a_unit_of_a_case_waits_for_who_works_on_the_case(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.report("P-1")
    database = company.holdfast.database
    if database.url.startswith("sqlite"):
        pytest.skip("on SQLite there is one writer at a time")
    unit_id = company.unit("P-1").id

    def report() -> None:
        with database.begin() as db:
            db.execute(text("SET LOCAL lock_timeout = '20ms'"))
            ship.report_shipment(
                db,
                to_location_id=company.places["HOSP"],
                units=[unit_id],
                by=company.people.warehouse,
                at=company.at,
            )

    # a lock that a mere posting, which names the case, would not wait for
    mine = select(Case).where(Case.number == company.number).with_for_update(key_share=True)
    with database.begin() as db:
        db.scalars(mine).one()
        with pytest.raises(Busy):
            report()


def test_who_moves_a_unit_and_who_works_on_its_case_do_not_wait_for_each_other(
    company: Company,
) -> None:
    """Both want case and unit: in one order everywhere, the case first, one waits and goes on."""
    company.make_devices("SENS-1", ["P-1"])
    company.report("P-1")
    database = company.holdfast.database
    if database.url.startswith("sqlite"):
        pytest.skip("on SQLite there is one writer at a time")
    unit_id = company.unit("P-1").id
    how: Any = {"by": company.people.warehouse, "at": company.at}
    stopped: list[Exception] = []

    def report() -> None:
        try:
            with database.begin() as db:
                ship.report_shipment(
                    db, to_location_id=company.places["HOSP"], units=[unit_id], **how
                )
        except EngineError as refused:
            stopped.append(refused)

    other = threading.Thread(target=report)
    waits = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.begin() as db:
        tasks.lock_case(db, company.number)
        other.start()
        while other.is_alive() and not company.reads(lambda seen: seen.scalar(waits)):
            other.join(0.01)
        assert units_by_id(db, [unit_id], lock=True)
    other.join()
    assert stopped == []
    assert company.totals == {"at_consignee": 1}
