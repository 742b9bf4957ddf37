"""What something was made of, with tests and certificates: for its page, and as rows of a file."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from engine.evidence.store import DocumentStore
from engine.exports import Column
from engine.people.person import Person
from engine.serials.backward import Key, Made
from engine.serials.dictionary import seen
from engine.serials.proven import Proof, lines, proven
from webapp import words
from webapp.times import write
from webapp.words import N_

# name, label, type, and the field of the dictionary that has to be seen
COLUMNS = (
    ("level", N_("Level"), "integer", None),
    ("part_no", N_("Part number"), "text", ("part", "part_no")),
    ("part_name", N_("Part name"), "text", ("part", "name")),
    ("number", N_("Serial, lot or work order"), "text", ("unit", "serial")),
    ("maker", N_("Manufacturer"), "text", ("party", "name")),
    ("how", N_("How it came in"), "text", None),
    ("quantity", N_("Quantity"), "quantity", ("stock", "quantity")),
    ("position", N_("Position"), "text", ("install", "position")),
    ("until", N_("Until"), "datetime", None),
    ("tests", N_("Inspections and tests"), "text", ("examination", "outcome")),
    ("certificates", N_("Certificates"), "text", ("certificate", "number")),
)


def behind(db: Session, made: Made) -> tuple[dict[Key, Proof], set[str]]:
    """Return the proof of each thing in a tree, and which files of certificates are kept here."""
    proofs = proven(db, made)
    store: DocumentStore = db.info["documents"]
    files = {one.file_sha256 for proof in proofs.values() for one in proof.certificates}
    return proofs, {sha256 for sha256 in files if sha256 is not None and store.holds(sha256)}


def as_rows(db: Session, made: Made, person: Person) -> tuple[list[Column], Iterator[list[object]]]:
    """Return the columns a person may see, and each thing in the tree as a row, from the top."""
    shown = [one for one in COLUMNS if one[3] is None or _is_seen(one[3], person)]
    columns = [Column(name, words.said(label), kind) for name, label, kind, _ in shown]
    rows = lines(made, proven(db, made))
    return columns, ([_row(*line)[name] for name, *_ in shown] for line in rows)


def _is_seen(field: tuple[str, str], person: Person) -> bool:
    entity, name = field
    return name in {one.name for one in seen(entity, person)}


def _row(depth: int, made: Made, proof: Proof) -> dict[str, object]:
    return {
        "level": depth,
        "part_no": made.part_no,
        "part_name": made.part_name,
        "number": made.label,
        "maker": made.maker,
        "how": words.way_in(made.how) if made.how != "itself" else None,
        "quantity": made.quantity,
        "position": made.position,
        "until": made.until,
        "tests": _in_one(
            f"{words.examination(one.kind)}: {words.outcome(one.outcome)}, {write(one.at, 'year')}"
            for one in proof.tests
        ),
        "certificates": _in_one(
            f"{words.certificate(one.kind)} {one.number}, {one.issuer}"
            for one in proof.certificates
        ),
    }


def _in_one(said: Iterator[str]) -> str | None:
    return "; ".join(said) or None
