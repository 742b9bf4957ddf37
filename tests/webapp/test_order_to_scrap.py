"""One pump from the order of its parts to its destruction, told by the systems that saw it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask

from engine.people import Person
from tests.support.personas import People
from tests.webapp.interface import Caller, caller
from webapp.compose import Holdfast

CARTON, PALLET = "376130321109103420", "376130321109103444"
PUMP = {"part_no": "PUMP", "serial": "SN-1"}
# what is told of the pump itself, in order; and of the board that was in it from the beginning
LIFE = [
    "built", "tested", "certified", "released", "packed", "packed", "shipped", "delivered",
    "installed_at_site", "serviced", "returned", "inspected", "scrapped", "destroyed",
]  # fmt: skip
LIFE_OF_THE_BOARD = [
    "received", "inspected", "released", "built", "shipped", "delivered", "installed_at_site",
    "serviced", "returned", "destroyed",
]  # fmt: skip


class Told:
    """The systems of the company, each with the one scope it needs, and who asks afterwards."""

    def __init__(self, app: Flask, holdfast: Holdfast, people: People) -> None:
        def system(person: Person, *scopes: str) -> Caller:
            return caller(app, holdfast, person, *scopes)

        self.buying = system(people.purchasing, "events.write")
        self.master = system(people.qa_engineer, "master.write")
        self.dock = system(people.warehouse, "events.write")
        self.laboratory = system(people.inspector, "events.write")
        self.line = system(people.production, "events.write")
        self.quality = system(people.second_qa_engineer, "events.write")
        self.field = system(people.field_service, "events.write")
        self.asking = system(
            people.qa_manager, "master.read", "units.read", "trace.read", "trace.run"
        )
        self.reading = system(people.warehouse, "units.read")

    def describe(self, entity: str, **said: Any) -> None:
        answer = self.master.post("/records", {"records": [{"entity": entity, "values": said}]})
        assert answer.status_code == 201, answer.text

    def tell(self, who: Caller, code: str, **said: Any) -> dict[str, Any]:
        """Record an event; whoever may only read is refused the very same."""
        assert self.reading.post(f"/events/{code}", said).status_code == 403
        answer = who.post(f"/events/{code}", said)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def rows(self, address: str) -> list[dict[str, Any]]:
        answer = self.asking.get(address)
        assert answer.status_code == 200, answer.text
        return list(answer.json["data"])


@pytest.fixture
def told(app: Flask, holdfast: Holdfast, people: People) -> Told:
    told = Told(app, holdfast, people)
    for code, kind in (("TARN", "site"), ("SUP", "supplier"), ("HOSP", "consignee")):
        told.describe("party", code=code, name=code.title(), kind=kind, country="DE")
    for code, party, kind in (
        ("STORE", "TARN", "warehouse"), ("CAGE", "TARN", "quarantine"),
        ("WARD", "HOSP", "consignee"),
    ):  # fmt: skip
        told.describe("location", code=code, party=party, name=code.title(), kind=kind)
    for number, control in (("PUMP", "serial"), ("BOARD", "serial"), ("GEL", "lot")):
        told.describe(
            "part", part_no=number, manufacturer="TARN", name=number.title(), control=control,
            kind="device" if number == "PUMP" else "component",
        )  # fmt: skip
    return told


def bring_in(told: Told) -> None:
    told.tell(told.buying, "ordered", number="PO-7", supplier="SUP", lines=[
        {"part": {"part_no": "BOARD"}, "quantity": "2"},
        {"part": {"part_no": "GEL"}, "quantity": "5"},
    ])  # fmt: skip
    at_dock = {"purchase_order": "PO-7", "location": "STORE", "documents": ["DN-SUP-1"]}
    told.tell(told.dock, "received", part={"part_no": "BOARD"}, serials=["B-1", "B-2"],
              lot={"lot_no": "LB", "manufacturer": "SUP"}, line_no=1, **at_dock)  # fmt: skip
    told.tell(told.dock, "received", part={"part_no": "GEL"}, quantity="5",
              lot={"lot_no": "LG", "manufacturer": "SUP"}, line_no=2, **at_dock)  # fmt: skip
    boards = {"units": [{"serial": "B-1"}, {"serial": "B-2"}]}
    told.tell(
        told.laboratory, "inspected", outcome="passed", sample_size=2, failed_count=0, **boards
    )
    gel = {"lot": {"lot_no": "LG"}, "location": "STORE", "quantity": "5"}
    told.tell(told.laboratory, "inspected", outcome="passed", stock=[gel])
    told.tell(told.laboratory, "released", **boards)
    told.tell(told.laboratory, "released", stock=[gel])


def make(told: Told) -> None:
    told.tell(
        told.line, "built", part={"part_no": "PUMP"}, location="STORE", work_order="WO-9",
        units=[{"serial": "SN-1", "installs": [{"unit": {"serial": "B-1"}, "position": "J1"}]}],
        inputs=[{"lot": {"lot_no": "LG"}, "quantity": "0.5"}],
        facts={"equipment": ["OVEN-3"], "operator": ["0417"], "program": ["2.1"]},
    )  # fmt: skip
    flow = {"characteristic": "Flow", "value": "99.6", "lower": "98", "upper": "102"}
    told.tell(told.laboratory, "tested", units=[PUMP], outcome="passed", readings=[flow])
    told.tell(told.laboratory, "certified", units=[PUMP], kind="conformity", number="COC-1",
              issuer="TARN")  # fmt: skip
    told.tell(told.laboratory, "released", units=[PUMP])


def deliver(told: Told) -> None:
    told.tell(told.dock, "packed", sscc=CARTON, kind="case", units=[PUMP], location="STORE")
    told.tell(told.dock, "packed", sscc=PALLET, kind="pallet", containers=[CARTON])
    told.tell(told.dock, "shipped", containers=[PALLET], location="WARD", document_no="DN-1")
    told.tell(told.dock, "delivered", containers=[PALLET], location="WARD")
    told.tell(told.field, "installed_at_site", units=[PUMP], location="WARD")


def end(told: Told) -> None:
    told.tell(told.field, "serviced", unit=PUMP, found="No flow.", done="Board replaced.",
              outcome="in_use", removed=[{"serial": "B-1"}],
              fitted=[{"unit": {"serial": "B-2"}, "position": "J1"}])  # fmt: skip
    both = [PUMP, {"serial": "B-1"}]
    told.tell(told.field, "returned", units=both, location="CAGE", reason="Worn out.")
    told.tell(
        told.laboratory, "inspected", units=[PUMP], outcome="failed", remark="Housing broken."
    )
    told.tell(told.quality, "scrapped", units=[PUMP], reason="Not worth a repair.")
    told.tell(told.quality, "destroyed", units=both)


def numbered(made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield how and what, of a thing and all it was made of."""
    yield made["how"], made["number"]
    for part in made["parts"]:
        yield from numbered(part)


def test_a_pump_is_followed_from_the_order_of_its_parts_to_its_destruction(told: Told) -> None:
    for chapter in (bring_in, make, deliver, end):
        chapter(told)

    # its life, and that of the board it was built with
    pump, board = (told.rows(f"/units?number={serial}")[0]["id"] for serial in ("SN-1", "B-1"))
    assert [one["type"] for one in told.rows(f"/events?unit_id={pump}")] == LIFE
    assert [one["type"] for one in told.rows(f"/events?unit_id={board}")] == LIFE_OF_THE_BOARD
    state = told.asking.get(f"/units/{pump}").json
    assert (state["custody"], state["usability"]) == ("destroyed", "scrapped")
    [order] = told.rows("/purchase-orders?number=PO-7")
    lines = told.rows(f"/purchase-lines?order_id={order['id']}")
    assert [one["line_no"] for one in lines] == [1, 2]
    assert told.rows("/flags") == []  # nothing of it broke a rule

    # forward, from the suppliers' lots: the pump, by the way that led to it
    for lot, way in (("LG", ["lot", "segment", "unit"]), ("LB", ["lot", "unit", "unit"])):
        run = told.asking.post("/traces", {"text": f"lot {lot}"})
        assert run.status_code == 201, run.text
        units = told.rows(f"/traces/{run.json['id']}/units")
        assert pump in [one["unit_id"] for one in units], lot
        why = told.asking.get(f"/traces/{run.json['id']}/units/{pump}/why").json
        assert [step["kind"] for step in why["path"]] == way
        assert why["is_certain"]

    # backward, from the pump: every part it ever had, with what proves it, to the suppliers' lots
    made = told.asking.get(f"/units/{pump}/made-of").json
    assert set(numbered(made)) >= {
        ("itself", "SN-1"), ("went_into", "LG"), ("was_in", "B-1"), ("installed_in", "B-2"),
        ("of_lot", "LB"),
    }  # fmt: skip
    assert [one["outcome"] for one in made["tests"]] == ["passed", "failed"]
    assert [one["number"] for one in made["certificates"]] == ["COC-1"]
