"""Stories of uploads: a file is the person's own until the answer that names it is accepted."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine import clock
from engine.cases.commands import attach, save_draft
from engine.cases.models import Attachment, Upload
from engine.cases.tasks import lock_case
from engine.cases.uploads import ABANDONED_FOR, drop_abandoned, keep_upload
from engine.db import Database
from engine.errors import Busy
from engine.evidence import documents, ledger
from tests.processes.company import Company
from tests.processes.visiting import visiting
from tests.support.files import png
from tests.webapp.conftest import Visitor

PHOTO = png(7)
SHA256 = sha256(PHOTO).hexdigest()
ANSWERS = {
    "investigation_needed": "yes",
    "cause": "equipment",
    "cause_description": "Heater plate 2 read 6 °C low.",
    "escape": "The hourly peel test samples plate 1 only.",
    "others_affected": "no",
    "no_others_because": "SL-04 was set up for this lot only.",
    "supplier_involved": "no",
}


@pytest.fixture
def app(company: Company, app: Flask) -> Flask:
    company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    company.do("confirm_segregation")
    return app


def photo(name: str = "裂纹 1.png", content: bytes = PHOTO) -> dict[str, Any]:
    return {"evidence-file": (BytesIO(content), name)}


def sent(company: Company, visitor: Visitor, data: dict[str, Any]) -> TestResponse:
    return visitor.post(f"/tasks/{company.task('investigate').id}", data)


def kept(company: Company) -> list[str]:
    return company.reads(lambda db: list(db.scalars(select(Upload.sha256))))


def test_a_file_of_a_refused_form_is_kept_and_is_on_the_case_once_when_the_form_is_right(
    company: Company, app: Flask
) -> None:
    task_id = company.task("investigate").id
    with visiting(company, app, company.people.qa_engineer) as visitor:
        refused = sent(company, visitor, {**ANSWERS, "cause": "", **photo()})
        assert refused.status_code == 422
        assert f'value="{SHA256}" checked' in refused.text
        assert "裂纹 1.png" in refused.text
        assert company.documents == []

        again = {**ANSWERS, "evidence": SHA256, **photo("the same again.png")}
        assert sent(company, visitor, again).status_code == 303
        assert company.documents == []  # checked, not yet accepted
        visitor.get(f"/tasks/{task_id}/check")
        assert visitor.post(f"/tasks/{task_id}/complete").status_code == 303

        (file,) = company.documents
        assert (file.sha256, file.name, file.state) == (SHA256, "裂纹 1.png", "attached")
        shown = visitor.client.get(f"/nonconformances/{company.number}/documents/{file.id}")
        assert shown.data == PHOTO
    assert kept(company) == []
    entries = company.reads(
        lambda db: ledger.entries(db, company.case.stream, action="document_attached")
    )
    assert [one.body["sha256"] for one in entries] == [SHA256]
    given = company.reads(lambda db: list(db.scalars(select(Attachment))))
    assert [(one.document_id, one.task_id) for one in given] == [(file.id, task_id)]


def test_a_file_that_is_no_good_is_told_at_its_question_and_the_others_are_kept(
    company: Company, app: Flask
) -> None:
    with visiting(company, app, company.people.qa_engineer) as visitor:
        files = {"evidence-file": [(BytesIO(PHOTO), "good.png"), (BytesIO(b"MZ"), "bad.png")]}
        refused = sent(company, visitor, {**ANSWERS, **files})
        assert refused.status_code == 422
        assert "The content of “bad.png” is no PNG picture" in refused.text
        assert "good.png" in refused.text
        page = visitor.get(f"/tasks/{company.task('investigate').id}")
        assert f'value="{SHA256}" checked' in page.text


def test_a_file_of_a_refused_form_is_nobody_elses(company: Company, app: Flask) -> None:
    with visiting(company, app, company.people.qa_engineer) as visitor:
        sent(company, visitor, {**ANSWERS, "cause": "", **photo()})
    other = company.people.second_qa_engineer
    with visiting(company, app, other) as visitor:
        assert SHA256[:16] not in visitor.get(f"/nonconformances/{company.number}/documents").text
        gone = visitor.get(f"/nonconformances/{company.number}/review/{SHA256}")
        assert gone.status_code == 404
        named = sent(company, visitor, {**ANSWERS, "evidence": SHA256})
        assert named.status_code in {303, 422}
        page = visitor.get(f"/tasks/{company.task('investigate').id}/check")
        assert "裂纹 1.png" not in page.text
        assert "is not here any more" in page.text


def test_a_file_of_an_abandoned_form_is_removed_after_its_time(
    company: Company, app: Flask
) -> None:
    with visiting(company, app, company.people.qa_engineer) as visitor:
        sent(company, visitor, {**ANSWERS, "cause": "", **photo()})
    path = company.holdfast.documents.path(SHA256)
    os.utime(path, (company.at.timestamp(),) * 2)  # the company lives at another time than the disk

    company.at += ABANDONED_FOR / 2
    dropped(company)
    assert kept(company) == [SHA256]
    company.at += ABANDONED_FOR
    dropped(company)
    assert kept(company) == []
    assert not path.exists()
    assert company.documents == []


def test_bytes_that_a_case_holds_stay_when_a_draft_with_them_is_dropped(
    company: Company, app: Flask
) -> None:
    with visiting(company, app, company.people.qa_engineer) as visitor:
        address = f"/nonconformances/{company.number}/documents"
        visitor.get(address)
        attached = visitor.post(address, {"file": (BytesIO(PHOTO), "seen.png")})
        assert attached.status_code == 303
        sent(company, visitor, {**ANSWERS, "cause": "", **photo()})
    path = company.holdfast.documents.path(SHA256)
    os.utime(path, (company.at.timestamp(),) * 2)  # the company lives at another time than the disk
    company.at += ABANDONED_FOR * 2
    dropped(company)
    assert kept(company) == []
    assert company.holdfast.documents.open(SHA256) == PHOTO


def test_a_file_stays_with_ones_other_drafts_when_one_of_them_is_accepted(
    company: Company,
) -> None:
    by, places = company.people.qa_technician, ("start:nonconformance", "task:another")
    with company.holdfast.database.begin() as db:
        for place in places:
            keep_upload(db, place, name="a.png", content=PHOTO, by=by, at=company.at)
            save_draft(db, place, {"photos": [SHA256]}, by=by, at=company.at)
    company.make_lot("S-2", 40)
    company.report("S-2", photos=[SHA256])
    assert [one.sha256 for one in company.documents] == [SHA256]
    left = company.reads(lambda db: list(db.scalars(select(Upload.place))))
    assert left == ["task:another"]


@dataclass
class Meanwhile:
    """A database at which somebody acts after it was looked at, before it is written to."""

    database: Database
    act: Callable[[Session], object]

    def read(self) -> AbstractContextManager[Session]:
        return self.database.read()

    def begin(self) -> AbstractContextManager[Session]:
        with self.database.begin() as db:
            self.act(db)
        return self.database.begin()


@pytest.mark.parametrize("act", ["sends the file again", "saves the draft again"])
def test_a_file_in_use_again_while_old_ones_are_dropped_stays(company: Company, act: str) -> None:
    by, place, sent_at = company.people.qa_technician, "task:another", company.at

    def keep(db: Session) -> None:
        keep_upload(db, place, name="a.png", content=PHOTO, by=by, at=company.at)

    def save(db: Session) -> None:
        save_draft(db, place, {"photos": [SHA256]}, by=by, at=company.at)

    with company.holdfast.database.begin() as db:
        keep(db)
        save(db)
    path = company.holdfast.documents.path(SHA256)
    os.utime(path, (sent_at.timestamp(),) * 2)
    company.at += ABANDONED_FOR * 2
    meanwhile = Meanwhile(company.holdfast.database, keep if act.startswith("sends") else save)
    assert drop_abandoned(cast("Database", meanwhile), at=company.at) == 0
    assert kept(company) == [SHA256]
    assert path.exists()


def dropped(company: Company) -> None:
    with clock.at(company.at):
        company.holdfast.drop_abandoned_uploads()


def test_files_given_to_a_case_are_all_attached_or_none(company: Company, app: Flask) -> None:
    address = f"/nonconformances/{company.number}/documents"
    with visiting(company, app, company.people.qa_engineer) as visitor:
        visitor.get(address)
        files = [(BytesIO(PHOTO), "good.png"), (BytesIO(b"MZ"), "bad.png")]
        assert visitor.post(address, {"file": files}).status_code == 422
    assert company.documents == []


def test_the_bytes_of_a_file_are_on_the_disk_before_anybody_waits_for_its_case(
    company: Company, app: Flask
) -> None:
    store, held = company.holdfast.documents, []
    with visiting(company, app, company.people.qa_engineer) as visitor:
        address = f"/nonconformances/{company.number}/documents"
        visitor.get(address)

        @event.listens_for(company.holdfast.database.writer, "before_cursor_execute")
        def look(_connection: Any, _cursor: Any, _statement: str, *_: Any) -> None:
            held.append(store.holds(SHA256))

        assert visitor.post(address, {"file": (BytesIO(PHOTO), "a.png")}).status_code == 303
    assert held
    assert all(held)


def test_no_file_is_attached_while_a_colleague_closes_the_case(
    company: Company, app: Flask
) -> None:
    database, by = company.holdfast.database, company.people.qa_engineer
    if database.writer.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time, whatever the case")
    with database.read() as db:
        file = documents.store_file(db, name="a.png", content=PHOTO)
    with database.begin() as closing:
        lock_case(closing, company.number)
        with pytest.raises(Busy), database.begin() as db:
            attach(db, company.number, file, by=by, at=company.at)
    assert company.documents == []


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("photo 1.png", 'attachment; filename="photo_1.png"'),
        (
            "裂纹.png",
            "attachment; filename=\"file.png\"; filename*=UTF-8''%E8%A3%82%E7%BA%B9.png",
        ),
        ('a"b\r\nX: y.png', 'attachment; filename="a_bX_y.png"'),
    ],
)
def test_a_download_keeps_the_name_its_person_gave_it_made_safe(
    company: Company, app: Flask, name: str, header: str
) -> None:
    with company.holdfast.database.begin() as db:
        file = documents.attach(
            db, stream=company.case.stream, name=name, content=PHOTO,
            by=company.people.qa_engineer, at=company.at,
        ).id  # fmt: skip
    with visiting(company, app, company.people.auditor) as visitor:
        answer = visitor.client.get(f"/nonconformances/{company.number}/documents/{file}")
    assert answer.headers["Content-Disposition"] == header
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
