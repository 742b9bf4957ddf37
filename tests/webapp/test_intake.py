"""Taking in files on the page and on the command line: whole, or not at all, in words."""

import io
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from engine.serials import intake
from engine.serials.models import ImportBatch, Party
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.cli import KINDS
from webapp.compose import Holdfast
from webapp.intake import load_file, take_file_back

Enter = Callable[..., Visitor]
GOOD = "code,name,kind,country\nC-1,St Mary,consignee,GB\nC-2,Klinik Nord,consignee,DE\n"
BAD = "code,name,kind,country\nC-1,,consignee,GB\nC-2,Klinik Nord,ward,Germany\n"


def sent(visitor: Visitor, content: str, do: str) -> object:
    visitor.get("/intake")
    file = (io.BytesIO(content.encode()), "parties.csv")
    return visitor.post("/intake", {"kind": "parties", "file": file, "do": do})


def counted(holdfast: Holdfast) -> tuple[int | None, int | None]:
    with holdfast.database.read() as db:
        parties = select(func.count()).select_from(Party).where(Party.code.like("C-%"))
        return db.scalar(parties), db.scalar(select(func.count()).select_from(ImportBatch))


def test_a_file_is_checked_loaded_and_taken_back(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    checked = sent(visitor, GOOD, "check")
    assert checked.status_code == 200
    assert "new lines 2" in checked.text
    assert counted(holdfast) == (0, 0)

    loaded = sent(visitor, GOOD, "load")
    assert loaded.status_code == 303
    assert counted(holdfast) == (2, 1)
    assert "Klinik Nord" in visitor.get(loaded.location).text

    assert visitor.post(f"{loaded.location}/take-back", {"reason": " "}).status_code == 422
    back = visitor.post(f"{loaded.location}/take-back", {"reason": "wrong file"})
    assert back.status_code == 303
    assert counted(holdfast) == (0, 1)
    assert "Taken back" in visitor.get(loaded.location).text


def test_every_problem_of_every_row_is_told_and_nothing_is_half_loaded(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    answer = sent(signed_in(people.qa_engineer), BAD, "load")
    assert answer.status_code == 422
    for words in ("3 problems", "Enter a value for", "“ward” is not one of", "“Germany”"):
        assert words in answer.text
    assert counted(holdfast) == (0, 0)


def test_problems_are_told_in_chinese(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    visitor.get("/intake")
    visitor.post("/language", {"language": "zh"})
    page = sent(visitor, BAD, "check")
    assert "不是国家代码" in page.text
    assert "Enter a value" not in page.text


def test_who_may_not_take_in_files_is_refused(signed_in: Enter, people: People) -> None:
    assert signed_in(people.inspector).get("/intake").status_code == 403


def test_the_command_loads_a_file_whole_or_says_every_problem(
    holdfast: Holdfast, people: People, tmp_path: Path
) -> None:
    said: list[str] = []
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(BAD, encoding="utf-8")

    assert load_file(holdfast, "parties", bad, dry_run=False, say=said.append) == 1
    assert said[0].startswith("line 2, ")
    assert said[-1] == "bad.csv: 3 problems; nothing was loaded."
    assert load_file(holdfast, "parties", good, dry_run=True, say=said.append) == 0
    assert counted(holdfast) == (0, 0)

    assert load_file(holdfast, "parties", good, dry_run=False, say=said.append) == 0
    assert counted(holdfast) == (2, 1)
    assert take_file_back(holdfast, 1, reason="wrong file", say=said.append) == 0
    assert take_file_back(holdfast, 1, reason="again", say=said.append) == 1
    assert counted(holdfast) == (0, 1)


def test_the_command_knows_every_kind_of_file() -> None:
    assert list(intake.KINDS) == KINDS
