"""The signed deny list: all that the gate would stop, checked where Holdfast is away."""

import base64
import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from cryptography import x509
from sqlalchemy import select

from engine.evidence import ledger
from engine.evidence.seal import Seal
from engine.evidence.store import DocumentStore
from engine.jobs import run_due_jobs
from engine.serials import gate, holds, install
from engine.serials.exchange import denylist
from engine.serials.exchange.deny_asking import asked, told
from engine.serials.exchange.deny_check import (
    Checked,
    CsvNotOfThisList,
    NotADenyList,
    NotSignedByUs,
    checked,
)
from engine.serials.exchange.deny_format import Entry, LetOut
from engine.serials.install import Fitting
from engine.serials.models import ExternalId, Lot, Unit
from engine.serials.targets import HoldTarget

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def seals(tmp_path_factory):
    from tests.support.shop import NOW

    return [
        Seal.made(tmp_path_factory.mktemp(name), company=name, at=NOW - timedelta(days=1))
        for name in ("Ours", "Theirs")
    ]


@pytest.fixture
def info(seals, tmp_path):
    return {
        "ledger": ledger.append,
        "seal": seals[0],
        "company": "Tarn Medical",
        "documents": DocumentStore(tmp_path / "documents"),
    }


def place(shop, target, number="NC-2026-0001", reason="cracked housing"):
    return holds.place(
        shop.db, stream=f"case:{number}", case_number=number, reason=reason, basis="trace",
        target=target, by=None, at=shop.how["at"],
    )  # fmt: skip


@pytest.fixture
def held(shop):
    """One of everything that can be held, and a neighbour of each that is free."""
    board, _ = shop.units(shop.board, "B-1", "B-2")
    shop.build(shop.pump, "P-1", "P-2", "P-3")
    [p1] = [t.id for t in [gate.check(shop.db, ["P-1"], door="ship")[0].target]]
    install.install_units(shop.db, [Fitting(board, p1)], **shop.how)
    place(shop, HoldTarget.unit(board), reason="solder")
    lot = shop.lot(shop.set, "S-1", 10)
    free = shop.lot(shop.set, "S-2", 10)
    place(shop, HoldTarget.lot(lot.id), "NC-2026-0002")
    place(shop, HoldTarget.stock(shop.stock(free)[0].id, Decimal(4)), "NC-2026-0003")
    return shop


def entries(db, at):
    return [*denylist.held_units(db), *denylist.held_lots(db), *denylist.held_stock(db)]


def test_it_names_all_that_the_gate_stops_and_nothing_else(db, held, at):
    named = {one.number for one in denylist.held_units(db)}
    numbers = ["B-1", "B-2", "P-1", "P-2", "P-3"]
    stopped = {
        number
        for number, verdict in zip(numbers, gate.check(db, numbers, door="ship"), strict=True)
        if verdict.holds
    }
    assert named == stopped == {"B-1", "P-1"}
    assert [one.number for one in denylist.held_lots(db)] == ["S-1"]
    assert [(one.number, one.quantity, one.location) for one in denylist.held_stock(db)] == [
        ("S-2", "4", "WH-1")
    ]


def test_a_unit_let_out_of_a_held_lot_is_not_named(db, shop, at):
    lot = shop.lot(shop.pump, "L-1")
    units = shop.units(shop.pump, "P-1", "P-2", lot=lot)
    hold = place(shop, HoldTarget.lot(lot.id))
    holds.release(db, hold.id, reason="ok", targets=[HoldTarget.unit(units[0])], by=None, at=at)
    assert [one.number for one in denylist.held_units(db)] == ["P-2"]
    assert [one.serial for one in denylist.let_out(db)] == ["P-1"]
    place(shop, HoldTarget.unit(units[0]), "NC-2026-0002")
    assert list(denylist.let_out(db)) == []


def test_it_names_what_other_systems_call_what_is_held(db, held, at):
    unit = db.scalars(select(Unit).where(Unit.serial == "P-1")).one()
    lot = db.scalars(select(Lot).where(Lot.lot_no == "S-2")).one()
    for entity, entity_id, value in (("unit", unit.id, "M-1"), ("lot", lot.id, "M-1")):
        db.add(ExternalId(source="mes", entity=entity, entity_id=entity_id, value=value))
    db.flush()
    assert [(one.number, one.also) for one in entries(db, at) if one.also] == [
        ("P-1", "M-1"),
        ("S-2", "M-1"),
    ]


def test_the_signature_holds_with_the_root_and_with_no_other(db, held, seals, at):
    files = denylist.written(db, at=at)
    found = checked(files.jws, [seals[0].root], csv=files.csv)
    assert found.counts == {"unit": 2, "lot": 1, "stock": 1}
    assert found.ledger is not None
    assert {one.number for one in found.entries} == {"B-1", "P-1", "S-1", "S-2"}
    with pytest.raises(NotSignedByUs):
        checked(files.jws, [seals[1].root])
    with pytest.raises(NotSignedByUs):
        checked(files.jws, [])


def parts(jws):
    return [base64.urlsafe_b64decode(one + b"=" * (-len(one) % 4)) for one in jws.split(b".")]


def joined(*parts):
    return b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)


def test_a_line_that_was_taken_out_is_found_out(db, held, seals, at):
    header, payload, signature = parts(denylist.written(db, at=at).jws)
    said = json.loads(payload)
    said["entries"] = said["entries"][1:]
    with pytest.raises(NotSignedByUs):
        checked(joined(header, json.dumps(said).encode(), signature), [seals[0].root])


def test_another_company_cannot_sign_with_our_certificates_beside_its_own(db, held, seals, at):
    ours, theirs = seals
    mixed = Seal(theirs.folder, theirs.key, theirs.certificate, ours.chain)
    payload = parts(denylist.written(db, at=at).jws)[1].decode()
    with pytest.raises(NotSignedByUs):
        checked(denylist.signed(mixed, payload), [ours.root])


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_a_list_cannot_choose_how_it_is_checked(db, held, seals, at, alg):
    header, payload, signature = parts(denylist.written(db, at=at).jws)
    head = {**json.loads(header), "alg": alg}
    with pytest.raises(NotADenyList):
        checked(joined(json.dumps(head).encode(), payload, signature), [seals[0].root])


@pytest.mark.parametrize("rubbish", [b"", b"a.b", b"\xff.\xff.\xff", b"e30.e30.e30", b"[].{}.x"])
def test_what_is_no_list_is_told_so(seals, rubbish):
    with pytest.raises(NotADenyList):
        checked(rubbish, [seals[0].root])


def test_the_table_belongs_to_its_list(db, held, seals, at):
    files = denylist.written(db, at=at)
    with pytest.raises(CsvNotOfThisList):
        checked(files.jws, [seals[0].root], csv=files.csv.replace(b"P-1", b"P-9"))
    rows = list(csv.DictReader(io.StringIO(files.csv.decode())))
    assert {row["number"] for row in rows} == {"B-1", "P-1", "S-1", "S-2"}


def test_the_check_says_what_is_held_and_fails_closed(db, held, seals, at, tmp_path):
    file = tmp_path / "deny-list.jws"
    files = denylist.written(db, at=at)
    file.write_bytes(files.jws)
    roots: list[x509.Certificate] = [seals[0].root]
    assert told(file, "P-2", roots, at=at + HOUR)[1] == 0
    lines, result = told(file, "P-1", roots, at=at + HOUR)
    assert (result, lines[-1]) == (1, "HELD: P-1 of PUMP, for NC-2026-0001 (solder)")
    assert told(file, "P-2", roots, at=at + 25 * HOUR)[1] == 2
    file.write_bytes(b"x")
    assert told(file, "P-2", roots, at=at)[1] == 2
    file.unlink()
    assert told(file, "P-2", roots, at=at) == ([f"There is no such list: {file}"], 2)


DI = "09521000000100"
OTHER_DI = "07032069804988"


def listed(*entries, let_out=()):
    from tests.support.shop import NOW

    counts = {kind: sum(one.kind == kind for one in entries) for kind in ("unit", "lot", "stock")}
    return Checked(NOW, NOW + HOUR, "Tarn", counts, None, entries, let_out)


def entry(kind, number, *, part_no="TP-V2", di=DI, also=""):
    return Entry(kind, part_no, di, number, "", "1", "NC-1", "cracked", also)


LIST = listed(
    entry("unit", "V2625030", also="MES-77\nOLD 5"),
    entry("lot", "SET-9"),
    entry("unit", "NODI-1", part_no="OLD", di=""),
    let_out=[LetOut("TP-V2", DI, "FREE-1")],
)


@pytest.mark.parametrize(
    "text",
    [
        "V2625030",
        " V2625030 ",
        f"(01){DI}(21)V2625030",
        f"(01) {DI} (17) 290101 (21) V2625030",
        f"01{DI}21V2625030",
        f"]d201{DI}21V2625030",
        f"https://id.gs1.org/01/{DI}/21/V2625030",
        f"(01){DI}(10)ANY(21)V2625030",
        "https://holdfast.example.com/id/TARN/TP-V2/serial/V2625030",
        f"(01){DI}\n(21)V2625030",
        "MES-77",
        "OLD 5",
        "SET-9",
        f"(01){DI}(10)SET-9",
        f"(01){DI}(10)SET-9(21)NEW-1",  # arrived after the list was made
        f"(01){OTHER_DI}(21)NODI-1",  # no DI is recorded to tell the two apart
        f"FREE\n(01){DI}(21)V2625030",
    ],
)
def test_what_is_held_is_found_by_its_label_as_by_its_number(text):
    lines, result = asked(LIST, text)
    assert result == 1, lines
    assert lines[-1].startswith("HELD: ")


@pytest.mark.parametrize(
    "text", ["v2625030", f"(01){DI}(21)v2625030", "Ｖ２６２５０３０", "V26 25030"]
)
def test_a_number_that_is_nearly_a_held_one_is_held_and_said(text):
    lines, result = asked(LIST, text)
    assert result == 1
    assert lines[0] == f"V2625030 is held; you typed {text}."


@pytest.mark.parametrize(
    "text",
    [
        "", "  \n", f"(01){DI[:-1]}9(21)V2625030", "(21)V2625030", f"(01){DI}",
        "(00)095200000000000011", "095200000000000011", "(414)0952000000004",
    ],
)  # fmt: skip
def test_what_a_list_cannot_answer_does_not_pass(text):
    lines, result = asked(LIST, text)
    assert result == 2, lines
    assert lines


def test_a_number_is_held_with_its_part():
    assert asked(LIST, f"(01){DI}(21)V2625031")[1] == 0
    assert asked(LIST, f"(01){DI}(10)SET-9(21)FREE-1")[1] == 0
    assert asked(LIST, f"(01){DI}(21)SET-9")[1] == 0
    lines, result = asked(LIST, f"(01){OTHER_DI}(21)V2625030")
    assert result == 0
    assert lines[1].startswith("Another part bears the same number and is held: V2625030 of TP-V2")


def test_a_list_is_kept_and_in_the_ledger_and_laid_into_its_folder(
    database, people, seals, at, tmp_path
):
    made = denylist.make(database, by=people.warehouse, at=at, folder=tmp_path / "out")
    jws = (tmp_path / "out" / "deny-list.jws").read_bytes()
    assert jws == database.info["documents"].open(made.jws_sha256)
    assert checked(jws, [seals[0].root], csv=(tmp_path / "out" / "deny-list.csv").read_bytes())
    with database.read() as db:
        [entry] = ledger.entries(db, "interfaces")
    assert entry.body["jws"] == made.jws_sha256


def test_a_folder_that_cannot_be_written_does_not_lose_the_list(database, at, tmp_path):
    (tmp_path / "taken").write_text("a file")
    made = denylist.make(database, by=None, at=at, folder=tmp_path / "taken")
    assert made.failure is not None
    assert database.info["documents"].holds(made.jws_sha256)


def test_one_is_made_every_four_hours(database, at, tmp_path):
    database.info["deny_folder"] = tmp_path / "out"
    verbs = {denylist.JOB: denylist.MakeDenyList()}
    made = []
    for hours in (0, 1, 3, 4, 5, 8):
        with database.begin() as db:
            denylist.ask_if_due(db, at=at + hours * HOUR)
        made.append(run_due_jobs(database, verbs, at=at + hours * HOUR).done_count)
    assert made == [1, 0, 0, 1, 0, 1]
