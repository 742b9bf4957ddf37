"""An unattended drill from the command line: run, then told in words."""

from collections.abc import Callable
from pathlib import Path

from engine.cases.drills import running, scoring
from engine.cases.drills.measures import MEASURES
from engine.cases.drills.report import FAILED, PASSED, value_words
from engine.cases.drills.starting import drill_of
from engine.evidence.documents import document_of
from webapp.serve import opened


def practise(
    folder: Path,
    scope: str,
    *,
    seed: str | None,
    language: str | None,
    say: Callable[[str], None],
) -> bool:
    """Carry a drill through in the installation of `folder`; say whether it passed."""
    holdfast = opened(folder)
    try:
        number = running.run(holdfast.database, scope, seed=seed, language=language, say=say)
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
    finally:
        holdfast.database.close()
