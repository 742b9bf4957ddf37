"""What surrounds the application goes away in the middle: printer, disk, database."""

import errno
import os
import resource
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from zlib import crc32

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from engine.cases import commands, verifying
from engine.cases.models import Case, Comment
from engine.evidence import documents, render
from engine.evidence.render import end_worker
from engine.evidence.store import NoRoomLeft
from engine.jobs import Job
from engine.people import Person
from tests.processes.company import Company
from tests.processes.founding import composed, found
from tests.stress.crowd import check_consistent
from tests.support import postgres
from tests.support.files import png
from tests.support.personas import People, settle
from tests.support.schema import lay_schema

# --- the print worker ------------------------------------------------------------------------


@contextmanager
def killing_printers(count: int) -> Iterator[list[int]]:
    """Kill the next `count` print workers, each soon after it was born."""
    killed: list[int] = []
    is_over = Event()

    def watch() -> None:
        while len(killed) < count and not is_over.is_set():
            process = render._worker._process
            with suppress(ValueError, ProcessLookupError):  # it was closed meanwhile
                if process is not None and process.pid and process.pid not in killed:
                    time.sleep(0.2)
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)
            time.sleep(0.02)

    end_worker()
    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield killed
    finally:
        is_over.set()
        watcher.join()


@pytest.mark.stress
def test_a_document_is_sealed_though_its_printer_was_killed(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.to_disposition("S-0001")
    company.propose(company.line("scrap", lot="S-0001", quantity=40))

    with killing_printers(2) as killed:  # the second is the one that the first try starts anew
        company.seal_documents()
    assert len(killed) == 2
    (job,) = company.reads(lambda db: db.scalars(select(Job)).all())
    assert job.done_at is None
    assert "print worker ended" in job.failure
    assert {one.state for one in company.documents} == {"sealing"}

    company.at = job.due_at
    company.seal_documents()
    assert {one.state for one in company.documents} == {"sealed"}
    assert company.reads(lambda db: verifying.verify_case(db, company.case.stream)).holds


# --- the disk --------------------------------------------------------------------------------


@contextmanager
def room_for_files_of(most: int) -> Iterator[None]:
    """Let no file of this process grow beyond `most` bytes: to it the disk is full there."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def _photo_of(size: int) -> bytes:
    """Return a picture with a long text in it."""
    head, end = png()[:-12], png()[-12:]
    text = b"tEXt" + b"Comment\0" + b"x" * size
    return head + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", crc32(text)) + end


def test_an_upload_without_room_is_refused_in_words_and_leaves_nothing(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    stored = company.holdfast.settings.documents_folder
    before = sorted(stored.rglob("*"))

    def attach(by: Person) -> None:
        with company.holdfast.database.begin() as db:
            commands.comment(db, company.case, "Photo of the pouch", by=by, at=company.at)
            file = documents.store_file(db, name="pouch.png", content=_photo_of(20_000_000))
            commands.attach(db, company.number, file, by=by, at=company.at)

    with room_for_files_of(15_000_000), pytest.raises(NoRoomLeft, match="no room left"):
        attach(company.people.qa_engineer)

    assert [path for path in sorted(stored.rglob("*")) if path.is_file()] == [
        path for path in before if path.is_file()
    ]
    assert company.reads(lambda db: db.scalar(select(func.count()).select_from(Comment))) == 0
    attach(company.people.qa_engineer)
    assert [one.state for one in company.documents] == ["attached"]
    assert company.reads(lambda db: verifying.verify_case(db, company.case.stream)).holds


def test_a_full_disk_while_sealing_is_tried_again(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.to_disposition("S-0001")
    company.propose(company.line("scrap", lot="S-0001", quantity=40))
    store = company.holdfast.settings.documents_folder
    store.mkdir(exist_ok=True)
    elsewhere = store.rename(store.with_name("elsewhere"))
    store.symlink_to("/dev/full")  # no folder can be made there

    company.seal_documents()
    (job,) = company.reads(lambda db: db.scalars(select(Job)).all())
    assert job.failure
    assert {one.state for one in company.documents} == {"sealing"}

    store.unlink()
    elsewhere.rename(store)
    company.at = job.due_at
    company.seal_documents()
    assert {one.state for one in company.documents} == {"sealed"}


def test_no_room_is_told_from_other_failures() -> None:
    assert NoRoomLeft.is_why(OSError(errno.ENOSPC, "No space left on device"))
    assert NoRoomLeft.is_why(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert not NoRoomLeft.is_why(PermissionError(errno.EACCES, "Permission denied"))


# --- the database ----------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """Give a server that nobody else uses: this test takes it down."""
    folder, owner = postgres.claim()
    server = postgres.Server(folder, synchronous_commit="on")  # a commit must mean what it says
    with server.locked():
        server.start()
    yield server
    postgres.give_back(folder, owner)


@pytest.fixture
def own_company(
    own_server: postgres.Server, people: People, tmp_path: Path, at
) -> Iterator[Company]:
    url = own_server.url("postgres")
    lay_schema(url, settle)
    founded = found("postgresql", url, "postgres", tmp_path, people)
    holdfast = composed(tmp_path, url)
    yield Company(holdfast, people, at, founded.places)
    holdfast.database.close()


@pytest.mark.stress
def test_a_step_is_whole_or_absent_when_the_database_restarts_under_it(
    own_server: postgres.Server, own_company: Company
) -> None:
    company = own_company
    cut = [_restarted_while(company, own_server, number) for number in range(6)]

    print(f"steps cut by the restart: {cut}")
    assert any(cut), "the restart met no step: it came too early or too late"
    assert company.reads(lambda db: db.scalar(select(func.count()).select_from(Case))) == 6
    company.reads(check_consistent)


def _restarted_while(company: Company, server: postgres.Server, number: int) -> int:
    """Walk a case while the database restarts; say how many steps were cut and sent again."""
    company.make_lot(f"S-{number}", 10)
    is_walking = Event()

    def restart() -> None:
        is_walking.wait()
        time.sleep(0.1 * number)
        server.stop()
        server.start()

    restarting = Thread(target=restart)
    restarting.start()
    steps = [partial(company.report, f"S-{number}")]
    steps += [partial(company.do, name) for name in ("triage", "confirm_segregation")]
    is_walking.set()
    cut = sum(_until_done(company, step) for step in steps)
    restarting.join()
    assert company.waiting_at == {"investigate"}
    return cut


def _until_done(company: Company, step: partial[object]) -> int:
    """Send a step until it is answered; the page keeps its key."""
    key = company._keys
    for tried in range(200):
        company._keys = key
        try:
            step()
        except OperationalError:
            time.sleep(0.05)  # the connection was lost, or the server is not back yet
        except AssertionError:
            return tried  # the task is not open any more: the cut step was committed after all
        else:
            return tried
    pytest.fail("the database did not come back")
