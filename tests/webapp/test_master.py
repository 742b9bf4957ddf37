"""Master data on its pages, and the look as another role: what is seen, changed and refused."""

import re
from datetime import date
from decimal import Decimal

import pytest

from engine.evidence import ledger
from engine.people import viewing
from engine.serials import parties
from engine.serials.dictionary import entities
from engine.serials.models import FieldChange, Part, Party, RecallContact
from tests.webapp.world import World, make_world
from webapp.queries.dictionary import ORDER

PRICE = "1234.5"


@pytest.fixture(scope="module")
def laid(tmp_path_factory):
    made = make_world(tmp_path_factory.mktemp("masters"))
    with made.company.holdfast.database.begin() as db:
        part = db.query(Part).order_by(Part.id).first()
        how = {"by": made.company.people.purchasing, "at": made.at}
        parties.agree_with_supplier(
            db, part.id, part.manufacturer_id, valid_from=date(2026, 1, 1),
            price=Decimal(PRICE), currency="EUR", **how,
        )  # fmt: skip
        db.query(Party).filter_by(id=1).one().telephone = "+44 1"
    made.keep()
    yield made
    made.company.holdfast.database.close()


@pytest.fixture
def world(laid: World):
    yield laid
    laid.put_back()


def text_of(answer):
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def saved(world, what):
    with world.company.holdfast.database.read() as db:
        return what(db)


AGREEMENTS = "/master-data/supplier_agreement"


@pytest.mark.parametrize("address", [AGREEMENTS, f"{AGREEMENTS}/1", "/master-data/part/1"])
def test_the_price_is_on_the_page_for_purchasing_and_not_for_production(world, address):
    assert "1,234.5" in text_of(world.ask("GET", address, "purchasing"))
    shown = text_of(world.ask("GET", address, "production"))
    assert "1,234.5" not in shown
    assert "EUR" not in shown


def test_the_history_of_a_hidden_field_is_hidden_too(world):
    change = {
        "price": "1300", "was-price": PRICE, "currency": "EUR", "was-currency": "EUR",
        "reason": "Indexed contract",
    }  # fmt: skip
    answer = world.ask("POST", f"{AGREEMENTS}/1/change", "purchasing", data=change)
    assert answer.status_code == 303
    assert "1234.5" in text_of(world.ask("GET", f"{AGREEMENTS}/1", "purchasing"))
    shown = text_of(world.ask("GET", f"{AGREEMENTS}/1", "production"))
    assert "1234.5" not in shown
    assert "Indexed contract" not in shown


def test_a_change_keeps_what_was_who_and_why_and_shows_it(world):
    form = {"telephone": "+44 2", "was-telephone": "+44 1", "reason": "They moved."}
    world.ask("POST", "/master-data/party/1/change", "customer_service", data=form)
    row = saved(world, lambda db: db.query(FieldChange).order_by(FieldChange.id.desc()).first())
    people = world.company.people
    assert (row.field, row.before, row.after) == ("telephone", "+44 1", "+44 2")
    assert (row.by_id, row.reason) == (people.customer_service.id, "They moved.")
    shown = text_of(world.ask("GET", "/master-data/party/1", "auditor"))
    assert "They moved." in shown
    assert people.customer_service.printed_name in shown


def test_of_two_who_change_one_field_the_second_sees_who_was_quicker(world):
    form = {"was-telephone": "+44 1", "reason": "They called."}
    first = {**form, "telephone": "+44 2"}
    world.ask("POST", "/master-data/party/1/change", "customer_service", data=first)
    late = world.ask(
        "POST", "/master-data/party/1/change", "purchasing", data={**form, "telephone": "+44 3"}
    )
    assert late.status_code == 409
    shown = text_of(late)
    assert "Lucy Park changed this to “+44 2”" in shown
    assert 'name="was-telephone" value="+44 2"' in shown  # sent again, it is a choice
    assert 'value="+44 3"' in shown
    assert saved(world, lambda db: db.get(Party, 1).telephone) == "+44 2"


def test_every_problem_stands_at_its_field(world):
    form = {
        "code": "",
        "kind": "nobody",
        "name": "New",
        "gln": "4012345000002",
        "country": "XX",
        "email": "a b@c",
    }
    answer = world.ask("POST", "/master-data/party/new", "purchasing", data=form)
    assert answer.status_code == 422
    shown = text_of(answer)
    for field in ("code", "kind", "gln", "country", "email"):
        assert f'id="wrong-{field}"' in shown, field
    assert 'id="wrong-name"' not in shown


def test_a_number_that_is_taken_is_said_at_its_field(world):
    code = saved(world, lambda db: db.get(Party, 1).code)
    form = {"code": code, "kind": "supplier", "name": "Twice"}
    answer = world.ask("POST", "/master-data/party/new", "purchasing", data=form)
    assert answer.status_code == 409
    assert 'id="wrong-code"' in text_of(answer)


def test_a_change_without_a_reason_is_asked_for_one(world):
    form = {"telephone": "+44 2", "was-telephone": "+44 1"}
    answer = world.ask("POST", "/master-data/party/1/change", "purchasing", data=form)
    assert answer.status_code == 422
    assert 'id="wrong-reason"' in text_of(answer)


def test_a_key_field_is_locked_after_release_and_says_why(world):
    def release(db):
        db.get(Part, 1).is_released = True

    with world.company.holdfast.database.begin() as db:
        release(db)
    shown = text_of(world.ask("GET", "/master-data/part/1/change", "qa_engineer"))
    assert "Something of it was released" in shown
    assert 'name="part_no"' not in shown
    before = saved(world, lambda db: db.get(Part, 1).part_no)
    form = {"part_no": "OTHER", "was-part_no": before, "reason": "Misprint"}
    answer = world.ask("POST", "/master-data/part/1/change", "qa_engineer", data=form)
    assert answer.status_code == 422
    assert saved(world, lambda db: db.get(Part, 1).part_no) == before


def test_a_field_sent_by_hand_to_a_role_that_may_not_change_it_is_left(world):
    form = {"price": "1", "was-price": PRICE, "supplier_part_no": "X", "was-supplier_part_no": "",
            "reason": "Cheaper"}  # fmt: skip
    world.ask("POST", f"{AGREEMENTS}/1/change", "supplier_quality", data=form)
    changes = saved(world, lambda db: [c.field for c in db.query(FieldChange)])
    assert "supplier_part_no" in changes
    assert "price" not in changes


# --- as another role -------------------------------------------------------------------------


def test_an_administrator_sees_what_a_role_sees_and_changes_nothing(world):
    assert world.ask("GET", "/master-data/part/new", "administrator").status_code == 403
    entered = world.ask("POST", "/view-as", "administrator", data={"role": "purchasing"})
    assert entered.status_code == 303

    shown = text_of(world.ask("GET", AGREEMENTS, "administrator"))
    assert "1,234.5" in shown
    assert "You see Holdfast as Purchasing does" in shown
    assert world.ask("GET", "/master-data/party/new", "administrator").status_code == 200
    assert world.ask("GET", "/people/new", "administrator").status_code == 403

    before = saved(world, lambda db: db.query(FieldChange).count())
    for address, data in (
        ("/master-data/party/1/change", {"telephone": "+1", "was-telephone": "", "reason": "x"}),
        ("/view-as", {"role": "production"}),
        ("/report", {}),
        ("/language", {"language": "zh"}),
        ("/theme", {"theme": "dark"}),
    ):
        answer = world.ask("POST", address, "administrator", data=data)
        assert answer.status_code == 403, address
    gate = world.ask("POST", "/api/v1/gate/check", "administrator",
                     json={"door": "ship", "targets": ["S-0001"]})  # fmt: skip
    assert gate.status_code == 403
    assert saved(world, lambda db: db.query(FieldChange).count()) == before

    assert world.ask("POST", "/view-as/leave", "administrator").status_code == 303
    assert "You see Holdfast as" not in text_of(world.ask("GET", "/people", "administrator"))
    told = saved(world, lambda db: [e.action for e in ledger.entries(db, "people")][-2:])
    assert told == ["role_view_entered", "role_view_left"]


def test_signing_out_leaves_the_view(world):
    world.ask("POST", "/view-as", "administrator", data={"role": "auditor"})
    assert world.ask("POST", "/sign-out", "administrator").status_code == 303
    view = saved(world, lambda db: db.query(viewing.RoleView).one())
    assert view.left_why == "left"


def test_a_view_ends_with_its_session(world):
    world.ask("POST", "/view-as", "administrator", data={"role": "auditor"})
    with world.company.holdfast.database.begin() as db:
        assert viewing.close_ended(db, at=world.at) == 0
        late = world.at.replace(hour=23)
        assert viewing.close_ended(db, at=late) == 1
        [entry] = ledger.entries(db, "people", action="role_view_left")
        assert entry.body["why"] == "session_ended"


# --- the dictionary's page -------------------------------------------------------------------


def test_the_dictionary_is_searched_by_what_another_system_calls_a_field(world):
    shown = text_of(world.ask("GET", "/data-dictionary?q=VFDAT", "auditor"))
    assert 'id="lot.expires_on"' in shown
    assert 'id="lot.lot_no"' not in shown
    everything = text_of(world.ask("GET", "/data-dictionary", "auditor"))
    assert 'id="hold_breach"' in everything


def test_what_is_hidden_from_a_person_is_said_to_be(world):
    shown = text_of(world.ask("GET", "/data-dictionary?q=EINE.NETPR", "production"))
    assert "Hidden from you" in shown
    shown = text_of(world.ask("GET", "/data-dictionary?q=EINE.NETPR", "purchasing"))
    assert "Hidden from you" not in shown


# --- whom to reach in a recall ---------------------------------------------------------------

PARTY, CONTACT = "/master-data/party/1", "/master-data/contact/1"
NEW = {
    "party": "TARN", "role": "recall", "name": "M. Weber", "channel": "telephone",
    "address": "+49 30 1", "language": "de",
}  # fmt: skip


def test_whom_to_reach_is_named_on_the_page_of_the_party(world):
    assert "/master-data/contact/new?party=" in text_of(world.ask("GET", PARTY, "qa_manager"))
    assert "/contact/new" not in text_of(world.ask("GET", PARTY, "warehouse"))

    code = saved(world, lambda db: db.get_one(Party, 1).code)
    new, sent = "/master-data/contact/new", {**NEW, "party": code}
    wrong = world.ask("POST", new, "qa_manager", data={**sent, "address": ""})
    assert wrong.status_code == 422
    assert 'href="#field-address"' in wrong.text
    assert world.ask("POST", new, "qa_manager", data=sent).status_code == 303
    shown = text_of(world.ask("GET", PARTY, "qa_manager"))
    assert "M. Weber" in shown
    assert "Nobody tried it yet" in shown


def test_a_contact_that_was_reached_says_when_until_its_address_changes(world):
    assert world.ask("POST", f"{CONTACT}/verify", "qa_manager", data={}).status_code == 303
    assert saved(world, lambda db: db.get_one(RecallContact, 1).verified_at) is not None
    assert "Nobody tried it yet" not in text_of(world.ask("GET", PARTY, "qa_manager"))

    sent = {"address": "new@tarn.example", "was-address": "recall@tarn.example", "reason": "Moved"}
    assert world.ask("POST", f"{CONTACT}/change", "qa_manager", data=sent).status_code == 303
    assert saved(world, lambda db: db.get_one(RecallContact, 1).verified_at) is None
    assert "Nobody tried it yet" in text_of(world.ask("GET", PARTY, "qa_manager"))


def test_a_contact_ends_with_a_reason_and_leaves_the_page_of_the_party(world):
    unsaid, said = {"reason": " "}, {"reason": "Left"}
    assert world.ask("POST", f"{CONTACT}/end", "qa_manager", data=unsaid).status_code == 422
    assert "R. Shaw" in text_of(world.ask("GET", PARTY, "qa_manager"))
    assert world.ask("POST", f"{CONTACT}/end", "qa_manager", data=said).status_code == 303
    assert "R. Shaw" not in text_of(world.ask("GET", PARTY, "qa_manager"))
    assert world.ask("POST", f"{CONTACT}/verify", "qa_manager", data={}).status_code == 422


def test_the_address_of_a_contact_is_hidden_from_who_does_not_call(world):
    for address in (PARTY, CONTACT, "/master-data/contact"):
        assert "recall@tarn.example" in text_of(world.ask("GET", address, "qa_manager"))
        assert "recall@tarn.example" not in text_of(world.ask("GET", address, "production"))


# --- the order of the dictionary -------------------------------------------------------------


def test_the_dictionary_begins_with_what_a_reader_looks_for(world):
    shown = world.ask("GET", "/data-dictionary", "auditor").text
    at = [shown.index(f'<details id="{name}"') for name in ("party", "part", "lot", "unit", "hold")]
    assert at == sorted(at)
    assert shown.index('id="group-system"') < shown.index('<details id="trace_run_node"')
    assert all(f'<details id="{one.name}"' in shown for one in entities())
    assert {name for _, _, names in ORDER for name in names} <= {one.name for one in entities()}
