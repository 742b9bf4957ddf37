"""Whole cases in a real browser: every step typed, pressed and signed by the person it is for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import clock
from engine.bpmn.models import Task
from engine.evidence import verify
from engine.people import Person, grants
from tests.browser.conftest import Seen
from tests.browser.hands import Answers, Hands
from tests.processes.company import Company
from tests.support.files import png
from webapp.demo.book import answers_for

Look = Callable[..., Seen]


@pytest.fixture
def company(served: tuple[str, Company]) -> Company:
    served[1].at = clock.now()
    return served[1]


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, ...]:
    paths = (tmp_path / "before.png", tmp_path / "after.png")
    for shade, path in enumerate(paths):
        path.write_bytes(png(shade))
    return paths


def grant(company: Company, person: Person, *roles: str) -> None:
    """Grant further roles, confirmed by quality, as in a small company."""
    people = company.people
    with company.holdfast.database.begin() as db:
        for role in roles:
            given = grants.grant_role(db, person.id, role, by=people.administrator, at=company.at)
            grants.confirm_role(db, given.id, by=people.management_representative, at=company.at)


def this_minute() -> Answers:
    return {"local": f"{clock.now():%Y-%m-%dT%H:%M}", "zone": "UTC"}


def book(task: Task, **own: object) -> Answers:
    return {**answers_for(task.process, task.element_id, at=clock.now()), **own}


def test_four_people_bring_a_nonconformance_from_report_to_sealed_record(
    look: Look, company: Company, photos: tuple[Path, ...], tmp_path: Path
) -> None:
    company.make_lot("S-4000", 40)
    people = company.people
    grant(company, people.second_qa_manager, "mrb_quality", "mrb_engineering")
    technician, engineer, storekeeper, manager = (
        Hands(look(person), person)
        for person in (
            people.qa_technician, people.qa_engineer, people.warehouse, people.second_qa_manager,
        )
    )  # fmt: skip

    technician.seen.open("/report")
    technician.go_on(
        {
            "source": "warehouse",
            "defect_code": "packaging",
            "description": "Pouch seal is open on three of twenty samples.",
            "suspects": {"scanned": "S-4000"},
            "hold_now": True,
            "aware_at": this_minute(),
            "aware_by": "Ren Tao, incoming inspection",
        }
    )
    technician.press("Save the report")
    number = company.number = technician.page.url.rsplit("/", 1)[1]
    assert number.startswith("NC-")
    assert company.stock_that_may_ship(company.lot_id("S-4000")) == 0

    def does(hands: Hands, element: str, **own: object) -> None:
        company.take_up_reports()
        task = company.task(element)
        hands.do(number, task.name, book(task, **own))

    does(engineer, "triage")
    does(storekeeper, "confirm_segregation", segregated={"0-counted": "40"})
    does(engineer, "investigate")
    does(engineer, "propose_disposition", lines={
        "0-type": "scrap", "0-lot": f"lot-{company.lot_id('S-4000')}", "0-quantity": "40",
        "0-justification": "The seal cannot be made again.",
    })  # fmt: skip
    does(manager, "approve_quality")
    does(manager, "approve_engineering")
    does(engineer, "decide_samples")
    does(
        storekeeper,
        "destroy_units",
        destroyed={"0-good": "40", "0-bad": "0"},
        destroyed_at=this_minute(),
        photos=photos,
    )
    does(technician, "witness_destruction", counted={"quantity": "40", "uom": "each"})
    does(manager, "verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 40}

    company.at = clock.now()
    elsewhere = ThreadPoolExecutor(1)  # as the worker does: this thread runs the browser's loop
    elsewhere.submit(company.seal_documents).result()
    manager.seen.open(f"/nonconformances/{number}/documents")
    sealed = manager.page.locator("main tr", has_text="Sealed").locator("a")
    kept = {one.kind for one in company.documents if one.state == "sealed"}
    assert "nonconformance/nonconformance_report" in kept
    assert sealed.count() == len(kept)
    for place in range(sealed.count()):
        with manager.page.expect_download() as fetched:
            sealed.nth(place).click()
        file = tmp_path / f"{place}.pdf"
        fetched.value.save_as(file)
        told = elsewhere.submit(
            verify.verify_pdf, file, database=company.holdfast.database
        ).result()
        assert told.holds, str(told)


TOO_SMALL = """fields => fields.flatMap(field => [...field.querySelectorAll(
    "button, select, textarea, summary, label.option, input:not([type=hidden])"
)]).filter(one => one.checkVisibility() && !one.closest("[aria-hidden]")
    && !(one.matches("[type=checkbox], [type=radio]") && one.closest("label.option")))
  .filter(one => one.getBoundingClientRect().height < 40)
  .map(one => one.outerHTML.slice(0, 90))"""


def test_gloves_and_a_scanner_are_enough_to_segregate_and_to_destroy(
    look: Look, company: Company
) -> None:
    serials = [f"SCN-{n:02d}" for n in range(4)]
    company.make_devices("SENS-90", serials)
    company.make_lot("S-4200", 6)
    company.report("SENS-90\nS-4200")
    company.do("triage")
    person = company.people.warehouse
    storekeeper = Hands(look(person, width=390), person)
    page, keys = storekeeper.page, storekeeper.page.keyboard

    def scan(box: str, *scans: str) -> None:
        page.locator(box).click()
        for one in scans:
            keys.type(one)
            keys.press("Enter")

    def fits(element: str) -> None:
        storekeeper.seen.open(f"/tasks/{company.task(element).id}")
        assert storekeeper.seen.overflow == 0
        assert page.eval_on_selector_all("#form", TOO_SMALL) == []

    fits("confirm_segregation")
    stays_at = page.url
    scan("[name=segregated-scanned]", *serials)
    assert page.locator("[data-scan-count]").inner_text() == "4 scanned"
    # Enter after a count goes on to the next
    scan("[name=segregated-0-counted]", *page.locator("[data-expected]").all_inner_texts())
    assert page.url == stays_at
    storekeeper.go_on({"done": ["moved", "tagged", "lines_checked"]})
    storekeeper.finish()
    company.do("investigate")
    company.propose({"type": "scrap", "units": "\n".join(serials), "justification": "Cracked"})
    company.do("decide_samples")

    fits("destroy_units")
    scan("[name=destroyed-good]", *serials[:3])
    assert "Destroyed 3" in page.locator("[data-judged]").inner_text()
    page.locator("[name=destroyed-rest]").check()
    assert "Not found or not destroyed 1" in page.locator("[data-judged]").inner_text()


def test_the_warehouse_works_on_a_phone_in_chinese(look: Look, company: Company) -> None:
    lot_id = company.make_lot("S-4100", 12)
    company.report("S-4100", language="zh")
    company.do("triage")
    storekeeper = Hands(
        look(company.people.warehouse, language="zh", width=390), company.people.warehouse
    )
    page, seen = storekeeper.page, storekeeper.seen

    def passes() -> None:
        seen.settle()
        assert page.get_attribute("html", "lang") == "zh-Hans"
        assert seen.overflow == 0, page.url
        assert seen.axe() == [], page.url

    seen.open("/")
    passes()
    seen.open(f"/tasks/{company.task('confirm_segregation').id}")
    storekeeper.press("认领")
    assert company.task("confirm_segregation").claimed_by_id == company.people.warehouse.id
    passes()
    assert page.locator("#form .foot button.primary").bounding_box()["height"] >= 40  # a thumb
    counted = {"segregated": {"0-counted": "12"}}
    storekeeper.go_on({**counted, "done": ["moved", "tagged", "lines_checked"]})
    passes()
    storekeeper.finish()
    passes()
    assert company.waiting_at == {"investigate"}
    seen.open(f"/units-and-lots/lots/{lot_id}")
    passes()
