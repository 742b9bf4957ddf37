"""EPCIS documents on their way in: checked around the events, each event a line of its own."""

import json
from collections.abc import Iterator
from typing import IO, Any

from engine.serials.epcis import documents
from engine.serials.errors import DocumentTooLarge, NoEpcisDocument
from engine.serials.intake.mappings import Reading

MOST = 50 * 1024 * 1024  # bytes; the whole of a document is in memory at once
EVENT = "event"


def reading_of(stream: IO[bytes]) -> Reading:
    """Return how a document is read; raises `NoEpcisDocument` or `DocumentTooLarge`.

    What is wrong with single events is told with their lines when they are checked.
    """
    document = _read(stream)
    wrong = documents.problems_around(document)
    if wrong:
        raise NoEpcisDocument(said=wrong[0])
    return Reading("utf-8", columns={0: EVENT})


def events(stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the text of each event, with the context that it is to be read in."""
    document = _read(stream)
    for number, body in enumerate(documents.events_of(document), start=1):
        whole = body
        if isinstance(body, dict):
            whole = {**body, "@context": documents.context_of(document, body)}
        yield number, [json.dumps(whole, ensure_ascii=False)]


def loads(text: str | bytes) -> Any:
    """Read JSON; raises `ValueError`, for what JSON does not have (NaN) and nests too far too."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as deep:
        raise ValueError(str(deep)) from deep


def _read(stream: IO[bytes]) -> Any:
    content = stream.read(MOST + 1)
    stream.seek(0)
    if len(content) > MOST:
        raise DocumentTooLarge(most=MOST // 1024**2)
    try:
        return loads(content)
    except ValueError as broken:
        raise NoEpcisDocument(said=broken) from broken


def _refuse(constant: str) -> None:
    raise ValueError(constant)
