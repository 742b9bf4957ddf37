"""Files taken in from the command line: every problem in words, nothing half loaded."""

from collections.abc import Callable
from pathlib import Path

from engine.clock import now
from engine.errors import EngineError
from engine.serials import intake
from webapp.compose import Holdfast

Say = Callable[[str], None]


def load_file(holdfast: Holdfast, kind: str, file: Path, *, dry_run: bool, say: Say) -> int:
    """Load a file, or only check it; return 1 when anything is wrong with it."""
    content = file.read_bytes()
    with holdfast.database.begin() as db:
        result = intake.load_csv(
            db, kind, content, file_name=file.name, dry_run=True, by=None, at=now()
        )
        if not result.problems and not dry_run:
            result = intake.load_csv(db, kind, content, file_name=file.name, by=None, at=now())
    for problem in result.problems:
        place = f"line {problem.line}" + (f", {problem.column}" if problem.column else "")
        say(f"{place}: {problem.sentence}.")
    counted = f"{result.new_count} new, {result.known_count} already here"
    if result.problems:
        say(f"{file.name}: {len(result.problems)} problems; nothing was loaded.")
        return 1

    if dry_run:
        say(f"{file.name}: {counted}; nothing is wrong with it, nothing was loaded.")
    else:
        say(f"{file.name}: {counted}; loaded as import {result.batch_id}.")
    return 0


def take_file_back(holdfast: Holdfast, batch_id: int, *, reason: str, say: Say) -> int:
    """Take a loaded file back; return 1 and say why when that is no longer possible."""
    try:
        with holdfast.database.begin() as db:
            intake.roll_back(db, batch_id, reason=reason, by=None, at=now())
    except EngineError as refused:
        say(str(refused))
        return 1
    say(f"Import {batch_id} is taken back.")
    return 0
