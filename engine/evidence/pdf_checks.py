"""Checks of one sealed PDF: the seal, what came after it, what is attached, what the ledger says.

A reader's green tick is not enough: an incremental update can paint over a signed page and leave
the signature "valid". So the seal must cover the whole file, the difference analysis must find no
change, and the whole file's SHA-256 must be the one in the ledger.
"""

import base64
import binascii
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from typing import Any

import pikepdf
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.evidence.apart import apart
from engine.evidence.canonical import canonical
from engine.evidence.findings import Result
from engine.evidence.ledger import LedgerEntry
from engine.evidence.pdf_changes import level
from engine.evidence.seal import fingerprint, is_signed, to_asn1

HEADER = 1024  # a PDF begins and ends within so many bytes


def check_seal(result: Result, pdf: bytes, trust: Sequence[x509.Certificate]) -> bool:
    """Check the seal over the file and that nothing was added after it; False if there is none."""
    with _quiet():
        try:
            found = list(PdfFileReader(BytesIO(pdf)).embedded_signatures)
        except Exception:  # noqa: BLE001 (whatever a broken file makes the reader raise)
            result.fail(_unreadable(pdf))
            return False
        if len(found) != 1:
            result.fail("The file carries %(count)s seals; it must carry one.", count=len(found))
            return False
        try:
            status = _status(found[0], trust)
        except Exception:  # noqa: BLE001 (as above)
            result.fail("The seal cannot be read: it was damaged or changed after sealing.")
            return False
    _say_intact(result, pdf, found[0], status)
    _say_trusted(result, status, trust)
    return True


def _unreadable(pdf: bytes) -> str:
    """Say why nothing in the file can be read; what the library says of it helps nobody."""
    if not pdf:
        return "The file is empty."
    if b"%PDF-" not in pdf[:HEADER]:
        return "This is no PDF: the file does not begin like one."
    if b"%%EOF" not in pdf[-HEADER:]:
        return "The file cannot be read: its end is missing or damaged."
    return "The file cannot be read: its structure was damaged or changed after sealing."


def _status(seal: EmbeddedPdfSignature, trust: Sequence[x509.Certificate]) -> PdfSignatureStatus:
    context = ValidationContext(
        trust_roots=[to_asn1(one) for one in trust],
        allow_fetching=False,
        revocation_mode="soft-fail",
        # there is no independent time: the certificate is judged at the time the seal states
        moment=seal.self_reported_timestamp,
    )
    return apart(validate_pdf_signature, seal, signer_validation_context=context)


def _say_intact(
    result: Result, pdf: bytes, seal: EmbeddedPdfSignature, status: PdfSignatureStatus
) -> None:
    end = sum(list(seal.byte_range)[-2:])
    if not status.intact and end != len(pdf):
        result.fail(
            "The file was written anew after sealing, as when another program saves it: the sealed"
            " bytes are gone (it was sealed up to byte %(end)s and now ends at %(now)s).",
            end=end,
            now=len(pdf),
        )
        return
    if not status.intact:
        result.fail("The bytes under the seal were changed after sealing (their hash differs).")
        return
    if not status.valid:
        result.fail("The seal's signature is not that of the certificate it names.")
        return

    name = seal.signer_cert.subject.native.get("common_name", "?")
    at = seal.self_reported_timestamp
    result.ok(
        "Sealed by “%(name)s” at %(at)s; the sealed bytes are unchanged.",
        name=name,
        at=at.isoformat() if at else "?",
    )
    _say_added(result, pdf, end, status)


def _say_added(result: Result, pdf: bytes, end: int, status: PdfSignatureStatus) -> None:
    added = len(pdf) - end
    is_whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE and added == 0
    is_same = status.modification_level in (None, ModificationLevel.NONE)
    if is_whole and is_same:
        result.ok("The seal covers the whole file; nothing was added after it.")
        return
    result.fail(
        "The file was changed after sealing: %(added)s bytes were added behind the seal, and the"
        " comparison with the sealed pages found: %(level)s.",
        added=added,
        level=level(pdf, end, status),
    )


def _say_trusted(
    result: Result, status: PdfSignatureStatus, trust: Sequence[x509.Certificate]
) -> None:
    if not trust:
        result.fail(
            "Whose seal it is cannot be told: no root certificate was given. Get it from the"
            " company by another way than this file."
        )
    elif not (status.intact and status.valid):
        result.unknown("Whose seal it was cannot be told from changed bytes.")
    elif status.trusted:
        prints = ", ".join(fingerprint(one)[:16] for one in trust)
        result.ok("The seal's certificate leads to the trusted root (%(prints)s…).", prints=prints)
    else:
        result.fail(
            "The seal's certificate does not lead to the trusted root: it is another's seal."
        )


# --- what is attached ------------------------------------------------------------------------


def attached_files(pdf: bytes) -> dict[str, bytes]:
    """Return the files attached to a PDF by name."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        return {name: one.get_file().read_bytes() for name, one in opened.attachments.items()}


def check_attached(result: Result, pdf: bytes, certificates: Sequence[x509.Certificate]) -> None:
    """Check that record, review copy and signatures in the file belong together (11.70)."""
    try:
        files = attached_files(pdf)
    except (pikepdf.PdfError, OSError):
        result.fail("The attached files cannot be read: the file was damaged or changed.")
        return
    if "record.json" not in files:
        result.fail("The record as data (record.json) is not attached.")
        return

    _check_review_copies(result, files)
    for number, one in enumerate(_assertions(result, files), 1):
        _check_assertion(result, number, one, files, certificates)


def _check_review_copies(result: Result, files: dict[str, bytes]) -> None:
    # where several sign one document, each reviewed the record of their own step
    stated = {files["record.json"], *_signed_contents(files)}
    for name in sorted(name for name in files if name.startswith("review-")):
        try:
            reviewed = attached_files(files[name]).get("record.json")
        except (pikepdf.PdfError, OSError):
            reviewed = None
        if reviewed in stated:
            result.ok("%(name)s, the copy that was reviewed, states the same record.", name=name)
        else:
            result.fail("%(name)s, the copy that was reviewed, states another record.", name=name)


def _signed_contents(files: dict[str, bytes]) -> Iterator[bytes]:
    for name in files:
        if name.startswith("signed-"):
            try:
                yield canonical(json.loads(files[name])["content"])
            except (ValueError, KeyError, TypeError):
                continue  # its signature does not hold either: the next check says so


def _assertions(result: Result, files: dict[str, bytes]) -> list[dict[str, str]]:
    if "signatures.json" not in files:
        result.unknown("No signatures are attached.")
        return []
    try:
        found: list[dict[str, str]] = json.loads(files["signatures.json"])
    except ValueError as problem:
        result.fail("signatures.json cannot be read: %(cause)s.", cause=problem)
        return []
    return found


def _check_assertion(
    result: Result,
    number: int,
    one: dict[str, str],
    files: dict[str, bytes],
    certificates: Sequence[x509.Certificate],
) -> None:
    stated: dict[str, Any] = json.loads(one["assertion"])
    name, meaning = stated["printed_name"], stated["meaning"]
    cause = _assertion_cause(one, stated, files, certificates)
    if cause:
        result.fail(
            "Signature %(number)s (%(name)s): %(cause)s", number=number, name=name, cause=cause
        )
    else:
        result.ok(
            "Signature %(number)s: %(name)s, %(meaning)s, %(at)s, binds the attached record.",
            number=number,
            name=name,
            meaning=meaning,
            at=stated["at"],
        )


def _assertion_cause(
    one: dict[str, str],
    stated: dict[str, Any],
    files: dict[str, bytes],
    certificates: Sequence[x509.Certificate],
) -> str | None:
    hashes = {sha256(content).hexdigest() for content in files.values()}
    if not is_sealed(one["assertion"], one["seal"], certificates):
        return "what it states is not under the seal."
    if stated["record_sha256"] not in hashes:
        return "the record it was given for is not the one attached."
    if stated["review_pdf_sha256"] and stated["review_pdf_sha256"] not in hashes:
        return "the copy that was reviewed is not the one attached."
    return None


def is_sealed(text: str, seal: str, certificates: Sequence[x509.Certificate]) -> bool:
    """Tell whether the seal of one of these certificates is on this text."""
    try:
        signature = base64.b64decode(seal, validate=True)
    except binascii.Error:
        return False
    return any(is_signed(one, signature, text.encode()) for one in certificates)


def seal_certificates(pdf: bytes) -> list[x509.Certificate]:
    """Return the certificate of the file's own seal, to check what is attached against."""
    with _quiet():
        try:
            found = list(PdfFileReader(BytesIO(pdf)).embedded_signatures)
            return [x509.load_der_x509_certificate(one.signer_cert.dump()) for one in found]
        except Exception:  # noqa: BLE001 (check_seal says what is wrong with it)
            return []


# --- what the ledger says --------------------------------------------------------------------


def check_entered(result: Result, pdf: bytes, db: Session) -> None:
    """Check that the ledger entered exactly these bytes when it sealed them."""
    digest = sha256(pdf).hexdigest()
    # the digest is looked for in the entries, whose hashes are checked; a table can be edited
    held = select(LedgerEntry).where(
        LedgerEntry.action == "document_sealed", LedgerEntry.content.contains(digest)
    )
    entry = next((one for one in db.scalars(held) if one.body["sha256"] == digest), None)
    if entry is None:
        result.fail(
            "The ledger entered no document with these bytes (SHA-256 %(digest)s).", digest=digest
        )
    elif ledger.hash_of(entry.content) != entry.hash:
        result.fail("The ledger entry that names this file was edited.")
    else:
        result.ok(
            "The ledger entered these very bytes: %(stream)s, entry %(seq)s.",
            stream=entry.stream,
            seq=entry.seq,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from logging what the result says in words."""
    loggers = [logging.getLogger(name) for name in ("pyhanko", "pyhanko_certvalidator", "pikepdf")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(
            logging.CRITICAL + 1
        )  # the loggers below them follow; `disabled` holds for one
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)
