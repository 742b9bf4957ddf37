"""Stories of a case that follows its units, whoever tells what became of them."""

from pathlib import Path
from typing import Any

from engine.serials import intake, parties, receive
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
