"""The company's wording of letters in languages that Holdfast has no legal sentences in."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases.notices.laws import ELSEWHERE, LANGUAGES, LAWS, OFFICIAL
from engine.cases.notices.models import LetterWording, Notice, NoticeText
from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import canonical, layouts, ledger
from engine.people import Person, authorize
from engine.serials.models import Party
from engine.words import N_
from forms.texts import TextRefused, clean

STREAM = "letters"
LONGEST = 600  # characters of a sentence
MARKUP = re.compile(r"%\([^)]*\)s|\{[^}]*\}|<[^>]*>")
NUMBER = re.compile(r"\d+")
MARKINGS = frozenset(
    [
        *layouts.MARKS,
        *(
            law.marked(is_correction=is_correction)
            for law in (*LAWS.values(), ELSEWHERE)
            for is_correction in (False, True)
        ),
    ]
)
MISSING = N_("Translate this sentence: every letter has all of them.")
KEEP = N_("Keep “%(words)s”: these words stand in every language, yours may stand beside them.")
AS_IT_IS = N_("“%(words)s” must stand in the translation as it stands in the English sentence.")


class LanguageUnknown(NotFound):
    """No consignee needs letters in this language. Choose one from the list."""


class WordingUnknown(NotFound):
    """There is no such version of this wording."""


class WordingChanged(Conflict):
    """Somebody kept another version while you wrote. Open the page again and look at it first."""


# --- what is in force ------------------------------------------------------------------------


def in_force(db: Session, language: str) -> LetterWording | None:
    """Return the wording that new texts in a language take, or None."""
    wanted = (LetterWording.language == language, LetterWording.state == "in_force")
    return db.scalars(select(LetterWording).where(*wanted)).one_or_none()


def id_for(db: Session, language: str) -> int | None:
    """Return which wording a text in a language takes; None where Holdfast has the sentences."""
    wording = in_force(db, language)
    return wording.id if wording else None


def spoken(db: Session) -> list[str]:
    """Return the languages that letters can be written in today."""
    ours = select(LetterWording.language).where(LetterWording.state == "in_force")
    return [*LANGUAGES, *db.scalars(ours.order_by(LetterWording.language))]


def of_text(db: Session, text: NoticeText) -> dict[str, Any] | None:
    """Return the wording that a text was written with, as the record of a letter holds it."""
    if text.wording_id is None:
        return None
    found = db.get_one(LetterWording, text.wording_id)
    return {"version": found.version, "sha256": found.sha256, "words": dict(found.words)}


# --- writing one -----------------------------------------------------------------------------


def known(db: Session, language: str) -> str:
    """Return a language that letters may have to be in; raises `LanguageUnknown`."""
    official = {one for those in OFFICIAL.values() for one in those}
    is_needed = language in official or any(
        db.scalar(select(func.count()).where(column == language))
        for column in (Notice.language, Party.language)
    )
    if language in LANGUAGES or not is_needed:
        raise LanguageUnknown
    return language


def versions(db: Session, language: str) -> Sequence[LetterWording]:
    """Return every version in a language, the newest first."""
    wanted = select(LetterWording).where(LetterWording.language == language)
    return db.scalars(wanted.order_by(LetterWording.version.desc())).all()


def version(db: Session, language: str, number: int) -> LetterWording:
    """Return one version; raises `WordingUnknown`."""
    wanted = (LetterWording.language == language, LetterWording.version == number)
    found = db.scalars(select(LetterWording).where(*wanted)).one_or_none()
    if found is None:
        raise WordingUnknown
    return found


def write(
    db: Session,
    language: str,
    words: Mapping[str, str],
    *,
    after: int,
    by: Person,
    at: datetime,
    key: str,
) -> LetterWording:
    """Keep a new version as a draft: sentences may be missing still, none may be wrong.

    `after` is the version that the person had before them, 0 for none. Flushes. Raises `Invalid`,
    `WordingChanged`.
    """
    authorize(by, "letter_wording.write")
    known(db, language)
    commands.take_turn(db, f"letter_wording:{language}")
    asked = {"language": language, "words": dict(words), "after": after, "by": by.id}
    earlier = commands.earlier_result(db, key, name="write_letter_wording", request=asked)
    if earlier is not None:
        return version(db, language, earlier["version"])

    kept = _read(words)
    newest = db.scalar(
        select(func.max(LetterWording.version)).where(LetterWording.language == language)
    )
    if (newest or 0) != after:
        raise WordingChanged
    wording = LetterWording(
        language=language, version=after + 1, words=kept,
        sha256=canonical.sha256({"language": language, "words": kept}), written_at=at,
        written_by_id=by.id,
    )  # fmt: skip
    db.add(wording)
    db.flush()
    said = {"language": language, "version": wording.version, "sha256": wording.sha256}
    ledger.append(db, STREAM, "letter_wording_written", said, by=by, at=at)
    commands.remember(
        db, key, name="write_letter_wording", request=asked, result={"version": wording.version},
        by_id=by.id, at=at,
    )  # fmt: skip
    return wording


def missing(words: Mapping[str, str]) -> list[Problem]:
    """Return every sentence that is not translated."""
    return [Problem(key, MISSING) for key, one in layouts.letter_words().items()
            if one["en"] and not words.get(key)]  # fmt: skip


def _read(words: Mapping[str, str]) -> dict[str, str]:
    """Return the sentences that were written, as they are kept; raises `Invalid` with all wrong."""
    kept: dict[str, str] = {}
    problems: list[Problem] = []
    for key, one in layouts.letter_words().items():
        english = one["en"]
        try:
            text = clean(words.get(key, ""), max_length=LONGEST, lines=False)
        except TextRefused as refused:
            facts = {**refused.facts, "label": (english,)}
            problems.append(Problem(key, refused.sentence, tuple(facts.items())))
            continue
        if not text:
            continue
        problems += _wrong(key, one, text)
        # what stands around a number or a name keeps its distance from it
        before = english[: len(english) - len(english.lstrip())]
        kept[key] = before + text + english[len(english.rstrip()) :]
    if problems:
        raise Invalid(problems)
    return kept


def demanded(key: str) -> str | None:
    """Return what a marking must hold in any language: the law's own words, or DRILL and DEMO."""
    if key not in MARKINGS:
        return None
    return min(layouts.letter_words()[key].values(), key=len)


def _wrong(key: str, sentence: Mapping[str, str], text: str) -> Iterator[Problem]:
    words = demanded(key)
    if words is not None and words not in text:
        yield Problem(key, KEEP, (("words", words),))
    ours, theirs = Counter(MARKUP.findall(sentence["en"])), Counter(MARKUP.findall(text))
    lost = set(NUMBER.findall(sentence["en"])) - set(NUMBER.findall(text))
    for one in [*sorted(lost), *(ours - theirs), *(theirs - ours)]:
        yield Problem(key, AS_IT_IS, (("words", one),))


def writers_since(db: Session, wording: LetterWording) -> set[int]:
    """Return who wrote anything of a version: each draft goes on from the one before it."""
    standing = in_force(db, wording.language)
    between = select(LetterWording.written_by_id).where(
        LetterWording.language == wording.language,
        LetterWording.version > (standing.version if standing else 0),
        LetterWording.version <= wording.version,
    )
    return set(db.scalars(between))
