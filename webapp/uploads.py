"""Files that come with a form: checked, and kept before what is recorded names them."""

from flask import request
from werkzeug.datastructures import MultiDict

from engine.cases.uploads import keep_upload
from engine.clock import now
from engine.errors import EngineError, Problem
from engine.evidence.documents import StoredFile, store_file
from webapp.reading import read
from webapp.session import person
from webapp.transactions import begin


def posted_with_files(place: str) -> tuple[MultiDict[str, str], list[Problem]]:
    """Keep the files of this request with the draft at `place`; return what was posted.

    A file is named among the answers by its hash. One that is not what it says is a problem at
    its question; the others are kept all the same, so that nothing is sent twice.
    """
    posted: MultiDict[str, str] = MultiDict(request.form)
    problems: list[Problem] = []
    for field, file in request.files.items(multi=True):
        if not file.filename:
            continue
        # a form's file field is named after its question: photos-file brings photos
        name = field.removesuffix("-file")
        try:
            with begin() as db:
                kept = keep_upload(
                    db, place, name=file.filename, content=file.read(), by=person(), at=now()
                )
                sha256 = kept.sha256
        except EngineError as refused:
            problems.append(refused.problem(name))
            continue
        if sha256 not in posted.getlist(name):
            posted.add(name, sha256)
    return posted, problems


def stored_file(field: str) -> StoredFile | None:
    """Put the one file of a field in the store; None where none was sent.

    Call it before the transaction that names the file: its bytes reach the disk first, and no
    colleague waits for them. Raises `UploadRefused`, `NoRoomLeft`.
    """
    sent = request.files.get(field)
    if sent is None or not sent.filename:
        return None
    return store_file(read(), name=sent.filename, content=sent.read())
