"""Checkpoints: all stream heads in one Merkle root, signed by the seal, each naming the last.

A chain alone can be worked out anew by whoever owns the database. A checkpoint takes every head at
one moment into an RFC 9162 tree (`merkle`; a leaf is the canonical `{"hash", "seq", "stream"}`, in
the order of the streams' names), names the checkpoint before it by hash, and is signed over its
stored bytes (raw ECDSA, see `seal`). Copies in a witness folder outside the server make even a
rewrite with the stolen key visible: `copy_to_witness`.

Only heads that moved are kept with a checkpoint; the tree at number n is, for each stream, its
newest head with a number up to n.
"""

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import jobs
from engine.db import Base, Ref, only_grows
from engine.evidence import ledger, merkle
from engine.evidence.canonical import canonical, canonical_text, moment
from engine.evidence.ledger import NOTHING, LedgerHead
from engine.evidence.seal import Seal
from engine.evidence.store import write_durably

FORM = 1
STREAM = "checkpoint"  # the head row that a checkpointer locks; never a leaf itself


class Checkpoint(Base):
    """One signed statement of where every stream stood."""

    __tablename__ = "checkpoint"

    number: Mapped[Ref] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    root: Mapped[str]
    content: Mapped[str]  # canonical JSON, the bytes that are signed
    hash: Mapped[str]
    signature: Mapped[str]  # base64 of the DER signature by the seal
    seal_key_id: Mapped[str]

    @property
    def stated(self) -> dict[str, Any]:
        """Return all that the content states."""
        stated: dict[str, Any] = json.loads(self.content)
        return stated


class CheckpointHead(Base):
    """A head that moved since the checkpoint before."""

    __tablename__ = "checkpoint_head"

    checkpoint: Mapped[Ref] = mapped_column(primary_key=True, autoincrement=False)
    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]


only_grows(Checkpoint)
only_grows(CheckpointHead)


def checkpoint(db: Session, *, at: datetime) -> Checkpoint:
    """Sign where every stream stands; flushes. Call it after the last `ledger.append`.

    Returns the last checkpoint when nothing moved since. Costs about 3 microseconds per stream.
    Where `db.info["witness"]` names a folder, a job copies the checkpoint there after the commit.
    """
    lock = ledger.lock_head(db, STREAM)
    last = db.get(Checkpoint, lock.seq) if lock.seq else None
    before = heads_at(db, lock.seq)
    heads = {head.stream: head for head in _heads(db)}
    moved = [head for name, head in heads.items() if before.get(name) != (head.seq, head.hash)]
    if last is not None and not moved:
        return last

    made = _made(lock, {name: (head.seq, head.hash) for name, head in heads.items()}, at)
    seal: Seal = db.info["seal"]
    made.signature = base64.b64encode(seal.sign(made.content.encode())).decode()
    made.seal_key_id = seal.key_id
    db.add(made)
    db.add_all(
        CheckpointHead(checkpoint=made.number, stream=head.stream, seq=head.seq, hash=head.hash)
        for head in moved
    )
    lock.seq, lock.hash, lock.at = made.number, made.hash, at
    db.flush()
    if db.info.get("witness"):
        jobs.ask(
            db,
            f"witness_checkpoint:{made.number}",
            name="witness_checkpoint",
            body={"number": made.number},
            at=at,
        )
    return made


def _heads(db: Session) -> list[LedgerHead]:
    """Read every head in one statement, hence at one moment."""
    held = select(LedgerHead).where(LedgerHead.stream != STREAM, LedgerHead.seq > 0)
    return list(db.scalars(held, execution_options={"populate_existing": True}))


def _made(lock: LedgerHead, heads: dict[str, tuple[int, str]], at: datetime) -> Checkpoint:
    root = merkle.root(leaves(heads)).hex()
    content = canonical_text(
        {
            "form": FORM,
            "number": lock.seq + 1,
            "previous": lock.hash if lock.seq else NOTHING,
            "at": moment(at),
            "stream_count": len(heads),
            "root": root,
        }
    )
    return Checkpoint(
        number=lock.seq + 1, at=at, root=root, content=content, hash=ledger.hash_of(content)
    )


def leaves(heads: dict[str, tuple[int, str]]) -> list[bytes]:
    """Return the leaves of the tree over these heads, in their order."""
    return [
        canonical({"stream": stream, "seq": seq, "hash": hash_})
        for stream, (seq, hash_) in sorted(heads.items())
    ]


def heads_at(db: Session, number: int) -> dict[str, tuple[int, str]]:
    """Return every stream's (seq, hash) as checkpoint `number` states them."""
    newest = (
        select(CheckpointHead.stream, func.max(CheckpointHead.checkpoint).label("checkpoint"))
        .where(CheckpointHead.checkpoint <= number)
        .group_by(CheckpointHead.stream)
        .subquery()
    )
    rows = select(CheckpointHead.stream, CheckpointHead.seq, CheckpointHead.hash).join(
        newest,
        (CheckpointHead.stream == newest.c.stream)
        & (CheckpointHead.checkpoint == newest.c.checkpoint),
    )
    return {stream: (seq, hash_) for stream, seq, hash_ in db.execute(rows)}


def last_checkpoint(db: Session) -> Checkpoint | None:
    """Return the newest checkpoint."""
    return db.scalar(select(Checkpoint).order_by(Checkpoint.number.desc()).limit(1))


def inclusion(db: Session, number: int, stream: str) -> dict[str, Any] | None:
    """Return the proof that checkpoint `number` holds the stream's head; None when it does not.

    `{"head", "index", "size", "path"}`: what `merkle.is_included` takes, hashes in hex.
    """
    heads = heads_at(db, number)
    if stream not in heads:
        return None
    index = sorted(heads).index(stream)
    path = merkle.inclusion_path(leaves(heads), index)
    seq, hash_ = heads[stream]
    return {
        "head": {"stream": stream, "seq": seq, "hash": hash_},
        "index": index,
        "size": len(heads),
        "path": [step.hex() for step in path],
    }


# --- the witness -----------------------------------------------------------------------------


def witness_checkpoint(db: Session, job: jobs.Job) -> dict[str, Any]:
    """Copy a checkpoint, and every earlier one that is missing, to the witness folder."""
    copied = copy_to_witness(db, Path(db.info["witness"]))
    return {"copied": copied}


def copy_to_witness(db: Session, folder: Path) -> int:
    """Copy every checkpoint that `folder` lacks; return how many. A copy is never overwritten."""
    missing = [
        one
        for one in db.scalars(select(Checkpoint).order_by(Checkpoint.number))
        if not _copy(folder, one.number).exists()
    ]
    for one in missing:
        write_durably(_copy(folder, one.number), witness_text(one).encode())
    return len(missing)


def witness_text(one: Checkpoint) -> str:
    """Return what the witness keeps of a checkpoint."""
    kept = {"content": one.content, "signature": one.signature, "seal_key_id": one.seal_key_id}
    return json.dumps(kept, ensure_ascii=False, indent=1) + "\n"


def witnessed(folder: Path) -> dict[int, dict[str, str]]:
    """Return the copies in a witness folder by number."""
    found = sorted(folder.glob("checkpoint-*.json"))
    return {int(path.stem.split("-")[1]): json.loads(path.read_text("utf-8")) for path in found}


def _copy(folder: Path, number: int) -> Path:
    return folder / f"checkpoint-{number:08d}.json"
