"""A version is put in force by two signatures, and never changes."""

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import DBAPIError

from engine.bpmn import closure, library, xml
from engine.bpmn.library import (
    DiagramRefused,
    InstallerCannotRelease,
    NotADraft,
    SecondPersonNeeded,
    WrongCapacity,
)
from engine.bpmn.models import Definition
from tests.engine.bpmn.conftest import NOW, form
from tests.engine.bpmn.drawing import call, end, process, start, user


@pytest.fixture
def simple(house):
    house.draw(
        "simple",
        process("simple", start("opened", "look"), user("look", "done"), end()),
        look=("finding",),
    )


def install(database, house, by):
    with database.begin() as db:
        return library.install(db, "simple", root=house.root, by=by, at=NOW, actions=house.action)


def sign(database, definition, capacity, by):
    with database.begin() as db:
        return library.sign_release(
            db, definition.id, capacity=capacity, signature_id=1, by=by, at=NOW
        )


def test_a_draft_needs_the_owner_and_a_second_person_from_quality(database, house, simple, people):
    draft = install(database, house, people.administrator)
    assert (draft.state, draft.version, draft.owner_role) == ("draft", "1", "qa_manager")
    assert sign(database, draft, "process_owner", people.qa_manager).state == "draft"
    released = sign(database, draft, "quality", people.qa_engineer)

    assert (released.state, released.effective_from) == ("released", NOW)


def test_nobody_signs_for_both(database, house, simple, people):
    draft = install(database, house, people.administrator)
    sign(database, draft, "process_owner", people.qa_manager)
    with pytest.raises(SecondPersonNeeded):
        sign(database, draft, "quality", people.qa_manager)
    with pytest.raises(NotADraft):
        sign(database, draft, "process_owner", people.second_qa_manager)


def test_who_installed_it_does_not_release_it(database, house, simple, people):
    draft = install(database, house, people.qa_manager)
    with pytest.raises(InstallerCannotRelease):
        sign(database, draft, "process_owner", people.qa_manager)


@pytest.mark.parametrize(
    ("capacity", "who"),
    [("process_owner", "warehouse"), ("quality", "production"), ("king", "qa_manager")],
)
def test_a_signature_needs_the_role_for_its_capacity(
    database, house, simple, people, capacity, who
):
    draft = install(database, house, people.administrator)
    with pytest.raises(WrongCapacity):
        sign(database, draft, capacity, getattr(people, who))


def test_the_same_closure_is_installed_once(database, house, simple, people):
    first = install(database, house, people.administrator)
    assert install(database, house, people.qa_engineer).id == first.id
    (house.root / "forms/simple/look.toml").write_text('title = "Other words"\n', "utf-8")
    assert install(database, house, people.administrator).id != first.id


def test_a_new_release_retires_the_one_before(story, house, simple, people):
    (first,) = story.release("simple")
    house.draw(
        "simple",
        process("simple", start("opened", "look"), user("look", "done"), end(), version="2"),
        look=(),
    )
    (second,) = story.release("simple")

    states = {d.id: d.state for d in story.rows(Definition)}
    assert states == {first.id: "retired", second.id: "released"}


def test_an_installed_version_cannot_be_edited(database, house, simple, people):
    draft = install(database, house, people.administrator)
    with pytest.raises(DBAPIError, match="only grows"), database.begin() as db:
        db.execute(update(Definition).where(Definition.id == draft.id).values(sha256="x"))


def test_a_closure_holds_what_it_calls_and_binds_its_version(house):
    house.draw(
        "inner",
        process(
            "inner",
            start("in_opened", "ask"),
            user("ask", "in_done"),
            end("in_done"),
            outputs=("answer",),
        ),
        ask=("answer",),
    )
    house.draw("outer", process("outer", start("opened", "go"), call("go", "inner", "done"), end()))
    files = closure.closure(house.root, "outer")
    assert list(files) == [
        "forms/inner/ask.toml",
        "workflows/inner/inner.bpmn",
        "workflows/outer/outer.bpmn",
    ]
    before = closure.sha256_of(files)
    (house.root / "forms/inner/ask.toml").write_text("title = 'x'", "utf-8")
    assert closure.sha256_of(closure.closure(house.root, "outer")) != before


def test_a_diagram_with_problems_is_not_installed(database, house, people):
    house.draw("simple", process("simple", start("opened", "look"), user("look", "done"), end()))
    with pytest.raises(DiagramRefused, match="user_task_has_a_form") as refused:
        install(database, house, people.administrator)
    assert [f.element for f in refused.value.findings] == ["look"]


def swap_once_read(database, path, text):
    """Write `text` to `path` when the first query runs: the closure has been read by then."""

    @event.listens_for(database.writer, "before_cursor_execute")
    def swap(*_anything):
        path.write_text(text, "utf-8")


@pytest.mark.parametrize("name", ["workflows/simple/simple.bpmn", "forms/simple/look.toml"])
def test_a_file_mended_for_the_check_alone_does_not_pass(database, house, simple, people, name):
    path = house.root / name
    right = path.read_text("utf-8")
    wrong = {"look.toml": form("decision").replace('"decision"', '"typename"')}
    path.write_text(wrong.get(path.name, right.replace('"PT4H"', '"soon, please"')), "utf-8")
    swap_once_read(database, path, right)

    with pytest.raises(DiagramRefused):
        install(database, house, people.administrator)


def test_what_is_kept_and_run_is_what_was_checked(database, house, simple, people):
    path = house.root / "workflows/simple/simple.bpmn"
    checked = path.read_bytes().decode()
    swap_once_read(database, path, "<a/>")

    assert (
        install(database, house, people.administrator).files["workflows/simple/simple.bpmn"]
        == checked
    )
    assert path.read_text("utf-8") == "<a/>"


def test_a_file_in_another_encoding_is_refused_in_a_sentence(house, simple):
    path = house.root / "forms/simple/look.toml"
    path.write_bytes('title = "数量"'.encode("gb18030"))
    with pytest.raises(xml.UnreadableFile, match=r"look.toml cannot be read: .* UTF-8"):
        closure.closure(house.root, "simple")


HOSTILE = {
    "entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "laughs": b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>',
    "doctype": b"<!DOCTYPE a><a/>",
    "utf-16 doctype": "<!DOCTYPE a><a/>".encode("utf-16"),
    "not well-formed": b"<a>",
    "nothing": b"",
    "too long": b"<a>" + b" " * 2_000_001 + b"</a>",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_xml_is_not_read(case):
    with pytest.raises(xml.UnreadableFile):
        xml.read_xml(HOSTILE[case], "a.bpmn")
