"""Starting a real company from the command line: its first two people, its first diagrams."""

from pathlib import Path

from engine.cases import releases
from engine.clock import now
from engine.people.accounts import NewPerson
from engine.people.founding import Founder, found as found_people
from webapp.serve import opened


def found(
    folder: Path,
    administrator: tuple[str, str, str],
    quality: tuple[str, str, str],
    passwords: list[str],
) -> None:
    """Open the first administrator and quality manager; each is (user name, name, evidence)."""
    holdfast = opened(folder)
    founders = [
        Founder(NewPerson(user_name=user, printed_name=name), password, evidence)
        for (user, name, evidence), password in zip(
            (administrator, quality), passwords, strict=True
        )
    ]
    with holdfast.database.begin() as db:
        found_people(db, administrator=founders[0], quality=founders[1], at=now())
    holdfast.database.close()


def install(folder: Path, process: str) -> str:
    """Install a process as it lies in the files, by nobody in person; return what it is called."""
    holdfast = opened(folder)
    with holdfast.database.begin() as db:
        draft = releases.install(db, process, by=None, at=now())
        said = f"{draft.name} {draft.version}"
    holdfast.database.close()
    return said
