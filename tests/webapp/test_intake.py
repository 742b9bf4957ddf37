"""Taking in files on the pages and on the command line: kept, mapped, checked, loaded, mended."""

import io
import re
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from engine import clock
from engine.serials import intake
from engine.serials.intake import priority, working
from engine.serials.models import ImportBatch, ImportCorrection, ImportMapping, Part, Party
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.cli import KINDS
from webapp.compose import Holdfast
from webapp.intake import ALL_IN, REFUSED, SOME_WAIT, bar, import_file, take_file_back
from webapp.words import INTAKE_RULE

Enter = Callable[..., Visitor]
GOOD = "code,name,kind,country\nC-1,St Mary,consignee,GB\nC-2,Klinik Nord,consignee,DE\n"
BAD = "code,name,kind,country\nC-1,,consignee,GB\nC-2,Klinik Nord,ward,DE\nC-3,Good,site,FR\n"


def sent(visitor: Visitor, content: str | bytes, kind: str = "parties", **more: str) -> object:
    visitor.get("/intake")
    body = content.encode() if isinstance(content, str) else content
    file = (io.BytesIO(body), f"{kind}.csv")
    return visitor.post("/intake", {"kind": kind, "file": file, **more})


def mapped(visitor: Visitor, answer: object, *names: str, **more: str) -> object:
    page = visitor.get(answer.location)
    chosen = {f"column-{place}": name for place, name in enumerate(names)} or dict(
        re.findall(r'name="(column-\d+)".*?value="(\w*)" selected', page.text, flags=re.DOTALL)
    )
    return visitor.post(answer.location, {**chosen, "do": "check", "keep": "on", **more})


def shown(page: object) -> str:
    return re.search(r'name="shown" value="(\w+)"', page.text)[1]


def taken_in(visitor: Visitor, content: str | bytes, kind: str = "parties") -> str:
    """Send a file, map it as guessed, load it; return the address of its page."""
    address = mapped(visitor, sent(visitor, content, kind)).location
    page = visitor.get(address)
    assert visitor.post(f"{address}/load", {"shown": shown(page)}).status_code == 303
    return address


def counted(holdfast: Holdfast) -> int | None:
    with holdfast.database.read() as db:
        return db.scalar(select(func.count()).select_from(Party).where(Party.code.like("C-%")))


def test_a_file_is_mapped_checked_loaded_and_taken_back(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    answer = sent(visitor, GOOD)
    assert answer.status_code == 303
    page = visitor.get(answer.location)
    assert "Klinik Nord" in page.text

    checked = mapped(visitor, answer)
    page = visitor.get(checked.location)
    assert "New: 2." in page.text
    assert counted(holdfast) == 0

    assert visitor.post(f"{checked.location}/load", {"shown": shown(page)}).status_code == 303
    assert counted(holdfast) == 2
    assert visitor.get(f"{checked.location}/file").data == GOOD.encode()

    assert visitor.post(f"{checked.location}/take-back", {"reason": " "}).status_code == 422
    back = visitor.post(f"{checked.location}/take-back", {"reason": "wrong file"})
    assert back.status_code == 303
    assert counted(holdfast) == 0
    assert "Taken back" in visitor.get(checked.location).text


def test_what_would_change_is_shown_field_by_field_before_it_is_loaded(
    signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    taken_in(visitor, GOOD)
    checked = mapped(visitor, sent(visitor, GOOD.replace("Klinik Nord", "Klinik Süd")))

    page = visitor.get(checked.location).text
    table = page.partition("What would change, field by field")[2]
    assert "Klinik Nord" in table
    assert "Klinik Süd" in table
    assert "What is recorded stays, the line waits" in table


def test_a_missing_column_is_told_on_the_mapping_page(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    answer = sent(visitor, "Nr,Wer,Art\nC-1,St Mary,consignee\n")
    page = visitor.get(answer.location)
    assert "Still to map: Code, Kind, Name" in page.text.replace("\n", "")
    assert mapped(visitor, answer, "code", "name").status_code == 422
    assert mapped(visitor, answer, "code", "name", "code").status_code == 422
    assert mapped(visitor, answer, "code", "name", "kind").status_code == 303


def test_a_mapping_is_kept_and_used_for_the_next_file(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    text = "Nr,Wer,Art\nC-1,St Mary,consignee\n"
    mapped(visitor, sent(visitor, text, source="mes"), "code", "name", "kind")
    with holdfast.database.read() as db:
        assert db.scalars(select(ImportMapping.source)).one() == "mes"
    page = visitor.get(sent(visitor, text, source="mes").location)
    assert "A mapping is kept for this source" in page.text
    assert "Still to map" not in page.text


def test_an_encoding_that_is_not_plain_is_asked(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    content = GOOD.replace("Nord", "Süd").encode("cp1252")
    answer = sent(visitor, content)
    assert answer.status_code == 422
    assert "Say which encoding it has" in answer.text
    assert 'name="encoding"' in answer.text
    answer = sent(visitor, content, encoding="cp1252")
    assert "Klinik Süd" in visitor.get(answer.location).text


def test_rows_in_quarantine_are_mended_in_the_grid(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    address = taken_in(visitor, BAD)
    assert counted(holdfast) == 1
    page = visitor.get(f"{address}/quarantine")
    for words in ("Enter a value for Name", "“ward” is not one of"):
        assert words in page.text
    data = {"seen-2": "0", "cell-2-name": "St Mary", "seen-3": "0", "do": "rerun"}
    again = visitor.post(f"{address}/quarantine", data)
    assert again.location.endswith("/quarantine")
    assert counted(holdfast) == 2

    stale = visitor.post(f"{address}/quarantine", {"seen-2": "0", "cell-2-name": "Other"})
    assert stale.status_code == 409
    replaced = {"column": "kind", "before": "ward", "after": "consignee", "remember": "on"}
    assert visitor.post(f"{address}/quarantine/replace", replaced).location == address
    assert counted(holdfast) == 3
    assert "No line is in quarantine" in visitor.get(f"{address}/quarantine").text
    with holdfast.database.read() as db:
        assert db.scalar(select(func.count()).select_from(ImportCorrection)) == 2
        assert db.scalars(select(ImportMapping.how)).one()["aliases"] == {
            "kind": {"ward": "consignee"}
        }


def test_rows_in_quarantine_go_out_as_a_file_and_come_back(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    address = taken_in(visitor, BAD)
    said = visitor.get(f"{address}/quarantine/rows.csv").text
    assert said.startswith("\ufeffline,code,name,kind,country,problems")
    mended = said.replace("C-1,,", "C-1,St Mary,").replace("ward", "consignee")
    file = (io.BytesIO(mended.encode()), "mended.csv")
    visitor.post(f"{address}/quarantine/rows.csv", {"file": file})
    assert counted(holdfast) == 3
    empty = (io.BytesIO(b"\xff\xfe"), "mended.csv")
    assert visitor.post(f"{address}/quarantine/rows.csv", {"file": empty}).status_code == 422


def test_a_row_is_left_out_with_a_reason(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    address = taken_in(visitor, BAD)
    visitor.get(f"{address}/quarantine")
    assert visitor.post(f"{address}/quarantine/2/leave-out", {"reason": ""}).status_code == 422
    assert visitor.post(f"{address}/quarantine/2/leave-out", {"reason": "old"}).status_code == 303
    assert visitor.post(f"{address}/quarantine/2/leave-out", {"reason": "old"}).status_code == 409


def test_another_file_than_the_one_shown_is_not_loaded(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    one = mapped(visitor, sent(visitor, GOOD)).location
    was = shown(visitor.get(one))
    other = mapped(visitor, sent(visitor, GOOD.replace("Nord", "Ost"))).location
    assert visitor.post(f"{other}/load", {"shown": was}).status_code == 409
    assert counted(holdfast) == 0


def test_problems_are_told_in_chinese(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    visitor.get("/intake")
    visitor.post("/language", {"language": "zh"})
    address = taken_in(visitor, BAD)
    for page in (visitor.get(address), visitor.get(f"{address}/quarantine")):
        assert "请填写名称" in page.text
        assert "Enter a value" not in page.text


def test_who_may_not_take_in_files_is_refused(signed_in: Enter, people: People) -> None:
    assert signed_in(people.inspector).get("/intake").status_code == 403


def test_a_protected_serial_is_loaded_after_a_second_person_approved(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor, second = signed_in(people.qa_engineer), signed_in(people.qa_manager)
    taken_in(visitor, "code,name,kind\nOWN,Tarn,site\n")
    taken_in(visitor, "party,code,name,kind\nOWN,WH-1,Store,warehouse\n", "locations")
    parts = "manufacturer,part_no,name,kind,control\nOWN,PUMP,Pump,device,serial\n"
    taken_in(visitor, parts, "parts")
    with holdfast.database.read() as db:
        part = str(db.scalars(select(Part.id)).one())
    assert visitor.post("/intake/protected", {"part": part}).status_code == 422
    listed = {"part": part, "serials": "SN-1\n SN-2 ", "reason": "implant under study"}
    assert visitor.post("/intake/protected", listed).status_code == 303
    assert "implant under study" in visitor.get("/intake/protected").text

    units = "part_no,serial,location\nPUMP,SN-1,WH-1\n"
    address = mapped(visitor, sent(visitor, units, "units")).location
    page = visitor.get(address)
    assert "A second person from quality must approve" in page.text
    seen = shown(second.get(address))
    assert visitor.post(f"{address}/load", {"shown": seen}).status_code == 422
    assert visitor.post(f"{address}/approve", {"shown": seen, "reason": "x"}).status_code == 422
    assert second.post(f"{address}/approve", {"shown": seen, "reason": ""}).status_code == 422
    assert second.post(f"{address}/approve", {"shown": seen, "reason": "seen"}).status_code == 303
    assert visitor.post(f"{address}/load", {"shown": seen}).status_code == 303
    with holdfast.database.read() as db:
        row = priority.listed(db)[0][0]
    assert visitor.post(f"/intake/protected/{row.id}/remove", {"reason": ""}).status_code == 422
    assert visitor.post(f"/intake/protected/{row.id}/remove", {"reason": "over"}).status_code == 303


def test_a_large_file_is_checked_and_loaded_as_work_that_its_page_follows(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    rows = "".join(f"C-{n},Clinic number {n} of the many,consignee,GB\n" for n in range(6_500))
    address = mapped(visitor, sent(visitor, "code,name,kind,country\n" + rows)).location
    page = visitor.get(address)
    assert "Waiting to begin" in page.text
    assert 'hx-trigger="every 2s"' in page.text
    assert visitor.post(f"{address}/check").status_code == 409, "it is being worked on"
    holdfast.run_jobs()
    page = visitor.get(address)
    assert "New: 6,500." in page.text
    visitor.post(f"{address}/load", {"shown": shown(page)})
    assert counted(holdfast) == 0
    holdfast.run_jobs()
    assert counted(holdfast) == 6_500
    assert "1 to 50 of 6,500" in visitor.get(address).text


def test_work_that_is_refused_tells_why_and_is_not_tried_again(
    holdfast: Holdfast, signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    address = mapped(visitor, sent(visitor, GOOD)).location
    number = int(address.rpartition("/")[2])
    with holdfast.database.begin() as db:
        working.ask(
            db, number, "load_import", by=people.qa_engineer, at=clock.now(), shown="another"
        )
    holdfast.run_jobs()
    assert "This is not the file you were shown" in visitor.get(address).text
    assert counted(holdfast) == 0


def test_the_quality_of_sources_is_ranked(signed_in: Enter, people: People) -> None:
    visitor = signed_in(people.qa_engineer)
    taken_in(visitor, BAD)
    page = visitor.get("/intake/quality")
    assert "2 lines in quarantine now" in page.text
    assert "Value missing" in page.text
    assert "666.7" in page.text


def test_every_rule_has_a_name() -> None:
    from engine.serials.intake.problems import SENTENCES

    assert set(INTAKE_RULE) == set(SENTENCES)


def test_the_command_loads_what_is_sound_and_tells_every_problem(
    holdfast: Holdfast, people: People, tmp_path: Path
) -> None:
    said: list[str] = []
    steps: list[str] = []
    good, bad, odd = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "odd.csv"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(BAD, encoding="utf-8")
    odd.write_text("hue\nred\n", encoding="utf-8")

    def run(file: Path, *, dry_run: bool = False) -> int:
        said.clear()
        return import_file(
            holdfast, "parties", file, source="erp", dry_run=dry_run, say=said.append,
            progress=bar(steps.append),
        )  # fmt: skip

    assert run(good, dry_run=True) == ALL_IN
    assert counted(holdfast) == 0
    assert run(bad) == SOME_WAIT
    assert said[0].startswith("line 2, name: Enter a value for Name")
    assert "2 in quarantine" in said[2]
    assert counted(holdfast) == 1
    assert run(odd) == REFUSED
    assert "No column is mapped to" in said[0]
    assert run(good) == ALL_IN
    assert counted(holdfast) == 3
    assert "100 % loaded" in steps
    with holdfast.database.read() as db:
        last = db.scalars(select(ImportBatch.id).order_by(ImportBatch.id.desc())).first()
    assert take_file_back(holdfast, last or 0, reason="wrong file", say=said.append) == 0
    assert take_file_back(holdfast, last or 0, reason="again", say=said.append) == 1
    assert counted(holdfast) == 1


def test_the_command_knows_every_kind_of_file() -> None:
    assert list(intake.KINDS) == KINDS
