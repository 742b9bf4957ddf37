"""A reported fact that broke a rule reaches quality: one mail for each recording, and the list."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.outbox import Outgoing
from engine.serials import purchase, ship
from engine.serials.flagged import tell_flagged
from engine.serials.models import RULES, Flag, PurchaseLine
from engine.serials.purchase import OrderLine
from engine.serials.targets import HoldTarget
from notifications.render import render


@pytest.fixture
def told(shop, people):
    shop.db.info["event_sinks"] = (tell_flagged,)

    def mails():
        to_her = Outgoing.receiver == f"{people.qa_manager.user_name}@holdfast.example"
        return list(shop.db.scalars(select(Outgoing).where(to_her)))

    return mails


def test_a_recording_that_broke_rules_is_one_mail_to_quality_however_many_it_flags(
    shop, hold, told, people
):
    held = [HoldTarget.unit(key) for key in shop.units(shop.pump, "P-1", "P-2", "P-3")]
    for target in held:
        hold(target)
    ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[one.id for one in held], **shop.later(days=1)
    )

    flags = shop.db.scalars(select(Flag).where(Flag.rule == "held_shipped")).all()
    assert {flag.unit_id for flag in flags} == {one.id for one in held}
    [mail] = told()
    assert mail.body["rules"] == [["held_shipped", 3]]
    assert mail.body["goods"] == "P-1, P-2, P-3"
    assert mail.body["recorded_by"] == people.warehouse.printed_name


def test_a_fact_that_broke_no_rule_is_no_mail(shop, told):
    shop.units(shop.pump, "P-1")
    assert told() == []


def test_more_than_was_ordered_is_told_too(shop, told):
    lines = [OrderLine(shop.resin.id, Decimal(10))]
    purchase.order(shop.db, "PO-1", shop.supplier.id, lines, **shop.how)
    line = shop.db.scalars(select(PurchaseLine)).one()
    lot = shop.lot(shop.resin, "R-1")
    purchase.receive_against(
        shop.db, line.id, location_id=shop.store.id, lot_id=lot.id, quantity=Decimal(12), **shop.how
    )
    [mail] = told()
    assert (mail.body["rules"], mail.body["goods"]) == ([["over_received", 1]], "R-1")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_mail_has_words_for_every_rule(language):
    facts = {
        "rules": [[rule, 1] for rule in RULES], "flag_count": len(RULES), "goods": "P-1",
        "happened_at": "2026-03-02T08:00:00+00:00", "recorded_at": "2026-03-02T08:00:00+00:00",
        "recorded_by": "WMS", "printed_name": "Chen Mei", "time_zone": "UTC", "path": "/flags",
    }  # fmt: skip
    said = render("layouts/flags_raised", facts, language=language).text
    if language == "en":
        assert all(f"{words}: 1" in said for words in RULES.values())
    assert said.count(": 1\n") == len(RULES)
