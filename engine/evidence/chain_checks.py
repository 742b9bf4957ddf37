"""Checks of one stream: its chain, the checkpoints that saw it, its signatures and documents."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.evidence import checkpoints, ledger, merkle
from engine.evidence.canonical import moment
from engine.evidence.checkpoints import Checkpoint, CheckpointHead
from engine.evidence.documents import Document
from engine.evidence.findings import Result
from engine.evidence.ledger import NOTHING, LedgerEntry, LedgerHead
from engine.evidence.pdf_checks import is_sealed
from engine.evidence.signatures import Signature, SignatureVoided, SignedRecord, assertion_of
from engine.evidence.store import ContentDamaged, ContentLost, DocumentStore

BACK = timedelta(seconds=60)  # clocks of two servers differ a little


def check_chain(result: Result, entries: Sequence[LedgerEntry], head: LedgerHead | None) -> None:
    """Check every entry's hash, its link to the one before, its columns, and the head row."""
    before, problems = NOTHING, 0
    for seq, entry in enumerate(entries, 1):
        cause = _entry_cause(entry, seq, before)
        if cause:
            result.fail(
                "Entry %(seq)s (%(action)s): %(cause)s", seq=seq, action=entry.action, cause=cause
            )
            problems += 1
        before = entry.hash
    last = (head.seq, head.hash) if head else (0, NOTHING)
    if last != (len(entries), before):
        result.fail(
            "The head of the stream names entry %(head)s, the last entry there is number %(last)s:"
            " entries were cut off or put in.",
            head=last[0],
            last=len(entries),
        )
    elif not problems:
        result.ok(
            "All %(count)s entries are linked without a gap and unchanged.", count=len(entries)
        )
    _check_times(result, entries)


def _entry_cause(entry: LedgerEntry, seq: int, before: str) -> str | None:
    stated = entry.stated
    if ledger.hash_of(entry.content) != entry.hash:
        return "its content was edited (the hash differs)."
    if stated is None or not stated.keys() >= {"seq", "previous", "by", "stream", "action", "at"}:
        return "its content cannot be read."
    if entry.seq != seq or stated["seq"] != seq:
        return "entries before it are missing."
    if stated["previous"] != before:
        return "it is not linked to the entry before it."
    by_id = stated["by"]["id"] if stated["by"] else None
    columns = (entry.stream, entry.action, moment(entry.at), entry.by_id)
    if columns != (stated["stream"], stated["action"], stated["at"], by_id):
        return "its columns say something else than its content."
    return None


def _check_times(result: Result, entries: Sequence[LedgerEntry]) -> None:
    for earlier, later in pairwise(entries):
        if later.at < earlier.at - BACK:
            result.fail(
                "Entry %(seq)s is dated before the entry it follows: the clock was set back.",
                seq=later.seq,
            )


# --- checkpoints -----------------------------------------------------------------------------


def check_checkpoints(
    result: Result,
    db: Session,
    entries: Sequence[LedgerEntry],
    stream: str,
    certificates: Sequence[x509.Certificate],
) -> None:
    """Check the chain of signed checkpoints and hold the stream's entries against them."""
    made = list(db.scalars(select(Checkpoint).order_by(Checkpoint.number)))
    if not made:
        result.unknown("No checkpoint was made yet: a rewritten chain could not be told.")
        return
    if not _are_signed_and_linked(result, made, certificates):
        return

    seen = _heads_seen(db, stream)
    if not seen:
        result.unknown("No checkpoint has seen this stream yet.")
        return
    _check_root(result, db, made[seen[-1].checkpoint - 1])
    _check_heads(result, entries, seen)


def _are_signed_and_linked(
    result: Result, made: Sequence[Checkpoint], certificates: Sequence[x509.Certificate]
) -> bool:
    before = NOTHING
    for number, one in enumerate(made, 1):
        stated = one.stated
        is_linked = (
            ledger.hash_of(one.content) == one.hash
            and one.number == stated["number"] == number
            and stated["previous"] == before
            and stated["root"] == one.root
        )
        if not is_linked:
            result.fail(
                "Checkpoint %(number)s was edited or does not follow the one before.", number=number
            )
            return False
        if not is_sealed(one.content, one.signature, certificates):
            result.fail("Checkpoint %(number)s is not signed by the seal.", number=number)
            return False
        before = one.hash
    result.ok("All %(count)s checkpoints are signed and follow each other.", count=len(made))
    return True


def _heads_seen(db: Session, stream: str) -> list[CheckpointHead]:
    held = select(CheckpointHead).where(CheckpointHead.stream == stream)
    return list(db.scalars(held.order_by(CheckpointHead.checkpoint)))


def _check_root(result: Result, db: Session, one: Checkpoint) -> None:
    """Check that the stored heads are those that were signed."""
    found = merkle.root(checkpoints.leaves(checkpoints.heads_at(db, one.number))).hex()
    if found == one.root:
        result.ok(
            "The heads kept with checkpoint %(number)s are those it signed.", number=one.number
        )
    else:
        result.fail(
            "The heads kept with checkpoint %(number)s are not those it signed.", number=one.number
        )


def _check_heads(
    result: Result, entries: Sequence[LedgerEntry], seen: Sequence[CheckpointHead]
) -> None:
    for head in seen:
        if head.seq > len(entries):
            result.fail(
                "Checkpoint %(number)s saw entry %(seq)s, which is missing: the end was cut off.",
                number=head.checkpoint,
                seq=head.seq,
            )
            return
        if entries[head.seq - 1].hash != head.hash:
            result.fail(
                "Entry %(seq)s is not the one that checkpoint %(number)s signed: the chain was"
                " worked out anew.",
                number=head.checkpoint,
                seq=head.seq,
            )
            return
    later = len(entries) - seen[-1].seq
    result.ok(
        "The chain is the one that checkpoint %(number)s signed (%(later)s entries are newer).",
        number=seen[-1].checkpoint,
        later=later,
    )


def check_witness(result: Result, db: Session, folder: Path) -> None:
    """Hold the checkpoints against their copies outside the server."""
    copies = checkpoints.witnessed(folder)
    for number, copy in copies.items():
        one = db.get(Checkpoint, number)
        if one is None or one.content != copy["content"]:
            result.fail(
                "Checkpoint %(number)s is not the one the witness holds: the ledger was rewritten"
                " or put back to an earlier state.",
                number=number,
            )
            return
    if copies:
        result.ok("All %(count)s copies of the witness agree.", count=len(copies))
    else:
        result.unknown("The witness folder holds no checkpoint yet.")


# --- signatures and documents ----------------------------------------------------------------


def _entered(
    entries: Sequence[LedgerEntry], actions: Sequence[str], id_: str, digest: str
) -> dict[int, str]:
    """Return what the ledger entered by id; an edited entry may lack it and is told elsewhere."""
    stated = (one.stated for one in entries if one.action in actions)
    bodies = [one.get("body") or {} for one in stated if one]
    return {body[id_]: body.get(digest, "") for body in bodies if id_ in body}


def check_signatures(
    result: Result,
    db: Session,
    entries: Sequence[LedgerEntry],
    stream: str,
    certificates: Sequence[x509.Certificate],
) -> None:
    """Check every signature row of the stream, and that none is missing."""
    entered = _entered(entries, ("signed",), "signature_id", "assertion_sha256")
    rows = {one.id: one for one in db.scalars(select(Signature).where(Signature.stream == stream))}
    for signature in rows.values():
        _check_signature(result, db, signature, entered, certificates)
    for missing in sorted(set(entered) - set(rows)):
        result.fail("Signature %(id)s is in the ledger, its row is gone.", id=missing)
    _check_voids(result, db, entries, rows)


def _check_signature(
    result: Result,
    db: Session,
    signature: Signature,
    entered: dict[int, str],
    certificates: Sequence[x509.Certificate],
) -> None:
    facts = {"id": signature.id, "name": signature.printed_name}
    cause = _signature_cause(db, signature, entered, certificates)
    if cause:
        result.fail("Signature %(id)s (%(name)s): %(cause)s", cause=cause, **facts)
    else:
        result.ok(
            "Signature %(id)s: %(name)s, %(meaning)s, binds %(type)s %(record)s.",
            meaning=signature.meaning,
            type=signature.record_type,
            record=signature.record_id,
            **facts,
        )


def _signature_cause(
    db: Session,
    signature: Signature,
    entered: dict[int, str],
    certificates: Sequence[x509.Certificate],
) -> str | None:
    if assertion_of(signature) != signature.assertion:
        return (
            "its row says something else than the signer asserted: it was moved to another record"
            " or edited."
        )
    if not is_sealed(signature.assertion, signature.seal, certificates):
        return "what it asserts is not under the seal."
    if entered.get(signature.id) != ledger.hash_of(signature.assertion):
        return "the ledger did not enter it."
    record = db.get(SignedRecord, signature.record_sha256)
    if record is None or ledger.hash_of(record.content) != signature.record_sha256:
        return "the record it was given for was edited or is gone."
    return None


def _check_voids(
    result: Result, db: Session, entries: Sequence[LedgerEntry], rows: dict[int, Signature]
) -> None:
    """Check that signatures are void exactly when the ledger says so."""
    entered = set(_entered(entries, ("signature_voided",), "signature_id", "assertion_sha256"))
    voided = set(
        db.scalars(
            select(SignatureVoided.signature_id).where(SignatureVoided.signature_id.in_(rows))
        )
    )
    for wrong in sorted(entered ^ voided):
        result.fail("Whether signature %(id)s is void differs from the ledger.", id=wrong)


def check_documents(
    result: Result, db: Session, entries: Sequence[LedgerEntry], stream: str
) -> None:
    """Check that every document is there, whole, and the one that the ledger entered."""
    actions = ("document_sealed", "document_attached")
    entered = _entered(entries, actions, "document_id", "sha256")
    rows = list(db.scalars(select(Document).where(Document.stream == stream)))
    for document in rows:
        if document.state in ("sealed", "attached"):
            _check_document(result, db.info["documents"], document, entered.get(document.id))
    for missing in sorted(set(entered) - {one.id for one in rows}):
        result.fail("Document %(id)s is in the ledger, its row is gone.", id=missing)


def _check_document(
    result: Result, store: DocumentStore, document: Document, entered: str | None
) -> None:
    name = document.name
    if entered is None or document.sha256 != entered:
        result.fail("“%(name)s” is not the file that the ledger entered.", name=name)
        return
    try:
        content = store.open(entered)
    except (ContentLost, ContentDamaged) as problem:
        result.fail("“%(name)s”: %(cause)s", name=name, cause=problem)
        return
    result.ok(
        "“%(name)s” is the file that the ledger entered (SHA-256 %(digest)s…).",
        name=name,
        digest=sha256(content).hexdigest()[:16],
    )
