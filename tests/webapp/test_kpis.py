"""Key figures as people see them: each opens its rows and its definition, and takes a reason."""

import re
from collections.abc import Callable
from datetime import timedelta

from engine.cases.kpis.found import kpis
from engine.clock import now
from tests.engine.cases.test_kpis import Made
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast

Enter = Callable[..., Visitor]
SALES = {
    "name": "net_sales", "net_sales_value": "250000", "net_sales_currency": "EUR",
    "net_sales_from_on": "2026-02", "net_sales_reason": "Finance, closed month.",
}  # fmt: skip


def lay(holdfast: Holdfast) -> str:
    """Close two cases within the last ten days, one of them with a cost."""
    with holdfast.database.begin() as db:
        made = Made(db)
        opened = now() - timedelta(days=9)
        numbers = [made.case(opened=opened, days=days).number for days in (2, 4)]
    return numbers[0]


def test_every_number_opens_its_rows_and_its_definition(
    holdfast: Holdfast, people: People, signed_in: Enter
) -> None:
    number = lay(holdfast)
    reader = signed_in(people.auditor)
    page = reader.get("/key-figures?days=30").text
    assert "No submissions recorded yet" in page
    assert "None" not in re.sub(r"<[^>]*>", " ", page)
    links = set(re.findall(r'href="(/key-figures/[a-z_]+\?days=30)#rows"', page))
    assert links == {f"/key-figures/{code}?days=30" for code in kpis()}
    for link in links:
        one = reader.get(link)
        assert one.status_code == 200, link
        assert 'id="definition"' in one.text

    rows = reader.get("/key-figures/ncr_cycle_time?days=30").text
    assert "3 d" in rows  # of 2 and 4 days
    assert number in rows
    said = reader.get("/key-figures/ncr_cycle_time/file/csv?days=30").get_data(as_text=True)
    assert said.splitlines()[0].endswith('"Took, or age (seconds)"')
    assert f"{number},x,Closed," in said
    assert f",{2 * 86_400}" in said
    assert reader.get(f"/key-figures?days={'9' * 5_000}").status_code == 200
    long_ago = reader.get("/key-figures/ncr_cycle_time?from=2026-01-01&to=2026-01-31").text
    assert number not in long_ago


def test_a_chinese_reader_reads_chinese(
    holdfast: Holdfast, people: People, signed_in: Enter
) -> None:
    lay(holdfast)
    reader = signed_in(people.qa_engineer)
    reader.client.set_cookie("language", "zh")
    page = reader.get("/key-figures/ncr_cycle_time?days=30").text
    assert "不合格处理周期" in page
    assert "中位数" in page


def test_what_figures_are_held_against_is_set_with_a_reason(
    people: People, signed_in: Enter
) -> None:
    manager = signed_in(people.qa_manager)
    page = manager.get("/key-figures/settings").text
    assert page.count('id="net_sales_value"') + page.count('id="field-net_sales_value"') == 1
    wrong = manager.post("/key-figures/settings", {**SALES, "net_sales_reason": " "})
    assert wrong.status_code == 422
    assert 'href="#field-net_sales_reason"' in wrong.text
    assert manager.post("/key-figures/settings", SALES).status_code == 303
    before = {"name": "baseline", "baseline_key": "overdue_rate", "baseline_value": "45"}
    for impossible in ("-5", "101"):
        more = {"baseline_value": impossible, "baseline_reason": "Counted by hand."}
        assert manager.post("/key-figures/settings", {**before, **more}).status_code == 422
    told = {**before, "baseline_reason": "Counted by hand.", "request_key": "key-of-this-form-2"}
    assert manager.post("/key-figures/settings", told).status_code == 303

    assert "250,000 EUR" in manager.get("/key-figures/settings").text
    one = manager.get("/key-figures/overdue_rate").text
    assert "45 %" in one
    assert "Counted by hand." in one
    assert "No task was due in this time" in one
