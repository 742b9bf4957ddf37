"""The data dictionary: complete both ways, in both languages, and who sees and changes what."""

import dataclasses
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.db import Base
from engine.evidence import ledger
from engine.people.permissions import permissions
from engine.people.roles import roles
from engine.serials import master, parties
from engine.serials.dictionary import changeable, entities, entity, seen, shown, versions
from engine.serials.dictionary.described import FOLDER, SYSTEMS, described
from engine.serials.errors import ChangedMeanwhile, FieldNotYours
from engine.serials.models import Party
from tests.support.schema import load_models

TYPES = {
    "text", "exact", "date", "datetime", "quantity", "integer", "yes_no", "choice", "ref",
    "person", "gtin", "gln", "country", "email", "json", "bytes",
}  # fmt: skip
# tables of the store that nobody sees or fills: what another entity says is kept there twice
INNER = {
    "trace_node": "the shared numbers of lots and runs",
    "unit_root": "the outermost host of each unit, computed from the installations",
    "field_change": "the history of the fields themselves",
    "import_row": "rows of a file on their way in, gone once they are loaded",
    "import_group": "rows that become one event, while they are being loaded",
    "import_progress": "how far the work on a file is",
    "dictionary_version": "the dictionary itself",
    "trace_night": "the nights on which traces were tried, shown on Readiness",
    "night_trace": "what was traced in one of those nights, shown there too",
    "reconciliation_line": "lines of a file while they are compared",
    "webhook_secret": "secrets, shut in the box",
    "webhook_attempt": "bytes that were handed over; the delivery's page shows them",
    "webhook_delivery": "bytes that were handed over; the delivery's page shows them",
    "epcis_capture": "documents of partners, in the words of the standard",
    "epcis_event": "their events, word for word; what was recorded of them is an event of ours",
    "epcis_record": "which events of ours were made of them",
    "epcis_name": "what those events name, for the standard's query",
    "gap_reading": "how many gaps there were at a moment, for the trend alone",
    "scan_line": "a person's own tally of scans",
    "report": "questions that people saved, no records",
    "case_event": "which cases an event feeds, shown with the event",
    "event_jurisdiction": "where an event is decided on, shown with the event",
    "event_reportability": "signed decisions on an event, shown with it and sealed",
    "event_second_look": "second signatures on those decisions, sealed with them",
    "report_run": "questions that people saved, no records",
}
each = pytest.mark.parametrize("what", entities(), ids=lambda what: what.name)
PRICE = {"part_no", "supplier", "supplier_part_no", "valid_from", "valid_until"}


def tables_of_the_store():
    load_models()
    return {
        mapper.class_.__tablename__: mapper.class_.__table__
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith(("engine.serials.", "engine.cases.reported."))
    }


# --- complete --------------------------------------------------------------------------------


def test_every_table_of_the_store_is_described():
    there = {what.table for what in entities()}
    missing = set(tables_of_the_store()) - there - set(INNER)
    assert not missing, f"describe them in {FOLDER.name}/<entity>.toml"
    assert not set(INNER) & there


@each
def test_every_column_is_described_and_every_described_field_exists(what):
    columns = {c.key for c in tables_of_the_store()[what.table].columns} - {"id"}
    kept = {field.kept for field in what.fields if field.kept}
    whole = {name.partition(".")[0] for name in kept}
    assert columns - whole == set(), "describe these columns"
    assert whole - columns == set(), "there are no such columns"
    in_files_only = [field.name for field in what.fields if not field.kept and not field.column]
    assert in_files_only == []


@each
def test_a_field_says_what_it_is_in_both_languages(what):
    assert re.search(r"[一-鿿]", what.label_zh)
    assert re.search(r"[一-鿿]", what.meaning_zh)
    for field in what.fields:
        assert field.label
        assert field.meaning, field.name
        assert re.search(r"[一-鿿A-Z]", field.label_zh), field.name
        assert re.search(r"[一-鿿A-Z]", field.meaning_zh), field.name
        assert field.type in TYPES, field.name
        assert field.changes in {"free", "release", "event", "correction", "never"}, field.name


@each
def test_what_a_field_refers_to_is_there(what):
    for field in what.fields:
        assert bool(field.refers_to) == (field.type == "ref"), field.name
        assert bool(field.choices) == (field.type == "choice"), field.name
        if field.refers_to:
            named = entity(field.refers_to).field(entity(field.refers_to).named_by)
            if named.seen_by:  # who sees a reference sees what it is called by
                assert field.seen_by, field.name
                assert set(field.seen_by) <= set(named.seen_by), field.name
        if field.choices:
            assert field.words
        if field.type == "quantity":
            assert field.unit, field.name


@each
def test_no_two_columns_of_a_file_and_no_two_labels_are_alike(what):
    for words in (
        [field.column for field in what.taken_in],
        [field.label.casefold() for field in what.taken_in],
        [field.label_zh for field in what.taken_in],
        [field.name for field in what.fields],
    ):
        assert len(words) == len(set(words)), words


def test_every_other_system_has_names_in_it():
    said = {name for what in entities() for field in what.fields for name in SYSTEMS
            if getattr(field, name)}  # fmt: skip
    assert said == set(SYSTEMS)


@each
def test_the_roles_of_a_field_exist_and_may_act(what):
    for field in what.fields:
        assert {*field.seen_by, *field.changed_by} <= set(roles()), field.name
        if field.changes in {"free", "release", "correction"} and field.changed_by:
            assert set(field.changed_by) <= permissions()[what.action], field.name
        if field.seen_by:  # nobody changes what they may not see
            assert set(field.changed_by) <= set(field.seen_by), field.name


# --- who sees, who changes -------------------------------------------------------------------


def names(fields):
    return {field.name for field in fields}


def test_a_price_is_seen_by_purchasing_and_not_by_production(people):
    assert names(seen("supplier_agreement", people.production)) == PRICE
    assert names(seen("supplier_agreement", people.purchasing)) == PRICE | {"price", "currency"}
    assert names(seen("supplier_agreement", None)) == PRICE


def test_a_price_is_changed_by_purchasing_alone(people):
    assert "price" in names(changeable("supplier_agreement", people.purchasing))
    assert "price" not in names(changeable("supplier_agreement", people.supplier_quality))
    assert changeable("supplier_agreement", people.production) == ()
    assert changeable("supplier_agreement", people.auditor) == ()
    assert changeable("supplier_agreement", None) == ()


def test_nobody_changes_by_hand_what_only_events_move(people):
    for someone in people:
        assert names(changeable("unit", someone)) & {"custody", "usability", "location"} == set()
        assert "is_released" not in names(changeable("lot", someone))


def test_a_row_is_shown_without_what_is_hidden(people):
    row = {"id": 7, "price": Decimal(4), "currency": "EUR", "valid_from": "2026-01-01", "odd": 1}
    assert shown("supplier_agreement", row, people.production) == {
        "id": 7,
        "valid_from": "2026-01-01",
    }
    assert set(shown("supplier_agreement", row, people.purchasing)) == set(row) - {"odd"}


def test_the_patient_reference_inside_an_event_is_hidden_too(people):
    row = {"type": "serviced", "payload": {"patient_reference": "P-77", "documents": ["SR-1"]}}
    assert shown("event", row, people.warehouse)["payload"] == {"documents": ["SR-1"]}
    assert shown("event", row, people.field_service) == row
    assert row["payload"]["patient_reference"] == "P-77"


def test_who_complained_is_seen_by_whoever_handles_complaints(people):
    hidden = {"reporter_name", "reporter_address", "reporter_phone"}
    assert hidden <= names(seen("reported_event", people.complaint_handler))
    assert hidden <= names(changeable("reported_event", people.regulatory_affairs))
    for someone in (people.warehouse, people.production, people.purchasing, None):
        assert names(seen("reported_event", someone)) & hidden == set()
        assert changeable("reported_event", someone) == ()


def test_a_person_with_two_roles_sees_what_either_sees(people):
    both = dataclasses.replace(people.production, roles=frozenset({"production", "purchasing"}))
    assert "price" in names(seen("supplier_agreement", both))


# --- and the command asks it -----------------------------------------------------------------


def test_a_field_of_another_role_is_not_changed(shop, people):
    agreed = parties.agree_with_supplier(
        shop.db, shop.resin.id, shop.supplier.id, valid_from=date(2026, 1, 1),
        price=Decimal("4.20"), currency="EUR", **shop.how,
    )  # fmt: skip
    how = {**shop.how, "reason": "New contract"}
    price = {"price": Decimal("4.40")}
    for someone in (people.production, people.supplier_quality):
        with pytest.raises(FieldNotYours):
            master.change(shop.db, "supplier_agreement", agreed.id, price,
                          **{**how, "by": someone})  # fmt: skip
    told = master.change(
        shop.db, "supplier_agreement", agreed.id, price, **{**how, "by": people.purchasing}
    )
    assert told == {"price": ["4.2", "4.40"]}


def test_of_two_who_change_at_once_the_second_is_told(shop, people):
    how = {**shop.how, "by": people.customer_service, "reason": "They called"}
    saw = {"telephone": None, "email": None}
    master.change(shop.db, "party", shop.hospital.id, {"telephone": "+44 20 1"}, was=saw, **how)
    with pytest.raises(ChangedMeanwhile, match="Telephone"):
        master.change(shop.db, "party", shop.hospital.id, {"telephone": "+44 20 2"}, was=saw, **how)
    # another field of the same record is nobody else's concern
    master.change(shop.db, "party", shop.hospital.id, {"email": "a@b.example"}, was=saw, **how)
    assert shop.db.get_one(Party, shop.hospital.id).telephone == "+44 20 1"


# --- versions --------------------------------------------------------------------------------


def test_a_version_is_kept_once_for_the_same_files(db, at):
    first = versions.keep_version(db, at=at)
    assert versions.keep_version(db, at=at + timedelta(days=1)) is first
    assert len(versions.versions(db)) == 1
    entries = [e for e in ledger.entries(db, "admin") if e.action == "dictionary_changed"]
    assert [e.body["sha256"] for e in entries] == [first.sha256]


def test_a_version_says_what_changed_in_words_of_fields():
    before = versions.files()
    after = {**before, "part": before["part"].replace("Name on the label", "Trade name")}
    after["lot"] = before["lot"].replace("[fields.made_on]", "[fields.born_on]")
    del after["edge"]
    assert versions.sha256_of(after) != versions.sha256_of(before)
    told = [
        (one.entity.name, one.field and one.field.name, one.fact, one.before, one.after)
        for one in versions.differences(before, after)
    ]
    assert told == [
        ("edge", None, "", "Input", None),
        ("lot", "born_on", "", None, "Made on"),
        ("lot", "made_on", "", "Made on", None),
        ("part", "name", "meaning", "Name on the label", "Trade name"),
    ]
    assert versions.differences(before, before) == []


def test_files_of_an_earlier_release_are_still_read():
    text = (FOLDER / "edge.toml").read_text("utf-8").replace('uom"', 'uom"\nsap_name = "X"')
    assert described("edge", text).field("quantity").unit
