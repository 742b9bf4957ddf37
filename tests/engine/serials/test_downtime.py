"""Downtime: numbered forms, and late entries that say when, by whom and on which form."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.errors import Invalid
from engine.evidence import layouts, ledger
from engine.serials import holds
from engine.serials.exchange import downtime
from engine.serials.exchange.downtime import FormSettled, LateEntry
from engine.serials.exchange.paper import TITLES, record_of
from engine.serials.models import HoldBreach, Unit
from engine.serials.targets import HoldTarget

HOUR = timedelta(hours=1)


@pytest.fixture
def printed(db, shop):
    def printed(kind, count=1):
        shop.later(hours=6)  # what is there was received in the morning
        return downtime.print_forms(
            db, kind, count, language="en", by=shop.how["by"], at=shop.how["at"]
        )

    return printed


@pytest.fixture
def entry(shop):
    return LateEntry(
        happened_at=shop.how["at"] + 3 * HOUR, done_by="Anna Berg", reason="Server room flooded.",
        numbers="", place="WH-1",
    )  # fmt: skip


def enter(db, shop, form, said):
    return downtime.enter(db, form.number, said, by=shop.how["by"], at=shop.how["at"])


def test_numbers_run_on_and_none_is_given_twice(db, shop, printed):
    numbers = [one.number for one in (*printed("receiving", 2), *printed("shipping"))]
    assert numbers == ["DT-2026-00001", "DT-2026-00002", "DT-2026-00003"]
    for kind, count in (("nothing", 1), ("receiving", 0), ("receiving", 21)):
        with pytest.raises(Invalid):
            printed(kind, count)


def test_what_was_received_is_entered_with_who_when_why_and_the_form(db, shop, printed, entry):
    [form] = printed("receiving")
    event = enter(db, shop, form, replace(entry, part_no="PUMP", numbers="P-1\nP-2"))

    assert (event.type, event.source, event.event_at) == (
        "received", "late_entry", entry.happened_at,
    )  # fmt: skip
    assert event.recorded_at == shop.how["at"]
    assert event.reason == "Server room flooded."
    assert event.payload["documents"] == [form.number]
    assert event.actor_id == shop.how["by"].id
    assert form.event_id == event.id
    [said] = [e.body for e in ledger.entries(db, "interfaces") if e.action == "late_entry"]
    assert (said["done_by"], said["form"]) == ("Anna Berg", form.number)


def test_lots_are_received_with_their_quantities(db, shop, printed, entry):
    [form] = printed("receiving")
    enter(db, shop, form, replace(entry, part_no="SET", numbers="S-7 = 12,5\nS-8=3"))
    lots = {number: shop.stock(shop.lot(shop.set, number))[0].quantity for number in ("S-7", "S-8")}
    assert {number: f"{quantity:f}" for number, quantity in lots.items()} == {
        "S-7": "12.5", "S-8": "3",
    }  # fmt: skip


def test_a_held_unit_that_left_on_paper_is_recorded_and_flagged(db, shop, printed, entry):
    units = shop.units(shop.pump, "P-1", "P-2")
    holds.place(
        db, stream="case:NC-2026-0001", case_number="NC-2026-0001", reason="cracked",
        basis="trace", target=HoldTarget.unit(units[0]), by=None, at=shop.how["at"],
    )  # fmt: skip
    [form] = printed("shipping")
    said = replace(entry, numbers="P-1\nP-2\nP-404", place="C-1-S", document_no="DN-9")
    event = enter(db, shop, form, said)
    assert event.payload["unknown"] == ["P-404"]
    assert event.payload["documents"] == [form.number, "DN-9"]
    assert [one.unit_id for one in db.scalars(select(HoldBreach))] == [units[0]]
    assert {db.get(Unit, key).custody for key in units} == {"at_consignee"}


def test_what_was_segregated_is_moved_and_what_was_tagged_is_held(db, shop, printed, entry):
    [unit] = shop.units(shop.pump, "P-1")
    shop.lot(shop.set, "S-1", 10)
    [moving], [tagging] = printed("segregation"), printed("hold_tag")
    enter(db, shop, moving, replace(entry, numbers="P-1\nS-1 = 4", place="Q-1"))
    assert db.get(Unit, unit).location_id == shop.cage.id
    assert {f"{row.quantity:f}" for row in shop.stock(shop.lot(shop.set, "S-1"))} == {"6", "4"}

    said = replace(entry, numbers="P-1", case_number="NC-2026-0001")
    event = enter(db, shop, tagging, said)
    [hold] = holds.of_case(db, "NC-2026-0001")
    assert (hold.placed_event_id, event.event_at) == (event.id, entry.happened_at)


@pytest.mark.parametrize(
    ("wrong", "at"),
    [({"happened_at": None}, "happened_at"), ({"done_by": " "}, "done_by"),
     ({"reason": ""}, "reason"), ({"numbers": "S-1 = x"}, "numbers"), ({"place": "?"}, "place"),
     ({"numbers": ""}, "numbers"), ({"part_no": "?"}, "part_no")],
)  # fmt: skip
def test_a_form_that_is_not_whole_is_told_at_its_field(db, shop, printed, entry, wrong, at):
    [form] = printed("receiving")
    whole = replace(entry, numbers="S-1 = 1", part_no="SET")
    with pytest.raises(Invalid) as found:
        enter(db, shop, form, replace(whole, **wrong))
    assert [problem.at for problem in found.value.problems] == [at]


def test_nothing_is_entered_for_the_future(db, shop, printed, entry):
    [form] = printed("receiving")
    later = replace(entry, happened_at=shop.how["at"] + HOUR, numbers="S-1 = 1", part_no="SET")
    with pytest.raises(Invalid):
        enter(db, shop, form, later)


def test_a_form_is_settled_once(db, shop, printed, entry):
    [used], [torn] = printed("receiving"), printed("receiving")
    said = replace(entry, numbers="S-1 = 1", part_no="SET")
    enter(db, shop, used, said)
    downtime.not_used(db, torn.number, reason="Torn.", by=shop.how["by"], at=shop.how["at"])
    for form in (used, torn):
        with pytest.raises(FormSettled):
            enter(db, shop, form, said)
        with pytest.raises(FormSettled):
            downtime.not_used(db, form.number, reason="x", by=shop.how["by"], at=shop.how["at"])


@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_form_bears_its_number_and_room_to_write(db, shop, printed, kind, language):
    [form] = printed(kind)
    form.language = language
    record = record_of(form, company="Tarn Medical", mark=None)
    page = layouts.html_of("downtime/downtime_form", record, language=language)
    assert form.number in page
    assert TITLES[kind][language == "zh"] in page
    assert record["kicker"] in page
