"""The hospital's page in a real browser: without script from letter to receipt, and looked at."""

import json
from collections.abc import Iterator

import pytest
import segno
from flask import Flask
from playwright.sync_api import Browser, Page

from engine import clock
from tests.browser.conftest import Seen
from tests.processes.answering import Hospital, notify
from tests.processes.company import Company

Served = tuple[str, Company]


def sent_to(served: Served, code: str, **more: object) -> tuple[str, Hospital]:
    """Notify a hospital of the served company; return the address in its letter."""
    address, company = served
    company.at = clock.now()
    company.number = "NC-2026-0001" if not company.number else company.number
    hospital = notify(company, Flask("nobody"), code, **more)  # type: ignore[arg-type]  # whatever `notify` takes
    return f"{address}/n/{hospital.token}", hospital


@pytest.fixture
def page_without_script(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


def test_a_hospital_answers_on_a_telephone_without_script(
    served: Served, page_without_script: Page
) -> None:
    address, hospital = sent_to(served, "HB1")
    page = page_without_script
    page.goto(address)
    page.get_by_role("link", name="Answer now").click()
    page.get_by_role("button", name="Check my answers").click()
    assert "There is a problem" in page.content()
    page.get_by_label(hospital.serials[0]).select_option("used")
    page.get_by_label("All 3 of them").select_option("quarantined")
    page.get_by_label("Quarantine them.").check()
    page.get_by_label("Your name").fill("R. Shaw")
    page.get_by_label("Your function").fill("Pharmacist")
    page.get_by_role("button", name="Check my answers").click()
    assert "Nothing is sent yet." in page.content()
    page.get_by_role("button", name="Send this answer").click()
    [reply] = hospital.replies
    assert reply.number in page.content()
    assert hospital.account(0) == "used"
    assert hospital.account(1) == "confirmed_at_consignee"
    assert page.context.cookies() == []


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("en", 390, "dark"), ("zh", 1440, "light")]
)
def test_every_page_of_a_link_can_be_read_by_everyone(
    served: Served, chromium: Browser, language: str, width: int, scheme: str
) -> None:
    address, hospital = sent_to(served, f"HB{width}", quantity=4, is_distributor=True,
                                language=language)  # fmt: skip
    context = chromium.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
        is_mobile=width < 600,  # type: ignore[arg-type]  # the sizes are those of a screen
    )
    seen = Seen(context.new_page(), address)
    for path in ("", "/list", "/reply", "/pass-on", "/customers"):
        assert seen.open(path) == 200
        assert seen.axe() == [], path
        assert seen.overflow <= 0, path
        assert seen.said == [], path
    hospital.company.at = clock.now()
    context.close()


# a camera that sees one code after the other, drawn on a canvas
CAMERA = """
window.seen = 0;
navigator.mediaDevices.getUserMedia = async () => {
  const sheet = document.createElement("canvas");
  sheet.width = sheet.height = 480;
  const pen = sheet.getContext("2d");
  setInterval(() => {
    const code = CODES[window.seen], side = Math.floor(400 / code.length);
    pen.fillStyle = "white";
    pen.fillRect(0, 0, 480, 480);
    pen.fillStyle = "black";
    code.forEach((row, y) => row.forEach((dark, x) => {
      if (dark) pen.fillRect(40 + x * side, 40 + y * side, side, side);
    }));
  }, 50);
  return sheet.captureStream(20);
};
"""


def test_a_hospital_scans_with_the_camera_and_is_told_at_once_what_is_not_listed(
    served: Served, chromium: Browser
) -> None:
    address, hospital = sent_to(served, "HB9")
    serial = hospital.serials[1]
    codes = [[list(row) for row in segno.make(text, micro=False).matrix] for text in (serial, "X9")]
    with chromium.new_context(viewport={"width": 390, "height": 844}) as context:
        context.add_init_script(f"const CODES = {json.dumps(codes)};{CAMERA}")
        page, errors = context.new_page(), list[str]()
        page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        page.goto(f"{address}/reply")
        page.get_by_role("button", name="Scan with the camera").click()
        page.get_by_label("What became of what you scan now?").select_option("used")
        page.get_by_role("button", name="Scan with the camera").click()
        page.get_by_text("On your list", exact=False).first.wait_for()
        page.evaluate("window.seen = 1")
        page.locator("#looked-at .warning").wait_for()
        assert "Not on your list" in page.locator("#looked-at .warning").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Take them into my answer").click()
        assert page.locator("[id='list.used']").input_value() == f"{serial}\nX9"
        assert errors == []
        assert context.cookies() == []
