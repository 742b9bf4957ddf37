"""Files taken in from the command line: progress, every problem in words, nothing half loaded."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from engine.clock import now
from engine.errors import EngineError
from engine.serials import intake
from engine.serials.intake import priority, working
from engine.serials.intake.changes import changes
from engine.serials.intake.staging import Progress
from webapp.compose import Holdfast

Say = Callable[[str], None]

ALL_IN, SOME_WAIT, REFUSED = 0, 1, 2  # the exit codes of `holdfast serials import`
SHOWN = 2_000  # sentences on a screen; the rest waits on the page
PHASES = {
    "reading": "read",
    "comparing": "compared",
    "loading": "loaded",
    "recording": "recorded",
}


def import_file(
    holdfast: Holdfast,
    kind: str,
    file: Path,
    *,
    source: str,
    mapping: str = "",
    encoding: str = "",
    dry_run: bool,
    say: Say,
    progress: Progress,
) -> int:
    """Take a file in, or only check it; return 0, 1 when rows wait, 2 when it was refused."""
    database = holdfast.database
    try:
        with database.begin() as db:
            batch_id = intake.receive(
                db,
                kind,
                file,
                file_name=file.name,
                system=source,
                read_like=mapping,
                encoding=encoding,
                by=None,
                at=now(),
            ).id
        working.check_now(database, batch_id, by=None, at=now(), progress=progress)
        waiting = _tell_check(holdfast, batch_id, file.name, say)
        if not dry_run:
            with database.read() as db:
                shown = intake.shown(intake.get(db, batch_id))
            working.load_now(
                database, batch_id, was_shown=shown, by=None, at=now(), progress=progress
            )
            with database.read() as db:
                loaded = intake.get(db, batch_id).counts["loaded"]
            say(f"{file.name}: {loaded:,} loaded as import {batch_id}.")
    except EngineError as refused:
        say(f"{file.name}: {refused}")
        return REFUSED
    if dry_run:
        say(f"Nothing is loaded. Import {batch_id} waits on the page Intake.")
    return SOME_WAIT if waiting else ALL_IN


def _tell_check(holdfast: Holdfast, batch_id: int, name: str, say: Say) -> int:
    with holdfast.database.read() as db:
        batch = intake.get(db, batch_id)
        found = intake.counts_of(batch)
        problems = intake.problems(db, batch_id, limit=SHOWN)
        protected = priority.touched(db, batch_id)
    for problem in problems:
        place = f"line {problem.line}" + (f", {problem.column}" if problem.column else "")
        say(f"{place}: {problem.sentence}.")
    for line, serial, why in protected:
        say(f"line {line}: {serial} is protected ({why}).")
    _tell_changes(holdfast, batch_id, say)
    say(
        f"{name}: {found.lines:,} lines; {found.new:,} new, {found.same:,} already here, "
        f"{found.fill:,} fill empty fields, {found.quarantined:,} in quarantine."
    )
    return found.quarantined


def _tell_changes(holdfast: Holdfast, batch_id: int, say: Say) -> None:
    """Say of each field what would change, and how often each does."""
    counts: Counter[tuple[str, bool]] = Counter()
    last = 0
    with holdfast.database.read() as db:
        while found := changes(db, batch_id, None, after=last, limit=500):
            last = found[-1].line
            for one in found:
                rule = "filled" if one.is_filled else "stays, the line waits"
                if sum(counts.values()) < SHOWN:
                    before, after = one.before or "(empty)", one.after
                    say(f"line {one.line}, {one.record}: {one.field} {before} → {after} ({rule}).")
                counts[one.field, one.is_filled] += 1
    for (field, is_filled), count in sorted(counts.items()):
        say(f"{field}: {count:,} " + ("filled" if is_filled else "differ and stay as recorded"))


def bar(say: Say) -> Progress:
    """Return what prints each phase in tenths, so that a log stays short."""
    told: dict[str, int] = {}

    def progress(phase: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if tenth > told.get(phase, 0):
            told[phase] = tenth
            say(f"{tenth * 10:>3} % {PHASES[phase]}")

    return progress


def take_file_back(
    holdfast: Holdfast, batch_id: int, *, reason: str, by_events: bool = False, say: Say
) -> int:
    """Take a loaded file back; return 1 and say why when that is no longer possible."""
    try:
        with holdfast.database.begin() as db:
            if by_events:
                intake.compensate(db, batch_id, reason=reason, by=None, at=now())
            else:
                intake.roll_back(db, batch_id, reason=reason, by=None, at=now())
    except EngineError as refused:
        say(str(refused))
        return 1
    say(f"Import {batch_id} is taken back.")
    return 0
