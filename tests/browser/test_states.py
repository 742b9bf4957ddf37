"""The states of pages that no address alone leads to: signing, handing over, taking in, paper."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import clock
from tests.browser.conftest import Seen
from tests.browser.hands import Answers, Hands
from tests.browser.test_pages import CASE, LOOKS, faults
from tests.processes.company import Company
from webapp.demo.book import answers_for

Look = Callable[..., Seen]
SCREENED = {"outcome": "not_a_nonconformance", "rationale": "The limit is met."}


@pytest.fixture
def company(served: tuple[str, Company]) -> Company:
    served[1].at = clock.now()
    return served[1]


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_voiding_and_reopening_pass_from_reason_to_signature(
    look: Look, company: Company, language: str, theme: str, width: int
) -> None:
    lots = [f"{name}-{language}-{width}" for name in ("V", "W")]
    for lot in lots:
        company.make_lot(lot, 40)  # nothing of it has left: it can be void
    opened = company.report(lots[0], hold_now=False)
    company.report(lots[1], hold_now=False)
    company.do("triage", **SCREENED)
    company.do("confirm_screening")
    assert company.case.state == "closed"
    seen = look(company.people.qa_manager, language=language, theme=theme, width=width)
    for number, act in ((opened, "void"), (company.number, "reopen")):
        assert seen.open(f"/nonconformances/{number}/{act}") == 200
        assert faults(seen) == [], act
        sent(seen, "main form .foot button")  # without a reason
        assert faults(seen, expected=422) == [], act
        seen.page.fill("[name=reason]", "It was opened for the wrong lot. " * 8)
        sent(seen, "main form .foot button")
        assert f"/{act}/sign/" in seen.page.url
        assert faults(seen) == [], act
        seen.page.fill("[name=password]", "not the password at all")
        sent(seen, ".ceremony form button:not([type=button])")
        assert faults(seen, expected=422) == [], act


def sent(seen: Seen, button: str) -> None:
    seen.said.clear()
    with seen.page.expect_navigation():
        seen.page.locator(button).last.click()
    seen.settle()


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_releasing_what_was_held_passes_from_form_to_receipt(
    look: Look, company: Company, language: str, theme: str, width: int
) -> None:
    lot = f"R-{language}-{width}"
    company.make_lot(lot, 40)
    company.to_disposition(lot)
    company.propose(company.line("use_as_is", lot=lot, quantity=40))
    company.do("confirm_concession")
    for element in ("authorise_release", "remove_tags"):
        task = company.task(element)
        person = getattr(company.people, task.role)
        hands = Hands(look(person, language=language, theme=theme, width=width), person)
        hands.seen.open(f"/tasks/{task.id}")
        assert faults(hands.seen) == [], element
        hands.go_on(book(company, element))
        assert faults(hands.seen) == [], element
        hands.finish()
        assert faults(hands.seen) == [], element


def book(company: Company, element: str) -> Answers:
    task = company.task(element)
    return answers_for(task.process, element, at=clock.now())


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_handing_a_task_over_passes_with_its_problems(
    look: Look, company: Company, language: str, theme: str, width: int
) -> None:
    company.report("S-0001", hold_now=False)
    seen = look(company.people.qa_manager, language=language, theme=theme, width=width)
    assert seen.open(f"/tasks/{company.task('triage').id}/hand-over") == 200
    assert faults(seen) == []
    sent(seen, "main form .foot button")
    assert faults(seen, expected=422) == []


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_taking_in_a_file_passes_from_the_mapping_to_the_quarantine(
    look: Look, company: Company, tmp_path: Path, language: str, theme: str, width: int
) -> None:
    seen = look(company.people.qa_engineer, language=language, theme=theme, width=width)
    assert seen.open("/intake") == 200
    assert faults(seen) == []
    code = f"C-{language}-{width}"
    text = (
        f"Nr,name,kind,country\n{code},St Mary of the Long Name at the Sea,consignee,GB\n"
        f"{code}-2,,consignee,GB\n{code}-3,Klinik Nord,ward,Germany\n"
    )
    sent(seen, "main form button")  # no file
    assert faults(seen, expected=422) == []
    (tmp_path / "parties.csv").write_text(text)
    seen.page.select_option("[name=kind]", "parties")
    seen.page.set_input_files("[name=file]", tmp_path / "parties.csv")
    sent(seen, "main form button")
    assert faults(seen) == []
    seen.page.select_option("[name=column-0]", "")
    sent(seen, "button[name=do][value=check]")  # a required column is missing
    assert faults(seen, expected=422) == []
    seen.page.select_option("[name=column-0]", "code")
    sent(seen, "button[name=do][value=check]")
    assert faults(seen) == []
    address = seen.page.url
    sent(seen, "form[action$='/load'] button")
    assert faults(seen) == []
    sent(seen, "form[action$='/take-back'] button")  # without a reason
    assert faults(seen, expected=422) == []
    assert seen.open(address.split("/", 3)[3].join(("/", "/quarantine"))) == 200
    assert faults(seen) == []
    seen.page.fill("[name=cell-3-name]", "Klinik Süd")
    sent(seen, "button[name=do][value=rerun]")
    assert faults(seen) == []
    for path in ("/intake", "/intake/quality", "/intake/protected"):
        assert seen.open(path) == 200
        assert faults(seen) == [], path


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "path", [f"{CASE}/print", "/holds/tags/NC-2026-0001", "/holds", "/units-and-lots/lots/1"]
)
def test_what_is_printed_passes_on_paper(
    look: Look, company: Company, path: str, language: str
) -> None:
    seen = look(company.people.qa_manager, language=language, width=794)  # A4 at 96 dots an inch
    seen.page.emulate_media(media="print")
    assert seen.open(path) == 200
    assert faults(seen) == []


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_what_is_typed_is_listed_without_leaving_the_page(
    look: Look, company: Company, language: str, theme: str, width: int
) -> None:
    seen = look(company.people.qa_engineer, language=language, theme=theme, width=width)
    for path, part, box in (("/search", "#found", "main #q"), ("/units-and-lots", "#list", "#q")):
        seen.open(path)
        seen.page.locator(box).last.press_sequentially("PMP-000")
        seen.page.locator(part, has_text="PMP-0005").wait_for()
        seen.settle()
        assert seen.page.url.endswith(path)
        assert faults(seen) == []
        seen.page.locator(box).last.fill("PMP-0003")
        with seen.page.expect_navigation():
            seen.page.locator(box).last.press("Enter")
        assert "/units-and-lots/units/" in seen.page.url


def test_what_was_not_found_is_reported_as_unidentified(look: Look, company: Company) -> None:
    seen = look(company.people.inspector)
    seen.open("/search?q=NO-SUCH-1")
    with seen.page.expect_navigation():
        seen.page.locator("main a[href*='unidentified']").click()
    assert seen.page.input_value("#field-suspects-0-description") == "NO-SUCH-1"
