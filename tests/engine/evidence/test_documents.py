"""Documents: kept by content, sealed after the last signature, attached only if what they say."""

import os
import zipfile
from hashlib import sha256
from io import BytesIO

import pytest
from sqlalchemy import select

from engine.evidence import documents, ledger, sealing
from engine.evidence.documents import Document, NotSealedYet
from engine.evidence.pdf_checks import attached_files
from engine.evidence.store import ContentDamaged, ContentLost
from engine.evidence.uploads import (
    ArchiveUnsafe,
    ContentIsAnother,
    FileEmpty,
    FileTooLarge,
    KindNotAllowed,
    check_upload,
)
from tests.engine.evidence import samples
from tests.engine.evidence.conftest import CASE, record, run_jobs


def test_a_file_is_named_by_its_content(store):
    name = store.put(b"evidence")

    assert name == sha256(b"evidence").hexdigest()
    assert store.put(b"evidence") == name
    assert store.open(name) == b"evidence"
    assert [p.name for p in store.folder.rglob("*") if p.is_file()] == [name]


@pytest.mark.parametrize("moment", ["before it is made young", "after"])
def test_a_file_put_while_its_old_copy_is_dropped_is_there(store, monkeypatch, moment):
    name, touch = store.put(b"evidence"), os.utime

    def touch_as_it_goes(path):
        if moment == "after":
            touch(path)
        path.unlink()  # whoever drops it had looked at its age before
        if moment != "after":
            touch(path)

    monkeypatch.setattr(os, "utime", touch_as_it_goes)
    assert store.put(b"evidence") == name
    assert store.open(name) == b"evidence"


def test_a_lost_or_damaged_file_is_told(store):
    name = store.put(b"evidence")
    store.path(name).write_bytes(b"evidencf")
    with pytest.raises(ContentDamaged):
        store.open(name)

    store.path(name).unlink()
    with pytest.raises(ContentLost):
        store.open(name)
    with pytest.raises(ContentLost):
        store.open("../../etc/passwd")


# --- sealing ---------------------------------------------------------------------------------


def test_a_document_is_being_sealed_until_the_job_is_done(desk, people):
    layout, content, _ = samples.disposition()
    signed = desk.sign(record(content), by=people.mrb_quality)
    asked = {
        "stream": CASE,
        "layout": layout,
        "record": content,
        "signatures": [signed],
        "by": people.mrb_quality,
        "at": desk.at,
        "key": "D2",
    }
    with desk.database.begin() as db:
        document = sealing.request_sealed(db, **asked)
        assert sealing.request_sealed(db, **asked).id == document.id
        assert document.state == "sealing"
        with pytest.raises(NotSealedYet):
            documents.content_of(db, document)

    run_jobs(desk.database, at=desk.at)
    run_jobs(desk.database, at=desk.at)
    with desk.database.read() as db:
        document = db.get_one(Document, document.id)
        pdf = documents.content_of(db, document)
        (entry,) = ledger.entries(db, CASE, action="document_sealed")
    assert document.state == "sealed"
    assert entry.body["sha256"] == sha256(pdf).hexdigest() == document.sha256


def test_a_sealed_document_carries_all_that_proves_it(sealed_case):
    files = attached_files(sealed_case.pdf)

    assert sorted(files) == [
        "record.json", "review-1.pdf", "signatures.json", "signed-1.json",
    ]  # fmt: skip
    with sealed_case.database.read() as db:
        document = db.get_one(Document, sealed_case.document_id)
    assert files["record.json"].decode() == document.record
    assert sha256(files["review-1.pdf"]).hexdigest() == document.review_sha256


def test_an_upload_goes_into_the_sealed_file_and_its_hash_on_the_page(desk, people):
    layout, content, _ = samples.destruction()
    signed = desk.sign(record(content), by=people.warehouse, meaning="perform")
    with desk.database.begin() as db:
        photo = documents.attach(
            db, stream=CASE, name="x.txt", content=b"seen", by=people.warehouse, at=desk.at
        )
        asked = sealing.request_sealed(
            db,
            stream=CASE,
            layout=layout,
            record=content,
            signatures=[signed],
            attachments=[photo],
            by=None,
            at=desk.at,
            key="C",
        )
    run_jobs(desk.database, at=desk.at)
    with desk.database.read() as db:
        files = attached_files(documents.content_of(db, db.get_one(Document, asked.id)))
    assert files[f"attachment-{photo.id}-x.txt"] == b"seen"


def test_a_review_copy_is_named_once(desk, people, store):
    layout, content, _ = samples.destruction()
    review = sealing.review_copy(store, layout=layout, record=content)
    for _ in range(2):
        with desk.database.begin() as db:
            sealing.keep_review(
                db,
                stream=CASE,
                layout=layout,
                record=content,
                review_sha256=review,
                by=people.warehouse,
                at=desk.at,
            )

    with desk.database.read() as db:
        assert len(list(db.scalars(select(Document)))) == 1
        assert documents.documents_of(db, CASE) == []
    assert sealing.review_copy(store, layout=layout, record=content) == review


# --- uploads ---------------------------------------------------------------------------------


def workbook(members: dict[str, bytes]) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20 + b"IEND\xaeB`\x82"
GOOD = {
    "report.pdf": b"%PDF-1.7\n...\n%%EOF\n",
    "photo.PNG": PNG,
    "photo.jpeg": b"\xff\xd8\xff\xe0...",
    "counts.csv": "批号,数量\nRESIN-7,12\n".encode("gb18030"),
    "counts.xlsx": workbook({"xl/workbook.xml": b"<workbook/>" * 50}),
    "mail.eml": b"From: a@b.example\r\nSubject: crack\r\n\r\nSee photo.",
    "note.txt": "裂纹".encode(),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_what_it_says_is_attached(desk, people, name):
    with desk.database.begin() as db:
        document = documents.attach(
            db, stream=CASE, name=name, content=GOOD[name], by=people.inspector, at=desk.at
        )
        assert documents.content_of(db, document) == GOOD[name]
        assert ledger.entries(db, CASE)[-1].body["sha256"] == document.sha256
    assert document.download_name == name


def test_a_path_in_a_name_is_dropped(desk, people):
    with desk.database.begin() as db:
        document = documents.attach(
            db,
            stream=CASE,
            name="..\\..\\x/evil.txt",
            content=b"a",
            by=people.inspector,
            at=desk.at,
        )
    assert document.name == "evil.txt"


@pytest.mark.parametrize(
    ("name", "content", "refusal"),
    [
        ("macro.xlsm", b"PK\x03\x04", KindNotAllowed),
        ("page.html", b"<script>", KindNotAllowed),
        ("picture.svg", b"<svg/>", KindNotAllowed),
        ("report.pdf.exe", b"MZ", KindNotAllowed),
        ("none", b"a", KindNotAllowed),
        ("report.pdf", b"", FileEmpty),
        ("report.pdf", PNG, ContentIsAnother),
        ("photo.jpg", PNG, ContentIsAnother),
        ("photo.png", PNG + b"<script>alert(1)</script>", ContentIsAnother),
        ("note.txt", b"%PDF-1.7\n%%EOF", ContentIsAnother),
        ("note.txt", b"MZ\x90", ContentIsAnother),
        ("note.txt", b"a\0b", ContentIsAnother),
        ("mail.eml", b"hello", ContentIsAnother),
        ("counts.xlsx", b"PK\x03\x04 not a zip", ContentIsAnother),
        ("counts.xlsx", workbook({"../../evil": b"x"}), ArchiveUnsafe),
        ("counts.xlsx", workbook({"xl/sheet1.xml": b"0" * 60_000_000}), ArchiveUnsafe),
        ("counts.xlsx", workbook({f"xl/{n}": b"" for n in range(2001)}), ArchiveUnsafe),
    ],
)
def test_what_is_not_what_it_says_is_refused(name, content, refusal):
    with pytest.raises(refusal):
        check_upload(name, content)


def test_a_file_that_is_too_large_is_refused():
    with pytest.raises(FileTooLarge):
        check_upload("note.txt", b"a" * 11, most_bytes=10)


def test_a_workbook_that_lies_about_its_size_is_refused():
    bomb = bytearray(workbook({"xl/sheet1.xml": b"0" * 60_000_000}))
    at = bomb.rindex(b"PK\x01\x02")
    bomb[at + 24 : at + 28] = (1000).to_bytes(4, "little")

    with pytest.raises((ArchiveUnsafe, ContentIsAnother)):
        check_upload("counts.xlsx", bytes(bomb))
