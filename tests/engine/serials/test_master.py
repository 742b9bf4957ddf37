"""Whatever describes or changes master data is one ledger entry, in the same transaction."""

import ast
import inspect
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

import engine
from engine.evidence import ledger
from engine.evidence.chain_checks import check_chain
from engine.evidence.findings import Result
from engine.evidence.store import DocumentStore
from engine.serials import intake, master, other_names, parties
from engine.serials.errors import FieldFixed, WhyMissing
from engine.serials.models import (
    ExternalId,
    Location,
    Lot,
    MarketAuthorisation,
    Part,
    Party,
    SupplierAgreement,
)

STREAM = "data:main"
MASTER_DATA = (
    Party,
    Location,
    Part,
    Lot,
    ExternalId,
    MarketAuthorisation,
    SupplierAgreement,
)
ROOM = Path(engine.__file__).parent

# every command that describes or changes master data, and what it is asked in a test
COMMANDS = {
    "add_party": lambda shop, **how: parties.add_party(
        shop.db, "N-1", "New", kind="supplier", country="DE", **how
    ),
    "add_location": lambda shop, **how: parties.add_location(
        shop.db, shop.maker.id, "NEW", "New store", kind="warehouse", **how
    ),
    "add_part": lambda shop, **how: parties.add_part(
        shop.db, shop.maker.id, "NEW", "New part", control="lot", kind="device", **how
    ),
    "ensure_lot": lambda shop, **how: parties.ensure_lot(
        shop.db, shop.resin.id, "NEW", expires_on=date(2027, 1, 31), **how
    ),
    "unknown_lot": lambda shop, **how: parties.unknown_lot(shop.db, shop.resin.id, **how),
    "name_also": lambda shop, **how: other_names.name_also(
        shop.db, "part", shop.resin.id, named_by="erp", value="4711", **how
    ),
    "agree_with_supplier": lambda shop, **how: parties.agree_with_supplier(
        shop.db,
        shop.resin.id,
        shop.supplier.id,
        valid_from=date(2026, 1, 1),
        price=Decimal("4.20"),
        currency="EUR",
        **how,
    ),
    "describe": lambda shop, **how: master.describe(
        shop.db,
        "location",
        {"party_id": shop.maker.id, "code": "NEW-2", "name": "New", "kind": "line"},
        **how,
    ),
    "change": lambda shop, **how: master.change(
        shop.db, "location", shop.store.id, {"name": "Main store"}, **how
    ),
}
DESCRIBING = {"parties.py", "contacts.py", "authorisations.py", "other_names.py"}
# they write no master data, or stand under a command that says it
HELPERS = {
    "refuse_other_part",
    "lock_key_fields",
    "new_node",
    "described",
    "refuse_fixed",
    "tell",
    "names_of",
    "unname",
}


def entries(db):
    return [e for e in ledger.entries(db, STREAM) if e.action.startswith("master_data_")]


def check_whole(db):
    result = Result()
    check_chain(result, ledger.entries(db, STREAM), db.get(ledger.LedgerHead, STREAM))
    assert result.holds, result.causes


def test_every_command_on_master_data_is_in_the_walk():
    there = {
        name
        for module in (parties, master, other_names)
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert there == set(COMMANDS) | HELPERS, "add the command to COMMANDS, by hand"


def test_nobody_else_describes_master_data():
    names = {model.__name__ for model in MASTER_DATA}
    for path in ROOM.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "engine.serials.models"
            for alias in node.names
        }
        made = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if path.name not in DESCRIBING:
            assert not made & imported & names, f"{path}: describe it in {DESCRIBING}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_master_data_is_one_entry_of_who_when_and_why(shop, people, command):
    before = len(entries(shop.db))
    shop.later(hours=1)
    COMMANDS[command](shop, **shop.how, reason="Order 4711")

    (entry,) = entries(shop.db)[before:]
    assert (entry.by_id, entry.at) == (people.warehouse.id, shop.how["at"])
    assert entry.body["reason"] == "Order 4711"
    assert entry.body["changes"]
    check_whole(shop.db)


def test_an_entry_holds_what_was_and_what_is(shop):
    party = COMMANDS["add_party"](shop, **shop.how)
    described = entries(shop.db)[-1].body
    assert (described["kind"], described["id"]) == ("party", party.id)
    assert described["changes"]["name"] == [None, "New"]
    assert "gln" not in described["changes"]

    COMMANDS["change"](shop, **shop.how, reason="New sign")
    assert entries(shop.db)[-1].body == {
        "kind": "location",
        "id": shop.store.id,
        "changes": {"name": ["Store", "Main store"]},
        "reason": "New sign",
    }


@pytest.mark.parametrize("command", ["ensure_lot", "unknown_lot", "change"])
def test_what_is_already_so_leaves_no_entry(shop, command):
    COMMANDS[command](shop, **shop.how, reason="first")
    before = len(entries(shop.db))
    COMMANDS[command](shop, **shop.how, reason="again")
    assert len(entries(shop.db)) == before


def test_what_is_refused_leaves_neither_row_nor_entry(database, people, at):
    how = {"by": people.warehouse, "at": at}

    def describe(*codes):
        with database.begin() as db:
            for code in codes:
                parties.add_party(db, code, "Resin Works", kind="supplier", **how)

    describe("S-1")
    with pytest.raises(IntegrityError):
        describe("S-2", "S-1")
    with database.read() as db:
        assert len(entries(db)) == db.scalar(select(func.count()).select_from(Party)) == 1
        check_whole(db)


def test_a_field_that_is_fixed_leaves_no_entry(shop, people):
    lot = shop.lot(shop.set, "L-1", 5)
    before = len(entries(shop.db))
    shop.how["by"] = people.qa_engineer
    with pytest.raises(FieldFixed):
        master.change(shop.db, "lot", lot.id, {"lot_no": "L-2"}, **shop.how, reason="misread")
    assert len(entries(shop.db)) == before
    assert shop.db.get_one(Lot, lot.id).lot_no == "L-1"


@pytest.mark.parametrize("reason", [None, " "])
def test_a_change_without_a_reason_is_refused(shop, reason):
    with pytest.raises(WhyMissing):
        COMMANDS["change"](shop, **shop.how, reason=reason)
    assert shop.db.get_one(Location, shop.store.id).name == "Store"


def test_an_imported_file_is_told_by_its_batch_and_not_row_by_row(shop, tmp_path):
    before = len(ledger.entries(shop.db, STREAM))
    shop.db.info["documents"] = DocumentStore(tmp_path / "documents")
    file = tmp_path / "new.csv"
    file.write_bytes(b"code,name,kind\nN-1,One,supplier\nN-2,Two,supplier\n")
    batch = intake.receive(shop.db, "parties", file, file_name=file.name, system="erp", **shop.how)
    intake.check_here(shop.db, batch.id, **shop.how)
    intake.load(shop.db, batch.id, was_shown=intake.shown(batch), **shop.how)

    told = ledger.entries(shop.db, STREAM)[before:]
    assert [one.action for one in told] == ["import_received", "import_loaded"]
    assert {one.body["sha256"] for one in told} == {batch.file_sha256}
    check_whole(shop.db)


def test_only_the_import_may_leave_its_rows_to_the_entry_of_the_batch():
    using = {p.name for p in ROOM.rglob("*.py") if "in_import" in p.read_text("utf-8")}
    assert using == {"record.py", "master.py", "facts.py", "contacts.py"}
