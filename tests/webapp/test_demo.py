"""The demo company: whole, alive, its own; and one case run to its sealed record."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.bpmn.models import Incident, Instance, Task
from engine.cases.models import Case
from engine.cases.verifying import verify_case
from engine.evidence.ledger import LedgerEntry
from engine.evidence.render import end_worker
from engine.people.models import PersonAccount, RoleGrant
from engine.people.roles import roles
from engine.people.token_models import ServiceAccount
from engine.serials.identifiers import gtin_14
from engine.serials.models import Install, Part
from webapp import demo
from webapp.compose import Holdfast, compose
from webapp.demo import bringing_up, catalogue, people
from webapp.demo.bringing_up import FEW_CASES, Interrupted, NotTheDemo
from webapp.settings import Settings


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, said: list[str]) -> Iterator[Path]:
    """Bring up a small company once for all tests here."""
    folder = tmp_path_factory.mktemp("demo")
    demo.bring_up(folder, say=said.append, scale=FEW_CASES)
    yield folder
    end_worker()


@pytest.fixture
def holdfast(folder: Path) -> Iterator[Holdfast]:
    composed = compose(Settings.read(folder))
    yield composed
    composed.database.close()


def waiting(holdfast: Holdfast) -> dict[str, set[str]]:
    with holdfast.database.read() as db:
        cases = {title: set() for title in db.scalars(select(Case.title))}
        for title, element in db.execute(
            select(Case.title, Task.element_id)
            .join(Instance, Instance.business_key == Case.number)
            .join(Task, Task.root_id == Instance.id)
            .where(
                Task.done_at.is_(None),
                Task.cancelled_at.is_(None),
                Task.process != "recount",  # comes round each week
            )
        ):
            cases[title].add(element)
    return {title.split(" ")[0]: elements for title, elements in cases.items()}


def test_each_role_has_someone_and_each_that_decides_a_second_person(holdfast: Holdfast) -> None:
    with holdfast.database.read() as db:
        grants = db.scalars(select(RoleGrant)).all()
        systems = select(ServiceAccount.person_id)
        accounts = db.scalars(select(PersonAccount).where(PersonAccount.id.not_in(systems))).all()

    assert {grant.role for grant in grants} == set(roles())
    assert all(g.confirmed_at for g in grants if g.is_signing)
    assert not [g for g in grants if g.confirmed_by_id and g.confirmed_by_id == g.granted_by_id]
    assert not [a for a in accounts if a.must_change_password or not a.identity_verified_at]
    alone = {a.id for a in accounts if a.user_name in ("tomas.lindqvist", "agnes.keller")}
    assert len([g for g in grants if g.person_id in alone]) == 2


def test_the_demo_says_who_there_is_and_how_to_sign_in(folder: Path, said: list[str]) -> None:
    text = "\n".join(said)

    assert people.PASSWORD in text
    assert all(one.user_name in text for one in people.COLLEAGUES)
    assert "http://127.0.0.1:8000" in text
    settings = Settings.read(folder)
    assert (settings.company, settings.mark) == (catalogue.COMPANY, "DEMO")


def test_every_device_identifier_has_the_right_check_digit(holdfast: Holdfast) -> None:
    with holdfast.database.read() as db:
        found = db.scalars(select(Part.di).where(Part.kind == "device")).all()

    assert len(found) == 6
    assert all(gtin_14(di or "") == di for di in found)


def test_pumps_hold_boards_sensors_and_batteries(holdfast: Holdfast) -> None:
    with holdfast.database.read() as db:
        standing = select(func.count(Install.id)).where(Install.to_event_id.is_(None))
        assert db.scalar(standing) == 3 * 24


def test_cases_wait_where_their_history_left_them(holdfast: Holdfast) -> None:
    assert waiting(holdfast) == {
        "Air-in-line": set(),
        "Pull": {"approve_quality", "approve_engineering"},
        "Ethelwyn": {"confirm_segregation"},
        "Cartons": {"resolve_count_mismatch"},
        "Two": {"triage"},
        "Battery": {"investigate"},  # goes on from the old system
    }
    with holdfast.database.read() as db:
        assert db.scalar(select(func.count()).select_from(Incident)) == 0


def test_whatever_happened_in_the_demo_is_proved_by_its_record(holdfast: Holdfast) -> None:
    with holdfast.database.read() as db:
        streams = db.scalars(select(LedgerEntry.stream).distinct()).all()
        found = {stream: verify_case(db, stream).causes for stream in streams}

    assert len(found) >= len(FEW_CASES.told) + 3  # people, processes and goods
    assert not any(found.values()), found


def test_a_second_start_keeps_what_is_there(folder: Path, holdfast: Holdfast) -> None:
    heard: list[str] = []

    demo.bring_up(folder, say=heard.append, scale=FEW_CASES)

    assert "already" in heard[0]
    assert not any("Hiring" in line for line in heard)
    assert len(waiting(holdfast)) == 6


def test_the_demo_is_never_brought_up_among_real_people(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "holdfast.db"
    real.write_bytes((folder / "holdfast.db").read_bytes())

    with pytest.raises(NotTheDemo) as refused:
        demo.bring_up(tmp_path, say=print)

    assert str(tmp_path) in str(refused.value)
    assert {path.name for path in tmp_path.iterdir()} <= {"holdfast.db", "secret_key"}


def test_an_interrupted_demo_says_so(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "holdfast.db").write_bytes((folder / "holdfast.db").read_bytes())
    (tmp_path / "demo").write_text(bringing_up.BEGUN)

    with pytest.raises(Interrupted):
        demo.bring_up(tmp_path, say=print)


def test_one_case_runs_to_a_sealed_report_that_verifies(
    tmp_path: Path, fresh_postgres: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    with fresh_postgres("template1") as url:
        monkeypatch.setenv("HOLDFAST_DATABASE_URL", url)

        assert demo.run_one_case(tmp_path, say=heard.append)

    end_worker()
    assert any("Helen Ashworth" in line and "close" in line for line in heard)
    assert [path.name for path in tmp_path.glob("*.pdf")] == [
        "NC-2026-0001 Nonconformance report.pdf"
    ]
    assert not any("FAILS" in line for line in heard)
