"""The deny list from the command line: written from an installation, checked without one."""

from collections.abc import Callable
from pathlib import Path

from engine.clock import now
from engine.evidence.store import write_durably
from engine.evidence.verify import trusted_root
from engine.serials.exchange import deny_asking, denylist
from webapp.compose import Holdfast

Say = Callable[[str], None]


def write_list(holdfast: Holdfast, file: Path, *, say: Say) -> int:
    """Make a list and write it to `file`, the table beside it under the same name."""
    made = denylist.make(holdfast.database, by=None, at=now(), folder=holdfast.settings.deny_folder)
    for path, sha256 in (
        (file.with_suffix(".csv"), made.csv_sha256),
        (file, made.jws_sha256),
    ):
        write_durably(path, holdfast.documents.open(sha256))
    say(
        f"{file} and {file.with_suffix('.csv').name}: {made.unit_count} units, {made.lot_count} "
        f"whole lots, {made.part_count} parts of lots; good until "
        f"{made.valid_until:%Y-%m-%d %H:%M} UTC."
    )
    return 0


def check_list(file: Path, text: str | None, root: Path, *, say: Say) -> int:
    """Say what holds of a list, and whether what was scanned or typed is held by it."""
    if not root.is_file():
        say(f"There is no root certificate {root}. Name the company's: --root root.pem")
        return 2
    try:
        trusted = trusted_root(root)
    except ValueError:
        say(f"{root.name} is no certificate (PEM).")
        return 2
    lines, result = deny_asking.told(file, text, [trusted], at=now())
    for line in lines:
        say(line)
    return result
