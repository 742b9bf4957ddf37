"""Every page in a real browser: accessible, within its policy, its width and its budget."""

from collections.abc import Callable, Mapping

import pytest

from engine import clock
from tests.browser.conftest import Seen
from tests.processes.company import Company
from tests.support.personas import PASSWORD

Look = Callable[..., Seen]
CASE = "/nonconformances/NC-2026-0001"
EVENT = "/reported-events/RE-2026-0001"
PAGES = {
    "tasks": "/",
    "approvals": "/approvals",
    "nothing_found": "/nonconformances?state=void",
    "cases": "/nonconformances",
    "case": CASE,
    "units_of_a_case": f"{CASE}/units",
    "answers": f"{CASE}/answers",
    "documents": f"{CASE}/documents",
    "history": f"{CASE}/history",
    "paper": f"{CASE}/print",
    "void": f"{CASE}/void",
    "report": "/report",
    "events_of_a_case": f"{CASE}/reported-events",
    "reported_events": "/reported-events",
    "reported_event": EVENT,
    "reported_event_to_correct": f"{EVENT}/correct",
    "holds": "/holds",
    "holds_narrowed": "/holds?age=week&case=NC-2026-0001&sort=newest",
    "holds_of_no_case": "/holds?case=NC-1999-0001",
    "holds_nowhere": "/holds?place=2",
    "holds_released": "/holds?state=released",
    "tags": "/holds/tags/NC-2026-0001",
    "tags_of_some": "/holds/tags?hold=1",
    "tags_of_none": "/holds/tags",
    "units": "/units-and-lots",
    "lots": "/units-and-lots?kind=lot",
    "units_narrowed": "/units-and-lots?begins=PMP&place=TARN&custody=in_house&held=no",
    "units_that_do_not_fit": "/units-and-lots?begins=pmp-0001&part=X&place=X&held=yes",
    "unit": "/units-and-lots/units/1",
    "lot": "/units-and-lots/lots/1",
    "lot_of_a_component": "/units-and-lots/lots/2",
    "search": "/search?q=PMP",
    "search_of_everything": "/search?q=S",
    "search_for_nothing": "/search",
    "search_in_small_letters": "/search?q=pmp-0001",
    "search_of_a_label": "/search?q=(01)07032069804987(21)1",
    "search_of_several": "/search?q=PMP-0001%20PMP-9999",
    "search_too_long": "/search?q=" + "X" * 300,
    "search_in_chinese": "/search?q=" + "%E6%89%B9%E5%8F%B7" * 12,
    "scan": "/scan",
    "scan_of_a_unit": "/scan?q=PMP-0001",
    "scan_of_nothing_known": "/scan?q=(01)07032069804988(21)1",
    "batch_of_scans": "/scan/batch",
    "partners_documents": "/epcis",
    "label": "/labels/units/1?copies=2",
    "dictionary": "/data-dictionary",
    "dictionary_searched": "/data-dictionary?q=MATNR",
    "dictionary_that_says_nothing": "/data-dictionary?q=nothingness",
    "dictionary_versions": "/data-dictionary/versions",
    "dictionary_version": "/data-dictionary/versions/1",
    "obligations": "/obligations",
    "rules": "/rules",
    "authorities": "/rules/authorities",
    "rules_what_if": "/rules/what-if?country=CN&fact=decision&moment=2026-09-29T16:40",
    "parties": "/master-data/party",
    "parties_narrowed": "/master-data/party?of=consignee&q=zz",
    "agreements": "/master-data/supplier_agreement",
    "authorisations": "/master-data/market_authorisation",
    "contacts": "/master-data/contact",
    "contact_to_name": "/master-data/contact/new?party=TARN",
    "party": "/master-data/party/1",
    "part": "/master-data/part/1",
    "party_to_describe": "/master-data/party/new",
    "part_to_change": "/master-data/part/1/change",
    "reports": "/reports",
    "report_to_make": "/reports/new/stock?columns=quantity&groups=location",
    "trace": "/trace",
    "gaps": "/gaps",
    "made_of_unit": "/trace/made-of/unit/1",
    "people": "/people",
    "person": "/people/3",
    "review": "/people/review",
    "profile": "/profile",
    "devices": "/profile/sessions",
    "password": "/profile/password",
    "tokens": "/tokens",
    "interface": "/interface",
    "service_accounts": "/service-accounts",
    "ops": "/process-ops",
    "version": "/process-ops/definitions/1",
    "mail": "/mail-folder",
    "interfaces": "/interfaces",
    "interfaces_that_fail": "/interfaces?failed=yes",
    "canary": "/interfaces/canary",
    "downtime": "/interfaces/downtime",
    "webhooks": "/interfaces/webhooks",
    "doors": "/interfaces/doors",
    "deny_list": "/interfaces/deny-lists",
    "comparisons": "/interfaces/reconciliation",
    "comparison_to_make": "/interfaces/reconciliation/new?compares=as_built&system=mes",
    "record": "/record",
    "intake": "/intake",
    "quality_of_data": "/intake/quality",
    "cases_of_old_systems": "/migrated-cases",
    "deliveries": "/interfaces/webhooks/deliveries",
    "dead_letters": "/interfaces/webhooks/deliveries?state=dead",
    "letter_languages": "/letter-languages",
    "letters_in_german": "/letter-languages/de",
    "keyboard": "/keyboard",
}
EMPTY = [
    "/", "/approvals", "/nonconformances", "/holds", "/holds?state=released", "/units-and-lots",
    "/reported-events",
    "/units-and-lots?kind=lot", "/search?q=nothing",
    "/data-dictionary/versions", "/master-data/part", "/reports",
    "/people/review", "/process-ops", "/mail-folder", "/report",
]  # fmt: skip
ERRORS = {
    "/nonconformances/NC-1999-0001": 404,
    "/nowhere": 404,
    "/people/new": 403,
    "/breaks": 500,
}
# so that every language, theme and width is seen; the rest is for `make stress`
LOOKS = [("en", "light", 1440), ("zh", "dark", 390)]
OTHER_LOOKS = [
    (tongue, theme, width)
    for tongue in ("en", "zh")
    for theme in ("light", "dark")
    for width in (1440, 390)
    if (tongue, theme, width) not in LOOKS
]
LIST_BYTES, LIST_REQUESTS, CASE_BYTES = 60_000, 8, 140_000


def faults(seen: Seen, *, expected: int = 200) -> list[object]:
    """Return what is wrong with the page that is open: axe, console and policy, overflow."""
    # Chromium reports the page itself when its status is an error
    said = [one for one in seen.said if expected == 200 or f"{expected}" not in one]
    return [*seen.axe(), *said, *([seen.overflow] if seen.overflow else [])]


def faults_of(seen: Seen, pages: Mapping[str, int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for path, expected in pages.items():
        status = seen.open(path)
        wrong = faults(seen, expected=expected)
        if status != expected or wrong:
            found[path] = (status, wrong)
    return found


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_every_page_passes_in_one_of_two_looks(
    look: Look, served: tuple[str, Company], language: str, theme: str, width: int
) -> None:
    seen = look(served[1].people.qa_manager, language=language, theme=theme, width=width)
    turn = LOOKS.index((language, theme, width))
    pages = list(PAGES.values())[turn :: len(LOOKS)]
    assert faults_of(seen, {**dict.fromkeys(pages, 200), **ERRORS}) == {}


@pytest.mark.stress
@pytest.mark.parametrize(("language", "theme", "width"), [*LOOKS, *OTHER_LOOKS])
def test_every_page_passes_in_every_look(
    look: Look, served: tuple[str, Company], language: str, theme: str, width: int
) -> None:
    seen = look(served[1].people.qa_manager, language=language, theme=theme, width=width)
    assert faults_of(seen, {**dict.fromkeys(PAGES.values(), 200), **ERRORS}) == {}


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_a_page_passes_where_nothing_has_happened_yet(
    look: Look, served_empty: tuple[str, Company], language: str, theme: str, width: int
) -> None:
    address, company = served_empty
    seen = look(
        company.people.qa_manager, language=language, theme=theme, width=width, address=address
    )
    assert faults_of(seen, dict.fromkeys(EMPTY, 200)) == {}


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_a_task_that_is_done_or_a_link_that_is_over_passes(
    look: Look, served: tuple[str, Company], language: str, theme: str, width: int
) -> None:
    _, company = served
    company.at = clock.now()
    company.report("S-0001", hold_now=False)
    task = company.task("triage")
    seen = look(company.people.qa_engineer, language=language, theme=theme, width=width)
    assert faults_of(seen, {f"/tasks/{task.id}": 200, f"/tasks/{task.id}/sign/none": 410}) == {}

    seen.open(f"/tasks/{task.id}")
    company.do("triage", by=company.people.second_qa_engineer)
    seen.said.clear()
    with seen.page.expect_navigation():
        seen.page.locator("main form[action$='/claim'] button").click()
    seen.settle()
    assert "Sun Peng" in seen.page.inner_text("main")
    assert faults(seen, expected=409) == []
    assert faults_of(seen, {f"/tasks/{task.id}": 200, f"/tasks/{task.id}/receipt": 200}) == {}


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_door_passes_before_and_after_too_many_tries(
    look: Look, served: tuple[str, Company], language: str, theme: str, width: int
) -> None:
    seen = look(None, language=language, theme=theme, width=width)
    assert faults_of(seen, {"/sign-in": 200}) == {}
    answers = []
    for _ in range(5):
        seen.said.clear()
        seen.page.fill("[name=user_name]", f"stranger.{language}")
        seen.page.fill("[name=password]", PASSWORD)
        with seen.page.expect_navigation() as answered:
            seen.page.click("main button")
        answers.append(answered.value.status)
    seen.settle()
    assert answers[0] == 422
    assert answers[-1] == 429
    assert faults(seen, expected=429) == []


@pytest.mark.parametrize(
    "path",
    ["/", "/nonconformances", "/holds", "/units-and-lots", "/search?q=PMP", "/report", "/profile"],
)
def test_a_list_or_form_stays_within_its_budget(
    look: Look, served: tuple[str, Company], path: str
) -> None:
    seen = look(served[1].people.qa_manager)
    seen.open(path)
    assert sum(size for _, size in seen.fetched) <= LIST_BYTES, seen.fetched
    assert len(seen.fetched) <= LIST_REQUESTS, [url for url, _ in seen.fetched]


def test_the_case_page_stays_within_its_budget(look: Look, served: tuple[str, Company]) -> None:
    seen = look(served[1].people.qa_manager)
    seen.open(CASE)
    assert sum(size for _, size in seen.fetched) <= CASE_BYTES, seen.fetched
