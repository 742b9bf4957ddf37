"""Stories of letter languages: the sentences of letters, translated, signed by another, sent."""

from collections.abc import Mapping

import pytest
from sqlalchemy import select

from engine.cases.models import Case
from engine.cases.notices import proof, putting_in_force, texts, wordings
from engine.cases.notices.models import LetterWording, NoticeLetter, NoticeText
from engine.cases.signing import Signing
from engine.errors import Invalid, NotAllowed
from engine.evidence import ceremony, layouts
from engine.evidence.ledger import LedgerEntry
from engine.people import Person
from tests.processes.company import Company
from tests.processes.noticing import Notices
from tests.support.personas import PASSWORD

GERMAN = {
    "eu_urgent": "Urgent FIELD SAFETY NOTICE Dringende Sicherheitsanweisung",
    "eu_problem": "Beschreibung des Problems und des Risikos",
    "letter_list": "Betroffene Geräte, die wir Ihnen geliefert haben",
    "page_before": "Seite",
}


@pytest.fixture
def notices(company: Company) -> Notices:
    return Notices(company)


def translated(**changed: str) -> dict[str, str]:
    """Return a whole translation: real where a test looks, else the English words, marked."""
    whole = {
        key: one["en"] if wordings.demanded(key) else f"de {one['en']}"
        for key, one in layouts.letter_words().items()
        if one["en"]
    }
    return whole | GERMAN | changed


def write(company: Company, words: Mapping[str, str], *, by: Person, after: int = 0) -> int:
    with company.holdfast.database.begin() as db:
        return wordings.write(
            db, "de", words, after=after, by=by, at=company.at, key=company.new_key()
        ).version


def put_in_force(company: Company, version: int, *, by: Person) -> None:
    session = f"session-{by.id}"
    with company.holdfast.database.begin() as db:
        pending = putting_in_force.open_signing(
            db, "de", version, by=by, session_id=session, at=company.at
        )
        needs_name = ceremony.needs_user_name(db, session, company.at)
    signing = Signing(pending.nonce, PASSWORD, session, by.user_name if needs_name else None)
    with company.holdfast.database.begin() as db:
        putting_in_force.put_in_force(
            db, "de", version, signing, by=by, at=company.at, key=company.new_key()
        )


def word_for_word(company: Company, text: NoticeText) -> str:
    return company.reads(
        lambda db: proof.word_for_word(
            db, db.get_one(Case, text.case_id), db.get_one(NoticeText, text.id), at=company.at
        )
    )


def test_a_hospital_in_germany_is_told_in_german_once_another_signed_its_sentences(
    company: Company, notices: Notices
) -> None:
    notices.open({"ALSTER": ["P-1"]})
    assert notices.all(NoticeText) == []
    version = write(company, translated(), by=company.people.customer_service)
    put_in_force(company, version, by=company.people.regulatory_affairs)

    [text] = notices.all(NoticeText)
    assert (text.jurisdiction, text.language, text.state) == ("EU", "de", "draft")
    notices.approve()
    [letter] = notices.all(NoticeLetter)
    assert (letter.state, notices.of("ALSTER").state) == ("stored", "sent")
    [text], [wording] = notices.all(NoticeText), notices.all(LetterWording)
    said = word_for_word(company, text)
    for key in ("eu_urgent", "eu_problem", "letter_list"):
        assert GERMAN[key] in said
    assert layouts.letter_words()["eu_told"]["en"] not in said.replace("de The relevant", "")
    entries = company.reads(
        lambda db: {
            one.action: one.content
            for one in db.scalars(select(LedgerEntry).order_by(LedgerEntry.id))
        }
    )
    for action in ("letter_wording_in_force", "notice_text_approved", "letters_stored"):
        assert wording.sha256 in entries[action]


def test_a_text_keeps_the_sentences_it_was_approved_with(
    company: Company, notices: Notices
) -> None:
    people = company.people
    notices.open({"ALSTER": ["P-1"]})
    put_in_force(company, write(company, translated(), by=people.customer_service),
                 by=people.regulatory_affairs)  # fmt: skip
    notices.approve()
    [approved] = notices.all(NoticeText)
    before = word_for_word(company, approved)
    other = translated(eu_problem="Was geschah, und welches Risiko besteht")
    put_in_force(company, write(company, other, by=people.customer_service, after=1),
                 by=people.qa_manager)  # fmt: skip
    assert word_for_word(company, approved) == before
    assert [one.state for one in notices.all(LetterWording)] == ["withdrawn", "in_force"]

    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, approved.case_id)
        texts.open_text(db, case, "EU", "de", by=people.regulatory_affairs, at=company.at)
    company.do("draft_text")
    assert "Was geschah" in word_for_word(company, notices.all(NoticeText)[-1])


def test_nobody_puts_sentences_in_force_that_they_wrote_any_of(company: Company) -> None:
    people = company.people
    author = people.regulatory_affairs
    write(company, translated(), by=author)
    with pytest.raises(putting_in_force.OwnWords):
        put_in_force(company, 1, by=author)
    write(company, translated(eu_problem="Das Problem"), by=people.customer_service, after=1)
    with pytest.raises(putting_in_force.OwnWords):
        put_in_force(company, 2, by=author)
    with pytest.raises(NotAllowed):
        put_in_force(company, 2, by=people.qa_engineer)
    with pytest.raises(putting_in_force.NotTheNewest):
        put_in_force(company, 1, by=people.qa_manager)
    put_in_force(company, 2, by=people.qa_manager)


def test_nothing_with_a_sentence_missing_is_put_in_force(company: Company) -> None:
    people = company.people
    for key, spoilt in (("us_cease", ""), ("eu_told", "\u00ad")):
        after = company.reads(lambda db: len(wordings.versions(db, "de")))
        version = write(company, translated(**{key: spoilt}), by=people.customer_service,
                        after=after)  # fmt: skip
        with pytest.raises(Invalid) as refused:
            put_in_force(company, version, by=people.regulatory_affairs)
        assert [one.at for one in refused.value.problems] == [key]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("us_urgent_recall", "DRINGEND: RÜCKRUF"),
        ("eu_urgent", "Dringende Sicherheitsanweisung"),
        ("cn_law", "Nach den Maßnahmen der CFDA."),
        ("contact", "Fragen: <b>{{ record }}</b>"),
        ("us_cease", "x" * 601),
    ],
)
def test_a_translation_keeps_the_words_and_numbers_of_the_law(
    company: Company, key: str, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        write(company, translated(**{key: words}), by=company.people.customer_service)
    assert {one.at for one in refused.value.problems} == {key}


def test_who_wrote_meanwhile_is_not_written_over(company: Company) -> None:
    by = company.people.customer_service
    write(company, translated(), by=by)
    with pytest.raises(wordings.WordingChanged):
        write(company, translated(eu_problem="Das Problem"), by=by)
    with pytest.raises(wordings.LanguageUnknown), company.holdfast.database.begin() as db:
        wordings.write(db, "xx", {}, after=0, by=by, at=company.at, key="unknown-language")
