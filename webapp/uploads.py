"""Files that come with a form: each is checked and kept with the draft, named by its sha256."""

from flask import request
from werkzeug.datastructures import MultiDict

from engine.cases.uploads import keep_upload
from engine.clock import now
from engine.errors import EngineError, Problem
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
