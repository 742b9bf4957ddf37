"""What the rail leads to: each page of the store, for whom it is meant, within two clicks."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast
from webapp.create_app import create_app
from webapp.navigation import PARENTS, PARTS

Enter = Callable[..., Visitor]
WITHIN_TWO = {
    "/intake", "/intake/quality", "/intake/protected", "/gaps", "/trace", "/scan", "/scan/batch",
    "/record/receipt", "/record/inspection", "/record/return", "/record/service", "/flags",
    "/epcis", "/interfaces", "/interfaces/webhooks", "/interfaces/doors", "/interfaces/canary",
    "/interfaces/reconciliation", "/interfaces/deny-lists", "/interfaces/downtime", "/interface",
    "/tokens", "/service-accounts", "/reports", "/data-dictionary", "/data-dictionary/versions",
    "/master-data/party", "/master-data/market_authorisation",
    "/rules/what-if", "/rules/authorities",
}  # fmt: skip


class Links(HTMLParser):
    """The links of a page, those of the rail apart, and the headings of the rail."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rail: list[str] = []
        self.all: set[str] = set()
        self.keys: list[str] = []
        self.within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "nav":
            self.within = at.get("class") == "rail"
        if tag == "a":
            self.all.add(at.get("href") or "")
            if self.within:
                self.rail.append(at.get("href") or "")
                self.keys.append(at.get("data-go") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self.within = False


def test_every_page_of_the_store_is_within_two_clicks_of_the_rail(
    signed_in: Enter, people: People
) -> None:
    reached: set[str] = set()
    for person in (people.qa_manager, people.customer_service, people.warehouse):
        visitor = signed_in(person)
        rail = Links(visitor.get("/").text).rail
        reached |= set(rail)
        for address in rail:
            page = visitor.get(address, follow_redirects=True)
            assert page.status_code == 200, address
            reached |= Links(page.text).all
    assert {link.partition("?")[0] for link in reached} >= WITHIN_TWO


def test_a_key_leads_to_one_entry_only(signed_in: Enter, people: People) -> None:
    links = Links(signed_in(people.administrator).get("/").text)
    keys = [row[4] for _, _, rows in PARTS for row in rows]
    assert len(set(keys)) == len(keys)
    assert "" not in links.keys
    assert len(links.rail) == len(set(links.rail))


@pytest.mark.parametrize("entry", ["recalls", "interfaces", "intake", "cases"])
def test_what_lies_below_an_entry_shows_it_in_the_rail(holdfast: Holdfast, entry: str) -> None:
    app = create_app(holdfast)
    below = f"{app.blueprints[entry].url_prefix}/"
    rooms = {
        rule.endpoint.split(".")[0]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(below)
    }
    assert {PARENTS.get(room, room) for room in rooms if room in app.blueprints} == {entry}


def test_every_part_of_the_rail_has_its_heading(signed_in: Enter, people: People) -> None:
    page = signed_in(people.qa_manager).get("/").text
    for code, words, _ in PARTS:
        assert f'<h2 id="rail-{code}">{words}</h2>' in page
        assert f'<ul aria-labelledby="rail-{code}">' in page


@pytest.mark.parametrize(
    ("who", "first"), [("qa_manager", "/interfaces"), ("production", "/epcis")]
)
def test_the_interfaces_lead_to_the_first_page_a_person_may_open(
    signed_in: Enter, people: People, who: str, first: str
) -> None:
    visitor = signed_in(getattr(people, who))
    assert first in Links(visitor.get("/").text).rail
    page = visitor.get(first)
    assert page.status_code == 200
    strip = re.search(r'<nav class="tabs".*?</nav>', page.text, re.DOTALL)
    assert strip is not None
    for address in re.findall(r'href="([^"]+)"', strip[0]):
        opened = visitor.get(address)
        assert opened.status_code == 200, address
        assert opened.text.count('aria-current="page"') == 2, address  # the rail and the strip
