"""What happened is entered once, in order, and stays."""

import itertools
import json
from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from engine.evidence import checkpoints, ledger, merkle
from engine.evidence.ledger import LedgerHead
from engine.evidence.seal import is_signed
from tests.engine.evidence.conftest import CASE, run_jobs


def test_every_entry_names_the_one_before(db, people, at):
    first = ledger.append(db, CASE, "case_opened", {"n": 1}, by=people.qa_engineer, at=at)
    second = ledger.append(db, CASE, "triaged", {"n": 2}, by=None, at=at)

    assert (first.seq, second.seq) == (1, 2)
    assert first.stated["previous"] == ledger.NOTHING
    assert second.stated["previous"] == first.hash
    assert first.printed_name == people.qa_engineer.printed_name
    assert second.printed_name is None
    assert [one.body for one in ledger.entries(db, CASE)] == [{"n": 1}, {"n": 2}]
    assert ledger.entries(db, CASE, action="triaged", after=1) == [second]


def test_streams_have_chains_of_their_own(db, at):
    ledger.append(db, CASE, "a", {}, by=None, at=at)
    other = ledger.append(db, "people", "b", {}, by=None, at=at)

    assert other.seq == 1
    assert other.stated["previous"] == ledger.NOTHING


def test_a_rolled_back_command_leaves_no_entry(database, at):
    def command() -> None:
        with database.begin() as db:
            ledger.append(db, CASE, "a", {}, by=None, at=at)
            ledger.append(db, CASE, "a", {"weight": 0.1}, by=None, at=at)

    with pytest.raises(TypeError):
        command()

    with database.read() as db:
        assert ledger.entries(db, CASE) == []
        assert db.get(LedgerHead, CASE) is None


def test_an_amount_that_is_no_exact_number_is_refused(db, at):
    with pytest.raises(TypeError):
        ledger.append(db, CASE, "a", {"weight": 1.5}, by=None, at=at)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET content = '{}'",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_head",
        "UPDATE ledger_head SET stream = 'other'",
    ],
)
def test_the_database_refuses_to_change_the_ledger(db, at, statement):
    ledger.append(db, CASE, "a", {}, by=None, at=at)

    with pytest.raises(DatabaseError, match="only grows"):
        db.execute(text(statement))


def test_two_who_write_at_once_are_entered_one_after_the_other(database, at):
    start = Barrier(4)

    def write(number: int) -> None:
        start.wait()
        for n in range(5):
            with database.begin() as db:
                ledger.append(db, CASE, "a", {"by": number, "n": n}, by=None, at=at)

    threads = [Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as db:
        found = ledger.entries(db, CASE)
    assert [one.seq for one in found] == list(range(1, 21))
    assert all(b.stated["previous"] == a.hash for a, b in itertools.pairwise(found))


# --- checkpoints -----------------------------------------------------------------------------


def test_a_checkpoint_signs_where_every_stream_stands(db, seal, at):
    for n in range(5):
        head = ledger.append(db, f"case:{n}", "a", {}, by=None, at=at)
    made = ledger.checkpoint(db, at=at)

    import base64

    assert is_signed(seal.certificate, base64.b64decode(made.signature), made.content.encode())
    proof = checkpoints.inclusion(db, 1, "case:4")
    assert proof["head"] == {"stream": "case:4", "seq": 1, "hash": head.hash}
    assert merkle.is_included(
        checkpoints.leaves({"case:4": (1, head.hash)})[0],
        proof["index"],
        proof["size"],
        [bytes.fromhex(one) for one in proof["path"]],
        bytes.fromhex(made.root),
    )
    assert checkpoints.inclusion(db, 1, "case:9") is None


def test_checkpoints_name_the_one_before_and_keep_only_what_moved(db, at):
    ledger.append(db, "case:1", "a", {}, by=None, at=at)
    first = ledger.checkpoint(db, at=at)
    assert ledger.checkpoint(db, at=at) is first  # nothing moved

    ledger.append(db, "case:2", "a", {}, by=None, at=at)
    second = ledger.checkpoint(db, at=at)

    assert second.stated["previous"] == first.hash
    assert second.stated["stream_count"] == 2
    assert checkpoints.heads_at(db, 1).keys() == {"case:1"}
    assert checkpoints.heads_at(db, 2).keys() == {"case:1", "case:2"}


def test_a_checkpoint_is_checked_by_openssl_alone(db, seal, at, tmp_path):
    import base64
    import subprocess

    ledger.append(db, CASE, "a", {}, by=None, at=at)
    made = ledger.checkpoint(db, at=at)
    (tmp_path / "c.json").write_text(made.content)
    (tmp_path / "c.sig").write_bytes(base64.b64decode(made.signature))
    public = subprocess.run(
        ["openssl", "x509", "-in", seal.folder / "seal.pem", "-pubkey", "-noout"],
        check=True,
        capture_output=True,
    ).stdout
    (tmp_path / "seal.pub").write_bytes(public)

    told = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "seal.pub", "-signature", "c.sig", "c.json"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "Verified OK"


def test_the_witness_gets_every_checkpoint_once(database, witness, at):
    for n in range(3):
        with database.begin() as db:
            ledger.append(db, CASE, "a", {"n": n}, by=None, at=at)
            ledger.checkpoint(db, at=at)
    run_jobs(database, at=at)

    copies = checkpoints.witnessed(witness)
    assert sorted(copies) == [1, 2, 3]
    assert json.loads(copies[3]["content"])["number"] == 3
    with database.read() as db:
        assert checkpoints.copy_to_witness(db, witness) == 0
