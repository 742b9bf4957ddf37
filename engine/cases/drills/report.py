"""The report of a drill, in both languages: how it was run, its score and what that rests on."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.cases.drills.hospitals import KINDS
from engine.cases.drills.measures import CRITICAL, MEASURES, PASSES_AT, Measure, Score
from engine.cases.drills.models import Drill
from engine.cases.models import Case
from engine.cases.records.sections import Record, Section, balance, head
from engine.evidence import sealing
from engine.evidence.documents import Document
from engine.people.accounts import LANGUAGES
from engine.words import N_, say

LAYOUT = "drill/drill_report"
COUNTS = {
    "affected": N_("Affected units and quantities"),
    "held": N_("Would have been put on hold"),
    "distributed": N_("Distributed"),
    "recovered": N_("Recovered"),
    "consignees": N_("Consignees"),
    "answered": N_("Consignees that answered"),
    "silent": N_("Never answered, ended after documented attempts"),
}
YES, NO = N_("Yes"), N_("No")
PASSED, FAILED = N_("Passed"), N_("Not passed")
ROBOTS = N_("Robots: nobody took part and nobody signed")
PEOPLE = N_("People, on the ordinary pages")
MEANT = N_(
    "The times are those of the drill's own clock. Nothing was held, sent, moved or reported, and "
    "hospitals are synthetic: what they answer is drawn from the seed."
)


def ask(db: Session, case: Case, drill: Drill, score: Score, *, at: datetime) -> Document:
    """Ask for the report to be sealed in both languages; return the one in the case's. Flushes."""
    asked = {
        language: sealing.request_sealed(
            db,
            stream=case.stream,
            layout=LAYOUT,
            record=draw(db, case, drill, score, language=language, at=at),
            signatures=(),
            by=None,
            at=at,
            key=f"{case.number}:drill_report:{language}",
        )
        for language in LANGUAGES
    }
    return asked[case.language]


def draw(
    db: Session, case: Case, drill: Drill, score: Score, *, language: str, at: datetime
) -> Record:
    """Return the record of the report in a language."""
    top = head(
        db, case, title=N_("Drill report"), number=f"{case.number}-{language.upper()}",
        created_at=at, language=language,
    )  # fmt: skip
    return {
        **top,
        "result": {
            "passed": score.passed,
            "words": say(PASSED if score.passed else FAILED, language),
            "points": score.points,
            "points_label": say(N_("of 100 points"), language),
        },
        "note": say(MEANT, language),
        "sections": [
            _run(case, drill, score, language),
            _stages(score, language),
            _critical(score, language),
            _counts(score, language),
            _hospitals(score, language),
            balance(db, case, language=language),
        ],
    }


def value_words(measure: Measure, value: str | None, language: str) -> str:
    """Return a measured value as people read it: `45 min`, `3.5 days`, `92.0 %`."""
    if value is None:
        return say(N_("Not reached"), language)
    number = Decimal(value)
    if not measure.is_time:
        return f"{100 * number:.1f} %"
    if number < 120:
        return say(N_("%(count)s min"), language, count=f"{number:.0f}")
    if number < 2880:
        return say(N_("%(count)s h"), language, count=f"{number / 60:.1f}")
    return say(N_("%(count)s days"), language, count=f"{number / 1440:.1f}")


def _run(case: Case, drill: Drill, score: Score, language: str) -> Section:
    stopped = score.stopped.get(language)
    rows = [
        [say(N_("What was practised"), language), case.subject or case.title],
        [say(N_("Carried out by"), language),
         say(PEOPLE if drill.is_attended else ROBOTS, language)],
        [say(N_("Started (the server's time)"), language), _utc(drill.started_at)],
        [say(N_("Ended (the server's time)"), language), _utc(drill.ended_at)],
        [say(N_("Signal (the drill's clock)"), language), _utc(case.opened_at)],
        *([[say(N_("Closed (the drill's clock)"), language), _utc(case.ended_at)]]
          if case.state == "closed" else ()),
        [say(N_("Hospitals answered so many times faster than life"), language),
         str(drill.speed)],
        *([[say(N_("Went no further than"), language), stopped]] if stopped else ()),
        [say(N_("Seed"), language), drill.seed],
        [say(N_("SHA-256 of the seed, in the ledger from the start"), language),
         drill.seed_sha256],
    ]  # fmt: skip
    return {"heading": say(N_("How it was run"), language), "rows": rows}


def _utc(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "–"


def _stages(score: Score, language: str) -> Section:
    words = (
        N_("Measure"), N_("Reached"), N_("Full marks up to"), N_("None from"), N_("Points"),
        N_("Weight"),
    )  # fmt: skip
    by_code = {one.code: one for one in score.rows}
    rows = [
        [
            say(one.words, language),
            value_words(one, by_code[one.code].value, language),
            value_words(one, str(one.target), language),
            value_words(one, str(one.zero), language),
            by_code[one.code].points,
            str(one.weight),
        ]
        for one in MEASURES
    ]
    note = N_(
        "Times are from the signal. Between the target and the limit the points fall evenly. A "
        "drill passes with %(least)s points when all that must hold did."
    )
    return {
        "heading": say(N_("Stage times and score"), language),
        "note": say(note, language, least=PASSES_AT),
        "table": {
            "columns": [say(word, language) for word in words],
            "rows": rows,
            "total": [say(N_("Score"), language), None, None, None, score.points, "100"],
        },
    }


def _critical(score: Score, language: str) -> Section:
    rows = [
        [say(words, language), say(YES if score.critical[code] else NO, language)]
        for code, words in CRITICAL.items()
    ]
    return {"heading": say(N_("What must hold"), language), "rows": rows}


def _counts(score: Score, language: str) -> Section:
    rows = [[say(words, language), score.counts[code]] for code, words in COUNTS.items()]
    return {"heading": say(N_("Units and consignees"), language), "rows": rows}


def _hospitals(score: Score, language: str) -> Section:
    words = (N_("Synthetic hospitals"), N_("In this drill"), N_("Stated share"))
    rows: list[list[Any]] = [
        [say(label, language), str(score.kinds.get(kind, 0)), f"{share / 10:.1f} %"]
        for kind, (share, label) in KINDS.items()
    ]
    return {
        "heading": say(N_("How hospitals behaved"), language),
        "table": {"columns": [say(word, language) for word in words], "rows": rows},
    }
