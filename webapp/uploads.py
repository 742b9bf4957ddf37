"""Files that come with a form: each is checked and stored first, then named by its sha256."""

from flask import request
from werkzeug.datastructures import MultiDict

from engine.clock import now
from engine.evidence import documents
from webapp.session import person
from webapp.transactions import begin


def posted_with_files(stream: str) -> MultiDict[str, str]:
    """Store the files of this request in `stream`; return what was posted with their hashes.

    Raises an `UploadRefused` for a file that is not what it says.
    """
    posted: MultiDict[str, str] = MultiDict(request.form)
    for name, file in request.files.items(multi=True):
        if not file.filename:
            continue
        with begin() as db:
            stored = documents.attach(
                db,
                stream=stream,
                name=file.filename,
                content=file.read(),
                by=person(),
                at=now(),
            )
        # a form's file field is named after its question: photos-file brings photos
        posted.add(name.removesuffix("-file"), str(stored.sha256))
    return posted
