"""The balance adds up after any postings, by account, consignee, country and lot."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from sqlalchemy import insert, literal, select, text, update
from sqlalchemy.orm import Session

from engine.cases import balance, countries, lying
from engine.cases.balance import ACCOUNTS, SCOPE, Holding
from engine.cases.models import BalanceTotal, Case, Posting
from engine.cases.notices.models import Notice
from engine.serials import parties
from engine.serials.models import Unit

ACCOUNT_NAMES = ("held", "at_consignee", "confirmed_at_consignee", "corrected", SCOPE)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(("unit", "lot", "all")),
        st.integers(0, 5),  # which unit, which lot
        st.sampled_from(ACCOUNT_NAMES),
        st.integers(0, 2),  # with which consignee
        st.integers(1, 4),  # how much
    ),
    max_size=14,
)
HOW = {"evidence": "a test", "by": None}


@pytest.fixture
def ground(db, at):
    """Give a recall, two hospitals in two countries, six units of two lots and two more lots."""
    maker = parties.add_party(db, "M", "Maker", kind="manufacturer", country="DE", by=None, at=at)
    hospitals = [
        parties.add_party(db, code, code, kind="consignee", country=country, by=None, at=at).id
        for code, country in (("H1", "FR"), ("H2", None))
    ]
    pump, needle = (
        parties.add_part(db, maker.id, no, no, control=control, kind="device", by=None, at=at)
        for no, control in (("PUMP", "serial"), ("SET", "lot"))
    )
    made = [parties.ensure_lot(db, pump.id, f"P{n}", by=None, at=at).id for n in range(2)]
    lots = [parties.ensure_lot(db, needle.id, f"S{n}", by=None, at=at).id for n in range(2)]
    units = db.scalars(
        insert(Unit).returning(Unit.id, sort_by_parameter_order=True),
        [
            {"part_id": pump.id, "serial": f"SN-{n}", "lot_id": made[n % 2],
             "custody": "in_house", "usability": "conforming"}
            for n in range(6)
        ],
    ).all()  # fmt: skip
    recall = Case(number="RC-2026-0001", process="recall", title="Pumps", language="en",
                  opened_by_id=1, opened_at=at)  # fmt: skip
    db.add(recall)
    db.flush()
    return recall, hospitals, list(units), made, lots


def enter(db: Session, recall: Case, at, *, units=(), lots=(), party_id=None, to="at_consignee"):
    parts = [Holding(SCOPE, one, None, Decimal(1), party_id=party_id) for one in units]
    parts += [Holding(SCOPE, None, lot, many, party_id=party_id) for lot, many in lots]
    balance.post(db, recall, parts, to=to, at=at, **HOW)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=MOVES)
def test_after_any_postings_the_balance_is_their_sum(db, ground, at, moves):
    recall, hospitals, units, _, lots = ground
    with db.begin_nested() as attempt:
        for what, which, to, party, much in moves:
            there = [None, *hospitals][party]
            if what == "all":
                query = balance.lying_in(recall.id, ("held", "at_consignee")).subquery()
                query = select(
                    query, literal(there, BalanceTotal.party_id.type).label("to_party_id")
                )
                balance.post_set(db, recall, query, to=to, at=at, **HOW)
                continue
            named = {"units": [units[which]]} if what == "unit" else {"lots": [lots[which % 2]]}
            lies = balance.holdings_of(db, recall.id, **named)
            parts = balance.taken(lies, Decimal(much))
            if not parts and to != SCOPE:
                unit_id = units[which] if what == "unit" else None
                lot_id = None if what == "unit" else lots[which % 2]
                many = Decimal(1 if what == "unit" else much)
                parts = [Holding(SCOPE, unit_id, lot_id, many)]
            balance.post(db, recall, parts, to=to, at=at, party_id=there, **HOW)

        assert lying.agree(db, recall.id)
        assert balance.totals(db, recall.id) == lying.posted_totals(db, recall.id)
        assert lying.fingerprint(db, recall.id) == lying.fingerprint(db, recall.id, posted=True)
        lies = balance.holdings(db, recall.id)
        assert len({one.unit_id for one in lies if one.unit_id}) == sum(
            1 for one in lies if one.unit_id
        )
        for of in ("consignee", "country", "lot"):
            assert summed(balance.by(db, recall, of)) == balance.totals(db, recall.id), of
        attempt.rollback()


def summed(shares):
    sums = {}
    for share in shares:
        for name, quantity in share.sums.items():
            sums[name] = sums.get(name, Decimal(0)) + quantity
    return {name: sums[name] for name in ACCOUNTS if name in sums}


def test_a_unit_cannot_be_posted_out_of_an_account_in_which_it_does_not_lie(db, ground, at):
    recall, hospitals, units, _, lots = ground
    enter(db, recall, at, units=units, lots=[(lots[0], Decimal(5))], party_id=hospitals[0])
    unit = Holding("at_consignee", units[0], None, Decimal(1), party_id=hospitals[0])
    for wrong in (
        [replace(unit, account="held")],
        [replace(unit, party_id=hospitals[1])],
        [unit, unit],
        [Holding("at_consignee", None, lots[0], Decimal(6), party_id=hospitals[0])],
        [Holding("at_consignee", None, lots[0], Decimal(1))],
        [Holding(SCOPE, units[1], None, Decimal(1))],
    ):
        with pytest.raises(lying.Unbalanced), db.begin_nested():
            balance.post(db, recall, wrong, to="corrected", at=at, **HOW)
    assert balance.totals(db, recall.id) == {"at_consignee": 11}


def test_shares_say_who_has_what_and_where_nobody_recorded_the_country(db, ground, at):
    recall, (first, second), units, _, lots = ground
    enter(db, recall, at, units=units[:3], party_id=first)
    enter(db, recall, at, units=units[3:5], lots=[(lots[1], Decimal("2.5"))], party_id=second)
    enter(db, recall, at, units=units[5:], to="in_house")
    [back] = balance.holdings_of(db, recall.id, units=units[:1])
    balance.post(db, recall, [back], to="destroyed", at=at, **HOW)

    shares = balance.by(db, recall, "consignee")
    assert [(one.code, one.sums) for one in shares] == [
        ("H2", {"at_consignee": Decimal("4.5")}),
        ("H1", {"at_consignee": 2, "destroyed": 1}),
        (None, {"in_house": 1}),
    ]
    assert balance.by(db, recall, "consignee", limit=1, offset=1) == [shares[1]]
    countries = [(one.key, one.total, one.still_open) for one in balance.by(db, recall, "country")]
    assert countries == [("??", Decimal("4.5"), Decimal("4.5")), ("FR", 3, 2), (None, 1, 1)]
    assert {one.code: one.total for one in balance.by(db, recall, "lot")} == {
        "P0": 3, "P1": 3, "S1": Decimal("2.5")
    }  # fmt: skip


def test_a_country_says_where_its_goods_are_and_who_replied(db, ground, at):
    recall, (first, second), units, _, _ = ground
    assert sorted(n for group in countries.GROUPS.values() for n in group.accounts) == sorted(
        name for name, account in ACCOUNTS.items() if account.is_affected
    )
    enter(db, recall, at, units=units[:4], party_id=first)
    enter(db, recall, at, units=units[4:5], party_id=second)
    enter(db, recall, at, units=units[5:], to="in_house")
    for unit, account in zip(units, ("held", "used", "lost"), strict=False):
        balance.post(
            db, recall, balance.holdings_of(db, recall.id, units=[unit]), to=account, at=at, **HOW
        )
    told = {"case_id": recall.id, "jurisdiction": "EU", "language": "fr", "opened_at": at}
    db.add_all(
        [
            Notice(party_id=first, number="N-1", country="FR", state="answered",
                   first_sent_at=at, answered_at=at, **told),
            Notice(party_id=second, number="N-2", country="BR", state="open", **told),
        ]
    )  # fmt: skip
    db.flush()

    ours, france, unknown, brazil = countries.of_recall(db, recall)
    assert (ours.code, ours.affected, ours.sums["in_house"], ours.rate) == (None, 1, 1, None)
    assert {name: many for name, many in france.sums.items() if many} == {
        "in_house": 1, "with_consignees": 1, "used": 1, "missing": 1,
    }  # fmt: skip
    assert (france.affected, france.recovered, france.rate) == (4, 2, Decimal("0.5"))
    assert france.told == countries.Told(notices=1, sent=1, answered=1)
    assert (unknown.code, unknown.affected, unknown.told.notices) == ("??", 1, 0)
    assert (brazil.code, brazil.affected, brazil.told) == ("BR", 0, countries.Told(notices=1))


def test_what_is_shown_to_lie_where_cannot_be_changed_unseen(db, ground, at):
    recall, (first, second), units, _, lots = ground
    enter(db, recall, at, units=units, lots=[(lots[0], Decimal(5))], party_id=first)
    for forged in (
        text("UPDATE balance_unit SET account = 'corrected' WHERE unit_id = :unit"),
        text("UPDATE balance_unit SET party_id = :party WHERE unit_id = :unit"),
        text("DELETE FROM balance_unit WHERE unit_id = :unit"),
        text("UPDATE balance_total SET quantity = quantity - 1000000 WHERE NOT counts_units"),
        text("UPDATE balance_total SET party_id = :party WHERE counts_units"),
    ):
        with db.begin_nested() as attempt:
            used = {"unit": units[0], "party": second}
            db.execute(forged, {key: used[key] for key in used if f":{key}" in forged.text})
            assert not lying.agree(db, recall.id), forged.text
            attempt.rollback()
    assert lying.agree(db, recall.id)
    with pytest.raises(Exception, match="posting only grows"), db.begin_nested():
        db.execute(update(Posting).values(to_party_id=second))
