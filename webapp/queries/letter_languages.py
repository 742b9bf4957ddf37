"""The languages of letters as their pages show them: who needs which, and what there is in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.notices import wordings
from engine.cases.notices.laws import LANGUAGES, language_for
from engine.cases.notices.models import LetterWording, Notice
from engine.evidence import layouts
from engine.people import PersonAccount
from engine.serials.models import Party

RECEIVERS = ("consignee", "distributor")


@dataclass(frozen=True)
class LanguageLine:
    """One language: who needs it, who waits, and which versions of its sentences there are."""

    code: str
    consignee_count: int
    waiting_count: int
    standing: LetterWording | None
    newest: LetterWording | None

    @property
    def is_built_in(self) -> bool:
        """Say whether Holdfast has the sentences itself."""
        return self.code in LANGUAGES

    @property
    def has_draft(self) -> bool:
        """Say whether something newer than what is in force is kept."""
        return self.newest is not None and self.newest.state == "draft"


def languages(db: Session) -> list[LanguageLine]:
    """Return every language that a consignee needs or somebody has written in."""
    needed: Counter[str] = Counter()
    for country, wanted, count in db.execute(
        select(Party.country, Party.language, func.count())
        .where(Party.kind.in_(RECEIVERS))
        .group_by(Party.country, Party.language)
    ):
        needed[language_for(country, wanted)] += count
    waiting = _waiting(db)
    written: dict[str, list[LetterWording]] = {}
    for one in db.scalars(select(LetterWording).order_by(LetterWording.version)):
        written.setdefault(one.language, []).append(one)
    lines = [
        LanguageLine(
            code=code,
            consignee_count=needed[code],
            waiting_count=waiting.get(code, 0),
            standing=next((v for v in written.get(code, ()) if v.state == "in_force"), None),
            newest=written[code][-1] if code in written else None,
        )
        for code in {*LANGUAGES, *needed, *waiting, *written}
    ]
    return sorted(lines, key=lambda one: (-one.waiting_count, -one.consignee_count, one.code))


def _waiting(db: Session) -> dict[str, int]:
    """Count the notices of open recalls that cannot be written yet."""
    rows = db.execute(
        select(Notice.language, func.count())
        .join(Case, Case.id == Notice.case_id)
        .where(
            Case.state == "open",
            Notice.state == "open",
            Notice.language.not_in(wordings.spoken(db)),
        )
        .group_by(Notice.language)
    )
    return dict(rows.all())


@dataclass(frozen=True)
class Sentence:
    """One sentence of letters: by its key, as Holdfast has it, and what a marking must hold."""

    key: str
    en: str
    zh: str
    demanded: str | None

    @property
    def is_needed(self) -> bool:
        """Say whether no letter goes without it: a word between numbers may be empty."""
        return bool(self.en)


@dataclass(frozen=True)
class VersionLine:
    """One version, who wrote it, who signed it."""

    wording: LetterWording
    written_by: str
    signed_by: str
    missing_count: int


@dataclass(frozen=True)
class OneLanguage:
    """Everything the page of one language shows."""

    code: str
    sentences: Sequence[Sentence]
    versions: Sequence[VersionLine]
    waiting_count: int
    writer_ids: frozenset[int]  # of the newest version and the drafts before it

    @property
    def newest(self) -> LetterWording | None:
        """Return the newest version."""
        return self.versions[0].wording if self.versions else None


def one_language(db: Session, code: str) -> OneLanguage:
    """Return one language; raises `LanguageUnknown`."""
    wordings.refuse_unknown(db, code)
    versions = wordings.versions(db, code)
    ids = {one.written_by_id for one in versions} | {one.signed_by_id for one in versions}
    names = {
        one.id: one.printed_name
        for one in db.scalars(select(PersonAccount).where(PersonAccount.id.in_(ids)))
    }
    return OneLanguage(
        code=code,
        sentences=[
            Sentence(key, one["en"], one["zh"], wordings.demanded(key))
            for key, one in layouts.letter_words().items()
        ],
        versions=[
            VersionLine(
                one,
                names.get(one.written_by_id, ""),
                names.get(one.signed_by_id or 0, ""),
                len(wordings.missing(one.words)),
            )
            for one in versions
        ],
        waiting_count=_waiting(db).get(code, 0),
        writer_ids=frozenset(wordings.writers_since(db, versions[0]) if versions else ()),
    )
