"""The signed deny list: all that is held, in files a warehouse uses while Holdfast is away.

`deny-list.jws` is a JWS (RFC 7515, compact, ES256) over JSON with every entry, made with the
installation's seal, whose certificates travel in it (`x5c`). `deny-list.csv` is the same for people
and spreadsheets; the JWS names its SHA-256, and the units that may pass though their whole lot is
held: a label says both. `deny_check.py` reads both files without an installation.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import jobs
from engine.db import Database
from engine.evidence import ledger
from engine.evidence.ledger import LedgerEntry
from engine.evidence.seal import Seal
from engine.evidence.store import DocumentStore, write_durably
from engine.exports import Column, csv_of
from engine.people.person import Person
from engine.serials.active import (
    Holding,
    holdings_of_lots,
    holdings_of_stock,
    holdings_of_units,
)
from engine.serials.exchange.deny_format import COLUMNS, FORMAT, Entry, LetOut
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.holds.reached import may_be_held
from engine.serials.models import (
    DenyList,
    ExternalId,
    HoldExemption,
    Location,
    Lot,
    LotStock,
    Part,
    Unit,
)
from engine.serials.models.hold import HoldTargetRow
from engine.serials.sets import id_set

VALID_FOR = timedelta(hours=24)
EVERY = timedelta(hours=4)
JOB = "make_deny_list"
AT_ONCE = 2_000
NAMES = {"jws": "deny-list.jws", "csv": "deny-list.csv"}


@dataclass(frozen=True)
class Files:
    """Both files with what is said of them."""

    jws: bytes
    csv: bytes
    made_at: datetime
    valid_until: datetime
    counts: dict[str, int]
    head: LedgerEntry | None


def make(
    database: Database, *, by: Person | None, at: datetime, folder: Path | None = None
) -> DenyList:
    """Make both files over one snapshot, keep them, and lay them into `folder` if there is one.

    That the folder could not be written is kept with the list and shown; the list stands.
    """
    with database.read() as db:
        files = written(db, at=at)
    store: DocumentStore = database.info["documents"]
    kept = {"jws": store.put(files.jws), "csv": store.put(files.csv)}
    failure = _lay_down(folder, files) if folder is not None else None
    with database.begin() as db:
        made = DenyList(
            made_at=files.made_at,
            valid_until=files.valid_until,
            made_by_id=by.id if by else None,
            unit_count=files.counts["unit"],
            lot_count=files.counts["lot"],
            part_count=files.counts["stock"],
            csv_sha256=kept["csv"],
            jws_sha256=kept["jws"],
            ledger_stream=files.head.stream if files.head else None,
            ledger_seq=files.head.seq if files.head else None,
            ledger_hash=files.head.hash if files.head else None,
            failure=failure,
        )
        db.add(made)
        db.flush()
        body = {"list": made.id, "counts": files.counts, **kept}
        ledger.append(db, STREAM, "deny_list_made", body, by=by, at=at)
    return made


def written(db: Session, *, at: datetime) -> Files:
    """Return both files of what is held now."""
    entries = [*held_units(db), *held_lots(db), *held_stock(db)]
    counts = {kind: sum(one.kind == kind for one in entries) for kind in ("unit", "lot", "stock")}
    head = db.scalars(select(LedgerEntry).order_by(LedgerEntry.id.desc()).limit(1)).first()
    csv = b"".join(csv_of([Column(name, name) for name in COLUMNS], entries))
    said = {
        "format": FORMAT,
        "company": db.info.get("company"),
        "mark": db.info.get("mark"),
        "made_at": _iso(at),
        "valid_until": _iso(at + VALID_FOR),
        "ledger": {"stream": head.stream, "seq": head.seq, "hash": head.hash} if head else None,
        "counts": counts,
        "csv_sha256": sha256(csv).hexdigest(),
        "columns": COLUMNS,
        "entries": entries,
        "let_out": list(let_out(db)),
    }
    jws = signed(db.info["seal"], json.dumps(said, ensure_ascii=False, separators=(",", ":")))
    return Files(jws, csv, at, at + VALID_FOR, counts, head)


def signed(seal: Seal, payload: str) -> bytes:
    """Return the payload as a compact JWS (ES256) with the certificates that vouch for the key."""
    header = {
        "alg": "ES256",
        "typ": FORMAT,
        "kid": seal.key_id,
        "x5c": [
            base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode()
            for one in (seal.certificate, *seal.chain)
        ],
    }
    data = f"{_url64(json.dumps(header).encode())}.{_url64(payload.encode())}".encode()
    r, s = decode_dss_signature(seal.sign(data))  # JOSE wants both numbers side by side, not DER
    return data + b"." + _url64(r.to_bytes(32, "big") + s.to_bytes(32, "big")).encode()


# --- on a schedule ---------------------------------------------------------------------------


def ask_if_due(db: Session, *, at: datetime) -> None:
    """Ask for the next list when the newest is old enough; twice for one hour is once. Flushes."""
    newest = db.scalar(select(DenyList.made_at).order_by(DenyList.id.desc()).limit(1))
    if newest is None or at - newest >= EVERY:
        jobs.ask(db, f"deny_list:{at.astimezone(UTC):%Y-%m-%dT%H}", name=JOB, body={}, at=at)


class MakeDenyList:
    """The job that makes the list: all its work is done before the transaction that notes it."""

    def prepare(self, database: Database, job: jobs.Job) -> None:
        """Make the files and lay them into the folder of this installation."""
        make(database, by=None, at=job.due_at, folder=database.info.get("deny_folder"))

    def __call__(self, db: Session, job: jobs.Job) -> dict[str, Any]:
        """Note that it was made."""
        return {}


def newest(db: Session) -> DenyList | None:
    """Return the newest list, None when there is none."""
    return db.scalars(select(DenyList).order_by(DenyList.id.desc()).limit(1)).first()


# --- what is held ----------------------------------------------------------------------------


def held_units(db: Session) -> Iterator[Entry]:
    """Yield every unit that the gate would stop for a hold, in the order of their ids."""
    ids = db.scalars(select(Unit.id).where(Unit.id.in_(may_be_held())).order_by(Unit.id))
    every = ids.all()
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        bearing = {key: found for key, found in holdings_of_units(db, some).items() if found}
        rows = db.execute(
            select(Unit.id, Part.part_no, Part.di, Unit.serial, Location.code)
            .join(Part, Part.id == Unit.part_id)
            .outerjoin(Location, Location.id == Unit.location_id)
            .where(Unit.id.in_(id_set(db, bearing)))
            .order_by(Unit.id)
        ).all()
        also = _also(db, "unit", bearing)
        for key, part_no, di, serial, place in rows:
            yield _entry("unit", part_no, di, serial, place, "1", bearing[key], also[key])


def held_lots(db: Session) -> Iterator[Entry]:
    """Yield every lot that is held as a whole: its units and stock, and what arrives later."""
    named = select(HoldTargetRow.target_id).where(
        HoldTargetRow.kind == "lot", HoldTargetRow.release_event_id.is_(None)
    )
    rows = db.execute(
        select(Lot.id, Part.part_no, Part.di, Lot.lot_no)
        .join(Part, Part.id == Lot.part_id)
        .where(Lot.id.in_(named))
        .order_by(Lot.id)
    ).all()
    bearing = holdings_of_lots(db, [row[0] for row in rows])
    also = _also(db, "lot", bearing)
    for key, part_no, di, lot_no in rows:
        yield _entry("lot", part_no, di, lot_no, None, "", bearing[key], also[key])


def held_stock(db: Session) -> Iterator[Entry]:
    """Yield every part of a lot that is held by itself, with the quantity and where it lies."""
    named = select(HoldTargetRow.target_id).where(
        HoldTargetRow.kind == "stock", HoldTargetRow.release_event_id.is_(None)
    )
    rows = db.execute(
        select(LotStock, Part.part_no, Part.di, Lot.lot_no, Location.code)
        .join(Lot, Lot.id == LotStock.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .join(Location, Location.id == LotStock.location_id)
        .where(LotStock.tranche_id.in_(named), LotStock.quantity > 0)
        .order_by(LotStock.id)
    ).all()
    bearing = holdings_of_stock(db, [row[0] for row in rows])
    also = _also(db, "lot", {row[0].lot_id for row in rows})
    for stock, part_no, di, lot_no, place in rows:
        quantity = f"{stock.quantity:f}"
        names = also[stock.lot_id]
        yield _entry("stock", part_no, di, lot_no, place, quantity, bearing[stock.id], names)


def let_out(db: Session) -> Iterator[LetOut]:
    """Yield the units that were let out of a hold on their whole lot, where no other bears."""
    ids = db.scalars(
        select(HoldExemption.target_id).where(HoldExemption.kind == "unit").distinct()
    ).all()
    free = [key for key, found in holdings_of_units(db, ids).items() if not found]
    rows = db.execute(
        select(Part.part_no, Part.di, Unit.serial)
        .join(Part, Part.id == Unit.part_id)
        .where(Unit.id.in_(id_set(db, free)))
        .order_by(Unit.id)
    )
    for part_no, di, serial in rows:
        yield LetOut(part_no, di or "", serial)


def _also(db: Session, kind: str, ids: Iterable[int]) -> Mapping[int, list[str]]:
    """Return what other systems call units or lots: a warehouse may scan that."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = db.execute(
        select(ExternalId.entity_id, ExternalId.value)
        .where(ExternalId.entity == kind, ExternalId.entity_id.in_(id_set(db, ids)))
        .order_by(ExternalId.id)
    )
    for key, value in rows:
        found[key].append(value)
    return found


def _entry(
    kind: str,
    part_no: str,
    di: str | None,
    number: str,
    place: str | None,
    quantity: str,
    bearing: Sequence[Holding],
    also: Sequence[str],
) -> Entry:
    cases = ", ".join(dict.fromkeys(one.case_number for one in bearing))
    reasons = ", ".join(dict.fromkeys(one.reason for one in bearing))
    names = "\n".join(dict.fromkeys(also))
    return Entry(kind, part_no, di or "", number, place or "", quantity, cases, reasons, names)


def _lay_down(folder: Path, files: Files) -> str | None:
    try:
        write_durably(folder / NAMES["csv"], files.csv)
        write_durably(folder / NAMES["jws"], files.jws)  # last: it names the other
    except OSError as problem:
        return f"{type(problem).__name__}: {problem}"
    return None


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
