"""Founding a company: its processes released by two people who sign, its places laid."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import clock
from engine.cases import releases
from engine.cases.signing import Signing
from engine.people import Person
from engine.people.passwords import Hashing
from engine.serials.exchange.addresses import WaysOut
from tests.processes.goods import lay_places
from tests.support.personas import HIRED_AT, PASSWORD, People
from webapp.compose import Holdfast, compose
from webapp.settings import Settings

PROCESSES = ("nonconformance", "recall")


@dataclass(frozen=True)
class Founded:
    """A company whose processes are released and whose places are laid: copy it, never use it.

    `template` names the database; `folder` holds the keys that signed in it.
    """

    kind: str
    template: str
    folder: Path
    places: dict[str, int]


def composed(folder: Path, url: str) -> Holdfast:
    """Compose the application as in life, with cheap passwords."""
    settings = Settings(
        folder=folder,
        database_url=url,
        secret_key=b"k" * 32,
        company="Tarn Medical",
        ways_out=WaysOut(("*.example",)),
    )
    return compose(settings, hashing=Hashing(memory_kib=8, passes=1, lanes=1))


def found(kind: str, url: str, template: str, folder: Path, people: People) -> Founded:
    """Release every process in the peopled database at `url` and lay the places."""
    with clock.at(HIRED_AT):  # the keys are as old as the company
        holdfast = composed(folder, url)
    try:
        release_processes(holdfast, people)
        return Founded(kind, template, folder, lay_places(holdfast, at=HIRED_AT))
    finally:
        holdfast.database.close()


def release_processes(
    holdfast: Holdfast, people: People, processes: Sequence[str] = PROCESSES
) -> None:
    """Install every process and have it released by two people, each signing."""
    for process in processes:
        release_process(holdfast, process, people)


def release_process(holdfast: Holdfast, process: str, people: People) -> None:
    """Install a process and have it released by two people, each signing."""
    with holdfast.database.begin() as db:
        draft = releases.install(db, process, by=people.administrator, at=HIRED_AT).id
    release_version(holdfast, draft, "process_owner", people.qa_manager)
    release_version(holdfast, draft, "quality", people.management_representative)


def release_version(holdfast: Holdfast, definition_id: int, capacity: str, by: Person) -> None:
    """Have one of the two people sign a version that is installed."""
    session = f"release-{by.id}"
    with holdfast.database.begin() as db:
        pending = releases.open_signing(
            db, definition_id, capacity, by=by, session_id=session, at=HIRED_AT
        )
    signing = Signing(pending.nonce, PASSWORD, session, by.user_name)
    with holdfast.database.begin() as db:
        releases.sign(db, definition_id, capacity, signing, by=by, at=HIRED_AT)
