"""Checking evidence: does a sealed PDF hold, does the whole record of a case hold, and if not, why.

What no check on the server can find: a rewrite of everything by someone with the seal key and the
witness folder, and the loss of entries newer than the last checkpoint together with their head.
Hence the witness outside the server, and a checkpoint at every case closure.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from sqlalchemy.orm import Session

from engine.db import Database
from engine.evidence import chain_checks, ledger, pdf_checks
from engine.evidence.findings import Line, Result
from engine.evidence.ledger import LedgerHead
from engine.evidence.seal import Seal

__all__ = ["Line", "Result", "trusted_root", "verify_case", "verify_pdf"]

Check = Callable[[Result, Session, str], None]


def verify_pdf(
    source: Path | str | bytes,
    *,
    database: Database | None = None,
    trust: Sequence[x509.Certificate] = (),
) -> Result:
    """Check one sealed PDF: its seal, what was added after it, what is attached, the ledger.

    `trust` holds the root certificates that the checker had from the company by another way. With
    `database`, its own root is trusted when none is given, and the ledger must have entered the
    file's SHA-256. Without
    either it cannot be told whose seal it is, and the result does not hold.
    """
    pdf = source if isinstance(source, bytes) else Path(source).read_bytes()
    seal: Seal | None = database.info.get("seal") if database else None
    if not trust and seal is not None:
        trust = [seal.root]
    result = Result()
    if not pdf_checks.check_seal(result, pdf, trust):
        result.unknown("What is attached was not checked: there is no one seal to check it by.")
    else:
        # signatures may be older than the seal key that sealed the file
        certificates = [*pdf_checks.seal_certificates(pdf), *(seal.former if seal else ())]
        pdf_checks.check_attached(result, pdf, certificates)
    if database is None:
        result.unknown("The ledger was not asked: no database was given.")
        return result

    with database.read() as db:
        pdf_checks.check_entered(result, pdf, db)
    return result


def verify_case(db: Session, stream: str, *, witness: Path | None = None) -> Result:
    """Check everything that proves one stream (`case:NC-2026-0007`).

    Needs `db.info["seal"]` and `db.info["documents"]`; the witness folder is `db.info["witness"]`
    unless another is given (better: a copy that the server cannot write).
    """
    seal: Seal = db.info["seal"]
    certificates = seal.certificates
    entries = ledger.entries(db, stream)
    result = Result()
    if not entries:
        result.fail("The ledger has no entries under %(stream)s.", stream=stream)
    chain_checks.check_chain(result, entries, db.get(LedgerHead, stream))
    chain_checks.check_checkpoints(result, db, entries, stream, certificates)
    folder = witness or (Path(db.info["witness"]) if db.info.get("witness") else None)
    if folder is not None:
        chain_checks.check_witness(result, db, folder)
    chain_checks.check_signatures(result, db, entries, stream, certificates)
    chain_checks.check_documents(result, db, entries, stream)
    return result


def trusted_root(path: Path) -> x509.Certificate:
    """Read a root certificate (PEM) that a checker brings along."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def main_verify_pdf(argv: Sequence[str], *, database: Database | None = None) -> int:
    """Print what holds of `FILE.pdf [ROOT.pem …]`; return 0 when all holds, 1 when not."""
    file, *roots = argv
    trust = [trusted_root(Path(one)) for one in roots]
    return _told(verify_pdf(Path(file), database=database, trust=trust))


def main_verify_case(argv: Sequence[str], *, database: Database, check: Check | None = None) -> int:
    """Print what holds of `STREAM [WITNESS]`; return 0 when all holds, 1 when not.

    `check` adds what is known of a case beyond its evidence.
    """
    stream, *witness = argv
    with database.read() as db:
        result = verify_case(db, stream, witness=Path(witness[0]) if witness else None)
        if check is not None:
            check(result, db, stream)
    return _told(result)


def _told(result: Result) -> int:
    print(result)  # noqa: T201 (these two are the words of the command line)
    return 0 if result.holds else 1
