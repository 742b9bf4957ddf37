"""What an attacker may do to evidence, and what the check then says."""

from io import BytesIO

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.db import Database
from engine.evidence import ledger, verify
from engine.evidence.canonical import canonical_text
from engine.evidence.checkpoints import Checkpoint
from engine.evidence.seal import Seal
from engine.evidence.signatures import Signature, assertion_of
from engine.evidence.verify import verify_case, verify_pdf
from tests.engine.evidence.conftest import CASE


def tamper(database: Database, *statements: str, **facts: object) -> None:
    """Do what only the owner of the database can: drop the triggers, then rewrite."""
    with database.begin() as db:
        tables = ("ledger_entry", "ledger_head", "signature", "signed_record", "checkpoint",
                  "checkpoint_head", "document", "signature_voided")  # fmt: skip
        is_sqlite = db.get_bind().dialect.name == "sqlite"
        for table in tables:
            for verb in ("update", "delete"):
                on = "" if is_sqlite else f" ON {table}"
                db.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}"))
        for statement in statements:
            db.execute(text(statement), facts)


def checked(database: Database) -> verify.Result:
    with database.read() as db:
        return verify_case(db, CASE)


# --- PDFs ------------------------------------------------------------------------------------


def test_an_untouched_document_holds(sealed_case, seal):
    result = verify_pdf(sealed_case.pdf, database=sealed_case.database, trust=[seal.root])

    assert result.holds, result.causes
    assert all(line.holds for line in result.lines), str(result)
    said = str(result)
    assert "nothing was added after it" in said
    assert "Signature 2: Sara Novak, approve" in said
    assert "review-1.pdf, the copy that was reviewed, states the same record." in said
    assert "The ledger entered these very bytes: case:NC-2026-0007" in said


def test_an_inspector_without_the_database_checks_the_file_alone(sealed_case, seal, tmp_path):
    (tmp_path / "d.pdf").write_bytes(sealed_case.pdf)

    result = verify_pdf(tmp_path / "d.pdf", trust=[seal.root])
    assert result.holds, result.causes
    assert "The ledger was not asked: no database was given." in str(result)
    unknown = verify_pdf(sealed_case.pdf)
    assert not unknown.holds  # anyone can make a seal
    assert "no root certificate was given" in str(unknown)


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.8])
def test_one_flipped_bit_is_found(sealed_case, where):
    pdf = bytearray(sealed_case.pdf)
    pdf[int(len(pdf) * where)] ^= 1

    result = verify_pdf(bytes(pdf), database=sealed_case.database)
    assert not result.holds
    assert any("SHA-256" in cause for cause in result.causes), result.causes
    assert any(
        "changed after sealing" in cause or "cannot be read" in cause or "readable" in cause
        for cause in result.causes
    ), result.causes


def painted_over(pdf: bytes) -> bytes:
    """Append an update that draws a white sheet and another number over the first page."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page_ref, _ = writer.find_page_for_modification(0)[:2]
    page = page_ref.get_object()
    over = generic.StreamObject(
        stream_data=b"q 1 1 1 rg 0 0 600 850 re f Q BT /F1 24 Tf 60 700 Td (36 pieces) Tj ET"
    )
    contents = page.raw_get("/Contents")
    page["/Contents"] = generic.ArrayObject([contents, writer.add_object(over)])
    writer.update_container(page)
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def test_a_page_painted_over_after_sealing_is_found(sealed_case, seal):
    attack = painted_over(sealed_case.pdf)
    assert attack.startswith(sealed_case.pdf)  # every sealed byte is still there
    assert PdfFileReader(BytesIO(attack)).embedded_signatures[0].compute_digest()

    result = verify_pdf(attack, database=sealed_case.database, trust=[seal.root])
    assert not result.holds
    assert any("painted over or replaced" in cause for cause in result.causes), result.causes
    assert any("The ledger entered no document with these bytes" in c for c in result.causes)
    assert not verify_pdf(attack, trust=[seal.root]).holds  # without the ledger, too


def test_pdfsig_alone_would_have_been_fooled(sealed_case, tmp_path):
    import subprocess

    (tmp_path / "attack.pdf").write_bytes(painted_over(sealed_case.pdf))
    told = subprocess.run(
        ["pdfsig", "-nocert", tmp_path / "attack.pdf"], capture_output=True, text=True, check=False
    ).stdout

    assert "Signature is Valid" in told  # which is why the check never asks it


def test_bytes_after_the_end_are_found(sealed_case):
    result = verify_pdf(sealed_case.pdf + b"\n% harmless?\n", database=sealed_case.database)

    assert any("bytes were added behind the seal" in cause for cause in result.causes)


def test_a_document_under_someone_elses_seal_is_found(sealed_case, seal, tmp_path, at):
    other = Seal.made(tmp_path / "other", company="Lakeside Infusion Ltd", at=at)
    with pikepdf.open(BytesIO(sealed_case.pdf)) as pdf:
        del pdf.Root.AcroForm
        del pdf.Root.Perms
        del pdf.pages[0].Annots
        target = BytesIO()
        pdf.save(target)
    forged = other.seal_pdf(target.getvalue(), at=at, reason="forged")

    result = verify_pdf(forged, trust=[seal.root])
    assert any("it is another's seal" in cause for cause in result.causes), result.causes


def test_a_file_that_carries_no_seal_is_no_evidence(store, sealed_case):
    files = verify.pdf_checks.attached_files(sealed_case.pdf)

    result = verify_pdf(files["review-1.pdf"])
    assert any("carries 0 seals" in cause for cause in result.causes)
    assert not verify_pdf(b"no pdf at all").holds


def test_a_signature_taken_from_another_record_is_found_in_the_file(sealed_case, seal, at):
    """11.70: the attached assertions must bind the attached record."""
    from engine.evidence.render import render_pdf
    from engine.evidence.sealing import _file
    from tests.engine.evidence import samples

    files = verify.pdf_checks.attached_files(sealed_case.pdf)
    layout, other, signed = samples.disposition("zh")
    attachments = [
        _file("record.json", canonical_text(other).encode(), "", "Source"),
        _file("signatures.json", files["signatures.json"], "", "Data"),
    ]
    pdf = render_pdf(layout, other, language="zh", signatures=signed, attachments=attachments)
    forged = seal.seal_pdf(pdf, at=at, reason="forged")

    result = verify_pdf(forged, trust=[seal.root])
    assert any("is not the one attached" in cause for cause in result.causes), result.causes


def root_key_changed(pdf: bytes) -> bytes:
    """Append a proper update that changes the catalogue and no page."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    writer.root["/Foo"] = generic.NameObject("/Bar")
    writer.update_root()
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def saved_anew(pdf: bytes) -> bytes:
    """Save a file as another program does that knows nothing of its seal."""
    target = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.save(target, compress_streams=True)
    return target.getvalue()


def flipped(pdf: bytes) -> bytes:
    """Change one bit in the middle of an attached file."""
    changed = bytearray(pdf)
    changed[len(pdf) // 3] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (lambda pdf: b"", "The file is empty."),
        (lambda pdf: b"no pdf at all", "This is no PDF: the file does not begin like one."),
        (lambda pdf: pdf[:-300], "The file cannot be read: its end is missing or damaged."),
        (flipped, "The bytes under the seal were changed after sealing (their hash differs)."),
        (saved_anew, "The file was written anew after sealing, as when another program saves it"),
        (root_key_changed, "what its pages draw is as it was sealed"),
        (painted_over, "changes that no signer allows (pages painted over or replaced)"),
    ],
)
def test_each_refusal_names_its_own_cause_and_nothing_of_the_inside(
    sealed_case, seal, tmp_path, capfd, caplog, attack, said
):
    (tmp_path / "a.pdf").write_bytes(attack(sealed_case.pdf))

    assert verify.main_verify_pdf([str(tmp_path / "a.pdf"), str(seal.folder / "root.pem")]) == 1
    out, err = capfd.readouterr()
    assert said in out
    assert out.count("FAILED") == 1 or attack is flipped, out  # flipped: a signature fails, too
    for wrong in ("another's seal", "BytesIO", "Traceback", " -"):
        assert wrong not in out
    assert err == ""
    assert not caplog.records
    assert out.endswith("DOES NOT HOLD\n")


# --- cases -----------------------------------------------------------------------------------


def test_an_untouched_case_holds(sealed_case):
    result = checked(sealed_case.database)

    assert result.holds, result.causes
    assert all(line.holds for line in result.lines), str(result)
    said = str(result)
    assert "entries are linked without a gap and unchanged" in said
    assert "The chain is the one that checkpoint 1 signed (0 entries are newer)." in said
    assert "Signature 2: Sara Novak, approve, binds disposition_round D2." in said
    assert "is the file that the ledger entered" in said


def test_an_edited_entry_is_found(sealed_case):
    tamper(
        sealed_case.database,
        "UPDATE ledger_entry SET content = replace(content, 'NC-2026-0007', 'NC-2026-0008')"
        " WHERE stream = 'case:NC-2026-0007' AND seq = 1",
    )

    causes = checked(sealed_case.database).causes
    assert any("Entry 1 (case_opened): its content was edited" in cause for cause in causes), causes


@pytest.mark.parametrize(
    "change", ["action = 'nothing'", "by_id = 7", "at = '2026-01-01 00:00:00'"]
)
def test_an_edited_column_is_found(sealed_case, change):
    tamper(
        sealed_case.database,
        f"UPDATE ledger_entry SET {change} WHERE stream = 'case:NC-2026-0007' AND seq = 1",
    )

    causes = checked(sealed_case.database).causes
    assert any("its columns say something else" in cause for cause in causes), causes


def rechained(db: Session, *, from_seq: int, **body: object) -> None:
    """Edit one entry and work every later hash out anew, head included."""
    previous = ledger.NOTHING
    for entry in ledger.entries(db, CASE):
        stated = entry.stated
        if entry.seq == from_seq:
            stated["body"] |= body
        content = canonical_text(stated | {"previous": previous})
        previous = ledger.hash_of(content)
        db.execute(
            text("UPDATE ledger_entry SET content = :content, hash = :hash WHERE id = :id"),
            {"content": content, "hash": previous, "id": entry.id},
        )
    db.execute(
        text("UPDATE ledger_head SET hash = :hash WHERE stream = :stream"),
        {"hash": previous, "stream": CASE},
    )


def test_a_chain_worked_out_anew_is_found(sealed_case):
    tamper(sealed_case.database)
    with sealed_case.database.begin() as db:
        rechained(db, from_seq=1, number="NC-2026-0009")

    result = checked(sealed_case.database)
    assert "entries are linked without a gap" in str(result)  # the chain alone sees nothing
    assert any("the chain was worked out anew" in cause for cause in result.causes), result.causes


def test_heads_rewritten_with_the_chain_are_found(sealed_case):
    tamper(sealed_case.database)
    with sealed_case.database.begin() as db:
        rechained(db, from_seq=1, number="NC-2026-0009")
        db.execute(
            text(
                "UPDATE checkpoint_head SET hash = (SELECT hash FROM ledger_head h"
                " WHERE h.stream = checkpoint_head.stream)"
            )
        )

    causes = checked(sealed_case.database).causes
    assert any("are not those it signed" in cause for cause in causes), causes


def test_a_checkpoint_made_anew_without_the_key_is_found(sealed_case):
    tamper(sealed_case.database)
    with sealed_case.database.begin() as db:
        made = db.get_one(Checkpoint, 1)
        content = canonical_text(made.stated | {"root": "0" * 64})
        db.execute(
            text("UPDATE checkpoint SET content = :c, hash = :h, root = :r"),
            {"c": content, "h": ledger.hash_of(content), "r": "0" * 64},
        )

    causes = checked(sealed_case.database).causes
    assert any("Checkpoint 1 is not signed by the seal" in cause for cause in causes), causes


def test_a_rewrite_even_with_the_seal_key_is_told_by_the_witness(sealed_case, at):
    tamper(sealed_case.database)
    with sealed_case.database.begin() as db:
        rechained(db, from_seq=1, number="NC-2026-0009")
        db.execute(text("DELETE FROM checkpoint_head"))
        db.execute(text("DELETE FROM checkpoint"))
        db.execute(text("UPDATE ledger_head SET seq = 0 WHERE stream = 'checkpoint'"))
    with sealed_case.database.begin() as db:
        db.info["witness"] = None
        ledger.checkpoint(db, at=at)

    causes = checked(sealed_case.database).causes
    assert any("not the one the witness holds" in cause for cause in causes), causes


@pytest.mark.parametrize("with_head", [False, True])
def test_a_cut_tail_is_found(sealed_case, with_head):
    cut = "DELETE FROM ledger_entry WHERE stream = 'case:NC-2026-0007' AND seq >= 4"
    head = (
        "UPDATE ledger_head SET seq = 3, hash = (SELECT hash FROM ledger_entry"
        " WHERE stream = 'case:NC-2026-0007' AND seq = 3) WHERE stream = 'case:NC-2026-0007'"
    )
    tamper(sealed_case.database, cut, *([head] if with_head else []))

    causes = checked(sealed_case.database).causes
    assert any("the end was cut off" in cause for cause in causes), causes
    assert with_head or any("entries were cut off or put in" in cause for cause in causes)


def test_a_missing_entry_in_the_middle_is_found(sealed_case):
    tamper(
        sealed_case.database,
        "DELETE FROM ledger_entry WHERE stream = 'case:NC-2026-0007' AND seq = 2",
    )

    causes = checked(sealed_case.database).causes
    assert any("entries before it are missing" in cause for cause in causes), causes


def test_a_signature_moved_to_another_record_is_found(sealed_case):
    tamper(sealed_case.database, "UPDATE signature SET record_id = 'D9' WHERE id = 2")

    causes = checked(sealed_case.database).causes
    assert any("Signature 2 (Sara Novak)" in c and "moved to another record" in c for c in causes)


def test_a_signature_moved_with_its_assertion_is_found(sealed_case):
    tamper(sealed_case.database, "UPDATE signature SET record_id = 'D9' WHERE id = 2")
    with sealed_case.database.begin() as db:
        moved = assertion_of(db.get_one(Signature, 2))
        db.execute(text("UPDATE signature SET assertion = :a WHERE id = 2"), {"a": moved})

    causes = checked(sealed_case.database).causes
    assert any("what it asserts is not under the seal" in cause for cause in causes), causes


def test_a_signature_copied_as_a_new_row_is_found(sealed_case):
    columns = ", ".join(
        c.name for c in Signature.__table__.columns if c.name not in ("id", "nonce")
    )
    tamper(
        sealed_case.database,
        f"INSERT INTO signature (id, nonce, {columns}) SELECT 99, 'other', {columns}"
        " FROM signature WHERE id = 2",
    )

    causes = checked(sealed_case.database).causes
    assert any("Signature 99" in cause for cause in causes), causes


def test_a_deleted_or_secretly_voided_signature_is_found(sealed_case):
    tamper(
        sealed_case.database,
        "DELETE FROM signature WHERE id = 1",
        "INSERT INTO signature_voided (signature_id, reason, at) VALUES (2, 'x', '2026-03-02')",
    )

    causes = checked(sealed_case.database).causes
    assert any("Signature 1 is in the ledger, its row is gone" in cause for cause in causes)
    assert any("Whether signature 2 is void differs" in cause for cause in causes)


def test_an_edited_record_text_is_found(sealed_case):
    tamper(sealed_case.database, "UPDATE signed_record SET content = replace(content, '36', '35')")

    causes = checked(sealed_case.database).causes
    assert any("the record it was given for was edited" in cause for cause in causes), causes


def test_a_changed_or_exchanged_file_is_found(sealed_case, store):
    with sealed_case.database.read() as db:
        sha256 = db.get_one(verify.chain_checks.Document, sealed_case.document_id).sha256
    path = store.path(sha256)
    path.write_bytes(painted_over(path.read_bytes()))
    causes = checked(sealed_case.database).causes
    assert any("damaged or changed" in cause for cause in causes), causes

    tamper(
        sealed_case.database,
        "UPDATE document SET sha256 = :sha256 WHERE id = :id",
        sha256=store.put(b"other"),
        id=sealed_case.document_id,
    )
    causes = checked(sealed_case.database).causes
    assert any("is not the file that the ledger entered" in cause for cause in causes), causes


def test_a_clock_that_was_set_back_is_told(db, at):
    from datetime import timedelta

    ledger.append(db, CASE, "a", {}, by=None, at=at)
    ledger.append(db, CASE, "b", {}, by=None, at=at - timedelta(hours=1))

    causes = verify_case(db, CASE).causes
    assert any("the clock was set back" in cause for cause in causes), causes


def test_a_case_that_nobody_entered_does_not_hold(db):
    assert not verify_case(db, "case:NC-1999-0001").holds


def test_the_command_line_says_the_same(sealed_case, seal, tmp_path, capsys):
    (tmp_path / "d.pdf").write_bytes(sealed_case.pdf)
    (tmp_path / "a.pdf").write_bytes(painted_over(sealed_case.pdf))
    root = str(seal.folder / "root.pem")

    assert verify.main_verify_pdf([str(tmp_path / "d.pdf"), root]) == 0
    assert verify.main_verify_case(["case:NC-2026-0007"], database=sealed_case.database) == 0
    assert verify.main_verify_pdf([str(tmp_path / "a.pdf"), root]) == 1
    said = capsys.readouterr().out
    assert said.count("\nHOLDS\n") == 2
    assert said.endswith("DOES NOT HOLD\n")


def test_the_keys_are_the_owners_alone(seal):
    for name in ("root", "issuing", "seal"):
        assert (seal.folder / f"{name}.key").stat().st_mode & 0o777 == 0o600
