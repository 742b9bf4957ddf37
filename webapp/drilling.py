"""An unattended drill from the command line: run, then told in words."""

from collections.abc import Callable
from pathlib import Path

from engine.cases.drills import running, scoring
from engine.cases.drills.measures import MEASURES
from engine.cases.drills.report import FAILED, PASSED, value_words
from engine.cases.drills.starting import drill_of
from engine.errors import EngineError
from engine.evidence.documents import document_of
from engine.serials import expressions, tracing
from webapp.compose import Holdfast
from webapp.serve import opened
from webapp.trace_line import understood

Say = Callable[[str], None]

DONE, FAILED_ITS_AIM, NOT_UNDERSTOOD = 0, 1, 2  # the exit codes of `holdfast drill`


def practise(
    folder: Path,
    scope: str,
    *,
    seed: str | None,
    language: str | None,
    say: Say,
    progress: Say,
) -> int:
    """Carry a drill through in the installation of `folder`; return 0 where it passed.

    1 where it did not, and 2 where what is recalled cannot be traced: `progress` tells why.
    """
    holdfast = opened(folder)
    try:
        number = running.run(holdfast.database, scope, seed=seed, language=language, say=say)
    except (tracing.NothingToTrace, tracing.StillAsking) as problem:
        _tell(holdfast, scope, problem, progress)
        return NOT_UNDERSTOOD
    except EngineError as problem:
        progress(f"Error: {problem}")
        return FAILED_ITS_AIM
    else:
        return DONE if _told(holdfast, number, say) else FAILED_ITS_AIM
    finally:
        holdfast.database.close()


def _tell(holdfast: Holdfast, scope: str, problem: EngineError, progress: Say) -> None:
    with holdfast.database.read() as db:
        for line in understood(expressions.understand(db, scope)):
            progress(line)
    progress(f"Error: {problem}")


def _told(holdfast: Holdfast, number: str, say: Say) -> bool:
    """Say what a drill came to, and whether it passed."""
    with holdfast.database.read() as db:
        case, drill = drill_of(db, number)
        found = scoring.of_drill(db, case, drill)
        report = document_of(db, drill.document_id or 0)
        path = holdfast.documents.path(report.sha256 or "")
    points = {one.code: one for one in found.rows}
    for one in MEASURES:
        reached = value_words(one, points[one.code].value, "en")
        say(f"  {one.words:<38} {reached:>12}  {points[one.code].points:>5} of {one.weight}")
    if drill.reason:
        say(f"Went no further than: {drill.reason}")
    say(f"{number}: {PASSED if found.passed else FAILED}, {found.points} of 100")
    say(f"Report: {report.download_name} ({path})")
    return found.passed
