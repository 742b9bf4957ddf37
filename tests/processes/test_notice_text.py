"""Stories of notice texts: written, verified, approved, amended."""

from dataclasses import replace

import pytest

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases.models import Case
from engine.cases.notices import texts
from engine.cases.notices.models import LetterRun, NoticeLetter, NoticeText
from engine.errors import Invalid
from tests.processes.company import Company
from tests.processes.noticing import Notices


@pytest.fixture
def notices(company: Company) -> Notices:
    return Notices(company)


def test_nobody_approves_words_of_their_own_and_nothing_in_them_sells(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1"]})
    with pytest.raises(Invalid) as refused:
        company.do("draft_text", handling="Ask us for our special offer on the new model.")
    assert [one.at for one in refused.value.problems] == ["handling"]

    author = company.people.qa_engineer
    both = replace(author, roles=author.roles | {"regulatory_affairs", "medical_reviewer"})
    company.do("draft_text", by=both)
    for element in ("approve_text_regulatory", "approve_text_medical"):
        with pytest.raises(DoneByTheSamePerson):
            company.do(element, by=both)
    company.do("approve_text_regulatory")
    company.do("approve_text_medical", decision="reject", reason="The risk is understated.")
    assert "draft_text" in company.waiting_at
    assert [one.state for one in notices.all(NoticeText)] == ["draft"]


def test_a_translation_is_verified_by_someone_who_did_not_write_it(
    company: Company, notices: Notices
) -> None:
    notices.open({"RENHE": ["P-1"]})
    company.do("draft_text")
    writer = company.people.qa_engineer
    both = replace(writer, roles=writer.roles | {"regulatory_affairs"})
    with pytest.raises(DoneByTheSamePerson):
        company.do("verify_translation", by=both)
    company.do("verify_translation", verdict="wrong", reason="“May” is missing in the risk.")
    assert "draft_text" in company.waiting_at


def test_an_amended_text_goes_to_everyone_who_had_the_one_before(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1"]})
    notices.approve()
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        by = company.people.regulatory_affairs
        texts.open_text(db, case, "US", "en", by=by, at=company.at)
    notices.approve()
    first, second = notices.all(NoticeLetter)
    assert second.supersedes_id == first.id
    assert [one.state for one in notices.all(NoticeText)] == ["withdrawn", "approved"]
    assert [one.kind for one in notices.all(LetterRun)] == ["notice", "amendment"]
